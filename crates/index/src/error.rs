//! Why the index refuses or fails.

use precedent_hnsw::HnswError;
use precedent_lexical::LexicalError;
use precedent_storage::StorageError;

/// Why the index refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The directory holds no manifest.
    #[error("there is no index in this directory")]
    NotAnIndex,
    /// The directory holds something already.
    #[error("the directory is not empty; choose a new one")]
    NotEmpty,
    /// A file operation failed, or a file is damaged.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A file passed its checksums, but what it says cannot be.
    #[error("{file} is damaged: {problem}; restore it from a backup")]
    Damaged {
        /// Relative to the index.
        file: String,
        /// What cannot be.
        problem: String,
    },
    /// The definition in the manifest, or one given, is refused.
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
        /// Largest that is taken.
        limit: usize,
    },
    /// An earlier failure left it open what the disk holds.
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

impl IndexError {
    pub(crate) fn damaged(file: &str, problem: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), problem: problem.into() }
    }
}

/// A part that reads its bytes through our checksums wraps our own error; unwrapped, it names the file.
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

/// As above.
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
}
