//! The channel `image`: compares the query's embeddings with those of the cases' images.
//!
//! A case is ranked by its nearest image to any vector of the query. It is enough to look at the best cases of each vector: a
//! case among the best overall is among the best of the vector nearest to it.
//!
//! If the projection of a query image is known, cases of like views go first: those known to be of other projections only come
//! after all others, whatever their distance. A case of unknown views may be of any.

use super::{Ahead, Candidate, Ranking};
use crate::EngineError;
use crate::admit::Query;
use crate::unlike::ByView;
use precedent_archive::{CasePlace, Effort, Generation, NearestCase, NearestTo, SegmentPath, Selection};
use precedent_query::{Channel, ChannelPlan, VectorPath};
use std::collections::HashMap;

/// Cases measured between two calls of `stop`.
const MEASURED_BETWEEN_STOPS: usize = 256;
/// The same for cases found again by another vector, which costs only a table lookup.
const JOINED_BETWEEN_STOPS: usize = 2048;

/// Ranks the selected cases that have an embedding.
pub(crate) fn rank(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    matches: &ByView<'_>,
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
    let (mut visited, mut path, mut found_share) = (0, SegmentPath::Compared, Some(1.0_f32));
    let mut nearest_in = |query_vector, k, group: &dyn Selection| -> Result<Vec<_>, EngineError> {
        // Hits are measured when shown; only with several vectors do these distances decide between cases.
        let order_alone = query.vectors.len() == 1;
        let to = NearestTo { query: query_vector, k, effort, path: limits.path, order_alone };
        let found = group.nearest(&to, stop)?;
        visited += found.visited;
        path = path.max(found.path);
        found_share = found_share.zip(found.recall).map(|(least, share)| least.min(share));
        Ok(found.cases)
    };
    let mut nearest_of = |(index, vector)| -> Result<Vec<_>, EngineError> {
        let mut found = Vec::new();
        for group in matches.groups(query.unlike.of_vector(index)) {
            if found.len() < depth {
                found.extend(nearest_in(vector, depth - found.len(), group)?);
            }
        }
        Ok(found)
    };
    let nearest = match query.vectors.as_slice() {
        [vector] => nearest_of((0, vector))?,
        vectors => {
            let mut best = BestOfSeveral::new(depth);
            for (index, vector) in vectors.iter().enumerate() {
                best.add(snapshot, query, index, nearest_of((index, vector))?, stop)?;
            }
            if path > SegmentPath::Compared {
                best.measure(snapshot, query, stop)?;
            }
            best.into_nearest()
        }
    };
    let candidates: Vec<Candidate> = nearest
        .into_iter()
        .zip(1..)
        .map(|((place, case), rank)| candidate(snapshot, place, &case, rank))
        .collect();
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
            Effort::Recall(_) if !exact => found_share,
            _ => None,
        },
        visited,
        candidates: candidates.len(),
        exact,
    };
    Ok(Ranking { exhausted: candidates.len() >= matches.all.count_embedded()?, candidates, plan })
}

/// The nearest cases to any of several vectors, collected from the nearest to each.
struct BestOfSeveral {
    depth: usize,
    /// Each with whether its view is unlike that of the vector.
    cases: HashMap<CasePlace, (bool, NearestCase)>,
}

impl BestOfSeveral {
    fn new(depth: usize) -> Self {
        Self { depth, cases: HashMap::new() }
    }

    /// Adds the cases nearest to one vector. Once twice as many as needed are held, the farther half is dropped: a later vector
    /// may bring such a case back.
    fn add(
        &mut self,
        snapshot: &dyn Generation,
        query: &Query<'_>,
        vector: usize,
        found: Vec<(CasePlace, NearestCase)>,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), EngineError> {
        for (done, (place, case)) in found.into_iter().enumerate() {
            if done % JOINED_BETWEEN_STOPS == 0 && stop() {
                return Err(EngineError::Cancelled);
            }
            let case = (query.unlike.has(snapshot, vector, place)?, case);
            let known = self.cases.entry(place).or_insert(case);
            if nearer(&case, known) {
                *known = case;
            }
        }
        if self.cases.len() > self.depth.saturating_mul(2) {
            self.cases = self.best().into_iter().collect();
        }
        Ok(())
    }

    /// Measures all cases again. The walk for one vector may have missed a case that the walk for another found, at a larger
    /// distance; its rank must not be worse than the distance shown with it.
    fn measure(
        &mut self,
        snapshot: &dyn Generation,
        query: &Query<'_>,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), EngineError> {
        for (done, (&place, case)) in self.cases.iter_mut().enumerate() {
            if done % MEASURED_BETWEEN_STOPS == 0 && stop() {
                return Err(EngineError::Cancelled);
            }
            if let Some((is_unlike, nearest, _)) = nearest(snapshot, query, place)? {
                *case = (is_unlike, nearest);
            }
        }
        Ok(())
    }

    fn best(&mut self) -> Vec<(CasePlace, (bool, NearestCase))> {
        let mut cases: Vec<_> = self.cases.drain().collect();
        cases.sort_unstable_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.order(&b.1)));
        cases.truncate(self.depth);
        cases
    }

    fn into_nearest(mut self) -> Vec<(CasePlace, NearestCase)> {
        self.best().into_iter().map(|(place, (_, case))| (place, case)).collect()
    }
}

/// Whether one pair of image and vector goes before another: like views first, then the smaller distance.
fn nearer(one: &(bool, NearestCase), other: &(bool, NearestCase)) -> bool {
    (one.0, one.1.distance) < (other.0, other.1.distance)
}

/// Keeps the candidates whose displayed score is at least `least`.
pub(crate) fn keep_from(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    ranking: Ranking,
    least: f32,
    stop: &dyn Fn() -> bool,
) -> Result<Ranking, EngineError> {
    let Ranking { candidates, mut exhausted, mut plan } = ranking;
    let found = candidates.len();
    let mut kept = Vec::with_capacity(found);
    for (done, candidate) in candidates.into_iter().enumerate() {
        if done % MEASURED_BETWEEN_STOPS == 0 && stop() {
            return Err(EngineError::Cancelled);
        }
        let nearest = nearest(snapshot, query, candidate.place)?;
        let shown = nearest.map(|(_, case, _)| similarity(snapshot, &case));
        if shown.is_some_and(|score| score >= least) {
            kept.push(candidate);
        }
    }
    // All cases after one that is too far away are too far as well, unless those of other views come after it.
    exhausted |= kept.len() < found && !query.unlike.splits();
    plan.candidates = kept.len();
    Ok(Ranking { candidates: kept, exhausted, plan })
}

/// How near a hit is: its score, its nearest image, and the query vector nearest to that.
pub(crate) fn score(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    place: CasePlace,
) -> Result<Option<(f32, usize, usize)>, EngineError> {
    snapshot.confirm_vectors(place)?;
    let nearest = nearest(snapshot, query, place)?;
    Ok(nearest.map(|(_, case, vector)| (similarity(snapshot, &case), case.image as usize, vector)))
}

/// The same for a case that is compared and not shown; `None` also where it is known to be of other views alone.
pub(crate) fn score_of_like_view(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    place: CasePlace,
) -> Result<Option<f32>, EngineError> {
    let nearest = nearest(snapshot, query, place)?.filter(|(is_unlike, _, _)| !is_unlike);
    Ok(nearest.map(|(_, case, _)| similarity(snapshot, &case)))
}

/// The given cases that have an embedding, each with its rank among all selected cases.
pub(crate) fn ranked(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    matches: &dyn Selection,
    places: &[CasePlace],
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Candidate>, EngineError> {
    let order = |a: &(bool, NearestCase), b: &(bool, NearestCase)| a.0.cmp(&b.0).then(a.1.order(&b.1));
    let near = |place| -> Result<Option<(bool, NearestCase)>, EngineError> {
        let nearest = nearest(snapshot, query, place)?;
        Ok(nearest.map(|(is_unlike, case, _)| (is_unlike, case)).filter(|(_, case)| !case.distance.is_nan()))
    };
    let mut found: Vec<(CasePlace, (bool, NearestCase))> = Vec::new();
    for &place in places {
        found.extend(near(place)?.map(|case| (place, case)));
    }
    found.sort_unstable_by(|(_, a), (_, b)| order(a, b));
    let mut ahead = Ahead::of(found.len());
    for (measured, place) in matches.places().enumerate().take_while(|_| !found.is_empty()) {
        if measured.is_multiple_of(MEASURED_BETWEEN_STOPS) && stop() {
            return Err(EngineError::Cancelled);
        }
        if let Some(case) = near(place)? {
            // The case itself only moves cases that come after it.
            ahead.add(found.partition_point(|(_, known)| order(known, &case).is_le()));
        }
    }
    let ranked = found.into_iter().zip(ahead.ranks());
    Ok(ranked.map(|((place, (_, case)), rank)| candidate(snapshot, place, &case, rank)).collect())
}

/// The given cases that have an embedding, each with its rank among them.
pub(crate) fn ranked_among(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    places: &[CasePlace],
    stop: &dyn Fn() -> bool,
) -> Result<Vec<Candidate>, EngineError> {
    let mut found: Vec<(CasePlace, (bool, NearestCase))> = Vec::with_capacity(places.len());
    for (measured, &place) in places.iter().enumerate() {
        if measured.is_multiple_of(MEASURED_BETWEEN_STOPS) && stop() {
            return Err(EngineError::Cancelled);
        }
        let nearest = nearest(snapshot, query, place)?.filter(|(_, case, _)| !case.distance.is_nan());
        found.extend(nearest.map(|(is_unlike, case, _)| (place, (is_unlike, case))));
    }
    found.sort_unstable_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.order(&b.1)));
    let ranked = found.iter().zip(1..);
    Ok(ranked.map(|((place, (_, case)), rank)| candidate(snapshot, *place, case, rank)).collect())
}

/// The nearest pair of an image of this case and a query vector, preferring vectors of like views; and whether the pair is of
/// unlike views.
fn nearest(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    place: CasePlace,
) -> Result<Option<(bool, NearestCase, usize)>, EngineError> {
    let mut best: Option<((bool, NearestCase), usize)> = None;
    for (index, vector) in query.vectors.iter().enumerate() {
        let Some(case) = snapshot.distance(vector, place)? else { continue };
        let case = (query.unlike.has(snapshot, index, place)?, case);
        if best.is_none_or(|(known, _)| nearer(&case, &known)) {
            best = Some((case, index));
        }
    }
    Ok(best.map(|((is_unlike, case), index)| (is_unlike, case, index)))
}

/// The similarity of the nearest image of a case, and whether it is of another view than the query's; `None` without an embedding.
pub(crate) fn likeness(
    snapshot: &dyn Generation,
    query: &Query<'_>,
    place: CasePlace,
) -> Result<Option<(bool, f32)>, EngineError> {
    let nearest = nearest(snapshot, query, place)?;
    Ok(nearest.map(|(is_unlike, case, _)| (is_unlike, similarity(snapshot, &case))))
}

fn candidate(snapshot: &dyn Generation, place: CasePlace, case: &NearestCase, rank: usize) -> Candidate {
    Candidate { place, score: similarity(snapshot, case), sequence: case.sequence, rank }
}

fn similarity(snapshot: &dyn Generation, case: &NearestCase) -> f32 {
    let metric = snapshot.definition().image_space.as_ref().map(|space| space.metric());
    metric.map_or(0.0, |metric| metric.similarity(case.distance))
}
