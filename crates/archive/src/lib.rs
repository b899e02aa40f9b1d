//! What the engine needs from an archive of cases ([`Archive`]), and the archive in a local directory ([`Embedded`]).
//!
//! Nothing above this crate knows which kind of archive it uses. An index in a directory is one kind, an archive distributed over
//! several machines would be another, and the engine's tests use a plain list as a third, to check the first against.

mod archive;
mod background;
mod condition;
mod embedded;
mod embedded_generation;
mod error;
mod generation;
mod priority;
mod troubles;

pub use archive::{Access, Archive};
pub use condition::{BackgroundFailure, BackgroundTask, Condition};
pub use embedded::{Embedded, verify_until};
pub use error::{ArchiveError, with_causes};
pub use generation::{BestByText, Conditions, Generation, Nearest, NearestTo, Selection, Stop};
pub use precedent_index::{
    CaseEntry, CasePlace, Damage, Definition, DefinitionError, Deleted, Effect, Effort, GraphBuilder,
    GraphDefinition, IndexError, IndexErrorKind, IndexStats, LocalSpace, LocalVectors, Loss, MergeProgress,
    Misfit, NearestCase, RecallReport, RecallRow, Refused, Replacement, SegmentPath, SegmentStats,
    SentenceTable, Stale, Stored, ValueCounts, VectorAccess, Verification, carried_over, evident, misfits,
    updated,
};
pub use priority::give_way;
