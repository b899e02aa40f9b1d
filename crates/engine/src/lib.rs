//! The facade: `ingest` and `search`.
//!
//! An [`Engine`] is an open index. Ingested cases are durable when the call returns, and found within a second; a [`View`] is one
//! generation, from which all its answers come.
//!
//! ```
//! use precedent_engine::{Access, Definition, Engine, NewCase};
//! use precedent_model::{Case, CaseId, Report, SectionKind};
//! use precedent_query::SearchRequest;
//!
//! let folder = tempfile::tempdir()?;
//! Engine::create(folder.path(), &Definition::chest_xray()?)?;
//! let engine = Engine::open(folder.path(), Access::Bulk)?;
//!
//! let mut case = Case::new(CaseId::new("CXR1")?);
//! case.report = Some(Report::new([(SectionKind::Impression, "Left pleural effusion.")])?);
//! let outcomes = engine.ingest(vec![NewCase::new(case)])?;
//! assert!(outcomes[0].is_ok());
//! engine.commit()?;
//!
//! let request = SearchRequest { text: Some("effusion".to_owned()), ..SearchRequest::default() };
//! let answer = engine.view().search(&request, &|| false)?;
//! assert_eq!(answer.hits[0].case.id.as_str(), "CXR1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admit;
mod among;
mod case_list;
mod channel;
mod counted;
mod drawn;
mod encode;
mod engine;
mod error;
mod evidence;
mod examples;
mod facets;
mod fetch;
mod files;
mod findings;
mod fusion;
mod guards;
mod health;
mod highlight;
mod image_text;
mod ingest;
mod judgement;
mod kept;
mod local;
mod patients;
mod references;
mod remembered;
mod rerank;
mod scrub;
mod search;
mod sentences;
mod spelling;
mod spoken;
mod study;
mod understand;
mod unlike;
mod upkeep;
mod view;

pub use case_list::{CaseList, CaseOrder};
pub use encode::EncodedImage;
pub use engine::{DeleteOutcome, Engine};
pub use error::{Cause, EngineError, ErrorKind, Violation};
pub use health::Health;
pub use ingest::{
    CaseWarning, CaseWarningCode, IngestOutcome, Ingested, MAX_CASE_FILE_BYTES, NewCase, NewLocal, Refusal,
};
pub use precedent_archive::{
    Access, BackgroundFailure, BackgroundTask, Condition, Damage, Definition, DefinitionError, Effect,
    GraphDefinition, IndexStats, LocalSpace, LocalVectors, MergeProgress, RecallReport, RecallRow,
    Replacement, SegmentStats, Stale, VectorAccess, Verification, give_way, with_causes,
};
pub use precedent_encoder::{Encoder, EncoderError, PatchGrid};
pub use precedent_imaging::HeaderFacts;
pub use scrub::Scrub;
pub use understand::understand;
pub use upkeep::MergeGain;
pub use view::{KeptThumbnail, View};
