//! The files of a segment.

use precedent_storage::FileKind;

/// A file of a segment: its name and its kind.
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
/// Distinct vectors, and the images and cases they belong to.
pub(crate) const VECTORS: Part = part("vectors", *b"VECS");
/// Distinct vectors in 12 bits per number.
pub(crate) const PACKED: Part = part("packed", *b"PACK");
/// Codes of distinct vectors, and links between the vectors.
pub(crate) const GRAPH: Part = part("graph", *b"GRPH");
/// Field values, with the cases that have them.
pub(crate) const COLUMNS: Part = part("columns", *b"COLS");
/// Sequence number and hash of the patient key of each case.
pub(crate) const KEYS: Part = part("keys", *b"KEYS");
/// The full-text part.
pub(crate) const LEXICAL: Part = part("lexical", *b"LEXI");
/// Vectors of the parts of images.
pub(crate) const GRIDS: Part = part("grids", *b"GRID");
/// Small pictures of images.
pub(crate) const THUMBNAILS: Part = part("thumbnails", *b"THMB");
/// Vectors of the sentences of reports.
pub(crate) const SENTENCES: Part = part("sentences", *b"SENT");
/// Which sentences are evidence of a finding, in which cases.
pub(crate) const EVIDENT: Part = part("evident", *b"EVID");
/// All files that a segment may have.
pub(crate) const PARTS: [Part; 11] =
    [RECORDS, VECTORS, PACKED, GRAPH, COLUMNS, KEYS, LEXICAL, GRIDS, THUMBNAILS, SENTENCES, EVIDENT];
