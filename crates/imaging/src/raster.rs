//! PNG and JPEG files: grey pictures whose whole range is shown.

use crate::ImageError;
use crate::codec::jpeg;
use crate::facts::HeaderFacts;
use crate::grey::{self, Tolerance};
use crate::limits::{self, MAX_CODED_SAMPLES, MAX_FILE_BYTES};
use crate::orientation::Orientation;
use crate::stored::{Excess, StoredPixels};
use png::{BitDepth, ColorType, DecodeOptions, Decoder, Limits, Transformations};
use precedent_model::MAX_IMAGE_PIXELS;
use std::io::Cursor;

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
    let file = jpeg::trim(file);
    let exif = jpeg::markers(file)?.exif.and_then(|at| file.get(at));
    let samples = jpeg::decode(file, Tolerance::Tint, false)?;
    let values = match samples.components {
        1 => samples.values,
        _ => {
            grey::from_rgb(samples.values.as_chunks::<3>().0.iter().copied(), samples.bits, Tolerance::Tint)?
        }
    };
    raster((samples.columns, samples.rows), samples.bits, values, exif)
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
    let size = info.size();
    let has_alpha = matches!(info.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba);
    // Rows that do not come in their order need the whole picture in memory.
    let most = if info.interlaced { MAX_CODED_SAMPLES / info.color_type.samples() } else { MAX_IMAGE_PIXELS };
    let area = limits::area(size.0, size.1, most)?;
    // Palettes and depths below 8 are expanded.
    let bits = if info.bit_depth == BitDepth::Sixteen { 16 } else { 8 };
    let interlaced = info.interlaced;
    let mut reader = decoder.read_info().map_err(failed)?;
    if let Some(animation) = reader.info().animation_control()
        && animation.num_frames > 1
    {
        return Err(ImageError::Frames { count: animation.num_frames.into() });
    }
    let (color, _) = reader.output_color_type();
    let samples = PngSamples { color, bits, has_alpha };
    let mut values = Vec::new();
    if interlaced {
        let mut bytes = vec![0; reader.output_buffer_size().unwrap_or(0)];
        reader.next_frame(&mut bytes).map_err(failed)?;
        samples.append(&bytes, &mut values)?;
    } else {
        while let Some(row) = reader.next_row().map_err(failed)? {
            samples.append(row.data(), &mut values)?;
        }
    }
    if values.len() != area {
        return Err(ImageError::Length { found: values.len(), expected: area });
    }
    let exif = reader.info().exif_metadata.as_ref().map(|exif| exif.to_vec());
    raster(size, bits, values, exif.as_deref())
}

/// How the samples of a PNG lie behind one another.
struct PngSamples {
    color: ColorType,
    bits: u16,
    /// Whether the file has a channel of opacity. One that stands for a transparent colour (tRNS) is passed over: the colour
    /// is there all the same.
    has_alpha: bool,
}

impl PngSamples {
    /// Appends the grey values of some rows.
    fn append(&self, bytes: &[u8], values: &mut Vec<u16>) -> Result<(), ImageError> {
        if self.bits == 8 {
            return self.append_samples(bytes.iter().map(|&byte| byte.into()), values);
        }
        self.append_samples(bytes.as_chunks().0.iter().map(|&pair| u16::from_be_bytes(pair)), values)
    }

    fn append_samples(
        &self,
        mut samples: impl Iterator<Item = u16>,
        values: &mut Vec<u16>,
    ) -> Result<(), ImageError> {
        let opaque = if self.bits == 8 { 0xff } else { 0xffff };
        let colours = match self.color {
            ColorType::Grayscale | ColorType::GrayscaleAlpha => 1,
            ColorType::Rgb | ColorType::Rgba => 3,
            ColorType::Indexed => return Err(ImageError::Colour { how: "palette" }),
        };
        if self.color == ColorType::Grayscale {
            values.extend(samples);
            return Ok(());
        }
        let skips_alpha = matches!(self.color, ColorType::GrayscaleAlpha | ColorType::Rgba);
        while let Some(first) = samples.next() {
            let pixel = if colours == 1 {
                [first; 3]
            } else {
                [first, samples.next().unwrap_or(0), samples.next().unwrap_or(0)]
            };
            values.push(
                grey::of_rgb(pixel, self.bits, Tolerance::Tint)
                    .ok_or(ImageError::Colour { how: "channels differ" })?,
            );
            if skips_alpha && samples.next() != Some(opaque) && self.has_alpha {
                return Err(ImageError::Transparent);
            }
        }
        Ok(())
    }
}

fn raster(size: (u32, u32), bits: u16, values: Vec<u16>, exif: Option<&[u8]>) -> Result<Raster, ImageError> {
    let allocated = if bits <= 8 { 8 } else { 16 };
    Ok(Raster {
        pixels: StoredPixels::new(size, allocated, bits, false, values, Excess::Refuse)?,
        orientation: exif.map(Orientation::from_exif).unwrap_or_default(),
        facts: HeaderFacts { bits: Some(bits), ..HeaderFacts::default() },
    })
}
