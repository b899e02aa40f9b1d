//! The facade: `ingest` and `search`.

mod admit;
mod background;
mod channel;
mod engine;
mod error;
mod fusion;
mod ingest;
mod search;
mod view;

pub use engine::{Access, DeleteOutcome, Engine};
pub use error::{EngineError, ErrorKind, Violation};
pub use ingest::{IngestOutcome, NewCase};
pub use precedent_index::{
    Damage, Definition, DefinitionError, GraphDefinition, IndexStats, MergeProgress, SegmentStats,
    Verification,
};
pub use view::View;
