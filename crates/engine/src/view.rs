//! One generation, searched.

use crate::EngineError;
use precedent_model::{Case, CaseId};
use precedent_query::{SearchRequest, SearchResponse};

/// One generation of an index. Everything asked of one view is answered from the same cases.
#[derive(Debug, Clone)]
pub struct View {}

impl View {
    /// The generation.
    pub fn generation(&self) -> u64 {
        0
    }

    /// Live cases.
    pub fn case_count(&self) -> usize {
        0
    }

    /// Searches. `stop` is asked often and ends the search when it says so.
    ///
    /// # Errors
    /// [`EngineError::Invalid`], [`EngineError::Precondition`], [`EngineError::Cancelled`], or a damaged file.
    pub fn search(&self, _request: &SearchRequest, _stop: &dyn Fn() -> bool) -> Result<SearchResponse, EngineError> {
        Err(EngineError::Cancelled)
    }

    /// A case by its id.
    ///
    /// # Errors
    /// A damaged file.
    pub fn case(&self, _id: &CaseId) -> Result<Option<Case>, EngineError> {
        Ok(None)
    }
}
