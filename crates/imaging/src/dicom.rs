//! DICOM files: guarded, read, and decompressed to stored pixels.

mod facts;
mod guard;
mod header;
mod pixels;
mod text;
mod value;
mod wanted;

pub(crate) use guard::is_dicom;

use crate::ImageError;
use crate::facts::HeaderFacts;
use crate::limits;
use crate::stored::StoredPixels;
use crate::tone::Tone;
use guard::Layout;
use header::{Form, Header};
use precedent_model::MAX_IMAGE_PIXELS;

/// What a DICOM file holds.
pub(crate) struct DicomPicture {
    pub(crate) pixels: StoredPixels,
    pub(crate) tone: Tone,
    /// Height of a pixel divided by its width.
    pub(crate) aspect: f64,
    pub(crate) facts: HeaderFacts,
}

/// Reads a file whole.
pub(crate) fn read(file: &[u8]) -> Result<DicomPicture, ImageError> {
    let layout = guard::scan(file)?;
    let (header, form) = open(&layout)?;
    let (tone, aspect) = (header.tone(&form)?, header.aspect()?);
    let pixels = pixels::read(&layout, &header, &form)?;
    Ok(DicomPicture { pixels, tone, aspect, facts: header.facts(layout.syntax.as_deref()) })
}

/// Reads what the header says, of a file with a picture.
pub(crate) fn read_facts(file: &[u8]) -> Result<HeaderFacts, ImageError> {
    let layout = guard::scan(file)?;
    if layout.pixels.is_none() {
        return Err(ImageError::NoPixels);
    }
    Ok(Header::new(&layout).facts(layout.syntax.as_deref()))
}

/// Reads the stored pixels alone.
pub(crate) fn read_stored(file: &[u8]) -> Result<StoredPixels, ImageError> {
    let layout = guard::scan(file)?;
    let (header, form) = open(&layout)?;
    pixels::read(&layout, &header, &form)
}

fn open<'a>(layout: &'a Layout<'_>) -> Result<(Header<'a>, Form), ImageError> {
    if layout.pixels.is_none() {
        return Err(ImageError::NoPixels);
    }
    let header = Header::new(layout);
    let form = header.form()?;
    limits::area(form.columns, form.rows, MAX_IMAGE_PIXELS)?;
    Ok((header, form))
}

/// The fragments of encapsulated pixel data.
#[cfg(test)]
pub(crate) fn fragments(file: &[u8]) -> Result<Vec<Vec<u8>>, ImageError> {
    let layout = guard::scan(file)?;
    let fragments = match &layout.pixels {
        Some(guard::PixelBytes::Encapsulated { fragments, .. }) => fragments.as_slice(),
        _ => &[],
    };
    Ok(fragments.iter().filter_map(|at| layout.bytes.get(at.clone())).map(<[u8]>::to_vec).collect())
}
