//! Reads the sealed files of an index in use again, piece by piece, and verifies their checksums.
//!
//! A block is verified when first touched and trusted from then on, but disks and memory decay. Damage found here is refused to
//! searches from then on, so a search fails rather than giving a wrong answer.

use crate::manifest::{Manifest, TOMBSTONES};
use crate::segment::Segment;
use crate::{IndexError, Snapshot};
use precedent_storage::{BLOCK_BYTES, SealedFile, Storage, StorageError};
use std::sync::Arc;

/// Bytes between two calls of `pace`.
const PIECE_BYTES: usize = 8 * BLOCK_BYTES;

/// The files to read again, and how.
pub struct Scrub<'a> {
    /// Where the files are.
    pub storage: &'a dyn Storage,
    /// Returns the newest generation. No generation is held for longer than one piece takes.
    pub newest: &'a dyn Fn() -> Arc<Snapshot>,
    /// Gets the bytes of each piece read, and returns whether to continue; may block as long as it likes.
    pub pace: &'a dyn Fn(usize) -> bool,
    /// Gets each file, relative to the index, with the first fault found in it.
    pub checked: &'a dyn Fn(&str, Result<(), IndexError>),
}

impl Scrub<'_> {
    /// Reads all files once. Files written meanwhile have just been checked, and files merged away meanwhile are skipped.
    ///
    /// # Errors
    /// [`IndexError::Stopped`] if `pace` returns false. Damage is not an error here.
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
                // Damage to a segment that was merged away meanwhile does no harm.
                if self.is_live(&segment) {
                    (self.checked)(file.path(), checked);
                }
            }
        }
        Ok(())
    }

    /// The first segment after the one with this id. Numbers only grow, so new segments come later.
    fn segment_after(&self, id: Option<&str>) -> Option<Arc<Segment>> {
        let newest = (self.newest)();
        let segments = newest.segments.iter().map(|part| &part.segment);
        segments.filter(|part| Some(part.entry.id.as_str()) > id).min_by_key(|part| &part.entry.id).cloned()
    }

    fn is_live(&self, segment: &Segment) -> bool {
        (self.newest)().segments.iter().any(|part| part.segment.entry.id == segment.entry.id)
    }

    /// The result for a file; a file removed meanwhile counts as sound.
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

    /// Tombstones are few and are read as a whole.
    fn tombstones(&self, segment: &Segment) -> Result<(), IndexError> {
        let newest = (self.newest)();
        let name = Manifest::file_name(newest.generation());
        let entry = newest.manifest.segments.iter().find(|entry| entry.id == segment.entry.id);
        for tombstones in entry.iter().flat_map(|entry| &entry.tombstones) {
            let path = tombstones.path();
            let checked = tombstones.file.entry(&name).and_then(|expected| {
                Ok(SealedFile::open(self.storage, &path, TOMBSTONES, Some(&expected))?.verify_all()?)
            });
            // If there is a newer generation, it may have removed the file.
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
