//! One index, opened.

use crate::{EngineError, View, Violation};
use precedent_index::{Definition, IndexStats, Verification};
use precedent_model::{Case, CaseId};
use precedent_query::QueryVector;
use std::path::Path;

/// What an opened index may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Search; any number of processes at a time.
    Read,
    /// Search and ingest; one process at a time. Cases become visible within a second, merges run beside.
    Write,
    /// As `Write`, for bulk loading: cases become visible at [`Engine::commit`] or when memory fills; nothing runs beside.
    Bulk,
}

/// A case on its way in.
#[derive(Debug, Clone)]
pub struct NewCase {
    /// The case.
    pub case: Case,
    /// Per image of the case its embedding, where there is one; at most as long as `case.images`, or one longer than
    /// none: an embedding without an image gets an image without a name.
    pub embeddings: Vec<Option<QueryVector>>,
}

/// Per case: its place in the log once durable, or why it was refused.
pub type IngestOutcome = Result<u64, Vec<Violation>>;

/// What a delete did.
#[derive(Debug, Clone)]
pub struct DeleteOutcome {
    /// Cases deleted.
    pub deleted: usize,
    /// Positions in the request of ids under which there was no case.
    pub unknown: Vec<usize>,
}

/// One index, opened. Shared between threads; dropping it commits what is pending.
#[derive(Debug)]
pub struct Engine {
    definition: Definition,
}

impl Engine {
    /// Makes an empty index in `root`, which must be missing or empty.
    ///
    /// # Errors
    /// A directory that holds something, or a file system that refuses.
    pub fn create(_root: &Path, _definition: &Definition) -> Result<(), EngineError> {
        Err(EngineError::Cancelled)
    }

    /// Opens the index in `root`.
    ///
    /// # Errors
    /// No index, another writer, a damaged file, a newer format.
    pub fn open(_root: &Path, _access: Access) -> Result<Self, EngineError> {
        Err(EngineError::Cancelled)
    }

    /// What the index is made for.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// How it was opened.
    pub fn access(&self) -> Access {
        Access::Read
    }

    /// The newest generation that this process has seen.
    pub fn view(&self) -> View {
        View {}
    }

    /// An earlier generation, while it is kept for paging (a few minutes), or the newest.
    pub fn view_at(&self, _generation: u64) -> Option<View> {
        None
    }

    /// Looks for a newer generation written by another process.
    ///
    /// # Errors
    /// A damaged file; the view stays as it was.
    pub fn refresh(&self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Takes cases in. Returns when all that are not refused are durable; one answer per case, in order.
    ///
    /// # Errors
    /// Read-only, a full disk, a failed writer. Then nothing of the batch is acknowledged.
    pub fn ingest(&self, _cases: Vec<NewCase>) -> Result<Vec<IngestOutcome>, EngineError> {
        Err(EngineError::ReadOnly)
    }

    /// Says what [`Self::ingest`] would refuse, and changes nothing.
    pub fn check(&self, _case: &NewCase) -> Result<(), Vec<Violation>> {
        Ok(())
    }

    /// Takes cases out. Returns when it is durable.
    ///
    /// # Errors
    /// As [`Self::ingest`].
    pub fn delete(&self, _ids: &[CaseId]) -> Result<DeleteOutcome, EngineError> {
        Err(EngineError::ReadOnly)
    }

    /// Makes everything acknowledged visible now; returns the generation.
    ///
    /// # Errors
    /// As [`Self::ingest`].
    pub fn commit(&self) -> Result<u64, EngineError> {
        Err(EngineError::ReadOnly)
    }

    /// Merges all segments into one and builds its graph. `progress` gets (phase, done, total); `stop` ends it early
    /// and leaves the index as it was.
    ///
    /// # Errors
    /// As [`Self::ingest`].
    pub fn merge_all(
        &self,
        _progress: &(dyn Fn(&'static str, usize, usize) + Sync),
        _stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<u64, EngineError> {
        Err(EngineError::ReadOnly)
    }

    /// Figures of the newest generation.
    ///
    /// # Errors
    /// A damaged file.
    pub fn stats(&self) -> Result<IndexStats, EngineError> {
        Err(EngineError::Cancelled)
    }

    /// Reads every byte and checks it. Damage is in the answer, not an error. `progress` gets bytes done and total.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn verify(root: &Path, _progress: &dyn Fn(u64, u64)) -> Result<Verification, EngineError> {
        let _ = root;
        Err(EngineError::Cancelled)
    }
}
