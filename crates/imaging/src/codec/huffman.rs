//! Huffman-coded data of JPEG (ITU-T T.81 annexes C and F): tables, and the bits between two markers.

use super::jpeg_markers::CODEC;
use crate::ImageError;

/// A code longer than this is looked up by its length (T.81 F.2.2.3).
const LOOKUP_BITS: u32 = 9;
const MOST_BITS: usize = 16;

/// One table of codes.
pub(crate) struct Table {
    /// Length (0 where the code is longer) and symbol, by the next [`LOOKUP_BITS`] bits.
    lookup: Vec<(u8, u8)>,
    /// By length less 1: one behind the last code, filled up to 16 bits.
    ends: [u32; MOST_BITS],
    /// By length less 1: index of the first symbol less the first code.
    offsets: [i32; MOST_BITS],
    symbols: Vec<u8>,
}

impl Table {
    /// The table of a DHT segment, by the number of codes of each length; `None` where there are more codes than bits.
    pub(crate) fn new(counts: &[u8; MOST_BITS], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            lookup: vec![(0, 0); 1 << LOOKUP_BITS],
            ends: [0; MOST_BITS],
            offsets: [0; MOST_BITS],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        for (at, &count) in counts.iter().enumerate() {
            let length = at as u32 + 1;
            *table.offsets.get_mut(at)? = index as i32 - code as i32;
            for _ in 0..count {
                let symbol = *symbols.get(index)?;
                if code >= 1 << length {
                    return None;
                }
                table.note(code, length, symbol);
                code += 1;
                index += 1;
            }
            *table.ends.get_mut(at)? = code << (MOST_BITS as u32 - length);
            code <<= 1;
        }
        Some(table)
    }

    fn note(&mut self, code: u32, length: u32, symbol: u8) {
        if let Some(spare) = LOOKUP_BITS.checked_sub(length) {
            let from = (code << spare) as usize;
            if let Some(entries) = self.lookup.get_mut(from..from + (1 << spare)) {
                entries.fill((length as u8, symbol));
            }
        }
    }
}

/// Reads bits up to the next marker. A byte of 0xff in the data is followed by one of 0.
pub(crate) struct BitReader<'a> {
    stream: &'a [u8],
    at: usize,
    buffer: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(stream: &'a [u8], at: usize) -> Self {
        Self { stream, at, buffer: 0, count: 0 }
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.stream.get(self.at) else { return };
            if byte == 0xff {
                if self.stream.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.buffer |= u64::from(byte) << 56 >> self.count;
            self.count += 8;
            self.at += 1;
        }
    }

    pub(crate) fn damaged(&self, problem: &'static str) -> ImageError {
        ImageError::damaged(CODEC, self.at, problem)
    }

    fn take(&mut self, count: u32) -> Result<(), ImageError> {
        if count > self.count {
            return Err(self.damaged("a scan ends before the picture does"));
        }
        self.buffer = self.buffer.checked_shl(count).unwrap_or(0);
        self.count -= count;
        Ok(())
    }

    /// The symbol of the next code.
    pub(crate) fn symbol(&mut self, table: &Table) -> Result<u8, ImageError> {
        if self.count < MOST_BITS as u32 {
            self.fill();
        }
        let next = (self.buffer >> 48) as u32;
        let short = next >> (MOST_BITS as u32 - LOOKUP_BITS);
        if let Some(&(length @ 1.., symbol)) = table.lookup.get(short as usize) {
            self.take(length.into())?;
            return Ok(symbol);
        }
        let long = table.ends.iter().zip(table.offsets).enumerate().find(|(_, (end, _))| next < **end);
        let Some((at, (_, offset))) = long else {
            return Err(
                self.damaged("a code that no table has, or the end of a scan before that of the picture")
            );
        };
        let length = at as u32 + 1;
        self.take(length)?;
        let code = (next >> (MOST_BITS as u32 - length)) as i32;
        let symbol = usize::try_from(code + offset).ok().and_then(|index| table.symbols.get(index));
        symbol.copied().ok_or_else(|| self.damaged("a code that no table has"))
    }

    /// A number of `size` bits, at most 16, of which a first bit of 0 makes a negative one (T.81 F.2.2.1).
    pub(crate) fn number(&mut self, size: u32) -> Result<i32, ImageError> {
        if size == 0 {
            return Ok(0);
        }
        if self.count < size {
            self.fill();
        }
        let bits = (self.buffer >> (64 - size)) as i32;
        self.take(size)?;
        Ok(if bits < 1 << (size - 1) { bits - (1 << size) + 1 } else { bits })
    }

    /// Passes over a restart marker, whatever its number.
    pub(crate) fn take_restart(&mut self) -> Result<(), ImageError> {
        self.fill();
        if self.count > 7 || !matches!(self.stream.get(self.at..), Some([0xff, 0xd0..=0xd7, ..])) {
            return Err(self.damaged("no restart marker where one must be"));
        }
        self.at += 2;
        (self.buffer, self.count) = (0, 0);
        Ok(())
    }

    /// Where the reader stands, in bytes; at or before the marker that ends the scan.
    pub(crate) fn position(&self) -> usize {
        self.at
    }
}
