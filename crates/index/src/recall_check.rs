//! Measures whether searches keep the promised recall, on the cases of the index itself.
//!
//! Some of the cases are the queries. Each searches with its first embedding and is left out of its answer, but its copies are
//! not. Results are compared with the exact answer by distance: a case as near as the last of the exact answer counts as found.

use crate::segment::{Effort, NearestCase, SegmentPath};
use crate::{CasePlace, IndexError, OrdinalSet, Snapshot};
use precedent_query::PathChoice;
use precedent_vector::{Embedding, sample};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Measured as far as there are enough other cases.
const DEPTHS: [usize; 4] = [1, 10, 100, 1000];
/// Measured besides the index's own target.
const TARGETS: [f32; 4] = [0.9, 0.95, 0.99, 0.999];
/// How far a mean may be below its target, whatever its error: the targets themselves are only kept by measurement.
const TOLERANCE: f64 = 0.005;
/// A graph's builder learns from at most one row in this many (`precedent_hnsw`, `curve.rs`).
const LEARNT_FROM: usize = 10;
/// Fewest queries for which the mean has an error estimate.
const FEWEST: usize = 2;

/// The result of [`Snapshot::check_recall`].
#[derive(Debug, Clone, PartialEq)]
pub struct RecallReport {
    /// Live cases with an embedding.
    pub cases: usize,
    /// How many of them were queries; 0 if there are fewer than two cases.
    pub queries: usize,
    /// Mean time of an exact search for the largest k.
    pub exact_time: Duration,
    /// By target, the index's own first, then by k.
    pub rows: Vec<RecallRow>,
}

/// The results of searches for one target and k.
#[derive(Debug, Clone, PartialEq)]
pub struct RecallRow {
    /// The promised recall.
    pub target: f32,
    /// Whether this is the index's own target, used by searches that give none.
    pub is_own: bool,
    /// Number of cases requested.
    pub k: usize,
    /// Mean share of the k nearest cases that was found.
    pub recall: f64,
    /// Two standard errors of that mean.
    pub margin: f64,
    /// Share of the queries whose nearest case came first.
    pub first: f64,
    /// Searches that compared all cases.
    pub compared: usize,
    /// Searches that scanned codes in at least one segment and walked in none.
    pub scanned: usize,
    /// Searches that walked a graph in at least one segment.
    pub walked: usize,
    /// Mean time of a search, not counting the first one of each query.
    pub time: Duration,
}

impl RecallRow {
    /// Whether the mean is so far below the target that chance does not explain it.
    pub fn falls_short(&self) -> bool {
        f64::from(self.target) - self.recall > self.margin.max(TOLERANCE)
    }
}

/// Sums over the queries for one target and k.
#[derive(Debug, Default)]
struct Tally {
    queries: usize,
    recall: f64,
    squares: f64,
    first: usize,
    compared: usize,
    scanned: usize,
    walked: usize,
    time: Duration,
}

impl Tally {
    fn add(&mut self, recall: f64, is_first: bool, path: SegmentPath, time: Duration) {
        self.queries += 1;
        self.recall += recall;
        self.squares += recall * recall;
        self.first += usize::from(is_first);
        *match path {
            SegmentPath::Compared => &mut self.compared,
            SegmentPath::Scanned => &mut self.scanned,
            SegmentPath::Walked | SegmentPath::Filtered => &mut self.walked,
        } += 1;
        self.time += time;
    }

    fn row(&self, (target, is_own): (f32, bool), k: usize) -> RecallRow {
        let queries = self.queries.max(1) as f64;
        let mean = self.recall / queries;
        let variance = (self.squares - queries * mean * mean).max(0.0) / (queries - 1.0).max(1.0);
        RecallRow {
            target,
            is_own,
            k,
            recall: mean,
            margin: 2.0 * (variance / queries).sqrt(),
            first: self.first as f64 / queries,
            compared: self.compared,
            scanned: self.scanned,
            walked: self.walked,
            time: mean_time(self.time, self.queries),
        }
    }
}

fn mean_time(sum: Duration, of: usize) -> Duration {
    sum.div_f64(of.max(1) as f64)
}

/// The exact answer to one query.
struct Truth<'a> {
    snapshot: &'a Snapshot,
    query: &'a Embedding,
    cases: Vec<(CasePlace, NearestCase)>,
    ranks: HashMap<CasePlace, usize>,
}

impl Truth<'_> {
    /// Whether a case is among the `k` nearest, or as near as the last of them.
    fn holds(&self, place: CasePlace, k: usize) -> Result<bool, IndexError> {
        if self.ranks.get(&place).is_some_and(|&rank| rank < k) {
            return Ok(true);
        }
        let Some((_, last)) = k.checked_sub(1).and_then(|last| self.cases.get(last)) else { return Ok(true) };
        let found = self.snapshot.distance(self.query, place)?;
        Ok(found.is_some_and(|found| found.distance <= last.distance))
    }
}

/// The results so far. Only the exact answer to the current query is held.
struct Measured<'a> {
    snapshot: &'a Snapshot,
    live: &'a [OrdinalSet],
    stop: &'a dyn Fn() -> bool,
    deepest: usize,
    exact_time: Duration,
    /// By target and k.
    tallies: Vec<(f32, usize, Tally)>,
}

impl Measured<'_> {
    fn ask(&mut self, place: CasePlace) -> Result<(), IndexError> {
        let (snapshot, live, stop) = (self.snapshot, self.live, self.stop);
        let query = snapshot.first_embedding(place)?;
        let left_out = snapshot.leave_out(place)?;
        let search = |k, effort| {
            let started = Instant::now();
            let how = (effort, PathChoice::Auto);
            let without = left_out.as_ref().map(|case| (place.segment, case));
            let found = snapshot.nearest_without(&query, k, how, (live, without), stop)?;
            Ok::<_, IndexError>((found, started.elapsed()))
        };
        let (exact, time) = search(self.deepest, Effort::Exact)?;
        self.exact_time += time;
        let ranks = exact.cases.iter().enumerate().map(|(rank, (place, _))| (*place, rank)).collect();
        let truth = Truth { snapshot, query: &query, cases: exact.cases, ranks };
        // The exact search has evicted from the caches what other searches read; the first one would pay for that.
        search(1, Effort::Recall(snapshot.definition().graph.target_recall))?;
        for (target, k, tally) in &mut self.tallies {
            let (found, time) = search(*k, Effort::Recall(*target))?;
            let mut hits = 0;
            for (place, _) in &found.cases {
                hits += usize::from(truth.holds(*place, *k)?);
            }
            let is_first = match found.cases.first() {
                Some((place, _)) => truth.holds(*place, 1)?,
                None => false,
            };
            tally.add(hits as f64 / *k as f64, is_first, found.path, time);
        }
        Ok(())
    }
}

/// Picks `count` cases from the sets, spread evenly. The first of the sample are skipped: if a segment holds all cases, those are
/// the rows from which its graph learnt what to promise.
fn draw(sets: &[OrdinalSet], count: usize) -> Vec<CasePlace> {
    let cases: usize = sets.iter().map(OrdinalSet::count).sum();
    let sampled = sample(count.saturating_add(cases / LEARNT_FROM), cases);
    let mut drawn: Vec<usize> = sampled.into_iter().rev().take(count).collect();
    drawn.sort_unstable();
    let mut drawn = drawn.into_iter().peekable();
    let all = (sets.iter().enumerate())
        .flat_map(|(segment, set)| set.iter().map(move |ordinal| CasePlace { segment, ordinal }));
    all.enumerate().filter(|(number, _)| drawn.next_if_eq(number).is_some()).map(|(_, place)| place).collect()
}

impl Snapshot {
    /// Measures the recall of searches without a filter, at the index's own target and others, with up to `sample` cases (at
    /// least 2) as queries. `progress` gets the number of queries done and in all; `stop` is called often.
    ///
    /// # Errors
    /// [`IndexError::Stopped`] if `stop` returns true, or a damaged file.
    pub fn check_recall(
        &self,
        sample: usize,
        progress: &dyn Fn(usize, usize),
        stop: &dyn Fn() -> bool,
    ) -> Result<RecallReport, IndexError> {
        let live = (self.live().iter().enumerate())
            .map(|(segment, live)| self.embedded(segment, live))
            .collect::<Result<Vec<_>, _>>()?;
        let cases: usize = live.iter().map(OrdinalSet::count).sum();
        let mut report = RecallReport { cases, queries: 0, exact_time: Duration::ZERO, rows: Vec::new() };
        if cases < FEWEST || self.definition().image_space.is_none() {
            return Ok(report);
        }
        // Otherwise the first searches would also be timed verifying checksums.
        self.segments.iter().for_each(|part| part.segment.check_ahead());
        let own = self.definition().graph.target_recall;
        let targets = std::iter::once(own).chain(TARGETS.into_iter().filter(|&target| target != own));
        let depths = DEPTHS.into_iter().filter(|&k| k < cases);
        let asked = targets.flat_map(|target| depths.clone().map(move |k| (target, k)));
        let mut measured = Measured {
            snapshot: self,
            live: &live,
            stop,
            deepest: depths.clone().max().unwrap_or(1),
            exact_time: Duration::ZERO,
            tallies: asked.map(|(target, k)| (target, k, Tally::default())).collect(),
        };
        let places = draw(&live, sample.max(FEWEST));
        for (done, &place) in places.iter().enumerate() {
            progress(done, places.len());
            measured.ask(place)?;
        }
        progress(places.len(), places.len());
        report.queries = places.len();
        report.exact_time = mean_time(measured.exact_time, places.len());
        let row = |(target, k, tally): &(f32, usize, Tally)| tally.row((*target, *target == own), *k);
        report.rows = measured.tallies.iter().map(row).collect();
        Ok(report)
    }

    fn first_embedding(&self, place: CasePlace) -> Result<Embedding, IndexError> {
        let segment = &self.part(place.segment)?.segment;
        let damaged = |problem: String| IndexError::damaged(&segment.entry.folder(), problem);
        let space = self.definition().image_space.as_ref();
        let (space, (_, values)) = (space.zip(segment.embeddings(place.ordinal)?.into_iter().next()))
            .ok_or_else(|| damaged(format!("case {} lost its embedding", place.ordinal)))?;
        space.restore(values.to_vec()).map_err(|error| damaged(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: f32, recalls: &[f64]) -> RecallRow {
        let mut tally = Tally::default();
        for &recall in recalls {
            tally.add(recall, recall > 0.5, SegmentPath::Walked, Duration::from_millis(3));
        }
        tally.row((target, false), 10)
    }

    #[test]
    fn a_mean_comes_with_its_error() {
        let mixed = row(0.9, &[1.0, 0.5, 1.0, 0.5]);
        // The variance of the four is 1/12, that of their mean a quarter of it.
        assert!(
            (mixed.recall - 0.75).abs() < 1e-12
                && (mixed.margin - 2.0 * (1.0_f64 / 48.0).sqrt()).abs() < 1e-12
        );
        assert_eq!((mixed.first, mixed.walked, mixed.time), (0.5, 4, Duration::from_millis(3)));
        assert_eq!(row(0.9, &[1.0; 9]).margin, 0.0);
    }

    #[test]
    fn what_chance_explains_does_not_fall_short() {
        let of_100 = |missed: usize| row(0.99, &[vec![0.0; missed], vec![1.0; 100 - missed]].concat());
        assert!(!of_100(0).falls_short() && !of_100(3).falls_short(), "{:?}", of_100(3));
        assert!(of_100(10).falls_short(), "{:?}", of_100(10));
        assert!(!row(0.99, &[0.986; 50]).falls_short(), "within the tolerance");
        assert!(row(0.99, &[0.98; 50]).falls_short());
    }

    #[test]
    fn queries_are_drawn_over_all_segments() {
        let mut half = OrdinalSet::all(100);
        (0..100).step_by(2).for_each(|ordinal| half.remove(ordinal));
        let sets = [half, OrdinalSet::none(7), OrdinalSet::all(50)];
        let places = draw(&sets, 40);
        assert_eq!(places.len(), 40);
        assert!(places.iter().all(|place| sets[place.segment].contains(place.ordinal)));
        let late = places.iter().filter(|place| place.segment == 2).count();
        assert!(late.abs_diff(20) <= 1, "{late} of 40 from a half of all");
        assert_eq!((draw(&sets, 1_000).len(), draw(&sets, usize::MAX).len()), (100, 100));
        assert_eq!(draw(&[], 5), []);
    }
    #[test]
    fn the_rows_that_a_graph_learnt_from_ask_only_where_there_are_no_others() {
        let learnt_from = sample(100, 1_000);
        let asked = |count| {
            let places = draw(&[OrdinalSet::all(1_000)], count);
            places.iter().filter(|place| learnt_from.contains(&(place.ordinal as usize))).count()
        };
        assert_eq!((asked(200), asked(900), asked(1_000)), (0, 0, 100));
    }
}
