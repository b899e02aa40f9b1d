//! What a search of words costs beside plain tantivy: the same reports, the same queries, one run.
//!
//! ```text
//! taskset -c 1 cargo run --release -p precedent-benches --bin text-search -- REPORTS.jsonl [--copies 1] [--segments 1]
//! ```
//!
//! A line of the file is an object with a `text`, or with sections by their names. A query is 2 to 5 different words of one
//! report, any of which may match. All programs answer all queries in turn, round by round, on one thread, from the text
//! to the ten hits: plain tantivy parses and searches; ours reads the query as the engine does, parses and searches. The
//! processor time of the median round counts.
//!
//! Agreement is the share of hits that have a place among the ten best by the scores of every match: for ours by the scores
//! that it gives all of them, for plain tantivy by the scores of `text:word`, BM25 over the same words with exact lengths.

use clap::Parser;
use precedent_benches::reports::{plain_text, queries};
use precedent_lexical::{
    LexicalSegment, LexicalSnapshot, LexicalWriter, OwnedBytes, PlainTantivy, PlainWords, TextQuery, Top,
};
use precedent_model::{Reading, Report, SectionKind};
use precedent_report::{Lexicon, ReportReader};
use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Hits asked for.
const HITS: usize = 10;
/// Queries by which agreement is told.
const JUDGED: usize = 200;
/// What a search of words costs beside plain tantivy.
#[derive(Debug, Parser)]
struct Args {
    /// Reports, a JSON object per line
    reports: PathBuf,
    /// How often each report is indexed
    #[arg(long, default_value_t = 1)]
    copies: usize,
    /// Segments of ours; plain tantivy has one
    #[arg(long, default_value_t = 1)]
    segments: usize,
    /// Queries in a round
    #[arg(long, default_value_t = 1000)]
    queries: usize,
    /// Rounds of which the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only ours, for a profile
    #[arg(long)]
    ours_only: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let mut out = std::io::stdout();
    let reader = ReportReader::new(Lexicon::bundled());
    let reports = reports(&args.reports, &reader)?;
    let texts: Vec<String> = reports.iter().map(|(report, _)| plain_text(report)).collect();
    let count = reports.len() * args.copies.max(1);
    let queries = queries(&texts, args.queries);

    let started = Instant::now();
    let snapshot = snapshot(reports.iter().cycle().take(count), count.div_ceil(args.segments.max(1)))?;
    writeln!(out, "{count} reports, {} queries; ours indexed in {:.1?}", queries.len(), started.elapsed())?;
    let mut programs = Vec::new();
    for (name, words) in [
        ("plain tantivy, its own words", PlainWords::Default),
        ("plain tantivy, our words", PlainWords::Ours),
    ] {
        if args.ours_only {
            continue;
        }
        let started = Instant::now();
        let plain = PlainTantivy::build(texts.iter().cycle().take(count).map(String::as_str), words)?;
        writeln!(out, "{name}: indexed in {:.1?}", started.elapsed())?;
        programs.push(Program { name, ask: Ask::Plain(plain), rounds: Vec::new() });
    }
    for (name, asserted) in [("ours, assertion fields", true), ("ours, `text:` only", false)] {
        let ask = Ask::Ours { snapshot: &snapshot, reader: &reader, asserted };
        programs.push(Program { name, ask, rounds: Vec::new() });
    }
    for _ in 0..args.rounds.max(1) {
        for program in &mut programs {
            program.round(&queries)?;
        }
    }

    writeln!(out, "\n| program | CPU us per query | QPS | p50 us | p99 us | scored | agreement |")?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    let judged = &queries[..queries.len().min(JUDGED)];
    for program in &mut programs {
        let agreement = agreement(&program.ask, judged, &snapshot, &reader)?;
        program.rounds.sort_by_key(|round| round.cpu);
        let round = &program.rounds[program.rounds.len() / 2];
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let each = us(round.cpu) / queries.len() as f64;
        let (p50, p99) = (us(round.times[queries.len() / 2]), us(round.times[queries.len() * 99 / 100]));
        let scored = round.scored.map_or("-".to_owned(), |scored| (scored / queries.len()).to_string());
        writeln!(
            out,
            "| {} | {each:.0} | {:.0} | {p50:.0} | {p99:.0} | {scored} | {agreement:.4} |",
            program.name,
            1e6 / each
        )?;
    }
    Ok(())
}

struct Program<'a> {
    name: &'static str,
    ask: Ask<'a>,
    rounds: Vec<Round>,
}

struct Round {
    cpu: Duration,
    /// Of the single queries, by the wall clock, ascending.
    times: Vec<Duration>,
    /// Documents scored, where that is known.
    scored: Option<usize>,
}

impl Program<'_> {
    fn round(&mut self, queries: &[String]) -> Result<(), Box<dyn Error>> {
        for query in queries.iter().take(20) {
            self.ask.top(query, HITS)?;
        }
        let mut times = Vec::with_capacity(queries.len());
        let mut scored = 0;
        let started = cpu_time()?;
        for query in queries {
            let started = Instant::now();
            scored += self.ask.top(query, HITS)?.1;
            times.push(started.elapsed());
        }
        let cpu = cpu_time()?.saturating_sub(started);
        times.sort_unstable();
        let scored = matches!(self.ask, Ask::Ours { .. }).then_some(scored);
        self.rounds.push(Round { cpu, times, scored });
        Ok(())
    }
}

enum Ask<'a> {
    Plain(PlainTantivy),
    Ours { snapshot: &'a Snapshot, reader: &'a ReportReader, asserted: bool },
}

/// A document by its number, with its score.
type Hit = (u64, f32);

impl Ask<'_> {
    /// Hits, and how many documents were scored for them.
    fn top(&self, text: &str, k: usize) -> Result<(Vec<Hit>, usize), Box<dyn Error>> {
        match self {
            Self::Plain(plain) => {
                let hits = plain.top(text, k)?;
                Ok((hits.into_iter().map(|(ordinal, score)| (ordinal.into(), score)).collect(), 0))
            }
            Self::Ours { snapshot, reader, asserted: true } => ours(snapshot, reader, text, k),
            Self::Ours { snapshot, reader, asserted: false } => ours(snapshot, reader, &verbatim(text), k),
        }
    }
}

/// As the engine does it.
fn ours(
    snapshot: &Snapshot,
    reader: &ReportReader,
    text: &str,
    k: usize,
) -> Result<(Vec<Hit>, usize), Box<dyn Error>> {
    let query = TextQuery::parse(text, &precedent_engine::understand(reader, text))?;
    let number =
        |segment: usize, ordinal: u32| (segment * snapshot.segment_reports) as u64 + u64::from(ordinal);
    let Top { hits, scored, .. } = snapshot.whole.top(&query, k, &|_, _| u64::MAX, &number, &|| false)?;
    Ok((hits.into_iter().map(|hit| (number(hit.segment, hit.ordinal), hit.score)).collect(), scored))
}

/// The words as they stand in the text, whatever is said of them.
fn verbatim(text: &str) -> String {
    text.split(' ').map(|word| format!("text:{word}")).collect::<Vec<_>>().join(" ")
}

/// The share of hits whose exact score is among the ten best.
fn agreement(
    ask: &Ask<'_>,
    queries: &[String],
    snapshot: &Snapshot,
    reader: &ReportReader,
) -> Result<f64, Box<dyn Error>> {
    let (mut agreed, mut all) = (0, 0);
    for query in queries {
        let exact = match ask {
            Ask::Ours { asserted: true, .. } => ours(snapshot, reader, query, usize::MAX)?.0,
            _ => ours(snapshot, reader, &verbatim(query), usize::MAX)?.0,
        };
        let last = exact.iter().take(HITS).next_back().map_or(0.0, |(_, score)| *score);
        let scores: HashMap<u64, f32> = exact.into_iter().collect();
        let hits = ask.top(query, HITS)?.0;
        agreed +=
            hits.iter().filter(|(place, _)| scores.get(place).is_some_and(|score| *score >= last)).count();
        all += scores.len().min(HITS);
    }
    Ok(agreed as f64 / all.max(1) as f64)
}

fn reports(path: &Path, reader: &ReportReader) -> Result<Vec<(Report, Reading)>, Box<dyn Error>> {
    let mut reports = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let text = |name: &str| row.get(name).and_then(|text| text.as_str()).unwrap_or("").to_owned();
        let sections = SectionKind::ALL.map(|kind| (kind, text(kind.name())));
        let whole = (SectionKind::Body, text("text"));
        if let Ok(report) = Report::new(sections.into_iter().chain([whole])) {
            let reading = reader.read(&report);
            reports.push((report, reading));
        }
    }
    Ok(reports)
}

/// Ours, with as many reports in each segment but the last.
struct Snapshot {
    whole: LexicalSnapshot,
    segment_reports: usize,
}

fn snapshot<'a>(
    reports: impl Iterator<Item = &'a (Report, Reading)>,
    segment_reports: usize,
) -> Result<Snapshot, Box<dyn Error>> {
    let mut segments = Vec::new();
    let mut reports = reports.peekable();
    while reports.peek().is_some() {
        let mut writer = LexicalWriter::new()?;
        for (report, reading) in reports.by_ref().take(segment_reports) {
            writer.add(Some((report, reading)))?;
        }
        let bundle = OwnedBytes::new(writer.finish()?);
        segments.push((Arc::new(LexicalSegment::open(Arc::new(bundle))?), &[][..]));
    }
    Ok(Snapshot { whole: LexicalSnapshot::new(segments)?, segment_reports })
}

/// Processor time of this thread, the only one, as Linux counts it.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = stat.split_whitespace().next().ok_or("no processor time in /proc/self/schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}
