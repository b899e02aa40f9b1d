//! The marker segments of a JPEG-LS stream (T.87 annex C).

use super::CODEC;
use super::model::Preset;
use crate::ImageError;

/// What the frame header says.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameHeader {
    pub(super) bits: u16,
    pub(super) rows: u32,
    pub(super) columns: u32,
    pub(super) components: usize,
}

/// How the components of a scan follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interleave {
    None,
    Line,
    Sample,
}

/// What is known of a scan before its first bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan {
    pub(super) components: usize,
    pub(super) interleave: Interleave,
    pub(super) preset: Preset,
    /// Lines between restart markers, or 0.
    pub(super) restart_lines: u32,
}

/// Walks from marker to marker.
pub(super) struct Reader<'a> {
    stream: &'a [u8],
    at: usize,
    /// MAXVAL, T1, T2, T3 and RESET of the last preset segment; 0 stands for the default.
    preset: [u16; 5],
    restart_lines: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Result<Self, ImageError> {
        if !stream.starts_with(&[0xff, 0xd8]) {
            return Err(ImageError::damaged(CODEC, 0, "no start of image"));
        }
        Ok(Self { stream, at: 2, preset: [0; 5], restart_lines: 0 })
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    fn damaged<T>(&self, problem: &'static str) -> Result<T, ImageError> {
        Err(ImageError::damaged(CODEC, self.at, problem))
    }

    /// The next marker and the segment behind it.
    fn segment(&mut self) -> Result<(u8, &'a [u8]), ImageError> {
        // What an encoder put between the data of a scan and the next marker is passed over.
        while let Some(&[first, second]) = self.stream.get(self.at..self.at + 2).and_then(<[u8]>::first_chunk)
        {
            if first == 0xff && second & 0x80 != 0 && second != 0xff {
                break;
            }
            self.at += 1;
        }
        let Some(&[_, marker]) = self.stream.get(self.at..).and_then(<[u8]>::first_chunk) else {
            return self.damaged("the stream ends before the picture does");
        };
        if marker == 0xd9 {
            return self.damaged("the end of the image comes before the picture");
        }
        let length = self.stream.get(self.at + 2..).and_then(<[u8]>::first_chunk);
        let length = length.map_or(0, |&bytes| usize::from(u16::from_be_bytes(bytes)));
        match self.stream.get(self.at + 4..self.at + 2 + length) {
            Some(segment) if length >= 2 => {
                self.at += 2 + length;
                Ok((marker, segment))
            }
            _ => self.damaged("a marker segment is cut off"),
        }
    }

    /// Reads up to the frame header.
    pub(super) fn frame(&mut self) -> Result<FrameHeader, ImageError> {
        loop {
            let (marker, segment) = self.segment()?;
            match marker {
                0xf7 => return self.frame_header(segment),
                0xda => return self.damaged("a scan before the frame header"),
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcf => {
                    return self.damaged("a frame header of another coding");
                }
                _ => self.other(marker, segment)?,
            }
        }
    }

    fn frame_header(&self, segment: &[u8]) -> Result<FrameHeader, ImageError> {
        let Some((&[bits, r0, r1, c0, c1, components], specifications)) = segment.split_first_chunk() else {
            return self.damaged("the frame header is cut off");
        };
        if !(2..=16).contains(&bits) {
            return Err(ImageError::Coding { name: format!("JPEG-LS of {bits} bits") });
        }
        if !matches!(components, 1 | 3 | 4) || specifications.len() < 3 * usize::from(components) {
            return Err(ImageError::field("number of JPEG-LS components", components, "1 or 3"));
        }
        if specifications.chunks_exact(3).any(|component| component.get(1) != Some(&0x11)) {
            return Err(ImageError::Coding { name: "JPEG-LS with subsampling".to_owned() });
        }
        Ok(FrameHeader {
            bits: bits.into(),
            rows: u16::from_be_bytes([r0, r1]).into(),
            columns: u16::from_be_bytes([c0, c1]).into(),
            components: components.into(),
        })
    }

    /// Reads up to the data of the next scan.
    pub(super) fn scan(&mut self, frame: &FrameHeader) -> Result<Scan, ImageError> {
        loop {
            let (marker, segment) = self.segment()?;
            match marker {
                0xda => return self.scan_header(segment, frame),
                0xf7 => return self.damaged("two frame headers"),
                _ => self.other(marker, segment)?,
            }
        }
    }

    fn scan_header(&self, segment: &[u8], frame: &FrameHeader) -> Result<Scan, ImageError> {
        let count = usize::from(segment.first().copied().unwrap_or(0));
        let tables = segment.get(1..1 + 2 * count).unwrap_or_default();
        let Some(&[near, interleave, transform]) = segment.get(1 + 2 * count..).and_then(<[u8]>::first_chunk)
        else {
            return self.damaged("a scan header is cut off");
        };
        if tables.chunks_exact(2).any(|table| table.get(1) != Some(&0)) {
            return Err(ImageError::Coding { name: "JPEG-LS with a mapping table".to_owned() });
        }
        if transform & 0x0f != 0 {
            return Err(ImageError::Coding { name: "JPEG-LS with a point transform".to_owned() });
        }
        let interleave = match (interleave, count) {
            (0, 1) | (1 | 2, 1) => Interleave::None,
            (1, 2..=4) => Interleave::Line,
            (2, 2..=4) => Interleave::Sample,
            _ => return self.damaged("a scan with an interleave that cannot be"),
        };
        let preset = Preset::new(self.preset, frame.bits, near.into());
        let preset = preset.ok_or_else(|| {
            ImageError::damaged(CODEC, self.at, "preset parameters outside what the standard allows")
        })?;
        Ok(Scan { components: count, interleave, preset, restart_lines: self.restart_lines })
    }

    /// Takes a segment that may stand anywhere.
    fn other(&mut self, marker: u8, segment: &[u8]) -> Result<(), ImageError> {
        match (marker, segment) {
            (0xf8, [1, values @ ..]) => {
                let (words, rest) = values.as_chunks::<2>();
                if words.len() != 5 || !rest.is_empty() {
                    return self.damaged("a preset segment of another length");
                }
                for (value, &word) in self.preset.iter_mut().zip(words) {
                    *value = u16::from_be_bytes(word);
                }
            }
            // Mapping tables alone change nothing: a scan that uses one says so.
            (0xf8, [2 | 3, ..]) => {}
            (0xf8, _) => return Err(ImageError::Coding { name: "JPEG-LS with an extension".to_owned() }),
            (0xdd, &[high, low]) => self.restart_lines = u16::from_be_bytes([high, low]).into(),
            (0xdd, &[b0, b1, b2]) => self.restart_lines = u32::from_be_bytes([0, b0, b1, b2]),
            (0xdd, &[b0, b1, b2, b3]) => self.restart_lines = u32::from_be_bytes([b0, b1, b2, b3]),
            (0xe8, [b'm', b'r', b'f', b'x', transform, ..]) if *transform != 0 => {
                return Err(ImageError::Coding { name: "JPEG-LS with a colour transform".to_owned() });
            }
            _ => {}
        }
        Ok(())
    }
}
