//! Training as a whole, on towers and pictures small enough for a test.

mod learning;
mod resuming;
mod toy;
