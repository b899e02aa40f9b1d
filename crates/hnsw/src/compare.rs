//! Compares every vector of a list: used where there is no graph, and as the truth for measuring recall.

use crate::order::Found;
use crate::settle::{Measured, Nearest, settle};
use crate::{HnswError, Measure, Precision, RowQuery, VectorRows};
use precedent_vector::{DistanceFn, prefetch};

/// Nodes read from the list at a time, so that their vectors can be prefetched.
const BATCH: usize = 64;
/// Vectors prefetched ahead of the one being measured.
const AHEAD: usize = 8;
/// Vectors between two calls of `stop`: some tens of microseconds.
const STOP_INTERVAL: usize = 256;

/// How the vectors of a list are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// With exact vectors only.
    Whole,
    /// With [`VectorRows::measure`], and with exact vectors for those that may be among the nearest.
    Measured(Precision),
}

/// The `k` nearest of the given nodes. A node listed twice is found twice.
///
/// `stop` is called at the start and then every 256 distances; once it returns true, the best so far is returned and marked as
/// stopped.
///
/// # Errors
/// A query of another dimension or with a number that is not finite, a node that is not a row, unreadable rows.
pub fn compare<R: VectorRows>(
    rows: &R,
    distance: DistanceFn,
    query: &[f32],
    nodes: impl IntoIterator<Item = u32>,
    (k, comparison): (usize, Comparison),
    stop: &dyn Fn() -> bool,
) -> Result<Found, HnswError> {
    let query = RowQuery::new(rows, distance, query)?;
    let mut kept = Vec::new();
    let (visited, stopped) = collect(rows, &query, nodes, (k, comparison), &mut kept, stop)?;
    let precision = match comparison {
        Comparison::Whole => Precision::Whole,
        Comparison::Measured(precision) => precision,
    };
    Ok(Found { neighbours: settle(rows, &query, &mut kept, k, precision)?, visited, stopped })
}

/// Measures nodes and keeps those that may be among the nearest; returns how many were measured, and whether the caller stopped
/// it.
fn collect<R: VectorRows>(
    rows: &R,
    query: &RowQuery<'_>,
    nodes: impl IntoIterator<Item = u32>,
    (k, comparison): (usize, Comparison),
    kept: &mut Vec<Measured>,
    stop: &dyn Fn() -> bool,
) -> Result<(usize, bool), HnswError> {
    let failed = |node: u32| move |error: R::Error| HnswError::row(node, error);
    let whole = comparison == Comparison::Whole;
    let ask = |node: u32| {
        match whole {
            true => rows.row(node).map(prefetch),
            false => rows.prefetch(node),
        }
        .map_err(failed(node))
    };
    let mut nearest = Nearest::new(k, kept);
    let mut nodes = nodes.into_iter();
    let mut batch = Vec::with_capacity(BATCH);
    let (mut visited, mut stopped) = (0_usize, stop());
    while k > 0 && !stopped {
        batch.clear();
        batch.extend(nodes.by_ref().take(BATCH));
        if batch.is_empty() {
            break;
        }
        for &node in batch.iter().take(AHEAD) {
            ask(node)?;
        }
        for (place, &node) in batch.iter().enumerate() {
            if let Some(&ahead) = batch.get(place + AHEAD) {
                ask(ahead)?;
            }
            let measure = match whole {
                true => rows.row(node).map(|row| Measure { distance: query.distance(row), error: 0.0 }),
                false => rows.measure(node, query),
            };
            nearest.add(node, measure.map_err(failed(node))?);
        }
        visited += batch.len();
        if visited.is_multiple_of(STOP_INTERVAL) {
            stopped = stop();
        }
    }
    Ok((visited, stopped))
}
