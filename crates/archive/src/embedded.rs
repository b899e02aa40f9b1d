//! The archive in a directory of this machine.

use crate::background::Background;
use crate::troubles::Troubles;
use crate::{
    Access, Archive, ArchiveError, CaseEntry, Condition, Definition, Deleted, Effect, Generation, IndexError,
    IndexStats, MergeProgress, Refused, Replacement, Stored, Verification,
};
use precedent_index::{IndexReader, IndexWriter, Scrub, Snapshot};
use precedent_model::CaseId;
use precedent_storage::{DiskStorage, Storage, StorageError, latest_generation};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Memory that pending cases may take before they are written as a segment at once.
const PENDING_BYTES: usize = 128 << 20;
/// The same while commits fail: beyond it no case is accepted.
const MOST_PENDING_BYTES: usize = 4 * PENDING_BYTES;

/// An open index in a directory.
///
/// Everything acknowledged is in the log, so it can be dropped at any time without losing anything.
#[derive(Debug)]
pub struct Embedded {
    storage: Arc<dyn Storage>,
    access: Access,
    side: Side,
    troubles: Arc<Troubles>,
    /// Must end before the writer does.
    background: Option<Background>,
}

#[derive(Debug)]
enum Side {
    Reader(IndexReader),
    Writer(Arc<IndexWriter>),
}

impl Side {
    fn newest(&self) -> Arc<Snapshot> {
        match self {
            Self::Reader(reader) => reader.snapshot(),
            Self::Writer(writer) => writer.snapshot(),
        }
    }
}

impl Embedded {
    /// Creates an empty index in `root`, which must be missing or empty.
    ///
    /// # Errors
    /// A directory that is not empty, or a file system error.
    pub fn create(root: &Path, definition: &Definition) -> Result<(), ArchiveError> {
        Ok(IndexWriter::create(&DiskStorage::create(root)?, definition)?)
    }

    /// Opens the index in `root`.
    ///
    /// # Errors
    /// No index, another writer, a damaged file, a newer format.
    pub fn open(root: &Path, access: Access) -> Result<Self, ArchiveError> {
        let storage: Arc<dyn Storage> = Arc::new(disk(root)?);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let side = match access {
            Access::Read => Side::Reader(IndexReader::open(storage.clone())?),
            Access::Write | Access::Bulk => {
                Side::Writer(Arc::new(IndexWriter::open(storage.clone(), threads)?))
            }
        };
        let name = side.newest().definition().name.clone();
        let troubles = Arc::new(Troubles::new(storage.clone(), &name, access != Access::Read));
        let background = match (&side, access) {
            (Side::Writer(writer), Access::Write) => {
                Some(Background::start(writer, &troubles).map_err(ArchiveError::Threads)?)
            }
            _ => None,
        };
        Ok(Self { storage, access, side, troubles, background })
    }

    fn writer(&self) -> Result<&IndexWriter, ArchiveError> {
        match &self.side {
            Side::Writer(writer) => Ok(writer),
            Side::Reader(_) => Err(ArchiveError::ReadOnly),
        }
    }

    fn taken_in(&self, writer: &IndexWriter) {
        if let Some(background) = &self.background {
            background.taken_in(writer.pending_bytes());
        }
    }
}

impl Archive for Embedded {
    fn access(&self) -> Access {
        self.access
    }

    fn newest(&self) -> Arc<dyn Generation> {
        self.side.newest()
    }

    fn refresh(&self) -> Result<(), ArchiveError> {
        match &self.side {
            Side::Reader(reader) => Ok(reader.refresh().map(drop)?),
            Side::Writer(_) => Ok(()),
        }
    }

    fn replace(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
        bytes: usize,
    ) -> Result<Vec<Result<Stored, Refused>>, ArchiveError> {
        let writer = self.writer()?;
        if writer.pending_bytes() > MOST_PENDING_BYTES {
            // Commits have been failing for a while. Memory must not become the archive, so the caller gets the error.
            writer.commit()?;
        }
        if let Some(background) = &self.background {
            background.hold_back(bytes);
        }
        let stored = writer.replace(cases)?;
        if writer.pending_bytes() > PENDING_BYTES {
            // The caller waits, so that memory stays bounded however fast cases arrive.
            if let Err(error) = writer.commit() {
                tracing::error!(%error, "a commit failed; the cases are in the log and the next commit takes them");
            }
        }
        self.taken_in(writer);
        Ok(stored)
    }

    fn rehearse(
        &self,
        cases: Vec<(CaseEntry, Replacement)>,
    ) -> Result<Vec<Result<Effect, Refused>>, ArchiveError> {
        Ok(match &self.side {
            Side::Writer(writer) => writer.rehearse(cases)?,
            Side::Reader(reader) => reader.snapshot().rehearse(cases)?,
        })
    }

    fn delete(&self, ids: &[CaseId]) -> Result<Deleted, ArchiveError> {
        let writer = self.writer()?;
        let deleted = writer.delete(ids)?;
        self.taken_in(writer);
        Ok(deleted)
    }

    fn commit(&self) -> Result<u64, ArchiveError> {
        Ok(self.writer()?.commit()?.generation())
    }

    fn merge_all(&self, progress: MergeProgress<'_>) -> Result<u64, ArchiveError> {
        Ok(self.writer()?.merge_all(progress)?.generation())
    }

    fn drop_dead(&self, progress: MergeProgress<'_>) -> Result<u64, ArchiveError> {
        Ok(self.writer()?.drop_dead(progress)?.generation())
    }

    fn merge_some(&self, progress: MergeProgress<'_>) -> Result<(), ArchiveError> {
        let writer = self.writer()?;
        while writer.merge_some(progress)? {}
        Ok(())
    }

    fn stats(&self) -> Result<IndexStats, ArchiveError> {
        let pending = match &self.side {
            Side::Reader(reader) => reader.pending_operations()?,
            Side::Writer(writer) => writer.pending_operations(),
        };
        Ok(IndexStats::of(self.storage.as_ref(), &self.side.newest(), pending)?)
    }

    /// For an index opened for reading: what this process found, and what the writing process left for others.
    fn condition(&self) -> Condition {
        self.troubles.condition(&self.side.newest())
    }

    fn note(&self, error: &IndexError) {
        self.troubles.note(error);
    }

    fn scrub(&self, pace: &dyn Fn(usize) -> bool) -> Result<(), ArchiveError> {
        let scrub = Scrub {
            storage: self.storage.as_ref(),
            newest: &|| self.side.newest(),
            pace,
            checked: &|file, outcome| self.troubles.checked(file, outcome),
        };
        Ok(scrub.run()?)
    }

    fn check_readable(&self) -> Result<(), ArchiveError> {
        match latest_generation(self.storage.as_ref())? {
            Some(_) => Ok(()),
            None => Err(IndexError::NotAnIndex.into()),
        }
    }

    fn check_writable(&self) -> Result<(), ArchiveError> {
        match &self.side {
            // An empty batch changes nothing, and reports a writer that has failed.
            Side::Writer(writer) => Ok(writer.replace(Vec::new()).map(drop)?),
            Side::Reader(_) => Ok(()),
        }
    }

    fn waiting(&self) -> Duration {
        self.background.as_ref().map_or(Duration::ZERO, Background::waiting)
    }
}

/// An index that made cases visible by itself also makes the last ones visible when it is closed.
impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.background.take());
        if let (Side::Writer(writer), Access::Write) = (&self.side, self.access)
            && let Err(error) = writer.commit()
        {
            tracing::error!(%error, "the last commit failed; the cases are in the log and the next start takes them");
        }
        self.troubles.close();
    }
}

/// Reads every byte of the index in `root` and checks it. Damage is part of the result and not an error. `progress` gets bytes
/// done and total; `stop` is called between files and every few hundred cases.
///
/// # Errors
/// No index, a file system error, and [`IndexError::Stopped`].
pub fn verify_until(
    root: &Path,
    progress: &dyn Fn(u64, u64),
    stop: &dyn Fn() -> bool,
) -> Result<Verification, ArchiveError> {
    Ok(precedent_index::verify_until(&disk(root)?, progress, stop)?)
}

/// Opens the directory of an index; a missing directory means that there is no index.
fn disk(root: &Path) -> Result<DiskStorage, ArchiveError> {
    DiskStorage::open(root).map_err(|error| match error {
        StorageError::NotFound { .. } => ArchiveError::Index(IndexError::NotAnIndex),
        other => other.into(),
    })
}
