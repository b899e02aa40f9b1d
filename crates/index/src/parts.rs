//! The files that a segment may have.

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
