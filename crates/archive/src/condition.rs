//! What may be wrong with an archive beside the calls.

use precedent_index::Damage;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// What is wrong with an archive beside the calls; empty if all is well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// What fails in the background at present.
    pub failures: Vec<BackgroundFailure>,
    /// Files of the newest generation that a search, or reading them again, found damaged.
    pub damages: Vec<Damage>,
}

/// Something that runs in the background failed, and has not succeeded since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackgroundFailure {
    /// What failed.
    pub task: BackgroundTask,
    /// Why the last attempt failed.
    pub problem: String,
    /// When the first attempt failed.
    pub since: SystemTime,
    /// When the last one did.
    pub at: SystemTime,
    /// How often it failed in a row.
    pub attempts: u32,
    /// Whether it is tried again without being asked for.
    pub retried: bool,
}

/// What runs in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BackgroundTask {
    /// Making cases visible.
    Commit,
    /// Making fewer segments of many.
    Merge,
}

impl BackgroundTask {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Merge => "merge",
        }
    }
}
