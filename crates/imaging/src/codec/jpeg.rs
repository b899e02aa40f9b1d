//! JPEG: sequential and progressive DCT of 8 bits (jpeg-decoder), sequential DCT of up to 12 bits (`jpeg_sequential.rs`),
//! lossless of up to 16 (`jpeg_lossless.rs`), and JPEG-LS (`jpegls.rs`).

use super::jpeg_markers::{self, CODEC, Markers, Process};
use super::{Samples, jpeg_lossless, jpeg_sequential, jpegls};
use crate::ImageError;
use crate::grey::{self, Tolerance};
use crate::limits;
use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};
use precedent_model::MAX_IMAGE_PIXELS;
use std::borrow::Cow;

/// The stream without the bytes of filling that may stand before any marker (T.81 B.1.1.2), the first included.
pub(crate) fn trim(stream: &[u8]) -> &[u8] {
    let filling = stream.iter().take_while(|&&byte| byte == 0xff).count();
    stream.get(filling.saturating_sub(1)..).unwrap_or_default()
}

/// What the headers of a stream say.
pub(crate) fn markers(stream: &[u8]) -> Result<Markers, ImageError> {
    jpeg_markers::read(trim(stream))
}

/// Decodes a stream of any kind that is supported. Colour comes out as grey where the channels of every pixel are equal,
/// else it is refused; a lossless or JPEG-LS stream may come out with three components.
///
/// `is_rgb` says that the channels may be red, green and blue although nothing in the stream says so.
pub(crate) fn decode(stream: &[u8], tolerance: Tolerance, is_rgb: bool) -> Result<Samples, ImageError> {
    let stream = trim(stream);
    let markers = jpeg_markers::read(stream)?;
    limits::area(markers.columns.into(), markers.rows.into(), MAX_IMAGE_PIXELS)?;
    let (values, lossy) = match (markers.process, markers.bits) {
        (Process::JpegLs, _) => return jpegls::decode(stream),
        (Process::Sequential, 9..=12) if markers.components == 1 => {
            (jpeg_sequential::decode_grey(stream)?, true)
        }
        (Process::Sequential | Process::Progressive, 8) => {
            (decode_dct(stream, &markers, tolerance, is_rgb)?, true)
        }
        (Process::Lossless, 2..=16) => return decode_lossless(stream, &markers),
        (process, bits) => {
            return Err(ImageError::Coding { name: format!("{} of {bits} bits", process.name()) });
        }
    };
    Ok(Samples {
        columns: markers.columns.into(),
        rows: markers.rows.into(),
        bits: markers.bits.into(),
        signed: false,
        lossy,
        components: 1,
        values,
    })
}

fn decode_lossless(stream: &[u8], markers: &Markers) -> Result<Samples, ImageError> {
    if !matches!(markers.components, 1 | 3) {
        return Err(ImageError::field("number of components", markers.components, "1 or 3"));
    }
    Ok(Samples {
        columns: markers.columns.into(),
        rows: markers.rows.into(),
        bits: markers.bits.into(),
        signed: false,
        lossy: false,
        components: markers.components.into(),
        values: jpeg_lossless::decode(stream)?,
    })
}

fn decode_dct(
    stream: &[u8],
    markers: &Markers,
    tolerance: Tolerance,
    is_rgb: bool,
) -> Result<Vec<u16>, ImageError> {
    let mut stream = Cow::Borrowed(stream);
    // Where data is missing, the library goes on with grey.
    if markers.process == Process::Sequential {
        jpeg_sequential::check_whole(&stream)?;
    }
    if !markers.has_end {
        if markers.process == Process::Progressive {
            return Err(ImageError::damaged(CODEC, stream.len(), "no end of image"));
        }
        stream.to_mut().extend([0xff, 0xd9]);
    }
    match decode_by_library(&stream, markers, tolerance, None) {
        // Without a mark, three channels are taken for luminance and two of colour.
        Err(ImageError::Colour { .. }) if is_rgb && markers.components == 3 => {
            decode_by_library(&stream, markers, tolerance, Some(ColorTransform::RGB))
        }
        other => other,
    }
}

fn decode_by_library(
    stream: &[u8],
    markers: &Markers,
    tolerance: Tolerance,
    transform: Option<ColorTransform>,
) -> Result<Vec<u16>, ImageError> {
    if !matches!(markers.components, 1 | 3 | 4) {
        return Err(ImageError::field("number of components", markers.components, "1"));
    }
    let area = usize::from(markers.columns) * usize::from(markers.rows);
    let mut decoder = Decoder::new(stream);
    decoder.set_max_decoding_buffer_size(area * 8);
    if let Some(transform) = transform {
        decoder.set_color_transform(transform);
    }
    let bytes = decoder.decode().map_err(|error| ImageError::codec(CODEC, error))?;
    let format = match decoder.info() {
        Some(info) => info.pixel_format,
        None => return Err(ImageError::damaged(CODEC, 0, "no frame header")),
    };
    let expected = area * format.pixel_bytes();
    if bytes.len() != expected {
        return Err(ImageError::Length { found: bytes.len(), expected });
    }
    match format {
        PixelFormat::L8 => Ok(bytes.into_iter().map(u16::from).collect()),
        PixelFormat::L16 => Err(ImageError::damaged(CODEC, 0, "more bits than the frame header says")),
        PixelFormat::RGB24 => {
            grey::from_rgb(bytes.as_chunks::<3>().0.iter().map(|pixel| pixel.map(u16::from)), 8, tolerance)
        }
        PixelFormat::CMYK32 => Err(ImageError::Colour { how: "CMYK" }),
    }
}
