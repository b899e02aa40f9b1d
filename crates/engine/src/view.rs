//! One generation, searched.

use crate::encode::Encoding;
use crate::{EngineError, search};
use precedent_archive::{Archive, Definition, Generation, RecallReport, VectorAccess};
use precedent_model::{Case, CaseId};
use precedent_query::{PathChoice, SearchRequest, SearchResponse};
use precedent_report::ReportReader;
use std::sync::{Arc, Weak};

/// What a search may ask for to be brief: vectors, hits, the width of a walk, and cases that are compared because no graph
/// holds them. At these a search by 512 numbers takes some hundred microseconds.
const BRIEF_VECTORS: usize = 4;
const BRIEF_HITS: usize = 50;
const BRIEF_WIDTH: usize = 256;
const BRIEF_RECALL: f32 = 0.99;
const BRIEF_COMPARED: usize = 1024;
/// Codes that are scanned in the time that a vector is compared.
const CODES_FOR_A_VECTOR: usize = 16;

/// One generation of an index. Everything asked of one view is answered from the same cases.
#[derive(Debug, Clone)]
pub struct View {
    snapshot: Arc<dyn Generation>,
    encoding: Arc<Encoding>,
    /// Where damage is told that is met, while it is open.
    archive: Weak<dyn Archive>,
}

impl View {
    pub(crate) fn new(
        snapshot: Arc<dyn Generation>,
        encoding: Arc<Encoding>,
        archive: Weak<dyn Archive>,
    ) -> Self {
        Self { snapshot, encoding, archive }
    }

    pub(crate) fn snapshot(&self) -> &dyn Generation {
        self.snapshot.as_ref()
    }

    pub(crate) fn shared_snapshot(&self) -> &Arc<dyn Generation> {
        &self.snapshot
    }

    /// What the index is made for.
    pub fn definition(&self) -> &Definition {
        self.snapshot.definition()
    }

    /// How reports are read, with the lexicon of the index.
    pub fn reader(&self) -> &ReportReader {
        self.snapshot.reader()
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
        let found = search::search(self.snapshot(), &self.encoding, request, stop);
        found.inspect_err(|error| self.note(error))
    }

    /// Whether a search is expected to take a fraction of a millisecond, as those by embedding alone do: it walks through
    /// graphs to a few hits. An expectation and no promise: that one patient stands for each case may lead deeper.
    pub fn is_brief(&self, request: &SearchRequest) -> bool {
        let (limits, graph) = (&request.limits, &self.definition().graph);
        let by_vectors_alone = request.images.is_empty()
            && request.encoded_images.is_empty()
            && request.examples.is_empty()
            && request.facets.is_empty()
            && request.image_text.is_none()
            && request.text.is_none()
            && request.filter.is_none()
            && request.guards.before.is_none()
            && !request.guards.before_study_date;
        let width = limits.ef_search.or(graph.ef_search);
        let recall = limits.target_recall.unwrap_or(graph.target_recall);
        by_vectors_alone
            && request.vectors.len() <= BRIEF_VECTORS
            && limits.limit <= BRIEF_HITS
            && !limits.exact
            && limits.path != PathChoice::Exact
            && width.map_or(recall <= BRIEF_RECALL, |width| width <= BRIEF_WIDTH)
            && self.snapshot.cases_with(VectorAccess::Compared)
                + self.snapshot.cases_with(VectorAccess::Codes) / CODES_FOR_A_VECTOR
                <= BRIEF_COMPARED
    }

    /// Measures whether searches by embedding keep the promised recall, with up to `sample` cases as queries. `progress` gets
    /// queries done and in all; `stop` is asked often.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`], or a damaged file.
    pub fn check_recall(
        &self,
        sample: usize,
        progress: &dyn Fn(usize, usize),
        stop: &dyn Fn() -> bool,
    ) -> Result<RecallReport, EngineError> {
        Ok(self.snapshot.check_recall(sample, progress, stop)?)
    }

    /// A case by its id.
    ///
    /// # Errors
    /// A damaged file.
    pub fn case(&self, id: &CaseId) -> Result<Option<Case>, EngineError> {
        let place = self.snapshot.find(id);
        let found = place.and_then(|place| place.map(|place| self.snapshot.case(place)).transpose());
        found.map_err(EngineError::from).inspect_err(|error| self.note(error))
    }

    fn note(&self, error: &EngineError) {
        if let (EngineError::Index(error), Some(archive)) = (error, self.archive.upgrade()) {
            archive.note(error);
        }
    }
}
