//! The cases nearest to a vector, in all segments.
//!
//! A segment holds about its share of the `k` nearest of all, so it is asked for that and some more, and again if all it returned
//! are among the best. With twenty segments, as while cases are being ingested, this avoids searching for `k` in each.

use crate::segment::{Accepted, LeftOutCase, VectorSearch};
use crate::{CasePlace, Effort, IndexError, NearestCase, OrdinalSet, SegmentPath, Snapshot};
use precedent_hnsw::Precision;
use precedent_query::PathChoice;
use precedent_vector::Embedding;

/// What was found in all segments.
#[derive(Debug, Clone)]
pub struct Nearest {
    /// At most `k` cases, nearest first.
    pub cases: Vec<(CasePlace, NearestCase)>,
    /// Number of distances computed, from codes or exactly.
    pub visited: usize,
    /// The path taken; of several segments, the last in the order of [`SegmentPath`].
    pub path: SegmentPath,
    /// The measured share of the nearest cases that this path finds, the lowest of all segments; `None` if a width was requested.
    pub recall: Option<f32>,
}

impl Nearest {
    fn none() -> Self {
        Self { cases: Vec::new(), visited: 0, path: SegmentPath::Compared, recall: Some(1.0) }
    }
}

/// Fewest cases requested of a segment: fewer are hardly found faster.
const LEAST: usize = 10;
/// How many more than its share is requested of a segment, in standard deviations of a fair draw.
const DEVIATIONS: f64 = 4.0;
/// The factor by which a segment is asked for more if all it returned are among the best.
const MORE: usize = 4;

/// How many of `k` cases to request of a segment that holds `accepted` of all selected cases.
fn share(k: usize, accepted: usize, of_all: usize) -> usize {
    let expected = k as f64 * accepted as f64 / of_all.max(1) as f64;
    let asked = (expected + DEVIATIONS * expected.sqrt()).ceil() as usize;
    asked.max(LEAST).min(k).min(accepted)
}

impl Snapshot {
    /// The `k` selected cases nearest to the query, from each segment by the cheapest path that `effort` and `path` allow.
    /// `accept` has one set per segment, of cases with an embedding ([`Self::embedded`]). The result is sorted by the exact
    /// distances, which are returned.
    ///
    /// # Errors
    /// [`IndexError::Stopped`] if `stop` returns true, or a damaged file.
    pub fn nearest(
        &self,
        query: &Embedding,
        k: usize,
        how: (Effort, PathChoice),
        accept: &[OrdinalSet],
        stop: &dyn Fn() -> bool,
    ) -> Result<Nearest, IndexError> {
        self.nearest_by(query, k, how, Precision::Whole, (accept, None), stop)
    }

    /// As [`Self::nearest`], in the same order, but distances that the order does not depend on may be those of vectors rounded
    /// to 12 bits per number: for callers that measure what they show ([`Self::distance`]).
    ///
    /// # Errors
    /// As [`Self::nearest`].
    pub fn nearest_in_order(
        &self,
        query: &Embedding,
        k: usize,
        how: (Effort, PathChoice),
        accept: &[OrdinalSet],
        stop: &dyn Fn() -> bool,
    ) -> Result<Nearest, IndexError> {
        // Distances from several segments are compared with each other.
        let precision = if accept.len() == 1 { Precision::Order } else { Precision::Whole };
        self.nearest_by(query, k, how, precision, (accept, None), stop)
    }

    /// As [`Self::nearest`], skipping one case as if it had never been in the index ([`Self::leave_out`]).
    ///
    /// # Errors
    /// As [`Self::nearest`].
    pub fn nearest_without(
        &self,
        query: &Embedding,
        k: usize,
        how: (Effort, PathChoice),
        (accept, without): (&[OrdinalSet], Option<(usize, &LeftOutCase)>),
        stop: &dyn Fn() -> bool,
    ) -> Result<Nearest, IndexError> {
        self.nearest_by(query, k, how, Precision::Whole, (accept, without), stop)
    }

    fn nearest_by(
        &self,
        query: &Embedding,
        k: usize,
        (effort, path): (Effort, PathChoice),
        precision: Precision,
        (accept, without): (&[OrdinalSet], Option<(usize, &LeftOutCase)>),
        stop: &dyn Fn() -> bool,
    ) -> Result<Nearest, IndexError> {
        let mut nearest = Nearest::none();
        let Some(space) = &self.definition().image_space else { return Ok(nearest) };
        let search = VectorSearch { query, metric: space.metric(), effort, path, precision, stop };
        let mut scratch = self.scratches.take();
        let accepted = (accept.iter().enumerate())
            .map(|(segment, cases)| self.accepted(segment, cases, without))
            .collect::<Result<Vec<_>, _>>()?;
        if let [accepted] = accepted.as_slice() {
            let found = self.part(0)?.segment.nearest(&search, k, *accepted, &mut scratch)?;
            let placed = |case: NearestCase| (CasePlace { segment: 0, ordinal: case.ordinal }, case);
            let cases = found.cases.into_iter().map(placed).collect();
            return Ok(Nearest { cases, visited: found.visited, path: found.path, recall: found.recall });
        }
        let accept = accepted;
        let accepted: Vec<usize> = accept.iter().map(|accepted| accepted.count).collect();
        let all = accepted.iter().sum();
        // A full comparison takes the same time for few cases as for many.
        let asked =
            |accepted: usize| if search.is_exact() { accepted.min(k) } else { share(k, accepted, all) };
        let mut asked: Vec<usize> = accepted.iter().map(|&accepted| asked(accepted)).collect();
        let mut found: Vec<Vec<NearestCase>> = vec![Vec::new(); accept.len()];
        let mut open: Vec<usize> = (0..accept.len()).filter(|&segment| asked[segment] > 0).collect();
        loop {
            for &number in &open {
                let segment = &self.part(number)?.segment;
                let answer = segment.nearest(&search, asked[number], accept[number], &mut scratch)?;
                nearest.visited += answer.visited;
                nearest.path = nearest.path.max(answer.path);
                nearest.recall = nearest.recall.zip(answer.recall).map(|(least, recall)| least.min(recall));
                found[number] = answer.cases;
            }
            nearest.cases.clear();
            for (segment, cases) in found.iter().enumerate() {
                let place = |case: &NearestCase| CasePlace { segment, ordinal: case.ordinal };
                nearest.cases.extend(cases.iter().map(|case| (place(case), *case)));
            }
            nearest.cases.sort_unstable_by(|a, b| a.1.order(&b.1));
            nearest.cases.truncate(k);
            // If the last case a segment returned is among the best, more of that segment may be.
            let full = nearest.cases.len() == k;
            let worst = nearest.cases.last().filter(|_| full).map(|(_, case)| *case);
            open.retain(|&segment| {
                let last = found[segment].last().filter(|_| found[segment].len() == asked[segment]);
                asked[segment] < k.min(accepted[segment])
                    && last.is_some_and(|last| worst.is_none_or(|worst| last.order(&worst).is_le()))
            });
            if open.is_empty() {
                return Ok(nearest);
            }
            for &segment in &open {
                asked[segment] = (asked[segment] * MORE).min(k).min(accepted[segment]);
            }
        }
    }

    /// Prepares to leave a case out of searches.
    pub fn leave_out(&self, place: CasePlace) -> Result<Option<LeftOutCase>, IndexError> {
        let Some(space) = &self.definition().image_space else { return Ok(None) };
        Ok(Some(self.part(place.segment)?.segment.leave_out(place.ordinal, space.metric())?))
    }

    fn accepted<'a>(
        &self,
        segment: usize,
        cases: &'a OrdinalSet,
        without: Option<(usize, &'a LeftOutCase)>,
    ) -> Result<Accepted<'a>, IndexError> {
        let without = without.filter(|(of, case)| *of == segment && cases.contains(case.ordinal()));
        let part = self.part(segment)?;
        let count = cases.count();
        // Tombstones are not a filter: the remaining cases are searched as if they were all.
        let live = match part.segment.embedded_count()? {
            embedded if count >= embedded => count,
            embedded if embedded == part.segment.cases() => part.live.count(),
            _ => self.embedded(segment, &part.live)?.count(),
        };
        Ok(Accepted {
            cases,
            count: count - usize::from(without.is_some()),
            all_live: count >= live,
            without: without.map(|(_, case)| case),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_asked_for_its_share_and_some_more() {
        assert_eq!(share(200, 100_000, 100_000), 200);
        assert_eq!(share(200, 2_000, 100_000), 12);
        assert_eq!(share(200, 50_000, 100_000), 140);
        assert_eq!(share(200, 1, 100_000), 1);
        assert_eq!(share(10, 2_000, 100_000), 10);
        assert_eq!((share(0, 5, 10), share(5, 0, 0)), (0, 0));
    }
}
