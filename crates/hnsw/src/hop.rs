//! The walk over blocks of links.
//!
//! Expanding a node measures it and scores its links, from its block, by that distance and the codes of the residuals: the closer
//! the walk comes, the smaller their errors. A link may be scored from several nodes, and each score counts until the node is
//! expanded; marking a node when it was first met took a fifth longer for the same recall. The walk ends when no score is within
//! reach of the last one wanted, as the walk over lists does (`walk.rs`). The measured nodes are the ones found, so nothing is
//! left to measure at the end.

use crate::frontier::Frontier;
use crate::layout::NONE;
use crate::left_out::LeftOut;
use crate::recall::DEPTHS;
use crate::search_params::{Filter, HELD_MOST, WalkBreadth};
use crate::settle::Nearest;
use crate::walk::FAR_FEWER;
use crate::{Graph, HnswError, Pages, RowQuery, VectorRows};
use precedent_vector::{
    BLOCK_LINKS, LinkQuery, NodeSet, SortedKeys, key, key_node, key_value, prefetch_whole,
};

/// Nodes that were picked but not yet expanded. Of 1 to 3, 3 was best on 100,000 x 384.
const AHEAD: usize = 3;
/// Number of starts to expand.
const STARTS: usize = 4;
/// Comparisons between two calls of `stop`.
const STOP_INTERVAL: usize = 2_048;
/// Number of accepted nodes to expect before a walk that met far fewer gives up. Half as many as in `walk.rs`, because only
/// expanded nodes count.
const EXPECTED_TO_TELL: f32 = 16.0;
/// Number of nodes met under a filter that can be ranked: more than the largest depth for which recall was measured.
const RANKED: usize = 2 * DEPTHS[DEPTHS.len() - 1];

/// Most scores held per node wanted, without slack and per unit of it. More take longer, and fewer end the walk too early when
/// much is needed; without a limit, a walk through a crowd would become a walk through everything.
const HELD_FOR_EACH: f32 = 2.0;
const HELD_FOR_SLACK: f32 = 90.0;
/// Up to this many nodes wanted (under a filter: up to this many of all nodes, among which those wanted are) all scores are
/// sorted. This depends on nothing else: recall then grows with slack without jumps, and can be interpolated between measured
/// slacks. More scores are held if not all are sorted; when this depended on the number wanted, 0.90 was found under a filter of
/// a tenth where 0.95 was promised.
const SORTED: usize = DEPTHS[1];
/// How far a walk goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Most scores held.
    held: usize,
    /// Nodes wanted: the reach is measured from the last of these.
    k: usize,
    slack: f32,
    /// Added to a distance before a share of it is taken.
    spread: f32,
    /// Whether all held scores are kept sorted.
    sorts_all: bool,
}

impl Reach {
    /// For `k` nodes, with the reach measured from the last of `reach_of`, if this share of all nodes is accepted.
    pub fn new((reach_of, k): (usize, usize), breadth: WalkBreadth, share: f32, spread: f32) -> Self {
        let (k, slack) = match breadth {
            WalkBreadth::Width(ef) => (ef.max(k).max(1), 0.0),
            WalkBreadth::Slack(slack) => (reach_of.max(1), slack),
        };
        let share = share.clamp(f32::MIN_POSITIVE, 1.0);
        let held = k as f32 * (HELD_FOR_EACH + HELD_FOR_SLACK * slack) / share;
        let sorts_all = k as f32 / share <= SORTED as f32;
        Self { held: (held as usize).min(HELD_MOST.max(2 * k)), k, slack, spread, sorts_all }
    }

    /// The largest score within reach.
    #[inline]
    fn limit(&self, found: &SortedKeys) -> f32 {
        found.get(self.k - 1).map_or(f32::INFINITY, |last| {
            let distance = key_value(last);
            distance + self.slack * (distance.abs() + self.spread)
        })
    }
}

/// The blocks of a graph: as one slice once all its bytes have been verified, otherwise one by one.
pub(crate) struct BlockPages<'a, P> {
    pub graph: &'a Graph<P>,
    pub whole: Option<&'a [u8]>,
    pub left_out: Option<&'a LeftOut>,
}

impl<P: Pages> BlockPages<'_, P> {
    /// The block of a node, or a start block, which come after those of the nodes.
    #[inline]
    fn block(&self, number: u32) -> Result<&[u8], HnswError> {
        if let Some(block) = self.left_out.and_then(|left_out| left_out.block(number)) {
            return Ok(block);
        }
        let layout = self.graph.header();
        let size = layout.block_bytes as usize;
        match self.whole {
            Some(bytes) => {
                let start = number as usize * size;
                bytes.get(start..start + size).ok_or_else(|| self.graph.no_such_node(0, number))
            }
            None => self.graph.bytes(layout.level_zero_offset(number), size as u64),
        }
    }

    #[inline]
    fn prefetch(&self, number: u32) {
        if self.whole.is_some()
            && let Ok(block) = self.block(number)
        {
            prefetch_whole(block);
        }
    }
}

/// Counts of the measured nodes, and of the accepted ones among them.
#[derive(Default)]
struct Met {
    all: usize,
    accepted: usize,
}

/// The state of a walk.
pub(crate) struct BlockWalk<'a, P, R> {
    pub blocks: BlockPages<'a, P>,
    pub rows: &'a R,
    pub query: &'a RowQuery<'a>,
    pub tables: &'a LinkQuery,
    /// The distance of the query from the mean of the vectors, on the scale of scores.
    pub own_term: f32,
    /// The factor that turns a score into a distance of the metric.
    pub scale: f32,
    /// The expanded nodes.
    pub visited: &'a mut NodeSet,
    /// Nodes by their scores.
    pub frontier: &'a mut Frontier,
    /// The nearest measured nodes, by score.
    pub exact: &'a mut SortedKeys,
    /// The accepted ones of these, under a filter.
    pub accepted: &'a mut SortedKeys,
    pub stop: &'a dyn Fn() -> bool,
    /// Number of codes compared.
    pub compared: usize,
    pub stopped: bool,
}

impl<P: Pages, R: VectorRows> BlockWalk<'_, P, R> {
    /// Walks, and leaves the nearest accepted nodes that were measured. Returns whether it was completed.
    pub fn walk(
        &mut self,
        entry: u32,
        reach: Reach,
        filter: Option<Filter<'_>>,
        nearest: &mut Nearest<'_>,
    ) -> Result<bool, HnswError> {
        self.visited.reset(self.blocks.graph.node_count());
        self.frontier.reset(reach.held, reach.sorts_all);
        self.exact.reset(if filter.is_some() { RANKED.max(reach.k) } else { reach.k });
        self.accepted.reset(reach.k);
        for &node in self.blocks.left_out.map_or(&[][..], LeftOut::nodes) {
            self.visited.add(node);
        }
        self.start(entry)?;
        // The first `waiting` were picked, in this order.
        let (mut picked, mut waiting) = ([NONE; AHEAD], 0);
        let (mut looked, mut met) = (0, Met::default());
        loop {
            let limit = reach.limit(if filter.is_some() { self.accepted } else { self.exact });
            while waiting < AHEAD
                && let Some(node) = self.pick(limit)
            {
                self.blocks.prefetch(node);
                self.rows.prefetch(node).map_err(|error| HnswError::row(node, error))?;
                picked[waiting] = node;
                waiting += 1;
            }
            if self.stopped || waiting == 0 {
                return Ok(true);
            }
            let node = picked[0];
            picked.rotate_left(1);
            waiting -= 1;
            self.expand(node, limit, (filter, &mut met), nearest)?;
            if self.compared - looked >= STOP_INTERVAL {
                looked = self.compared;
                self.stopped = (self.stop)();
            }
            if filter.is_some_and(|filter| self.gives_up(&met, filter)) {
                return Ok(false);
            }
        }
    }

    /// Adds the best of the starts and, after all others, the entry point, from which every node can be reached.
    fn start(&mut self, entry: u32) -> Result<(), HnswError> {
        let layout = self.blocks.graph.header();
        let (nodes, starts) = (layout.node_count, layout.start_blocks);
        let mut best = [u64::MAX; STARTS];
        for number in nodes..nodes + starts {
            let mut keys = [0; BLOCK_LINKS];
            let last = best[STARTS - 1];
            let limit = if last == u64::MAX { f32::INFINITY } else { key_value(last) };
            let kept = self.score(number, self.own_term, limit, &mut keys)?;
            for &found in &keys[..kept] {
                let mut found = found;
                for place in &mut best {
                    (*place, found) = (found.min(*place), found.max(*place));
                }
            }
        }
        let known = best.partition_point(|&key| key != u64::MAX);
        self.compared += BLOCK_LINKS * starts as usize;
        self.frontier.insert(&best[..known]);
        self.frontier.insert(&[key(f32::MAX, entry)]);
        Ok(())
    }

    /// Writes the keys of the links of a block that were not expanded and are below a limit, and returns how many there are.
    #[inline]
    fn score(
        &self,
        number: u32,
        base: f32,
        limit: f32,
        keys: &mut [u64; BLOCK_LINKS],
    ) -> Result<usize, HnswError> {
        let graph = self.blocks.graph;
        let found = self.tables.nearer(self.blocks.block(number)?, base, limit, keys);
        let found = found.ok_or_else(|| graph.no_such_node(0, number))?;
        let mut kept = 0;
        for place in 0..found {
            let node = key_node(keys[place]);
            let is_met = self.visited.holds(node).ok_or_else(|| graph.no_such_node(number, node))?;
            keys[kept] = keys[place];
            kept += usize::from(!is_met);
        }
        Ok(kept)
    }

    /// Measures a node and scores its links.
    #[inline]
    fn expand(
        &mut self,
        node: u32,
        limit: f32,
        (filter, met): (Option<Filter<'_>>, &mut Met),
        nearest: &mut Nearest<'_>,
    ) -> Result<(), HnswError> {
        let measure = self.rows.measure(node, self.query).map_err(|error| HnswError::row(node, error))?;
        let distance = measure.distance / self.scale;
        self.compared += BLOCK_LINKS;
        if distance.is_nan() {
            return Ok(());
        }
        let found = [key(distance, node)];
        self.exact.insert(&found);
        met.all += 1;
        if filter.is_none_or(|filter| (filter.accept)(node)) {
            met.accepted += 1;
            nearest.add(node, measure);
            if filter.is_some() {
                self.accepted.insert(&found);
            }
        }
        let mut keys = [0; BLOCK_LINKS];
        let last = self.frontier.limit();
        let kept = self.score(node, distance, if last < limit { last } else { limit }, &mut keys)?;
        self.frontier.insert(&keys[..kept]);
        Ok(())
    }

    /// The nearest node that was not expanded, if it is within reach.
    #[inline]
    fn pick(&mut self, limit: f32) -> Option<u32> {
        // No key of this value is greater.
        let limit = key(limit, u32::MAX >> 1) | 1;
        while let Some(key) = self.frontier.pick(limit) {
            let node = key_node(key);
            // Other scores of the same node may be held.
            if self.visited.add(node) == Some(true) {
                return Some(node);
            }
        }
        None
    }

    /// Whether another path costs less than continuing.
    fn gives_up(&self, met: &Met, filter: Filter<'_>) -> bool {
        let expected = met.all as f32 * filter.share;
        let far_fewer = (met.accepted as f32) < FAR_FEWER * expected;
        self.compared > filter.most_compared || (expected > EXPECTED_TO_TELL && far_fewer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filtered_walk_sorts_what_the_walk_that_was_measured_for_it_did() {
        let sorts_all =
            |k: usize, share: f32| Reach::new((k, k), WalkBreadth::Slack(0.1), share, 0.0).sorts_all;
        assert!(sorts_all(10, 1.0) && sorts_all(30, 1.0) && sorts_all(10, 0.5));
        assert!(!sorts_all(31, 1.0) && !sorts_all(10, 0.25) && !sorts_all(10, 0.1));
    }
}
