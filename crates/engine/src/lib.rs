//! The facade: `ingest` and `search`.

mod engine;
mod error;
mod view;

pub use engine::{Access, DeleteOutcome, Engine, IngestOutcome, NewCase};
pub use error::{EngineError, ErrorKind, Violation};
pub use precedent_index::{
    Damage, Definition, DefinitionError, GraphDefinition, IndexStats, SegmentStats, Verification,
};
pub use view::View;
