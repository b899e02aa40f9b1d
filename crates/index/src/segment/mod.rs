//! An immutable part of the index: the files of one folder under `segments` (FORMAT.md, "Segments").

mod beside;
mod builder;
mod columns;
mod evident;
mod image_parts;
mod keys;
mod lexical_pages;
mod nearest;
mod open;
mod packed_vectors;
mod patients;
mod plan;
mod projections;
mod records;
mod sentences;
mod table;
mod vectors;

pub(crate) use beside::Beside;
pub(crate) use builder::{GraphWork, SegmentBuilder};
pub use columns::ValueCounts;
pub(crate) use columns::count_values;
pub use evident::{SentenceTable, evident};
pub(crate) use nearest::{Accepted, VectorSearch};
pub use nearest::{LeftOutCase, NearestCase, SegmentPath};
pub(crate) use open::{GraphPages, Segment};
pub use plan::Effort;
pub(crate) use records::Records;

use crate::parts::{
    COLUMNS, EVIDENT, GRAPH, GRIDS, KEYS, LEXICAL, PACKED, RECORDS, SENTENCES, THUMBNAILS, VECTORS,
};
