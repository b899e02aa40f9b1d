//! Whether an opened index can still be read and written.

use crate::engine::{Engine, Side};
use crate::{Access, EngineError};
use precedent_index::IndexError;
use precedent_storage::latest_generation;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was acknowledged is to be found within a second. Where it is not after this, commits fail.
const OVERDUE: Duration = Duration::from_secs(15);

/// The state of an opened index; an error says what is wrong.
#[derive(Debug)]
pub struct Health {
    /// Whether its files are where they were.
    pub readable: Result<(), EngineError>,
    /// Whether it takes cases and makes them visible; nothing is wrong with an index that was opened for reading.
    pub writable: Result<(), EngineError>,
}

/// Since when operations wait to become visible, in the generation of then.
#[derive(Debug, Default)]
pub(crate) struct Overdue(Mutex<Option<(u64, Instant)>>);

impl Overdue {
    /// Whether operations have waited too long, by what is seen now.
    fn is_seen(&self, generation: u64, pending: usize) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *since = match *since {
            _ if pending == 0 => None,
            Some((then, since)) if then == generation => Some((then, since)),
            _ => Some((generation, Instant::now())),
        };
        since.is_some_and(|(_, since)| since.elapsed() >= OVERDUE)
    }
}

impl Engine {
    /// Looks whether the index can still be read and written. Reads the newest manifest, and waits for an operation that is
    /// being written; asked every few seconds it also notices that commits fail.
    pub fn health(&self) -> Health {
        let readable = match latest_generation(self.storage()) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(IndexError::NotAnIndex.into()),
            Err(error) => Err(EngineError::from(error)),
        };
        Health { readable, writable: self.writable() }
    }

    fn writable(&self) -> Result<(), EngineError> {
        let Side::Writer(writer) = self.side() else { return Ok(()) };
        // An operation without a case finds a writer that failed, and changes nothing.
        writer.replace(Vec::new())?;
        let (generation, pending) = (writer.snapshot().generation(), writer.pending_operations());
        if self.access() == Access::Write && self.overdue().is_seen(generation, pending) {
            return Err(EngineError::NotVisible);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_in_one_generation_becomes_overdue() {
        let overdue = Overdue::default();
        let long_ago = |generation| {
            *overdue.0.lock().unwrap() = Instant::now().checked_sub(OVERDUE).map(|then| (generation, then));
        };
        assert!(!overdue.is_seen(1, 5));
        long_ago(1);
        assert!(overdue.is_seen(1, 9));
        assert!(!overdue.is_seen(2, 9), "a commit went through");
        long_ago(2);
        assert!(!overdue.is_seen(2, 0) && !overdue.is_seen(2, 1), "nothing waited");
    }
}
