//! Folders of new segments, each with its own number.

use precedent_storage::Storage;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A directory, and the number of the next segment in it.
#[derive(Debug)]
pub(crate) struct SegmentFolders {
    storage: Arc<dyn Storage>,
    next: AtomicU64,
}

impl SegmentFolders {
    pub fn new(storage: Arc<dyn Storage>, next: u64) -> Self {
        Self { storage, next: AtomicU64::new(next) }
    }

    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// The name of a new folder: a number never used before, not even by a failed or unfinished segment.
    pub fn take(&self) -> String {
        format!("{:010}", self.next.fetch_add(1, Relaxed))
    }

    /// The number of the next folder.
    pub fn next(&self) -> u64 {
        self.next.load(Relaxed)
    }
}
