//! Figures about an index, for people and for replies.

use crate::{IndexError, Snapshot};
use precedent_storage::{Storage, StorageError};
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
    /// Fingerprint of the lexicon and rules by which reports are read now: 16 hexadecimal digits.
    pub lexicon: String,
    /// What was read by others.
    pub stale: Stale,
    /// The segments, in the order of the manifest.
    pub segments: Vec<SegmentStats>,
    /// Bytes on disk by kind of file: `records`, `vectors`, `graph`, `columns`, `lexical`, `tombstones`, `log`.
    pub file_bytes: BTreeMap<String, u64>,
}

impl IndexStats {
    /// Figures of a generation, with the operations that wait for the next.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn of(storage: &dyn Storage, snapshot: &Snapshot, pending: usize) -> Result<Self, IndexError> {
        let segments = snapshot.segment_stats();
        let mut file_bytes = BTreeMap::new();
        let mut add = |kind: &str, bytes: u64| *file_bytes.entry(kind.to_owned()).or_default() += bytes;
        for entry in &snapshot.manifest.segments {
            entry.files.iter().for_each(|file| add(&file.name, file.bytes));
            entry.tombstones.iter().for_each(|tombstones| add("tombstones", tombstones.file.bytes));
        }
        for name in storage.list("log")? {
            match storage.len(&format!("log/{name}")) {
                Ok(bytes) => add("log", bytes),
                // The writer has just removed it.
                Err(StorageError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self {
            generation: snapshot.generation(),
            cases: snapshot.cases(),
            tombstones: segments.iter().map(|segment| segment.tombstones).sum(),
            image_rows: segments.iter().map(|segment| segment.image_rows).sum(),
            distinct_vectors: segments.iter().map(|segment| segment.distinct_vectors).sum(),
            pending_operations: pending,
            lexicon: snapshot.reader().lexicon().fingerprint().to_owned(),
            stale: snapshot.stale(),
            segments,
            file_bytes,
        })
    }
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
