//! The channel `lexical`: BM25 over the reports of the live cases.

use super::{Candidate, Ranking};
use crate::EngineError;
use precedent_index::{CasePlace, IndexError, OrdinalSet, Snapshot};
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
    let accepts = |segment: usize, ordinal: u32| accept.get(segment).is_some_and(|set| set.contains(ordinal));
    let order =
        |segment: usize, ordinal: u32| snapshot.sequence(CasePlace { segment, ordinal }).unwrap_or(u64::MAX);
    let top = snapshot.lexicon().top(text, depth, &accepts, &order, stop).map_err(IndexError::from)?;
    if top.stopped {
        return Err(EngineError::Cancelled);
    }
    let candidates = (top.hits.iter())
        .map(|hit| {
            let place = CasePlace { segment: hit.segment, ordinal: hit.ordinal };
            Ok(Candidate { place, score: hit.score, sequence: snapshot.sequence(place)? })
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
    Ok(snapshot.lexicon().score(text, segment, ordinals).map_err(IndexError::from)?)
}
