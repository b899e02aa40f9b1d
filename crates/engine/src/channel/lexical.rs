//! The channel `lexical`: BM25 over the reports of the live cases.

use super::{Ahead, Candidate, Ranking};
use crate::EngineError;
use precedent_archive::{CasePlace, IndexError, OrdinalSet, Snapshot};
use precedent_lexical::TextQuery;
use precedent_query::{Channel, ChannelPlan};

/// Ranks the accepted cases that hold what the text asks for.
pub(crate) fn rank(
    snapshot: &Snapshot,
    text: &TextQuery,
    accept: &[OrdinalSet],
    depth: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Ranking, EngineError> {
    let accepted = |segment: usize, word: usize| accept.get(segment).map_or(0, |set| set.word(word));
    let order =
        |segment: usize, ordinal: u32| snapshot.sequence(CasePlace { segment, ordinal }).unwrap_or(u64::MAX);
    let top = snapshot.full_text().top(text, depth, &accepted, &order, stop).map_err(IndexError::from)?;
    if top.stopped {
        return Err(EngineError::Cancelled);
    }
    let candidates = (top.hits.iter().zip(1..))
        .map(|(hit, rank)| {
            let place = CasePlace { segment: hit.segment, ordinal: hit.ordinal };
            Ok(Candidate { place, score: hit.score, sequence: snapshot.sequence(place)?, rank })
        })
        .collect::<Result<Vec<_>, EngineError>>()?;
    let plan = ChannelPlan {
        channel: Channel::Lexical,
        path: None,
        ef_search: None,
        target_recall: None,
        visited: top.scored,
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

/// The scores of cases of one segment, the same that [`rank`] gives them; `None` for one that does not hold what the text
/// asks for.
pub(crate) fn score(
    snapshot: &Snapshot,
    text: &TextQuery,
    segment: usize,
    ordinals: &[u32],
) -> Result<Vec<Option<f32>>, EngineError> {
    Ok(snapshot.full_text().score(text, segment, ordinals).map_err(IndexError::from)?)
}

/// Of some accepted cases those that hold what the text asks for, each with its rank among all that do.
pub(crate) fn ranked(
    snapshot: &Snapshot,
    text: &TextQuery,
    accept: &[OrdinalSet],
    places: &[CasePlace],
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Candidate>, EngineError> {
    let mut found: Vec<Candidate> = Vec::new();
    for segment in 0..snapshot.segments() {
        let here: Vec<CasePlace> = places.iter().copied().filter(|place| place.segment == segment).collect();
        let ordinals: Vec<u32> = here.iter().map(|place| place.ordinal).collect();
        for (place, score) in here.into_iter().zip(score(snapshot, text, segment, &ordinals)?) {
            let sequence = snapshot.sequence(place)?;
            found.extend(score.map(|score| Candidate { place, score, sequence, rank: 0 }));
        }
    }
    let order = |one: (f32, u64), other: (f32, u64)| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1));
    found.sort_unstable_by(|a, b| order((a.score, a.sequence), (b.score, b.sequence)));
    let Some(least) = found.last().map(|last| last.score) else { return Ok(found) };
    let mut ahead = Ahead::of(found.len());
    let accepted = |segment: usize, word: usize| accept.get(segment).map_or(0, |set| set.word(word));
    let mut damage = None;
    let mut each = |segment: usize, ordinal: u32, score: f32| {
        match snapshot.sequence(CasePlace { segment, ordinal }) {
            // The case itself goes before none but those behind it.
            Ok(sequence) => ahead.add(
                found.partition_point(|case| order((case.score, case.sequence), (score, sequence)).is_le()),
            ),
            Err(error) => damage = Some(error),
        }
    };
    let ended =
        snapshot.full_text().each(text, least, &accepted, &mut each, stop).map_err(IndexError::from)?;
    if !ended {
        return Err(EngineError::Cancelled);
    }
    if let Some(error) = damage {
        return Err(error.into());
    }
    found.iter_mut().zip(ahead.ranks()).for_each(|(case, rank)| case.rank = rank);
    Ok(found)
}
