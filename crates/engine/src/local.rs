//! The parts of an image as an encoder saw them, in the form that is compared and kept.

use precedent_encoder::{Encoder, ImageCode};
use precedent_imaging::Decoded;
use precedent_model::{GridFrame, ImageExtent};
use precedent_query::LocalImage;
use precedent_vector::{MAX_LOCAL_DIMENSION, MAX_PATCHES, MIN_DIMENSION, Patches};

/// Whether the patches and sentences of an encoder have vectors that are kept.
pub(crate) fn has_local_vectors(encoder: &Encoder) -> bool {
    let cells = encoder.description().architecture.grid().pow(2);
    (MIN_DIMENSION..=MAX_LOCAL_DIMENSION).contains(&encoder.local_dimension()) && cells <= MAX_PATCHES
}

/// The parts of an image; `None` for an encoder whose vectors are not kept.
pub(crate) fn parts(encoder: &Encoder, decoded: &Decoded, code: &ImageCode) -> Option<LocalImage> {
    if !has_local_vectors(encoder) {
        return None;
    }
    let (side, values) = (code.patches.side, encoder.local_patches(&code.patches));
    // Both are as the encoder made them, of a picture that was read.
    let patches = Patches::quantise(side, side, encoder.local_dimension(), &values).ok()?;
    let (rows, columns) = decoded.original;
    let extent = ImageExtent::new(columns, rows).ok()?;
    LocalImage::new(patches, in_original(code.frame, decoded, extent)?, extent).ok()
}

/// A frame in pixels of the picture with square pixels, in those of the original.
fn in_original(frame: GridFrame, decoded: &Decoded, extent: ImageExtent) -> Option<GridFrame> {
    let across = extent.columns() as f32 / decoded.image.width() as f32;
    let down = extent.rows() as f32 / decoded.image.height() as f32;
    GridFrame::new(frame.x() * across, frame.y() * down, frame.width() * across, frame.height() * down).ok()
}
