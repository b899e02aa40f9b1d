//! How fast reports are read, and what share of ingest that is.
//!
//! ```text
//! taskset -c 1 cargo run --release -p precedent-benches --bin report-speed -- [--data DIR] [--rounds 7]
//! ```
//!
//! One thread reads all Open-i reports from memory, over and over; the median round counts. Beside it stands a bulk
//! ingest of the same reports, commit included, into an index on the temporary folder's disk.

use clap::Parser;
use precedent_engine::{Access, Definition, Engine, NewCase};
use precedent_model::{Case, FieldSchema, Report};
use precedent_report::{Lexicon, ReportReader};
use precedent_sources::{ColumnMap, Manifest};
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Cases that become durable together, as in `precedent ingest`.
const BATCH: usize = 1000;
/// A round reads the reports this often, so that it lasts long enough to time.
const PASSES: u32 = 5;

/// How fast reports are read, and what share of ingest that is.
#[derive(Debug, Parser)]
struct Args {
    /// Folder with openi/
    #[arg(long, env = "PRECEDENT_DATA", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"))]
    data: PathBuf,
    /// Rounds of which the median counts
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let cases = cases(&args.data)?;
    let reports: Vec<&Report> = cases.iter().filter_map(|case| case.report.as_ref()).collect();
    let bytes: usize =
        reports.iter().flat_map(|report| report.sections()).map(|section| section.text.len()).sum();
    let compiled = Instant::now();
    let reader = ReportReader::new(Lexicon::bundled());
    let compiled = compiled.elapsed();

    let mut sentences = 0;
    let mut reading = Vec::new();
    let mut ingesting = Vec::new();
    for _ in 0..args.rounds.max(1) {
        let start = Instant::now();
        for _ in 0..PASSES {
            sentences = reports.iter().map(|report| black_box(reader.read(report)).sentences.len()).sum();
        }
        reading.push(start.elapsed() / PASSES);
        ingesting.push(ingest(&cases)?);
    }
    let (read, ingest) = (median(reading).as_secs_f64(), median(ingesting).as_secs_f64());

    let count = reports.len() as f64;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{} reports, {bytes} bytes, {sentences} sentences; median of {} rounds\n",
        reports.len(),
        args.rounds
    )?;
    writeln!(out, "| step | seconds | reports/s | MB/s | us per report |\n|---|---|---|---|---|")?;
    for (step, seconds) in [("read, one thread", read), ("bulk ingest with commit", ingest)] {
        let (rate, speed) = (count / seconds, bytes as f64 / seconds / 1e6);
        writeln!(out, "| {step} | {seconds:.4} | {rate:.0} | {speed:.1} | {:.1} |", 1e6 / rate)?;
    }
    writeln!(
        out,
        "\nreading is {:.1} % of ingest; the lexicon compiles in {compiled:.1?}",
        100.0 * read / ingest
    )?;
    Ok(())
}

/// The cases with a report as `precedent ingest` takes them, without tags.
fn cases(data: &Path) -> Result<Vec<Case>, Box<dyn Error>> {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("../index/maps/openi.toml");
    let path = data.join("openi/reports.jsonl");
    let rows = Manifest::open(&path, &ColumnMap::open(map)?.for_reports(), &FieldSchema::default())?;
    let cases: Result<Vec<Case>, Box<dyn Error>> =
        rows.map(|row| Ok(row?.outcome.map_err(|rejection| rejection.to_string())?)).collect();
    Ok(cases?.into_iter().filter(|case| case.report.is_some()).collect())
}

/// Takes the cases in anew; the time from the first batch to the commit's end.
fn ingest(cases: &[Case]) -> Result<Duration, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    Engine::create(folder.path(), &Definition::chest_xray()?)?;
    let engine = Engine::open(folder.path(), Access::Bulk)?;
    let whole: Vec<NewCase> = cases.iter().map(|case| NewCase::new(case.clone())).collect();
    let start = Instant::now();
    for batch in whole.chunks(BATCH) {
        for outcome in engine.ingest(batch.to_vec())? {
            outcome.map_err(|violations| format!("a case was refused: {violations:?}"))?;
        }
    }
    engine.commit()?;
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
