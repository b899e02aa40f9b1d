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
use guard::FileParts;
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
    let file = guard::scan(file)?;
    let (header, form) = open(&file)?;
    let (tone, aspect) = (header.tone(&form)?, header.aspect()?);
    let pixels = pixels::read(&file, &header, &form)?;
    Ok(DicomPicture { pixels, tone, aspect, facts: header.facts(file.syntax.as_deref()) })
}

/// Reads what the header says, of a file with a picture.
pub(crate) fn read_facts(file: &[u8]) -> Result<HeaderFacts, ImageError> {
    let file = guard::scan(file)?;
    if file.pixels.is_none() {
        return Err(ImageError::NoPixels);
    }
    Ok(Header::new(&file).facts(file.syntax.as_deref()))
}

/// Reads the stored pixels alone.
pub(crate) fn read_stored(file: &[u8]) -> Result<StoredPixels, ImageError> {
    let file = guard::scan(file)?;
    let (header, form) = open(&file)?;
    pixels::read(&file, &header, &form)
}

fn open<'a>(file: &'a FileParts<'_>) -> Result<(Header<'a>, Form), ImageError> {
    if file.pixels.is_none() {
        return Err(ImageError::NoPixels);
    }
    let header = Header::new(file);
    let form = header.form()?;
    limits::area(form.columns, form.rows, MAX_IMAGE_PIXELS)?;
    Ok((header, form))
}

/// The fragments of encapsulated pixel data.
#[cfg(test)]
pub(crate) fn fragments(file: &[u8]) -> Result<Vec<Vec<u8>>, ImageError> {
    let file = guard::scan(file)?;
    let fragments = match &file.pixels {
        Some(guard::PixelBytes::Encapsulated { fragments, .. }) => fragments.as_slice(),
        _ => &[],
    };
    Ok(fragments.iter().filter_map(|at| file.bytes.get(at.clone())).map(<[u8]>::to_vec).collect())
}
