//! JPEG: sequential and progressive DCT of 8 bits, and lossless of up to 16 (jpeg-decoder).

use super::jpeg_markers::{self, CODEC, Markers, Process};
use crate::ImageError;
use crate::limits::{self, MAX_CODED_PIXELS};
use jpeg_decoder::{Decoder, PixelFormat};

/// A decoded stream, channels side by side.
pub(crate) struct Jpeg {
    pub(crate) markers: Markers,
    pub(crate) format: PixelFormat,
    pub(crate) bytes: Vec<u8>,
}

/// Decodes a stream of any kind that is supported.
pub(crate) fn decode(stream: &[u8]) -> Result<Jpeg, ImageError> {
    let markers = jpeg_markers::read(stream)?;
    let area = limits::area(markers.columns.into(), markers.rows.into(), MAX_CODED_PIXELS)?;
    let supported = match markers.process {
        Process::Dct => markers.bits == 8,
        Process::Lossless => (8..=16).contains(&markers.bits),
        Process::JpegLs => false,
    };
    if !supported {
        let name = match markers.process {
            Process::JpegLs => "JPEG-LS".to_owned(),
            Process::Dct => format!("JPEG with DCT of {} bits", markers.bits),
            Process::Lossless => format!("lossless JPEG of {} bits", markers.bits),
        };
        return Err(ImageError::Coding { name });
    }
    if !matches!(markers.components, 1 | 3 | 4) {
        return Err(ImageError::field("number of components", markers.components, "1"));
    }
    let mut decoder = Decoder::new(stream);
    decoder.set_max_decoding_buffer_size(area * 8);
    let bytes = decoder.decode().map_err(|error| ImageError::codec(CODEC, error))?;
    let format = match decoder.info() {
        Some(info) => info.pixel_format,
        None => return Err(ImageError::damaged(CODEC, 0, "no frame header")),
    };
    let expected = area * format.pixel_bytes();
    if bytes.len() != expected {
        return Err(ImageError::Length { found: bytes.len(), expected });
    }
    Ok(Jpeg { markers, format, bytes })
}

/// Decodes one grey picture of `columns` × `rows`, and says how many bits its samples have.
pub(crate) fn decode_grey(stream: &[u8], columns: u32, rows: u32) -> Result<(Vec<u16>, u16), ImageError> {
    let markers = jpeg_markers::read(stream)?;
    ImageError::agree(CODEC, "number of components", markers.components, 1_u64)?;
    ImageError::agree(CODEC, "number of columns", markers.columns, columns)?;
    ImageError::agree(CODEC, "number of rows", markers.rows, rows)?;
    let jpeg = decode(stream)?;
    let values = match jpeg.format {
        PixelFormat::L8 => jpeg.bytes.into_iter().map(u16::from).collect(),
        // The decoder gives words in the order of the machine.
        PixelFormat::L16 => jpeg.bytes.as_chunks().0.iter().map(|&pair| u16::from_ne_bytes(pair)).collect(),
        PixelFormat::RGB24 | PixelFormat::CMYK32 => {
            return Err(ImageError::Colour { how: "JPEG components" });
        }
    };
    Ok((values, markers.bits.into()))
}
