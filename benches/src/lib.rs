//! What the measuring programs share: figures with intervals, and tables.
#![allow(missing_docs, reason = "figures and tables of the programs beside it")]

pub mod figures;
pub mod table;
