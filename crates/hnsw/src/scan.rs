//! Exact search of a list of nodes.

use crate::measure::Measure;
use crate::order::{Found, Key};
use crate::{HnswError, VectorRows};
use precedent_vector::DistanceFn;
use std::collections::BinaryHeap;

/// Nodes read from the list at a time, so that their vectors can be asked for ahead.
const BATCH: usize = 64;
/// Vectors asked for ahead of the one that is measured.
const AHEAD: usize = 4;

/// The `k` nearest of the given nodes, exactly. A node that is listed twice is found twice.
///
/// `stop` is asked at the start and then every 256 distances; once it says yes, the best so far is returned and marked
/// as stopped.
///
/// # Errors
/// A query of another dimension or with a number that is not finite, a node that is not a row, unreadable rows.
pub fn scan<R: VectorRows>(
    rows: &R,
    distance: DistanceFn,
    query: &[f32],
    nodes: impl IntoIterator<Item = u32>,
    k: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Found, HnswError> {
    let mut measure = Measure::new(rows, distance, query, stop)?;
    let mut best = BinaryHeap::with_capacity(k.min(rows.len()));
    let mut nodes = nodes.into_iter();
    let mut batch = Vec::with_capacity(BATCH);
    while k > 0 && !measure.stopped {
        batch.clear();
        batch.extend(nodes.by_ref().take(BATCH));
        if batch.is_empty() {
            break;
        }
        for &node in batch.iter().take(AHEAD) {
            measure.prefetch(node)?;
        }
        for (place, &node) in batch.iter().enumerate() {
            if let Some(&ahead) = batch.get(place + AHEAD) {
                measure.prefetch(ahead)?;
            }
            if let Some(key) = measure.key(node)? {
                hold(&mut best, key, k);
            }
        }
    }
    let neighbours = best.into_sorted_vec().into_iter().map(Key::neighbour).collect();
    Ok(Found { neighbours, visited: measure.visited, stopped: measure.stopped })
}

/// Keeps the `k` smallest keys.
fn hold(best: &mut BinaryHeap<Key>, key: Key, k: usize) {
    if best.len() < k {
        best.push(key);
    } else if let Some(mut worst) = best.peek_mut()
        && key < *worst
    {
        *worst = key;
    }
}
