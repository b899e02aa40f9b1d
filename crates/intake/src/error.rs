//! Why an intake cannot begin or go on.

use precedent_engine::{EngineError, Violation};
use precedent_sources::SourceError;
use std::fmt;
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
    /// A source that holds embeddings, where others are given, too; nothing was ingested.
    #[error(
        "{}: its column {column} holds embeddings; give no others beside it, or write the file without the column", .path.display()
    )]
    EmbeddingsTwice {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// A source that holds embeddings of nobody knows which encoder; nothing was ingested.
    #[error("{}: its column {column} holds embeddings; say which encoder made them", .path.display())]
    NoEncoderId {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// An encoder was named for the embeddings of sources that hold none; nothing was ingested.
    #[error("no source holds embeddings, so there is none of the encoder that was named")]
    NothingOfEncoder,
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

/// Why embeddings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddingsProblem {
    /// The index has none.
    #[error("the index has no image space; make one with a dimension and an encoder id")]
    NoImageSpace,
    /// Vectors of another length.
    #[error("its rows have {found} numbers, the index takes {wanted}")]
    Dimension {
        /// In the file.
        found: usize,
        /// In the index.
        wanted: usize,
    },
    /// An empty file.
    #[error("it has no rows; give one for each row of the manifests")]
    Empty,
    /// Vectors of another encoder.
    #[error("the embeddings are of encoder {given}, the index holds embeddings of {wanted}")]
    Encoder {
        /// Of the file, as it was said.
        given: String,
        /// Of the index.
        wanted: String,
    },
    /// Images say which row is theirs, and something else was asked for, too.
    #[error("images say which row is theirs; do not say what the rows are for")]
    Named,
    /// As many as the rows were asked for.
    #[error("{0}; give one for each row")]
    NotPerRow(Counts),
    /// As many as the images were asked for.
    #[error("{0}; give one for each image")]
    NotPerImage(Counts),
    /// Two readings fit.
    #[error("{0}, some of them unevenly; say whether the embeddings are for rows or for images")]
    Ambiguous(Counts),
    /// No reading fits.
    #[error("{0}; give one for each")]
    Neither(Counts),
    /// Rows that cannot be read hide how many images they have.
    #[error(
        "{counts}, and {unreadable} of these rows cannot be read, so nobody knows how many embeddings to pass over; mend them first"
    )]
    Unreadable {
        /// What there is.
        counts: Counts,
        /// Rows that cannot be read.
        unreadable: u64,
    },
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Rows of the file of embeddings.
    pub embeddings: u64,
    /// Rows of the sources.
    pub rows: u64,
    /// Images of these rows.
    pub images: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { embeddings, rows, images } = self;
        write!(f, "it has {embeddings} rows, the manifests {rows} rows and {images} images")
    }
}
