//! The marker segments of a JPEG stream (ITU-T T.81 annex B), read before a decoder takes memory for what they declare.

use crate::ImageError;
use crate::limits::MAX_JPEG_SCANS;

pub(crate) const CODEC: &str = "JPEG";

/// How the samples are coded, by the frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// Sequential DCT.
    Sequential,
    /// Progressive DCT.
    Progressive,
    /// Lossless (process 14).
    Lossless,
    /// JPEG-LS (ITU-T T.87).
    JpegLs,
}

impl Process {
    /// The name in errors.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sequential => "JPEG with DCT",
            Self::Progressive => "progressive JPEG",
            Self::Lossless => "lossless JPEG",
            Self::JpegLs => "JPEG-LS",
        }
    }
}

/// What the headers of a stream say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Markers {
    pub(crate) process: Process,
    pub(crate) bits: u8,
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    pub(crate) components: u8,
    /// EXIF data from its TIFF header on.
    pub(crate) exif: Option<std::ops::Range<usize>>,
    /// Whether the picture ends with the marker that must end it.
    pub(crate) has_end: bool,
}

/// Walks over all marker segments up to the end of the picture. Where that is missing, the caller must see to it that the
/// scans are whole.
pub(crate) fn read(stream: &[u8]) -> Result<Markers, ImageError> {
    let damaged = |at, problem| ImageError::damaged(CODEC, at, problem);
    if !stream.starts_with(&[0xff, 0xd8]) {
        return Err(damaged(0, "no start of image"));
    }
    let mut at = 2;
    let mut frame = None;
    let mut exif = None;
    let mut scans = 0_u32;
    let mut has_end = false;
    while let Some((start, marker)) = next_marker(stream, at) {
        at = start + 2;
        match marker {
            0xd9 => {
                has_end = true;
                break;
            }
            0x01 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let segment = segment(stream, at).ok_or_else(|| damaged(start, "a marker segment is cut off"))?;
        match marker {
            0xc0 | 0xc1 | 0xc2 | 0xc3 | 0xf7 => {
                if frame.is_some() {
                    return Err(damaged(start, "two frame headers"));
                }
                let header = frame_header(marker, segment);
                frame = Some(header.ok_or_else(|| damaged(start, "a frame header is cut off"))?);
            }
            0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let name = "JPEG with arithmetic or hierarchical coding".to_owned();
                return Err(ImageError::Coding { name });
            }
            0xe1 if segment.starts_with(b"Exif\0\0") && exif.is_none() => {
                exif = Some(at + 8..at + 2 + segment.len());
            }
            0xda => {
                scans += 1;
                ImageError::limit("number of scans", u64::from(scans), MAX_JPEG_SCANS.into())?;
                if frame.is_none() {
                    return Err(damaged(start, "a scan before the frame header"));
                }
            }
            _ => {}
        }
        at += 2 + segment.len();
    }
    let mut frame = frame.ok_or_else(|| damaged(at, "no frame header"))?;
    if scans == 0 {
        return Err(damaged(at, "no scan"));
    }
    (frame.exif, frame.has_end) = (exif, has_end);
    Ok(frame)
}

/// Where the next marker begins at or behind `at`, and its code. Entropy-coded data is passed over: there a byte of 0xff is
/// followed by 0, or in JPEG-LS by a byte below 0x80.
pub(crate) fn next_marker(stream: &[u8], mut at: usize) -> Option<(usize, u8)> {
    loop {
        let found = at + stream.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match stream.get(found + 1)? {
            0xff => at = found + 1,
            code @ (0x01 | 0x80..) => return Some((found, *code)),
            _ => at = found + 2,
        }
    }
}

/// The bytes of the segment whose length stands at `at`.
pub(crate) fn segment(stream: &[u8], at: usize) -> Option<&[u8]> {
    let length = u16::from_be_bytes(*stream.get(at..)?.first_chunk()?);
    stream.get(at + 2..at + usize::from(length)).filter(|_| length >= 2)
}

fn frame_header(marker: u8, segment: &[u8]) -> Option<Markers> {
    let &[bits, r0, r1, c0, c1, components] = segment.first_chunk()?;
    let process = match marker {
        0xc3 => Process::Lossless,
        0xf7 => Process::JpegLs,
        0xc2 => Process::Progressive,
        _ => Process::Sequential,
    };
    let (rows, columns) = (u16::from_be_bytes([r0, r1]), u16::from_be_bytes([c0, c1]));
    Some(Markers { process, bits, rows, columns, components, exif: None, has_end: false })
}
