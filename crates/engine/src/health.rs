//! Whether an opened index can still be read and written.

use crate::engine::{Engine, Side};
use crate::{Access, EngineError};
use precedent_index::IndexError;
use precedent_storage::latest_generation;

/// The state of an opened index; an error says what is wrong.
#[derive(Debug)]
pub struct Health {
    /// Whether its files are where they were.
    pub readable: Result<(), EngineError>,
    /// Whether it takes cases and makes them visible; nothing is wrong with an index that was opened for reading.
    pub writable: Result<(), EngineError>,
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
