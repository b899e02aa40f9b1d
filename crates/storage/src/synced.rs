//! What of a log was synced, kept beside it: a log that was cut off at the border of two entries looks whole otherwise.
//!
//! `<first>.durable` lies beside `<first>.log` and has 16 bytes for each sync: the sequence number that the next entry gets, and
//! its XXH3. It is never synced itself, so after a loss of power it may say less than the log holds, but never more.

use crate::path::number_of;
use crate::{Storage, StorageError, WriteFile};
use xxhash_rust::xxh3::xxh3_64;

const SUFFIX: &str = ".durable";
const MARK_BYTES: usize = 16;

/// The marks of the log file that is written. Without them, after a failed write say, the log works all the same.
pub(crate) struct Marks(Option<Box<dyn WriteFile>>);

impl Marks {
    /// Starts the marks of the file whose first entry is `first`.
    pub fn begin(storage: &dyn Storage, dir: &str, first: u64) -> Self {
        let path = mark_file(dir, first);
        let file = storage.remove(&path).and_then(|()| storage.create(&path));
        if let Err(error) = &file {
            tracing::warn!(%error, "a log that is cut off later may not be noticed");
        }
        Self(file.ok())
    }

    /// Every entry below `next` is durable.
    pub fn add(&mut self, next: u64) {
        let mut mark = [0; MARK_BYTES];
        mark[..8].copy_from_slice(&next.to_le_bytes());
        mark[8..].copy_from_slice(&xxh3_64(&next.to_le_bytes()).to_le_bytes());
        let failed = self.0.as_mut().and_then(|file| file.write_all(&mark).err());
        if let Some(error) = failed {
            tracing::warn!(%error, "a log that is cut off later may not be noticed");
            self.0 = None;
        }
    }
}

/// The path of the marks of the log file whose first entry is `first`.
pub(crate) fn mark_file(dir: &str, first: u64) -> String {
    format!("{dir}/{first:020}{SUFFIX}")
}

pub(crate) fn is_mark_file(name: &str) -> bool {
    name.ends_with(SUFFIX)
}

/// First entry of the log file that a file of marks belongs to.
pub(crate) fn mark_owner(name: &str) -> Option<u64> {
    number_of(name, SUFFIX)
}

/// The entry below which the marks say that all are durable; 0 if they say nothing. Read them before the log: its writer may
/// be at work.
pub(crate) fn durable_below(storage: &dyn Storage, dir: &str, first: u64) -> Result<u64, StorageError> {
    let bytes = match storage.read(&mark_file(dir, first)) {
        Err(StorageError::NotFound { .. }) => return Ok(0),
        read => read?,
    };
    let next = |mark: &[u8]| {
        let (next, sum) = (mark.first_chunk::<8>()?, mark.last_chunk::<8>()?);
        (xxh3_64(next) == u64::from_le_bytes(*sum)).then(|| u64::from_le_bytes(*next))
    };
    Ok(bytes.chunks_exact(MARK_BYTES).filter_map(next).max().unwrap_or(0))
}
