//! How a run reads its sources, and what it does with their cases.

use crate::studies::DicomIds;
use precedent_engine::Replacement;
use precedent_sources::ColumnMap;
use std::path::PathBuf;

/// How sources are read and what is done with their cases.
#[derive(Debug, Default)]
pub struct Options {
    /// What a case is called that is a study of a folder of DICOM files.
    pub dicom_ids: DicomIds,
    /// How the columns of manifests are called.
    pub map: ColumnMap,
    /// What becomes of cases that the index holds.
    pub replacement: Replacement,
    /// The embeddings of the cases, in a file.
    pub embeddings: Option<Embeddings>,
    /// Which encoder made the embeddings that rows hold themselves, with its version. A source holds some, then.
    pub encoder_id: Option<String>,
    /// The folder below which the films lie that manifests name; they are encoded.
    pub images: Option<PathBuf>,
    /// Whether nothing is to be changed.
    pub rehearse: bool,
}

/// A file of embeddings.
#[derive(Debug, Clone)]
pub struct Embeddings {
    /// An `.npy` file of rows of float32.
    pub path: PathBuf,
    /// Which encoder made them, with its version.
    pub encoder_id: String,
    /// What its rows are for; found out where one reading fits only.
    pub per: Option<EmbeddingsPer>,
}

/// What the rows of a file of embeddings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddingsPer {
    /// The rows of the sources, in order.
    Row,
    /// The images of all rows, in order.
    Image,
}
