//! The bytes of a frozen graph, version 1.
//!
//! Every number is an unsigned little-endian integer. A node is a row number. There is no magic and no checksum: the
//! file that carries the graph has both.
//!
//! ```text
//! offset  bytes  field
//!      0      4  version, 1
//!      4      4  node_count, at most 2^28
//!      8      4  m, 2 to 64: links of a node on a level above 0; twice as many on level 0
//!     12      4  max_level, 0 to 15
//!     16      4  entry_point: a node of level max_level; 0xFFFF_FFFF when node_count is 0
//!     20      4  stride, 1 + 2m: words (of 4 bytes) of a node on level 0
//!     24      8  offset of section A, 64
//!     32      8  offset of section B, A + 4 · stride · node_count
//!     40      8  offset of section C, B + 4 · node_count
//!     48      8  bytes of section C, a multiple of 4
//!     56      8  bytes of the whole graph, C + its bytes
//!
//! A  level 0: per node `stride` words: degree (0 to 2m), then that many links, nearest first, then zeros
//! B  upper index: per node one word: 0xFFFF_FFFF for a node of level 0, else where its record begins, in words from C
//! C  upper levels: per node above level 0, in node order, one record of 1 + level · (1 + m) words:
//!    level (1 to max_level), then for each level from 1 up 1 + m words: degree (0 to m), the links, then zeros
//! ```
//!
//! A link on a level goes to another node of at least that level. Every node can be reached from the entry point over
//! the links of level 0.

use crate::HnswError;

/// Smallest `m` (links of a node on a level above 0).
pub const MIN_M: usize = 2;
/// Largest `m`.
pub const MAX_M: usize = 64;
/// Most nodes of a graph: the words of the upper levels are counted in 32 bits, and with the smallest `m` a node has 3.5
/// of them on average.
pub const MAX_NODES: usize = 1 << 28;

/// Version written and read.
const VERSION: u32 = 1;
/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 64;
/// No node: the entry point of an empty graph, the upper record of a node of level 0.
pub(crate) const NONE: u32 = u32::MAX;
/// Levels that hnsw_rs draws: 0 to 15.
pub(crate) const LEVELS: u32 = 16;

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub node_count: u32,
    pub m: u32,
    pub max_level: u32,
    pub entry_point: u32,
    pub upper_bytes: u64,
}

impl Layout {
    /// Words of a node on level 0.
    pub fn stride(&self) -> u32 {
        1 + 2 * self.m
    }

    /// Where the links of a node on level 0 begin. Fits 64 bits for every header that [`Self::decode`] lets through.
    pub fn level_zero_offset(&self, node: u32) -> u64 {
        HEADER_BYTES as u64 + 4 * u64::from(self.stride()) * u64::from(node)
    }

    /// Where the upper index entry of a node stands.
    pub fn upper_index_offset(&self, node: u32) -> u64 {
        self.level_zero_offset(self.node_count) + 4 * u64::from(node)
    }

    /// Where the upper levels begin.
    pub fn upper_offset(&self) -> u64 {
        self.upper_index_offset(self.node_count)
    }

    /// Bytes of the whole graph.
    pub fn total_bytes(&self) -> u64 {
        self.upper_offset().saturating_add(self.upper_bytes)
    }

    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let words = [VERSION, self.node_count, self.m, self.max_level, self.entry_point, self.stride()];
        let longs = [
            self.level_zero_offset(0),
            self.upper_index_offset(0),
            self.upper_offset(),
            self.upper_bytes,
            self.total_bytes(),
        ];
        let mut header = [0; HEADER_BYTES];
        let bytes =
            words.into_iter().flat_map(u32::to_le_bytes).chain(longs.into_iter().flat_map(u64::to_le_bytes));
        header.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        header
    }

    /// Reads a header and holds every field against the others and against the length of the file.
    pub fn decode(header: &[u8; HEADER_BYTES], file_bytes: u64) -> Result<Self, HnswError> {
        let word = |offset: usize| u32::from_le_bytes(std::array::from_fn(|i| header[offset + i]));
        let long = |offset: usize| u64::from_le_bytes(std::array::from_fn(|i| header[offset + i]));
        let layout = Self {
            node_count: word(4),
            m: word(8),
            max_level: word(12),
            entry_point: word(16),
            upper_bytes: long(48),
        };
        let wrong = |field, offset: usize, found: u64, expected: u64| {
            Err(HnswError::Header { field, offset: offset as u64, found, expected })
        };
        if word(0) != VERSION {
            return wrong("version", 0, word(0).into(), VERSION.into());
        }
        if layout.node_count as usize > MAX_NODES {
            return wrong("node count", 4, layout.node_count.into(), MAX_NODES as u64);
        }
        if !(MIN_M..=MAX_M).contains(&(layout.m as usize)) {
            return wrong("m", 8, layout.m.into(), MAX_M as u64);
        }
        if layout.max_level >= LEVELS {
            return wrong("max level", 12, layout.max_level.into(), u64::from(LEVELS) - 1);
        }
        if layout.node_count == 0 && layout.entry_point != NONE {
            return wrong("entry point", 16, layout.entry_point.into(), NONE.into());
        }
        if layout.node_count > 0 && layout.entry_point >= layout.node_count {
            return wrong("entry point", 16, layout.entry_point.into(), u64::from(layout.node_count) - 1);
        }
        if word(20) != layout.stride() {
            return wrong("stride", 20, word(20).into(), layout.stride().into());
        }
        for (field, offset, expected) in [
            ("offset of level 0", 24, layout.level_zero_offset(0)),
            ("offset of the upper index", 32, layout.upper_index_offset(0)),
            ("offset of the upper levels", 40, layout.upper_offset()),
            ("bytes of the upper levels", 48, file_bytes.saturating_sub(layout.upper_offset())),
            ("bytes of the graph", 56, layout.total_bytes()),
            ("bytes of the graph", 56, file_bytes),
        ] {
            if long(offset) != expected {
                return wrong(field, offset, long(offset), expected);
            }
        }
        Ok(layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_header_reads_back_and_every_other_length_is_refused(
            node_count in 1_u32..=MAX_NODES as u32, m in 2_u32..=64, max_level in 0_u32..16,
            entry in any::<u32>(), upper in 0_u64..1 << 40, other in any::<u64>(),
        ) {
            let layout = Layout {
                node_count, m, max_level, entry_point: entry % node_count, upper_bytes: upper * 4,
            };
            let total = layout.total_bytes();
            prop_assert_eq!(Layout::decode(&layout.encode(), total).unwrap(), layout);
            prop_assume!(other != total);
            prop_assert!(Layout::decode(&layout.encode(), other).is_err());
        }
    }

    #[test]
    fn the_header_has_the_documented_bytes() {
        let layout = Layout { node_count: 3, m: 2, max_level: 1, entry_point: 2, upper_bytes: 16 };
        let expected = [
            [1, 0, 0, 0, 3, 0, 0, 0],
            [2, 0, 0, 0, 1, 0, 0, 0],
            [2, 0, 0, 0, 5, 0, 0, 0],
            [64, 0, 0, 0, 0, 0, 0, 0],
            [124, 0, 0, 0, 0, 0, 0, 0],
            [136, 0, 0, 0, 0, 0, 0, 0],
            [16, 0, 0, 0, 0, 0, 0, 0],
            [152, 0, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(layout.encode(), expected.concat().as_slice());
    }

    #[test]
    fn a_changed_field_is_named() {
        let layout = Layout { node_count: 3, m: 2, max_level: 1, entry_point: 2, upper_bytes: 16 };
        for (offset, field) in
            [(0, "version"), (4, "offset"), (8, "stride"), (16, "entry point"), (20, "stride"), (40, "upper")]
        {
            let mut header = layout.encode();
            header[offset] ^= 0x40;
            let error = Layout::decode(&header, 152).unwrap_err().to_string();
            assert!(error.contains(field) || offset == 8, "{offset}: {error}");
        }
    }
}
