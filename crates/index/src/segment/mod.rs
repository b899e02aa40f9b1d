//! An immutable part of the index: the files of one folder under `segments` (FORMAT.md, "Segments").

mod builder;
mod columns;
mod keys;
mod lexical_pages;
mod nearest;
mod open;
mod packed;
mod patients;
mod plan;
mod projections;
mod records;
mod size;
mod table;
mod vectors;

pub(crate) use builder::{GraphWork, SegmentBuilder};
pub use columns::ValueCounts;
pub(crate) use columns::count_values;
pub(crate) use nearest::{Accepted, VectorSearch};
pub use nearest::{LeftOutCase, NearestCase, SegmentPath};
pub(crate) use open::{GraphPages, Segment};
pub use plan::Effort;
pub(crate) use records::Records;
pub use size::SegmentSize;

use precedent_storage::FileKind;

/// A file of a segment: what it is called and what it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub name: &'static str,
    pub kind: FileKind,
}

const fn part(name: &'static str, tag: [u8; 4]) -> Part {
    Part { name, kind: FileKind { tag, version: 1 } }
}

/// Cases as protobuf, by ordinal.
pub(crate) const RECORDS: Part = part("records", *b"RECS");
/// Distinct vectors, and which images of which cases they are of.
pub(crate) const VECTORS: Part = part("vectors", *b"VECS");
/// Distinct vectors in 12 bits a number.
pub(crate) const PACKED: Part = part("packed", *b"PACK");
/// Codes of distinct vectors, and links between them.
pub(crate) const GRAPH: Part = part("graph", *b"GRPH");
/// Field values to cases.
pub(crate) const COLUMNS: Part = part("columns", *b"COLS");
/// Sequence number of every case, and a hash of its patient key.
pub(crate) const KEYS: Part = part("keys", *b"KEYS");
/// The full-text part.
pub(crate) const LEXICAL: Part = part("lexical", *b"LEXI");
/// Every file that a segment may have.
pub(crate) const PARTS: [Part; 7] = [RECORDS, VECTORS, PACKED, GRAPH, COLUMNS, KEYS, LEXICAL];
