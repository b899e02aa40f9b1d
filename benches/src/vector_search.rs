//! Recall and speed of the image channel of an index, one thread, one query per call.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin vector-search -- DIR --queries queries.npy --encoder-id ID
//!     [--ef 16,32,64] [--filter 'f1 = 3']... [--limit 10] [--count 500]
//! ```
//!
//! Recall is against the exact answer of the same index. Every line is the median of `--rounds` passes, interleaved
//! over the settings, so that a busy moment does not fall on one of them alone.

use clap::Parser;
use precedent_engine::{Access, Engine, EngineError, View};
use precedent_query::{Limits, PathChoice, QueryVector, SearchRequest, SearchResponse};
use precedent_sources::NpyMatrix;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Recall and speed of the image channel of an index.
#[derive(Debug, Parser)]
struct Args {
    /// Directory of the index
    dir: PathBuf,
    /// Query embeddings, .npy
    #[arg(long)]
    queries: PathBuf,
    /// Their encoder
    #[arg(long)]
    encoder_id: String,
    /// Widths of the walk
    #[arg(long, value_delimiter = ',', default_value = "16,32,64,100,200,400")]
    ef: Vec<usize>,
    /// Filters to search under
    #[arg(long = "filter")]
    filters: Vec<String>,
    /// Number of hits
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// Number of queries
    #[arg(long, default_value_t = 500)]
    count: usize,
    /// Passes over each setting
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// One way to search, and what it gave.
struct Setting {
    name: String,
    request: SearchRequest,
    exact: Vec<Vec<String>>,
    times: Vec<Duration>,
    latencies: Vec<Duration>,
    recall: f64,
    fewest_hits: usize,
    matches: usize,
    visited: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let engine = Engine::open(&args.dir, Access::Read)?;
    let view = engine.view();
    let queries = queries(&args)?;
    let mut settings = settings(&args, &view, &queries)?;
    for _ in 0..args.rounds {
        for setting in &mut settings {
            setting.pass(&view, &queries, args.limit)?;
        }
    }
    let mut out = std::io::stdout();
    let (cases, segments) = (view.case_count(), engine.stats()?.segments.len());
    writeln!(out, "{cases} cases in {segments} segments, {} queries, k = {}\n", queries.len(), args.limit)?;
    writeln!(
        out,
        "| setting | matches | fewest hits | recall@{} | distances | QPS | p50 us | p99 us |",
        args.limit
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    for setting in &mut settings {
        setting.times.sort_unstable();
        setting.latencies.sort_unstable();
        let middle = setting.times[setting.times.len() / 2].as_secs_f64();
        let at = |share: usize| setting.latencies[setting.latencies.len() * share / 100].as_micros();
        let (p50, p99) = (at(50), at(99));
        writeln!(
            out,
            "| {} | {} | {} | {:.4} | {} | {:.0} | {p50} | {p99} |",
            setting.name,
            setting.matches,
            setting.fewest_hits,
            setting.recall,
            setting.visited,
            queries.len() as f64 / middle,
        )?;
    }
    Ok(())
}

fn queries(args: &Args) -> Result<Vec<QueryVector>, Box<dyn Error>> {
    let mut matrix = NpyMatrix::open(&args.queries)?;
    let mut queries = Vec::new();
    for row in 0..matrix.rows().min(args.count as u64) {
        let mut values = Vec::new();
        matrix.read_row(row, &mut values)?;
        queries.push(QueryVector { values, encoder_id: args.encoder_id.clone() });
    }
    Ok(queries)
}

fn settings(args: &Args, view: &View, queries: &[QueryVector]) -> Result<Vec<Setting>, EngineError> {
    let limits = |path, ef_search| Limits { limit: args.limit, path, ef_search, ..Limits::default() };
    let filters = std::iter::once(None).chain(args.filters.iter().cloned().map(Some));
    let mut settings = Vec::new();
    for filter in filters {
        let request = |limits| SearchRequest { filter: filter.clone(), limits, ..SearchRequest::default() };
        let named = filter.clone().unwrap_or_else(|| "no filter".to_owned());
        let exact =
            Setting::new(format!("{named}, exact"), request(limits(PathChoice::Exact, None)), Vec::new());
        let truth = (queries.iter())
            .map(|query| Ok(names(&exact.ask(view, query)?)))
            .collect::<Result<Vec<_>, EngineError>>()?;
        settings.push(Setting { exact: truth.clone(), ..exact });
        let auto = request(limits(PathChoice::Auto, None));
        settings.push(Setting::new(format!("{named}, auto"), auto, truth.clone()));
        for &ef in &args.ef {
            let graph = request(limits(PathChoice::Graph, Some(ef)));
            settings.push(Setting::new(format!("{named}, graph, ef {ef}"), graph, truth.clone()));
        }
    }
    Ok(settings)
}

impl Setting {
    fn new(name: String, request: SearchRequest, exact: Vec<Vec<String>>) -> Self {
        Self {
            name,
            request,
            exact,
            times: Vec::new(),
            latencies: Vec::new(),
            recall: 0.0,
            fewest_hits: usize::MAX,
            matches: 0,
            visited: 0,
        }
    }

    fn ask(&self, view: &View, query: &QueryVector) -> Result<SearchResponse, EngineError> {
        view.search(&SearchRequest { vectors: vec![query.clone()], ..self.request.clone() }, &|| false)
    }

    fn pass(&mut self, view: &View, queries: &[QueryVector], limit: usize) -> Result<(), EngineError> {
        let (mut whole, mut found, mut wanted, mut visited) = (Duration::ZERO, 0, 0, 0);
        for (query, truth) in queries.iter().zip(&self.exact) {
            let request = SearchRequest { vectors: vec![query.clone()], ..self.request.clone() };
            let start = Instant::now();
            let answer = view.search(&request, &|| false)?;
            let took = start.elapsed();
            whole += took;
            self.latencies.push(took);
            let names = names(&answer);
            found += truth.iter().filter(|name| names.contains(name)).count();
            wanted += truth.len();
            self.fewest_hits = self.fewest_hits.min(names.len());
            self.matches = answer.plan.matches;
            visited += answer.plan.channels.iter().map(|channel| channel.visited).sum::<usize>();
        }
        self.times.push(whole);
        self.recall = found as f64 / wanted.max(1) as f64;
        self.visited = visited / queries.len().max(1);
        assert!(self.fewest_hits >= limit.min(self.matches), "fewer hits than min(k, matches)");
        Ok(())
    }
}

fn names(answer: &SearchResponse) -> Vec<String> {
    answer.hits.iter().map(|hit| hit.case.id.as_str().to_owned()).collect()
}
