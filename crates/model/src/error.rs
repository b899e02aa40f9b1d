//! The one error of this crate: a value that cannot be.

/// A value that no case may carry: which field, what is wrong with it, and what to do.
///
/// The message never quotes report text or a patient identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}; {remedy}")]
pub struct ModelError {
    /// The field in the words of a manifest, such as `case_id`.
    pub field: String,
    /// What is wrong.
    pub problem: String,
    /// What the sender can do about it.
    pub remedy: String,
}

impl ModelError {
    /// An error for `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into(), remedy: remedy.into() }
    }
}
