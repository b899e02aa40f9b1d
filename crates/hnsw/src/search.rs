//! The walk: greedy down the upper levels, then best first over level 0.

use crate::measure::Measure;
use crate::order::{Found, Key};
use crate::scratch::Scratch;
use crate::{Graph, HnswError, Pages, VectorRows};
use precedent_vector::DistanceFn;
use std::cmp::Reverse;

/// Vectors asked for ahead of the one that is measured.
const AHEAD: usize = 4;

/// How much to find, and how hard to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchParams {
    /// Neighbours to return at most.
    pub k: usize,
    /// Neighbours to hold during the walk: more find better ones and take longer. At least `k` are held.
    pub ef: usize,
}

/// The nearest nodes to a query among those that `accept` lets through; without it, among all.
///
/// `rows` are those the graph was built over and `distance` the kernel of their metric. Rejected nodes are walked
/// through but not returned. The walk ends when `ef` accepted nodes are held and no open node is nearer than the
/// worst of them; when fewer are accepted it goes through the whole graph and returns them all. `stop` is asked at the
/// start and then every 256 distances; once it says yes, the best so far is returned and marked as stopped.
///
/// # Errors
/// A query of another dimension or with a number that is not finite, rows that are not those of the graph, damaged or
/// unreadable bytes.
#[expect(
    clippy::too_many_arguments,
    reason = "what to search, what for, and how, each borrowed from another owner"
)]
pub fn search<P: Pages, R: VectorRows>(
    graph: &Graph<P>,
    rows: &R,
    distance: DistanceFn,
    query: &[f32],
    params: &SearchParams,
    accept: Option<&dyn Fn(u32) -> bool>,
    scratch: &mut Scratch,
    stop: &dyn Fn() -> bool,
) -> Result<Found, HnswError> {
    if rows.len() != graph.node_count() {
        return Err(HnswError::RowCount { nodes: graph.node_count(), rows: rows.len() });
    }
    let measure = Measure::new(rows, distance, query, stop)?;
    scratch.begin(graph.node_count());
    let Some((entry, max_level)) = graph.entry_point().filter(|_| params.k > 0 && !measure.stopped) else {
        return Ok(Found { neighbours: Vec::new(), visited: 0, stopped: measure.stopped });
    };
    let mut walk = Walk { graph, measure, accept, ef: params.ef.max(params.k), scratch };
    let entry = walk.measure.key(entry)?;
    let start = walk.descend(entry, max_level)?;
    // Every node can be reached from the entry point over level 0, and not from every node that a descent ends at.
    walk.offer(entry);
    walk.offer(start);
    walk.level_zero()?;

    let Measure { visited, stopped, .. } = walk.measure;
    let best = &mut scratch.best;
    while best.len() > params.k {
        best.pop();
    }
    let mut neighbours: Vec<_> = best.drain().map(Key::neighbour).collect();
    neighbours.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance).then(a.node.cmp(&b.node)));
    Ok(Found { neighbours, visited, stopped })
}

/// One search on its way.
struct Walk<'a, P, R> {
    graph: &'a Graph<P>,
    measure: Measure<'a, R>,
    accept: Option<&'a dyn Fn(u32) -> bool>,
    ef: usize,
    scratch: &'a mut Scratch,
}

impl<P: Pages, R: VectorRows> Walk<'_, P, R> {
    /// From level to level to the node that none of its neighbours is nearer than. Ends on any bytes: each step is
    /// strictly nearer.
    fn descend(&mut self, entry: Option<Key>, max_level: u32) -> Result<Option<Key>, HnswError> {
        let mut nearest = entry;
        for level in (1..=max_level).rev() {
            while let Some(from) = nearest
                && !self.measure.stopped
            {
                self.graph.upper_links(from.node(), level, &mut self.scratch.links)?;
                for place in 0..self.scratch.links.len() {
                    let key = self.measure.key(self.scratch.links[place])?;
                    if key.is_some_and(|key| nearest.is_none_or(|nearest| key < nearest)) {
                        nearest = key;
                    }
                }
                if nearest == Some(from) {
                    break;
                }
            }
        }
        Ok(nearest)
    }

    /// Opens a node where the level-0 walk starts.
    fn offer(&mut self, key: Option<Key>) {
        if let Some(key) = key
            && self.scratch.visit(key.node())
        {
            self.enter(key);
        }
    }

    /// Opens a node that is near enough to lead somewhere, and holds it when it is accepted.
    #[inline]
    fn enter(&mut self, key: Key) {
        let best = &mut self.scratch.best;
        let full = best.len() >= self.ef;
        if full && best.peek().is_some_and(|worst| key >= *worst) {
            return;
        }
        self.scratch.open.push(Reverse(key));
        if self.accept.is_none_or(|accept| accept(key.node())) {
            if full {
                // Replaces the worst in one pass over the heap.
                if let Some(mut worst) = best.peek_mut() {
                    *worst = key;
                }
            } else {
                best.push(key);
            }
        }
    }

    fn level_zero(&mut self) -> Result<(), HnswError> {
        while let Some(Reverse(nearest)) = self.scratch.open.pop() {
            let best = &self.scratch.best;
            if self.measure.stopped
                || best.len() >= self.ef && best.peek().is_some_and(|worst| nearest > *worst)
            {
                break;
            }
            self.expand(nearest.node())?;
        }
        Ok(())
    }

    /// Measures the neighbours of a node that were not seen before.
    fn expand(&mut self, node: u32) -> Result<(), HnswError> {
        let mut links = std::mem::take(&mut self.scratch.links);
        self.graph.level_zero_links(node, &mut links)?;
        links.retain(|&link| self.scratch.visit(link));
        for &link in links.iter().take(AHEAD) {
            self.measure.prefetch(link)?;
        }
        for (place, &link) in links.iter().enumerate() {
            if let Some(&ahead) = links.get(place + AHEAD) {
                self.measure.prefetch(ahead)?;
            }
            if let Some(key) = self.measure.key(link)? {
                self.enter(key);
            }
        }
        self.scratch.links = links;
        Ok(())
    }
}
