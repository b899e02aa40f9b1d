//! What a graph finds at which width, measured on rows that are not in it yet.
//!
//! A few hundred rows are inserted last. Before that they are queries that the graph has never seen, of the same kind as the
//! rows, and what a search finds of their nearest is measured at growing slack. A request for a recall is turned into a
//! slack by this curve. Queries of another kind than the rows may find less.

use crate::draft::Measured;
use crate::graph::{CurvePoint, Graph};
use crate::layout::MAX_CURVE;
use crate::scratch::Scratch;
use crate::search::{Search, WalkBreadth};
use crate::{HnswError, VectorRows};
use precedent_vector::Metric;
use rayon::prelude::*;
use std::collections::HashSet;

/// Rows that are measured with: with 400 queries of 10 the mean is known to half a hundredth.
const HELD_OUT: usize = 400;
/// A graph of fewer rows is not measured: it is compared whole.
const LEAST_ROWS: usize = 2_000;
/// Slacks that are tried; the search ends where nearly everything is found.
const SLACKS: [f32; 16] =
    [0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.18, 0.22, 0.27, 0.35, 0.5, 0.75];
/// Nothing is gained by more slack than this finds.
const COMPLETE: f32 = 0.9995;

/// The order that rows are inserted in.
pub(crate) struct Order {
    rows: Vec<u32>,
    held_out: usize,
}

impl Order {
    /// Rows in their order, but for some, spread evenly, that come last.
    pub fn new(rows: usize) -> Self {
        let held_out = if rows < LEAST_ROWS { 0 } else { HELD_OUT.min(rows / 10) };
        let every = rows.checked_div(held_out).unwrap_or(1);
        let is_held = |row: usize| row.is_multiple_of(every) && row / every < held_out;
        let (last, mut order): (Vec<u32>, Vec<u32>) =
            (0..rows as u32).partition(|&row| is_held(row as usize));
        let held_out = last.len();
        order.extend(last);
        Self { rows: order, held_out }
    }

    pub fn first(&self) -> &[u32] {
        &self.rows[..self.rows.len() - self.held_out]
    }

    pub fn held_out(&self) -> &[u32] {
        &self.rows[self.rows.len() - self.held_out..]
    }
}

/// Searches the graph without the held out rows for each of them.
pub(crate) fn measure<R: VectorRows + Sync>(
    rows: &R,
    metric: Metric,
    order: &Order,
    bytes: Vec<u8>,
) -> Result<Measured, HnswError> {
    if order.held_out().is_empty() {
        return Ok(Measured::default());
    }
    let graph = Graph::open(bytes.as_slice())?;
    let distance = metric.distance_fn();
    let truths: Vec<Truth> = order
        .held_out()
        .par_iter()
        .map_init(Scratch::default, |scratch, &row| {
            let query = rows.row(row).map_err(|error| HnswError::row(row, error))?;
            let mut search = Search::new(&graph, rows, distance, query, scratch, &|| false)?;
            search.scan(order.first().iter().copied(), 100)?;
            search.finish_with_errors(100)
        })
        .map(|found| found.map(|(nodes, errors)| Truth { nodes, errors }))
        .collect::<Result<_, HnswError>>()?;
    let errors = truths.iter().flat_map(|truth| &truth.errors);
    let (sum, count) = errors.fold((0.0, 0_u32), |(sum, count), error| (sum + error * error, count + 1));
    let deviation = (sum / f64::from(count.max(1))).sqrt() as f32;
    let mut curve: Vec<CurvePoint> = Vec::new();
    for slack in SLACKS {
        let found: Vec<[f64; 2]> = (order.held_out().par_iter().zip(&truths))
            .map_init(Scratch::default, |scratch, (&row, truth)| {
                let query = rows.row(row).map_err(|error| HnswError::row(row, error))?;
                let mut found = [0.0; 2];
                for (found, k) in found.iter_mut().zip([10, 100]) {
                    let mut search = Search::new(&graph, rows, distance, query, scratch, &|| false)?;
                    search.set_deviation(deviation);
                    search.walk(k, WalkBreadth::Slack(slack))?;
                    let nodes: HashSet<u32> =
                        search.finish(k, None)?.neighbours.iter().map(|neighbour| neighbour.node).collect();
                    let truth = &truth.nodes[..k.min(truth.nodes.len())];
                    let hits = truth.iter().filter(|node| nodes.contains(node)).count();
                    *found = hits as f64 / truth.len().max(1) as f64;
                }
                Ok::<_, HnswError>(found)
            })
            .collect::<Result<_, _>>()?;
        let mean =
            |place: usize| (found.iter().map(|found| found[place]).sum::<f64>() / found.len() as f64) as f32;
        // A longer walk finds no less; what says otherwise is chance.
        let least = curve.last().map_or((0.0, 0.0), |last| (last.recall_at_10, last.recall_at_100));
        let (recall_at_10, recall_at_100) = (mean(0).max(least.0), mean(1).max(least.1));
        curve.push(CurvePoint { slack, recall_at_10, recall_at_100 });
        if recall_at_10.min(recall_at_100) >= COMPLETE || curve.len() == MAX_CURVE as usize {
            break;
        }
    }
    Ok(Measured { deviation, curve })
}

/// The nearest hundred of a query, and how far their estimates were off.
struct Truth {
    nodes: Vec<u32>,
    errors: Vec<f64>,
}

/// The slack that was measured to find a share of the `k` nearest; none where no slack was. Between what was measured, slack
/// grows with the logarithm of what is missed.
pub fn slack_for_recall(curve: &[CurvePoint], recall: f32, k: usize) -> Option<f32> {
    // Between 10 and 100 the logarithm of k says how much of each holds; beyond, the hundred stands for all.
    let share = (k.clamp(10, 100) as f32 / 10.0).log10();
    let found = |point: &CurvePoint| point.recall_at_10 * (1.0 - share) + point.recall_at_100 * share;
    let missed = |recall: f32| (1.0 - recall).max(1e-4).ln();
    let place = curve.iter().position(|point| found(point) >= recall)?;
    let above = &curve[place];
    let Some(below) = place.checked_sub(1).and_then(|below| curve.get(below)) else {
        return Some(above.slack);
    };
    let (low, high, wanted) = (missed(found(below)), missed(found(above)), missed(recall));
    let part = ((low - wanted) / (low - high).max(1e-6)).clamp(0.0, 1.0);
    Some(below.slack + part * (above.slack - below.slack))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_one_place_in_the_order() {
        for rows in [0, 1, 1_999, 2_000, 12_345] {
            let order = Order::new(rows);
            let mut all: Vec<u32> = order.first().iter().chain(order.held_out()).copied().collect();
            assert_eq!(order.held_out().is_empty(), rows < LEAST_ROWS, "{rows}");
            all.sort_unstable();
            assert_eq!(all, (0..rows as u32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn slack_lies_between_the_points_around_a_recall() {
        let point = |slack, recall_at_10, recall_at_100| CurvePoint { slack, recall_at_10, recall_at_100 };
        let curve = [point(0.0, 0.8, 0.7), point(0.1, 0.9, 0.9), point(0.2, 0.99, 0.98)];
        assert_eq!(slack_for_recall(&curve, 0.5, 10), Some(0.0));
        assert_eq!(slack_for_recall(&curve, 0.9, 10), Some(0.1));
        let between = slack_for_recall(&curve, 0.95, 10).unwrap();
        assert!((0.1..0.2).contains(&between) && slack_for_recall(&curve, 0.95, 100).unwrap() > between);
        assert_eq!(slack_for_recall(&curve, 0.995, 10), None);
        assert_eq!(slack_for_recall(&[], 0.5, 10), None);
    }
}
