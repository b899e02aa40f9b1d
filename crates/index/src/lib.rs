//! The index: writer, segments, merge, snapshots, columns, verify.
mod definition;
mod stats;

pub use definition::{Definition, DefinitionError, GraphDefinition};
pub use stats::{Damage, IndexStats, SegmentStats, Verification};
