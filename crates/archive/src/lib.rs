//! What the engine asks of an archive of cases ([`Archive`]), and the archive in a directory that answers ([`Embedded`]).
//!
//! Above this crate nothing knows what kind of archive it has. An index in a directory is one kind; one that is spread over
//! machines would be another, and the plain list of the engine's tests is a third, by which the first is checked.

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
    GraphDefinition, IndexError, IndexErrorKind, IndexStats, Loss, MergeProgress, NearestCase, RecallReport,
    RecallRow, Refused, Replacement, SegmentPath, SegmentStats, Stale, Stored, ValueCounts, VectorAccess,
    Verification, updated,
};
pub use priority::give_way;
