//! What of a log was synced, kept beside it: a log that was cut off at the border of two entries looks whole otherwise.
//!
//! `<first>.durable` lies beside `<first>.log` and has 16 bytes for each sync: the sequence number that the next entry gets, and
//! its XXH3. It is never synced for that, so after a loss of power it may say less than the log holds, but never more.
//!
//! Where entries were refused and could not be cut off, a mark of the same size says where they begin. Its XXH3 is seeded with the
//! salt of the log file, so it says nothing of a later file of that name, and programs that do not know it take no notice.

use crate::frame::Salt;
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
        let mark = mark(next, xxh3_64(&next.to_le_bytes()));
        let failed = self.0.as_mut().and_then(|file| file.write_all(&mark).err());
        if let Some(error) = failed {
            tracing::warn!(%error, "a log that is cut off later may not be noticed");
            self.0 = None;
        }
    }

    /// Every entry from `first` on was refused, in the log file of this salt. Durable when this returns.
    pub fn refuse(&mut self, first: u64, salt: Salt) -> Result<(), StorageError> {
        const FILE: &str = "the marks of the log";
        let gone = || StorageError::NotFound { path: FILE.to_owned() };
        // What may be half written is no place for another mark.
        let mut file = self.0.take().ok_or_else(gone)?;
        file.write_all(&mark(first, salt.hash(&first.to_le_bytes())))
            .map_err(|source| StorageError::from_io("write", FILE, source))?;
        file.sync()
    }
}

fn mark(sequence: u64, hash: u64) -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    mark[..8].copy_from_slice(&sequence.to_le_bytes());
    mark[8..].copy_from_slice(&hash.to_le_bytes());
    mark
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

/// What the marks of a log file say. Read them before the file: its writer may be at work.
#[derive(Debug, Default)]
pub(crate) struct Marked(Vec<[u8; MARK_BYTES]>);

impl Marked {
    pub fn read(storage: &dyn Storage, dir: &str, first: u64) -> Result<Self, StorageError> {
        let bytes = match storage.read(&mark_file(dir, first)) {
            Err(StorageError::NotFound { .. }) => return Ok(Self::default()),
            read => read?,
        };
        Ok(Self(bytes.as_chunks().0.to_vec()))
    }

    /// The entry below which all are durable; 0 if the marks say nothing.
    pub fn durable_below(&self) -> u64 {
        self.with_hash(xxh3_64).max().unwrap_or(0)
    }

    /// The entry of the file of this salt from which on all were refused, if any were.
    pub fn refused_from(&self, salt: Salt) -> Option<u64> {
        self.with_hash(|sequence| salt.hash(sequence)).min()
    }

    fn with_hash(&self, hash: impl Fn(&[u8]) -> u64) -> impl Iterator<Item = u64> {
        self.0.iter().filter_map(move |mark| {
            let (sequence, sum) = (mark.first_chunk::<8>()?, mark.last_chunk::<8>()?);
            (hash(sequence) == u64::from_le_bytes(*sum)).then(|| u64::from_le_bytes(*sequence))
        })
    }
}
