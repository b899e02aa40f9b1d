//! Why the engine refuses or fails, in the classes that a service or a program answers differently.

use precedent_archive::{ArchiveError, IndexError, IndexErrorKind};
use precedent_encoder::EncoderError;

/// One thing wrong with a request, by the path of the field in the words of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Such as `embeddings[0].values`, `filter`, `limit`, `case.images[1].embedding`.
    pub field: String,
    /// What is wrong and what to do. Never holds report text or a patient's identifier.
    pub description: String,
    /// Why, where a caller may know a remedy of its own, such as a flag.
    pub cause: Cause,
}

/// Why something is wrong, where a caller may know a remedy of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// The description says it all.
    #[default]
    Other,
    /// The index has no image space.
    NoImageSpace,
    /// The encoder of the image space is not here.
    NoEncoder,
    /// The lexicon of the index holds no such finding.
    UnknownFinding,
}

impl Violation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into(), cause: Cause::Other }
    }

    /// The same with its cause.
    pub(crate) fn because(self, cause: Cause) -> Self {
        Self { cause, ..self }
    }
}

/// The class of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong whatever the state of the index.
    Invalid,
    /// The request does not fit this index, such as another encoder.
    Precondition,
    /// No index is there.
    NotFound,
    /// The index was opened for reading only.
    ReadOnly,
    /// Another writer holds the index.
    Busy,
    /// The caller gave up or its deadline passed.
    Cancelled,
    /// The disk is full; reading goes on, and so does writing once there is room.
    Full,
    /// The writer failed and takes nothing more until it is opened again.
    Unavailable,
    /// A file is damaged.
    Damaged,
    /// Something else.
    Internal,
}

/// Why the engine refuses or fails.
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
    /// The system gave no thread for the work beside the calls.
    #[error("the system gives no more threads; raise its limit or stop other programs")]
    Threads(#[source] std::io::Error),
    /// Cases that were ingested do not become visible.
    #[error("ingested cases do not become visible: {problem}")]
    NotVisible {
        /// Why commits fail.
        problem: String,
    },
    /// Searches and ingest go on, but somebody has to look after the index.
    #[error("{problem}")]
    NeedsCare {
        /// What is wrong.
        problem: String,
    },
    /// The bundled encoder cannot be read.
    #[error("the bundled encoder cannot be read: {0}")]
    Encoder(#[from] EncoderError),
    /// The index refuses or fails.
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
