//! Building: hnsw_rs links the rows, and the result is frozen.

use crate::draft::Draft;
use crate::layout::{LEVELS, MAX_M, MAX_NODES, MIN_M};
use crate::repair::{FreezeReport, repair};
use crate::{HnswError, VectorRows};
use anndists::dist::distances::Distance;
use hnsw_rs::hnsw::Hnsw;
use precedent_vector::{DistanceFn, Metric};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// Largest `ef_construction`.
pub const MAX_EF_CONSTRUCTION: usize = 10_000;

/// Rows inserted one by one before several threads start: two that start on an empty graph would not see each other.
const SERIAL_ROWS: usize = 256;
/// Rows between two reports of progress, per thread: under a second of work.
const ROWS_PER_REPORT: usize = 256;

/// How a graph is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildParams {
    /// Links of a node on a level above 0, [`MIN_M`] to [`MAX_M`]; twice as many on level 0.
    pub m: usize,
    /// Neighbours held while the place of a row is looked for, `m` to [`MAX_EF_CONSTRUCTION`].
    pub ef_construction: usize,
    /// Threads, at least 1. One thread always builds the same graph; several build one of equal quality that differs
    /// from run to run.
    pub threads: usize,
}

impl Default for BuildParams {
    /// What the peers are measured with: `m` 16 and `ef_construction` 200, on all processors.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { m: 16, ef_construction: 200, threads }
    }
}

impl BuildParams {
    fn check(&self) -> Result<(), HnswError> {
        let check = |field, found, min, max| match (min..=max).contains(&found) {
            true => Ok(()),
            false => Err(HnswError::Parameter { field, found, min, max }),
        };
        check("m", self.m, MIN_M, MAX_M)?;
        check("ef_construction", self.ef_construction, self.m, MAX_EF_CONSTRUCTION)?;
        check("threads", self.threads, 1, 1024)
    }
}

/// A graph in its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltGraph {
    /// What [`crate::Graph::open`] reads.
    pub bytes: Vec<u8>,
    /// What the audit found and did.
    pub report: FreezeReport,
}

/// Builds a graph over all rows.
///
/// `progress` is told how many rows are done, from 0 to all of them, and may stop the build. Rows are read in place:
/// beside them a build needs about 3 KB a row with the default parameters. Rows that are equal are better merged
/// before, for copies link to each other only.
///
/// # Errors
/// A parameter outside its bounds, too many rows, a row that cannot be read or is not finite,
/// [`HnswError::Stopped`] when `progress` breaks.
pub fn build<R: VectorRows + Sync>(
    rows: &R,
    metric: Metric,
    params: &BuildParams,
    progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
) -> Result<BuiltGraph, HnswError> {
    params.check()?;
    if rows.len() > MAX_NODES {
        return Err(HnswError::Parameter {
            field: "the number of rows",
            found: rows.len(),
            min: 0,
            max: MAX_NODES,
        });
    }
    let distance = RowDistance::new(rows, metric)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(params.threads)
        .thread_name(|number| format!("hnsw-build-{number}"))
        .build()
        .map_err(HnswError::Threads)?;
    // hnsw_rs asserts what it expects. A panic there must fail this build and not the process around it.
    let linked =
        catch_unwind(AssertUnwindSafe(|| pool.install(|| link(rows.len(), &distance, params, progress))));
    let draft = linked.map_err(|panic| HnswError::Builder(reason(&*panic)))??;
    let mut bytes = draft.encode();
    drop(draft);
    let stopped = || progress(rows.len()).is_break();
    let report = repair(&mut bytes, rows, metric.distance_fn(), &stopped)?;
    Ok(BuiltGraph { bytes, report })
}

/// What a panic said.
fn reason(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
        .to_owned()
}

/// Inserts every row and takes the links over.
fn link<R: VectorRows + Sync>(
    rows: usize,
    distance: &RowDistance<'_, R>,
    params: &BuildParams,
    progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
) -> Result<Draft, HnswError> {
    let report = |done| if progress(done).is_break() { Err(HnswError::Stopped) } else { Ok(()) };
    report(0)?;
    if rows < 2 {
        // hnsw_rs cannot list the points of an empty graph, and one node needs no links.
        return Ok(Draft::new(params.m as u32, vec![0; rows]));
    }
    let hnsw = Hnsw::new(params.m, rows, LEVELS as usize, params.ef_construction, distance);
    for range in batches(rows, params.threads) {
        let insert = |row: usize| hnsw.insert_slice((&[row as u32], row));
        let done = range.end;
        if params.threads == 1 || range.start == 0 {
            range.for_each(insert);
        } else {
            range.into_par_iter().with_max_len(16).for_each(insert);
        }
        distance.check()?;
        report(done)?;
    }
    Ok(export(&hnsw, rows, params.m))
}

/// The rows in the parts between two reports; the first part is inserted by one thread.
fn batches(rows: usize, threads: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let size = if start == 0 { SERIAL_ROWS } else { ROWS_PER_REPORT * threads };
        let range = start..(start + size).min(rows);
        start = range.end;
        (!range.is_empty()).then_some(range)
    })
}

/// Takes the levels and the links. hnsw_rs also keeps lists of a point above the point's own level; they stay behind.
fn export<D: Distance<u32> + Send + Sync>(hnsw: &Hnsw<'_, u32, D>, rows: usize, m: usize) -> Draft {
    let points = hnsw.get_point_indexation();
    let mut levels = vec![0; rows];
    for level in 0..LEVELS as u8 {
        for point in points.get_layer_iterator(level.into()) {
            levels[point.get_origin_id()] = level;
        }
    }
    let mut draft = Draft::new(m as u32, levels);
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

/// The distance that hnsw_rs sees. Its points are row numbers, so that it copies no vector. Never negative and never
/// NaN, which it would panic at: an inner product is taken from an upper bound of all of them (no product exceeds the
/// largest squared norm), which changes no comparison, and what rounding leaves below 0 is cut off.
struct RowDistance<'a, R> {
    rows: &'a R,
    kernel: DistanceFn,
    /// Added to every distance.
    shift: f32,
    /// Why a row could not be read, the last time. The build ends when it looks here.
    failure: Mutex<Option<HnswError>>,
}

impl<'a, R: VectorRows> RowDistance<'a, R> {
    /// Reads every row once, so that nothing unreadable or not finite comes up later.
    fn new(rows: &'a R, metric: Metric) -> Result<Self, HnswError> {
        let mut largest = 0.0_f64;
        for row in 0..rows.len() as u32 {
            let numbers = rows.row(row).map_err(|error| HnswError::row(row, error))?;
            let squared_norm: f64 = numbers.iter().map(|&number| f64::from(number) * f64::from(number)).sum();
            // Four times the squared norm bounds every squared distance.
            if squared_norm.is_nan() || squared_norm * 4.0 > f64::from(f32::MAX) {
                return Err(HnswError::NotFinite { row });
            }
            largest = largest.max(squared_norm);
        }
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

    /// The failure of a distance since the last look.
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
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    /// Rows of which one cannot be read after the first pass.
    struct Failing(AtomicUsize);

    impl VectorRows for Failing {
        type Error = crate::RowsError;

        fn len(&self) -> usize {
            50
        }

        fn dimension(&self) -> usize {
            1
        }

        fn row(&self, node: u32) -> Result<&[f32], Self::Error> {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                reads if reads > 60 && node == 7 => Err(crate::RowsError::OutOfRange { row: node, rows: 0 }),
                _ => Ok(&[1.0]),
            }
        }
    }

    #[test]
    fn a_row_that_fails_in_the_middle_ends_the_build_with_its_reason() {
        let rows = Failing(AtomicUsize::new(0));
        let params = BuildParams { threads: 1, ..BuildParams::default() };
        let error = build(&rows, Metric::L2, &params, &|_| ControlFlow::Continue(())).unwrap_err();
        assert!(matches!(error, HnswError::Row { row: 7, .. }), "{error}");
    }

    #[test]
    fn parameters_are_held_to_their_bounds() {
        let rows = crate::FlatRows::new(&[1.0, 2.0], 1).unwrap();
        let good = BuildParams { threads: 1, ..BuildParams::default() };
        for (params, field) in [
            (BuildParams { m: 1, ..good }, "m is 1"),
            (BuildParams { m: 65, ..good }, "m is 65"),
            (BuildParams { ef_construction: 15, ..good }, "ef_construction is 15"),
            (BuildParams { ef_construction: 1_000_000, ..good }, "ef_construction is 1000000"),
            (BuildParams { threads: 0, ..good }, "threads is 0"),
        ] {
            let error = build(&rows, Metric::L2, &params, &|_| ControlFlow::Continue(())).unwrap_err();
            assert!(error.to_string().starts_with(field), "{error}");
        }
    }
}
