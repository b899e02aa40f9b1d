//! Figures about an index, for people and for replies.

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
    /// How its cases are found by their vectors.
    pub access: VectorAccess,
    /// Distinct vectors that could not be reached over the links of the graph when it was built, and now can.
    pub repaired_vectors: usize,
    /// Bytes on disk.
    pub bytes: u64,
    /// Fingerprint of the lexicon and rules by which its reports were read; `None` when there were none yet.
    pub lexicon: Option<String>,
}

/// What a segment has to find cases by their vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorAccess {
    /// The vectors alone: all are compared.
    Compared,
    /// Codes of them, which are scanned.
    Codes,
    /// A graph, which is walked or scanned.
    Graph,
}

/// How much was read by another lexicon, by other rules, or before there were any. Until a merge has read it anew its
/// words and findings are found as they were understood then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stale {
    /// Live cases, with a report or without.
    pub cases: usize,
    /// Segments.
    pub segments: usize,
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
