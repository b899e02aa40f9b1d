//! Why a file operation fails.

use std::io;

/// Why a file operation fails. Paths are relative to the index directory.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The operating system refused.
    #[error("cannot {operation} {path}")]
    Io {
        /// What was tried, a verb.
        operation: &'static str,
        /// Relative to the index.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// No space, or no quota, is left.
    #[error("cannot {operation} {path}: the disk or its quota is full; free space and try again")]
    Full {
        /// What was tried, a verb.
        operation: &'static str,
        /// Relative to the index.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file or directory is not there.
    #[error("{path} is not there")]
    NotFound {
        /// Relative to the index, or the directory of the index itself.
        path: String,
    },
    /// A file that must be new is there already.
    #[error("{path} is there already; nothing is ever written over")]
    AlreadyExists {
        /// Relative to the index.
        path: String,
    },
    /// A path that could leave the directory, or that not every system can hold.
    #[error("a path {problem}; use names joined by '/', relative to the index")]
    InvalidPath {
        /// What is wrong with it. The path itself is not repeated.
        problem: &'static str,
    },
    /// Another writer holds the lock.
    #[error("another writer has this index open ({path}); stop it, or wait until it has finished")]
    WriterBusy {
        /// The lock file.
        path: String,
    },
    /// A file that is open for writing is no longer the one of its name: it was removed, or the directory was replaced.
    #[error(
        "{path} is no longer the file that was opened; the directory was replaced or the file removed: start the \
         program again, and never change an index that is open"
    )]
    Displaced {
        /// Relative to the index.
        path: String,
    },
    /// A file does not hold what was written.
    #[error(
        "{file} is damaged at byte {offset}: expected {expected}, found {found}; restore it from a backup or rebuild it"
    )]
    Corrupt {
        /// Relative to the index.
        file: String,
        /// Where in the file, in bytes.
        offset: u64,
        /// What should be there.
        expected: String,
        /// What is there. Never content.
        found: String,
    },
    /// A file of a format that this program does not read.
    #[error(
        "{file} is of format version {found}, this program reads {supported}; use the program that wrote it"
    )]
    UnsupportedVersion {
        /// Relative to the index.
        file: String,
        /// Version in the file.
        found: u32,
        /// Version that this program reads.
        supported: u32,
    },
    /// A range outside the payload of a file.
    #[error("{file} has {len} bytes, {start}..{end} is outside")]
    OutOfRange {
        /// Relative to the index.
        file: String,
        /// First byte asked for.
        start: usize,
        /// Byte after the last asked for.
        end: usize,
        /// Bytes of payload.
        len: usize,
    },
    /// More than a log frame may hold.
    #[error("a log entry has {bytes} bytes, the limit is {limit}; make it smaller")]
    TooLarge {
        /// Bytes given.
        bytes: usize,
        /// Bytes taken at most.
        limit: usize,
    },
    /// An earlier write or sync of the log failed, so it is unknown what the disk holds.
    #[error("{path} takes no more entries after a failed write; open the index again")]
    Poisoned {
        /// Folder of the log.
        path: String,
    },
}

impl StorageError {
    /// Sorts an error of the system into full disk, missing, existing, and the rest.
    pub fn from_io(operation: &'static str, path: &str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { operation, path, source }
            }
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::AlreadyExists => Self::AlreadyExists { path },
            _ => Self::Io { operation, path, source },
        }
    }

    pub(crate) fn corrupt(
        file: &str,
        offset: u64,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::Corrupt {
            file: file.to_owned(),
            offset,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_full_quota_are_told_apart_from_other_failures() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let error = StorageError::from_io("write", "log/1.log", kind.into());
            assert!(matches!(error, StorageError::Full { .. }), "{error:?}");
        }
        let error = StorageError::from_io("write", "log/1.log", io::ErrorKind::PermissionDenied.into());
        assert_eq!(error.to_string(), "cannot write log/1.log");
        assert!(std::error::Error::source(&error).is_some());
    }
}
