//! The order in which a search would put given cases, however far behind the first hits they stand.

use crate::admit::Query;
use crate::channel::{Candidate, Ranking, image};
use crate::fusion::fuse;
use crate::{CaseList, EngineError, View};
use precedent_archive::{CasePlace, Generation};
use precedent_query::{Channel, ChannelPlan, SearchRequest};
use std::collections::HashMap;

impl View {
    /// Ranks some cases of a list for a request as if the archive held no others, but with its statistics of words: what is
    /// asked when retrieval is evaluated in pools. `among` are positions in the list; returned are those that a channel
    /// ranks, best first. Filter, guards, limits and diversity of the request play no part, and several cases of a patient stay.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn rank_among(
        &self,
        request: &SearchRequest,
        list: &CaseList,
        among: &[usize],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<usize>, EngineError> {
        let snapshot = list.snapshot();
        let query = Query::admit(snapshot, self.encoding(), request, stop)?;
        let placed = among.iter().filter_map(|&position| Some((list.place(position)?, position)));
        let positions: HashMap<CasePlace, usize> = placed.collect();
        let places: Vec<CasePlace> = among.iter().filter_map(|&position| list.place(position)).collect();
        let by_image = match query.asks_image() {
            true => Some(ranking(Channel::Image, image::ranked_among(snapshot, &query, &places, stop)?)),
            false => None,
        };
        let by_text = match query.asks_lexical() {
            Some(text) => {
                let scores = snapshot.text_scores(text, &places)?;
                Some(ranking(Channel::Lexical, ranked_by_score(snapshot, &places, &scores)?))
            }
            None => None,
        };
        let fused = fuse(by_image.as_ref(), by_text.as_ref(), &request.fusion);
        Ok(fused.iter().filter_map(|case| positions.get(&case.place).copied()).collect())
    }
}

/// The cases that have a score, the highest first; of equal scores, the earlier case first.
fn ranked_by_score(
    snapshot: &dyn Generation,
    places: &[CasePlace],
    scores: &[Option<f32>],
) -> Result<Vec<Candidate>, EngineError> {
    let mut found = Vec::new();
    for (&place, score) in places.iter().zip(scores) {
        if let Some(score) = *score {
            found.push(Candidate { place, score, sequence: snapshot.sequence(place)?, rank: 0 });
        }
    }
    found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.sequence.cmp(&b.sequence)));
    found.iter_mut().zip(1..).for_each(|(case, rank)| case.rank = rank);
    Ok(found)
}

fn ranking(channel: Channel, candidates: Vec<Candidate>) -> Ranking {
    let plan = ChannelPlan {
        channel,
        path: None,
        ef_search: None,
        target_recall: None,
        visited: candidates.len(),
        candidates: candidates.len(),
        exact: true,
    };
    Ranking { candidates, exhausted: true, plan }
}
