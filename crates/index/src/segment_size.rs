//! The size of a segment, and its limit.

/// The size of a segment, in the measures that limit it. As a limit, it may only be exceeded by the last case of a segment.
///
/// tantivy holds the words of a segment being written in an arena of at most 4 GiB, column tables have 32-bit offsets, and a
/// merge holds all of both, so segments must be limited. The limit also determines how long a merge runs, and how much of the
/// archive one damaged file affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SegmentSize {
    /// Number of cases, or of live cases.
    pub cases: u64,
    /// Memory that full text, fields and sentences take while the segment is written, in bytes.
    pub text_bytes: u64,
    /// Distinct vectors at full precision, in bytes.
    pub vector_bytes: u64,
    /// Local vectors and thumbnails, in bytes on disk.
    pub local_bytes: u64,
}

impl SegmentSize {
    /// The default limit of a segment.
    pub const LARGEST: Self =
        Self { cases: 2_000_000, text_bytes: 1 << 30, vector_bytes: 4 << 30, local_bytes: 32 << 30 };

    /// No limit.
    pub const UNLIMITED: Self =
        Self { cases: u64::MAX, text_bytes: u64::MAX, vector_bytes: u64::MAX, local_bytes: u64::MAX };

    /// Whether a segment of this size accepts no further case under a limit.
    pub(crate) fn is_full(&self, limit: &Self) -> bool {
        self.share_of(limit) >= 1.0
    }

    /// The largest share that it takes of any of the limits.
    pub(crate) fn share_of(&self, limit: &Self) -> f64 {
        let share = |part: u64, limit: u64| part as f64 / limit.max(1) as f64;
        share(self.cases, limit.cases)
            .max(share(self.text_bytes, limit.text_bytes))
            .max(share(self.vector_bytes, limit.vector_bytes))
            .max(share(self.local_bytes, limit.local_bytes))
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            cases: self.cases + other.cases,
            text_bytes: self.text_bytes + other.text_bytes,
            vector_bytes: self.vector_bytes + other.vector_bytes,
            local_bytes: self.local_bytes + other.local_bytes,
        }
    }
}
