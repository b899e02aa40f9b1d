//! The walk: greedy down the upper levels, then best first over level 0.

use crate::measure::Measure;
use crate::order::{Found, Key};
use crate::scratch::Scratch;
use crate::{Graph, HnswError, Pages, VectorRows};
use precedent_vector::DistanceFn;
use std::cmp::Reverse;

/// Vectors asked for ahead of the one that is measured.
const AHEAD: usize = 4;
/// Rejected neighbours are looked through where fewer than one in this many is accepted.
const LOOK_THROUGH: usize = 4;

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
/// start and then every 256 distances or lists of links; once it says yes, the best so far is returned and marked as
/// stopped.
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
    let mut walk =
        Walk { graph, measure, accept, ef: params.ef.max(params.k), scratch, seen: 0, accepted: 0 };
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
    /// Neighbours that the filter was asked about, and how many it accepted.
    seen: usize,
    accepted: usize,
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
        while !self.measure.stopped {
            let full = self.scratch.best.len() >= self.ef;
            match self.scratch.open.pop() {
                Some(Reverse(nearest))
                    if full && self.scratch.best.peek().is_some_and(|worst| nearest > *worst) =>
                {
                    break;
                }
                Some(Reverse(nearest)) => self.expand(nearest.node())?,
                None if full || !self.resume()? => break,
                None => {}
            }
        }
        Ok(())
    }

    /// Measures the neighbours of a node that were not seen before. Where a filter rejects most of them, the rejected
    /// ones are not measured but looked through, as ACORN does (Patel et al., SIGMOD 2024): what the filter accepts
    /// among their neighbours is measured in their place. Not so where it has accepted less than one in a list's
    /// length: then two steps lead to fewer accepted nodes than one list has links, and the walk would lose its way.
    fn expand(&mut self, node: u32) -> Result<(), HnswError> {
        let mut links = std::mem::take(&mut self.scratch.links);
        self.graph.level_zero_links(node, &mut links)?;
        let mut look_through = None;
        if let Some(accept) = self.accept {
            let accepted = links.iter().filter(|&&link| accept(link)).count();
            self.seen += links.len();
            self.accepted += accepted;
            let dense = accepted * LOOK_THROUGH >= links.len();
            let sparse = self.accepted * 2 * self.graph.m() < self.seen;
            look_through = Some(accept).filter(|_| !dense && !sparse);
        }
        links.retain(|&link| self.scratch.visit(link));
        if let Some(accept) = look_through {
            self.look_through(&mut links, accept)?;
        }
        self.measure_all(&links)?;
        self.scratch.links = links;
        Ok(())
    }

    /// Replaces the rejected among `links` by those of their neighbours that are new and accepted.
    fn look_through(&mut self, links: &mut Vec<u32>, accept: &dyn Fn(u32) -> bool) -> Result<(), HnswError> {
        let first = self.scratch.skipped.len();
        for &link in links.iter().filter(|&&link| !accept(link)) {
            self.graph.prefetch_links(link)?;
            self.scratch.skipped.push(link);
        }
        links.retain(|&link| accept(link));
        let mut hop = std::mem::take(&mut self.scratch.hop);
        for place in first..self.scratch.skipped.len() {
            self.graph.level_zero_links(self.scratch.skipped[place], &mut hop)?;
            self.measure.step();
            links
                .extend(hop.iter().filter(|&&link| {
                    !self.scratch.visited(link) && accept(link) && self.scratch.visit(link)
                }));
        }
        self.scratch.hop = hop;
        Ok(())
    }

    /// Walks on from the next node that was looked through, so that a walk that has not found enough goes through the
    /// whole graph. False when there is none.
    fn resume(&mut self) -> Result<bool, HnswError> {
        let Some(&node) = self.scratch.skipped.get(self.scratch.resumed) else { return Ok(false) };
        self.scratch.resumed += 1;
        self.expand(node)?;
        Ok(true)
    }

    fn measure_all(&mut self, nodes: &[u32]) -> Result<(), HnswError> {
        for &node in nodes.iter().take(AHEAD) {
            self.measure.prefetch(node)?;
        }
        for (place, &node) in nodes.iter().enumerate() {
            if let Some(&ahead) = nodes.get(place + AHEAD) {
                self.measure.prefetch(ahead)?;
            }
            if let Some(key) = self.measure.key(node)? {
                self.enter(key);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FlatRows;
    use crate::draft::Draft;
    use precedent_vector::Metric;

    #[test]
    fn accepted_nodes_behind_several_rejected_ones_are_found() {
        // The filter accepts 0, 1 and 7. From 0 the list is looked through: 2 leads to 6, 6 to 8, and 8 to 7.
        let mut draft = Draft::new(4, vec![0; 9]);
        for (node, links) in [(0, vec![1, 2, 3, 4, 5]), (2, vec![6]), (6, vec![8]), (8, vec![7])] {
            draft.set_links(node, 0, links.into_iter());
        }
        let graph = Graph::open(draft.encode()).unwrap();
        let values: Vec<f32> = (0..9).map(|node| node as f32).collect();
        let rows = FlatRows::new(&values, 1).unwrap();
        let (params, mut scratch) = (SearchParams { k: 3, ef: 3 }, Scratch::default());
        let distance = Metric::L2.distance_fn();
        let accept = |node: u32| matches!(node, 0 | 1 | 7);
        let found =
            search(&graph, &rows, distance, &[7.0], &params, Some(&accept), &mut scratch, &|| false).unwrap();
        let nodes: Vec<u32> = found.neighbours.iter().map(|neighbour| neighbour.node).collect();
        assert_eq!((nodes, found.visited), (vec![7, 1, 0], 3));
    }
}
