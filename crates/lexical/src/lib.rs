//! Full text over reports: one analyzer, one schema, BM25 with the statistics of a snapshot's live cases.
//!
//! The only crate that knows tantivy, of which it uses the term dictionary, the posting lists and the positions. A
//! segment is written once as a bundle of bytes and read in place; several segments with their deleted ordinals make a
//! snapshot, and a query scores the same there however its cases are spread over segments.
//!
//! ```
//! use precedent_lexical::{LexicalSegment, LexicalSnapshot, LexicalWriter, OwnedBytes, TextQuery};
//! use precedent_model::{Report, SectionKind};
//! use std::sync::Arc;
//!
//! let mut writer = LexicalWriter::new()?;
//! writer.add(Some(&Report::new([(SectionKind::Impression, "Left pleural effusion.")])?))?;
//! writer.add(None)?;
//! writer.add(Some(&Report::new([(SectionKind::Impression, "No effusion.")])?))?;
//! let bundle = writer.finish()?;
//!
//! let segment = Arc::new(LexicalSegment::open(Arc::new(OwnedBytes::new(bundle)))?);
//! let snapshot = LexicalSnapshot::new([(segment, &[][..])])?;
//! let query = TextQuery::parse(r#"effusion "left pleural" impression:left -pneumothorax"#)?;
//! let top = snapshot.top(&query, 10, &|_, _| true, &|_, ordinal| ordinal.into(), &|| false)?;
//! assert_eq!(top.hits.iter().map(|hit| hit.ordinal).collect::<Vec<_>>(), [0, 2]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;

mod analyzer;
mod schema;

mod bundle;
mod directory;
mod pages;

mod reader;
mod writer;

mod query;

mod cursor;
mod ranking;
mod search;
mod snapshot;
mod statistics;
mod window;

#[cfg(test)]
mod plain;

pub use analyzer::{ANALYZER_NAME, ANALYZER_VERSION, MAX_WORD_BYTES};
pub use bundle::BUNDLE_VERSION;
pub use error::LexicalError;
pub use pages::{OwnedBytes, Pages};
pub use query::{MAX_QUERY_WORDS, QueryTextError, TextQuery};
pub use ranking::{LexicalHit, Top};
pub use reader::LexicalSegment;
pub use snapshot::LexicalSnapshot;
pub use writer::LexicalWriter;
