//! The other builder, hnsw_rs, which a definition may choose, and against which ours is checked: exact distances, and third-party
//! code.
//!
//! On 100,000 x 512 it took 300 CPU seconds, and ours took 20.

use crate::draft::Draft;
use crate::layout::LEVELS;
use crate::rows::check_rows;
use crate::{HnswError, VectorRows};
use anndists::dist::distances::Distance;
use hnsw_rs::hnsw::Hnsw;
use precedent_vector::{DistanceFn, Metric};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// Rows inserted one by one before several threads start: two threads that start on an empty graph would not see each other's
/// rows.
const SERIAL_ROWS: usize = 256;
/// Rows between two progress reports, per thread: less than a second of work.
const ROWS_PER_REPORT: usize = 256;

/// Links all rows on the threads of the current pool; level 0 gets `2 * m` links.
pub(crate) fn link<R: VectorRows + Sync>(
    rows: &R,
    metric: Metric,
    (m, ef_construction, threads): (usize, usize, usize),
    progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
) -> Result<Draft, HnswError> {
    let distance = RowDistance::new(rows, metric)?;
    // hnsw_rs asserts its expectations. A panic there must fail this build, but not the process.
    let linked = catch_unwind(AssertUnwindSafe(|| {
        insert_all(rows.len(), &distance, (m, ef_construction, threads), progress)
    }));
    linked.map_err(|panic| HnswError::Builder(reason(&*panic)))?
}

/// The message of a panic.
fn reason(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
        .to_owned()
}

/// Inserts every row and exports the links.
fn insert_all<R: VectorRows + Sync>(
    rows: usize,
    distance: &RowDistance<'_, R>,
    (m, ef_construction, threads): (usize, usize, usize),
    progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
) -> Result<Draft, HnswError> {
    let report = |done| if progress(done).is_break() { Err(HnswError::Stopped) } else { Ok(()) };
    report(0)?;
    if rows < 2 {
        // hnsw_rs cannot list the points of an empty graph, and a single node needs no links.
        return Ok(Draft::new(m, 2 * m, vec![0; rows]));
    }
    let hnsw = Hnsw::new(m, rows, LEVELS as usize, ef_construction, distance);
    for range in batches(rows, threads) {
        let insert = |row: usize| hnsw.insert_slice((&[row as u32], row));
        let done = range.end;
        if threads == 1 || range.start == 0 {
            range.for_each(insert);
        } else {
            range.into_par_iter().with_max_len(16).for_each(insert);
        }
        distance.check()?;
        report(done)?;
    }
    Ok(export(&hnsw, rows, m))
}

/// The rows in batches between two reports; a single thread inserts the first batch.
fn batches(rows: usize, threads: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let size = if start == 0 { SERIAL_ROWS } else { ROWS_PER_REPORT * threads };
        let range = start..(start + size).min(rows);
        start = range.end;
        (!range.is_empty()).then_some(range)
    })
}

/// Exports the levels and the links. hnsw_rs also keeps lists of a point above the point's own level; these are dropped.
fn export<D: Distance<u32> + Send + Sync>(hnsw: &Hnsw<'_, u32, D>, rows: usize, m: usize) -> Draft {
    let points = hnsw.get_point_indexation();
    let mut levels = vec![0; rows];
    for level in 0..LEVELS as u8 {
        for point in points.get_layer_iterator(level.into()) {
            levels[point.get_origin_id()] = level;
        }
    }
    let mut draft = Draft::new(m, 2 * m, levels);
    for level in 0..LEVELS as u8 {
        for point in points.get_layer_iterator(level.into()) {
            let lists = point.get_neighborhood_id();
            for (list_level, list) in (0..=level).zip(lists) {
                let links = list.iter().map(|neighbour| neighbour.d_id as u32);
                draft.set_links(point.get_origin_id() as u32, list_level, links);
            }
        }
    }
    draft
}

/// The distance for hnsw_rs. Its points are row numbers, so that it copies no vectors. Never negative and never NaN, on which it
/// would panic: inner products are subtracted from an upper bound of all of them (no product exceeds the largest squared norm),
/// which changes no comparison, and rounding errors below 0 are cut off.
struct RowDistance<'a, R> {
    rows: &'a R,
    kernel: DistanceFn,
    /// Added to every distance.
    shift: f32,
    /// Why a row could not be read, the last time. The build ends when it checks this.
    failure: Mutex<Option<HnswError>>,
}

impl<'a, R: VectorRows> RowDistance<'a, R> {
    /// Reads every row once, so that no unreadable or infinite value turns up later.
    fn new(rows: &'a R, metric: Metric) -> Result<Self, HnswError> {
        let largest = check_rows(rows)?;
        let shift = match metric {
            Metric::Cosine => (largest - 1.0).max(0.0),
            Metric::Dot => largest,
            Metric::L2 => 0.0,
        };
        Ok(Self { rows, kernel: metric.distance_fn(), shift: shift as f32, failure: Mutex::default() })
    }

    fn of(&self, a: u32, b: u32) -> Result<f32, HnswError> {
        let row = |number: u32| self.rows.row(number).map_err(|error| HnswError::row(number, error));
        Ok((self.kernel)(row(a)?, row(b)?) + self.shift)
    }

    /// The error of a distance since the last check.
    fn check(&self) -> Result<(), HnswError> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.map_or(Ok(()), Err)
    }
}

impl<R: VectorRows> Distance<u32> for &RowDistance<'_, R> {
    #[inline]
    fn eval(&self, a: &[u32], b: &[u32]) -> f32 {
        let (&[a], &[b]) = (a, b) else { return f32::MAX };
        match self.of(a, b) {
            Ok(distance) if distance.is_nan() => f32::MAX,
            Ok(distance) => distance.max(0.0),
            Err(error) => {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                f32::MAX
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_cover_every_row_once() {
        for (rows, threads) in [(2, 1), (256, 3), (257, 1), (5_000, 2), (0, 1)] {
            let covered: Vec<usize> = batches(rows, threads).flatten().collect();
            assert_eq!(covered, (0..rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_hnsw_rs_sees_is_never_negative_and_orders_as_the_metric() {
        let values = [3.0, 0.0, 0.0, 2.0, -3.0, 0.5, 1e-20, 0.0];
        let rows = crate::FlatRows::new(&values, 2).unwrap();
        for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
            let distance = RowDistance::new(&rows, metric).unwrap();
            let plain = |a: u32, b: u32| metric.distance_fn()(rows.row(a).unwrap(), rows.row(b).unwrap());
            for (a, b, c) in [(0, 1, 2), (1, 3, 0), (2, 0, 3), (0, 0, 1)] {
                let seen = |b: u32| (&distance).eval(&[a], &[b]);
                assert!(seen(b) >= 0.0 && seen(c) >= 0.0, "{metric:?}");
                assert_eq!(seen(b) < seen(c), plain(a, b) < plain(a, c), "{metric:?} {a} {b} {c}");
            }
        }
    }
}
