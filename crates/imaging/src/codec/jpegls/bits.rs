//! The bits of a scan. Behind a byte of 0xff, the first bit of the next byte is filling (T.87 C.2.1).

use super::CODEC;
use crate::ImageError;

/// Reads bits up to the next marker; what lies behind it is no data.
pub(super) struct BitReader<'a> {
    stream: &'a [u8],
    at: usize,
    /// The next bits, the first uppermost.
    buffer: u64,
    count: u32,
    behind_ff: bool,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(stream: &'a [u8], at: usize) -> Self {
        Self { stream, at, buffer: 0, count: 0, behind_ff: false }
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.stream.get(self.at) else { return };
            if byte == 0xff && self.stream.get(self.at + 1).is_none_or(|&next| next & 0x80 != 0) {
                return;
            }
            let width = if self.behind_ff { 7 } else { 8 };
            self.buffer |= u64::from(byte) << (64 - width) >> self.count;
            self.count += width;
            self.behind_ff = byte == 0xff;
            self.at += 1;
        }
    }

    pub(super) fn damaged(&self, problem: &'static str) -> ImageError {
        ImageError::damaged(CODEC, self.at, problem)
    }

    fn drop_bits(&mut self, count: u32) {
        self.buffer = self.buffer.checked_shl(count).unwrap_or(0);
        self.count -= count;
    }

    /// The next `count` bits, at most 32, as a number.
    pub(super) fn read(&mut self, count: u32) -> Result<u32, ImageError> {
        if count == 0 {
            return Ok(0);
        }
        if self.count < count {
            self.fill();
        }
        if self.count < count {
            return Err(self.damaged("a scan ends before the picture does"));
        }
        let value = (self.buffer >> (64 - count)) as u32;
        self.drop_bits(count);
        Ok(value)
    }

    /// How many zeros come before the next one, which is taken, too; more than `most` are an error.
    pub(super) fn zeros(&mut self, most: u32) -> Result<u32, ImageError> {
        let mut zeros = 0;
        loop {
            if self.count < 32 {
                self.fill();
            }
            let here = self.buffer.leading_zeros().min(self.count);
            zeros += here;
            if zeros > most {
                return Err(self.damaged("a code is longer than any can be"));
            }
            if here < self.count {
                self.drop_bits(here + 1);
                return Ok(zeros);
            }
            if self.count == 0 {
                return Err(self.damaged("a scan ends before the picture does"));
            }
            self.drop_bits(here);
        }
    }

    /// Passes over the restart marker of a number from 0 to 7.
    pub(super) fn take_restart(&mut self, number: u8) -> Result<(), ImageError> {
        self.fill();
        // Up to seven bits fill the last byte, and seven more stand behind one of 0xff.
        if self.count > 14 || self.stream.get(self.at..self.at + 2) != Some(&[0xff, 0xd0 | number]) {
            return Err(self.damaged("no restart marker where one must be"));
        }
        self.at += 2;
        (self.buffer, self.count, self.behind_ff) = (0, 0, false);
        Ok(())
    }

    /// Where the reader stands, in bytes; at or before the marker that ends the scan.
    pub(super) fn position(&self) -> usize {
        self.at
    }
}
