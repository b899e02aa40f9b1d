//! How much a file may ask for. Each bound is checked before memory is taken for what it bounds.

use crate::ImageError;
use precedent_model::{MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE};

/// Longest file, in bytes.
pub(crate) const MAX_FILE_BYTES: usize = 256 << 20;
/// Elements and items of a data set, whatever their depth.
pub(crate) const MAX_ELEMENTS: u32 = 100_000;
/// Sequences and items that may be open at once.
pub(crate) const MAX_DEPTH: usize = 32;
/// Longest plain value that is looked at, in bytes. The longest that DICOM allows there is 10,240 characters.
pub(crate) const MAX_VALUE_BYTES: usize = 16 << 10;
/// Longest lookup table: 65,536 entries of 16 bits, twice.
pub(crate) const MAX_TABLE_BYTES: usize = 256 << 10;
/// Longest data set after inflation, in bytes.
pub(crate) const MAX_INFLATED_BYTES: usize = 40 << 20;
/// Most samples of a picture whose decoder holds all of them at once, JPEG 2000 in 16 bytes each.
pub(crate) const MAX_CODED_SAMPLES: usize = 64 << 20;
/// Most scans of a progressive JPEG; each walks over the whole picture.
pub(crate) const MAX_JPEG_SCANS: u32 = 64;
/// Most tiles of a JPEG 2000 picture.
pub(crate) const MAX_J2K_TILES: u64 = 4_096;

/// Checks the sides of a picture and gives its number of pixels, at most `most`.
pub(crate) fn area(columns: u32, rows: u32, most: usize) -> Result<usize, ImageError> {
    for (name, side) in [("Columns", columns), ("Rows", rows)] {
        if side == 0 {
            return Err(ImageError::field(name, 0, "at least 1"));
        }
        ImageError::limit(name, side.into(), MAX_IMAGE_SIDE.into())?;
    }
    let area = columns as usize * rows as usize;
    ImageError::limit("number of pixels", area as u64, most.min(MAX_IMAGE_PIXELS) as u64)?;
    Ok(area)
}
