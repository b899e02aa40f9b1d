//! Disk space reserved for acknowledged operations that are in no segment yet, so that a full disk cannot prevent them from
//! becoming visible.

use precedent_storage::{Storage, StorageError};

/// Files with this ending are removed at the next start.
const FILE: &str = "reserve.tmp";
/// Space is reserved in steps of this many bytes.
const STEP: u64 = 4 << 20;

/// Space that is released when a commit finds the disk full.
#[derive(Debug, Default)]
pub(crate) struct Reserve {
    bytes: u64,
}

impl Reserve {
    /// Reserves space for the segment of operations that take `pending` bytes in memory.
    ///
    /// # Errors
    /// A full disk: the operations must not be acknowledged then.
    pub fn hold(&mut self, storage: &dyn Storage, pending: usize) -> Result<(), StorageError> {
        let wanted = room_for(pending).next_multiple_of(STEP);
        if wanted > self.bytes {
            storage.reserve(FILE, wanted)?;
            self.bytes = wanted;
        }
        Ok(())
    }

    /// Releases the space; returns whether there was any.
    pub fn release(&mut self, storage: &dyn Storage) -> bool {
        let held = std::mem::take(&mut self.bytes) > 0;
        if held && let Err(error) = storage.remove(FILE) {
            tracing::warn!(%error, "room on the disk that was reserved is free at the next start only");
        }
        held
    }
}

/// The most bytes on disk that the segment of these pending operations normally takes: a record once, its words with their
/// positions and its fields about twice, vectors with their codes one and a half times, where in memory a record counts twice and
/// a vector once. Tombstones, the manifest and unused space in files come on top.
fn room_for(pending: usize) -> u64 {
    (pending as u64).saturating_mul(2).saturating_add(1 << 20)
}
