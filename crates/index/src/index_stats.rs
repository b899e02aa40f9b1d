//! Statistics of an index.

use crate::{IndexError, SegmentStats, Snapshot, Stale};
use precedent_storage::{Storage, StorageError};
use std::collections::BTreeMap;

/// The state of one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexStats {
    /// Number of the generation.
    pub generation: u64,
    /// Live cases.
    pub cases: usize,
    /// Cases deleted or replaced but not yet merged away.
    pub tombstones: usize,
    /// Image embeddings of all cases, dead ones included.
    pub image_rows: usize,
    /// Distinct vectors among them, counted segment by segment.
    pub distinct_vectors: usize,
    /// Durable operations that are not yet in a segment.
    pub pending_operations: usize,
    /// Fingerprint of the current lexicon and rules for reading reports: 16 hexadecimal digits.
    pub lexicon: String,
    /// What was read with others.
    pub stale: Stale,
    /// The segments, in the order of the manifest.
    pub segments: Vec<SegmentStats>,
    /// Bytes on disk by kind of file: `records`, `vectors`, `graph`, `columns`, `lexical`, `grids`,
    /// `thumbnails`, `sentences`, `tombstones`, `log`.
    pub file_bytes: BTreeMap<String, u64>,
}

impl IndexStats {
    /// Statistics of a generation, with the number of operations that wait for the next one.
    ///
    /// # Errors
    /// A file system error.
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
