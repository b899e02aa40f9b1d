//! The command line program `precedent`.
fn main() {}
