//! Reads an index that another process may be writing.

use crate::manifest::{LOG, Manifest};
use crate::shared::Newest;
use crate::{IndexError, Snapshot};
use precedent_storage::{Log, Storage, StorageError};
use std::sync::Arc;

/// How often opening is tried again if the writer removes a generation's files meanwhile.
const TRIES: usize = 10;

/// A reader of an index, in any process. It holds one generation until it is asked to look for a newer one.
#[derive(Debug)]
pub struct IndexReader {
    storage: Arc<dyn Storage>,
    current: Newest,
}

impl IndexReader {
    /// Opens the newest generation.
    ///
    /// # Errors
    /// No index, or a damaged file.
    pub fn open(storage: Arc<dyn Storage>) -> Result<Self, IndexError> {
        let snapshot = newest(storage.as_ref(), None)?;
        Ok(Self { storage, current: Newest::new(snapshot) })
    }

    /// The generation held.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.get()
    }

    /// Looks for a newer generation, and returns the one held afterwards.
    ///
    /// # Errors
    /// A damaged file; the reader then keeps its generation.
    pub fn refresh(&self) -> Result<Arc<Snapshot>, IndexError> {
        let held = self.snapshot();
        if latest_number(self.storage.as_ref())? == Some(held.generation()) {
            return Ok(held);
        }
        let newer = Arc::new(newest(self.storage.as_ref(), Some(&held))?);
        self.current.advance(&newer);
        Ok(self.snapshot())
    }

    /// Operations in the log that are in no generation yet: those of a running writer, or of one that was killed.
    ///
    /// # Errors
    /// A damaged log.
    pub fn pending_operations(&self) -> Result<usize, IndexError> {
        let storage = self.storage.as_ref();
        let mut tried = 0;
        loop {
            let manifest = Manifest::latest(storage)?;
            match Log::check(storage, LOG, manifest.log_start) {
                Ok(found) => return Ok(found.frames as usize),
                // The writer has moved on and removed log files that this generation refers to.
                Err(_) if tried < TRIES && latest_number(storage)? != Some(manifest.generation) => tried += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn latest_number(storage: &dyn Storage) -> Result<Option<u64>, StorageError> {
    Ok(precedent_storage::latest_generation(storage)?.map(|(generation, _)| generation))
}

fn newest(storage: &dyn Storage, held: Option<&Snapshot>) -> Result<Snapshot, IndexError> {
    let mut tried = 0;
    loop {
        let manifest = Manifest::latest(storage)?;
        let generation = manifest.generation;
        match not_superseded(storage, &manifest).and_then(|()| Snapshot::of(storage, manifest, held)) {
            // The writer has moved on and removed a file: there is a newer generation.
            Err(IndexError::Storage(StorageError::NotFound { .. }) | IndexError::Damaged { .. })
                if tried < TRIES && latest_number(storage)? != Some(generation) =>
            {
                tried += 1;
            }
            outcome => return outcome,
        }
    }
}

/// If a manifest was lost, the one before must not take its place. The log shows this: it begins with operations that are in no
/// generation, so a log that begins later belongs to a later generation. An index that was copied without its log cannot be
/// checked.
fn not_superseded(storage: &dyn Storage, manifest: &Manifest) -> Result<(), IndexError> {
    match Log::first(storage, LOG)? {
        Some(first) if first > manifest.log_start => {
            let expected = format!("{} or an earlier one", manifest.log_start);
            let problem = format!(
                "the log begins with operation {first} and not with {expected}: a newer manifest is missing"
            );
            Err(IndexError::damaged(&Manifest::file_name(manifest.generation), problem))
        }
        _ => Ok(()),
    }
}
