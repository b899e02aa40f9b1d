//! The cases of one segment nearest to a vector, by the planned path ([`super::plan`]).
//!
//! There are three paths. *Compare* the vectors of all selected cases. *Scan* their codes, and measure the best. Or *walk* the
//! graph, as far as the last of the wanted nodes requires; if the filter excludes the neighbourhood of the query, the walk gives
//! up and another path follows. So no filter can lose matches.

use super::Segment;
use super::open::GraphPages;
use super::plan::{Costs, Effort, Plan, Question, Walked, Way};
use super::vectors::Vectors;
use crate::{IndexError, OrdinalSet};
use precedent_hnsw::{
    Comparison, DEPTHS, Filter, Found, Graph, LeftOut, Neighbour, Precision, Scratch, Search, VectorRows,
    WalkBreadth, compare,
};
use precedent_query::PathChoice;
use precedent_vector::{DistanceFn, Embedding, Metric};
use rustc_hash::{FxBuildHasher, FxHashSet};
use std::cmp::Ordering;

/// The path taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SegmentPath {
    /// All selected cases were compared: the answer is exact.
    Compared,
    /// The codes of all selected cases were compared.
    Scanned,
    /// The graph was walked.
    Walked,
    /// The graph was walked, and only selected cases were kept.
    Filtered,
}

/// A case with its nearest image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearestCase {
    /// Its ordinal in the segment.
    pub ordinal: u32,
    /// Which of its images was nearest.
    pub image: u32,
    /// By the metric's kernel: less is nearer.
    pub distance: f32,
    /// The position of the case in the log, which breaks ties.
    pub sequence: u64,
}

impl NearestCase {
    /// The order of answers: by distance, then by sequence.
    pub fn order(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.sequence.cmp(&other.sequence))
    }
}

/// What was found in a segment.
#[derive(Debug, Clone)]
pub(crate) struct NearestCases {
    /// At most `k` cases, nearest first.
    pub cases: Vec<NearestCase>,
    /// Number of distances computed, from codes or exactly.
    pub visited: usize,
    /// The last path taken.
    pub path: SegmentPath,
    /// The measured share of the nearest cases that this path finds; `None` if a width was requested.
    pub recall: Option<f32>,
}

impl NearestCases {
    pub(crate) fn none() -> Self {
        Self { cases: Vec::new(), visited: 0, path: SegmentPath::Compared, recall: Some(1.0) }
    }
}

/// A vector to search for, with everything that is the same for all segments.
pub(crate) struct VectorSearch<'a> {
    pub query: &'a Embedding,
    pub metric: Metric,
    pub effort: Effort,
    pub path: PathChoice,
    pub precision: Precision,
    pub stop: &'a dyn Fn() -> bool,
}

impl VectorSearch<'_> {
    /// Whether all selected cases should be compared.
    pub fn is_exact(&self) -> bool {
        self.effort == Effort::Exact || self.path == PathChoice::Exact
    }
}

/// The selected cases of a segment.
#[derive(Clone, Copy)]
pub(crate) struct Accepted<'a> {
    /// They all have an embedding.
    pub cases: &'a OrdinalSet,
    /// Their number.
    pub count: usize,
    /// Whether they are all live cases.
    pub all_live: bool,
    /// A case to skip as if it were not in the index.
    pub without: Option<&'a LeftOutCase>,
}

/// A case to leave out of searches, as if it had never been in the index.
pub struct LeftOutCase {
    ordinal: u32,
    /// Its node, if nodes are cases and are in a graph.
    node: Option<LeftOut>,
}

impl LeftOutCase {
    pub(crate) fn ordinal(&self) -> u32 {
        self.ordinal
    }
}

/// A search of one segment.
struct Look<'a> {
    segment: &'a Segment,
    vectors: &'a Vectors,
    search: &'a VectorSearch<'a>,
    accepted: Accepted<'a>,
    distance: DistanceFn,
    /// Whether node numbers are case ordinals.
    one_to_one: bool,
    embedded: usize,
}

impl Segment {
    /// The `k` selected cases nearest to the query.
    pub fn nearest(
        &self,
        search: &VectorSearch<'_>,
        k: usize,
        accepted: Accepted<'_>,
        scratch: &mut Scratch,
    ) -> Result<NearestCases, IndexError> {
        let Some(vectors) = &self.vectors else { return Ok(NearestCases::none()) };
        let k = k.min(accepted.count);
        if k == 0 {
            return Ok(NearestCases::none());
        }
        let look = Look {
            segment: self,
            vectors,
            search,
            accepted,
            distance: search.metric.distance_fn(),
            one_to_one: self.one_to_one()?,
            embedded: self.embedded_count()?,
        };
        if let (Some(graph), false) = (&self.graph, search.is_exact()) {
            self.count_search(graph);
        }
        let mut plan = look.plan(k);
        let (mut way, mut recall) = (plan.way, plan.recall);
        let mut walked_in_vain = false;
        let mut visited = 0;
        // Several nodes near the query may belong to one case, so more nodes are requested until there are enough cases.
        let mut wanted = look.nodes_for(k, plan.way);
        loop {
            let outcome = match (way, &self.graph) {
                (Way::Compare, _) | (_, None) => Some(look.compare(wanted)?),
                (way, Some(graph)) => look.by_codes(graph, way, wanted, scratch)?,
            };
            let Some(found) = outcome else {
                // The walk gave up, or cannot be relied on.
                walked_in_vain = true;
                (way, recall) = (plan.otherwise, plan.recall_otherwise);
                continue;
            };
            visited += found.visited;
            if found.stopped {
                return Err(IndexError::Stopped);
            }
            let mut cases = look.cases_of(&found.neighbours)?;
            let is_all = found.neighbours.len() < wanted || wanted >= vectors.nodes();
            if cases.len() >= k || (is_all && way == Way::Compare) {
                cases.sort_by(NearestCase::order);
                cases.truncate(k);
                let path = match way {
                    Way::Compare => SegmentPath::Compared,
                    Way::Scan { .. } => SegmentPath::Scanned,
                    Way::Walk { .. } if accepted.all_live => SegmentPath::Walked,
                    Way::Walk { .. } => SegmentPath::Filtered,
                };
                return Ok(NearestCases { cases, visited, path, recall });
            }
            if is_all {
                // A damaged graph does not lead to all cases; comparing does.
                (way, recall) = (Way::Compare, Some(1.0));
            } else {
                wanted = (wanted * 2).min(vectors.nodes());
                // A path that finds this many nodes may miss too many of twice as many.
                if way != Way::Compare {
                    plan = look.plan(wanted);
                    (way, recall) = match (walked_in_vain, plan.way) {
                        (true, Way::Walk { .. }) => (plan.otherwise, plan.recall_otherwise),
                        _ => (plan.way, plan.recall),
                    };
                }
            }
        }
    }

    /// Prepares to leave a case out of searches.
    pub fn leave_out(&self, ordinal: u32, metric: Metric) -> Result<LeftOutCase, IndexError> {
        let node = match (&self.vectors, &self.graph) {
            (Some(vectors), Some(graph)) if graph.has_links() && self.one_to_one()? => {
                Some(LeftOut::new(graph, vectors, metric, vec![ordinal])?)
            }
            _ => None,
        };
        Ok(LeftOutCase { ordinal, node })
    }

    /// The distance of a case, from its nearest image and exact vectors.
    pub fn distance(
        &self,
        query: &Embedding,
        distance: DistanceFn,
        ordinal: u32,
    ) -> Result<Option<NearestCase>, IndexError> {
        match &self.vectors {
            Some(vectors) => self.measure(vectors, query.as_slice(), distance, ordinal),
            None => Ok(None),
        }
    }

    fn measure(
        &self,
        vectors: &Vectors,
        query: &[f32],
        distance: DistanceFn,
        ordinal: u32,
    ) -> Result<Option<NearestCase>, IndexError> {
        let mut best: Option<(f32, usize)> = None;
        for row in vectors.rows_of_case(ordinal)? {
            // Adding 0 turns -0 into 0, as a search does.
            let d = distance(query, vectors.values(vectors.node_of_row(row)?)?) + 0.0;
            if best.is_none_or(|(least, _)| d < least) {
                best = Some((d, row));
            }
        }
        let Some((distance, row)) = best else { return Ok(None) };
        let image = vectors.image_of_row(row)?;
        Ok(Some(NearestCase { ordinal, image, distance, sequence: self.keys.sequence(ordinal)? }))
    }
}

impl Look<'_> {
    fn question(&self, k: usize) -> Question {
        Question { k, accepted: self.accepted.count, of_all: self.embedded }
    }

    /// How to search for this many nodes.
    fn plan(&self, k: usize) -> Plan {
        let question = self.question(k);
        let costs =
            Costs { dimension: self.vectors.dimension(), has_packed: self.vectors.packed().is_some() };
        match &self.segment.graph {
            Some(graph) if !self.search.is_exact() => {
                costs.plan(&question, (self.search.effort, self.search.path), graph)
            }
            _ => Costs::compared(),
        }
    }

    /// A case with several images is measured again with exact vectors, and those of other cases are compared with it.
    fn precision(&self) -> Precision {
        if self.one_to_one { self.search.precision } else { Precision::Whole }
    }

    fn accepts_all(&self) -> bool {
        self.accepted.count >= self.embedded && self.accepted.without.is_none()
    }

    fn accepts_case(&self, ordinal: u32) -> bool {
        self.accepted.cases.contains(ordinal)
            && self.accepted.without.is_none_or(|without| without.ordinal != ordinal)
    }

    fn accepts_node(&self, node: u32) -> bool {
        match self.one_to_one {
            true => self.accepts_case(node),
            // An unreadable table leads to no case; comparing will then report why.
            false => {
                self.vectors.any_case_of_node(node, |ordinal| self.accepts_case(ordinal)).unwrap_or(false)
            }
        }
    }

    /// How many nodes to request first, to find `k` cases. Comparing takes the same time for many as for few, so it usually
    /// yields enough at once, unless nearby nodes belong to the same cases more often than others do.
    fn nodes_for(&self, k: usize, way: Way) -> usize {
        let of_a_case = match way {
            Way::Compare => self.vectors.rows().div_ceil(self.embedded.max(1)),
            Way::Scan { .. } | Way::Walk { .. } => 1,
        };
        (k * of_a_case).min(self.vectors.nodes())
    }

    /// Calls `each` with the nodes of the selected cases.
    fn with_nodes<T>(
        &self,
        each: impl FnOnce(&mut dyn Iterator<Item = u32>) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let without = self.accepted.without.map(|without| without.ordinal);
        if self.accepts_all() {
            each(&mut (0..self.vectors.nodes() as u32))
        } else if self.one_to_one {
            each(&mut self.accepted.cases.iter().filter(|ordinal| Some(*ordinal) != without))
        } else {
            let mut cases = self.accepted.cases.clone();
            without.into_iter().for_each(|without| cases.remove(without));
            each(&mut self.vectors.nodes_of_cases(&cases)?.iter())
        }
    }

    fn compare(&self, wanted: usize) -> Result<Found, IndexError> {
        let VectorSearch { query, stop, .. } = *self.search;
        let how = match self.search.is_exact() {
            true => Comparison::Whole,
            false => Comparison::Measured(self.precision()),
        };
        self.with_nodes(|nodes| {
            Ok(compare(self.vectors, self.distance, query.as_slice(), nodes, (wanted, how), stop)?)
        })
    }

    /// A walk or a scan; `None` if a walk gave up, found fewer nodes than wanted, or may not have gone far enough.
    fn by_codes(
        &self,
        graph: &Graph<GraphPages>,
        way: Way,
        wanted: usize,
        scratch: &mut Scratch,
    ) -> Result<Option<Found>, IndexError> {
        match way {
            Way::Walk { breadth, most_compared, recall } => {
                self.walk(graph, (breadth, most_compared, recall), wanted, scratch)
            }
            Way::Scan { width, recall } => self.scan(graph, (width, recall), wanted, scratch).map(Some),
            Way::Compare => Ok(None),
        }
    }

    fn search<'s>(
        &'s self,
        graph: &'s Graph<GraphPages>,
        scratch: &'s mut Scratch,
    ) -> Result<Search<'s, GraphPages, Vectors>, IndexError> {
        let VectorSearch { query, stop, .. } = *self.search;
        let search = Search::new(graph, self.vectors, self.distance, query.as_slice(), scratch, stop)?;
        Ok(match self.accepted.without.and_then(|without| without.node.as_ref()) {
            Some(node) => search.without(node),
            None => search,
        })
    }

    fn walk(
        &self,
        graph: &Graph<GraphPages>,
        (breadth, most_compared, recall): (WalkBreadth, usize, f32),
        wanted: usize,
        scratch: &mut Scratch,
    ) -> Result<Option<Found>, IndexError> {
        let VectorSearch { stop, path, .. } = *self.search;
        let mut search = self.search(graph, scratch)?;
        let accept = |node: u32| self.accepts_node(node);
        let share = self.accepted.count as f32 / self.embedded.max(1) as f32;
        let filter = Filter { accept: &accept, share, most_compared };
        let filter = (!self.accepts_all()).then_some(filter);
        let ended = search.walk(wanted, breadth, filter)?;
        if (!ended || search.held() < wanted) && !stop() {
            return Ok(None);
        }
        if let (WalkBreadth::Slack(slack), true) = (breadth, filter.is_some() && path == PathChoice::Auto) {
            // A walk for fewer nodes searches just as far.
            let looked_for = wanted.max(DEPTHS[0]);
            let rank = search.rank(looked_for);
            let walked = rank.map(|rank| Walked { wanted: looked_for, share, slack, rank });
            if !walked.is_some_and(|walked| walked.finds(recall, graph.recall())) {
                return Ok(None);
            }
        }
        Ok(Some(search.finish(wanted, recall, self.precision())?))
    }

    /// Scans the codes of the selected nodes. The number of codes to hold was measured without a filter, for a few values of k. A
    /// filter that excludes the neighbourhood leaves cases that are closer together, seen from the query; then all codes that may
    /// be among the nearest are held.
    fn scan(
        &self,
        graph: &Graph<GraphPages>,
        (width, recall): (f32, f32),
        wanted: usize,
        scratch: &mut Scratch,
    ) -> Result<Found, IndexError> {
        // Between two measured depths, the width of either is enough, unless the deeper one was measured while holding most
        // codes.
        let most = self.vectors.nodes() as f32 / 2.0;
        let depth = DEPTHS.into_iter().find(|&depth| depth >= wanted);
        let is_measured = self.question(wanted).is_of_all()
            && depth.is_some_and(|depth| depth == wanted.max(DEPTHS[0]) || width * (depth as f32) < most);
        let width = (width * wanted.max(DEPTHS[0]) as f32).ceil() as usize;
        let mut search = self.search(graph, scratch)?;
        self.with_nodes(|nodes| match is_measured {
            true => Ok(search.scan(nodes, width)?),
            false => Ok(search.scan_near(nodes, wanted, recall)?),
        })?;
        Ok(search.finish(wanted, recall, self.precision())?)
    }

    /// The selected cases that these nodes belong to, each with its nearest image, in the order of the nodes.
    fn cases_of(&self, neighbours: &[Neighbour]) -> Result<Vec<NearestCase>, IndexError> {
        let keys = &self.segment.keys;
        let mut cases = Vec::with_capacity(neighbours.len());
        if self.one_to_one {
            // Prefetch all before reading one: each is elsewhere in memory.
            neighbours.iter().for_each(|neighbour| keys.prefetch(neighbour.node));
            for neighbour in neighbours {
                let (ordinal, distance) = (neighbour.node, neighbour.distance);
                cases.push(NearestCase { ordinal, image: 0, distance, sequence: keys.sequence(ordinal)? });
            }
            return Ok(cases);
        }
        let mut seen = FxHashSet::with_capacity_and_hasher(neighbours.len(), FxBuildHasher);
        for neighbour in neighbours {
            for &row in self.vectors.rows_of_node(neighbour.node)? {
                let ordinal = self.vectors.case_of_row(row as usize)?;
                if !self.accepts_case(ordinal) || !seen.insert(ordinal) {
                    continue;
                }
                // A walk that met one image of a case may have missed a nearer one.
                if self.vectors.rows_of_case(ordinal)?.len() > 1 {
                    let query = self.search.query.as_slice();
                    cases.extend(self.segment.measure(self.vectors, query, self.distance, ordinal)?);
                    continue;
                }
                let (distance, sequence) = (neighbour.distance, keys.sequence(ordinal)?);
                let image = self.vectors.image_of_row(row as usize)?;
                cases.push(NearestCase { ordinal, image, distance, sequence });
            }
        }
        Ok(cases)
    }
}
