//! What the measuring programs share: cases and questions, figures with intervals, tables, and where and when they are of.
#![allow(missing_docs, reason = "parts of the programs beside it")]

#[cfg(feature = "engine")]
pub mod archive;
pub mod figures;
pub mod floors;
#[cfg(feature = "engine")]
pub mod judge;
pub mod labels;
pub mod machine;
pub mod npy;
pub mod output;
#[cfg(feature = "engine")]
pub mod phantoms;
pub mod reports;
pub mod table;
