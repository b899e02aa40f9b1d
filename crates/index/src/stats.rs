//! Figures about an index, for people and for replies.

use std::collections::BTreeMap;

/// The state of one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexStats {
    /// Number of the generation.
    pub generation: u64,
    /// Live cases.
    pub cases: usize,
    /// Cases deleted or replaced and not yet merged away.
    pub tombstones: usize,
    /// Image embeddings of all cases, dead ones included.
    pub image_rows: usize,
    /// Distinct vectors among them, counted segment by segment.
    pub distinct_vectors: usize,
    /// Durable operations that are not yet in a segment.
    pub pending_operations: usize,
    /// The segments, in the order of the manifest.
    pub segments: Vec<SegmentStats>,
    /// Bytes on disk by kind of file: `records`, `vectors`, `graph`, `columns`, `lexical`, `tombstones`, `log`.
    pub file_bytes: BTreeMap<String, u64>,
}

/// The state of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentStats {
    /// Its folder under `segments`.
    pub id: String,
    /// Cases, dead ones included.
    pub cases: usize,
    /// Dead cases.
    pub tombstones: usize,
    /// Image embeddings.
    pub image_rows: usize,
    /// Distinct vectors.
    pub distinct_vectors: usize,
    /// Whether it has a graph or is compared whole.
    pub has_graph: bool,
    /// Bytes on disk.
    pub bytes: u64,
}

/// What a full check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Empty when all is well.
    pub damages: Vec<Damage>,
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Relative to the index.
    pub file: String,
    /// What is wrong and what to do.
    pub description: String,
}
