//! Codes without links, for vectors that are too few or too new for a graph of their own: made by the quantiser of a graph over
//! others of their kind. Learning a quantiser takes longer than it saves there, and a scan of codes needs no links.
//!
//! Whether the quantiser suits them is measured: some of the rows are looked for, and what a scan finds of their nearest is the
//! one point of the recall curve. Vectors of another kind than the quantiser's get a low one, and are then compared whole.

use crate::build::encode_by;
use crate::draft::{Draft, Measured};
use crate::{CurvePoint, Graph, HnswError, Pages, Scratch, Search, VectorRows, scan};
use precedent_vector::Metric;

/// Rows that are looked for. Each is compared with all, so they are few: 160 neighbours tell 0.99 from 0.97.
const LOOKED_FOR: usize = 16;
/// Rows that they are compared with at most, spread evenly over all.
const COMPARED_WITH: usize = 4_096;
/// Neighbours that the recall is told of.
const DEPTHS: [usize; 2] = [10, 100];

/// The bytes of a graph without links over these rows, in the codes of another one; none where that one is empty. On one
/// thread, because cases that come in are encoded beside searches.
///
/// # Errors
/// Rows of another dimension than the graph's, unreadable rows.
pub fn encode_like<R: VectorRows + Sync, P: Pages>(
    rows: &R,
    metric: Metric,
    like: &Graph<P>,
) -> Result<Option<Vec<u8>>, HnswError> {
    let Some(quantiser) = like.quantiser().filter(|_| !rows.is_empty()) else { return Ok(None) };
    if quantiser.dimension() != rows.dimension() {
        return Err(HnswError::QueryDimension { found: rows.dimension(), expected: quantiser.dimension() });
    }
    crate::build::check_rows(rows)?;
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(HnswError::Threads)?;
    let codes = alone.install(|| encode_by(quantiser, rows))?;
    let draft = Draft::new(like.m(), 0, vec![0; rows.len()]);
    let measured = measure(rows, metric, &draft.encode(&codes, &Measured::default()))?;
    Ok(Some(draft.encode(&codes, &measured)))
}

/// What a scan finds of the nearest of some rows, themselves left out.
fn measure<R: VectorRows>(rows: &R, metric: Metric, bytes: &[u8]) -> Result<Measured, HnswError> {
    let graph = Graph::open(bytes)?;
    let (distance, mut scratch) = (metric.distance_fn(), Scratch::default());
    let all = (0..rows.len() as u32).step_by(rows.len().div_ceil(COMPARED_WITH).max(1));
    let looked_for: Vec<u32> =
        (0..LOOKED_FOR.min(rows.len())).map(|place| (place * rows.len() / LOOKED_FOR) as u32).collect();
    let most = DEPTHS[1] + 1;
    // The nearest by comparing, and how far the estimates of what a scan holds are off.
    let (mut truths, mut errors) = (Vec::new(), Vec::new());
    for &row in &looked_for {
        let query = rows.row(row).map_err(|error| HnswError::row(row, error))?;
        let nearest = scan(rows, distance, query, all.clone(), most, &|| false)?.neighbours;
        truths.push(nearest.iter().map(|found| found.node).filter(|&node| node != row).collect::<Vec<u32>>());
        let mut search = Search::new(&graph, rows, distance, query, &mut scratch, &|| false)?;
        search.scan(all.clone(), most)?;
        errors.extend(search.finish_with_errors(most)?.1);
    }
    let squares = errors.iter().map(|error| error * error).sum::<f64>();
    let deviation = (squares / errors.len().max(1) as f64).sqrt() as f32;
    let mut found = [0.0; DEPTHS.len()];
    for (&row, truth) in looked_for.iter().zip(&truths) {
        let query = rows.row(row).map_err(|error| HnswError::row(row, error))?;
        for (found, depth) in found.iter_mut().zip(DEPTHS) {
            let truth = &truth[..depth.min(truth.len())];
            let mut search = Search::new(&graph, rows, distance, query, &mut scratch, &|| false)?;
            search.set_deviation(deviation);
            search.scan(all.clone(), depth + 1)?;
            let scanned = search.finish(depth + 1, None)?.neighbours;
            let hits = truth.iter().filter(|node| scanned.iter().any(|found| found.node == **node)).count();
            *found += hits as f64 / truth.len().max(1) as f64 / looked_for.len() as f64;
        }
    }
    let [recall_at_10, recall_at_100] = found.map(|found| found as f32);
    Ok(Measured { deviation, curve: vec![CurvePoint { slack: 0.0, recall_at_10, recall_at_100 }] })
}
