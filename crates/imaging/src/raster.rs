//! PNG and JPEG files: grey pictures whose whole range is shown.

use crate::ImageError;
use crate::codec::jpeg;
use crate::facts::HeaderFacts;
use crate::limits::{self, MAX_CODED_PIXELS, MAX_FILE_BYTES};
use crate::orientation::Orientation;
use crate::stored::StoredPixels;
use jpeg_decoder::PixelFormat;
use png::{BitDepth, ColorType, DecodeOptions, Decoder, Limits, Transformations};
use std::io::Cursor;

/// Channels of a grey picture may differ by this much, of 255: JPEG rounds the way from YCbCr to RGB.
const GREY_TOLERANCE: u32 = 2;
const PNG: &str = "PNG";

/// What a PNG or JPEG holds, as stored.
pub(crate) struct Raster {
    pub(crate) pixels: StoredPixels,
    pub(crate) orientation: Orientation,
    pub(crate) facts: HeaderFacts,
}

/// Reads a JPEG file.
pub(crate) fn read_jpeg(file: &[u8]) -> Result<Raster, ImageError> {
    ImageError::limit("file size", file.len() as u64, MAX_FILE_BYTES as u64)?;
    let decoded = jpeg::decode(file)?;
    let markers = decoded.markers;
    let bytes = decoded.bytes;
    let (values, bits) = match decoded.format {
        PixelFormat::L8 => (bytes.into_iter().map(u16::from).collect(), 8),
        PixelFormat::L16 => {
            let words = bytes.as_chunks().0.iter().map(|&pair| u16::from_ne_bytes(pair));
            (words.collect(), u16::from(markers.bits))
        }
        PixelFormat::RGB24 => {
            let pixels = bytes.as_chunks::<3>().0.iter();
            (grey(pixels.map(|pixel| pixel.map(u16::from)), GREY_TOLERANCE)?, 8)
        }
        PixelFormat::CMYK32 => return Err(ImageError::Colour { how: "CMYK" }),
    };
    let exif = markers.exif.and_then(|at| file.get(at));
    raster((markers.columns.into(), markers.rows.into()), bits, values, exif)
}

/// Reads a PNG file.
pub(crate) fn read_png(file: &[u8]) -> Result<Raster, ImageError> {
    ImageError::limit("file size", file.len() as u64, MAX_FILE_BYTES as u64)?;
    let mut options = DecodeOptions::default();
    // Text and colour profiles may be compressed a thousandfold and are not needed.
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(file), options);
    decoder.set_limits(Limits { bytes: 8 << 20 });
    decoder.set_transformations(Transformations::EXPAND);
    let failed = |error| ImageError::codec(PNG, error);
    let info = decoder.read_header_info().map_err(failed)?;
    let (columns, rows) = info.size();
    let area = limits::area(columns, rows, MAX_CODED_PIXELS)?;
    let bits = match info.bit_depth {
        BitDepth::Sixteen => 16,
        // Palettes and depths below 8 are expanded.
        _ => 8,
    };
    let mut reader = decoder.read_info().map_err(failed)?;
    if let Some(animation) = reader.info().animation_control()
        && animation.num_frames > 1
    {
        return Err(ImageError::Frames { count: animation.num_frames.into() });
    }
    let (color, _) = reader.output_color_type();
    let size = reader.output_buffer_size().unwrap_or(usize::MAX);
    let expected = area * color.samples() * bits / 8;
    if size != expected {
        return Err(ImageError::Length { found: size, expected });
    }
    let mut bytes = vec![0; size];
    reader.next_frame(&mut bytes).map_err(failed)?;
    let exif = reader.info().exif_metadata.as_ref().map(|exif| exif.to_vec());
    let values = if bits == 8 {
        grey_samples(&bytes, color, |&[byte]: &[u8; 1]| byte.into(), GREY_TOLERANCE, 255)
    } else {
        grey_samples(&bytes, color, |&pair: &[u8; 2]| u16::from_be_bytes(pair), GREY_TOLERANCE * 257, 65_535)
    }?;
    raster((columns, rows), bits as u16, values, exif.as_deref())
}

/// Grey values of samples of `N` bytes.
fn grey_samples<const N: usize>(
    bytes: &[u8],
    color: ColorType,
    read: impl Fn(&[u8; N]) -> u16,
    tolerance: u32,
    opaque: u16,
) -> Result<Vec<u16>, ImageError> {
    let mut samples = bytes.as_chunks::<N>().0.iter().map(read);
    // Takes the channels of one pixel; `None` behind the last.
    let mut failed = None;
    let mut check_alpha = |alpha: u16| {
        if alpha != opaque {
            failed = Some(ImageError::Transparent);
        }
    };
    let values = match color {
        ColorType::Grayscale => samples.collect(),
        ColorType::GrayscaleAlpha => std::iter::from_fn(|| {
            let value = samples.next()?;
            check_alpha(samples.next()?);
            Some(value)
        })
        .collect(),
        ColorType::Rgb => {
            let pixels = std::iter::from_fn(|| Some([samples.next()?, samples.next()?, samples.next()?]));
            grey(pixels, tolerance)?
        }
        ColorType::Rgba => {
            let pixels = std::iter::from_fn(|| {
                let pixel = [samples.next()?, samples.next()?, samples.next()?];
                check_alpha(samples.next()?);
                Some(pixel)
            });
            grey(pixels, tolerance)?
        }
        ColorType::Indexed => return Err(ImageError::Colour { how: "palette" }),
    };
    failed.map_or(Ok(values), Err)
}

/// The mean of three channels, rounded, where they are equal but for `tolerance`.
fn grey(pixels: impl Iterator<Item = [u16; 3]>, tolerance: u32) -> Result<Vec<u16>, ImageError> {
    pixels
        .map(|[r, g, b]| {
            let spread = r.max(g).max(b) - r.min(g).min(b);
            if u32::from(spread) > tolerance {
                return Err(ImageError::Colour { how: "channels differ" });
            }
            Ok(((u32::from(r) + u32::from(g) + u32::from(b) + 1) / 3) as u16)
        })
        .collect()
}

fn raster(size: (u32, u32), bits: u16, values: Vec<u16>, exif: Option<&[u8]>) -> Result<Raster, ImageError> {
    let allocated = if bits <= 8 { 8 } else { 16 };
    Ok(Raster {
        pixels: StoredPixels::new(size, allocated, bits, false, values)?,
        orientation: exif.map(Orientation::from_exif).unwrap_or_default(),
        facts: HeaderFacts { bits: Some(bits), ..HeaderFacts::default() },
    })
}
