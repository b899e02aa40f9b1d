//! Queries as searches, and their answers as numbers of cases.

use crate::EvalError;
use crate::cases::{Cases, Guard};
use crate::queries::{Encoded, Query};
use crate::settings::Settings;
use precedent_engine::{EngineError, View};
use precedent_query::{Guards, MAX_LIMIT, SearchRequest};

/// Searches one index with one set of settings.
pub(crate) struct Asker<'a> {
    pub view: &'a View,
    pub cases: &'a Cases,
    pub settings: Settings,
    pub several_per_patient: bool,
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// Cases of the archive whose truth is known, best first; `None` for a case of another index that the archive lacks.
    pub hits: Vec<Option<u32>>,
    /// What the images of the query became.
    pub encoded: Encoded,
    /// Whether a channel searched vectors other than exactly.
    pub approximate: bool,
}

impl Asker<'_> {
    /// The first hits, at most `depth`.
    pub fn ask(
        &self,
        query: &Query,
        guard: &Guard,
        depth: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<Answer, EvalError> {
        let request = self.request(query, None, depth)?;
        let answer = self.view.search(&request, stop)?;
        // A case that asks without its embeddings and without a patient is not left out by the search.
        let hits = answer.hits.iter().map(|hit| self.cases.find(&hit.case.id));
        let hits =
            hits.filter(|hit| hit.is_none_or(|case| self.cases.allows(guard, case))).take(depth).collect();
        Ok(Answer { hits, encoded: answer.encoded_images, approximate: !answer.plan.exact })
    }

    /// As [`Self::ask`]; `None` where this index cannot be asked so, such as for a case that it lacks.
    pub fn try_ask(
        &self,
        query: &Query,
        guard: &Guard,
        depth: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Answer>, EvalError> {
        match self.ask(query, guard, depth, stop) {
            Err(EvalError::Engine(EngineError::Invalid(violations)))
                if violations.iter().all(|violation| violation.field.starts_with("example_case_ids")) =>
            {
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }

    /// The order of some cases of the archive; those that no channel ranks are left out.
    pub fn order(
        &self,
        query: &Query,
        encoded: &Encoded,
        among: &[usize],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<u32>, EvalError> {
        let request = self.request(query, Some(encoded), among.len().clamp(1, MAX_LIMIT))?;
        let ranked = self.view.rank_among(&request, &self.cases.list, among, stop)?;
        Ok(ranked.into_iter().map(|position| position as u32).collect())
    }

    fn request(
        &self,
        query: &Query,
        encoded: Option<&Encoded>,
        depth: usize,
    ) -> Result<SearchRequest, EvalError> {
        let mut request = self.settings.request((depth + 1).min(MAX_LIMIT));
        match encoded.filter(|encoded| !encoded.is_empty()) {
            Some(encoded) => request.encoded_images.clone_from(encoded),
            None => request.images = query.query_images()?,
        }
        request.vectors.clone_from(&query.vectors);
        request.examples = query.example.iter().cloned().collect();
        request.image_text.clone_from(&query.image_text);
        request.text.clone_from(&query.text);
        request.literal_text |= query.literal;
        request.filter.clone_from(&query.filter);
        request.guards = Guards {
            patient: query.patient.clone(),
            before: query.before,
            several_per_patient: self.several_per_patient,
            ..Guards::default()
        };
        Ok(request)
    }
}
