//! Statistics of an index, for people and for responses.

/// The state of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentStats {
    /// Its folder under `segments`.
    pub id: String,
    /// Number of cases, including dead ones.
    pub cases: usize,
    /// Dead cases.
    pub tombstones: usize,
    /// Image embeddings.
    pub image_rows: usize,
    /// Distinct vectors.
    pub distinct_vectors: usize,
    /// How its cases are found by their vectors.
    pub access: VectorAccess,
    /// Distinct vectors that no link of the graph reached when it was built, and that were linked afterwards.
    pub repaired_vectors: usize,
    /// Bytes on disk.
    pub bytes: u64,
    /// Fingerprint of the lexicon and rules with which its reports were read; `None` if there were none yet.
    pub lexicon: Option<String>,
}

/// What a segment has for finding cases by their vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorAccess {
    /// Only the vectors, which are all compared.
    Compared,
    /// Codes, which are scanned.
    Codes,
    /// A graph, which is walked or scanned.
    Graph,
}

/// How much was read with an earlier lexicon, with other rules, or before there were any. Until a merge reads it again, its words
/// and findings are found as they were understood then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stale {
    /// Live cases, with or without a report.
    pub cases: usize,
    /// Segments.
    pub segments: usize,
}

/// The result of a full check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Empty if all is well.
    pub damages: Vec<Damage>,
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Relative to the index.
    pub file: String,
    /// What is wrong and what to do.
    pub description: String,
}
