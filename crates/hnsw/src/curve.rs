//! What a graph finds at which width, measured on rows that are not in it yet.
//!
//! A few hundred rows are inserted last. Before that they are queries that the graph has never seen, of the same kind as the
//! rows, and what a search finds of their nearest is measured at growing widths. A request for a recall is turned into a
//! width by this curve. Queries of another kind than the rows may find less.

use crate::draft::Measured;
use crate::graph::{CurvePoint, Graph};
use crate::layout::MAX_CURVE;
use crate::scratch::Scratch;
use crate::search::Search;
use crate::{HnswError, VectorRows};
use precedent_vector::Metric;
use rayon::prelude::*;
use std::collections::HashSet;

/// Rows that are measured with: with 400 queries of 10 the mean is known to half a hundredth.
const HELD_OUT: usize = 400;
/// A graph of fewer rows is not measured: it is compared whole.
const LEAST_ROWS: usize = 2_000;
/// Widths that are tried; the search ends where nearly everything is found.
const WIDTHS: [usize; 18] = [10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 1024, 2048];
/// Nothing is gained by a wider walk than this finds.
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
        let is_held =
            |row: usize| held_out > 0 && row % (rows / held_out) == 0 && row / (rows / held_out) < held_out;
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
    let mut curve: Vec<(u32, f32, f32)> = Vec::new();
    for ef in WIDTHS {
        let found: Vec<(f64, f64)> = (order.held_out().par_iter().zip(&truths))
            .map_init(Scratch::default, |scratch, (&row, truth)| {
                let query = rows.row(row).map_err(|error| HnswError::row(row, error))?;
                let mut found = [0.0, 0.0];
                for (found, k) in found.iter_mut().zip([10, 100]).filter(|(_, k)| *k <= ef) {
                    let mut search = Search::new(&graph, rows, distance, query, scratch, &|| false)?;
                    search.set_deviation(deviation);
                    search.walk(ef)?;
                    let nodes: HashSet<u32> =
                        search.finish(k, None)?.neighbours.iter().map(|neighbour| neighbour.node).collect();
                    let truth = &truth.nodes[..k.min(truth.nodes.len())];
                    let hits = truth.iter().filter(|node| nodes.contains(node)).count();
                    *found = hits as f64 / truth.len().max(1) as f64;
                }
                Ok::<_, HnswError>((found[0], found[1]))
            })
            .collect::<Result<_, _>>()?;
        let mean = |value: fn(&(f64, f64)) -> f64| {
            (found.iter().map(value).sum::<f64>() / found.len() as f64) as f32
        };
        let (ten, hundred) = (mean(|found| found.0), mean(|found| found.1));
        // A wider walk finds no less; what says otherwise is chance.
        let (ten, hundred) =
            curve.last().map_or((ten, hundred), |last| (ten.max(last.1), hundred.max(last.2)));
        curve.push((ef as u32, ten, hundred));
        if hundred >= COMPLETE || curve.len() == MAX_CURVE as usize {
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

/// The width that was measured to find a share of the `k` nearest; none where no width was. Between what was measured, widths
/// grow by the logarithm of what is missed; beyond it, none was wide enough.
pub fn ef_for_recall(curve: &[CurvePoint], recall: f32, k: usize) -> Option<usize> {
    let width_at = |value: fn(&CurvePoint) -> f32, k: usize| -> Option<f64> {
        let missed = |point: &CurvePoint| f64::from(1.0 - value(point)).max(1e-5).ln();
        let wanted = f64::from(1.0 - recall).max(1e-5).ln();
        let points: Vec<&CurvePoint> =
            curve.iter().filter(|point| point.ef >= k && value(point) > 0.0).collect();
        let place = points.iter().position(|point| missed(point) <= wanted)?;
        let Some(below) = place.checked_sub(1).and_then(|below| points.get(below)) else {
            return Some(points[place].ef as f64);
        };
        let above = points[place];
        let share = ((missed(below) - wanted) / (missed(below) - missed(above)).max(1e-9)).clamp(0.0, 1.0);
        let (low, high) = ((below.ef as f64).ln(), (above.ef as f64).ln());
        Some((low + share * (high - low)).exp())
    };
    let at_ten = width_at(|point| point.recall_at_10, 10);
    let at_hundred = width_at(|point| point.recall_at_100, 100);
    let width = match k {
        0..=10 => at_ten?,
        11..100 => {
            let share = (k as f64 / 10.0).log10();
            (at_ten?.ln() * (1.0 - share) + at_hundred?.ln() * share).exp()
        }
        _ => at_hundred? * k as f64 / 100.0,
    };
    Some((width.ceil() as usize).max(k))
}
