//! JPEG 2000 (ITU-T T.800): one component or three, lossless or lossy (hayro-jpeg2000).
//!
//! The main header and those of the tile-parts are walked over first: a few bytes there can ask for millions of tiles,
//! precincts or code-blocks.

use super::Samples;
use crate::ImageError;
use crate::limits::{self, MAX_CODED_SAMPLES, MAX_J2K_TILES};
use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

const CODEC: &str = "JPEG 2000";
/// The first box of a JP2 file.
pub(crate) const SIGNATURE: &[u8] = b"\0\0\0\x0cjP  ";
/// Least width and height of a precinct, as a power of two, and least sum of those of a code-block. Encoders use 7 and 10 or
/// more; each precinct and code-block costs up to 150 bytes.
const LEAST_PRECINCT: u8 = 4;
const LEAST_CODE_BLOCK: u8 = 8;

/// What the codestream says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    columns: u32,
    rows: u32,
    bits: u16,
    signed: bool,
    components: usize,
    /// Whether every wavelet transformation is the one that loses nothing.
    reversible: bool,
}

/// Decodes a picture of `columns` × `rows`. Signed samples are in two's complement of 16 bits.
pub(crate) fn decode(stream: &[u8], columns: u32, rows: u32) -> Result<Samples, ImageError> {
    let codestream = unwrap_jp2(stream)?;
    let head = check(codestream)?;
    ImageError::agree(CODEC, "number of columns", head.columns, columns)?;
    ImageError::agree(CODEC, "number of rows", head.rows, rows)?;
    let area = limits::area(columns, rows, MAX_CODED_SAMPLES / head.components)?;
    let settings = DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let image = Image::new(codestream, &settings).map_err(|error| ImageError::codec(CODEC, error))?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| ImageError::codec(CODEC, error))?;
    let components = decoded.components();
    ImageError::agree(CODEC, "number of components", components.len() as u64, head.components as u64)?;
    // The decoder adds half of the range to every component, as if all were unsigned.
    let half = (1_u32 << (head.bits - 1)) as f32;
    let (offset, low, high) =
        if head.signed { (half, -half, half - 1.0) } else { (0.0, 0.0, 2.0 * half - 1.0) };
    let mut values = vec![0; area * head.components];
    for (first, component) in components.iter().enumerate() {
        let samples = component.samples();
        if samples.len() != area {
            return Err(ImageError::Length { found: samples.len(), expected: area });
        }
        for (value, sample) in values.iter_mut().skip(first).step_by(head.components).zip(samples) {
            *value = (sample - offset).round().clamp(low, high) as i32 as u16;
        }
    }
    Ok(Samples {
        columns,
        rows,
        bits: head.bits,
        signed: head.signed,
        lossy: !head.reversible,
        components: head.components,
        values,
    })
}

/// The codestream of a JP2 file; DICOM asks for the bare codestream, but files with the boxes around it occur.
fn unwrap_jp2(stream: &[u8]) -> Result<&[u8], ImageError> {
    let mut rest = stream;
    if !stream.starts_with(SIGNATURE) {
        return Ok(stream);
    }
    loop {
        let at = stream.len() - rest.len();
        let damaged = || ImageError::damaged(CODEC, at, "a box is cut off");
        let (&head, body) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        let [l0, l1, l2, l3, kind @ ..] = head;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if &kind == b"jp2c" {
            return match length {
                0 => Ok(body),
                _ => length.checked_sub(8).and_then(|length| body.get(..length)).ok_or_else(damaged),
            };
        }
        rest = rest.get(length.max(8)..).ok_or_else(damaged)?;
    }
}

/// Walks over all headers of a codestream.
fn check(stream: &[u8]) -> Result<Head, ImageError> {
    let damaged = |at, problem| ImageError::damaged(CODEC, at, problem);
    if !stream.starts_with(&[0xff, 0x4f, 0xff, 0x51]) {
        return Err(damaged(0, "no start of codestream"));
    }
    let mut at = 2;
    let mut size = None;
    let mut tile_part_end = None;
    let mut reversible = true;
    let mut elements = 0;
    loop {
        elements += 1;
        ImageError::limit("number of marker segments", elements, u64::from(limits::MAX_ELEMENTS))?;
        let Some(&[0xff, marker]) = stream.get(at..).and_then(<[u8]>::first_chunk) else {
            return Err(damaged(at, "no marker where one must be"));
        };
        let start = at;
        at += 2;
        match marker {
            // Start of data: on to the next tile-part.
            0x93 => {
                let end: usize = tile_part_end.take().ok_or_else(|| damaged(start, "data outside a tile"))?;
                if end < at {
                    return Err(damaged(start, "a tile-part ends before its data"));
                }
                at = end;
                // A missing end marker is common and harmless; the decoder sees whether the data suffices.
                if at >= stream.len() {
                    break;
                }
                continue;
            }
            0xd9 => break,
            0x30..=0x3f => continue,
            _ => {}
        }
        let length =
            stream.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |&bytes| u16::from_be_bytes(bytes));
        let segment = stream.get(at + 2..at + usize::from(length)).filter(|_| length >= 2);
        let segment = segment.ok_or_else(|| damaged(start, "a marker segment is cut off"))?;
        match marker {
            0x51 if size.is_some() => return Err(damaged(start, "two size segments")),
            0x51 => size = Some(read_size(segment, start)?),
            // Extended capabilities: those of part 15 code blocks in another way.
            0x50 => return Err(ImageError::Coding { name: "High-Throughput JPEG 2000".to_owned() }),
            // COD and COC hold the same fields behind 5 and 2 bytes.
            0x52 => reversible &= check_style(segment.first(), segment.get(5..), start)?,
            0x53 => reversible &= check_style(segment.get(1), segment.get(2..), start)?,
            0x90 => {
                let psot =
                    segment.get(2..6).and_then(<[u8]>::first_chunk).map(|&bytes| u32::from_be_bytes(bytes));
                let end = match psot {
                    Some(0) => Some(stream.len()),
                    Some(psot) => start.checked_add(psot as usize).filter(|&end| end <= stream.len()),
                    None => None,
                };
                tile_part_end = Some(end.ok_or_else(|| damaged(start, "a tile-part is cut off"))?);
            }
            _ => {}
        }
        at += usize::from(length);
    }
    let head = size.ok_or_else(|| damaged(0, "no size segment"))?;
    Ok(Head { reversible, ..head })
}

fn read_size(segment: &[u8], start: usize) -> Result<Head, ImageError> {
    let damaged = |problem| ImageError::damaged(CODEC, start, problem);
    let word = |at: usize| {
        let bytes = segment.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map(|&bytes| u32::from_be_bytes(bytes)).ok_or_else(|| damaged("a size segment is cut off"))
    };
    let (right, bottom, left, top) = (word(2)?, word(6)?, word(10)?, word(14)?);
    let (tile_width, tile_height, tile_left, tile_top) = (word(18)?, word(22)?, word(26)?, word(30)?);
    let Some(&[c0, c1, bits, dx, dy]) = segment.get(34..).and_then(<[u8]>::first_chunk) else {
        return Err(damaged("a size segment is cut off"));
    };
    let components = u16::from_be_bytes([c0, c1]);
    if !matches!(components, 1 | 3) {
        return Err(ImageError::field("number of JPEG 2000 components", components, "1 or 3"));
    }
    let specifications = segment.get(34 + 2..).unwrap_or_default().as_chunks::<3>().0;
    if specifications.len() < components.into() {
        return Err(damaged("a size segment is cut off"));
    }
    if specifications.iter().take(components.into()).any(|&other| other != [bits, dx, dy]) {
        return Err(ImageError::Coding { name: "JPEG 2000 of components that differ".to_owned() });
    }
    if (dx, dy) != (1, 1) {
        return Err(ImageError::Coding { name: "JPEG 2000 with subsampling".to_owned() });
    }
    let (Some(columns), Some(rows)) = (right.checked_sub(left), bottom.checked_sub(top)) else {
        return Err(damaged("the picture ends before it begins"));
    };
    limits::area(columns, rows, MAX_CODED_SAMPLES)?;
    // T.800 B.3: the first tile holds the first pixel.
    let begins = |tile: u32, length: u32, first: u32| {
        tile <= first && length > 0 && u64::from(tile) + u64::from(length) > u64::from(first)
    };
    if !begins(tile_left, tile_width, left) || !begins(tile_top, tile_height, top) {
        return Err(damaged("the first tile lies outside the picture"));
    }
    let tiles = |end: u32, first: u32, length: u32| u64::from((end - first).div_ceil(length));
    let count = tiles(right, tile_left, tile_width) * tiles(bottom, tile_top, tile_height);
    ImageError::limit("number of tiles", count, MAX_J2K_TILES)?;
    let signed = bits & 0x80 != 0;
    let bits = u16::from(bits & 0x7f) + 1;
    if bits > 16 {
        return Err(ImageError::Coding { name: format!("JPEG 2000 of {bits} bits") });
    }
    Ok(Head { columns, rows, bits, signed, components: components.into(), reversible: true })
}

/// Checks the sizes of code-blocks and precincts. `style` says whether precincts are given; `fields` are levels, both
/// sides of a code-block, its style, the transformation, and the precincts. Says whether the transformation is reversible.
fn check_style(style: Option<&u8>, fields: Option<&[u8]>, start: usize) -> Result<bool, ImageError> {
    let (Some(&style), Some(&[levels, width, height, _, transformation, ref precincts @ ..])) =
        (style, fields)
    else {
        return Err(ImageError::damaged(CODEC, start, "a coding style is cut off"));
    };
    ImageError::limit("number of decomposition levels", levels.into(), 32)?;
    // Stored as powers of two, less 2.
    let code_block = u64::from(width & 0x0f) + u64::from(height & 0x0f) + 4;
    if code_block < u64::from(LEAST_CODE_BLOCK) {
        return Err(ImageError::field("size of a code-block", code_block, "2^8 samples or more"));
    }
    let small = |&size: &u8| size & 0x0f < LEAST_PRECINCT || size >> 4 < LEAST_PRECINCT;
    if style & 1 != 0 && precincts.iter().any(small) {
        return Err(ImageError::field("size of a precinct", "small", "16 x 16 samples or more"));
    }
    Ok(transformation == 1)
}
