//! The channel `image`: the query's embeddings against the cases' image embeddings.
//!
//! A case counts with its nearest image to any of the query's vectors. Each vector's own best cases suffice: a case
//! among the best overall is among the best of the vector that it is nearest to.

use super::{Candidate, Ranking};
use crate::EngineError;
use crate::admit::Query;
use precedent_index::{CasePlace, Effort, NearestCase, OrdinalSet, SegmentPath, Snapshot};
use precedent_query::{Channel, ChannelPlan, PathChoice, VectorPath};
use std::collections::HashMap;

/// Cases measured anew between two looks at the caller's wish to stop.
const MEASURED_BETWEEN_STOPS: usize = 256;

/// Ranks the accepted cases that have an embedding.
pub(crate) fn rank(
    snapshot: &Snapshot,
    query: &Query<'_>,
    accept: &[OrdinalSet],
    depth: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Ranking, EngineError> {
    let limits = &query.request.limits;
    let graph = &snapshot.definition().graph;
    let effort = match (limits.exact, limits.ef_search, limits.target_recall) {
        (true, _, _) => Effort::Exact,
        (_, Some(ef), _) => Effort::Width(ef),
        (_, None, Some(recall)) => Effort::Recall(recall),
        (_, None, None) => graph.ef_search.map_or(Effort::Recall(graph.target_recall), Effort::Width),
    };
    let accept = (accept.iter().enumerate())
        .map(|(segment, accept)| snapshot.embedded(segment, accept))
        .collect::<Result<Vec<_>, _>>()?;
    let embedded_cases = accept.iter().map(OrdinalSet::count).sum();
    let (mut visited, mut path) = (0, SegmentPath::Compared);
    let mut nearest_of = |vector| -> Result<Vec<(CasePlace, NearestCase)>, EngineError> {
        let found = snapshot.nearest(vector, depth, (effort, limits.path), &accept, stop)?;
        visited += found.visited;
        path = path.max(found.path);
        Ok(found.cases)
    };
    let nearest = match query.vectors.as_slice() {
        [vector] => nearest_of(vector)?,
        vectors => {
            let found = vectors.iter().map(nearest_of).collect::<Result<Vec<_>, _>>()?;
            best_of_several(snapshot, query, found, (depth, path), stop)?
        }
    };
    let candidates: Vec<Candidate> =
        nearest.into_iter().map(|(place, case)| candidate(snapshot, place, &case)).collect();
    let exact = path == SegmentPath::Compared;
    let plan = ChannelPlan {
        channel: Channel::Image,
        path: Some(match path {
            SegmentPath::Compared => VectorPath::Exact,
            SegmentPath::Scanned => VectorPath::Codes,
            SegmentPath::Walked => VectorPath::Graph,
            SegmentPath::Filtered => VectorPath::FilteredGraph,
        }),
        ef_search: match effort {
            Effort::Width(ef) if path >= SegmentPath::Walked => Some(ef.max(depth)),
            _ => None,
        },
        target_recall: match effort {
            Effort::Recall(recall) if !exact => Some(recall),
            _ => None,
        },
        visited,
        candidates: candidates.len(),
        exact,
    };
    Ok(Ranking { exhausted: candidates.len() >= embedded_cases, candidates, plan })
}

/// The nearest cases to any of several vectors, of those nearest to each.
fn best_of_several(
    snapshot: &Snapshot,
    query: &Query<'_>,
    found: Vec<Vec<(CasePlace, NearestCase)>>,
    (depth, path): (usize, SegmentPath),
    stop: &dyn Fn() -> bool,
) -> Result<Vec<(CasePlace, NearestCase)>, EngineError> {
    let mut best: HashMap<CasePlace, NearestCase> = HashMap::new();
    for (place, case) in found.into_iter().flatten() {
        let known = best.entry(place).or_insert(case);
        if case.distance < known.distance {
            *known = case;
        }
    }
    if path > SegmentPath::Compared {
        // What a walk towards one vector passed over, one towards another may have found, only farther away. A rank must
        // not be worse than the distance that is shown with it.
        for (done, (&place, case)) in best.iter_mut().enumerate() {
            if done % MEASURED_BETWEEN_STOPS == 0 && stop() {
                return Err(EngineError::Cancelled);
            }
            if let Some((nearest, _)) = nearest(snapshot, query, place)? {
                *case = nearest;
            }
        }
    }
    let mut nearest: Vec<(CasePlace, NearestCase)> = best.into_iter().collect();
    nearest.sort_unstable_by(|a, b| a.1.order(&b.1));
    nearest.truncate(depth);
    Ok(nearest)
}

/// How near one case is: its score, the image that was nearest, and the vector of the query that it was nearest to.
pub(crate) fn score(
    snapshot: &Snapshot,
    query: &Query<'_>,
    place: CasePlace,
) -> Result<Option<(f32, usize, usize)>, EngineError> {
    let nearest = nearest(snapshot, query, place)?;
    Ok(nearest.map(|(case, vector)| (candidate(snapshot, place, &case).score, case.image as usize, vector)))
}

/// The nearest pair of an image of one case and a vector of the query.
fn nearest(
    snapshot: &Snapshot,
    query: &Query<'_>,
    place: CasePlace,
) -> Result<Option<(NearestCase, usize)>, EngineError> {
    let limits = &query.request.limits;
    let exact = limits.exact || limits.path == PathChoice::Exact;
    let mut best: Option<(NearestCase, usize)> = None;
    for (index, vector) in query.vectors.iter().enumerate() {
        if let Some(case) = snapshot.distance(vector, place, exact)?
            && best.is_none_or(|(known, _)| case.distance < known.distance)
        {
            best = Some((case, index));
        }
    }
    Ok(best)
}

fn candidate(snapshot: &Snapshot, place: CasePlace, case: &NearestCase) -> Candidate {
    let metric = snapshot.definition().image_space.as_ref().map(|space| space.metric());
    let score = metric.map_or(0.0, |metric| metric.similarity(case.distance));
    Candidate { place, score, sequence: case.sequence }
}
