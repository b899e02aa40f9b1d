//! Chooses links a second time, when all nodes are there: each node then knows more of its neighbours than when it was inserted.
//!
//! Candidates are the links of a node, the nodes that link to it, and the links of these; the nearest are taken, by codes. Links
//! are chosen by exact vectors: by codes, a tenth more steps were needed to find 0.95, and a third more to find 0.99. The
//! diversity rule is slightly relaxed (Subramanya et al., "DiskANN", NeurIPS 2019). Then links back are added, and free places
//! are filled with the nearest remaining candidates: a block is read as a whole, whether it is full or not.

use crate::flat_lists::{FlatLists, put_links};
use crate::layout::NONE;
use crate::rows::row_of;
use crate::stop::{Stopped, go_on};
use crate::{HnswError, VectorRows};
use precedent_vector::{
    CodeQueries, CodeTable, DistanceFn, GROUP, Metric, NodeSet, SortedKeys, key, key_node, key_value,
};
use rayon::prelude::*;

/// Number of candidates, the nearest: 128 and 160 found no more.
const CANDIDATES: usize = 96;
/// Number of the nearest linked nodes whose links are candidates, too.
const EXPANDED: usize = 24;
/// A candidate is skipped if a chosen one is nearer to it than the node by this factor. On 100,000 sentence embeddings, 1.03
/// found 0.99 in a tenth less time than 1.0.
const DIVERSITY: f32 = 1.03 * 1.03;

/// For each node, the nodes that link to it, one after another.
struct Reverse {
    starts: Vec<u32>,
    nodes: Vec<u32>,
}

impl Reverse {
    fn of(lists: &FlatLists, count: usize) -> Self {
        let all = || (0..count as u32).flat_map(|node| lists.of(node).iter().map(move |&link| (node, link)));
        let mut starts = vec![0_u32; count + 2];
        for (_, link) in all() {
            starts[link as usize + 2] += 1;
        }
        for place in 2..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut nodes = vec![0; starts[count + 1] as usize];
        for (node, link) in all() {
            let place = &mut starts[link as usize + 1];
            nodes[*place as usize] = node;
            *place += 1;
        }
        Self { starts, nodes }
    }

    fn to(&self, node: u32) -> &[u32] {
        &self.nodes[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }
}

/// Working memory of a thread.
#[derive(Default)]
struct RelinkScratch {
    met: NodeSet,
    nearest: SortedKeys,
    sorted: Vec<u64>,
    chosen: Vec<u32>,
}

/// Chooses the lists of level 0 again.
pub(crate) struct Relinker<'a, R> {
    rows: &'a R,
    codes: CodeTable<'a>,
    queries: &'a CodeQueries,
    distance: DistanceFn,
    /// Links per list.
    width: usize,
}

impl<'a, R: VectorRows + Sync> Relinker<'a, R> {
    pub fn new(
        rows: &'a R,
        metric: Metric,
        (codes, queries): (CodeTable<'a>, &'a CodeQueries),
        width: usize,
    ) -> Self {
        Self { rows, codes, queries, distance: metric.distance_fn(), width }
    }

    /// New lists in place of those of a graph.
    pub fn relink(&self, before: &FlatLists, stopped: &Stopped<'_>) -> Result<FlatLists, HnswError> {
        let (count, width) = (self.rows.len(), self.width);
        let reverse = Reverse::of(before, count);
        // The chosen ones, then the nearest of all, to fill up with.
        let empty = || FlatLists::new(count, width);
        let (mut first, mut spare, mut lists) = (empty(), empty(), empty());
        let places = first.words.par_chunks_mut(width).zip(spare.words.par_chunks_mut(width));
        places.enumerate().try_for_each_init(RelinkScratch::default, |scratch, (node, (first, spare))| {
            let node = node as u32;
            go_on(node, stopped)?;
            let direct = before.of(node).iter().chain(reverse.to(node));
            self.candidates(node, direct.copied(), before, scratch)?;
            self.choose(scratch)?;
            put_links(first, scratch.chosen.iter().copied());
            put_links(spare, scratch.sorted.iter().map(|&key| key_node(key)));
            Ok::<_, HnswError>(())
        })?;
        let back = Reverse::of(&first, count);
        let places = lists.words.par_chunks_mut(width).enumerate();
        places.try_for_each_init(RelinkScratch::default, |scratch, (node, list)| {
            let node = node as u32;
            go_on(node, stopped)?;
            self.sort(node, first.of(node).iter().chain(back.to(node)).copied(), scratch)?;
            match scratch.sorted.len() > width {
                true => self.choose(scratch)?,
                false => scratch.chosen.clear(),
            }
            self.fill(scratch, spare.of(node));
            put_links(list, scratch.chosen.iter().copied());
            Ok::<_, HnswError>(())
        })?;
        Ok(lists)
    }

    /// Leaves the nearest candidates, sorted: from some nodes, and the links of the nearest of these.
    fn candidates(
        &self,
        node: u32,
        direct: impl Iterator<Item = u32>,
        before: &FlatLists,
        scratch: &mut RelinkScratch,
    ) -> Result<(), HnswError> {
        let outside = |link| self.no_such_node(link);
        let all: Vec<u32> = direct.collect();
        scratch.met.reset(self.rows.len());
        scratch.met.add(node);
        for &link in &all {
            scratch.met.add(link);
        }
        let RelinkScratch { met, nearest, .. } = scratch;
        nearest.reset(CANDIDATES);
        self.nearest_of(node, met.met(1..met.count()), nearest)?;
        let (direct, expanded) = (met.count(), nearest.keys().iter().take(EXPANDED).copied());
        for key in expanded.collect::<Vec<u64>>() {
            met.add_all(before.of(key_node(key))).map_err(outside)?;
        }
        self.nearest_of(node, met.met(direct..met.count()), nearest)?;
        let found: Vec<u32> = nearest.keys().iter().map(|&key| key_node(key)).collect();
        self.sort(node, found.into_iter(), scratch)
    }

    /// Leaves nodes sorted by their distance from one node, without duplicates.
    fn sort(
        &self,
        node: u32,
        others: impl Iterator<Item = u32>,
        scratch: &mut RelinkScratch,
    ) -> Result<(), HnswError> {
        let own = row_of(self.rows, node)?;
        scratch.sorted.clear();
        for other in others.filter(|&other| other != node) {
            scratch.sorted.push(key((self.distance)(own, row_of(self.rows, other)?), other));
        }
        scratch.sorted.sort_unstable();
        scratch.sorted.dedup();
        Ok(())
    }

    /// Chooses among the sorted candidates.
    fn choose(&self, scratch: &mut RelinkScratch) -> Result<(), HnswError> {
        let RelinkScratch { sorted, chosen, .. } = scratch;
        chosen.clear();
        for &candidate in &*sorted {
            if chosen.len() == self.width {
                break;
            }
            let (node, distance) = (key_node(candidate), key_value(candidate));
            let limit = if distance > 0.0 { distance / DIVERSITY } else { distance };
            let own = row_of(self.rows, node)?;
            let mut is_shadowed = false;
            for &other in &*chosen {
                if (self.distance)(own, row_of(self.rows, other)?) < limit {
                    is_shadowed = true;
                    break;
                }
            }
            if !is_shadowed {
                chosen.push(node);
            }
        }
        Ok(())
    }

    /// Adds the nearest that were not chosen, then others, as far as there is room.
    fn fill(&self, scratch: &mut RelinkScratch, others: &[u32]) {
        let RelinkScratch { sorted, chosen, .. } = scratch;
        for other in sorted.iter().map(|&key| key_node(key)).chain(others.iter().copied()) {
            if chosen.len() < self.width && !chosen.contains(&other) {
                chosen.push(other);
            }
        }
    }

    /// Holds the nearest of some nodes to a node, by their codes, as far as there is room.
    fn nearest_of(&self, node: u32, others: &[u32], nearest: &mut SortedKeys) -> Result<(), HnswError> {
        let query = self.queries.get(node).ok_or_else(|| self.no_such_node(node))?;
        for group in others.chunks(GROUP) {
            let mut keys = [0; GROUP];
            let kept = self.codes.nearer(group, query, nearest.limit(), &mut keys);
            let kept = kept.ok_or_else(|| self.no_such_node(group.iter().copied().max().unwrap_or(NONE)))?;
            nearest.insert(&keys[..kept]);
        }
        Ok(())
    }

    #[cold]
    fn no_such_node(&self, node: u32) -> HnswError {
        HnswError::Damaged { offset: 0, what: "a link", found: node, max: self.rows.len() as u32 }
    }
}
