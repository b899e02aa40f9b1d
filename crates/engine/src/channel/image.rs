//! The channel `image`: the query's embeddings against the cases' image embeddings.
//!
//! A case counts with its nearest image to any of the query's vectors. Each vector's own best cases suffice: a case
//! among the best overall is among the best of the vector that it is nearest to.

use super::{Candidate, Ranking};
use crate::EngineError;
use crate::admit::Query;
use precedent_index::{CasePlace, NearestCase, OrdinalSet, Snapshot, WalkParams};
use precedent_query::{Channel, ChannelPlan, PathChoice, VectorPath};
use precedent_vector::Embedding;
use std::collections::HashMap;

/// Distances that a walk without a filter computes for each unit of its width: 1,813 at width 100 and 3,284 at 200 on
/// our 100,000 x 512 set (`benches/README.md`). In a walk and in a scan alike a distance costs what it takes to bring the
/// vector from memory, so distances are compared with distances.
const WALK_DISTANCES_PER_WIDTH: f64 = 17.0;

/// Whether the walk is expected to compute fewer distances than comparing the `accepted` of `cases`. On the same set, at
/// width 200, filters of 50, 10 and 1 % made a walk compute 1.9, 1.7 and 25 times as many; the root of 1 / share is a
/// plain curve through these that changes over to the scan near 10 %, where both took as long.
fn walk_pays(accepted: usize, cases: usize, ef_search: usize) -> bool {
    let share = accepted as f64 / cases.max(1) as f64;
    ef_search as f64 * WALK_DISTANCES_PER_WIDTH < accepted as f64 * share.sqrt()
}

/// Ranks the accepted cases that have an embedding.
pub(crate) fn rank(
    snapshot: &Snapshot,
    query: &Query<'_>,
    accept: &[OrdinalSet],
    depth: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Ranking, EngineError> {
    let limits = &query.request.limits;
    let ef_search = limits.ef_search.unwrap_or(snapshot.definition().graph.ef_search).max(depth);
    let mut best: HashMap<CasePlace, NearestCase> = HashMap::new();
    let (mut visited, mut embedded_cases, mut walked, mut filtered) = (0, 0, false, false);
    for (segment, accept) in accept.iter().enumerate() {
        let accept = snapshot.embedded(segment, accept)?;
        let accepted = accept.count();
        embedded_cases += accepted;
        if accepted == 0 {
            continue;
        }
        let walk = snapshot.has_graph(segment)
            && !limits.exact
            && match limits.path {
                PathChoice::Exact => false,
                PathChoice::Graph => true,
                PathChoice::Auto => walk_pays(accepted, accept.cases(), ef_search),
            };
        walked |= walk;
        filtered |= walk && accepted < snapshot.embedded_count(segment)?;
        let params = if walk { WalkParams::Graph { ef_search } } else { WalkParams::Exact };
        for vector in &query.vectors {
            let found = snapshot.nearest(segment, vector, depth, params, &accept, stop)?;
            visited += found.visited;
            for case in found.cases {
                let place = CasePlace { segment, ordinal: case.ordinal };
                best.entry(place)
                    .and_modify(|known| {
                        if case.distance < known.distance {
                            *known = case;
                        }
                    })
                    .or_insert(case);
            }
        }
    }
    let mut nearest: Vec<(CasePlace, NearestCase)> = best.into_iter().collect();
    nearest.sort_unstable_by(|a, b| a.1.order(&b.1));
    nearest.truncate(depth);
    let candidates: Vec<Candidate> =
        nearest.into_iter().map(|(place, case)| candidate(snapshot, place, &case)).collect();
    let path = match (walked, filtered) {
        (false, _) => VectorPath::Exact,
        (true, false) => VectorPath::Graph,
        (true, true) => VectorPath::FilteredGraph,
    };
    let plan = ChannelPlan {
        channel: Channel::Image,
        path: Some(path),
        ef_search: walked.then_some(ef_search),
        visited,
        candidates: candidates.len(),
        exact: !walked,
    };
    Ok(Ranking { exhausted: candidates.len() >= embedded_cases, candidates, plan })
}

/// How near one case is: its score, the image that was nearest, and the vector of the query that it was nearest to.
pub(crate) fn score(
    snapshot: &Snapshot,
    vectors: &[Embedding],
    place: CasePlace,
) -> Result<Option<(f32, usize, usize)>, EngineError> {
    let mut best: Option<(NearestCase, usize)> = None;
    for (index, vector) in vectors.iter().enumerate() {
        if let Some(case) = snapshot.distance(vector, place)?
            && best.is_none_or(|(known, _)| case.distance < known.distance)
        {
            best = Some((case, index));
        }
    }
    Ok(best.map(|(case, vector)| (candidate(snapshot, place, &case).score, case.image as usize, vector)))
}

fn candidate(snapshot: &Snapshot, place: CasePlace, case: &NearestCase) -> Candidate {
    let metric = snapshot.definition().image_space.as_ref().map(|space| space.metric());
    let score = metric.map_or(0.0, |metric| metric.similarity(case.distance));
    Candidate { place, score, sequence: case.sequence }
}

#[cfg(test)]
mod tests {
    use super::walk_pays;

    #[test]
    fn few_matches_are_scanned_and_many_walked() {
        assert!(walk_pays(100_000, 100_000, 200));
        assert!(walk_pays(50_000, 100_000, 200));
        assert!(!walk_pays(10_000, 100_000, 200));
        assert!(walk_pays(10_000, 100_000, 100));
        assert!(!walk_pays(100, 100_000, 10));
        assert!(!walk_pays(0, 0, 10));
    }
}
