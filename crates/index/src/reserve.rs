//! Room on the disk for what is acknowledged and in no segment yet, so that a disk that fills up cannot keep it from being
//! found.

use precedent_storage::{Storage, StorageError};

/// A name that the next start removes.
const FILE: &str = "reserve.tmp";
/// Room is taken in steps of so many bytes.
const STEP: u64 = 4 << 20;

/// Room that is given back when a commit finds the disk full.
#[derive(Debug, Default)]
pub(crate) struct Reserve {
    bytes: u64,
}

impl Reserve {
    /// Has room for the segment of operations that take `pending` bytes in memory.
    ///
    /// # Errors
    /// A full disk: then the operations must not be acknowledged.
    pub fn hold(&mut self, storage: &dyn Storage, pending: usize) -> Result<(), StorageError> {
        let wanted = room_for(pending).next_multiple_of(STEP);
        if wanted > self.bytes {
            storage.reserve(FILE, wanted)?;
            self.bytes = wanted;
        }
        Ok(())
    }

    /// Gives the room back; whether there was any.
    pub fn release(&mut self, storage: &dyn Storage) -> bool {
        let held = std::mem::take(&mut self.bytes) > 0;
        if held && let Err(error) = storage.remove(FILE) {
            tracing::warn!(%error, "room on the disk that was reserved is free at the next start only");
        }
        held
    }
}

/// Bytes on the disk that the segment of so many pending bytes takes at most, as a rule: a record once, its words with their places and
/// its fields about twice, vectors with their codes one and a half times; in memory a record counts twice and a vector once. And
/// tombstones, the manifest, and room that files waste.
fn room_for(pending: usize) -> u64 {
    (pending as u64).saturating_mul(2).saturating_add(1 << 20)
}
