//! Codes without links, for vectors that are too few or too new for their own graph: made with the quantiser of a graph over
//! similar vectors. Learning a quantiser would take longer than it saves here, and a scan of codes needs no links.
//!
//! Whether the quantiser suits them is measured: scans look for the nearest neighbours of some rows, and what they find becomes
//! the recall table. If the vectors differ too much from those of the graph, scans find too little, and the vectors are compared
//! instead.

use crate::build::encode_by;
use crate::curve::{self, Question};
use crate::draft::Draft;
use crate::recall::RecallTable;
use crate::rows::check_rows;
use crate::{Graph, HnswError, Pages, VectorRows};
use precedent_vector::{Metric, sample};

/// Most and fewest rows that are searched for, and the cost limit for finding their nearest neighbours, in multiplications: a
/// tenth of a second of a commit that writes twenty thousand cases.
const MOST_LOOKED_FOR: usize = 100;
const LEAST_LOOKED_FOR: usize = 16;
const PRODUCTS: usize = 1_000_000_000;

/// The bytes of a graph without links over these rows, with the codes of another graph; `None` if that one is empty. Runs on one
/// thread, because new cases are encoded while searches run.
///
/// # Errors
/// Rows of a dimension other than the graph's, unreadable rows.
pub fn encode_like<R: VectorRows + Sync, P: Pages>(
    rows: &R,
    metric: Metric,
    like: &Graph<P>,
) -> Result<Option<Vec<u8>>, HnswError> {
    let Some(quantiser) = like.quantiser().filter(|_| !rows.is_empty()) else { return Ok(None) };
    if quantiser.dimension() != rows.dimension() {
        return Err(HnswError::QueryDimension { found: rows.dimension(), expected: quantiser.dimension() });
    }
    check_rows(rows)?;
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(HnswError::Threads)?;
    let codes = alone.install(|| encode_by(quantiser, rows))?;
    let draft = Draft::new(like.m(), 0, vec![0; rows.len()]);
    let bytes = draft.encode(&codes, &RecallTable::default());
    let measured = alone.install(|| measure(rows, metric, &bytes))?;
    Ok(Some(draft.encode(&codes, &measured)))
}

/// What a scan finds of the nearest neighbours of some rows, leaving out the row itself.
fn measure<R: VectorRows + Sync>(rows: &R, metric: Metric, bytes: &[u8]) -> Result<RecallTable, HnswError> {
    let graph = Graph::open(bytes)?;
    let affordable = PRODUCTS / (rows.len() * rows.dimension()).max(1);
    let looked_for = affordable.clamp(LEAST_LOOKED_FOR, MOST_LOOKED_FOR).min(rows.len());
    let queries: Vec<u32> = sample(looked_for, rows.len()).into_iter().map(|row| row as u32).collect();
    let questions = Question::all(rows, metric, &queries)?;
    let table = curve::errors(&graph, rows, metric, &questions)?;
    let scans = curve::scans(&graph, rows, metric, &questions)?;
    Ok(RecallTable { scans, ..table })
}
