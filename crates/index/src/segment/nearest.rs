//! The cases of one segment nearest to a vector.

use super::Segment;
use super::vectors::Vectors;
use crate::{IndexError, OrdinalSet};
use precedent_hnsw::{Scratch, SearchParams};
use precedent_vector::{DistanceFn, Embedding, Metric};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

/// How one segment is to be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkParams {
    /// Compare every accepted case.
    Exact,
    /// Walk the graph with this width.
    Graph {
        /// Width of the walk; raised to `k` where it is below.
        ef_search: usize,
    },
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
#[derive(Debug, Clone, Default)]
pub struct NearestCases {
    /// At most k, nearest first.
    pub cases: Vec<NearestCase>,
    /// Distances computed.
    pub visited: usize,
}

/// A vector to search for, with all that does not change from segment to segment.
pub(crate) struct VectorSearch<'a> {
    pub query: &'a Embedding,
    pub metric: Metric,
    pub stop: &'a dyn Fn() -> bool,
}

/// Distances between two looks at the caller's wish to stop.
const STOP_EVERY: usize = 1024;

impl Segment {
    /// The `k` accepted cases nearest to the query, as well as `params` finds them.
    pub fn nearest(
        &self,
        search: &VectorSearch<'_>,
        k: usize,
        params: WalkParams,
        accept: &OrdinalSet,
        scratch: &mut Scratch,
    ) -> Result<NearestCases, IndexError> {
        let Some(vectors) = &self.vectors else { return Ok(NearestCases::default()) };
        match params {
            WalkParams::Exact => self.scan(vectors, search, k, accept.iter()),
            WalkParams::Graph { ef_search } => self.walk(vectors, search, k, ef_search, accept, scratch),
        }
    }

    /// How near one case is, by its nearest image.
    pub fn distance(
        &self,
        query: &Embedding,
        distance: DistanceFn,
        ordinal: u32,
    ) -> Result<Option<NearestCase>, IndexError> {
        match &self.vectors {
            Some(vectors) => self.measure(vectors, query, distance, ordinal),
            None => Ok(None),
        }
    }

    fn measure(
        &self,
        vectors: &Vectors,
        query: &Embedding,
        distance: DistanceFn,
        ordinal: u32,
    ) -> Result<Option<NearestCase>, IndexError> {
        let mut best: Option<(f32, usize)> = None;
        for row in vectors.rows_of_case(ordinal)? {
            let d = distance(query.as_slice(), vectors.values(vectors.node_of_row(row)?)?);
            if best.is_none_or(|(least, _)| d < least) {
                best = Some((d, row));
            }
        }
        let Some((distance, row)) = best else { return Ok(None) };
        let image = vectors.image_of_row(row)?;
        Ok(Some(NearestCase { ordinal, image, distance, sequence: self.keys.sequence(ordinal)? }))
    }

    fn scan(
        &self,
        vectors: &Vectors,
        search: &VectorSearch<'_>,
        k: usize,
        ordinals: impl Iterator<Item = u32>,
    ) -> Result<NearestCases, IndexError> {
        let distance = search.metric.distance_fn();
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
            if let Some(case) = self.measure(vectors, search.query, distance, ordinal)? {
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
        Ok(NearestCases { cases, visited })
    }

    /// Walks the graph, then turns nodes into cases. One case may hold several near nodes, so nodes are asked for until
    /// there are `k` cases or no more accepted nodes.
    fn walk(
        &self,
        vectors: &Vectors,
        search: &VectorSearch<'_>,
        k: usize,
        ef_search: usize,
        accept: &OrdinalSet,
        scratch: &mut Scratch,
    ) -> Result<NearestCases, IndexError> {
        let Some(graph) = &self.graph else { return self.scan(vectors, search, k, accept.iter()) };
        let accepted = accept.count();
        let k = k.min(accepted);
        if k == 0 {
            return Ok(NearestCases::default());
        }
        let distance = search.metric.distance_fn();
        let everything = accepted == self.embedded()?.count();
        let nodes = if everything { Cow::Borrowed(accept) } else { self.accepted_nodes(vectors, accept)? };
        let takes = |node: u32| nodes.contains(node);
        let accept_node: Option<&dyn Fn(u32) -> bool> = if everything { None } else { Some(&takes) };
        let (mut wanted, mut visited) = (k, 0);
        loop {
            let params = SearchParams { k: wanted, ef: ef_search.max(wanted) };
            let query = search.query.as_slice();
            let found = precedent_hnsw::search(
                graph,
                vectors,
                distance,
                query,
                &params,
                accept_node,
                scratch,
                search.stop,
            )?;
            visited += found.visited;
            if found.stopped {
                return Err(IndexError::Stopped);
            }
            let nodes = found.neighbours.len();
            let mut cases = Vec::with_capacity(nodes);
            let mut seen = HashSet::with_capacity(nodes);
            for neighbour in &found.neighbours {
                for &row in vectors.rows_of_node(neighbour.node)? {
                    let ordinal = vectors.case_of_row(row as usize)?;
                    if accept.contains(ordinal) && seen.insert(ordinal) {
                        let sequence = self.keys.sequence(ordinal)?;
                        let image = vectors.image_of_row(row as usize)?;
                        cases.push(NearestCase { ordinal, image, distance: neighbour.distance, sequence });
                    }
                }
            }
            if cases.len() >= k || nodes < wanted {
                cases.sort_by(NearestCase::order);
                cases.truncate(k);
                if cases.len() < k {
                    // Cases without an embedding, or a walk that met too few: the scan tells, and never gives less.
                    let mut exact = self.scan(vectors, search, k, accept.iter())?;
                    exact.visited += visited;
                    return Ok(exact);
                }
                return Ok(NearestCases { cases, visited });
            }
            wanted *= 2;
        }
    }

    /// The nodes that an accepted case has an image of.
    fn accepted_nodes<'a>(
        &self,
        vectors: &Vectors,
        accept: &'a OrdinalSet,
    ) -> Result<Cow<'a, OrdinalSet>, IndexError> {
        let one_each = vectors.rows() == self.cases() && self.embedded()?.count() == self.cases();
        if one_each && vectors.nodes() == vectors.rows() {
            // Every case has one image, no two are equal, and nodes are numbered as they appear: node is ordinal.
            return Ok(Cow::Borrowed(accept));
        }
        let mut nodes = OrdinalSet::none(vectors.nodes());
        for ordinal in accept.iter() {
            for row in vectors.rows_of_case(ordinal)? {
                nodes.insert(vectors.node_of_row(row)?);
            }
        }
        Ok(Cow::Owned(nodes))
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
