//! From the bytes of a file to one grey picture.

use crate::ImageError;
use crate::aspect;
use crate::codec::jpeg;
use crate::dicom;
use crate::facts::HeaderFacts;
use crate::raster::{self, Raster};
use crate::stored::StoredPixels;
use crate::tone::Tone;
use precedent_model::GreyImage;

/// The file formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// DICOM PS3.10, with its preamble or without.
    Dicom,
    /// Portable Network Graphics.
    Png,
    /// JPEG, with or without JFIF or EXIF.
    Jpeg,
}

impl Format {
    /// The name in replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dicom => "dicom",
            Self::Png => "png",
            Self::Jpeg => "jpeg",
        }
    }

    /// The format by the first bytes of a file.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if jpeg::trim(bytes).starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if dicom::is_dicom(bytes) {
            Some(Self::Dicom)
        } else {
            None
        }
    }
}

/// A picture in normal form, and what the file says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The picture: upright, pixels square, dense tissue bright.
    pub image: GreyImage,
    /// Rows and columns of the upright picture before its pixels were made square. A `Region` counts in these.
    pub original: (u32, u32),
    /// Format of the file.
    pub format: Format,
    /// What the header says.
    pub facts: HeaderFacts,
}

/// Reads a DICOM, PNG or JPEG file as `index/IMAGE.md` says.
///
/// # Errors
/// A file of another format, a damaged one, one beyond the limits, one without a picture, in colour, with several frames, or
/// coded in a way that is not read.
pub fn decode(bytes: &[u8]) -> Result<Decoded, ImageError> {
    match Format::of(bytes).ok_or(ImageError::UnknownFormat)? {
        Format::Dicom => decode_dicom(bytes),
        Format::Png => finish_raster(Format::Png, raster::read_png(bytes)?),
        Format::Jpeg => finish_raster(Format::Jpeg, raster::read_jpeg(bytes)?),
    }
}

/// Reads what the header of a DICOM file says, and no pixel: to sort files by study.
///
/// # Errors
/// A file of another format, a damaged one, or one without a picture, such as a structured report.
pub fn dicom_facts(bytes: &[u8]) -> Result<HeaderFacts, ImageError> {
    match Format::of(bytes) {
        Some(Format::Dicom) => dicom::read_facts(bytes),
        _ => Err(ImageError::UnknownFormat),
    }
}

/// Reads the pixels of a file as they are stored: decompressed, and nothing else.
///
/// # Errors
/// Those of [`decode`], but for what concerns only brightness and the shape of pixels.
pub fn decode_stored(bytes: &[u8]) -> Result<StoredPixels, ImageError> {
    match Format::of(bytes).ok_or(ImageError::UnknownFormat)? {
        Format::Dicom => dicom::read_stored(bytes),
        Format::Png => Ok(raster::read_png(bytes)?.pixels),
        Format::Jpeg => Ok(raster::read_jpeg(bytes)?.pixels),
    }
}

fn decode_dicom(bytes: &[u8]) -> Result<Decoded, ImageError> {
    let picture = dicom::read(bytes)?;
    let size = (picture.pixels.columns(), picture.pixels.rows());
    let bright = picture.tone.apply(picture.pixels);
    let (square, pixels) = aspect::square(size, picture.aspect, bright);
    finish(Format::Dicom, size, square, pixels, picture.facts)
}

fn finish_raster(format: Format, raster: Raster) -> Result<Decoded, ImageError> {
    let size = (raster.pixels.columns(), raster.pixels.rows());
    let bright = Tone::whole().apply(raster.pixels);
    let (upright, pixels) = raster.orientation.apply(size, bright);
    finish(format, upright, upright, pixels, raster.facts)
}

fn finish(
    format: Format,
    (columns, rows): (u32, u32),
    (width, height): (u32, u32),
    pixels: Vec<u16>,
    facts: HeaderFacts,
) -> Result<Decoded, ImageError> {
    let expected = width as usize * height as usize;
    let found = pixels.len();
    let image = GreyImage::new(width, height, pixels).map_err(|_| ImageError::Length { found, expected })?;
    Ok(Decoded { image, original: (rows, columns), format, facts })
}
