//! The flags of `precedent ingest`.

use crate::encoders::EncoderDirs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 0 when every row is in, even if fields that cannot be read were left out (they are counted, and \
                        listed in --rejected); 2 when nothing can be read, no row was found, or the flags do not fit; 3 when rows \
                        were rejected; 130 when interrupted."
)]
pub struct IngestArgs {
    /// Directory of the index
    pub dir: PathBuf,
    /// Manifests (.jsonl, .ndjson, .csv, .tsv, also with .gz or .zst; .parquet), - for standard input, or folders
    ///
    /// A manifest holds a case per row. On standard input it may be any of these kinds. It is copied to a temporary file
    /// without a name (TMPDIR), and rows are read when it ends.
    ///
    /// In a folder of reports every .txt file is a case, its name without the ending the id. In a folder of DICOM files every
    /// study is a case: its films are encoded as with --images, and what is known of it comes from their headers. Folders below
    /// are looked through, too.
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// How to name the cases of a folder of DICOM files
    #[arg(long, value_enum, default_value_t = DicomIds::AccessionNumber)]
    pub dicom_ids: DicomIds,
    /// Names of the manifest's columns, where they differ from Precedent's, and how dates are written (index/maps/README.md)
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// For a case that is already in the index, keep what its row does not give
    ///
    /// Patient, report as a whole, each field, and of each image its name, view and embedding.
    #[arg(long)]
    pub update: bool,
    /// Replace a case even if it loses its report, patient, images or embeddings
    ///
    /// Without this flag such a row is rejected.
    #[arg(long, conflicts_with = "update")]
    pub replace_without: bool,
    /// Leave cases that are already in the index alone; add the others
    #[arg(long, conflicts_with_all = ["update", "replace_without"])]
    pub if_absent: bool,
    /// Embeddings as .npy: a row for each row of the manifests, or for each image, unless images name their rows
    #[arg(long, value_name = "FILE", requires = "encoder_id")]
    pub embeddings: Option<PathBuf>,
    /// Whether the embeddings are one per row or one per image, if both would fit
    #[arg(long, value_enum, requires = "embeddings")]
    pub embeddings_per: Option<EmbeddingsPer>,
    /// Id of the encoder that made the embeddings
    ///
    /// Of those in --embeddings, or in the column `embedding` of .parquet files.
    #[arg(long, value_name = "ID")]
    pub encoder_id: Option<String>,
    /// Folder that holds the images named by the manifests; they are read and encoded
    ///
    /// Names in the column images are paths below DIR. Fields, patient and views that a row does not give are taken from
    /// the headers of DICOM files. A row with a file that is missing or gives no picture is rejected.
    #[arg(long, value_name = "DIR", conflicts_with = "embeddings")]
    pub images: Option<PathBuf>,
    #[command(flatten)]
    pub encoders: EncoderDirs,
    /// Check everything, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where this run lists rejected rows and fields that were left out, with row, field and remedy
    ///
    /// The list of an earlier run under this name is removed first, so no file means that nothing was rejected or left out.
    /// A dry run shows them on the terminal and leaves the file alone.
    #[arg(long, alias = "rejects", value_name = "FILE", default_value = "rejected.jsonl")]
    pub rejected: PathBuf,
    /// Merge all segments into one at the end
    ///
    /// Without it a run merges only where more vectors lie outside of graphs than in them, as after a first load. What came
    /// in is found at once in either case; merging makes searches faster. `serve` merges beside its work, and `merge` does
    /// at any time.
    #[arg(long)]
    pub merge: bool,
    /// Merge nothing, not even after a first load
    #[arg(long, conflicts_with = "merge")]
    pub no_merge: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DicomIds {
    /// The study UID where a study has none
    AccessionNumber,
    /// Never an accession number, which may be that of several studies
    StudyUid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EmbeddingsPer {
    /// Of the manifests, in order
    Row,
    /// Of all rows, in order
    Image,
}

impl From<DicomIds> for precedent_intake::DicomIds {
    fn from(ids: DicomIds) -> Self {
        match ids {
            DicomIds::AccessionNumber => Self::AccessionNumber,
            DicomIds::StudyUid => Self::StudyUid,
        }
    }
}

impl From<EmbeddingsPer> for precedent_intake::EmbeddingsPer {
    fn from(per: EmbeddingsPer) -> Self {
        match per {
            EmbeddingsPer::Row => Self::Row,
            EmbeddingsPer::Image => Self::Image,
        }
    }
}
