//! The bytes of a frozen graph, version 3, or 4 if links are stored in blocks.
//!
//! All numbers are little-endian, and unsigned integers unless stated otherwise. A node is a row number. There is no magic number
//! and no checksum: the file that contains the graph has both.
//!
//! ```text
//! offset  bytes  field
//!      0      4  version, 3, or 4 where level 0 is blocks
//!      4      4  node_count, at most 2^28
//!      8      4  m, 2 to 64: links of a node on a level above 0
//!     12      4  m0, m to 4m: links of a node on level 0; 0 where there are no links, but codes alone
//!     16      4  max_level, 0 to 15
//!     20      4  entry_point: a node of level max_level; 0xFFFF_FFFF when node_count or m0 is 0
//!     24      4  walks of the recall table, at most 32
//!     28      4  f32: what slack is added to distances before a share of them is taken: four deviations of an estimate by first
//!                  codes, for a query of length 1 (less the mean)
//!     32      8  offset of A, 128            40  8  offset of B            48  8  offset of C, a multiple of 4
//!     56      8  offset of D                 64  8  offset of E            72  8  offset of F
//!     80      8  offset of H                 88  8  bytes of the whole graph
//!     96      4  nodes that could not be reached over the links of level 0 after the build
//!    100      4  links that were added for them, so that they can
//!    104      4  scans of the recall table, at most 32
//!    108      4  bytes of a block of links (`precedent_vector`); 0 where level 0 is lists
//!    112      4  blocks of starts, at most 64                         116   4  bytes of G
//!    120      8  zeros
//!
//! A  level 0: per node m0 words of 4 bytes, its links, nearest first, then 0xFFFF_FFFF; padded to 16 words a node.
//!    Or per node a block of its links, of which m0 is 32, then the blocks of starts: of some nodes spread over all, as if each
//!    were linked from the mean of the vectors
//! B  upper index: per node one word: 0xFFFF_FFFF for a node of level 0, else where its record begins, in words from C
//! C  upper levels: per node above level 0, in node order, one record of 1 + level · m words: level (1 to max_level), then
//!    for each level from 1 up its links, then 0xFFFF_FFFF
//! D  the quantiser (`precedent_vector`), none when node_count is 0
//! E  the first code of each node, from a multiple of 64
//! F  the rest of each node's code
//! G  the quantiser of the blocks (`precedent_vector`), none where there are none
//! H  the recall table, all f32: 8 errors of estimates, for a query of length 1, that 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005 and 0.0002 of the true
//!    neighbours exceed (0 where not measured); per walk its slack, what it finds of the 10, 30, 100, 300 and 1,000 nearest, and the codes
//!    it compares for each of these; per scan its width as a multiple of those wanted, and what it finds of as many
//! ```
//!
//! A link on a level leads to another node of at least that level. If there are links, every node can be reached from the entry
//! point over the links of level 0.

use crate::recall::{ERROR_BYTES, RecallTable, SCAN_POINT_BYTES, WALK_POINT_BYTES};
use crate::{HnswError, Pages};
use precedent_vector::{BLOCK_LINKS, quads_of};

/// Smallest `m` (links of a node above level 0).
pub const MIN_M: usize = 2;
/// Largest `m`.
pub const MAX_M: usize = 64;
/// Most links of a node on level 0.
pub(crate) const MAX_LINKS: usize = 4 * MAX_M;
/// Most nodes of a graph: the words of the upper levels are counted in 32 bits, and with the smallest `m` a node has 3.5 of them
/// on average.
pub const MAX_NODES: usize = 1 << 28;

/// Versions that are written and read: with lists, and with blocks.
pub(crate) const VERSIONS: [u32; 2] = [3, 4];
/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 128;
/// Header offset of the audit's result.
pub(crate) const AUDIT_OFFSET: usize = 96;
/// Header offset of the number of scans in the recall table.
const SCANS_OFFSET: usize = 104;
/// Header offset of the length of a block of links, the number of start blocks, and the length of their quantiser.
const BLOCKS_OFFSET: usize = 108;
/// Header offset of the zeros.
const RESERVED_OFFSET: usize = 120;
/// Most start blocks.
const MAX_STARTS: u32 = 64;
/// Most bytes of the quantiser of blocks.
const MAX_LINK_QUANTISER_BYTES: u32 = 1 << 24;
/// No node: the entry point of an empty graph, the upper record of a node of level 0, or a free place for a link.
pub(crate) const NONE: u32 = u32::MAX;
/// Number of levels: 0 to 15.
pub(crate) const LEVELS: u32 = 16;
/// Most walks, and most scans, in the recall table.
pub(crate) const MAX_POINTS: u32 = 32;
/// A node's links on level 0 are padded to a multiple of this many words: a cache line.
const STRIDE: u32 = 16;
/// Offsets in the header.
const OFFSETS: [&str; 8] = [
    "offset of level 0",
    "offset of the upper index",
    "offset of the upper levels",
    "offset of the quantiser",
    "offset of the codes",
    "offset of the rests",
    "offset of the recall table",
    "bytes of the graph",
];

/// The fields of the header, and what follows from them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GraphHeader {
    pub node_count: u32,
    pub m: u32,
    pub m0: u32,
    pub max_level: u32,
    pub entry_point: u32,
    pub walk_points: u32,
    pub scan_points: u32,
    pub spread: f32,
    pub upper_bytes: u64,
    pub quantiser_bytes: u64,
    /// Bytes of a node's first code.
    pub code_bytes: u64,
    /// Bytes of the rest of a node's code.
    pub rest_bytes: u64,
    /// Nodes that could not be reached, by the audit after the build.
    pub unreachable: u32,
    /// Links that the audit added.
    pub repaired: u32,
    /// Bytes of a block of links; 0 if level 0 is stored in lists.
    pub block_bytes: u32,
    /// Start blocks, after those of the nodes.
    pub start_blocks: u32,
    pub link_quantiser_bytes: u32,
}

impl GraphHeader {
    /// Words per node on level 0.
    pub fn stride(&self) -> u32 {
        match self.block_bytes {
            0 => self.m0.next_multiple_of(STRIDE),
            bytes => bytes / 4,
        }
    }

    /// Offset of the links of a node on level 0. It fits 64 bits for every header that [`Self::decode`] accepts.
    pub fn level_zero_offset(&self, node: u32) -> u64 {
        HEADER_BYTES as u64 + 4 * u64::from(self.stride()) * u64::from(node)
    }

    /// Offset of the upper index entry of a node.
    pub fn upper_index_offset(&self, node: u32) -> u64 {
        self.level_zero_offset(self.node_count + self.start_blocks) + 4 * u64::from(node)
    }

    /// Offset of the upper levels.
    pub fn upper_offset(&self) -> u64 {
        self.upper_index_offset(self.node_count)
    }

    pub fn quantiser_offset(&self) -> u64 {
        self.upper_offset().saturating_add(self.upper_bytes)
    }

    pub fn code_offset(&self, node: u32) -> u64 {
        let codes = self.quantiser_offset().saturating_add(self.quantiser_bytes);
        let aligned = codes.checked_next_multiple_of(64).unwrap_or(u64::MAX);
        aligned.saturating_add(self.code_bytes * u64::from(node))
    }

    pub fn rest_offset(&self, node: u32) -> u64 {
        self.code_offset(self.node_count).saturating_add(self.rest_bytes * u64::from(node))
    }

    pub fn link_quantiser_offset(&self) -> u64 {
        self.rest_offset(self.node_count)
    }

    pub fn table_offset(&self) -> u64 {
        self.link_quantiser_offset().saturating_add(self.link_quantiser_bytes.into())
    }

    /// Bytes of the recall table.
    pub fn table_bytes(&self) -> u64 {
        ERROR_BYTES
            + WALK_POINT_BYTES * u64::from(self.walk_points)
            + SCAN_POINT_BYTES * u64::from(self.scan_points)
    }

    /// Bytes of the whole graph.
    pub fn total_bytes(&self) -> u64 {
        self.table_offset().saturating_add(self.table_bytes())
    }

    fn offsets(&self) -> [u64; 8] {
        [
            self.level_zero_offset(0),
            self.upper_index_offset(0),
            self.upper_offset(),
            self.quantiser_offset(),
            self.code_offset(0),
            self.rest_offset(0),
            self.table_offset(),
            self.total_bytes(),
        ]
    }

    /// The same with another recall table.
    fn with_table(self, table: &RecallTable) -> Self {
        Self {
            walk_points: table.walks.len() as u32,
            scan_points: table.scans.len() as u32,
            spread: table.spread,
            ..self
        }
    }

    fn version(&self) -> u32 {
        VERSIONS[usize::from(self.block_bytes > 0)]
    }

    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let words = [
            self.version(),
            self.node_count,
            self.m,
            self.m0,
            self.max_level,
            self.entry_point,
            self.walk_points,
            self.spread.to_bits(),
        ];
        let mut header = [0; HEADER_BYTES];
        let bytes = (words.into_iter().flat_map(u32::to_le_bytes))
            .chain(self.offsets().into_iter().flat_map(u64::to_le_bytes))
            .chain(
                [
                    self.unreachable,
                    self.repaired,
                    self.scan_points,
                    self.block_bytes,
                    self.start_blocks,
                    self.link_quantiser_bytes,
                ]
                .into_iter()
                .flat_map(u32::to_le_bytes),
            );
        header.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        header
    }

    /// Decodes a header and checks each field against the others and the length of the file.
    pub fn decode(header: &[u8; HEADER_BYTES], file_bytes: u64) -> Result<Self, HnswError> {
        let word = |offset: usize| u32::from_le_bytes(std::array::from_fn(|i| header[offset + i]));
        let long = |offset: usize| u64::from_le_bytes(std::array::from_fn(|i| header[offset + i]));
        let wrong = |field, offset: usize, found: u64, expected: u64| {
            Err(HnswError::Header { field, offset: offset as u64, found, expected })
        };
        if !VERSIONS.contains(&word(0)) {
            return wrong("version", 0, word(0).into(), VERSIONS[0].into());
        }
        let [node_count, m, m0, max_level, entry_point, walk_points] =
            std::array::from_fn(|place| word(4 + 4 * place));
        for (field, offset, most) in [
            ("node count", 4, MAX_NODES as u64),
            ("m", 8, MAX_M as u64),
            ("m0", 12, 4 * u64::from(m)),
            ("max level", 16, u64::from(LEVELS) - 1),
            ("walks of the recall table", 24, u64::from(MAX_POINTS)),
            ("scans of the recall table", SCANS_OFFSET, u64::from(MAX_POINTS)),
        ] {
            if u64::from(word(offset)) > most {
                return wrong(field, offset, word(offset).into(), most);
            }
        }
        if (m as usize) < MIN_M {
            return wrong("m", 8, m.into(), MIN_M as u64);
        }
        let links = m0 > 0;
        if links && m0 < m {
            return wrong("m0", 12, m0.into(), m.into());
        }
        if (node_count == 0 || !links) && entry_point != NONE {
            return wrong("entry point", 20, entry_point.into(), NONE.into());
        }
        if node_count > 0 && links && entry_point >= node_count {
            return wrong("entry point", 20, entry_point.into(), u64::from(node_count) - 1);
        }
        let spread = f32::from_bits(word(28));
        if !(spread.is_finite() && spread.is_sign_positive()) {
            return wrong("spread", 28, word(28).into(), f32::MAX.to_bits().into());
        }
        if header[RESERVED_OFFSET..].iter().any(|&byte| byte != 0) {
            return wrong("reserved bytes", RESERVED_OFFSET, 1, 0);
        }
        let [block_bytes, start_blocks, link_quantiser_bytes] =
            [BLOCKS_OFFSET, BLOCKS_OFFSET + 4, BLOCKS_OFFSET + 8].map(word);
        let has_blocks = word(0) == VERSIONS[1];
        if has_blocks != (block_bytes > 0) {
            return wrong("bytes of a block", BLOCKS_OFFSET, block_bytes.into(), has_blocks.into());
        }
        if block_bytes > 0 && (quads_of(block_bytes as usize).is_none() || m0 as usize != BLOCK_LINKS) {
            return wrong("bytes of a block", BLOCKS_OFFSET, block_bytes.into(), 0);
        }
        let most = |limit: u32| if block_bytes > 0 { limit } else { 0 };
        for (field, offset, most) in [
            ("blocks of starts", BLOCKS_OFFSET + 4, most(MAX_STARTS)),
            ("bytes of the quantiser of blocks", BLOCKS_OFFSET + 8, most(MAX_LINK_QUANTISER_BYTES)),
        ] {
            if word(offset) > most {
                return wrong(field, offset, word(offset).into(), most.into());
            }
        }
        let [unreachable, repaired] = [AUDIT_OFFSET, AUDIT_OFFSET + 4].map(word);
        if unreachable > node_count {
            return wrong("nodes that were lost", AUDIT_OFFSET, unreachable.into(), node_count.into());
        }
        if repaired > unreachable {
            return wrong("links for lost nodes", AUDIT_OFFSET + 4, repaired.into(), unreachable.into());
        }
        // What is between two offsets is checked with the later one.
        let between = |from: usize, to: usize| long(to).saturating_sub(long(from));
        let per_node = |bytes: u64| bytes.checked_div(node_count.into()).unwrap_or(0);
        let mut layout = Self {
            node_count,
            m,
            m0,
            max_level,
            entry_point,
            walk_points,
            scan_points: word(SCANS_OFFSET),
            spread,
            upper_bytes: between(48, 56) / 4 * 4,
            quantiser_bytes: 0,
            code_bytes: per_node(between(64, 72)),
            rest_bytes: per_node(between(72, 80).saturating_sub(link_quantiser_bytes.into())),
            unreachable,
            repaired,
            block_bytes,
            start_blocks,
            link_quantiser_bytes,
        };
        // The codes begin at a multiple of 64, so no offset gives the length of the quantiser; its own header does.
        layout.quantiser_bytes = between(56, 64);
        for ((field, expected), offset) in OFFSETS.into_iter().zip(layout.offsets()).zip((32..).step_by(8)) {
            if long(offset) != expected {
                return wrong(field, offset, long(offset), expected);
            }
        }
        if layout.total_bytes() != file_bytes {
            return wrong("bytes of the graph", 88, layout.total_bytes(), file_bytes);
        }
        Ok(layout)
    }
}

/// Replaces the recall table of a graph.
pub(crate) fn put_table(bytes: &mut Vec<u8>, table: &RecallTable) -> Result<(), HnswError> {
    let layout = read_header(bytes.as_slice())?;
    bytes.truncate(layout.table_offset() as usize);
    bytes.extend(table.to_bytes());
    let header = layout.with_table(table).encode();
    bytes.iter_mut().zip(header).for_each(|(place, byte)| *place = byte);
    Ok(())
}

/// The layout given by the first bytes, checked against the number of bytes.
pub(crate) fn read_header<P: Pages + ?Sized>(pages: &P) -> Result<GraphHeader, HnswError> {
    let file_bytes = pages.len() as u64;
    if pages.len() < HEADER_BYTES {
        let (field, expected) = ("bytes of the graph", HEADER_BYTES as u64);
        return Err(HnswError::Header { field, offset: 0, found: file_bytes, expected });
    }
    let bytes = pages.bytes(0..HEADER_BYTES).map_err(HnswError::pages)?;
    let mut header = [0; HEADER_BYTES];
    header.iter_mut().zip(bytes).for_each(|(place, &byte)| *place = byte);
    GraphHeader::decode(&header, file_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layout() -> GraphHeader {
        GraphHeader {
            node_count: 3,
            m: 2,
            m0: 4,
            max_level: 1,
            entry_point: 2,
            walk_points: 1,
            scan_points: 2,
            spread: 0.5,
            upper_bytes: 16,
            quantiser_bytes: 20,
            code_bytes: 64,
            rest_bytes: 64,
            unreachable: 2,
            repaired: 1,
            block_bytes: 0,
            start_blocks: 0,
            link_quantiser_bytes: 0,
        }
    }

    proptest! {
        #[test]
        fn a_header_reads_back_and_every_other_length_is_refused(
            node_count in 1_u32..=MAX_NODES as u32, m in 2_u32..=64, wide in 1_u32..=4, max_level in 0_u32..16,
            entry in any::<u32>(), upper in 0_u64..1 << 40, quantiser in 0_u64..1 << 20, lines in 1_u64..5,
            quads in 0_u32..=16, other in any::<u64>(),
        ) {
            let layout = GraphHeader {
                node_count, m, m0: wide * m, max_level, entry_point: entry % node_count, walk_points: 7, scan_points: 3, spread: 1.5,
                upper_bytes: upper * 4, quantiser_bytes: quantiser, code_bytes: 64 * lines, rest_bytes: 64,
                unreachable: entry % node_count, repaired: (entry % node_count) / 2,
                block_bytes: 0, start_blocks: 0, link_quantiser_bytes: 0,
            };
            let layout = match quads {
                0 => layout,
                quads => GraphHeader {
                    m: m.clamp(8, 32), m0: 32, block_bytes: 256 + 64 * quads, start_blocks: quads, link_quantiser_bytes: 99, ..layout
                },
            };
            let total = layout.total_bytes();
            let read = GraphHeader::decode(&layout.encode(), total).unwrap();
            prop_assert_eq!(read.offsets(), layout.offsets());
            prop_assert_eq!(GraphHeader { quantiser_bytes: layout.quantiser_bytes, ..read }, layout);
            prop_assume!(other != total);
            prop_assert!(GraphHeader::decode(&layout.encode(), other).is_err());
        }
    }

    #[test]
    fn the_header_has_the_documented_bytes() {
        let words = [3_u32, 3, 2, 4, 1, 2, 1, 0x3f00_0000];
        let longs = [128_u64, 320, 332, 348, 384, 576, 768, 892, 0x1_0000_0002, 2, 0, 0];
        let expected: Vec<u8> = words
            .into_iter()
            .flat_map(u32::to_le_bytes)
            .chain(longs.into_iter().flat_map(u64::to_le_bytes))
            .collect();
        assert_eq!(layout().encode().as_slice(), expected);
    }

    #[test]
    fn a_changed_field_is_named() {
        for (offset, field) in [
            (0, "version"),
            (4, "offset"),
            (12, "m0"),
            (20, "entry point"),
            (32, "level 0"),
            (48, "upper"),
            (96, "lost"),
            (100, "links for"),
            (104, "scans"),
            (108, "block"),
            (112, "starts"),
            (116, "quantiser of blocks"),
            (120, "reserved"),
        ] {
            let mut header = layout().encode();
            header[offset] ^= 0x40;
            let error = GraphHeader::decode(&header, 892).unwrap_err().to_string();
            assert!(error.contains(field), "{offset}: {error}");
        }
    }
}
