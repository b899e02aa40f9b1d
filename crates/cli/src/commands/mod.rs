//! One module per command, with its flags; where they are many, in `flags.rs` below it.

pub mod completions;
pub mod delete;
#[cfg(feature = "demo")]
pub mod demo;
pub mod encode;
pub mod eval;
pub mod export;
pub mod get;
pub mod ingest;
pub mod init;
pub mod list;
pub mod man;
pub mod merge;
#[cfg(feature = "phantom")]
pub mod phantom;
pub mod report;
pub mod search;
pub mod serve;
pub mod stats;
#[cfg(feature = "train")]
pub mod train;
pub mod verify;
