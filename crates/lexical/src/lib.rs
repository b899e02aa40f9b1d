//! Full text over reports: one analyzer, one schema, BM25 with the statistics of a snapshot's live cases.
//!
//! A report is indexed with its [`precedent_model::Reading`], so that what it denies is not found as what it states: a
//! word is looked for under the assertion that the query gives it, and findings by their mentions. Who makes readings,
//! of reports and of queries, is not known here.
//!
//! The only crate that knows tantivy, of which it uses the term dictionary, the posting lists and the positions. A
//! segment is written once as a bundle of bytes and read in place; several segments with their deleted ordinals make a
//! snapshot, and a query scores the same there however its cases are spread over segments.
//!
//! ```
//! use precedent_lexical::{Asked, LexicalSegment, LexicalSnapshot, LexicalWriter, OwnedBytes, TextQuery};
//! use precedent_model::{Assertion, Reading, Report, Run, SectionKind, Sentence, Span};
//! use std::sync::Arc;
//!
//! // One sentence with its words under one assertion.
//! fn read(words: std::ops::Range<usize>, assertion: Assertion) -> Reading {
//!     let runs = vec![Run { span: Span::new(words.clone()), assertion, overridden: false }];
//!     let (kind, span) = (SectionKind::Impression, Span::new(0..words.end));
//!     let (addendum, comparison, boilerplate) = (false, false, false);
//!     let mentions = Vec::new();
//!     let sentence = Sentence { section: 0, kind, span, addendum, comparison, boilerplate, runs, mentions };
//!     Reading { sentences: vec![sentence], warnings: Vec::new() }
//! }
//!
//! let left = Report::new([(SectionKind::Impression, "Left pleural effusion.")])?;
//! let none = Report::new([(SectionKind::Impression, "No effusion.")])?;
//! let mut writer = LexicalWriter::new()?;
//! writer.add(Some((&left, &read(0..21, Assertion::Present))))?;
//! writer.add(None)?;
//! writer.add(Some((&none, &read(3..11, Assertion::Absent))))?;
//! let bundle = writer.finish()?;
//!
//! let segment = Arc::new(LexicalSegment::open(Arc::new(OwnedBytes::new(bundle)))?);
//! let snapshot = LexicalSnapshot::new([(segment, &[][..])])?;
//! let find = |text: &str, asked: &Asked| -> Result<Vec<u32>, Box<dyn std::error::Error>> {
//!     let query = TextQuery::parse(text, asked)?;
//!     let top = snapshot.top(&query, 10, &|_, _| u64::MAX, &|_, ordinal| ordinal.into(), &|| false)?;
//!     Ok(top.hits.iter().map(|hit| hit.ordinal).collect())
//! };
//! assert_eq!(find(r#"effusion "left pleural" -pneumothorax"#, &Asked::default())?, [0]);
//! assert_eq!(find("text:effusion impression:left", &Asked::default())?, [0, 2]);
//! // "no" asserts, so it is in no run.
//! let runs = vec![Run { span: Span::new(3..11), assertion: Assertion::Absent, overridden: false }];
//! assert_eq!(find("no effusion", &Asked { runs, ..Asked::default() })?, [2]);
//!
//! let query = TextQuery::parse("effusion", &Asked::default())?;
//! let matches = query.matches(&left, &read(0..21, Assertion::Present));
//! assert_eq!((matches.len(), matches[0].span), (1, Span::new(13..21)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;

mod analyzer;
mod schema;

mod placed;
mod vocabulary;
mod words;

mod bundle;
mod directory;
mod pages;

mod reader;
mod writer;

mod asked;
mod clause;
mod detail;
mod items;
mod matches;
mod query;

mod neighbours;
mod spelling;

mod cursor;
mod pass;
mod ranking;
mod search;
mod snapshot;
mod statistics;
mod walk;
mod window;

#[cfg(feature = "peer")]
mod peer;

#[cfg(test)]
mod pass_tests;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod simple;

pub use analyzer::{ANALYZER_NAME, ANALYZER_VERSION, MAX_WORD_BYTES};
pub use asked::{Asked, AskedDetail, AskedFinding};
pub use bundle::BUNDLE_VERSION;
pub use detail::DetailTerm;
pub use error::LexicalError;
pub use items::WrittenWord;
pub use matches::TextMatch;
pub use neighbours::Neighbour;
pub use pages::{OwnedBytes, Pages};
#[cfg(feature = "peer")]
pub use peer::{PlainTantivy, PlainWords};
pub use query::{MAX_QUERY_WORDS, QueryTextError, TextQuery};
pub use ranking::{LexicalHit, Top};
pub use reader::LexicalSegment;
pub use snapshot::{LexicalSnapshot, LivePart};
pub use spelling::Spelling;
pub use writer::LexicalWriter;
