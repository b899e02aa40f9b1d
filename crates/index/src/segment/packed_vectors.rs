//! `packed`: the distinct vectors in 12 bits per number.
//!
//! ```text
//! records  bytes x nodes: every distinct vector as `precedent_vector::pack` writes it, in the order of `vectors`
//! ```
//!
//! Searches that need not be exact measure with these: they wait for less than half the memory, and the file `vectors` need not
//! be in memory at all. Only segments with a graph have this file.

use super::table::{TableFile, write_bytes};
use super::vectors::Vectors;
use crate::IndexError;
use precedent_hnsw::{Measure, RowQuery, VectorRows};
use precedent_storage::{SealedFile, SealedWriter};
use precedent_vector::{Metric, PackedDistance, pack, packed_bytes, prefetch, stands_for};
use std::ops::Range;

/// Writes all vectors of a segment.
pub(crate) fn write_packed(vectors: &Vectors, writer: &mut SealedWriter) -> Result<(), IndexError> {
    let mut packed = Vec::with_capacity(packed_bytes(vectors.dimension()));
    for node in 0..vectors.nodes() as u32 {
        packed.clear();
        pack(vectors.values(node)?, &mut packed);
        write_bytes(writer, &packed)?;
    }
    Ok(())
}

/// The packed vectors of a segment.
#[derive(Debug)]
pub(crate) struct PackedVectors {
    file: TableFile,
    distance: PackedDistance,
    /// Bytes per vector.
    size: usize,
    nodes: usize,
}

impl PackedVectors {
    pub fn open(file: TableFile, dimension: usize, metric: Metric) -> Result<Self, IndexError> {
        let size = packed_bytes(dimension);
        if !file.len().is_multiple_of(size) {
            return Err(file.damaged(format!("it holds no whole number of records of {size} bytes")));
        }
        Ok(Self { nodes: file.len() / size, file, distance: PackedDistance::new(metric), size })
    }

    pub fn nodes(&self) -> usize {
        self.nodes
    }

    pub fn sealed(&self) -> &SealedFile {
        self.file.sealed()
    }

    /// Whether the packed form of a vector matches these numbers.
    pub fn stands_for(&self, node: u32, values: &[f32]) -> Result<bool, IndexError> {
        Ok(stands_for(self.file.bytes(self.range(node)?)?, values))
    }

    /// Verifies the packed form of a vector again.
    pub fn recheck(&self, node: u32) -> Result<(), IndexError> {
        self.file.recheck(self.range(node)?)
    }

    /// The distance of a vector from a query, from its packed form.
    #[inline]
    pub fn measure(&self, node: u32, query: &RowQuery<'_>) -> Result<Measure, IndexError> {
        let packed = self.file.bytes(self.range(node)?)?;
        let distance = self.distance.measure(query.numbers(), packed);
        Ok(Measure { distance, error: self.distance.error(query.norm(), packed, distance) })
    }

    /// Prefetches the bytes of a vector.
    #[inline]
    pub fn prefetch(&self, node: u32) -> Result<(), IndexError> {
        prefetch(self.file.bytes(self.range(node)?)?);
        Ok(())
    }

    fn range(&self, node: u32) -> Result<Range<usize>, IndexError> {
        if node as usize >= self.nodes {
            return Err(self.file.damaged(format!("it has no vector {node}")));
        }
        Ok(node as usize * self.size..(node as usize + 1) * self.size)
    }
}
