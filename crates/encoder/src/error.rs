//! What can be wrong with an encoder or with what it is given.

use std::path::PathBuf;

/// What can be wrong with an encoder or with what it is given. No message holds report text or pixels.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file that cannot be read.
    #[error("{path} cannot be read: {source}; name a folder with encoder.toml and weights.safetensors")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A description that is no TOML or of another shape.
    #[error("encoder.toml cannot be read: {0}")]
    Description(String),
    /// Sizes of which no towers can be made.
    #[error("encoder.toml: architecture.{key}: {problem}")]
    Architecture {
        /// The key.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Weights that do not fit the architecture.
    #[error("weights.safetensors: {name} {problem}; the file is not of this encoder, or damaged")]
    Weights {
        /// The parameter.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A file of a Hugging Face folder that cannot be read.
    #[error(
        "{path} cannot be read: {source}; name a folder with config.json, model.safetensors, and tokenizer.json or vocab.txt"
    )]
    FolderIo {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A Hugging Face folder whose model is not run here.
    #[error("{path}: {problem}; {remedy}")]
    Folder {
        /// The folder, or the file of it.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A text without a word.
    #[error("the text has no word; give letters or digits")]
    NoWord,
    /// One of several texts without a word.
    #[error("text {number} (from 0) has no word; give letters or digits")]
    NoWordIn {
        /// Its place, from 0.
        number: usize,
    },
    /// A vector without a direction came out.
    #[error("the encoder gave numbers that are not finite; its weights are damaged")]
    NotFinite,
    /// The tensor library failed.
    #[error("the tensor library failed: {0}")]
    Tensor(#[from] candle_core::Error),
}
