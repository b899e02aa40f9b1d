//! Errors of the engine, in the classes that a service or program answers differently.

use precedent_archive::{ArchiveError, IndexError, IndexErrorKind};
use precedent_encoder::EncoderError;

/// One fault of a request, with the path of its field in the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Such as `embeddings[0].values`, `filter`, `limit`, `case.images[1].embedding`.
    pub field: String,
    /// What is wrong and what to do. Never contains report text or a patient's identifier.
    pub description: String,
    /// The reason, if a caller may know a remedy of its own, such as a flag.
    pub cause: Cause,
}

/// Why something is wrong, for callers that may know a remedy of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// The description says everything.
    #[default]
    Other,
    /// The index has no image space.
    NoImageSpace,
    /// This process lacks the encoder of the image space.
    NoEncoder,
    /// The lexicon of the index has no such finding.
    UnknownFinding,
}

impl Violation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into(), cause: Cause::Other }
    }

    /// The same, with its cause.
    pub(crate) fn because(self, cause: Cause) -> Self {
        Self { cause, ..self }
    }
}

/// The class of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong, whatever the state of the index.
    Invalid,
    /// The request does not fit this index; it names another encoder, for example.
    Precondition,
    /// There is no index.
    NotFound,
    /// The index was opened for reading only.
    ReadOnly,
    /// Another writer holds the index.
    Busy,
    /// The caller gave up or its deadline passed.
    Cancelled,
    /// The disk is full; reading continues, and writing does once there is space.
    Full,
    /// The writer failed and accepts nothing until it is reopened.
    Unavailable,
    /// A file is damaged.
    Damaged,
    /// Anything else.
    Internal,
}

/// Why a call of the engine failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The request is wrong; every violation is named.
    #[error("{}", list(.0))]
    Invalid(Vec<Violation>),
    /// The request does not fit this index.
    #[error("{}: {}", .0.field, .0.description)]
    Precondition(Violation),
    /// Opened for reading only.
    #[error("this index was opened for reading only")]
    ReadOnly,
    /// The caller gave up or its deadline passed.
    #[error("the caller gave up or its deadline passed")]
    Cancelled,
    /// The system could not start a background thread.
    #[error("the system gives no more threads; raise its limit or stop other programs")]
    Threads(#[source] std::io::Error),
    /// Cases that were ingested do not become visible.
    #[error("ingested cases do not become visible: {problem}")]
    NotVisible {
        /// Why commits fail.
        problem: String,
    },
    /// Searches and ingest continue, but someone has to look after the index.
    #[error("{problem}")]
    NeedsCare {
        /// What is wrong.
        problem: String,
    },
    /// An encoder fails: its weights are damaged.
    #[error("the encoder fails: {0}")]
    Encoder(#[from] EncoderError),
    /// The index returned an error.
    #[error(transparent)]
    Index(IndexError),
}

impl EngineError {
    /// The class.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Precondition(_) => ErrorKind::Precondition,
            Self::ReadOnly => ErrorKind::ReadOnly,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::NotVisible { .. } => ErrorKind::Unavailable,
            Self::NeedsCare { .. } | Self::Threads(_) | Self::Encoder(_) => ErrorKind::Internal,
            Self::Index(error) => match error.kind() {
                IndexErrorKind::Invalid => ErrorKind::Invalid,
                IndexErrorKind::NotFound => ErrorKind::NotFound,
                IndexErrorKind::Busy => ErrorKind::Busy,
                IndexErrorKind::Stopped => ErrorKind::Cancelled,
                IndexErrorKind::Full => ErrorKind::Full,
                IndexErrorKind::Failed => ErrorKind::Unavailable,
                IndexErrorKind::Damaged => ErrorKind::Damaged,
                IndexErrorKind::Internal => ErrorKind::Internal,
            },
        }
    }
}

impl From<IndexError> for EngineError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Stopped => Self::Cancelled,
            other => Self::Index(other),
        }
    }
}

impl From<ArchiveError> for EngineError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::ReadOnly => Self::ReadOnly,
            ArchiveError::Threads(error) => Self::Threads(error),
            ArchiveError::Index(error) => error.into(),
        }
    }
}

fn list(violations: &[Violation]) -> String {
    let all: Vec<String> = violations.iter().map(|v| format!("{}: {}", v.field, v.description)).collect();
    all.join("; ")
}
