//! `vectors`: distinct vectors (nodes), image rows, and the case of each row.
//!
//! ```text
//! values      f32 x nodes x dimension, from byte 0: every distinct vector once, in order of first appearance
//! row_nodes   u32 x rows: the vector of each row; rows stand in the order of (ordinal, image)
//! row_images  u32 x rows: the index of the image in its case
//! case_rows   u32 x (cases + 1): which rows a case has
//! row_cases   u32 x rows: the ordinal of each row
//! node_rows   u32 x (nodes + 1), then u32 x rows: which rows have a vector
//! trailer     u64 x 9: offsets of the five tables and of the list behind node_rows, nodes, rows, cases
//! ```
//!
//! Tables are aligned to 8 bytes. Copies share a node, because otherwise they would link only to each other and become a sink in
//! the graph. Two vectors are considered equal if their XXH3-128 hashes are.

use super::packed_vectors::PackedVectors;
use super::table::{TableFile, write_bytes, write_table};
use crate::{IndexError, OrdinalSet};
use precedent_hnsw::{Measure, RowQuery, VectorRows};
use precedent_storage::{FileEntry, SealedFile, SealedWriter};
use precedent_vector::prefetch;
use std::collections::HashMap;
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_128;

pub(crate) struct VectorsWriter {
    writer: SealedWriter,
    nodes: HashMap<u128, u32>,
    row_nodes: Vec<u32>,
    row_images: Vec<u32>,
    row_cases: Vec<u32>,
    case_rows: Vec<u32>,
}

impl VectorsWriter {
    pub fn new(writer: SealedWriter) -> Self {
        Self {
            writer,
            nodes: HashMap::new(),
            row_nodes: Vec::new(),
            row_images: Vec::new(),
            row_cases: Vec::new(),
            case_rows: vec![0],
        }
    }

    /// Adds the next case with its embeddings, if any.
    pub fn push<'a>(
        &mut self,
        embeddings: impl IntoIterator<Item = (usize, &'a [f32])>,
    ) -> Result<(), IndexError> {
        let ordinal = self.case_rows.len() as u32 - 1;
        for (image, values) in embeddings {
            let bytes: &[u8] = bytemuck::cast_slice(values);
            let next = self.nodes.len() as u32;
            let node = *self.nodes.entry(xxh3_128(bytes)).or_insert(next);
            if node == next {
                write_bytes(&mut self.writer, bytes)?;
            }
            self.row_nodes.push(node);
            self.row_images.push(image as u32);
            self.row_cases.push(ordinal);
        }
        self.case_rows.push(self.row_nodes.len() as u32);
        Ok(())
    }

    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    pub fn rows(&self) -> usize {
        self.row_nodes.len()
    }

    pub fn finish(mut self) -> Result<FileEntry, IndexError> {
        let (nodes, rows, cases) = (self.nodes.len(), self.row_nodes.len(), self.case_rows.len() - 1);
        let mut offsets = vec![0_u32; nodes + 1];
        for &node in &self.row_nodes {
            offsets[node as usize + 1] += 1;
        }
        for node in 0..nodes {
            offsets[node + 1] += offsets[node];
        }
        let mut next = offsets.clone();
        let mut node_rows = vec![0_u32; rows];
        for (row, &node) in self.row_nodes.iter().enumerate() {
            node_rows[next[node as usize] as usize] = row as u32;
            next[node as usize] += 1;
        }
        let mut trailer = Vec::with_capacity(9);
        for table in
            [&self.row_nodes, &self.row_images, &self.case_rows, &self.row_cases, &offsets, &node_rows]
        {
            trailer.push(write_table(&mut self.writer, table)?);
        }
        trailer.extend([nodes as u64, rows as u64, cases as u64]);
        write_table(&mut self.writer, &trailer)?;
        Ok(self.writer.finish()?)
    }
}

/// The vectors of a segment. A node is a `u32` below `nodes`, a row one below `rows`.
#[derive(Debug)]
pub(crate) struct Vectors {
    file: TableFile,
    dimension: usize,
    row_nodes: usize,
    row_images: usize,
    case_rows: usize,
    row_cases: usize,
    node_offsets: usize,
    node_rows: usize,
    nodes: usize,
    rows: usize,
    cases: usize,
    /// What inexact searches measure with, if there is anything besides the vectors themselves.
    packed: Option<PackedVectors>,
}

impl Vectors {
    pub fn open(
        file: TableFile,
        dimension: usize,
        packed: Option<PackedVectors>,
    ) -> Result<Self, IndexError> {
        let trailer = file.trailer(9)?;
        let at = |index: usize| trailer[index] as usize;
        let vectors = Self {
            dimension,
            row_nodes: at(0),
            row_images: at(1),
            case_rows: at(2),
            row_cases: at(3),
            node_offsets: at(4),
            node_rows: at(5),
            nodes: at(6),
            rows: at(7),
            cases: at(8),
            packed,
            file,
        };
        let values = vectors.nodes.checked_mul(dimension).and_then(|count| count.checked_mul(4));
        if values.is_none_or(|bytes| bytes > vectors.row_nodes) {
            let problem = format!("{} vectors of dimension {dimension} do not fit in it", vectors.nodes);
            return Err(vectors.file.damaged(problem));
        }
        Ok(vectors)
    }

    pub fn sealed(&self) -> &SealedFile {
        self.file.sealed()
    }

    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// The packed vectors, if there are any.
    pub fn packed(&self) -> Option<&PackedVectors> {
        self.packed.as_ref()
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    /// The vector of a node.
    #[inline]
    pub fn values(&self, node: u32) -> Result<&[f32], IndexError> {
        if node as usize >= self.nodes {
            return Err(self.file.damaged(format!("it has no vector {node}")));
        }
        self.file.slice(node as usize * self.dimension * 4, self.dimension)
    }

    /// Checks the vector of a node, trusted since its block was first read, against its packed form, which takes a fraction of a
    /// microsecond, or else against the checksum of its block.
    pub fn confirm(&self, node: u32) -> Result<(), IndexError> {
        match &self.packed {
            Some(packed) if packed.stands_for(node, self.values(node)?)? => Ok(()),
            Some(packed) => {
                self.recheck(node)?;
                packed.recheck(node)?;
                Err(self.file.damaged(format!("vector {node} is not the one that was packed")))
            }
            None => self.recheck(node),
        }
    }

    /// Verifies the vector of a node again.
    pub fn recheck(&self, node: u32) -> Result<(), IndexError> {
        let start = node as usize * self.dimension * size_of::<f32>();
        self.file.recheck(start..start + self.dimension * size_of::<f32>())
    }

    /// The rows of a case.
    #[inline]
    pub fn rows_of_case(&self, ordinal: u32) -> Result<Range<usize>, IndexError> {
        if ordinal as usize >= self.cases {
            return Err(self.file.damaged(format!("it has no case {ordinal}")));
        }
        self.within(self.file.span::<u32>(self.case_rows, ordinal as usize)?)
    }

    /// The rows of a node.
    #[inline]
    pub fn rows_of_node(&self, node: u32) -> Result<&[u32], IndexError> {
        if node as usize >= self.nodes {
            return Err(self.file.damaged(format!("it has no vector {node}")));
        }
        let span = self.within(self.file.span::<u32>(self.node_offsets, node as usize)?)?;
        self.file.slice(self.node_rows.saturating_add(span.start * 4), span.len())
    }

    /// Whether one of the cases with this node's vector satisfies `is`.
    #[inline]
    pub fn any_case_of_node(&self, node: u32, is: impl Fn(u32) -> bool) -> Result<bool, IndexError> {
        for &row in self.rows_of_node(node)? {
            if is(self.case_of_row(row as usize)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The nodes of these cases.
    pub fn nodes_of_cases(&self, ordinals: &OrdinalSet) -> Result<OrdinalSet, IndexError> {
        let case_rows: &[u32] = self.file.slice(self.case_rows, self.cases + 1)?;
        let row_nodes: &[u32] = self.file.slice(self.row_nodes, self.rows)?;
        let mut nodes = OrdinalSet::none(self.nodes);
        for ordinal in ordinals.iter() {
            let rows = case_rows.get(ordinal as usize..).and_then(<[u32]>::first_chunk);
            let of_case = rows.and_then(|&[start, end]| row_nodes.get(start as usize..end as usize));
            let Some(of_case) = of_case else {
                return Err(self.file.damaged(format!("the rows of case {ordinal} are not there")));
            };
            nodes.insert_all(of_case);
        }
        Ok(nodes)
    }

    /// The vector of a row.
    #[inline]
    pub fn node_of_row(&self, row: usize) -> Result<u32, IndexError> {
        self.row(self.row_nodes, row)
    }

    /// The image that a row belongs to, within its case.
    #[inline]
    pub fn image_of_row(&self, row: usize) -> Result<u32, IndexError> {
        self.row(self.row_images, row)
    }

    /// The case that a row belongs to.
    #[inline]
    pub fn case_of_row(&self, row: usize) -> Result<u32, IndexError> {
        self.row(self.row_cases, row)
    }

    fn row(&self, table: usize, row: usize) -> Result<u32, IndexError> {
        if row >= self.rows {
            return Err(self.file.damaged(format!("it has no row {row}")));
        }
        self.file.value(table, row)
    }

    fn within(&self, rows: Range<usize>) -> Result<Range<usize>, IndexError> {
        if rows.end <= self.rows {
            return Ok(rows);
        }
        Err(self.file.damaged(format!("a list names row {}", rows.end)))
    }
}

impl VectorRows for Vectors {
    type Error = IndexError;

    fn len(&self) -> usize {
        self.nodes
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    #[inline]
    fn row(&self, node: u32) -> Result<&[f32], IndexError> {
        self.values(node)
    }

    #[inline]
    fn measure(&self, node: u32, query: &RowQuery<'_>) -> Result<Measure, IndexError> {
        match &self.packed {
            Some(packed) => packed.measure(node, query),
            None => Ok(Measure { distance: query.distance(self.values(node)?), error: 0.0 }),
        }
    }

    #[inline]
    fn prefetch(&self, node: u32) -> Result<(), IndexError> {
        match &self.packed {
            Some(packed) => packed.prefetch(node),
            None => {
                prefetch(self.values(node)?);
                Ok(())
            }
        }
    }
}
