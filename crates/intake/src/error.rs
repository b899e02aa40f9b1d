//! Why an intake cannot begin or go on.

use crate::EmbeddingsProblem;
use precedent_engine::{EngineError, Violation};
use precedent_sources::SourceError;
use std::io;
use std::path::PathBuf;

/// Why an intake cannot begin or go on. What was ingested before stays.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// A source that cannot be used; nothing was ingested.
    #[error(transparent)]
    Source(SourceError),
    /// A source that cannot be read on.
    #[error(transparent)]
    Reading(SourceError),
    /// The engine refuses or fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Standard input is named several times.
    #[error("standard input can be read once; name it once")]
    StandardInputTwice,
    /// A folder that cannot be a source.
    #[error("{}: {problem}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        problem: FolderProblem,
    },
    /// Embeddings that do not go with the index or with the sources; nothing was ingested.
    #[error("{}: {problem}", .path.display())]
    Embeddings {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: EmbeddingsProblem,
    },
    /// A row whose images name rows of embeddings, where there are none.
    #[error("{origin} row {row}: its images name rows of embeddings, and no file of embeddings is given")]
    NoEmbeddings {
        /// The file of the row.
        origin: String,
        /// The row, from 1.
        row: u64,
    },
    /// Films that cannot be read from a folder, whichever they are.
    #[error("{}: {problem}", .root.display())]
    Images {
        /// The folder.
        root: PathBuf,
        /// What is wrong.
        problem: ImagesProblem,
    },
    /// Whoever watches the run failed.
    #[error(transparent)]
    Watch(io::Error),
}

/// Why a folder is no source.
#[derive(Debug, thiserror::Error)]
pub enum FolderProblem {
    /// It cannot be listed.
    #[error(transparent)]
    Unreadable(io::Error),
    /// What is in it could be one source or another.
    #[error("holds both reports (.txt) and DICOM files; give a folder of each")]
    Mixed,
    /// Embeddings are paired by order.
    #[error("is a folder of DICOM files, which has no order for embeddings; name the files in a manifest")]
    NoOrder,
    /// Its films are in it.
    #[error("is a folder of DICOM files, which are read from there; name no folder of images beside it")]
    ImagesBeside,
}

/// Why films cannot be read from a folder.
#[derive(Debug, thiserror::Error)]
pub enum ImagesProblem {
    /// There is none.
    #[error("is no folder; name the one that the manifest's image names begin in")]
    NoFolder,
    /// The encoder of the index is not here.
    #[error("{}", .0.description)]
    NoEncoder(Violation),
}
