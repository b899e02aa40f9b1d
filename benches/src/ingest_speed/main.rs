//! How fast cases come in, and what searches feel of it.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin ingest-speed -- --vectors DIR --work DIR --cases 100000
//! ```
//!
//! An index is loaded in bulk from the first vectors of the folder, with all that belongs to a case. Then it is opened as a
//! service opens it, more of the vectors come in as single cases and in groups, each acknowledged when it is durable, and
//! at last everything is merged. Beside it someone searches by embedding, words and a filter at fixed times. Everything
//! happens in one process, without gRPC.

mod disk;
mod searcher;
mod senders;

use clap::Parser;
use precedent_benches::archive::{Material, Question, Source, build};
use precedent_benches::figures::percentile;
use precedent_benches::judge::image_recall;
use precedent_benches::machine::Machine;
use precedent_benches::output::Output;
use precedent_benches::table::{Chapter, Table};
use precedent_engine::{Access, Engine, NewCase};
use senders::{Manner, Sent, Trouble, send};
use serde_json::{Value, json};
use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Syncs by which the disk is told.
const SYNCS: usize = 500;
/// Searches before the first that counts: enough for files to be checked once.
const WARM_UP: usize = 200;
/// Questions by which recall is told.
const JUDGED: usize = 100;

const LONG_ABOUT: &str = "How fast cases come in, and what searches feel of it.

Loads an index in bulk from given embeddings, opens it as a service does, and sends more cases: one at a time from one sender \
and from many, and in groups, as the groups of a stream. Every call is acknowledged when its cases are durable. Then does so \
beside searches at fixed times, and merges everything beside searches. Prints cases per second, the time to \
acknowledgement, how long the disk takes to sync, and the median and 99th percentile of the searches against those of the \
quiet index. The index lies in a folder of its own below --work, which is removed at the end.";

/// How fast cases come in, and what searches feel of it.
#[derive(Debug, Parser)]
#[command(about, long_about = LONG_ABOUT)]
struct Args {
    /// Cases loaded in bulk come first; the vectors behind them come in live
    #[command(flatten)]
    source: Source,
    /// Folder on the disk that is to be measured
    #[arg(long, value_name = "DIR")]
    work: PathBuf,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Most cases of a measurement; it ends when they are in
    #[arg(long, default_value_t = 40_000)]
    live: u64,
    /// Searches a second
    #[arg(long, default_value_t = 100.0)]
    searches: f64,
    /// Senders of single cases that send at a time
    #[arg(long, default_value_t = 16)]
    senders: usize,
    /// Cases a second in the measurement at a steady rate
    #[arg(long, default_value_t = 100.0)]
    rate: f64,
    #[command(flatten)]
    output: Output,
}

/// What happened in a while.
struct Phase {
    name: String,
    sent: Option<Sent>,
    /// Microseconds of searches.
    searches: Vec<f64>,
    seconds: f64,
    /// Segments at its end.
    segments: usize,
}

fn main() -> Outcome<()> {
    let args = Args::parse();
    let machine = Machine::now();
    let mut material = Material::open(&args.source)?;
    let folder = tempfile::tempdir_in(&args.work)?;
    let syncs = disk::sync_ms(folder.path(), SYNCS)?;
    let dir = folder.path().join("index");
    let bulk = build(&mut material, &dir)?;
    let cases = material.cases as f64;
    let mut chapter = Chapter {
        title: format!("Ingest and search at a time, {} cases at first", material.cases),
        ..Chapter::default()
    };
    let [sync_p50, sync_p99] = [0.5, 0.99].map(|share| percentile(&syncs, share));
    chapter.notes.push(format!(
        "The disk makes 3 KiB durable in {sync_p50:.2} ms (median; {sync_p99:.2} ms at the 99th percentile)."
    ));

    let mut ways = Table::new(&["way", "cases/s", "acknowledged p50 ms", "p99 ms"]);
    let mut figures = Vec::new();
    let mut whole = Duration::ZERO;
    for (name, part) in [
        ("bulk, until durable", bulk.ingest),
        ("bulk, until found", bulk.commit),
        ("bulk, until merged with its graph", bulk.merge),
    ] {
        whole += part;
        let rate = cases / whole.as_secs_f64();
        ways.row(vec![name.to_owned(), format!("{rate:.0}"), "-".to_owned(), "-".to_owned()]);
        figures.push(json!({ "name": name, "cases_per_s": rate }));
    }

    let engine = Engine::open(&dir, Access::Write)?;
    let recall_quiet = recall(&engine, &material.questions)?;
    let mut bench = Bench { next: material.cases, material: &mut material, engine: &engine, args: &args };
    let single = Manner { senders: 1, cases_per_call: 1, per_second: None };
    let many = Manner { senders: args.senders, ..single };
    let groups = Manner { cases_per_call: 64, ..single };
    for manner in [single, many, groups] {
        let phase = bench.live(manner, false)?;
        figures.push(phase.json());
        ways.row(phase.way());
    }

    // Searches are held against those of the quiet index, so what came in is merged first.
    engine.merge_all(&|_, _, _| true)?;
    bench.warm_up()?;
    let quiet = bench.quiet("nothing")?;
    let mut phases = vec![quiet];
    for manner in [Manner { per_second: Some(args.rate), ..single }, many, groups] {
        let phase = bench.live(manner, true)?;
        phases.push(phase);
    }
    phases.push(bench.quiet("nothing, before the merge")?);
    let recall_live = recall(&engine, &bench.material.questions)?;
    phases.push(bench.merge()?);
    phases.push(bench.quiet("nothing, after it")?);

    let head = ["beside the searches", "cases/s", "searches", "p50 us", "p99 us", "p99 x quiet", "segments"];
    let mut felt = Table::new(&head);
    let quiet_p99 = phases.first().map_or(0.0, |quiet| quiet.time(0.99));
    for phase in &phases {
        felt.row(phase.felt(quiet_p99));
        figures.push(phase.json());
    }
    chapter.notes.push(format!(
        "Searches by embedding, words and a filter that keeps 10 %, {} a second, timed from when each was due. Image recall@10 \
         {recall_quiet:.3} at first, {recall_live:.3} before the merge of everything.",
        args.searches
    ));
    chapter.tables = vec![ways, felt];
    let figures = json!({
        "cases": cases, "sync_p50_ms": sync_p50, "sync_p99_ms": sync_p99, "recall@10": recall_quiet,
        "recall@10 live": recall_live, "phases": figures,
    });
    args.output.emit("ingest-speed", &machine, &[chapter], figures)
}

fn recall(engine: &Engine, questions: &[Question]) -> Outcome<f64> {
    Ok(image_recall(&engine.view(), &questions[..questions.len().min(JUDGED)], 10, true)?)
}

struct Bench<'a> {
    material: &'a mut Material,
    engine: &'a Engine,
    args: &'a Args,
    /// The next vector that comes in.
    next: u64,
}

impl Bench<'_> {
    /// The cases of the next measurement, made beforehand.
    fn fresh(&mut self, manner: Manner) -> Outcome<Vec<NewCase>> {
        let wanted = manner.per_second.map_or(f64::MAX, |rate| (rate * self.args.seconds).ceil());
        let wanted = (wanted.min(self.args.live as f64) as u64).min(self.material.rows() - self.next);
        if wanted == 0 {
            return Err("the folder has no vectors left for live cases; give a smaller --cases".into());
        }
        let rows = self.next..self.next + wanted;
        self.next += wanted;
        rows.map(|row| self.material.case(row, &format!("v{row}"))).collect()
    }

    fn live(&mut self, manner: Manner, searched: bool) -> Outcome<Phase> {
        let (cases, length) = (self.fresh(manner)?, Duration::from_secs_f64(self.args.seconds));
        let engine = self.engine;
        let work = || send(engine, manner, cases, length).map(Some);
        self.phase(name(manner), searched, work)
    }

    fn quiet(&self, name: &str) -> Outcome<Phase> {
        let length = Duration::from_secs_f64(self.args.seconds);
        self.phase(name.to_owned(), true, || {
            std::thread::sleep(length);
            Ok(None)
        })
    }

    fn merge(&self) -> Outcome<Phase> {
        let engine = self.engine;
        // As the engine merges beside calls.
        let merge = || {
            precedent_engine::give_way();
            engine.merge_all(&|_, _, _| true)
        };
        self.phase("a merge of everything".to_owned(), true, || {
            let merged = std::thread::scope(|scope| scope.spawn(merge).join());
            merged.map_err(|_| "the merge panicked")??;
            Ok(None)
        })
    }

    fn warm_up(&self) -> Outcome<()> {
        for question in self.material.questions.iter().take(WARM_UP) {
            self.engine.view().search(&question.hybrid(), &|| false)?;
        }
        Ok(())
    }

    /// Does the work, beside searches if they are wanted.
    fn phase(
        &self,
        name: String,
        searched: bool,
        work: impl FnOnce() -> Result<Option<Sent>, Trouble>,
    ) -> Outcome<Phase> {
        let (stop, questions) = (AtomicBool::new(false), self.material.questions.as_slice());
        let started = Instant::now();
        let (sent, searches) = std::thread::scope(|scope| {
            let searches = searched
                .then(|| scope.spawn(|| searcher::ask(self.engine, questions, self.args.searches, &stop)));
            let sent = work();
            stop.store(true, Ordering::Relaxed);
            let searches =
                searches.map(|thread| thread.join().unwrap_or_else(|_| Err("searches panicked".into())));
            (sent, searches)
        });
        let seconds = started.elapsed().as_secs_f64();
        let plain = |trouble: Trouble| -> Box<dyn Error> { trouble };
        let sent = sent.map_err(plain)?;
        let searches = searches.transpose().map_err(plain)?.unwrap_or_default();
        let segments = self.engine.stats()?.segments.len();
        Ok(Phase { name, sent, searches, seconds, segments })
    }
}

fn name(manner: Manner) -> String {
    let who = match manner.senders {
        1 => "live, one sender".to_owned(),
        senders => format!("live, {senders} senders"),
    };
    let what = match manner.cases_per_call {
        1 => "a case a call".to_owned(),
        cases => format!("{cases} cases a call"),
    };
    match manner.per_second {
        Some(rate) => format!("{who}, {what}, {rate} a second"),
        None => format!("{who}, {what}"),
    }
}

impl Phase {
    fn time(&self, share: f64) -> f64 {
        percentile(&self.searches, share)
    }

    fn way(&self) -> Vec<String> {
        let times =
            |share: f64| self.sent.as_ref().map_or(0.0, |sent| percentile(&sent.acknowledged_ms, share));
        vec![self.name.clone(), self.rate(), format!("{:.2}", times(0.5)), format!("{:.2}", times(0.99))]
    }

    fn felt(&self, quiet_p99: f64) -> Vec<String> {
        let (p50, p99) = (self.time(0.5), self.time(0.99));
        let mut cells = vec![self.name.clone(), self.rate(), self.searches.len().to_string()];
        cells.extend([format!("{p50:.0}"), format!("{p99:.0}"), format!("{:.2}", p99 / quiet_p99)]);
        cells.push(self.segments.to_string());
        cells
    }

    fn rate(&self) -> String {
        self.sent.as_ref().map_or("-".to_owned(), |sent| format!("{:.0}", sent.rate()))
    }

    fn json(&self) -> Value {
        let sent = self.sent.as_ref().map(|sent| {
            json!({
                "cases": sent.cases, "cases_per_s": sent.rate(),
                "acknowledged_p50_ms": percentile(&sent.acknowledged_ms, 0.5),
                "acknowledged_p99_ms": percentile(&sent.acknowledged_ms, 0.99),
            })
        });
        json!({
            "name": self.name, "seconds": self.seconds, "sent": sent, "searches": self.searches.len(),
            "search_p50_us": self.time(0.5), "search_p99_us": self.time(0.99), "segments": self.segments,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manners_are_named_by_what_differs() {
        let single = Manner { senders: 1, cases_per_call: 1, per_second: None };
        assert_eq!(name(single), "live, one sender, a case a call");
        let steady = Manner { per_second: Some(100.0), ..single };
        assert_eq!(name(steady), "live, one sender, a case a call, 100 a second");
        let many = Manner { senders: 16, cases_per_call: 64, ..single };
        assert_eq!(name(many), "live, 16 senders, 64 cases a call");
    }
}
