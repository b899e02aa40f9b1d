//! The parts of `precedent demo`.

pub mod ask;
pub mod hit;
pub mod sheet;
mod summary;
