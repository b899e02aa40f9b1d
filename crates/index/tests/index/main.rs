//! The index as its users see it: what is acknowledged stays, what is replaced or deleted goes, whatever fails.

mod durability;
mod lifecycle;
mod support;
