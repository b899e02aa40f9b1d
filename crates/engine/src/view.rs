//! Searches in one generation.

use crate::counted::Counted;
use crate::encode::Encoding;
use crate::{EngineError, search};
use precedent_archive::{Archive, Definition, Generation, IndexError, RecallReport, VectorAccess};
use precedent_model::{Case, CaseId, ImageGrid, Thumbnail};
use precedent_query::{PathChoice, SearchRequest, SearchResponse};
use precedent_report::ReportReader;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Limits of a brief search: vectors, hits, search width, and cases that are compared because no graph holds them. Within them, a
/// search with 512 dimensions takes some hundred microseconds.
const BRIEF_VECTORS: usize = 4;
const BRIEF_HITS: usize = 50;
const BRIEF_WIDTH: usize = 256;
const BRIEF_RECALL: f32 = 0.99;
const BRIEF_COMPARED: usize = 1024;
/// Codes scanned in the time it takes to compare one vector.
const CODES_FOR_A_VECTOR: usize = 16;
/// What is expected of a search by a few embeddings, and of any other: what it takes for ten hits of a large index.
const BRIEF: Duration = Duration::from_micros(250);
const USUAL: Duration = Duration::from_millis(2);
/// What is expected of one hit or listed case.
const HIT_NANOS: u64 = 10_000;

/// The small picture of an image of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptThumbnail {
    /// The picture.
    pub thumbnail: Thumbnail,
    /// The cells of the original image, if its parts are kept.
    pub grid: Option<ImageGrid>,
}

/// One generation of an index. All answers of a view come from the same cases.
#[derive(Debug, Clone)]
pub struct View {
    snapshot: Arc<dyn Generation>,
    encoding: Arc<Encoding>,
    counted: Arc<Counted>,
    /// Where to report damage, as long as the archive is open.
    archive: Weak<dyn Archive>,
}

impl View {
    pub(crate) fn new(
        snapshot: Arc<dyn Generation>,
        encoding: Arc<Encoding>,
        counted: Arc<Counted>,
        archive: Weak<dyn Archive>,
    ) -> Self {
        Self { snapshot, encoding, counted, archive }
    }

    pub(crate) fn snapshot(&self) -> &dyn Generation {
        self.snapshot.as_ref()
    }

    pub(crate) fn shared_snapshot(&self) -> &Arc<dyn Generation> {
        &self.snapshot
    }

    pub(crate) fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    pub(crate) fn counted(&self) -> &Counted {
        &self.counted
    }

    /// The definition of the index.
    pub fn definition(&self) -> &Definition {
        self.snapshot.definition()
    }

    /// The report reader with the lexicon of the index.
    pub fn reader(&self) -> &ReportReader {
        self.snapshot.reader()
    }

    /// The number of the generation.
    pub fn generation(&self) -> u64 {
        self.snapshot.generation()
    }

    /// Number of live cases.
    pub fn case_count(&self) -> usize {
        self.snapshot.cases()
    }

    /// Searches; images and image text of the request are encoded first. `stop` is called often, and ends the search by returning
    /// true.
    ///
    /// # Errors
    /// [`EngineError::Invalid`], [`EngineError::Precondition`], [`EngineError::Cancelled`], or a damaged file.
    pub fn search(
        &self,
        request: &SearchRequest,
        stop: &dyn Fn() -> bool,
    ) -> Result<SearchResponse, EngineError> {
        let found = search::search(self.snapshot(), &self.encoding, &self.counted, request, stop);
        found.inspect_err(|error| self.note(error))
    }

    /// Whether a search is expected to take a fraction of a millisecond, as vector-only searches do that walk graphs for a few
    /// hits. This is an expectation and not a promise: one hit per patient may require looking deeper.
    pub fn is_brief(&self, request: &SearchRequest) -> bool {
        let (limits, graph) = (&request.limits, &self.definition().graph);
        let by_vectors_alone = request.images.is_empty()
            && request.encoded_images.is_empty()
            && request.examples.is_empty()
            && request.facets.is_empty()
            && request.neighbours().is_none()
            && request.diversity.is_none()
            && request.rerank == 0
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

    /// How long a search is expected to compute: the more so the more vectors it compares and the more hits it returns. An
    /// expectation by the request alone; what the filter leaves is not known yet.
    pub fn expected(&self, request: &SearchRequest) -> Duration {
        let limits = &request.limits;
        let hits = limits.page_size.map_or(limits.limit, |size| size.min(limits.limit));
        let usual = if self.is_brief(request) { BRIEF } else { USUAL };
        let compares = limits.exact || limits.path == PathChoice::Exact;
        let scan = if compares { self.scan(request) } else { Duration::ZERO };
        usual + scan + Self::expected_for(hits)
    }

    /// How long so many cases are expected to take that are read one by one.
    pub fn expected_for(cases: usize) -> Duration {
        Duration::from_nanos(cases as u64 * HIT_NANOS)
    }

    /// What is expected of a full scan: a nanosecond for each number of each vector.
    fn scan(&self, request: &SearchRequest) -> Duration {
        let dimension = self.definition().image_space.as_ref().map_or(0, |space| space.dimension());
        let queries = request.vectors.len()
            + request.images.len()
            + request.encoded_images.len()
            + request.examples.len()
            + usize::from(request.image_text.is_some());
        let vectors = (self.snapshot.cases() as u64).saturating_mul(queries as u64);
        Duration::from_nanos(vectors.saturating_mul(dimension as u64))
    }

    /// Measures whether vector searches keep the promised recall, with up to `sample` cases as queries. `progress` gets the
    /// number of queries done and in all; `stop` is called often.
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

    /// The small picture that is kept of an image of a case; `None` if there is no such case, image or picture.
    ///
    /// # Errors
    /// A damaged file.
    pub fn thumbnail(&self, id: &CaseId, image: usize) -> Result<Option<KeptThumbnail>, EngineError> {
        let found = self.find_thumbnail(id, image);
        found.map_err(EngineError::from).inspect_err(|error| self.note(error))
    }

    fn find_thumbnail(&self, id: &CaseId, image: usize) -> Result<Option<KeptThumbnail>, IndexError> {
        let Some(place) = self.snapshot.find(id)? else { return Ok(None) };
        let Some(thumbnail) = self.snapshot.thumbnail(place, image)? else { return Ok(None) };
        let parts = self.snapshot.local_images(place)?;
        let grid = parts.iter().find(|(at, _)| *at == image).map(|(_, parts)| *parts.grid());
        Ok(Some(KeptThumbnail { thumbnail, grid }))
    }

    fn note(&self, error: &EngineError) {
        if let (EngineError::Index(error), Some(archive)) = (error, self.archive.upgrade()) {
            archive.note(error);
        }
    }
}
