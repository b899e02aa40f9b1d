//! The write-ahead log: what is acknowledged before it is in a segment. Layout: `frame`; recovery: `replay`.

use crate::frame::{LOG_HEADER, MAX_FRAME, Salt, encode, file_header, frame_bytes};
use crate::path::checked_file;
use crate::replay::{Recovery, log_file, log_files, scan};
use crate::synced::{Marks, is_mark_file, mark_file, mark_owner};
use crate::{Storage, StorageError, WriteFile};
use std::fmt;
use std::sync::Arc;

/// Entries wait in memory up to this size before they are written: one write for a group.
const BUFFER_BYTES: usize = 1 << 20;

/// What of that is kept for the next entries.
const KEPT_BUFFER_BYTES: usize = 1 << 16;

/// How large a log's parts may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// A file that reaches this many bytes is followed by a new one; not between two syncs, so that what is appended between them
    /// can be taken back as a whole. Recovery holds one file in memory.
    pub file_bytes: u64,
    /// Bytes of payload that an entry may have; at most [`MAX_FRAME`].
    pub frame_bytes: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { file_bytes: 64 << 20, frame_bytes: MAX_FRAME }
    }
}

/// An append-only log in a folder of files. One writer; hold the writer lock.
///
/// An entry is durable when [`Log::sync`] returns. After a failed call every entry since the last sync is refused: it is cut off
/// before the error is returned, so it never comes back. Where even that fails, a mark says where the refused entries begin, and
/// nothing is appended before they are gone. After a full disk the log goes on. After any other failure every further call fails,
/// because what the disk holds is unknown then: open the index again.
///
/// What is replayed on opening was read through the system's cache, and after a failed sync need not be on the disk. So
/// commit the replayed entries to a generation and [`Log::roll`] before new ones are acknowledged.
pub struct Log {
    storage: Arc<dyn Storage>,
    dir: String,
    limits: LogLimits,
    /// First sequence of each file, in order.
    files: Vec<u64>,
    /// The file that is written; none after opening and after a failure, so that nothing is ever appended behind recovered
    /// frames.
    current: Option<Current>,
    /// A file whose end was refused and is still there.
    uncut: Option<Current>,
    buffer: Vec<u8>,
    next: u64,
    /// Every entry with a lower sequence is durable.
    durable: u64,
    poisoned: bool,
}

struct Current {
    path: String,
    file: Box<dyn WriteFile>,
    salt: Salt,
    /// Bytes with those that wait in the buffer.
    bytes: u64,
    /// Bytes of what is durable.
    durable_bytes: u64,
    marks: Marks,
}

impl Log {
    /// Starts a log in a folder that has none, such as that of a restored index.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] where there is a log; a full disk, and what the system refuses.
    pub fn create(
        storage: Arc<dyn Storage>,
        dir: &str,
        first: u64,
        limits: LogLimits,
    ) -> Result<Self, StorageError> {
        if !log_files(&*storage, checked_file(dir)?)?.is_empty() {
            return Err(StorageError::AlreadyExists { path: dir.to_owned() });
        }
        storage.create_dir_all(dir)?;
        let mut log = Self::at(storage, dir, limits, Vec::new(), first);
        log.start_file()?;
        Ok(log)
    }

    /// Opens a log, cuts what a crash left unfinished, and replays the entries from `expected_first` on, in order. In
    /// an empty folder an `expected_first` of 0 or 1 starts a new log.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for damage or a missing entry, and then nothing is cut; the first error of `replay`;
    /// what the system refuses.
    pub fn open<E: From<StorageError>>(
        storage: Arc<dyn Storage>,
        dir: &str,
        expected_first: u64,
        limits: LogLimits,
        mut replay: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<(Self, Recovery), E> {
        let found = scan(&*storage, checked_file(dir)?, expected_first, &mut replay)?;
        storage.create_dir_all(dir)?;
        for name in storage.list(dir)? {
            let alone =
                is_mark_file(&name) && !found.files.iter().any(|&first| mark_owner(&name) == Some(first));
            if name.ends_with(".tmp") || alone {
                storage.remove(&format!("{dir}/{name}"))?;
            }
        }
        if let (Some(at), Some(&last)) = (found.cut, found.files.last()) {
            // Durable at once, or the cut bytes could come back behind new files.
            storage.open_append(&log_file(dir, last), at)?.sync()?;
        }
        let fresh = found.files.is_empty();
        let mut log = Self::at(storage, dir, limits, found.files, found.recovery.next_sequence);
        if fresh {
            log.start_file()?;
        }
        Ok((log, found.recovery))
    }

    /// Replays the entries from `expected_first` on and changes nothing. A running writer may be in the middle of an
    /// entry, which then counts as torn, or remove a file in between, which is [`StorageError::NotFound`]: try again.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn read<E: From<StorageError>>(
        storage: &dyn Storage,
        dir: &str,
        expected_first: u64,
        mut replay: impl FnMut(u64, &[u8]) -> Result<(), E>,
    ) -> Result<Recovery, E> {
        Ok(scan(storage, checked_file(dir)?, expected_first, &mut replay)?.recovery)
    }

    /// As [`Log::read`], for who only wants to know whether the log is sound. Its writer may be at work: it takes away a file
    /// when the next one is there, and then this looks again.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn check(storage: &dyn Storage, dir: &str, expected_first: u64) -> Result<Recovery, StorageError> {
        loop {
            let files = log_files(storage, dir)?;
            match Self::read(storage, dir, expected_first, |_, _| Ok(())) {
                Err(StorageError::NotFound { .. }) if log_files(storage, dir)? != files => {}
                checked => return checked,
            }
        }
    }

    /// The first entry that the files of a log hold or will hold; `None` where there is no file.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn first(storage: &dyn Storage, dir: &str) -> Result<Option<u64>, StorageError> {
        Ok(log_files(storage, dir)?.first().copied())
    }

    /// Sequence that the next entry gets.
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Appends an entry and gives its sequence. It is durable after [`Log::sync`].
    ///
    /// # Errors
    /// [`StorageError::TooLarge`], which changes nothing; otherwise as [`Log::sync`].
    pub fn append(&mut self, payload: &[u8]) -> Result<u64, StorageError> {
        let limit = self.limits.frame_bytes.min(MAX_FRAME);
        if payload.len() > limit {
            return Err(StorageError::TooLarge { bytes: payload.len(), limit });
        }
        self.guarded(|log| {
            let bytes = frame_bytes(payload.len()) as u64;
            let full = |current: &Current| current.bytes.saturating_add(bytes) > log.limits.file_bytes;
            let may_roll = log.durable == log.next && log.is_used();
            if log.current.as_ref().is_none_or(|current| may_roll && full(current)) {
                log.start_file()?;
            }
            let sequence = log.next;
            if let Some(current) = &mut log.current {
                encode(&mut log.buffer, current.salt, sequence, log.durable, payload);
                current.bytes += bytes;
            }
            log.next += 1;
            if log.buffer.len() >= BUFFER_BYTES {
                log.write()?;
            }
            Ok(sequence)
        })
    }

    /// Makes every entry durable that was appended.
    ///
    /// # Errors
    /// A full disk; [`StorageError::Displaced`] if somebody removed the file or replaced the directory; what the system
    /// refuses. [`StorageError::Poisoned`] ever after, but for a full disk. Entries since the last sync are refused.
    pub fn sync(&mut self) -> Result<(), StorageError> {
        self.guarded(Self::write_and_sync)
    }

    /// Makes every entry durable and starts a new file, so that [`Log::prune`] can remove those before it.
    ///
    /// # Errors
    /// As [`Log::sync`].
    pub fn roll(&mut self) -> Result<(), StorageError> {
        self.guarded(|log| {
            log.write_and_sync()?;
            if log.is_used() { log.start_file() } else { Ok(()) }
        })
    }

    /// Removes the files that hold only entries before `before`; the last file stays.
    ///
    /// Call this only when a generation that holds those entries is durable.
    ///
    /// # Errors
    /// What the system refuses; the log goes on.
    pub fn prune(&mut self, before: u64) -> Result<(), StorageError> {
        let mut removed = false;
        while let [first, second, ..] = self.files[..]
            && second <= before
        {
            self.storage.remove(&log_file(&self.dir, first))?;
            self.storage.remove(&mark_file(&self.dir, first))?;
            self.files.remove(0);
            removed = true;
        }
        if removed { self.storage.sync_dir(&self.dir) } else { Ok(()) }
    }

    fn at(storage: Arc<dyn Storage>, dir: &str, limits: LogLimits, files: Vec<u64>, next: u64) -> Self {
        let (dir, buffer) = (dir.to_owned(), Vec::new());
        let (current, uncut, poisoned) = (None, None, false);
        Self { storage, dir, limits, files, current, uncut, buffer, next, durable: next, poisoned }
    }

    /// Whether the last file may hold entries: another follows, or would have its name.
    fn is_used(&self) -> bool {
        self.files.last() != Some(&self.next)
    }

    /// Runs a change. After a failed one what was not durable before is refused, and after most nothing is changed any more.
    fn guarded<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        if self.poisoned {
            return Err(StorageError::Poisoned { path: self.dir.clone() });
        }
        let is_cut = self.cut_refused();
        let result = match is_cut {
            Ok(()) => change(self).inspect_err(|_| self.refuse()),
            Err(error) => Err(error),
        };
        self.poisoned = result.as_ref().is_err_and(|error| !matches!(error, StorageError::Full { .. }));
        result
    }

    /// Takes back what was appended since the last sync.
    fn refuse(&mut self) {
        self.buffer = Vec::new();
        self.next = self.durable;
        self.uncut = self.uncut.take().or(self.current.take().filter(|file| file.bytes > file.durable_bytes));
        let Err(error) = self.cut_refused() else { return };
        let Some(uncut) = &mut self.uncut else { return };
        match uncut.marks.refuse(self.next, uncut.salt) {
            Ok(()) => tracing::warn!(%error, "entries of the log that were refused are cut off later"),
            Err(mark) => tracing::error!(
                %error, %mark,
                "entries of the log that were refused may come back when the index is opened again"
            ),
        }
    }

    /// Removes refused entries for good. Through the file that is open: another may have its name by now.
    fn cut_refused(&mut self) -> Result<(), StorageError> {
        if let Some(uncut) = &mut self.uncut {
            uncut.file.cut(uncut.durable_bytes)?;
            uncut.file.sync()?;
            self.uncut = None;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), StorageError> {
        if let Some(current) = &mut self.current {
            current
                .file
                .write_all(&self.buffer)
                .map_err(|source| StorageError::from_io("write", &current.path, source))?;
            self.buffer.clear();
            // Of a thousand logs in a process most are quiet.
            self.buffer.shrink_to(KEPT_BUFFER_BYTES);
        }
        Ok(())
    }

    fn write_and_sync(&mut self) -> Result<(), StorageError> {
        if self.durable == self.next {
            return Ok(());
        }
        self.write()?;
        if let Some(current) = &mut self.current {
            current.file.sync()?;
            // In a file that nobody will ever read nothing is durable.
            if !current.file.is_at(&current.path)? {
                return Err(StorageError::Displaced { path: current.path.clone() });
            }
            current.marks.add(self.next);
            current.durable_bytes = current.bytes;
        }
        self.durable = self.next;
        Ok(())
    }

    /// Starts the file of the next entry. It gets its name only when its header is durable.
    fn start_file(&mut self) -> Result<(), StorageError> {
        let path = log_file(&self.dir, self.next);
        let temporary = format!("{path}.tmp");
        self.storage.remove(&temporary)?;
        let mut file = self.storage.create(&temporary)?;
        let salt = Salt::random();
        file.write_all(&file_header(self.next, salt))
            .map_err(|source| StorageError::from_io("write", &temporary, source))?;
        file.sync()?;
        self.storage.rename(&temporary, &path)?;
        self.storage.sync_dir(&self.dir)?;
        let marks = Marks::begin(&*self.storage, &self.dir, self.next);
        let bytes = LOG_HEADER as u64;
        self.current = Some(Current { path, file, salt, bytes, durable_bytes: bytes, marks });
        // After a crash an empty file of this name may be there, which the new one has replaced.
        if self.files.last() != Some(&self.next) {
            self.files.push(self.next);
        }
        Ok(())
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({}, next entry {})", self.dir, self.next)
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
