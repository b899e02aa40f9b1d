//! Whether searches find the share of the nearest that `target_recall` promises, over many kinds of data.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin recall-promise -- [--short] [--kind NAME]... [--situation NAME]...
//!     [--rows N] [--queries N] [--seed N] [--patches DIR] [--write docs/figures/recall.md]
//! ```
//!
//! Each kind of data becomes indexes as they are met: merged, fresh, with dead cases and under filters. Queries that no index has
//! seen are asked for every target and number of neighbours; what they find is held against the nearest by distances in f64, which
//! this program computes itself. It fails where a promise is broken by more than chance explains; the short run, too, where
//! a figure falls short of `tests/floors.toml`.

mod account;
mod files;
mod kinds;
mod situations;
mod truth;

use account::{Outcome, ask};
use clap::Parser;
use files::REAL;
use kinds::{DIMENSION, KINDS, OTHER_DIMENSIONS, Vectors};
use precedent_benches::figures::mean;
use precedent_benches::floors::Floors;
use precedent_benches::machine::Machine;
use precedent_benches::output::Output;
use precedent_benches::table::{Chapter, Table};
use precedent_vector::Metric;
use serde_json::{Value, json};
use situations::{Index, SITUATIONS, Scene, Situation};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use truth::Distances;

/// Numbers of all rows at most: fewer rows in high dimensions.
const NUMBERS: usize = 8_000_000;
const ROWS: usize = 20_000;
const QUERIES: usize = 200;
/// Of the short run.
const SHORT_ROWS: usize = 4_000;
const SHORT_QUERIES: usize = 100;
/// Neighbours that the table tells the time for.
const TIMED: usize = 10;

/// Whether searches keep the promise of target_recall.
#[derive(Debug, Parser)]
struct Args {
    /// The main kinds and situations with few rows
    #[arg(long)]
    short: bool,
    /// Kinds of data; all without it
    #[arg(long = "kind", value_name = "NAME")]
    kinds: Vec<String>,
    /// Situations; all without it
    #[arg(long = "situation", value_name = "NAME")]
    situations: Vec<String>,
    /// Dimensions; all without it
    #[arg(long = "dimension", value_name = "N")]
    dimensions: Vec<usize>,
    /// Rows of an index at most [default: 20000, or 4000 with --short]
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Queries of each kind at most [default: 200, or 100 with --short]
    #[arg(long, value_name = "N")]
    queries: Option<usize>,
    /// Which vectors are drawn
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder of vectors/
    #[arg(long, env = "PRECEDENT_DATA", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"))]
    data: PathBuf,
    /// Folder that patch-vectors wrote
    #[arg(long, value_name = "DIR")]
    patches: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Makes the vectors of a kind; none where its data are not there.
type MakeVectors<'a> = Box<dyn Fn() -> Result<Option<Vectors>, Box<dyn Error>> + 'a>;

/// Vectors that are still to be drawn or read.
struct Source<'a> {
    name: &'a str,
    metric: Metric,
    /// Situations up to this rank.
    rank: usize,
    vectors: MakeVectors<'a>,
}

/// What one kind of data gave in one situation.
struct Record {
    kind: String,
    metric: Metric,
    dimension: usize,
    rows: usize,
    situation: &'static str,
    outcomes: Vec<Outcome>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::parse();
    let machine = Machine::now();
    let started = Instant::now();
    let mut records = Vec::new();
    for source in sources(&args)? {
        let Some(vectors) = (source.vectors)()? else {
            writeln!(std::io::stderr(), "{}: the data are not there", source.name)?;
            continue;
        };
        records.extend(hold_to_account(&args, &source, &vectors)?);
    }
    let chapters = chapters(&records, started.elapsed().as_secs_f64());
    let figures: Vec<Value> = records.iter().map(Record::json).collect();
    args.output.emit("recall-promise", &machine, &chapters, json!(figures))?;
    let broken = records.iter().flat_map(Record::faults).count();
    if args.is_that_of_the_floors() {
        hold_to_floors(&records, broken)?;
    }
    match (records.len(), broken) {
        (0, _) => Err("there is no such kind, dimension or situation".into()),
        (_, 0) => Ok(ExitCode::SUCCESS),
        (_, broken) => {
            writeln!(std::io::stderr(), "{broken} promises are broken")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

impl Args {
    /// Whether the run is whole and short, as that of which `tests/floors.toml` has the figures.
    fn is_that_of_the_floors(&self) -> bool {
        self.short
            && self.kinds.is_empty()
            && self.situations.is_empty()
            && self.dimensions.is_empty()
            && self.rows.is_none()
            && self.queries.is_none()
    }
}

/// Fails where a figure of all records falls short.
fn hold_to_floors(records: &[Record], broken: usize) -> Result<(), String> {
    let rows = || records.iter().flat_map(|record| &record.outcomes).flat_map(|outcome| &outcome.rows);
    let mut floors = Floors::of("recall-promise")?;
    floors.check("promises", rows().count() as f64);
    floors.check("broken", broken as f64);
    floors.check("mean_recall", mean(rows().map(|row| row.recall)));
    floors.check("nearest_first", mean(rows().map(|row| row.first)));
    floors.close()
}

fn sources(args: &Args) -> Result<Vec<Source<'_>>, Box<dyn Error>> {
    let rows = args.rows.unwrap_or(if args.short { SHORT_ROWS } else { ROWS });
    let queries = args.queries.unwrap_or(if args.short { SHORT_QUERIES } else { QUERIES });
    let rank = if args.short { 1 } else { 2 };
    let is_named = |name: &str| args.kinds.is_empty() || args.kinds.iter().any(|kind| kind == name);
    let is_wanted = |dimension: usize| match args.dimensions.as_slice() {
        [] => dimension == DIMENSION || !args.short,
        wanted => wanted.contains(&dimension),
    };
    let mut sources = Vec::new();
    for kind in &KINDS {
        let is_chosen = is_named(kind.name) && (!args.short || kind.in_short || !args.kinds.is_empty());
        let others = OTHER_DIMENSIONS.iter().filter(|_| kind.all_dimensions);
        for &dimension in others.chain([&DIMENSION]).filter(|dimension| is_chosen && is_wanted(**dimension)) {
            let count = rows.min(NUMBERS / dimension);
            sources.push(Source {
                name: kind.name,
                metric: kind.metric,
                rank: if dimension == DIMENSION { rank } else { 0 },
                vectors: Box::new(move || Ok(Some(kind.vectors(dimension, (count, queries), args.seed)))),
            });
        }
    }
    let is_real = |name: &str| is_named(name) && args.dimensions.is_empty();
    for (name, metric) in REAL {
        if is_real(name) && (!args.short || !args.kinds.is_empty()) {
            let vectors = Box::new(move || files::real(&args.data, name, (rows, queries)));
            sources.push(Source { name, metric, rank, vectors });
        }
    }
    if let Some(folder) = args.patches.as_ref().filter(|_| is_real("patches")) {
        let vectors = Box::new(move || files::patches(folder, (rows, queries)).map(Some));
        sources.push(Source { name: "patches", metric: Metric::Cosine, rank, vectors });
    }
    Ok(sources)
}

/// Asks all that is to be asked of some vectors.
fn hold_to_account(
    args: &Args,
    source: &Source<'_>,
    vectors: &Vectors,
) -> Result<Vec<Record>, Box<dyn Error>> {
    let distances = Distances::of(vectors, source.metric);
    let is_named = |situation: &&Situation| match args.situations.as_slice() {
        [] => situation.rank <= source.rank,
        named => named.iter().any(|name| name == situation.name),
    };
    let folder = tempfile::tempdir()?;
    let threads = std::thread::available_parallelism()?.get();
    let mut built: Option<(situations::Shape, Index)> = None;
    let mut records = Vec::new();
    for situation in SITUATIONS.iter().filter(is_named) {
        let started = Instant::now();
        let mut index = match built.take() {
            Some((shape, index)) if shape == situation.shape => index,
            _ => {
                let folder = folder.path().join(records.len().to_string());
                Index::build(vectors, source.metric, situation.shape, &folder, threads)?
            }
        };
        index.bury(situation.dead)?;
        let build_s = started.elapsed().as_secs_f64();
        let scene = Scene { vectors, distances: &distances, index: &index, situation };
        let outcomes = ask(&scene).map_err(|problem| -> Box<dyn Error> { problem })?;
        let record = Record {
            kind: source.name.to_owned(),
            metric: source.metric,
            dimension: vectors.dimension,
            rows: vectors.row_count(),
            situation: situation.name,
            outcomes,
        };
        let took = started.elapsed().as_secs_f64() - build_s;
        writeln!(std::io::stderr(), "{}: built {build_s:.1} s, asked {took:.1} s", record.name())?;
        for fault in record.faults() {
            writeln!(std::io::stderr(), "    {fault}")?;
        }
        records.push(record);
        built = Some((situation.shape, index));
    }
    Ok(records)
}

impl Record {
    fn name(&self) -> String {
        format!("{}, {} x {}, {}", self.kind, self.rows, self.dimension, self.situation)
    }

    /// A line for each broken promise.
    fn faults(&self) -> Vec<String> {
        let rows = self.outcomes.iter().flat_map(|outcome| &outcome.rows);
        let faulty = rows.filter(|row| !row.faults().is_empty());
        let line = |row: &account::Row| {
            format!(
                "{}: {} at target {} and k = {}: {:.4} ± {:.4} found, compared, scanned, walked, filtered {:?}",
                self.name(),
                row.faults().join(" and "),
                row.target,
                row.k,
                row.recall,
                row.error,
                row.paths
            )
        };
        faulty.map(line).collect()
    }

    /// How many promises are broken, and the worst of them.
    fn summary(&self) -> Option<String> {
        let rows = self.outcomes.iter().flat_map(|outcome| &outcome.rows);
        let faulty: Vec<&account::Row> = rows.filter(|row| !row.faults().is_empty()).collect();
        let worst = faulty.iter().min_by(|a, b| a.margin().total_cmp(&b.margin()))?;
        Some(format!(
            "- {}: {} broken; at target {} and k = {} {:.4} is found.",
            self.name(),
            faulty.len(),
            worst.target,
            worst.k,
            worst.recall
        ))
    }

    fn json(&self) -> Value {
        let outcome = |outcome: &Outcome| {
            let rows: Vec<Value> = outcome.rows.iter().map(account::Row::json).collect();
            json!({ "target": outcome.target, "first_differs": outcome.first_differs, "rows": rows })
        };
        json!({
            "kind": self.kind,
            "metric": self.metric.name(),
            "dimension": self.dimension,
            "rows": self.rows,
            "situation": self.situation,
            "outcomes": self.outcomes.iter().map(outcome).collect::<Vec<_>>(),
        })
    }
}

fn chapters(records: &[Record], seconds: f64) -> Vec<Chapter> {
    let mut table = Table::new(&[
        "kind",
        "metric",
        "rows",
        "situation",
        "target",
        "mean recall",
        "least",
        "at k",
        "nearest first",
        "first differs",
        "compared",
        "scanned",
        "walked",
        "us at k = 10",
        "broken",
    ]);
    for record in records {
        for outcome in &record.outcomes {
            let paths = outcome.paths();
            let all = paths.iter().sum::<usize>().max(1) as f64;
            let share = |count: usize| format!("{:.0} %", 100.0 * count as f64 / all);
            let least = outcome.worst();
            let broken = outcome.rows.iter().filter(|row| !row.faults().is_empty()).count();
            table.row(vec![
                record.kind.clone(),
                record.metric.name().to_owned(),
                format!("{} x {}", record.rows, record.dimension),
                record.situation.to_owned(),
                outcome.target.to_string(),
                format!("{:.4}", mean(outcome.rows.iter().map(|row| row.recall))),
                least.map_or_else(String::new, |row| format!("{:.4}", row.recall)),
                least.map_or_else(String::new, |row| row.k.to_string()),
                format!("{:.3}", mean(outcome.rows.iter().map(|row| row.first))),
                outcome.first_differs.to_string(),
                share(paths[0]),
                share(paths[1]),
                share(paths[2] + paths[3]),
                outcome.at(TIMED).map_or_else(String::new, |row| format!("{:.0}", row.micros)),
                if broken == 0 { String::new() } else { broken.to_string() },
            ]);
        }
    }
    let broken: usize = records.iter().map(|record| record.faults().len()).sum();
    let told: usize =
        records.iter().flat_map(|record| &record.outcomes).map(|outcome| outcome.rows.len()).sum();
    let mut notes = vec![format!(
        "{told} promises in {} situations, {} of them broken; {seconds:.0} s.",
        records.len(),
        broken
    )];
    notes.extend(records.iter().filter_map(Record::summary));
    vec![Chapter { title: "What was promised and what was found".to_owned(), notes, tables: vec![table] }]
}
