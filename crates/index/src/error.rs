//! Errors of the index.

use precedent_hnsw::HnswError;
use precedent_lexical::LexicalError;
use precedent_storage::StorageError;

/// Why a call of the index failed.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The directory holds no manifest.
    #[error("there is no index in this directory")]
    NotAnIndex,
    /// The directory is not empty.
    #[error("the directory is not empty; choose a new one")]
    NotEmpty,
    /// A file operation failed, or a file is damaged.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A file passed its checksums, but its content is impossible.
    #[error("{file} is damaged: {problem}; restore it from a backup")]
    Damaged {
        /// Relative to the index.
        file: String,
        /// What is impossible.
        problem: String,
    },
    /// The definition in the manifest, or a given one, was refused.
    #[error(transparent)]
    Definition(#[from] crate::DefinitionError),
    /// The full-text part failed.
    #[error(transparent)]
    Lexical(LexicalError),
    /// The graph part failed.
    #[error(transparent)]
    Graph(HnswError),
    /// A case too large for the log.
    #[error("a case has {bytes} bytes with its embeddings, the limit is {limit}; give fewer images")]
    TooLarge {
        /// Size of the encoded case.
        bytes: usize,
        /// Largest size accepted.
        limit: usize,
    },
    /// Local vectors or thumbnails that the index cannot keep.
    #[error("{field}: {problem}")]
    Misfit {
        /// Where they are in the case.
        field: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// After an earlier failure it is unknown what the disk holds.
    #[error("the writer failed earlier and takes nothing more; start the program again")]
    Failed,
    /// A segment would outgrow the offsets of its tables.
    #[error("{part} of one segment would have more than 4 GiB; spread the cases over several indexes")]
    SegmentTooLarge {
        /// Which part, such as a field.
        part: String,
    },
    /// The caller gave up, or its deadline passed.
    #[error("stopped by the caller")]
    Stopped,
}

/// The class of an [`IndexError`]: what a caller may do about it, whichever part of the index failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexErrorKind {
    /// The request is wrong, whatever the state of the index.
    Invalid,
    /// There is no index.
    NotFound,
    /// Another writer holds the index.
    Busy,
    /// The caller gave up, or its deadline passed.
    Stopped,
    /// The disk is full.
    Full,
    /// The writer failed and accepts nothing until it is reopened.
    Failed,
    /// A file is damaged, missing, or of a format that this program does not read.
    Damaged,
    /// Anything else.
    Internal,
}

impl IndexError {
    pub(crate) fn damaged(file: &str, problem: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), problem: problem.into() }
    }

    /// The class.
    pub fn kind(&self) -> IndexErrorKind {
        match self {
            Self::NotEmpty
            | Self::TooLarge { .. }
            | Self::Misfit { .. }
            | Self::SegmentTooLarge { .. }
            | Self::Definition(_) => IndexErrorKind::Invalid,
            Self::NotAnIndex => IndexErrorKind::NotFound,
            Self::Stopped => IndexErrorKind::Stopped,
            Self::Failed => IndexErrorKind::Failed,
            Self::Damaged { .. } => IndexErrorKind::Damaged,
            Self::Storage(error) => kind_of_storage(error),
            Self::Lexical(error) => kind_of_lexical(error),
            Self::Graph(error) => kind_of_graph(error),
        }
    }

    /// The file that is damaged or missing, if the error names one.
    pub fn damaged_file(&self) -> Option<&str> {
        match self {
            Self::Damaged { file, .. }
            | Self::Storage(
                StorageError::Corrupt { file, .. } | StorageError::UnsupportedVersion { file, .. },
            ) => Some(file),
            Self::Storage(StorageError::NotFound { path }) => Some(path),
            _ => None,
        }
    }
}

fn kind_of_storage(error: &StorageError) -> IndexErrorKind {
    match error {
        StorageError::WriterBusy { .. } => IndexErrorKind::Busy,
        StorageError::Full { .. } => IndexErrorKind::Full,
        StorageError::Corrupt { .. }
        | StorageError::UnsupportedVersion { .. }
        | StorageError::NotFound { .. } => IndexErrorKind::Damaged,
        _ => IndexErrorKind::Internal,
    }
}

/// tantivy fails while reading only if the bytes cannot be read or are not its own.
fn kind_of_lexical(error: &LexicalError) -> IndexErrorKind {
    match error {
        LexicalError::Damaged { .. }
        | LexicalError::Version { .. }
        | LexicalError::Engine { .. }
        | LexicalError::Tombstone { .. } => IndexErrorKind::Damaged,
        LexicalError::Read { .. } | LexicalError::Full { .. } => IndexErrorKind::Internal,
    }
}

fn kind_of_graph(error: &HnswError) -> IndexErrorKind {
    match error {
        HnswError::Header { .. }
        | HnswError::Damaged { .. }
        | HnswError::Quantiser(_)
        | HnswError::RowCount { .. } => IndexErrorKind::Damaged,
        _ => IndexErrorKind::Internal,
    }
}

/// A part that reads through our checksums wraps our own error; unwrapped, it names the file.
impl From<LexicalError> for IndexError {
    fn from(error: LexicalError) -> Self {
        match error {
            LexicalError::Read { part, source } => match source.downcast::<StorageError>() {
                Ok(ours) => Self::Storage(ours),
                Err(source) => Self::Lexical(LexicalError::Read { part, source }),
            },
            other => Self::Lexical(other),
        }
    }
}

/// The same for graphs.
impl From<HnswError> for IndexError {
    fn from(error: HnswError) -> Self {
        match error {
            HnswError::Stopped => Self::Stopped,
            HnswError::Pages(source) => match source.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(source) => Self::Graph(HnswError::Pages(source)),
            },
            HnswError::Row { row, source } => match source.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(source) => Self::Graph(HnswError::Row { row, source }),
            },
            other => Self::Graph(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_vector::QuantiserError;

    #[test]
    fn damage_keeps_its_name_through_the_parts_that_read_it() {
        let damage = || StorageError::NotFound { path: "segments/1/lexical".to_owned() };
        let read = LexicalError::Read { part: "header", source: std::io::Error::other(damage()) };
        assert_eq!(IndexError::from(read).to_string(), damage().to_string());
        let pages = HnswError::Pages(Box::new(IndexError::from(damage())));
        assert_eq!(IndexError::from(pages).to_string(), damage().to_string());
        let row = HnswError::Row { row: 3, source: Box::new(IndexError::Stopped) };
        assert!(matches!(IndexError::from(row), IndexError::Stopped));
    }

    #[test]
    fn each_error_has_the_class_of_what_a_caller_may_do_about_it() {
        let path = || "segments/1/graph".to_owned();
        let system = |kind: std::io::ErrorKind| StorageError::from_io("read", &path(), kind.into());
        let corrupt =
            StorageError::Corrupt { file: path(), offset: 0, expected: String::new(), found: String::new() };
        let version = StorageError::UnsupportedVersion { file: path(), found: 9, supported: 8 };
        let quantiser = QuantiserError { field: "length", offset: 0, found: 0, expected: 48 };
        let unread = std::io::Error::other("unread");
        let beyond = LexicalError::Tombstone { ordinal: 9, documents: 3 };
        let classes: [(IndexError, IndexErrorKind, Option<&str>); 13] = [
            (IndexError::TooLarge { bytes: 2, limit: 1 }, IndexErrorKind::Invalid, None),
            (IndexError::NotAnIndex, IndexErrorKind::NotFound, None),
            (IndexError::Stopped, IndexErrorKind::Stopped, None),
            (IndexError::Failed, IndexErrorKind::Failed, None),
            (IndexError::damaged("ids", "twice"), IndexErrorKind::Damaged, Some("ids")),
            (StorageError::WriterBusy { path: path() }.into(), IndexErrorKind::Busy, None),
            (system(std::io::ErrorKind::StorageFull).into(), IndexErrorKind::Full, None),
            (system(std::io::ErrorKind::NotFound).into(), IndexErrorKind::Damaged, Some("segments/1/graph")),
            (corrupt.into(), IndexErrorKind::Damaged, Some("segments/1/graph")),
            (version.into(), IndexErrorKind::Damaged, Some("segments/1/graph")),
            (HnswError::from(quantiser).into(), IndexErrorKind::Damaged, None),
            (beyond.into(), IndexErrorKind::Damaged, None),
            (LexicalError::Read { part: "header", source: unread }.into(), IndexErrorKind::Internal, None),
        ];
        for (error, kind, file) in classes {
            assert_eq!((error.kind(), error.damaged_file()), (kind, file), "{error}");
        }
    }
}
