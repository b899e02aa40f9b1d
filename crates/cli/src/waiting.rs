//! What is durable in an index and not visible yet.

use crate::exit::Failure;
use crate::output::{counted, stderr};
use precedent_engine::Engine;
use std::io::Write;

/// Says what is durable and not visible yet. An answer stands without it, so trouble with the log is told, not fatal.
pub fn note(engine: &Engine) -> Result<(), Failure> {
    let mut err = stderr();
    match engine.stats().map(|stats| stats.pending_operations as u64) {
        Ok(0) => {}
        Ok(waiting) => {
            let operations = counted(waiting, "durable operation is", "durable operations are");
            writeln!(err, "note: {operations} not visible yet; a running or the next writer brings them in")?;
        }
        Err(error) => writeln!(err, "note: what waits in the log is not known: {error}")?,
    }
    Ok(())
}
