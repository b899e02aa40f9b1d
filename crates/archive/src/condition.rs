//! What may be wrong with an archive apart from failed calls.

use precedent_index::Damage;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// What is wrong with an archive apart from failed calls; empty if all is well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// What fails in the background at present.
    pub failures: Vec<BackgroundFailure>,
    /// Files of the newest generation found damaged by a search or a scrub.
    pub damages: Vec<Damage>,
}

/// A background task that failed and has not succeeded since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackgroundFailure {
    /// What failed.
    pub task: BackgroundTask,
    /// Why the last attempt failed.
    pub problem: String,
    /// When the first attempt failed.
    pub since: SystemTime,
    /// When the last attempt failed.
    pub at: SystemTime,
    /// Number of failures in a row.
    pub attempts: u32,
    /// Whether it will be tried again without a request.
    pub retried: bool,
}

/// What runs in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BackgroundTask {
    /// Making cases visible.
    Commit,
    /// Merging segments into fewer.
    Merge,
}

impl BackgroundTask {
    /// The task in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Merge => "merge",
        }
    }
}
