//! A search: a greedy descent through the upper levels and a walk over level 0, or a walk over blocks, or a scan of a list by
//! codes; the best nodes are then measured.

use crate::ascending::Ascending;
use crate::graph::Graph;
use crate::hop::{BlockWalk, Reach};
use crate::left_out::LeftOut;
use crate::order::Found;
use crate::recall::DEPTHS;
use crate::scratch::Scratch;
use crate::search_params::{Filter, HELD_MOST, SearchParams, WalkBreadth};
use crate::settle::{Measured, Nearest, settle};
use crate::view::{Upper, View};
use crate::walk::{Accepting, Breadth, Level, Walker};
use crate::{HnswError, Pages, Precision, RowQuery, VectorRows};
use precedent_vector::{DistanceFn, GROUP, key, key_node, key_value};
use std::cell::RefCell;

/// Vectors that are prefetched before the second codes are read.
const EARLY: usize = 12;
/// Number of held nodes per node wanted, and fixed part, above which second codes pay: preparing a query for them takes as long
/// as measuring about 14 vectors, and with them about 1.8 vectors are measured per node wanted.
const HELD_TO_REFINE: usize = 2;
const HELD_TO_REFINE_LEAST: usize = 20;
/// Vectors measured between two checks whether more are needed.
const STRIDE: usize = 4;
/// Fewest nodes to search for: a search for fewer goes as far, so that the nearest is the same for every `k`.
const LEAST: usize = DEPTHS[0];

/// Codes that a scan collects beyond twice the number wanted before it drops any.
const ROOM: usize = 256;
/// Most nodes held by a walk of a given slack, per node wanted, and the fewest; more with an unusually large slack, because
/// otherwise no slack would find what is hard to find.
const HELD_FOR_EACH: usize = 16;
const HELD_LEAST: usize = 512;
const USUAL_SLACK: f32 = 0.12;

/// Where the scratch holds what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoundIn {
    /// By a walk.
    Held,
    /// By a walk with a filter.
    Accepted,
    /// By a scan.
    Scanned,
    /// By a walk over blocks, which measured them on the way.
    Measured,
}

impl FoundIn {
    fn of(self, scratch: &Scratch) -> &[u64] {
        match self {
            Self::Held => scratch.held.keys(),
            Self::Accepted => scratch.accepted.keys(),
            Self::Scanned => &scratch.scanned,
            Self::Measured => &[],
        }
    }
}

/// A search in progress: [`Search::finish`] evaluates what [`Search::walk`] or [`Search::scan`] left.
pub struct Search<'a, P, R> {
    view: View<'a, P>,
    rows: &'a R,
    query: RowQuery<'a>,
    scratch: &'a mut Scratch,
    stop: &'a dyn Fn() -> bool,
    /// The factor that turns an estimate into a distance of the metric, except for rounding.
    scale: f32,
    shift: f32,
    /// The length to which errors of estimates are relative.
    length: f32,
    found_in: FoundIn,
    /// Whether the query has been prepared for the first codes.
    has_first: bool,
    visited: usize,
    stopped: bool,
}

impl<'a, P: Pages, R: VectorRows> Search<'a, P, R> {
    /// `rows` are those the graph was built over, and `distance` is the kernel of their metric. `stop` is called at the start and
    /// then every few thousand comparisons; once it returns true, the best so far is returned and marked as stopped.
    ///
    /// # Errors
    /// A query of another dimension or with a number that is not finite, or rows that are not those of the graph.
    pub fn new(
        graph: &'a Graph<P>,
        rows: &'a R,
        distance: DistanceFn,
        query: &'a [f32],
        scratch: &'a mut Scratch,
        stop: &'a dyn Fn() -> bool,
    ) -> Result<Self, HnswError> {
        if rows.len() != graph.node_count() {
            return Err(HnswError::RowCount { nodes: graph.node_count(), rows: rows.len() });
        }
        let query = RowQuery::new(rows, distance, query)?;
        scratch.held.reset(1);
        let (mut scale, mut shift, mut length) = (1.0, 0.0, 1.0);
        if let Some(quantiser) = graph.quantiser() {
            if quantiser.dimension() != rows.dimension() {
                let (found, expected) = (rows.dimension(), quantiser.dimension());
                return Err(HnswError::QueryDimension { found, expected });
            }
            quantiser.centre(query.numbers(), &mut scratch.query);
            scale = scratch.query.scale;
            shift = scratch.query.own_term;
            length = scratch.query.length;
        }
        let (stopped, view) = (stop(), View::of(graph));
        Ok(Self {
            view,
            rows,
            query,
            scratch,
            stop,
            scale,
            shift,
            length,
            found_in: FoundIn::Held,
            has_first: false,
            visited: 0,
            stopped,
        })
    }

    /// Prepares the query for the first codes, once.
    fn prepare_first(&mut self) {
        if let Some(quantiser) = self.view.graph.quantiser().filter(|_| !self.has_first) {
            quantiser.prepare_first(&mut self.scratch.query);
        }
        self.has_first = true;
    }

    /// Leaves nodes out, as if they had never been inserted: without a row, and perhaps its copies, the search finds what a query
    /// finds that is not in the index. There should be few, because every code compared in a descent is looked up among them.
    pub fn without(mut self, left_out: &'a LeftOut) -> Self {
        self.view.left_out = Some(left_out);
        self
    }

    /// Walks the graph and holds the nearest nodes, in order to find `k`; with a filter, the nearest it accepts. Returns whether
    /// the walk was completed: with a filter it gives up if another path costs less, and may then have missed any of them.
    ///
    /// # Errors
    /// Damaged or unreadable bytes.
    pub fn walk(
        &mut self,
        k: usize,
        breadth: WalkBreadth,
        filter: Option<Filter<'_>>,
    ) -> Result<bool, HnswError> {
        self.walk_to(k.max(LEAST), k, breadth, filter)
    }

    /// As [`Self::walk`], with the reach measured from the nearest of another number.
    pub(crate) fn walk_to(
        &mut self,
        reach_of: usize,
        k: usize,
        breadth: WalkBreadth,
        filter: Option<Filter<'_>>,
    ) -> Result<bool, HnswError> {
        if self.view.graph.has_blocks() {
            return self.walk_blocks((reach_of, k), breadth, filter);
        }
        self.prepare_first();
        let share = filter.map_or(1.0, |filter| filter.share.clamp(f32::MIN_POSITIVE, 1.0));
        // This many of all nodes are within reach of the walk.
        let of_all = |k: usize| ((k as f32 / share) as usize).min(HELD_MOST);
        // With room for one more than there are, it shows that all are held.
        let there_are = self.view.graph.node_count() + 1;
        let breadth = match breadth {
            WalkBreadth::Width(ef) => Breadth::fixed(of_all(ef.max(k).max(1)).max(k).min(there_are)),
            WalkBreadth::Slack(slack) => {
                let k = reach_of;
                let least = HELD_LEAST as f32 * (slack / USUAL_SLACK).max(1.0).powi(2);
                let least = (least as usize).min(HELD_MOST);
                let ef = of_all(k).saturating_mul(HELD_FOR_EACH).clamp(least, HELD_MOST.max(2 * k));
                let ef = ef.min(there_are);
                let spread = self.view.graph.spread() * self.length / self.scale;
                Breadth { ef, k, slack, own_term: self.shift, spread }
            }
        };
        let graph = self.view.graph;
        self.found_in = if filter.is_some() { FoundIn::Accepted } else { FoundIn::Held };
        self.scratch.accepted.reset(1);
        let Some((entry, max_level)) = graph.entry_point().filter(|_| !self.stopped) else { return Ok(true) };
        let Scratch { visited, held, accepted, query, links, .. } = &mut *self.scratch;
        let query = query.first.view();
        let mut keys = [0; GROUP];
        if self.view.nearer(&[entry], query, u32::MAX, &mut keys)? == 0 {
            return Ok(true);
        }
        let entry = keys[0];
        let without = self.view.left_out.map_or(&[][..], LeftOut::nodes);
        let mut walker = Walker { visited, held, stop: self.stop, without, compared: 1, stopped: false };
        let mut nearest = entry;
        for level in (1..=max_level).rev() {
            let level = Upper { view: &self.view, level, links: RefCell::new(links) };
            nearest = walker.descend(&level, query, nearest)?;
        }
        // Every node can be reached from the entry point over level 0, but not from every node at which a descent ends.
        let both = [nearest, entry];
        let start = if nearest == entry { &both[..1] } else { &both[..] };
        let accepting =
            filter.map(|filter| Accepting::new(filter.accept, accepted, (share, filter.most_compared)));
        let ended = walker.walk(&self.view, query, start, breadth, graph.node_count(), accepting)?;
        self.visited += walker.compared;
        self.stopped |= walker.stopped;
        Ok(ended)
    }

    /// [`Self::walk_to`] over blocks.
    fn walk_blocks(
        &mut self,
        (reach_of, k): (usize, usize),
        breadth: WalkBreadth,
        filter: Option<Filter<'_>>,
    ) -> Result<bool, HnswError> {
        let graph = self.view.graph;
        self.found_in = FoundIn::Measured;
        let Scratch { visited, frontier, accepted, exact, measured, query, .. } = &mut *self.scratch;
        measured.clear();
        accepted.reset(1);
        let (Some(links), Some((entry, _))) =
            (graph.link_quantiser(), graph.entry_point().filter(|_| !self.stopped))
        else {
            return Ok(true);
        };
        links.prepare(query);
        let spread = graph.spread() * self.length / self.scale;
        let share = filter.map_or(1.0, |filter| filter.share);
        let mut walk = BlockWalk {
            blocks: self.view.blocks(),
            rows: self.rows,
            query: &self.query,
            tables: &query.links,
            own_term: self.shift,
            scale: self.scale,
            visited,
            frontier,
            accepted,
            exact,
            stop: self.stop,
            compared: 0,
            stopped: false,
        };
        let mut nearest = Nearest::new(k.max(LEAST), measured);
        let ended =
            walk.walk(entry, Reach::new((reach_of, k), breadth, share, spread), filter, &mut nearest)?;
        self.visited += walk.compared;
        self.stopped |= walk.stopped;
        Ok(ended)
    }

    /// Compares the codes of the given nodes and holds the best `width` of them. A node listed twice is held twice.
    ///
    /// # Errors
    /// A node that does not exist, damaged or unreadable bytes.
    pub fn scan(&mut self, nodes: impl IntoIterator<Item = u32>, width: usize) -> Result<(), HnswError> {
        let width = width.max(1);
        self.scan_keeping(nodes, 2 * width + ROOM, |scanned| {
            if scanned.len() <= width {
                return u32::MAX;
            }
            scanned.select_nth_unstable(width - 1);
            scanned.truncate(width);
            // Another code may have the same estimate as the last one held; the node then decides between them.
            ((scanned[width - 1] >> 32) as u32).saturating_add(1)
        })
    }

    /// Compares the codes of the given nodes and holds everything that may be among the `k` nearest of them: all whose estimate
    /// exceeds the k-th by no more than the errors of both, except for a share that `recall` allows to be dropped. If nodes are
    /// close together, as seen from the query, these are many.
    ///
    /// # Errors
    /// As [`Self::scan`].
    pub fn scan_near(
        &mut self,
        nodes: impl IntoIterator<Item = u32>,
        k: usize,
        recall: f32,
    ) -> Result<(), HnswError> {
        let k = k.max(LEAST);
        let deviation = self.view.graph.recall().deviation_of_estimates(recall);
        let margin = 2.0 * deviation * self.length / self.scale;
        self.scan_keeping(nodes, 2 * k + ROOM, |scanned| {
            if scanned.len() <= k {
                return u32::MAX;
            }
            let (_, last, _) = scanned.select_nth_unstable(k - 1);
            let reach = (key(key_value(*last) + margin, 0) >> 32) as u32;
            scanned.retain(|key| (key >> 32) as u32 <= reach);
            reach.saturating_add(1)
        })
    }

    /// Compares codes, and lets `keep` drop some of those collected whenever their number has doubled, and at the end. `keep`
    /// returns the limit below which further estimates must be.
    fn scan_keeping(
        &mut self,
        nodes: impl IntoIterator<Item = u32>,
        least_room: usize,
        keep: impl Fn(&mut Vec<u64>) -> u32,
    ) -> Result<(), HnswError> {
        self.found_in = FoundIn::Scanned;
        self.prepare_first();
        let Scratch { query, scanned, .. } = &mut *self.scratch;
        let query = query.first.view();
        scanned.clear();
        // Collected unsorted: inserting into a sorted list of thousands moves too much.
        let (mut room, mut limit) = (least_room, u32::MAX);
        let mut nodes = nodes.into_iter();
        let (mut group, mut next) = ([0; GROUP], [0; GROUP]);
        let mut filled = fill(&mut nodes, &mut group);
        let mut groups = 0_usize;
        while filled > 0 && !self.stopped {
            let following = fill(&mut nodes, &mut next);
            self.view.prefetch_codes(&next[..following]);
            let mut keys = [0; GROUP];
            let kept = self.view.nearer(&group[..filled], query, limit, &mut keys)?;
            scanned.extend_from_slice(&keys[..kept]);
            if scanned.len() >= room {
                limit = keep(scanned);
                room = least_room.max(2 * scanned.len());
            }
            self.visited += filled;
            (group, filled) = (next, following);
            groups += 1;
            if groups.is_multiple_of(128) {
                self.stopped = (self.stop)();
            }
        }
        keep(scanned);
        Ok(())
    }

    /// Number of held nodes that [`Search::finish`] may return.
    pub fn held(&self) -> usize {
        match self.found_in {
            FoundIn::Measured => self.scratch.measured.len(),
            _ => self.source().len(),
        }
    }

    /// How many of all nodes met by a walk with a filter are as near as the `k`-th accepted one, by their estimates or, over
    /// blocks, by measured distances; `None` if there are more than were held, so that the number is unknown.
    pub fn rank(&self, k: usize) -> Option<usize> {
        let last = self.scratch.accepted.get(k.checked_sub(1)?)?;
        let met = match self.found_in {
            FoundIn::Measured => &self.scratch.exact,
            _ => &self.scratch.held,
        };
        let rank = met.keys().partition_point(|key| key >> 32 <= last >> 32);
        let is_full = met.limit() < u32::MAX;
        (rank < met.keys().len() || !is_full).then_some(rank)
    }

    fn source(&self) -> &[u64] {
        self.found_in.of(self.scratch)
    }

    /// Whether each of these nodes is held.
    pub(crate) fn holds(&self, nodes: &[u32]) -> Vec<bool> {
        let held: rustc_hash::FxHashSet<u32> = match self.found_in {
            FoundIn::Measured => self.scratch.measured.iter().map(|measured| measured.node).collect(),
            _ => self.source().iter().map(|&key| key_node(key)).collect(),
        };
        nodes.iter().map(|node| held.contains(node)).collect()
    }

    /// The length to which errors of estimates are relative.
    pub(crate) fn length(&self) -> f32 {
        self.length
    }

    /// Number of codes compared.
    pub(crate) fn compared(&self) -> usize {
        self.visited
    }

    /// The distances of some nodes as estimated from their first codes, and from both codes.
    pub(crate) fn estimates(&mut self, nodes: &[u32]) -> Result<Vec<[f32; 2]>, HnswError> {
        self.prepare_first();
        let mut estimates = Vec::with_capacity(nodes.len());
        let distance = |key: u64, scale: f32, shift: f32| (key_value(key) + shift) * scale;
        let (scale, shift) = (self.scale, self.shift);
        for group in nodes.chunks(GROUP) {
            let mut keys = [0; GROUP];
            let kept = self.view.nearer(group, self.scratch.query.first.view(), u32::MAX, &mut keys)?;
            let mut refined = keys[..kept].to_vec();
            let Scratch { batch, query, .. } = &mut *self.scratch;
            self.view.refine(&mut refined, batch, query)?;
            let both = keys[..kept].iter().zip(&refined);
            estimates
                .extend(both.map(|(&first, &both)| [first, both].map(|key| distance(key, scale, shift))));
        }
        Ok(estimates)
    }

    /// The estimates of all these nodes from their first codes, as keys.
    pub(crate) fn keys(&mut self, nodes: impl Iterator<Item = u32>) -> Result<Vec<u64>, HnswError> {
        self.prepare_first();
        let mut nodes = nodes;
        let (mut all, mut group) = (Vec::new(), [0; GROUP]);
        loop {
            let filled = fill(&mut nodes, &mut group);
            if filled == 0 {
                return Ok(all);
            }
            let mut keys = [0; GROUP];
            let kept =
                self.view.nearer(&group[..filled], self.scratch.query.first.view(), u32::MAX, &mut keys)?;
            all.extend_from_slice(&keys[..kept]);
        }
    }

    /// The `k` nearest of the held nodes. If there are few, all are measured. If there are many, the second codes first improve
    /// their estimates; vectors are then read in this order, until the next one is not expected to be among the best. Of what may
    /// be missed at this `recall`, a fifth may be missed here.
    ///
    /// # Errors
    /// Damaged or unreadable bytes, unreadable rows.
    pub fn finish(self, k: usize, recall: f32, precision: Precision) -> Result<Found, HnswError> {
        let slack = self.length * self.view.graph.recall().slack_of_estimates(recall);
        let found_in = self.found_in;
        let Self { view, rows, query, scratch, scale, shift, mut visited, stopped, .. } = self;
        if k == 0 || view.graph.node_count() == 0 {
            return Ok(Found { neighbours: Vec::new(), visited, stopped });
        }
        if found_in == FoundIn::Measured {
            let neighbours = settle(rows, &query, &mut scratch.measured, k, precision)?;
            return Ok(Found { neighbours, visited, stopped });
        }
        let mut refined = std::mem::take(&mut scratch.refined);
        refined.clear();
        refined.extend(found_in.of(scratch).iter().map(|key| key & !1));
        scratch.refined = refined;
        let Scratch { query: prepared, batch, refined, exact, measured, .. } = scratch;
        if refined.is_empty() {
            return Ok(Found { neighbours: Vec::new(), visited, stopped });
        }
        let wanted = k.max(LEAST).min(refined.len());
        // Most of the first by the first estimate are also among the first by both, so their vectors are prefetched meanwhile.
        let early = wanted.min(EARLY);
        if found_in == FoundIn::Scanned && early < refined.len() {
            refined.select_nth_unstable(early);
        }
        let ask = |node: u32| rows.prefetch(node).map_err(|error| HnswError::row(node, error));
        for &key in refined.iter().take(early) {
            ask(key_node(key))?;
        }
        let refines = slack < f32::INFINITY && refined.len() > HELD_TO_REFINE * wanted + HELD_TO_REFINE_LEAST;
        if refines {
            view.refine(refined, batch, prepared)?;
        }
        exact.reset(wanted);
        measured.clear();
        // If all are measured, their order does not matter.
        let mut refined = Ascending::new(refined, !refines);
        for place in 0..STRIDE {
            refined.get(place).map_or(Ok(()), |key| ask(key_node(key)))?;
        }
        let (mut error, mut place) = (0.0_f32, 0);
        while let Some(candidate) = refined.get(place) {
            let expected = (key_value(candidate) + shift) * scale;
            if refines
                && place.is_multiple_of(STRIDE)
                && exact.get(wanted - 1).is_some_and(|worst| expected - slack > key_value(worst) + error)
            {
                break;
            }
            if let Some(ahead) = refined.get(place + STRIDE) {
                ask(key_node(ahead))?;
            }
            place += 1;
            let node = key_node(candidate);
            let measure = rows.measure(node, &query).map_err(|error| HnswError::row(node, error))?;
            visited += 1;
            if !measure.distance.is_nan() {
                exact.insert(&[key(measure.distance, node)]);
                error = error.max(measure.error);
                measured.push(Measured { node, measure });
            }
        }
        let neighbours = settle(rows, &query, measured, k, precision)?;
        Ok(Found { neighbours, visited, stopped })
    }
}

/// The nearest nodes to a query that a walk finds, of those that the filter accepts, if there is one; fewer than `k` if the walk
/// met fewer.
///
/// # Errors
/// As [`Search::new`], [`Search::walk`] and [`Search::finish`].
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
    filter: Option<Filter<'_>>,
    scratch: &mut Scratch,
    stop: &dyn Fn() -> bool,
) -> Result<Found, HnswError> {
    let mut search = Search::new(graph, rows, distance, query, scratch, stop)?;
    search.walk(params.k, params.breadth, filter)?;
    search.finish(params.k, 1.0, Precision::Whole)
}

/// Takes the next nodes of a list.
#[inline]
fn fill(nodes: &mut impl Iterator<Item = u32>, group: &mut [u32; GROUP]) -> usize {
    let mut filled = 0;
    for (place, node) in group.iter_mut().zip(nodes) {
        *place = node;
        filled += 1;
    }
    filled
}
