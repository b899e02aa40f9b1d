//! The channel `lexical`: BM25 over the reports of the live cases.

use super::{Ahead, Candidate, Ranking};
use crate::EngineError;
use precedent_archive::{CasePlace, Generation, Selection};
use precedent_lexical::TextQuery;
use precedent_query::{Channel, ChannelPlan};

/// Ranks the selected cases that match the text.
pub(crate) fn rank(
    snapshot: &dyn Generation,
    text: &TextQuery,
    matches: &dyn Selection,
    depth: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Ranking, EngineError> {
    let best = matches.best_by_text(text, depth, stop)?;
    let candidates = (best.cases.iter().zip(1..))
        .map(|(&(place, score), rank)| {
            Ok(Candidate { place, score, sequence: snapshot.sequence(place)?, rank })
        })
        .collect::<Result<Vec<_>, EngineError>>()?;
    let plan = ChannelPlan {
        channel: Channel::Lexical,
        path: None,
        ef_search: None,
        target_recall: None,
        visited: best.scored,
        candidates: candidates.len(),
        exact: true,
    };
    Ok(Ranking { exhausted: candidates.len() < depth, candidates, plan })
}

/// Keeps the candidates whose score is at least `least`.
pub(crate) fn keep_from(mut ranking: Ranking, least: f32) -> Ranking {
    let found = ranking.candidates.len();
    ranking.candidates.retain(|candidate| candidate.score >= least);
    ranking.exhausted |= ranking.candidates.len() < found;
    ranking.plan.candidates = ranking.candidates.len();
    ranking
}

/// The given cases that match the text, each with its rank among all selected cases.
pub(crate) fn ranked(
    snapshot: &dyn Generation,
    text: &TextQuery,
    matches: &dyn Selection,
    places: &[CasePlace],
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Candidate>, EngineError> {
    let mut found: Vec<Candidate> = Vec::new();
    for (&place, score) in places.iter().zip(snapshot.text_scores(text, places)?) {
        let sequence = snapshot.sequence(place)?;
        found.extend(score.map(|score| Candidate { place, score, sequence, rank: 0 }));
    }
    let order = |one: (f32, u64), other: (f32, u64)| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1));
    found.sort_unstable_by(|a, b| order((a.score, a.sequence), (b.score, b.sequence)));
    let Some(least) = found.last().map(|last| last.score) else { return Ok(found) };
    let mut ahead = Ahead::of(found.len());
    let mut damage = None;
    let mut each = |place: CasePlace, score: f32| {
        match snapshot.sequence(place) {
            // The case itself only moves cases that come after it.
            Ok(sequence) => ahead.add(
                found.partition_point(|case| order((case.score, case.sequence), (score, sequence)).is_le()),
            ),
            Err(error) => damage = Some(error),
        }
    };
    matches.each_by_text(text, least, &mut each, stop)?;
    if let Some(error) = damage {
        return Err(error.into());
    }
    found.iter_mut().zip(ahead.ranks()).for_each(|(case, rank)| case.rank = rank);
    Ok(found)
}
