//! Queries as searches, and their answers as numbers of cases.

use crate::EvalError;
use crate::cases::{Cases, Guard};
use crate::queries::{Encoded, Query};
use crate::settings::Settings;
use precedent_engine::{EngineError, View};
use precedent_query::{DEFAULT_NEIGHBOURS, Guards, Judgement, MAX_LIMIT, SearchRequest};

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
    /// What else a search by images says, where it was asked for.
    pub judged: Judged,
}

/// What a search by images says beside its hits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    /// What neighbours say of findings that the truth has a name for.
    pub shares: Vec<Share>,
    /// The p-value of the best match, and its similarity.
    pub best_match: Option<(f64, f32)>,
    /// How far the greatest share is from one half: both many neighbours with a finding and none are clear.
    pub clear: Option<f64>,
}

/// What neighbours say of one finding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    pub finding: u16,
    pub share: f64,
    pub calibrated: Option<f64>,
    pub base_rate: f64,
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
        let (encoded, approximate) = (answer.encoded_images, !answer.plan.exact);
        Ok(Answer { hits, encoded, approximate, judged: Judged::default() })
    }

    /// What neighbours say, and how sure the search is of its best match; nothing for a search that is not by image. It is a search of its
    /// own, as one that judges looks deeper.
    pub fn judged(
        &self,
        query: &Query,
        encoded: &Encoded,
        stop: &dyn Fn() -> bool,
    ) -> Result<Judged, EvalError> {
        let mut request = self.request(query, Some(encoded), 1)?;
        let pictures = request.images.len() + request.encoded_images.len() + request.examples.len();
        if pictures + request.vectors.len() == 0 {
            return Ok(Judged::default());
        }
        request.judgement = Judgement::By(DEFAULT_NEIGHBOURS);
        let answer = self.view.search(&request, stop)?;
        let share = |vote: &precedent_query::FindingVote| {
            let finding = self.cases.number_of_finding(&vote.finding, &vote.name)?;
            let calibrated = vote.calibrated.map(|found| found.share);
            Some(Share { finding, share: vote.share, calibrated, base_rate: vote.base_rate })
        };
        let votes = answer.consensus.iter().flat_map(|consensus| &consensus.votes);
        let best_match = answer.abstention.and_then(|found| Some((found.p_value, found.similarity?)));
        let said =
            |vote: &precedent_query::FindingVote| vote.calibrated.map_or(vote.share, |found| found.share);
        let clear = answer.consensus.as_ref().map(|consensus| {
            let greatest = consensus.votes.iter().map(said).fold(0.0, f64::max);
            (2.0 * greatest - 1.0).abs()
        });
        Ok(Judged { shares: votes.filter_map(share).collect(), best_match, clear })
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
