//! Reads a log back, and tells a write that a crash cut short from damage.
//!
//! A power loss may tear only what was not synced, at the end of the last file, and leaves the file short or with
//! whole sectors of zeros. A frame that cannot be read is taken for such a tear only when
//!
//! 1. it lies in the last file, and
//! 2. no readable frame behind it says that it was durable, and
//! 3. the file ends inside of it, or a sector of it is all zeros.
//!
//! Everything else is damage, and damage is reported and never cut: a flipped bit in the last acknowledged entry
//! is an error, not a shorter log. (etcd tells its torn entries from damage by zero sectors too: `wal/decoder.go`.)
//!
//! What was synced is also marked in a file beside the log (`synced`), so a log that ends before its last mark is damaged
//! however it ends. What is newer than the marks that a loss of power left cannot be told from a crash. A mark also says where
//! entries begin that were refused and could not be cut off: they count as torn.

use crate::StorageError;
use crate::frame::{LOG_HEADER, NoFrame, Salt, decode, next_frame, read_file_header};
use crate::path::{checked_dir, number_of};
use crate::storage::Storage;
use crate::synced::Marked;

/// Smallest unit that a disk writes as a whole, in bytes.
const SECTOR: usize = 512;
const SUFFIX: &str = ".log";

/// Takes an entry: its sequence and payload.
type Replay<'a, E> = dyn FnMut(u64, &[u8]) -> Result<(), E> + 'a;

/// What a log held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// Sequence that the next entry gets.
    pub next_sequence: u64,
    /// Entries that were replayed.
    pub frames: u64,
    /// Bytes at the end that a crash left unfinished, or of entries that were refused: none was ever acknowledged.
    pub torn_bytes: u64,
}

/// What a scan found out.
pub(crate) struct Scan {
    /// First sequence of each file, in order.
    pub files: Vec<u64>,
    pub recovery: Recovery,
    /// Where the last file is to be cut, if it is torn.
    pub cut: Option<u64>,
}

/// The path of the file that starts with entry `first`.
pub(crate) fn log_file(dir: &str, first: u64) -> String {
    format!("{dir}/{first:020}{SUFFIX}")
}

/// First sequence of each log file in `dir`, in order.
pub(crate) fn log_files(storage: &dyn Storage, dir: &str) -> Result<Vec<u64>, StorageError> {
    let names = storage.list(checked_dir(dir)?)?;
    let mut files: Vec<u64> = names.iter().filter_map(|name| number_of(name, SUFFIX)).collect();
    files.sort_unstable();
    Ok(files)
}

/// Replays the entries from `expected_first` on, in order, and changes nothing.
pub(crate) fn scan<E: From<StorageError>>(
    storage: &dyn Storage,
    dir: &str,
    expected_first: u64,
    replay: &mut Replay<'_, E>,
) -> Result<Scan, E> {
    let files = log_files(storage, dir)?;
    let start = match files.iter().rposition(|&first| first <= expected_first) {
        Some(start) => start,
        // A new index: nothing was ever logged.
        None if files.is_empty() && expected_first <= 1 => 0,
        None => {
            let found = files
                .first()
                .map_or("no file".to_owned(), |first| format!("a first file from entry {first}"));
            let expected = format!("a file that holds entry {expected_first}");
            return Err(StorageError::corrupt(dir, 0, expected, found).into());
        }
    };
    let mut reader = Reader { expected_first, next: 0, frames: 0, replay };
    // Where the last file is torn, and how many bytes follow from there.
    let mut torn: Option<(u64, u64)> = None;
    for (index, &first) in files.iter().enumerate().skip(start) {
        let path = log_file(dir, first);
        if index > start && first != reader.next {
            let found = format!("entry {first}");
            return Err(StorageError::corrupt(&path, 16, format!("entry {}", reader.next), found).into());
        }
        reader.next = first;
        let marked = Marked::read(storage, dir, first)?;
        let bytes = storage.read(&path)?;
        torn = reader.file(&path, first, &bytes, (&marked, index + 1 == files.len()))?;
        if reader.next < marked.durable_below() {
            let at = torn.map_or(bytes.len(), |(at, _)| at as usize);
            let found =
                format!("its end, though entries up to {} were acknowledged", marked.durable_below() - 1);
            return Err(reader.damage(&path, at, found));
        }
    }
    let recovery = Recovery {
        // Entries that a crash took from the log may be in a generation already.
        next_sequence: reader.next.max(expected_first),
        frames: reader.frames,
        torn_bytes: torn.map_or(0, |(_, bytes)| bytes),
    };
    Ok(Scan { files, recovery, cut: torn.map(|(at, _)| at) })
}

struct Reader<'a, E> {
    expected_first: u64,
    next: u64,
    frames: u64,
    replay: &'a mut Replay<'a, E>,
}

impl<E: From<StorageError>> Reader<'_, E> {
    /// Where a file is torn, and how many bytes follow from there. With it go its marks, and whether it is the last.
    fn file(
        &mut self,
        path: &str,
        first: u64,
        bytes: &[u8],
        (marked, last): (&Marked, bool),
    ) -> Result<Option<(u64, u64)>, E> {
        let salt = read_file_header(path, bytes, first)?;
        let refused = marked.refused_from(salt).unwrap_or(u64::MAX);
        let mut at = LOG_HEADER;
        while at < bytes.len() && self.next < refused {
            match decode(&bytes[at..], salt) {
                Ok(frame) if frame.sequence == self.next => {
                    if frame.sequence >= self.expected_first {
                        (self.replay)(frame.sequence, &frame.payload())?;
                        self.frames += 1;
                    }
                    self.next = self.next.saturating_add(1);
                    at += frame.bytes;
                }
                Ok(frame) => return Err(self.damage(path, at, format!("entry {}", frame.sequence))),
                Err(why) if last && is_torn(bytes, at, self.next, salt, why) => break,
                Err(NoFrame::Short) => return Err(self.damage(path, at, "the end of the file")),
                Err(NoFrame::Bad) => return Err(self.damage(path, at, "bytes with another checksum")),
            }
        }
        Ok((at < bytes.len()).then_some((at as u64, (bytes.len() - at) as u64)))
    }

    fn damage(&self, path: &str, at: usize, found: impl std::fmt::Display) -> E {
        StorageError::corrupt(path, at as u64, format!("entry {}", self.next), found).into()
    }
}

/// Whether a crash may have left what lies at `at`, where the frame `next` should be.
fn is_torn(bytes: &[u8], at: usize, next: u64, salt: Salt, why: NoFrame) -> bool {
    let mut behind = None;
    let mut from = at;
    while let Some((start, frame)) = next_frame(bytes, from, salt) {
        if frame.durable > next {
            return false;
        }
        behind.get_or_insert(start);
        // The search goes on 8 bytes after where it starts.
        from = start + frame.bytes - 8;
    }
    match behind {
        None if why == NoFrame::Short => true,
        None => has_lost_sector(bytes, at, bytes.len(), true),
        Some(end) => has_lost_sector(bytes, at, end, false),
    }
}

/// Whether a sector between `start` and `end` is all zeros, as one that never reached the disk. What of a sector
/// lies before `start` was written earlier; one that a readable frame shares from `end` on did reach the disk.
fn has_lost_sector(bytes: &[u8], start: usize, end: usize, to_the_end: bool) -> bool {
    let mut from = start;
    while from < end {
        let sector_end = (from / SECTOR + 1) * SECTOR;
        let to = sector_end.min(end);
        if (to == sector_end || to_the_end) && bytes[from..to].iter().all(|&byte| byte == 0) {
            return true;
        }
        from = to;
    }
    false
}
