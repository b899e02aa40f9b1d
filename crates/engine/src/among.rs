//! The order in which a search would put given cases, however far behind the first hits they stand.

use crate::admit::Query;
use crate::channel::sentence::Fits;
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
        let mut rankings = Vec::new();
        if query.asks_image() {
            rankings.push(ranking(Channel::Image, image::ranked_among(snapshot, &query, &places, stop)?));
        }
        if let Some(text) = query.asks_lexical() {
            let scores = snapshot.text_scores(text, &places)?;
            rankings.push(ranking(Channel::Lexical, ranked_by_score(snapshot, &places, &scores)?));
        }
        if query.asks_sentence()
            && let Ok(fits) = Fits::of(snapshot, &self.counted().references, &query, stop)?
        {
            let scores: Vec<Option<f32>> = places.iter().map(|&place| fits.score(place)).collect();
            rankings.push(ranking(Channel::Sentence, ranked_by_score(snapshot, &places, &scores)?));
        }
        let fused = fuse(&rankings, &request.fusion);
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
