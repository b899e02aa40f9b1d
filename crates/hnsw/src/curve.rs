//! What walks and scans find, measured on rows that are not in the graph yet.
//!
//! Some rows are inserted last. Before that they are queries that the graph has never seen, of the same kind as the rows. Their
//! nearest are found by comparing whole vectors, and then counted among what walks of growing slack and scans of growing width
//! hold. Queries of another kind than the rows may find less.

use crate::graph::Graph;
use crate::layout::MAX_POINTS;
use crate::recall::{DEPTHS, LOST, RecallTable, ScanPoint, WalkPoint};
use crate::scratch::Scratch;
use crate::search::{Search, WalkBreadth};
use crate::{Comparison, HnswError, Pages, VectorRows, compare};
use precedent_vector::{Metric, key_node, sample};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// Rows that are measured with at most, and at least: the share that is found of 10 is known to 0.003 with 400 of them.
const MOST_HELD_OUT: usize = 1_000;
const LEAST_HELD_OUT: usize = 200;
/// Products of two numbers that finding their nearest may take: some seconds, a tenth of the build.
const PRODUCTS: usize = 20_000_000_000;
/// A graph of fewer rows is not measured: its vectors are compared.
const LEAST_ROWS: usize = 1_000;
/// Of the rows held out, the share that each of the depths is measured with, at least so many: a thousand nearest of 40 tell as much as
/// ten of 1,000, and take as long.
const SHARES: [(usize, usize); DEPTHS.len()] = [(1, 1), (2, 200), (4, 100), (10, 60), (20, 40)];
/// Slacks that are tried.
const SLACKS: [f32; 22] = [
    0.0, 0.004, 0.008, 0.012, 0.016, 0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.12, 0.15, 0.18, 0.22, 0.27,
    0.35, 0.5, 0.75, 1.0, 1.5,
];
/// Widths of scans that are tried, as multiples of those wanted.
const WIDTHS: [f32; 13] = [1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0];
/// Nothing is gained by more than what finds this.
const COMPLETE: f32 = 0.999_9;
/// A walk that compares more than this share of all codes is no longer worth measuring: a scan costs less.
const SCAN_PAYS: f32 = 0.5;
/// What is added to a distance before a share of it is taken as slack, in deviations of an estimate by first codes.
const SPREAD: f64 = 4.0;

/// The order that rows are inserted in.
pub(crate) struct Order {
    rows: Vec<u32>,
    held_out: usize,
}

impl Order {
    /// Rows in their order, but for some, spread evenly, that come last. The first of these are spread evenly, too: the greater depths are
    /// measured with them.
    pub fn new(rows: usize, dimension: usize) -> Self {
        let affordable = PRODUCTS / (rows * dimension).max(1);
        let held_out = match rows < LEAST_ROWS {
            true => 0,
            false => affordable.clamp(LEAST_HELD_OUT, MOST_HELD_OUT).min(rows / 20),
        };
        let last: Vec<u32> = sample(held_out, rows).into_iter().map(|row| row as u32).collect();
        let is_last: FxHashSet<u32> = last.iter().copied().collect();
        let first = (0..rows as u32).filter(|row| !is_last.contains(row));
        Self { rows: first.chain(last.iter().copied()).collect(), held_out }
    }

    pub fn first(&self) -> &[u32] {
        &self.rows[..self.rows.len() - self.held_out]
    }

    pub fn held_out(&self) -> &[u32] {
        &self.rows[self.rows.len() - self.held_out..]
    }
}

/// How many of so many queries a depth is measured with.
fn queries_of(depth: usize, all: usize) -> usize {
    let (share, least) = SHARES[depth];
    (all / share).max(least).min(all)
}

/// A query with the nearest of the other rows, truly: as many as the depths that it is asked for need, and a few more.
pub(crate) struct Question {
    pub row: u32,
    nearest: Vec<u32>,
    /// Those of them that are in the graph.
    linked: Vec<u32>,
}

impl Question {
    /// Finds the nearest of all rows to each query, the query itself left out. None of the queries is in the graph.
    pub fn all<R: VectorRows + Sync>(
        rows: &R,
        metric: Metric,
        queries: &[u32],
    ) -> Result<Vec<Self>, HnswError> {
        let is_query: FxHashSet<u32> = queries.iter().copied().collect();
        let more = 1.0 + 2.0 * queries.len() as f64 / rows.len().max(1) as f64;
        let depth_of = |place: usize| {
            let is_asked = |depth: &usize| place < queries_of(*depth, queries.len());
            (0..DEPTHS.len()).rev().find(is_asked).map_or(0, |depth| DEPTHS[depth])
        };
        let question = |(place, &row): (usize, &u32)| {
            let query = rows.row(row).map_err(|error| HnswError::row(row, error))?;
            let others = (0..rows.len() as u32).filter(|&other| other != row);
            let how = ((more * depth_of(place) as f64) as usize + 10, Comparison::Whole);
            let found = compare(rows, metric.distance_fn(), query, others, how, &|| false)?;
            let nearest: Vec<u32> = found.neighbours.iter().map(|neighbour| neighbour.node).collect();
            let linked = nearest.iter().copied().filter(|node| !is_query.contains(node)).collect();
            Ok(Self { row, nearest, linked })
        };
        queries.par_iter().enumerate().map(question).collect()
    }

    /// As many of the nearest as a depth has; none where there are fewer.
    fn at(&self, depth: usize) -> Option<&[u32]> {
        self.nearest.get(..DEPTHS[depth])
    }

    /// As many of the nearest that are in the graph as a depth has; none where there are fewer.
    fn linked_at(&self, depth: usize) -> Option<&[u32]> {
        self.linked.get(..DEPTHS[depth])
    }
}

/// The share that is found of the nearest at a depth, less a standard error of what was measured. At the first depth, which stands for
/// every smaller number, it is the share of the one nearest where that is less.
fn found(held: &[Vec<bool>], depth: usize) -> f32 {
    let least = |of: &dyn Fn(&[bool]) -> f64| {
        let count = held.len().max(1) as f64;
        let mean = held.iter().map(|held| of(held)).sum::<f64>() / count;
        let variance = held.iter().map(|held| (of(held) - mean).powi(2)).sum::<f64>() / count;
        (mean - (variance / count).sqrt()).max(0.0)
    };
    let share = least(&|held| held.iter().filter(|held| **held).count() as f64 / held.len().max(1) as f64);
    let first = least(&|held| f64::from(u8::from(held.first().is_some_and(|held| *held))));
    if depth == 0 { share.min(first) as f32 } else { share as f32 }
}

/// How far estimates are off, relative to the query, of the hundred nearest of each, and the spread that follows for walks.
pub(crate) fn errors<R: VectorRows + Sync, P: Pages + Sync>(
    graph: &Graph<P>,
    rows: &R,
    metric: Metric,
    questions: &[Question],
) -> Result<RecallTable, HnswError> {
    let distance = metric.distance_fn();
    let errors: Vec<Vec<[f64; 2]>> = (questions.par_iter())
        .map_init(Scratch::default, |scratch, question| {
            let query = row_of(rows, question.row)?;
            let nearest = &question.nearest[..question.nearest.len().min(DEPTHS[2])];
            let mut search = Search::new(graph, rows, distance, query, scratch, &|| false)?;
            let estimates = search.estimates(nearest)?;
            let length = f64::from(search.length().max(f32::MIN_POSITIVE));
            let both = nearest.iter().zip(estimates);
            both.map(|(&node, estimate)| {
                let truth = distance(query, row_of(rows, node)?);
                Ok(estimate.map(|estimate| f64::from(estimate - truth) / length))
            })
            .collect()
        })
        .collect::<Result<_, HnswError>>()?;
    let squares = errors.iter().flatten().map(|[first, _]| first * first);
    let count = errors.iter().map(Vec::len).sum::<usize>();
    let spread = (SPREAD * (squares.sum::<f64>() / count.max(1) as f64).sqrt()) as f32;
    let mut behind: Vec<f32> = errors.iter().flatten().map(|[_, both]| both.max(0.0) as f32).collect();
    behind.sort_unstable_by(|a, b| b.total_cmp(a));
    let exceeded_by = |share: f32| {
        let place = (share * behind.len() as f32) as usize;
        behind.get(place).copied().unwrap_or(0.0).max(f32::MIN_POSITIVE)
    };
    let is_known = !behind.is_empty() && spread.is_finite();
    Ok(RecallTable {
        spread: if is_known { spread } else { 0.0 },
        walks_measure: graph.has_blocks(),
        errors: is_known.then(|| LOST.map(exceeded_by)),
        ..RecallTable::default()
    })
}

fn row_of<R: VectorRows>(rows: &R, row: u32) -> Result<&[f32], HnswError> {
    rows.row(row).map_err(|error| HnswError::row(row, error))
}

/// What scans of the codes of some rows find.
pub(crate) fn scans<R: VectorRows + Sync, P: Pages + Sync>(
    graph: &Graph<P>,
    rows: &R,
    metric: Metric,
    questions: &[Question],
) -> Result<Vec<ScanPoint>, HnswError> {
    // For each query and depth the places that its nearest have in the order of their estimates.
    let places: Vec<Vec<u32>> = (questions.par_iter())
        .map_init(Scratch::default, |scratch, question| {
            let query = row_of(rows, question.row)?;
            let mut search = Search::new(graph, rows, metric.distance_fn(), query, scratch, &|| false)?;
            let others = (0..rows.len() as u32).filter(|&other| other != question.row);
            let mut keys = search.keys(others)?;
            let width = (WIDTHS[WIDTHS.len() - 1] * question.nearest.len() as f32) as usize;
            if let Some(last) = width.min(keys.len()).checked_sub(1) {
                keys.select_nth_unstable(last);
                keys.truncate(last + 1);
            }
            keys.sort_unstable();
            let place_of: FxHashMap<u32, u32> = keys.iter().map(|&key| key_node(key)).zip(0..).collect();
            let place = |node: &u32| place_of.get(node).copied().unwrap_or(u32::MAX);
            Ok(question.nearest.iter().map(place).collect())
        })
        .collect::<Result<_, HnswError>>()?;
    let recall = |width: f32, depth: usize| {
        let within = (width * DEPTHS[depth] as f32) as u32;
        let held: Vec<Vec<bool>> = (questions.iter().zip(&places))
            .take(queries_of(depth, questions.len()))
            .filter_map(|(question, places)| question.at(depth).and(places.get(..DEPTHS[depth])))
            .map(|places| places.iter().map(|&place| place < within).collect())
            .collect();
        found(&held, depth)
    };
    let mut points: Vec<ScanPoint> = Vec::new();
    for width in WIDTHS {
        let recall = std::array::from_fn(|depth| recall(width, depth));
        points.push(ScanPoint { width, recall });
        if recall.iter().all(|recall| *recall >= COMPLETE) {
            break;
        }
    }
    Ok(points)
}

/// Searches a graph for rows that are not in it. What scans find is measured unless it is known.
pub(crate) fn measure<R: VectorRows + Sync>(
    rows: &R,
    metric: Metric,
    questions: &[Question],
    bytes: &[u8],
    scans_known: Option<&[ScanPoint]>,
) -> Result<RecallTable, HnswError> {
    if questions.is_empty() {
        return Ok(RecallTable::default());
    }
    let graph = Graph::open(bytes)?;
    let table = errors(&graph, rows, metric, questions)?;
    let graph = graph.with_recall(table.clone());
    let scans = match scans_known {
        Some(scans) => scans.to_vec(),
        None => scans(&graph, rows, metric, &questions[..queries_of(1, questions.len())])?,
    };
    let walks = walks(&graph, rows, metric, questions)?;
    Ok(RecallTable { walks, scans, ..table })
}

fn walks<R: VectorRows + Sync>(
    graph: &Graph<&[u8]>,
    rows: &R,
    metric: Metric,
    questions: &[Question],
) -> Result<Vec<WalkPoint>, HnswError> {
    const { assert!(SLACKS.len() <= MAX_POINTS as usize && WIDTHS.len() <= MAX_POINTS as usize) };
    let most = SCAN_PAYS * graph.node_count() as f32;
    let mut walks: Vec<WalkPoint> = Vec::new();
    let mut is_open = DEPTHS.map(|_| true);
    for slack in SLACKS {
        let before = walks.last().copied();
        let mut point = before.map_or(
            WalkPoint { slack, recall: [0.0; DEPTHS.len()], compared: [0.0; DEPTHS.len()] },
            |before| WalkPoint { slack, ..before },
        );
        for depth in 0..DEPTHS.len() {
            if !is_open[depth] {
                continue;
            }
            let asked = &questions[..queries_of(depth, questions.len())];
            let outcomes: Vec<(Vec<bool>, usize)> = (asked.par_iter())
                .filter_map(|question| question.linked_at(depth).map(|nearest| (question.row, nearest)))
                .map_init(Scratch::default, |scratch, (row, nearest)| {
                    let query = row_of(rows, row)?;
                    let mut search =
                        Search::new(graph, rows, metric.distance_fn(), query, scratch, &|| false)?;
                    search.walk(DEPTHS[depth], WalkBreadth::Slack(slack), None)?;
                    Ok((search.holds(nearest), search.compared()))
                })
                .collect::<Result<_, HnswError>>()?;
            let compared = outcomes.iter().map(|(_, compared)| *compared as f64).sum::<f64>();
            let compared = (compared / outcomes.len().max(1) as f64) as f32;
            let held: Vec<Vec<bool>> = outcomes.into_iter().map(|(held, _)| held).collect();
            // A longer walk finds no less; what says otherwise is chance.
            point.recall[depth] = point.recall[depth].max(found(&held, depth));
            point.compared[depth] = point.compared[depth].max(compared);
            is_open[depth] = !held.is_empty() && point.recall[depth] < COMPLETE && compared < most;
        }
        walks.push(point);
        if is_open.iter().all(|open| !open) {
            break;
        }
    }
    Ok(walks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_one_place_in_the_order() {
        for rows in [0, 1, 999, 1_000, 12_345] {
            let order = Order::new(rows, 64);
            let mut all: Vec<u32> = order.first().iter().chain(order.held_out()).copied().collect();
            assert_eq!(order.held_out().is_empty(), rows < LEAST_ROWS, "{rows}");
            all.sort_unstable();
            assert_eq!(all, (0..rows as u32).collect::<Vec<_>>());
        }
        assert_eq!(Order::new(1_000_000, 512).held_out().len(), LEAST_HELD_OUT);
    }

    #[test]
    fn the_share_found_of_ten_is_that_of_the_nearest_where_that_is_less() {
        let held: Vec<Vec<bool>> = (0..100).map(|query| vec![query >= 10, true, true, true]).collect();
        // Of the nearest 0.9, with a deviation of 0.3 among a hundred queries.
        assert!((found(&held, 0) - 0.87).abs() < 1e-6);
        assert!((found(&held, 1) - (0.975 - 0.0075)).abs() < 1e-6);
        assert_eq!((found(&[], 0), found(&[vec![true; 3]], 2)), (0.0, 1.0));
    }
}
