//! Errors of an archive.

use precedent_index::IndexError;
use precedent_storage::StorageError;

/// Why an archive call failed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Opened for reading only.
    #[error("this index was opened for reading only")]
    ReadOnly,
    /// The system could not start a background thread.
    #[error("the system gives no more threads; raise its limit or stop other programs")]
    Threads(#[source] std::io::Error),
    /// The index returned an error.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl From<StorageError> for ArchiveError {
    fn from(error: StorageError) -> Self {
        Self::Index(error.into())
    }
}

/// The text of an error with all its causes: the system's own message is the source of a storage error.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_said_is_told_with_what_it_was_about() {
        let source = std::io::ErrorKind::PermissionDenied.into();
        let error = ArchiveError::from(StorageError::from_io("sync", "log/1.log", source));
        assert_eq!(with_causes(&error), "cannot sync log/1.log: permission denied");
        assert_eq!(with_causes(&ArchiveError::ReadOnly), "this index was opened for reading only");
    }
}
