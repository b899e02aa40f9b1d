//! Compressed manifests: gzip (RFC 1952) and Zstandard (RFC 8878).

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, Read};

/// How the bytes of a file are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// The compression that the extension of a file name stands for.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "gz" | "gzip" => Some(Self::Gzip),
            "zst" | "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The compression that the first bytes of a file show.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or one that is to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The extension of such a file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }

    /// The bytes as they were before.
    pub fn decoder<R: BufRead + Send + 'static>(self, reader: R) -> Box<dyn Read + Send> {
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(reader)),
            Self::Zstd => Box::new(ZstdFrames { reader, frame: FrameDecoder::new(), is_inside: false }),
        }
    }
}

/// A file of any number of Zstandard frames, as parallel compressors and `cat` make them.
struct ZstdFrames<R> {
    reader: R,
    frame: FrameDecoder,
    is_inside: bool,
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_inside {
                while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                    let one = BlockDecodingStrategy::UptoBlocks(1);
                    self.frame.decode_blocks(&mut self.reader, one).map_err(io::Error::other)?;
                }
                let read = self.frame.read(out)?;
                if read > 0 || out.is_empty() {
                    return Ok(read);
                }
                self.end_frame()?;
            } else if self.reader.fill_buf()?.is_empty() {
                return Ok(0);
            } else {
                self.begin_frame()?;
            }
        }
    }
}

impl<R: BufRead> ZstdFrames<R> {
    /// Reads the header of a frame; passes over one that is to be skipped.
    fn begin_frame(&mut self) -> io::Result<()> {
        match self.frame.init(&mut self.reader) {
            Ok(()) => self.is_inside = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let length = u64::from(length);
                if io::copy(&mut self.reader.by_ref().take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(())
    }

    /// Checks that what was unpacked is what was packed, where the frame says it.
    fn end_frame(&mut self) -> io::Result<()> {
        self.is_inside = false;
        match (self.frame.get_checksum_from_data(), self.frame.get_calculated_checksum()) {
            (Some(said), Some(found)) if said != found => {
                Err(io::Error::other("the checksum of a Zstandard frame does not hold"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::{BufReader, Write};

    fn unpacked(compression: Compression, bytes: Vec<u8>) -> io::Result<String> {
        // A buffer of 3 bytes puts every boundary somewhere.
        let mut text = String::new();
        let reader = BufReader::with_capacity(3, io::Cursor::new(bytes));
        compression.decoder(reader).read_to_string(&mut text).map(|_| text)
    }

    pub(crate) fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    pub(crate) fn zstd(text: &str) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
    }

    #[test]
    fn parts_that_were_compressed_apart_are_one_file() {
        let skipped = [&[0x51, 0x2a, 0x4d, 0x18, 2, 0, 0, 0][..], b"xy"].concat();
        for (compression, parts) in [
            (Compression::Gzip, [gzip("case_id\n"), gzip("a\n")].concat()),
            (Compression::Zstd, [zstd("case_id\n"), skipped, zstd("a\n")].concat()),
        ] {
            assert_eq!(Compression::of_bytes(&parts), Some(compression));
            assert_eq!(unpacked(compression, parts).unwrap(), "case_id\na\n");
            assert_eq!(unpacked(compression, Vec::new()).unwrap_or_default(), "");
        }
        assert_eq!(Compression::of_bytes(b"case_id,"), None);
    }

    #[test]
    fn what_is_cut_or_damaged_is_an_error_and_no_shorter_file() {
        let text = "case_id,findings\n".repeat(500);
        for (compression, whole) in [(Compression::Gzip, gzip(&text)), (Compression::Zstd, zstd(&text))] {
            for length in 1..whole.len() {
                assert!(
                    unpacked(compression, whole[..length].to_vec()).is_err(),
                    "{compression:?} of {length} bytes"
                );
            }
            let mut damaged = whole.clone();
            let last = damaged.len() - 6;
            damaged[last] ^= 1;
            assert!(unpacked(compression, damaged).is_err(), "{compression:?}");
        }
    }
}
