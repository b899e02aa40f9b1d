//! Reads the sealed files of an index again that is in use, piece by piece, and holds them against their checksums.
//!
//! A block is checked when it is first touched and trusted from then on, but disks and memory decay. What is found is refused to
//! searches from then on, so a search fails rather than answers wrongly.

use crate::manifest::{Manifest, TOMBSTONES};
use crate::segment::Segment;
use crate::{IndexError, Snapshot};
use precedent_storage::{BLOCK_BYTES, SealedFile, Storage, StorageError};
use std::sync::Arc;

/// Bytes between two looks at whether to go on.
const PIECE_BYTES: usize = 8 * BLOCK_BYTES;

/// Whose files are read again, and how.
pub struct Scrub<'a> {
    /// Where they are.
    pub storage: &'a dyn Storage,
    /// The newest generation of now. No earlier one is held for longer than a piece takes.
    pub newest: &'a dyn Fn() -> Arc<Snapshot>,
    /// Gets the bytes of each piece that was read, and says whether to go on; may wait as long as it likes.
    pub pace: &'a dyn Fn(usize) -> bool,
    /// Gets every file, relative to the index, with the first thing that is wrong with it.
    pub checked: &'a dyn Fn(&str, Result<(), IndexError>),
}

impl Scrub<'_> {
    /// Goes over all files once. What is written meanwhile was just checked, and what is merged away meanwhile is left out.
    ///
    /// # Errors
    /// [`IndexError::Stopped`] when the pace says so. Damage is no error.
    pub fn run(&self) -> Result<(), IndexError> {
        if let Err(error) = Manifest::latest(self.storage) {
            (self.checked)("manifest", Err(error));
        }
        let mut last = None;
        while let Some(segment) = self.segment_after(last.as_deref()) {
            last = Some(segment.entry.id.clone());
            self.tombstones(&segment)?;
            for file in segment.sealed_files() {
                let checked = self.file(&segment, file)?;
                // Damage to what a merge took away meanwhile hurts nobody.
                if self.is_live(&segment) {
                    (self.checked)(file.path(), checked);
                }
            }
        }
        Ok(())
    }

    /// The first segment behind one of this id. Numbers only grow, so merges add behind.
    fn segment_after(&self, id: Option<&str>) -> Option<Arc<Segment>> {
        let newest = (self.newest)();
        let segments = newest.segments.iter().map(|part| &part.segment);
        segments.filter(|part| Some(part.entry.id.as_str()) > id).min_by_key(|part| &part.entry.id).cloned()
    }

    fn is_live(&self, segment: &Segment) -> bool {
        (self.newest)().segments.iter().any(|part| part.segment.entry.id == segment.entry.id)
    }

    /// The outcome of a file; what is taken away meanwhile is sound.
    fn file(&self, segment: &Segment, file: &SealedFile) -> Result<Result<(), IndexError>, IndexError> {
        if let Err(error) = file.recheck_ends() {
            return Ok(Err(error.into()));
        }
        let reader = match self.storage.open_read(file.path()) {
            Ok(reader) => reader,
            Err(error) => return Ok(Err(error.into())),
        };
        let (mut buffer, mut outcome) = (Vec::new(), Ok(()));
        for start in (0..file.checked_len()).step_by(PIECE_BYTES) {
            let end = file.checked_len().min(start + PIECE_BYTES);
            let checked = file.recheck(start..end, &*reader, &mut buffer);
            outcome = outcome.and(checked.map_err(IndexError::from));
            if !(self.pace)(end - start) {
                return Err(IndexError::Stopped);
            }
            if !self.is_live(segment) {
                return Ok(Ok(()));
            }
        }
        Ok(outcome)
    }

    /// Tombstones are few and read whole.
    fn tombstones(&self, segment: &Segment) -> Result<(), IndexError> {
        let newest = (self.newest)();
        let name = Manifest::file_name(newest.generation());
        let entry = newest.manifest.segments.iter().find(|entry| entry.id == segment.entry.id);
        for tombstones in entry.iter().flat_map(|entry| &entry.tombstones) {
            let path = tombstones.path();
            let checked = tombstones.file.entry(&name).and_then(|expected| {
                Ok(SealedFile::open(self.storage, &path, TOMBSTONES, Some(&expected))?.verify_all()?)
            });
            // Where there is a newer generation it may have taken the file away.
            let is_gone = matches!(checked, Err(IndexError::Storage(StorageError::NotFound { .. })));
            if !is_gone || (self.newest)().generation() == newest.generation() {
                (self.checked)(&path, checked);
            }
            if !(self.pace)(tombstones.file.bytes as usize) {
                return Err(IndexError::Stopped);
            }
        }
        Ok(())
    }
}
