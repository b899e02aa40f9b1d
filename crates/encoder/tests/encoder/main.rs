//! The encoder as its users see it.

mod bundled;
mod folders;
