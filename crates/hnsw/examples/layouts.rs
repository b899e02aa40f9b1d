//! Layouts of a graph against each other over vectors in .npy files: one thread, one query a call, vectors measured in 12 bits.
//!
//! ```text
//! cargo run --release -p precedent-hnsw --example layouts -- DIR METRIC SET ROUNDS K LAYOUT[=FILE]...
//! ```
//!
//! DIR is as for the example `recall`; SET is an instruction set or `best`; LAYOUT is fast, lists, blocks or compact, and FILE keeps its
//! graph from one run to the next. Layouts take turns; the time of 50 queries is the least of all rounds.

#[path = "npy/mod.rs"]
mod npy;

use npy::{Outcome, Table, cpu_seconds, read_f32, read_i32};
use precedent_hnsw::{
    BuildParams, FlatRows, Graph, GraphLayout, Measure, Precision, RowQuery, RowsError, Scratch, Search,
    VectorRows, WalkBreadth, build,
};
use precedent_vector::{
    Metric, PackedDistance, instruction_set, limit_instruction_set, pack, packed_bytes, prefetch,
};
use std::io::{Write, stdout};
use std::ops::ControlFlow;

const SLACKS: [f32; 13] = [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.12, 0.15, 0.18, 0.22];
const LOT: usize = 50;

/// Whole vectors, measured in 12 bits as an index does.
struct Rows<'a> {
    whole: FlatRows<'a>,
    packed: Vec<u8>,
    distance: PackedDistance,
    size: usize,
}

impl Rows<'_> {
    fn packed(&self, node: u32) -> Result<&[u8], RowsError> {
        let start = node as usize * self.size;
        self.packed
            .get(start..start + self.size)
            .ok_or(RowsError::OutOfRange { row: node, rows: self.whole.len() })
    }
}

impl VectorRows for Rows<'_> {
    type Error = RowsError;

    fn len(&self) -> usize {
        self.whole.len()
    }

    fn dimension(&self) -> usize {
        self.whole.dimension()
    }

    fn row(&self, node: u32) -> Result<&[f32], RowsError> {
        self.whole.row(node)
    }

    #[inline]
    fn measure(&self, node: u32, query: &RowQuery<'_>) -> Result<Measure, RowsError> {
        let packed = self.packed(node)?;
        let distance = self.distance.measure(query.numbers(), packed);
        Ok(Measure { distance, error: self.distance.error(query.norm(), packed, distance) })
    }

    #[inline]
    fn prefetch(&self, node: u32) -> Result<(), RowsError> {
        prefetch(self.packed(node)?);
        Ok(())
    }
}

/// Bytes that start at a cache line.
struct Aligned {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Aligned {
    fn new(from: &[u8]) -> Self {
        let mut bytes = vec![0; from.len() + 64];
        let start = bytes.as_ptr().align_offset(64);
        bytes[start..start + from.len()].copy_from_slice(from);
        Self { bytes, start, len: from.len() }
    }

    fn get(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.len]
    }
}

/// How a search is asked for.
#[derive(Clone, Copy)]
enum Asked {
    Slack(f32),
    Recall(f32),
}

struct Point {
    asked: Asked,
    recall: f64,
    compared: usize,
    lots: Vec<f64>,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, metric, set, rounds, k, layouts @ ..] = arguments.as_slice() else {
        return Err("DIR METRIC SET ROUNDS K LAYOUT[=FILE]...".into());
    };
    if set != "best" {
        limit_instruction_set(set)?;
    }
    let directory = std::path::Path::new(directory);
    let (base, dimension) = read_f32(&directory.join("base.npy"))?;
    let (queries, _) = read_f32(&directory.join("queries.npy"))?;
    let truth = read_i32(&directory.join("gt.npy"))?;
    let metric = [Metric::Cosine, Metric::Dot, Metric::L2]
        .into_iter()
        .find(|known| known.name() == metric)
        .ok_or("no such metric")?;
    let whole = FlatRows::new(&base, dimension)?;
    let size = packed_bytes(dimension);
    let mut packed = Vec::with_capacity(size * whole.len());
    base.chunks(dimension).for_each(|row| pack(row, &mut packed));
    let rows = Rows { whole, packed, distance: PackedDistance::new(metric), size };
    let mut out = stdout();
    writeln!(out, "{} x {dimension}, {}, {}", rows.len(), metric.name(), instruction_set())?;
    let mut files = Vec::new();
    for layout in layouts {
        files.push(Aligned::new(&bytes_of(layout, &rows, metric, &mut out)?));
    }
    let mut graphs = Vec::new();
    for (file, name) in files.iter().zip(layouts) {
        let graph = Graph::open(file.get())?;
        let asked = SLACKS.map(Asked::Slack).into_iter().chain([0.95, 0.99].map(Asked::Recall));
        let point = |asked| Point { asked, recall: 0.0, compared: 0, lots: Vec::new() };
        writeln!(
            out,
            "{name}: {} bytes a node and {size} of the vector, blocks {}",
            file.len / rows.len(),
            graph.has_blocks()
        )?;
        graphs.push((name, graph, asked.map(point).collect::<Vec<_>>()));
    }
    let (rounds, k): (usize, usize) = (rounds.parse()?, k.parse()?);
    for round in 0..rounds {
        for (_, graph, points) in &mut graphs {
            for point in points {
                measure(graph, &rows, metric, (&queries, &truth), (round, k), point)?;
            }
        }
    }
    let per_query = |point: &Point| point.lots.iter().sum::<f64>() / (point.lots.len() * LOT) as f64;
    for (name, _, points) in &graphs {
        let front: Vec<(f64, f64)> = (points.iter())
            .filter(|point| matches!(point.asked, Asked::Slack(_)))
            .map(|point| (point.recall, per_query(point)))
            .collect();
        let at = |recall| crossing(&front, recall).map_or("-".to_owned(), |micros| format!("{micros:.2}"));
        writeln!(
            out,
            "{name}: us at 0.90 {} 0.95 {} 0.98 {} 0.99 {}",
            at(0.9),
            at(0.95),
            at(0.98),
            at(0.99)
        )?;
        for point in points {
            let asked = match point.asked {
                Asked::Slack(slack) => format!("slack {slack}"),
                Asked::Recall(recall) => format!("recall {recall}"),
            };
            writeln!(
                out,
                "    {asked}: found {:.4}, {:.2} us, {} compared",
                point.recall,
                per_query(point),
                point.compared
            )?;
        }
    }
    Ok(())
}

/// The graph of the file, or one that is built now.
#[expect(clippy::disallowed_methods, reason = "a cache of this measurement, not a file of an index")]
fn bytes_of(layout: &str, rows: &Rows<'_>, metric: Metric, out: &mut impl Write) -> Outcome<Vec<u8>> {
    let (name, file) = layout.split_once('=').unwrap_or((layout, ""));
    if !file.is_empty() && std::path::Path::new(file).exists() {
        return Ok(std::fs::read(file)?);
    }
    let layout = match name.split('-').next().unwrap_or(name) {
        "fast" => GraphLayout::Fast,
        "lists" => GraphLayout::Lists,
        "blocks" => GraphLayout::Blocks,
        "compact" => GraphLayout::Compact,
        _ => return Err(format!("no layout {name}").into()),
    };
    let params = BuildParams { threads: 1, layout, ..BuildParams::default() };
    let cpu = cpu_seconds();
    let built = build(rows, metric, &params, &|_| ControlFlow::Continue(()))?;
    let cpu = cpu_seconds().zip(cpu).map_or(f64::NAN, |(end, start)| end - start);
    writeln!(out, "{name}: built in {cpu:.1} CPU s, {:?}", built.report)?;
    if !file.is_empty() {
        std::fs::write(file, &built.bytes)?;
    }
    Ok(built.bytes)
}

fn measure(
    graph: &Graph<&[u8]>,
    rows: &Rows<'_>,
    metric: Metric,
    (queries, truth): (&[f32], &Table),
    (round, k): (usize, usize),
    point: &mut Point,
) -> Outcome<()> {
    let (slack, wanted) = match point.asked {
        Asked::Slack(slack) => (slack, 0.99),
        Asked::Recall(recall) => match graph.recall().walk(recall, k) {
            Some(plan) => (plan.slack, recall),
            None => return Ok(()),
        },
    };
    let distance = metric.distance_fn();
    let mut scratch = Scratch::default();
    let queries: Vec<&[f32]> = queries.chunks(rows.dimension()).collect();
    let (mut hits, mut compared) = (0, 0);
    for (lot, lot_queries) in queries.chunks_exact(LOT).enumerate() {
        let mut found = Vec::with_capacity(LOT);
        let start = micros();
        for query in lot_queries {
            let mut search = Search::new(graph, rows, distance, query, &mut scratch, &|| false)?;
            search.walk(k, WalkBreadth::Slack(slack), None)?;
            found.push(search.finish(k, wanted, Precision::Order)?);
        }
        let micros = micros() - start;
        if round == 0 {
            point.lots.push(micros);
        } else if let Some(least) = point.lots.get_mut(lot) {
            *least = least.min(micros);
        }
        for (number, found) in found.iter().enumerate() {
            let exact = &truth.values[(lot * LOT + number) * truth.width..][..k];
            hits += found
                .neighbours
                .iter()
                .filter(|neighbour| exact.iter().any(|&id| i64::from(id) == i64::from(neighbour.node)))
                .count();
            compared += found.visited;
        }
    }
    let asked = queries.len() / LOT * LOT;
    point.recall = hits as f64 / (k * asked) as f64;
    point.compared = compared / asked;
    Ok(())
}

/// Microseconds since some moment.
fn micros() -> f64 {
    use std::time::Instant;
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e6
}

/// The least time for a recall, on the way from one point to the next by the logarithm of what is missed.
fn crossing(front: &[(f64, f64)], recall: f64) -> Option<f64> {
    let missed = |recall: f64| (1.0 - recall).max(1e-4).ln();
    front
        .windows(2)
        .filter(|pair| pair[0].0 <= recall && recall <= pair[1].0 && pair[0].0 < pair[1].0)
        .map(|pair| {
            let share = (missed(pair[0].0) - missed(recall)) / (missed(pair[0].0) - missed(pair[1].0));
            pair[0].1 + share * (pair[1].1 - pair[0].1)
        })
        .reduce(f64::min)
}
