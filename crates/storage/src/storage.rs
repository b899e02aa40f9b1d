//! One index directory, and what may be done to it.

use crate::{MapSlice, StorageError};
use std::fmt;
use std::io::Write;

/// The files of one index directory.
///
/// Paths are relative and separated by `/`, such as `segments/0000000007/records`; the directory itself is `""`. Paths
/// with `..`, absolute paths and empty parts are refused.
///
/// What is durable: a file's content after [`WriteFile::sync`], a name (new, renamed or removed) after
/// [`Storage::sync_dir`] of the directory that holds it, a directory when [`Storage::create_dir_all`] returns.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Creates a directory and those above it, durably; one that is there is left alone.
    ///
    /// # Errors
    /// What the system refuses, a full disk, a path that is not taken.
    fn create_dir_all(&self, dir: &str) -> Result<(), StorageError>;

    /// The names in a directory, sorted; none where there is no directory.
    ///
    /// # Errors
    /// What the system refuses.
    fn list(&self, dir: &str) -> Result<Vec<String>, StorageError>;

    /// Whether a file or directory is there.
    ///
    /// # Errors
    /// What the system refuses.
    fn exists(&self, path: &str) -> Result<bool, StorageError>;

    /// Length of a file in bytes.
    ///
    /// # Errors
    /// A missing file, and what the system refuses.
    fn len(&self, path: &str) -> Result<u64, StorageError>;

    /// Creates a file, which must not exist.
    ///
    /// # Errors
    /// A file of this name, a full disk, and what the system refuses.
    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>, StorageError>;

    /// Cuts a file to `at` bytes and appends from there.
    ///
    /// # Errors
    /// A missing file, one shorter than `at`, and what the system refuses.
    fn open_append(&self, path: &str, at: u64) -> Result<Box<dyn WriteFile>, StorageError>;

    /// Maps a whole file, read-only. Only for files that no one appends to or cuts.
    ///
    /// # Errors
    /// A missing file, and what the system refuses.
    fn map(&self, path: &str) -> Result<MapSlice, StorageError>;

    /// Opens a file to read pieces of it as they are now, without a map.
    ///
    /// # Errors
    /// A missing file, and what the system refuses.
    fn open_read(&self, path: &str) -> Result<Box<dyn ReadFile>, StorageError>;

    /// Copies a whole file into memory, for files that may still grow.
    ///
    /// # Errors
    /// A missing file, one larger than memory, and what the system refuses.
    fn read(&self, path: &str) -> Result<Vec<u8>, StorageError>;

    /// Renames a file at once, over the one of that name if there is one.
    ///
    /// # Errors
    /// A missing file, and what the system refuses.
    fn rename(&self, from: &str, to: &str) -> Result<(), StorageError>;

    /// Removes a file; a missing one is no error.
    ///
    /// # Errors
    /// What the system refuses.
    fn remove(&self, path: &str) -> Result<(), StorageError>;

    /// Removes a directory with all in it; a missing one is no error.
    ///
    /// # Errors
    /// What the system refuses. The index directory itself is never removed.
    fn remove_dir_all(&self, path: &str) -> Result<(), StorageError>;

    /// Takes room on the disk, in a file of its own that has so many bytes afterwards; to give it back, remove the file. Some
    /// file systems promise less: where blocks are compressed or copied on write, room may still be missing.
    ///
    /// # Errors
    /// A full disk, which leaves the file as large as it was or less than asked for; what the system refuses.
    fn reserve(&self, path: &str, bytes: u64) -> Result<(), StorageError>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// What the system refuses. Afterwards it is unknown what is durable: stop, and open the index again.
    fn sync_dir(&self, dir: &str) -> Result<(), StorageError>;

    /// Takes the one writer lock at `path`, against other processes and against this one.
    ///
    /// It is released when dropped, and by the system when the process dies.
    ///
    /// # Errors
    /// [`StorageError::WriterBusy`] where another holds it; what the system refuses.
    fn lock(&self, path: &str) -> Result<WriterLock, StorageError>;
}

/// A file of which pieces are read.
pub trait ReadFile: Send {
    /// Fills the buffer from byte `at` on.
    ///
    /// # Errors
    /// A file that ends before, and what the system refuses.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> Result<(), StorageError>;

    /// Tells the system that so many bytes from `at` on were read once and are not needed again, so that they push nothing else
    /// out of memory. It may know no such hint.
    fn forget(&self, at: u64, bytes: u64);
}

/// A file that is being written, at its end.
pub trait WriteFile: Write + Send {
    /// Makes what was written durable.
    ///
    /// # Errors
    /// What the system refuses. Never try again: a second sync may report success for data that is lost
    /// (PostgreSQL's fsync change of 2019). Write a new file, or stop.
    fn sync(&mut self) -> Result<(), StorageError>;

    /// Cuts the file to its first `at` bytes, durably after [`WriteFile::sync`]; what is written next follows there.
    ///
    /// # Errors
    /// What the system refuses.
    fn cut(&mut self, at: u64) -> Result<(), StorageError>;

    /// Whether this is the file of that path; it is not after somebody removed or replaced it.
    ///
    /// # Errors
    /// What the system refuses.
    fn is_at(&self, path: &str) -> Result<bool, StorageError>;
}

/// What a lock is held by.
pub(crate) trait LockGuard: Send + Sync {
    /// Whether the file that is locked is still the one of its name.
    fn is_in_place(&self) -> Result<bool, StorageError>;
}

/// The right to write. Keep it as long as anything is written.
#[must_use = "the lock is released when this is dropped"]
pub struct WriterLock {
    path: String,
    guard: Box<dyn LockGuard>,
}

impl WriterLock {
    pub(crate) fn new(path: &str, guard: impl LockGuard + 'static) -> Self {
        Self { path: path.to_owned(), guard: Box::new(guard) }
    }

    /// Nobody else writes as long as the file is there that was locked.
    ///
    /// # Errors
    /// [`StorageError::Displaced`] if it was removed, or the directory replaced: then another writer may be at work. What
    /// the system refuses.
    pub fn check(&self) -> Result<(), StorageError> {
        if self.guard.is_in_place()? {
            Ok(())
        } else {
            Err(StorageError::Displaced { path: self.path.clone() })
        }
    }
}

impl fmt::Debug for WriterLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriterLock({})", self.path)
    }
}
