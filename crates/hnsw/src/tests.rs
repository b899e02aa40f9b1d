//! End to end: build, freeze, open, search.

mod blocks;
mod damage;
mod recall;
mod small;

use crate::{
    BuildParams, BuiltGraph, Comparison, DEPTHS, Filter, FlatRows, Found, Graph, GraphLayout, Precision,
    Scratch, Search, SearchParams, VectorRows, WalkBreadth, build, compare, search,
};
use precedent_vector::Metric;
use std::ops::ControlFlow;

pub(crate) const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

/// Random numbers from a seed (splitmix64).
pub(crate) struct Random(pub u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub fn uniform(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 24) as f32
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// Approximately normal: the sum of twelve uniform numbers.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.uniform()).sum::<f32>() - 6.0
    }
}

/// Clusters of different size and width, then as many queries of the same kind: rows of length 1 for cosine.
pub(crate) struct Clustered {
    pub metric: Metric,
    pub dimension: usize,
    pub values: Vec<f32>,
    pub queries: Vec<Vec<f32>>,
}

impl Clustered {
    pub fn new(metric: Metric, rows: usize, dimension: usize, queries: usize, seed: u64) -> Self {
        let mut random = Random(seed);
        let centres: Vec<Vec<f32>> =
            (0..50).map(|_| (0..dimension).map(|_| random.normal()).collect()).collect();
        let mut draw = || {
            let cluster = random.below(centres.len()).min(random.below(centres.len()));
            let width = 0.3 + cluster as f32 * 0.02;
            let mut row: Vec<f32> = centres[cluster].iter().map(|&c| c + width * random.normal()).collect();
            if metric == Metric::Cosine {
                let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
                row.iter_mut().for_each(|v| *v /= norm);
            }
            row
        };
        let values = (0..rows).flat_map(|_| draw()).collect();
        let queries = (0..queries).map(|_| draw()).collect();
        Self { metric, dimension, values, queries }
    }

    pub fn rows(&self) -> FlatRows<'_> {
        FlatRows::new(&self.values, self.dimension).unwrap()
    }
}

pub(crate) fn serial() -> BuildParams {
    BuildParams { threads: 1, ..BuildParams::default() }
}

/// One thread, and links in blocks.
pub(crate) fn in_blocks() -> BuildParams {
    BuildParams { layout: GraphLayout::Blocks, ..serial() }
}

pub(crate) fn built(rows: &FlatRows<'_>, metric: Metric, params: &BuildParams) -> BuiltGraph {
    build(rows, metric, params, &|_| ControlFlow::Continue(())).unwrap()
}

/// Searches without a deadline in a new scratch. If a walk gives up or holds fewer accepted nodes than wanted, their codes are
/// compared, as an index does.
pub(crate) fn find(
    graph: &Graph<Vec<u8>>,
    rows: &FlatRows<'_>,
    metric: Metric,
    query: &[f32],
    (k, ef): (usize, usize),
    accept: Option<&dyn Fn(u32) -> bool>,
) -> Found {
    let mut scratch = Scratch::default();
    let mut search = Search::new(graph, rows, metric.distance_fn(), query, &mut scratch, &|| false).unwrap();
    let accepted: Vec<u32> =
        (0..rows.len() as u32).filter(|&node| accept.is_none_or(|accept| accept(node))).collect();
    let share = accepted.len() as f32 / rows.len().max(1) as f32;
    let filter = accept.map(|accept| Filter { accept, share, most_compared: rows.len() });
    if !search.walk(k, WalkBreadth::Width(ef), filter).unwrap() || search.held() < k {
        search.scan(accepted, 4 * k.max(DEPTHS[0])).unwrap();
    }
    search.finish(k, 0.999, Precision::Whole).unwrap()
}

/// The exact answer.
pub(crate) fn exact(
    rows: &FlatRows<'_>,
    metric: Metric,
    query: &[f32],
    k: usize,
    accept: Option<&dyn Fn(u32) -> bool>,
) -> Found {
    let nodes = (0..rows.len() as u32).filter(|&node| accept.is_none_or(|accept| accept(node)));
    compare(rows, metric.distance_fn(), query, nodes, (k, Comparison::Whole), &|| false).unwrap()
}

pub(crate) fn nodes(found: &Found) -> Vec<u32> {
    found.neighbours.iter().map(|neighbour| neighbour.node).collect()
}
