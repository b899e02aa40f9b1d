//! One module per command.

pub mod completions;
pub mod demo;
pub mod encode;
pub mod ingest;
pub mod init;
pub mod merge;
pub mod phantom;
pub mod report;
pub mod search;
pub mod serve;
pub mod stats;
pub mod train;
pub mod verify;
