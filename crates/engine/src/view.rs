//! One generation, searched.

use crate::encode::Encoding;
use crate::{EngineError, search};
use precedent_index::{Definition, Snapshot};
use precedent_model::{Case, CaseId};
use precedent_query::{SearchRequest, SearchResponse};
use std::sync::Arc;

/// One generation of an index. Everything asked of one view is answered from the same cases.
#[derive(Debug, Clone)]
pub struct View {
    snapshot: Arc<Snapshot>,
    encoding: Arc<Encoding>,
}

impl View {
    pub(crate) fn new(snapshot: Arc<Snapshot>, encoding: Arc<Encoding>) -> Self {
        Self { snapshot, encoding }
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What the index is made for.
    pub fn definition(&self) -> &Definition {
        self.snapshot.definition()
    }

    /// The generation.
    pub fn generation(&self) -> u64 {
        self.snapshot.generation()
    }

    /// Live cases.
    pub fn case_count(&self) -> usize {
        self.snapshot.cases()
    }

    /// Searches; images and image text of the request are encoded first. `stop` is asked often and ends the search when it says so.
    ///
    /// # Errors
    /// [`EngineError::Invalid`], [`EngineError::Precondition`], [`EngineError::Cancelled`], or a damaged file.
    pub fn search(
        &self,
        request: &SearchRequest,
        stop: &dyn Fn() -> bool,
    ) -> Result<SearchResponse, EngineError> {
        search::search(&self.snapshot, &self.encoding, request, stop)
    }

    /// A case by its id.
    ///
    /// # Errors
    /// A damaged file.
    pub fn case(&self, id: &CaseId) -> Result<Option<Case>, EngineError> {
        match self.snapshot.find(id)? {
            Some(place) => Ok(Some(self.snapshot.case(place)?)),
            None => Ok(None),
        }
    }
}
