//! The index: writer, segments, merge, snapshots, columns, verify.
//!
//! An index is a directory. Operations go into a log, which makes them durable; a commit turns them into an immutable segment and
//! publishes a generation; a reader holds one generation and is never disturbed. `index/FORMAT.md` specifies every byte.
//!
//! ```
//! use precedent_index::{CaseEntry, Definition, IndexReader, IndexWriter};
//! use precedent_model::{Case, CaseId, Report, SectionKind};
//! use precedent_storage::DiskStorage;
//! use std::sync::Arc;
//!
//! let folder = tempfile::tempdir().unwrap();
//! let storage = Arc::new(DiskStorage::create(folder.path()).unwrap());
//! IndexWriter::create(storage.as_ref(), &Definition::chest_xray().unwrap()).unwrap();
//!
//! let writer = IndexWriter::open(storage.clone(), 1).unwrap();
//! let mut case = Case::new(CaseId::new("CXR1").unwrap());
//! case.report = Some(Report::new([(SectionKind::Impression, "No acute disease.")]).unwrap());
//! writer.put(vec![CaseEntry::new(case, Vec::new())]).unwrap();
//! writer.commit().unwrap();
//!
//! let snapshot = IndexReader::open(storage).unwrap().snapshot();
//! let place = snapshot.find(&CaseId::new("CXR1").unwrap()).unwrap().unwrap();
//! assert!(snapshot.case(place).unwrap().report.is_some());
//! ```

mod by_date;
mod definition;
mod error;
mod generations;
mod index_stats;
mod judge;
mod local;
mod manifest;
mod merge;
mod merge_claims;
mod merge_policy;
mod misfit;
mod nearest;
mod new_segments;
mod ordinals;
mod parts;
mod pending;
mod reader;
mod recall_check;
mod record;
mod replace;
mod reserve;
mod scrub;
mod segment;
mod segment_folders;
mod segment_size;
mod shared;
mod snapshot;
mod stats;
mod verify;
mod writer;

#[cfg(test)]
mod swap_tests;

pub use by_date::ByDate;
pub use definition::{Definition, DefinitionError, GraphBuilder, GraphDefinition, Layout};
pub use error::{IndexError, IndexErrorKind};
pub use index_stats::IndexStats;
pub use judge::{Effect, Stored};
pub use local::{LocalSpace, LocalVectors};
pub use merge::MergeProgress;
pub use misfit::{Misfit, misfits};
pub use nearest::Nearest;
pub use ordinals::OrdinalSet;
pub use reader::IndexReader;
pub use recall_check::{RecallReport, RecallRow};
pub use record::CaseEntry;
pub use replace::{Loss, Refused, Replacement, carried_over, updated};
pub use scrub::Scrub;
pub use segment::{Effort, LeftOutCase, NearestCase, SegmentPath, SentenceTable, ValueCounts, evident};
pub use segment_size::SegmentSize;
pub use snapshot::{CasePlace, Snapshot};
pub use stats::{Damage, SegmentStats, Stale, VectorAccess, Verification};
pub use verify::{verify, verify_until};
pub use writer::{Deleted, IndexWriter, WriterLimits};
