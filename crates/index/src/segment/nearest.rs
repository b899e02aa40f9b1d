//! The cases of one segment nearest to a vector: which way is cheapest, and that way.
//!
//! There are three. Every accepted case is *compared*. The codes of their vectors are *scanned*, and the best measured. Or the graph is *walked*, wide enough that the accepted among what it holds are enough; where a filter goes
//! against the neighbourhood and they are not, a scan follows. So no filter can lose matches, and none costs more than a
//! walk and a scan.

use super::Segment;
use super::open::GraphPages;
use super::vectors::Vectors;
use crate::{IndexError, OrdinalSet};
use precedent_hnsw::{Graph, Scratch, Search, VectorRows, WalkBreadth, slack_for_recall};
use precedent_query::PathChoice;
use precedent_vector::{DistanceFn, Embedding, Metric};
use rustc_hash::{FxBuildHasher, FxHashSet};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// How hard to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effort {
    /// Every accepted case is compared.
    Exact,
    /// A walk of this width, at least k.
    Width(usize),
    /// As far as was measured to find this share of the nearest.
    Recall(f32),
}

/// The way that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SegmentPath {
    /// Every accepted case was compared, exactly.
    Compared,
    /// The codes of every accepted case were compared, or their packed vectors.
    Scanned,
    /// The graph was walked.
    Walked,
    /// The graph was walked, and only accepted cases kept.
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
    /// The case's place in the log, which breaks ties.
    pub sequence: u64,
}

impl NearestCase {
    /// The order of answers: by distance, then by sequence.
    pub fn order(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.sequence.cmp(&other.sequence))
    }
}

/// What a segment found.
#[derive(Debug, Clone)]
pub(crate) struct NearestCases {
    /// At most k, nearest first.
    pub cases: Vec<NearestCase>,
    /// Distances computed, by code or exactly.
    pub visited: usize,
    /// The last way that was taken.
    pub path: SegmentPath,
}

impl NearestCases {
    pub(crate) fn none() -> Self {
        Self { cases: Vec::new(), visited: 0, path: SegmentPath::Compared }
    }
}

/// A vector to search for, with all that does not change from segment to segment.
pub(crate) struct VectorSearch<'a> {
    pub query: &'a Embedding,
    pub metric: Metric,
    pub effort: Effort,
    pub path: PathChoice,
    pub stop: &'a dyn Fn() -> bool,
}

impl VectorSearch<'_> {
    /// Whether every accepted case is to be compared, by the vectors as they were given.
    pub fn is_exact(&self) -> bool {
        self.effort == Effort::Exact || self.path == PathChoice::Exact
    }
}

/// Measures the vectors of a segment against one query.
struct Ruler<'a> {
    vectors: &'a Vectors,
    query: &'a [f32],
    distance: DistanceFn,
    /// By the vectors as they were given, whatever else there is.
    exact: bool,
}

impl<'a> Ruler<'a> {
    fn new(vectors: &'a Vectors, query: &'a Embedding, distance: DistanceFn, exact: bool) -> Self {
        let exact = exact || vectors.packed().is_none();
        Self { vectors, query: query.as_slice(), distance, exact }
    }

    fn measure(&self, node: u32) -> Result<f32, IndexError> {
        match self.exact {
            true => Ok((self.distance)(self.query, self.vectors.values(node)?)),
            false => self.vectors.measure(node, self.query, self.distance),
        }
    }
}

/// Distances between two looks at the caller's wish to stop.
const STOP_EVERY: usize = 1024;
/// Accepted cases up to this many are compared: it costs no more than to prepare a query for codes.
const FEW: usize = 64;
/// What a walk costs, in codes scanned one after another: to begin with, and for each node wanted. On 100,000 x 512 a walk for
/// 10 of 0.99 took as long as a scan of 2,600 codes, one for 100 as long as one of 10,000.
const WALK_COST: f64 = 1_800.0;
const WALK_COST_PER_NODE: f64 = 80.0;
/// How many more nodes than a filter's share asks for are walked to, and at least: so that chance seldom leaves too few.
const MARGIN: f64 = 1.2;
const MARGIN_LEAST: f64 = 4.0;
/// What a walk under a filter may miss, of what it may miss without: accepted nodes lie near the edge of a walk, where it finds
/// less than in the middle.
const MISSED_UNDER_A_FILTER: f32 = 0.3;
/// Width of a walk through a graph that no recall was measured of.
const UNMEASURED_WIDTH: usize = 200;

/// How many of all nodes a walk must find so that `k` of the accepted share are among them.
fn wanted_of_all(k: usize, accepted: usize, embedded: usize) -> usize {
    match accepted >= embedded {
        true => k,
        false => {
            (k as f64 * embedded as f64 / accepted.max(1) as f64 * MARGIN + MARGIN_LEAST).ceil() as usize
        }
    }
}

/// Whether a walk to `wanted` nodes is expected to cost less than a scan of the accepted ones.
fn walk_pays(accepted: usize, wanted: usize) -> bool {
    WALK_COST + WALK_COST_PER_NODE * (wanted as f64) < accepted as f64
}

impl Segment {
    /// The `k` accepted cases nearest to the query.
    pub fn nearest(
        &self,
        search: &VectorSearch<'_>,
        k: usize,
        accept: &OrdinalSet,
        scratch: &mut Scratch,
    ) -> Result<NearestCases, IndexError> {
        let Some(vectors) = &self.vectors else { return Ok(NearestCases::none()) };
        let (accepted, embedded) = (accept.count(), self.embedded_count()?);
        let k = k.min(accepted);
        let Some(graph) = self.graph.as_ref().filter(|_| !search.is_exact() && k > 0) else {
            return self.compare(vectors, search, k, accept.iter());
        };
        let wanted = wanted_of_all(k, accepted, embedded);
        let breadth = match search.effort {
            Effort::Width(ef) => Some(WalkBreadth::Width(ef.max(k) * wanted / k)),
            Effort::Recall(recall) if accepted < embedded => {
                breadth_for(graph, 1.0 - (1.0 - recall) * MISSED_UNDER_A_FILTER, wanted)
            }
            Effort::Recall(recall) => breadth_for(graph, recall, wanted),
            Effort::Exact => None,
        };
        let walks = graph.has_links() && (search.path == PathChoice::Graph || walk_pays(accepted, wanted));
        let found = match breadth {
            // More was asked for than any walk was measured to find.
            None => None,
            Some(_) if search.path == PathChoice::Auto && accepted <= FEW => None,
            Some(breadth) => {
                let breadth = Some(breadth).filter(|_| walks);
                self.by_codes(
                    graph,
                    vectors,
                    search,
                    k,
                    (breadth, wanted, accepted >= embedded),
                    accept,
                    scratch,
                )?
            }
        };
        match found {
            Some(found) => Ok(found),
            None => self.compare(vectors, search, k, accept.iter()),
        }
    }

    /// How near one case is, by its nearest image: exactly, or as a search measures.
    pub fn distance(
        &self,
        query: &Embedding,
        distance: DistanceFn,
        exact: bool,
        ordinal: u32,
    ) -> Result<Option<NearestCase>, IndexError> {
        match &self.vectors {
            Some(vectors) => self.measure(&Ruler::new(vectors, query, distance, exact), ordinal),
            None => Ok(None),
        }
    }

    fn measure(&self, ruler: &Ruler<'_>, ordinal: u32) -> Result<Option<NearestCase>, IndexError> {
        let vectors = ruler.vectors;
        let mut best: Option<(f32, usize)> = None;
        for row in vectors.rows_of_case(ordinal)? {
            let d = ruler.measure(vectors.node_of_row(row)?)?;
            if best.is_none_or(|(least, _)| d < least) {
                best = Some((d, row));
            }
        }
        let Some((distance, row)) = best else { return Ok(None) };
        let image = vectors.image_of_row(row)?;
        Ok(Some(NearestCase { ordinal, image, distance, sequence: self.keys.sequence(ordinal)? }))
    }

    fn compare(
        &self,
        vectors: &Vectors,
        search: &VectorSearch<'_>,
        k: usize,
        ordinals: impl Iterator<Item = u32>,
    ) -> Result<NearestCases, IndexError> {
        let ruler = Ruler::new(vectors, search.query, search.metric.distance_fn(), search.is_exact());
        let mut best: BinaryHeap<Farthest> = BinaryHeap::with_capacity(k.min(1 << 16) + 1);
        let (mut visited, mut polled) = (0, 0);
        for ordinal in ordinals {
            if visited - polled >= STOP_EVERY {
                polled = visited;
                if (search.stop)() {
                    return Err(IndexError::Stopped);
                }
            }
            visited += vectors.rows_of_case(ordinal)?.len();
            if let Some(case) = self.measure(&ruler, ordinal)? {
                if best.len() < k {
                    best.push(Farthest(case));
                } else if let Some(mut farthest) = best.peek_mut()
                    && case.order(&farthest.0) == Ordering::Less
                {
                    *farthest = Farthest(case);
                }
            }
        }
        let mut cases: Vec<NearestCase> = best.into_iter().map(|farthest| farthest.0).collect();
        cases.sort_unstable_by(NearestCase::order);
        let path = if ruler.exact { SegmentPath::Compared } else { SegmentPath::Scanned };
        Ok(NearestCases { cases, visited, path })
    }

    /// By the codes of the graph: a walk of the given breadth to so many of all nodes, or without one a scan. Then nodes
    /// become cases. One case may hold several near nodes, so nodes are asked for until there are `k` cases or no more
    /// accepted nodes. None where cases are missing all the same, because they have no embedding or a damaged graph does
    /// not lead to theirs: comparing tells, and never gives less.
    #[expect(clippy::too_many_arguments, reason = "one way of several, with what was planned for it")]
    fn by_codes(
        &self,
        graph: &Graph<GraphPages>,
        vectors: &Vectors,
        search: &VectorSearch<'_>,
        k: usize,
        (breadth, wanted_of_all, everything): (Option<WalkBreadth>, usize, bool),
        accept: &OrdinalSet,
        scratch: &mut Scratch,
    ) -> Result<Option<NearestCases>, IndexError> {
        let distance = search.metric.distance_fn();
        let ruler = Ruler::new(vectors, search.query, distance, false);
        let one_to_one = self.one_to_one()?;
        let takes = |node: u32| match one_to_one {
            true => accept.contains(node),
            // What cannot be read leads to no case; then comparing tells why.
            false => vectors.any_case_of_node(node, |ordinal| accept.contains(ordinal)).unwrap_or(false),
        };
        let accept_node: Option<&dyn Fn(u32) -> bool> = if everything { None } else { Some(&takes) };
        let (mut wanted, mut visited) = (k.min(vectors.nodes()), 0);
        self.count_search(graph);
        loop {
            let mut codes =
                Search::new(graph, vectors, distance, search.query.as_slice(), scratch, search.stop)?;
            let mut path = SegmentPath::Scanned;
            if let Some(breadth) = breadth {
                codes.walk(wanted_of_all.max(wanted), breadth)?;
                path = if everything { SegmentPath::Walked } else { SegmentPath::Filtered };
            }
            if breadth.is_none() || (!everything && codes.held(&takes) < wanted) {
                match everything {
                    true => codes.scan(0..vectors.nodes() as u32, wanted)?,
                    false if one_to_one => codes.scan(accept.iter(), wanted)?,
                    false => codes.scan(vectors.nodes_of_cases(accept)?.iter(), wanted)?,
                }
                path = SegmentPath::Scanned;
            }
            let found = codes.finish(wanted, accept_node)?;
            visited += found.visited;
            if found.stopped {
                return Err(IndexError::Stopped);
            }
            let mut cases = Vec::with_capacity(wanted);
            if one_to_one {
                // All are asked for before one is read: each lies elsewhere.
                found.neighbours.iter().for_each(|neighbour| self.keys.prefetch(neighbour.node));
                for neighbour in &found.neighbours {
                    let (ordinal, distance) = (neighbour.node, neighbour.distance);
                    let sequence = self.keys.sequence(ordinal)?;
                    cases.push(NearestCase { ordinal, image: 0, distance, sequence });
                }
            } else {
                let mut seen = FxHashSet::with_capacity_and_hasher(wanted, FxBuildHasher);
                for neighbour in &found.neighbours {
                    for &row in vectors.rows_of_node(neighbour.node)? {
                        let ordinal = vectors.case_of_row(row as usize)?;
                        if !accept.contains(ordinal) || !seen.insert(ordinal) {
                            continue;
                        }
                        // A walk that met one image of a case may have passed over a nearer one.
                        if vectors.rows_of_case(ordinal)?.len() > 1 {
                            cases.extend(self.measure(&ruler, ordinal)?);
                            continue;
                        }
                        let (distance, sequence) = (neighbour.distance, self.keys.sequence(ordinal)?);
                        let image = vectors.image_of_row(row as usize)?;
                        cases.push(NearestCase { ordinal, image, distance, sequence });
                    }
                }
            }
            if cases.len() >= k {
                cases.sort_by(NearestCase::order);
                cases.truncate(k);
                return Ok(Some(NearestCases { cases, visited, path }));
            }
            if wanted >= vectors.nodes() || found.neighbours.len() < wanted {
                return Ok(None);
            }
            wanted = (wanted * 2).min(vectors.nodes());
        }
    }
}

/// How far to walk for a recall; none where no walk was measured to find as much.
fn breadth_for(graph: &Graph<GraphPages>, recall: f32, wanted: usize) -> Option<WalkBreadth> {
    match graph.recall_curve() {
        [] => Some(WalkBreadth::Width(UNMEASURED_WIDTH.max(2 * wanted))),
        curve => slack_for_recall(curve, recall, wanted).map(WalkBreadth::Slack),
    }
}

/// Orders a heap so that the farthest is on top.
struct Farthest(NearestCase);

impl PartialEq for Farthest {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Farthest {}

impl PartialOrd for Farthest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Farthest {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.order(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_matches_are_scanned_and_many_walked() {
        let walks = |k, accepted, embedded| walk_pays(accepted, wanted_of_all(k, accepted, embedded));
        assert!(walks(10, 100_000, 100_000));
        assert!(walks(10, 50_000, 100_000));
        assert!(!walks(10, 10_000, 100_000));
        assert!(walks(10, 100_000, 1_000_000));
        assert!(!walks(10, 10_000, 1_000_000));
        assert!(!walks(100, 20_000, 100_000));
        assert!(!walks(10, 0, 0));
    }

    #[test]
    fn a_filter_asks_for_more_of_all() {
        assert_eq!(wanted_of_all(10, 100, 100), 10);
        assert_eq!(wanted_of_all(10, 50, 100), 28);
        assert_eq!(wanted_of_all(0, 0, 100), 4);
    }
}
