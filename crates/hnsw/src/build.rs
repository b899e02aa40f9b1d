//! Builds a graph: encodes the vectors, links the codes, measures what the graph finds, and freezes the result.

use crate::blocks::{self, BlockMaker};
use crate::build_params::{BuildParams, Builder, GraphLayout};
use crate::curve;
use crate::draft::{Codes, Draft};
use crate::flat_lists::FlatLists;
use crate::insert::{InsertScratch, Inserter};
use crate::layout::MAX_NODES;
use crate::layout_cost::{self, BlockCost, ListCost};
use crate::recall::RecallTable;
use crate::relink::Relinker;
use crate::repair::{note, repair};
use crate::rows::{check_rows, row_of};
use crate::stop::Stopped;
use crate::{Audit, Graph, HnswError, VectorRows, reference};
use precedent_vector::{BLOCK_LINKS, CodeQueries, CodeTable, Lines, Metric, Quantiser};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Rows inserted one by one before several threads start: two threads that start on an empty graph would not see each other's
/// rows.
const SERIAL_ROWS: usize = 256;
/// Rows between two progress reports, per thread: less than a second of work.
const ROWS_PER_REPORT: usize = 256;

/// Lines of the second code of a vector. Two lines found as much on 100,000 x 512, and took longer to prepare a query for.
const REST_LINES: usize = 1;

/// The bytes of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltGraph {
    /// Input for [`crate::Graph::open`].
    pub bytes: Vec<u8>,
    /// The result of the audit.
    pub report: Audit,
}

/// Builds a graph over all rows.
///
/// `progress` gets the number of finished rows, from 0 to all of them, and may stop the build. Rows are read in place; in
/// addition, a build needs about 1.5 KB per row with the default parameters, and 4 KB if it may store links in blocks. Equal rows
/// should be merged first, because copies link only to each other.
///
/// # Errors
/// A parameter outside its bounds, too many rows, a row that is unreadable or not finite, [`HnswError::Stopped`] if `progress`
/// breaks.
pub fn build<R: VectorRows + Sync>(
    rows: &R,
    metric: Metric,
    params: &BuildParams,
    progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
) -> Result<BuiltGraph, HnswError> {
    params.check()?;
    if rows.len() > MAX_NODES {
        return Err(HnswError::Parameter {
            field: "the number of rows",
            found: rows.len(),
            min: 0,
            max: MAX_NODES,
        });
    }
    check_rows(rows)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(params.threads)
        .thread_name(|number| format!("hnsw-build-{number}"))
        .build()
        .map_err(HnswError::Threads)?;
    pool.install(|| build_in_pool(rows, metric, params, progress))
}

fn build_in_pool<R: VectorRows + Sync>(
    rows: &R,
    metric: Metric,
    params: &BuildParams,
    progress: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
) -> Result<BuiltGraph, HnswError> {
    let report = |done| if progress(done).is_break() { Err(HnswError::Stopped) } else { Ok(()) };
    report(0)?;
    let m0 = params.m * params.layout.width();
    if rows.is_empty() {
        let bytes = Draft::new(params.m, m0, Vec::new()).encode(&Codes::default(), &RecallTable::default());
        return Ok(BuiltGraph { bytes, report: Audit::default() });
    }
    let looked_for: FxHashSet<u32> = curve::looked_for(rows.len(), rows.dimension()).into_iter().collect();
    let others: Vec<u32> = (0..rows.len() as u32).filter(|row| !looked_for.contains(row)).collect();
    let (quantiser, codes) = encode(rows, metric, &others)?;
    let stopped = || progress(rows.len()).is_break();
    let is_stopped = || if stopped() { Err(HnswError::Stopped) } else { Ok(()) };
    let queries = quantiser.codes_as_queries(&codes.first);
    let table = CodeTable::new(&codes.first, quantiser.shape());
    let draft = match params.builder {
        Builder::Own => {
            let inserter = Inserter::new(params.m, m0, params.ef_construction, table, &queries);
            let all: Vec<u32> = (0..rows.len() as u32).collect();
            insert_all(&inserter, &all, params.threads, &report)?;
            inserter.draft()
        }
        Builder::HnswRs => {
            reference::link(rows, metric, (params.m, params.ef_construction, params.threads), progress)?
        }
    };
    let graph = freeze(&draft, &codes, rows, metric, &stopped)?;
    drop(draft);
    // Measured on the graph as it will be searched: repair takes links from some nodes to give them to others.
    let questions = curve::Questions::new(rows, metric)?;
    is_stopped()?;
    let mut graph =
        match params.builder == Builder::Own && blocks::are_possible(params, rows.len(), rows.dimension()) {
            true => {
                let is_given = params.layout == GraphLayout::Blocks;
                let blocks = Blocking {
                    rows,
                    metric,
                    quantiser: &quantiser,
                    codes: &codes,
                    table,
                    queries: &queries,
                    learnt_from: &others,
                };
                blocks.in_place_of(graph, &questions, is_given, &stopped)?
            }
            false => graph,
        };
    drop((queries, codes));
    is_stopped()?;
    let measured = questions.measure(rows, metric, &graph.bytes)?;
    crate::layout::put_table(&mut graph.bytes, &measured)?;
    is_stopped()?;
    Ok(graph)
}

/// Freezes links into a graph in which every node can be reached, with nothing measured yet.
fn freeze<R: VectorRows>(
    draft: &Draft,
    codes: &Codes,
    rows: &R,
    metric: Metric,
    stopped: &dyn Fn() -> bool,
) -> Result<BuiltGraph, HnswError> {
    let mut bytes = draft.encode(codes, &RecallTable::default());
    let report = repair(&mut bytes, rows, metric.distance_fn(), stopped)?;
    Ok(BuiltGraph { bytes, report })
}

/// What blocks are made from.
struct Blocking<'a, R> {
    rows: &'a R,
    metric: Metric,
    quantiser: &'a Quantiser,
    codes: &'a Codes,
    table: CodeTable<'a>,
    queries: &'a CodeQueries,
    /// The rows that are not used to measure recall.
    learnt_from: &'a [u32],
}

impl<R: VectorRows + Sync> Blocking<'_, R> {
    /// A graph over the same rows with blocks, if these are requested or walks over them are faster; otherwise the one with
    /// lists.
    fn in_place_of(
        &self,
        of_lists: BuiltGraph,
        questions: &curve::Questions,
        is_given: bool,
        stopped: &Stopped<'_>,
    ) -> Result<BuiltGraph, HnswError> {
        let Self { rows, metric, .. } = *self;
        let enough = layout_cost::RECALLS[layout_cost::RECALLS.len() - 1];
        let found = |graph: &BuiltGraph| questions.measure_ten(rows, metric, &graph.bytes, enough);
        let found_by_lists = found(&of_lists)?;
        let lists_cost = ListCost { table: &found_by_lists, lines: self.quantiser.shape().lines };
        if !is_given && !lists_cost.may_be_beaten(rows.dimension()) {
            return Ok(of_lists);
        }
        let of_blocks = self.relinked(&of_lists, stopped)?;
        let found_by_blocks = found(&of_blocks)?;
        let blocks_cost = BlockCost { table: &found_by_blocks, dimension: rows.dimension() };
        Ok(if is_given || blocks_cost.pays(&lists_cost) { of_blocks } else { of_lists })
    }

    /// Chooses the links again, and stores them in blocks.
    fn relinked(&self, of_lists: &BuiltGraph, stopped: &Stopped<'_>) -> Result<BuiltGraph, HnswError> {
        let Self { rows, metric, quantiser, codes, .. } = *self;
        let graph = Graph::open(of_lists.bytes.as_slice())?;
        let relinker = Relinker::new(rows, metric, (self.table, self.queries), BLOCK_LINKS);
        let lists = relinker.relink(&FlatLists::read(&graph)?, stopped)?;
        let BuiltGraph { bytes, report } = freeze(&lists.draft(graph.m()), codes, rows, metric, stopped)?;
        let lists = FlatLists::read(&Graph::open(bytes.as_slice())?)?;
        drop(bytes);
        let maker = BlockMaker::learn(rows, metric, quantiser, &lists, self.learnt_from)?;
        let mut bytes =
            lists.draft(graph.m()).encode(&maker.codes(codes, &lists, stopped)?, &RecallTable::default());
        note(&mut bytes, report);
        Ok(BuiltGraph { bytes, report })
    }
}

/// Inserts rows in the given order, the first ones on a single thread.
fn insert_all(
    inserter: &Inserter<'_>,
    rows: &[u32],
    threads: usize,
    report: &(dyn Fn(usize) -> Result<(), HnswError> + Sync),
) -> Result<(), HnswError> {
    let pool: Mutex<Vec<InsertScratch>> = Mutex::default();
    let insert = |rows: &[u32]| {
        let waiting = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = waiting.unwrap_or_default();
        let inserted = rows.iter().try_for_each(|&row| inserter.insert(row, &mut scratch));
        pool.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        inserted
    };
    let (serial, parallel) = rows.split_at(if threads == 1 { 0 } else { rows.len().min(SERIAL_ROWS) });
    insert(serial)?;
    let mut done = serial.len();
    for batch in parallel.chunks(ROWS_PER_REPORT * threads) {
        if threads == 1 {
            insert(batch)?;
        } else {
            batch.par_chunks(16).try_for_each(insert)?;
        }
        done += batch.len();
        report(done)?;
    }
    Ok(())
}

/// Learns the codes from some of the rows and encodes all. What is measured with the other rows is then also true of later
/// queries: in many dimensions, codes suit the rows best that they were learnt from.
pub(crate) fn encode<R: VectorRows + Sync>(
    rows: &R,
    metric: Metric,
    learnt_from: &[u32],
) -> Result<(Quantiser, Codes), HnswError> {
    let (dimension, count) = (rows.dimension(), learnt_from.len());
    let quantiser =
        Quantiser::learn(metric, dimension, count, REST_LINES, |place| row_of(rows, learnt_from[place]))?;
    let codes = encode_by(&quantiser, rows)?;
    Ok((quantiser, codes))
}

/// Encodes the rows.
pub(crate) fn encode_by<R: VectorRows + Sync>(quantiser: &Quantiser, rows: &R) -> Result<Codes, HnswError> {
    let count = rows.len();
    let (first_bytes, rest_bytes) = (quantiser.shape().bytes(), quantiser.rest_shape().bytes());
    let mut first = Lines::new(count * first_bytes);
    let mut rest = Lines::new(count * rest_bytes);
    let encoder = quantiser.encoder();
    // The quantiser of a graph with blocks makes no rests.
    let rests: Vec<&mut [u8]> = match rest_bytes {
        0 => (0..count).map(|_| &mut [][..]).collect(),
        _ => rest.chunks_mut(rest_bytes).collect(),
    };
    (first.par_chunks_mut(first_bytes).zip(rests).enumerate()).try_for_each_init(
        Vec::new,
        |coordinates, (place, (first, rest))| {
            encoder.encode(row_of(rows, place as u32)?, coordinates, first, rest);
            Ok::<_, HnswError>(())
        },
    )?;
    Ok(Codes { quantiser: quantiser.to_bytes(), first, rest, blocks: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Rows of which one cannot be read after the first pass.
    struct Failing(AtomicUsize);

    impl VectorRows for Failing {
        type Error = crate::RowsError;

        fn len(&self) -> usize {
            50
        }

        fn dimension(&self) -> usize {
            1
        }

        fn row(&self, node: u32) -> Result<&[f32], Self::Error> {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                reads if reads > 170 && node == 7 => Err(crate::RowsError::OutOfRange { row: node, rows: 0 }),
                _ => Ok(&[1.0]),
            }
        }
    }

    #[test]
    fn a_row_that_fails_in_the_middle_ends_the_build_with_its_reason() {
        let rows = Failing(AtomicUsize::new(0));
        let params = BuildParams { threads: 1, builder: Builder::HnswRs, ..BuildParams::default() };
        let error = build(&rows, Metric::L2, &params, &|_| ControlFlow::Continue(())).unwrap_err();
        assert!(matches!(error, HnswError::Row { row: 7, .. }), "{error}");
    }

    #[test]
    fn parameters_are_held_to_their_bounds() {
        let rows = crate::FlatRows::new(&[1.0, 2.0], 1).unwrap();
        let good = BuildParams { threads: 1, ..BuildParams::default() };
        for (params, field) in [
            (BuildParams { m: 1, ..good }, "m is 1"),
            (BuildParams { m: 65, ..good }, "m is 65"),
            (BuildParams { ef_construction: 15, ..good }, "ef_construction is 15"),
            (BuildParams { ef_construction: 1_000_000, ..good }, "ef_construction is 1000000"),
            (BuildParams { threads: 0, ..good }, "threads is 0"),
        ] {
            let error = build(&rows, Metric::L2, &params, &|_| ControlFlow::Continue(())).unwrap_err();
            assert!(error.to_string().starts_with(field), "{error}");
        }
    }
}
