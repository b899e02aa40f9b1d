//! What can go wrong while training.

use crate::DatasetError;
use precedent_encoder::EncoderError;
use std::path::PathBuf;

/// What can go wrong while training. No message holds report text.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// A study that cannot be read.
    #[error("study {study} cannot be read: {source}")]
    Dataset {
        /// Its number, from 0.
        study: usize,
        /// What keeps it.
        source: DatasetError,
    },
    /// Too few studies to tell apart.
    #[error(
        "{found} studies have a film and a sentence, a step needs {needed}; give more, or fewer per step"
    )]
    TooFew {
        /// Studies to learn from.
        found: usize,
        /// Studies in a step.
        needed: usize,
    },
    /// A setting out of range.
    #[error("{field} {problem}")]
    Plan {
        /// The setting.
        field: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A checkpoint of another training.
    #[error(
        "{path} is a checkpoint of another training ({what}); name another folder, or remove it to begin anew"
    )]
    OtherTraining {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The loss is no number any more.
    #[error("the loss is not finite at step {step}; take a smaller rate")]
    Diverged {
        /// Which step, from 1.
        step: usize,
    },
    /// The system gives no threads.
    #[error("no threads can be started: {0}")]
    Threads(rayon::ThreadPoolBuildError),
    /// Films that differ in too little.
    #[error("the films differ in too few ways to tell them apart; give more films, of several patients")]
    Alike,
    /// Stopped by the caller. The last checkpoint stays.
    #[error("training was stopped; run the same command again to resume from the last checkpoint")]
    Stopped,
    /// The towers failed.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The tensor library failed.
    #[error("the tensor library failed: {0}")]
    Tensor(#[from] candle_core::Error),
}
