//! Encoders of the site's own, by their folders.

use crate::exit::Failure;
use clap::Args;
use precedent_engine::Encoder;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Encoders beside the bundled one.
#[derive(Debug, Args)]
pub struct EncoderDirs {
    /// Folder of an encoder of your own; may be given several times
    #[arg(long = "encoder-dir", value_name = "DIR")]
    pub encoder_dirs: Vec<PathBuf>,
}

/// Opens the encoders that are given.
pub fn open_all(given: &EncoderDirs) -> Result<Vec<Arc<Encoder>>, Failure> {
    given.encoder_dirs.iter().map(|dir| open(dir)).collect()
}

/// Opens the encoder in a folder.
pub fn open(dir: &Path) -> Result<Arc<Encoder>, Failure> {
    Encoder::open(dir)
        .map(Arc::new)
        .map_err(|error| Failure::input(error).about(format!("--encoder-dir {}", dir.display())))
}
