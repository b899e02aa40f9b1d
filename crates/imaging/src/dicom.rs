//! DICOM files: guarded, parsed, and decompressed to stored pixels.

mod guard;
mod header;
mod wanted;

pub(crate) use guard::is_dicom;

use crate::ImageError;
use crate::codec::{jpeg, jpeg2000, rle};
use crate::facts::HeaderFacts;
use crate::limits;
use crate::stored::StoredPixels;
use crate::tone::Tone;
use guard::{Layout, PixelBytes};
use header::{Form, Header};
use precedent_model::MAX_IMAGE_PIXELS;
use std::borrow::Cow;

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
    let pixels = pixels(&layout, &form)?;
    Ok(DicomPicture { pixels, tone, aspect, facts: header.facts(layout.syntax.as_deref()) })
}

/// Reads the stored pixels alone.
pub(crate) fn read_stored(file: &[u8]) -> Result<StoredPixels, ImageError> {
    let layout = guard::scan(file)?;
    let (_, form) = open(&layout)?;
    pixels(&layout, &form)
}

fn open(layout: &Layout<'_>) -> Result<(Header, Form), ImageError> {
    if layout.pixels.is_none() {
        return Err(ImageError::NoPixels);
    }
    let header = Header::parse(layout)?;
    let form = header.form()?;
    limits::area(form.columns, form.rows, MAX_IMAGE_PIXELS)?;
    Ok((header, form))
}

fn pixels(layout: &Layout<'_>, form: &Form) -> Result<StoredPixels, ImageError> {
    let values = match layout.pixels.as_ref().ok_or(ImageError::NoPixels)? {
        PixelBytes::Native { .. } if !layout.is_uncompressed() => {
            let name = "uncompressed pixel data under a transfer syntax of compressed data".to_owned();
            return Err(ImageError::Coding { name });
        }
        PixelBytes::Native { at, words } => {
            let bytes = layout.bytes.get(at.clone()).unwrap_or_default();
            native(bytes, form, layout.encoding.big_endian, *words)?
        }
        PixelBytes::Encapsulated { listed_frames, .. } if *listed_frames > 1 => {
            return Err(ImageError::Frames { count: *listed_frames as u64 });
        }
        PixelBytes::Encapsulated { fragments, .. } => {
            let parts: Vec<&[u8]> =
                fragments.iter().filter_map(|fragment| layout.bytes.get(fragment.clone())).collect();
            let stream = match parts.as_slice() {
                [one] => Cow::Borrowed(*one),
                _ => Cow::Owned(parts.concat()),
            };
            coded(&stream, layout.syntax.as_deref().unwrap_or_default(), form)?
        }
    };
    StoredPixels::new((form.columns, form.rows), form.bits_allocated, form.bits_stored, form.signed, values)
}

/// Pixels that are not compressed. The value may have one byte more, which makes its length even.
fn native(bytes: &[u8], form: &Form, big_endian: bool, words: bool) -> Result<Vec<u16>, ImageError> {
    let area = form.columns as usize * form.rows as usize;
    let expected = area * usize::from(form.bits_allocated / 8);
    if bytes.len() != expected && bytes.len() != expected.next_multiple_of(2) {
        return Err(ImageError::Length { found: bytes.len(), expected });
    }
    if form.bits_allocated == 16 {
        let word =
            |&pair: &[u8; 2]| if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
        return Ok(bytes.as_chunks().0.iter().map(word).collect());
    }
    // In big endian, two pixels of 8 bits that share a word stand the other way round.
    let swap = usize::from(big_endian && words);
    Ok((0..area).map(|at| bytes.get(at ^ swap).copied().map_or(0, u16::from)).collect())
}

/// Pixels in a compressed stream of one frame.
fn coded(stream: &[u8], syntax: &str, form: &Form) -> Result<Vec<u16>, ImageError> {
    let area = form.columns as usize * form.rows as usize;
    match syntax.strip_prefix("1.2.840.10008.1.2.").unwrap_or_default() {
        "5" => rle::decode(stream, area, usize::from(form.bits_allocated / 8)),
        "4.50" | "4.51" | "4.57" | "4.70" => {
            let (values, bits) = jpeg::decode_grey(stream, form.columns, form.rows)?;
            ImageError::limit("bits of a JPEG sample", bits.into(), form.bits_allocated.into())?;
            // Fewer bits than the header says would come out too dark, and without the bit of the sign.
            if bits < form.bits_stored {
                ImageError::agree("JPEG", "number of bits", bits, form.bits_stored)?;
            }
            Ok(values)
        }
        "4.90" | "4.91" => {
            let (values, size) = jpeg2000::decode(stream, form.columns, form.rows)?;
            ImageError::limit("bits of a JPEG 2000 sample", size.bits.into(), form.bits_allocated.into())?;
            ImageError::agree("JPEG 2000", "sign of the samples", size.signed, form.signed)?;
            Ok(values)
        }
        _ => Err(ImageError::Coding { name: syntax_name(syntax) }),
    }
}

/// A name for a transfer syntax that is not read, with its UID.
fn syntax_name(syntax: &str) -> String {
    let name = match syntax.strip_prefix("1.2.840.10008.1.2.").unwrap_or_default() {
        "4.80" => "JPEG-LS",
        "4.81" => "near-lossless JPEG-LS",
        "4.201" | "4.202" | "4.203" => "High-Throughput JPEG 2000",
        "4.110" | "4.111" | "4.112" => "JPEG XL",
        _ => "transfer syntax",
    };
    if syntax.is_empty() {
        "compressed data without a transfer syntax".to_owned()
    } else {
        format!("{name} ({syntax})")
    }
}
