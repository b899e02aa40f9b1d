//! Recall and speed of a graph over vectors in .npy files, one thread, one query a call.
//!
//! ```text
//! cargo run --release -p precedent-hnsw --example recall -- --data DIR [--metric cosine|dot|l2] [--m 16]
//!     [--ef-construction 200] [--threads N] [--layout fast|lists|blocks|compact] [--builder own|hnsw_rs] [--graph FILE] [--k 10]
//!     [--rounds 3]
//! ```
//!
//! DIR holds `base.npy` and `queries.npy` (f32, C order), `gt.npy` (i32, the exact neighbours of each query) and, if
//! filters are to be measured, `attrs.npy` (i32, columns of values per row), `fval.npy` (i32, the value each query
//! asks for per column) and `gt_fN.npy` per column. FILE keeps the graph from one run to the next.

#[path = "npy/mod.rs"]
mod npy;

use npy::{Outcome, Table, cpu_seconds, read_f32, read_i32};
use precedent_hnsw::{
    BuildParams, Builder, DEPTHS, Filter, FlatRows, Graph, GraphLayout, Precision, Scratch, Search,
    SearchParams, VectorRows, WalkBreadth, build, search, unreachable_nodes,
};
use precedent_vector::{Metric, instruction_set};
use std::io::{Write, stdout};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

const EFS: [usize; 12] = [10, 16, 24, 32, 48, 64, 96, 128, 160, 200, 300, 400];
const SLACKS: [f32; 10] = [0.0, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.12, 0.15, 0.2];
const FILTER_EFS: [usize; 5] = [10, 20, 40, 80, 160];

fn main() -> Outcome<()> {
    let options = Options::parse()?;
    let mut out = stdout();
    let (base, dimension) = read_f32(&options.data.join("base.npy"))?;
    let (queries, _) = read_f32(&options.data.join("queries.npy"))?;
    let truth = read_i32(&options.data.join("gt.npy"))?;
    let rows = FlatRows::new(&base, dimension)?;
    writeln!(out, "{} x {dimension}, {}, {}", rows.len(), options.metric.name(), instruction_set())?;

    // As in a mapped file, codes lie in whole cache lines.
    let bytes = options.graph(&rows, &mut out)?;
    let mut aligned = vec![0; bytes.len() + 64];
    let start = aligned.as_ptr().align_offset(64);
    let aligned = &mut aligned[start..start + bytes.len()];
    aligned.copy_from_slice(&bytes);
    drop(bytes);
    let graph = Graph::open(&*aligned)?;
    writeln!(out, "unreachable nodes: {}", unreachable_nodes(&graph)?)?;
    let setting = Setting {
        graph: &graph,
        rows: &rows,
        metric: options.metric,
        queries: &queries,
        rounds: options.rounds,
    };
    writeln!(out, "ef, recall@{}, queries/s, mean us, p99 us, distances", options.k)?;
    for ef in EFS.into_iter().filter(|&ef| ef >= options.k) {
        let point = setting.measure(options.k, WalkBreadth::Width(ef), None, &truth)?;
        writeln!(out, "{ef}, {point}")?;
    }
    for slack in SLACKS {
        let point = setting.measure(options.k, WalkBreadth::Slack(slack), None, &truth)?;
        writeln!(out, "slack {slack}, {point}")?;
    }
    writeln!(out, "{:?}", graph.recall())?;
    for recall in [0.9, 0.95, 0.99] {
        if let Some(plan) = graph.recall().walk(recall, options.k) {
            let point = setting.measure(options.k, WalkBreadth::Slack(plan.slack), None, &truth)?;
            writeln!(out, "target {recall}: {plan:?}, {point}")?;
        }
    }
    if options.data.join("attrs.npy").exists() {
        filtered(&options, &setting, &mut out)?;
    }
    Ok(())
}

/// The same under filters on categorical columns, next to a scan of the codes of the rows that match.
fn filtered(options: &Options, setting: &Setting<'_>, out: &mut impl Write) -> Outcome<()> {
    let attributes = read_i32(&options.data.join("attrs.npy"))?;
    let wanted = read_i32(&options.data.join("fval.npy"))?;
    for column in 0..attributes.width {
        let truth = read_i32(&options.data.join(format!("gt_f{column}.npy")))?;
        let value = |row: usize| attributes.values[row * attributes.width + column];
        let wants = |query: usize| wanted.values[query * wanted.width + column];
        let filter = Column { value: &value, wants: &wants };
        let setting =
            Setting { queries: &setting.queries[..setting.queries.len() / 5], rounds: 1, ..*setting };
        let point = setting.scan(&filter, &truth)?;
        writeln!(out, "filter {column}, scan: {point}")?;
        for ef in FILTER_EFS {
            let point = setting.measure(10, WalkBreadth::Width(ef), Some(&filter), &truth)?;
            writeln!(out, "filter {column}, ef {ef}: {point}")?;
        }
    }
    Ok(())
}

struct Column<'a> {
    value: &'a dyn Fn(usize) -> i32,
    wants: &'a dyn Fn(usize) -> i32,
}

#[derive(Clone, Copy)]
struct Setting<'a> {
    graph: &'a Graph<&'a [u8]>,
    rows: &'a FlatRows<'a>,
    metric: Metric,
    queries: &'a [f32],
    rounds: usize,
}

impl Setting<'_> {
    fn measure(
        &self,
        k: usize,
        breadth: WalkBreadth,
        filter: Option<&Column<'_>>,
        truth: &Table,
    ) -> Outcome<String> {
        let (distance, params) = (self.metric.distance_fn(), SearchParams { k, breadth });
        let mut scratch = Scratch::default();
        self.run(k, truth, |number, query| {
            let value = filter.map_or(0, |filter| (filter.wants)(number));
            let matches = |node: u32| filter.is_none_or(|filter| (filter.value)(node as usize) == value);
            let accepted = (0..self.rows.len() as u32).step_by(16).filter(|&node| matches(node)).count();
            let share = 16.0 * accepted as f32 / self.rows.len() as f32;
            let filter = Filter { accept: &matches, share, most_compared: usize::MAX };
            let filter = (share < 1.0).then_some(filter);
            Ok(search(self.graph, self.rows, distance, query, &params, filter, &mut scratch, &|| false)?)
        })
    }

    fn scan(&self, filter: &Column<'_>, truth: &Table) -> Outcome<String> {
        let distance = self.metric.distance_fn();
        let mut scratch = Scratch::default();
        let lists: std::collections::HashMap<i32, Vec<u32>> = (0..self.rows.len() as u32).fold(
            std::collections::HashMap::new(),
            |mut lists: std::collections::HashMap<_, Vec<u32>>, node| {
                lists.entry((filter.value)(node as usize)).or_default().push(node);
                lists
            },
        );
        self.run(10, truth, |number, query| {
            let nodes = lists.get(&(filter.wants)(number)).map_or(&[][..], Vec::as_slice);
            let mut search = Search::new(self.graph, self.rows, distance, query, &mut scratch, &|| false)?;
            search.scan(nodes.iter().copied(), 4 * DEPTHS[0])?;
            Ok(search.finish(10, 0.99, Precision::Whole)?)
        })
    }

    /// Recall, queries per second of the best round, mean and 99th percentile of the times of a query, distances.
    fn run(
        &self,
        k: usize,
        truth: &Table,
        mut answer: impl FnMut(usize, &[f32]) -> Outcome<precedent_hnsw::Found>,
    ) -> Outcome<String> {
        let queries: Vec<&[f32]> = self.queries.chunks(self.rows.dimension()).collect();
        let (mut best, mut micros) = (f64::MAX, Vec::new());
        let (mut hits, mut possible, mut visited) = (0, 0, 0);
        for round in 0..self.rounds {
            let start = Instant::now();
            for (number, query) in queries.iter().enumerate() {
                let asked = Instant::now();
                let found = answer(number, query)?;
                micros.push(asked.elapsed().as_secs_f64() * 1e6);
                if round == 0 {
                    let exact = &truth.values[number * truth.width..][..k];
                    let is_hit =
                        |id: &&i32| found.neighbours.iter().any(|n| i64::from(n.node) == i64::from(**id));
                    hits += exact.iter().filter(is_hit).count();
                    possible += exact.iter().filter(|&&id| id >= 0).count();
                    visited += found.visited;
                }
            }
            best = best.min(start.elapsed().as_secs_f64());
        }
        micros.sort_unstable_by(f64::total_cmp);
        Ok(format!(
            "{:.4}, {:.0}, {:.0}, {:.0}, {}",
            hits as f64 / possible as f64,
            queries.len() as f64 / best,
            micros.iter().sum::<f64>() / micros.len() as f64,
            micros.get(micros.len() * 99 / 100).copied().unwrap_or(0.0),
            visited / queries.len(),
        ))
    }
}

struct Options {
    data: PathBuf,
    graph: Option<PathBuf>,
    metric: Metric,
    build: BuildParams,
    k: usize,
    rounds: usize,
}

impl Options {
    fn parse() -> Outcome<Self> {
        let mut options = Self {
            data: PathBuf::from("."),
            graph: None,
            metric: Metric::Cosine,
            build: BuildParams::default(),
            k: 10,
            rounds: 3,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(flag) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{flag} needs a value"))?;
            match flag.as_str() {
                "--data" => options.data = value.into(),
                "--graph" => options.graph = Some(value.into()),
                "--metric" => {
                    let metrics = [Metric::Cosine, Metric::Dot, Metric::L2];
                    let named = metrics.into_iter().find(|metric| metric.name() == value);
                    options.metric = named.ok_or_else(|| format!("no metric {value}"))?;
                }
                "--m" => options.build.m = value.parse()?,
                "--ef-construction" => options.build.ef_construction = value.parse()?,
                "--threads" => options.build.threads = value.parse()?,
                "--layout" => {
                    options.build.layout = match value.as_str() {
                        "fast" => GraphLayout::Fast,
                        "lists" => GraphLayout::Lists,
                        "blocks" => GraphLayout::Blocks,
                        "compact" => GraphLayout::Compact,
                        _ => return Err(format!("no layout {value}").into()),
                    }
                }
                "--builder" => {
                    options.build.builder = match value.as_str() {
                        "own" => Builder::Own,
                        "hnsw_rs" => Builder::HnswRs,
                        _ => return Err(format!("no builder {value}").into()),
                    }
                }
                "--k" => options.k = value.parse()?,
                "--rounds" => options.rounds = value.parse()?,
                _ => return Err(format!("no flag {flag}").into()),
            }
        }
        Ok(options)
    }

    /// The graph of the file, or one that is built now.
    #[expect(clippy::disallowed_methods, reason = "a cache of this measurement, not a file of an index")]
    fn graph(&self, rows: &FlatRows<'_>, out: &mut impl Write) -> Outcome<Vec<u8>> {
        if let Some(file) = self.graph.as_deref().filter(|file| file.exists()) {
            return Ok(std::fs::read(file)?);
        }
        let (start, cpu) = (Instant::now(), cpu_seconds());
        let built = build(rows, self.metric, &self.build, &|_| ControlFlow::Continue(()))?;
        let cpu = cpu_seconds().zip(cpu).map_or(f64::NAN, |(end, start)| end - start);
        let wall = start.elapsed().as_secs_f64();
        writeln!(
            out,
            "built with {:?} in {wall:.1} s, {cpu:.1} CPU s, {} bytes, {:?}",
            self.build,
            built.bytes.len(),
            built.report
        )?;
        if let Some(file) = &self.graph {
            std::fs::write(file, &built.bytes)?;
        }
        Ok(built.bytes)
    }
}
