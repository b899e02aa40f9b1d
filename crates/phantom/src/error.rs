//! What can go wrong.

use std::path::PathBuf;

/// Why no archive could be made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhantomError {
    /// Parameters that describe no archive.
    #[error("{field}: {problem}; {remedy}")]
    Params {
        /// The parameter.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A picture or report that the model refuses; the parameters keep this from happening.
    #[error("study {number} cannot be made")]
    Study {
        /// Which study, from 0.
        number: usize,
        /// What was refused.
        source: precedent_model::ModelError,
    },
    /// A file that cannot be written or read.
    #[error("{} cannot be written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A PNG file that cannot be written.
    #[error("{} cannot be written as PNG", path.display())]
    Png {
        /// The file.
        path: PathBuf,
        /// What the encoder says.
        source: png::EncodingError,
    },
    /// A DICOM file that cannot be written.
    #[error("{} cannot be written as DICOM", path.display())]
    Dicom {
        /// The file.
        path: PathBuf,
        /// What the encoder says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The folder holds an archive of other parameters, or none that a stopped run left.
    #[error("{} holds {found}; give an empty folder, or the same parameters to go on", path.display())]
    OtherArchive {
        /// The folder.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// The caller wanted no more. The same call again goes on.
    #[error("stopped after {done} of {total} studies; run it again to resume")]
    Stopped {
        /// Studies written.
        done: usize,
        /// Studies asked for.
        total: usize,
    },
}
