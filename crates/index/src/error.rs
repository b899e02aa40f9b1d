//! Why the index refuses or fails.

use precedent_storage::StorageError;

/// Why the index refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The directory holds no manifest.
    #[error("there is no index in this directory; make one with `precedent init`")]
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
    #[error("full text: {0}")]
    Lexical(#[from] precedent_lexical::LexicalError),
    /// The graph part failed.
    #[error("graph: {0}")]
    Graph(#[source] precedent_hnsw::HnswError),
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
    /// The caller gave up, or its deadline passed.
    #[error("stopped by the caller")]
    Stopped,
}

impl IndexError {
    pub(crate) fn damaged(file: &str, problem: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), problem: problem.into() }
    }
}
