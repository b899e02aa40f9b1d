//! Encoders of the site's own, by their folders.

use crate::args::EncoderDirs;
use crate::exit::Failure;
use precedent_engine::Encoder;
use std::path::Path;
use std::sync::Arc;

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
