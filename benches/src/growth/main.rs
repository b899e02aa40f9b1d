//! One index grows, and many small ones are open at a time.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin growth -- --work DIR --cases 1000000
//! ```
//!
//! Everything happens in one process, without gRPC, as a service opens an index: cases come in groups from one sender as fast as they
//! are acknowledged, commits and merges run by themselves, and somebody searches beside.

mod cases;
mod commits;
mod picture;
mod usage;

use cases::Generator;
use clap::Parser;
use commits::Commits;
use picture::picture;
use precedent_benches::figures::percentile;
use precedent_benches::machine::Machine;
use precedent_benches::output::{Output, save};
use precedent_benches::table::{Chapter, Table};
use precedent_engine::{Access, Engine};
use serde_json::{Value, json};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use usage::Usage;

type Outcome<T> = Result<T, Box<dyn Error>>;
type Trouble = Box<dyn Error + Send + Sync>;

/// Cases that become durable together.
const GROUP: u64 = 500;
/// Every so many groups it is watched when the last case is found.
const WATCHED: u64 = 4;
/// Looks at the index while a case is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Searches a second.
const SEARCHES: f64 = 20.0;
/// Looks at the memory that the process takes.
const WEIGH_EVERY: Duration = Duration::from_millis(50);
/// Searches when the index is served at the end.
const SERVED: u64 = 2_000;
/// How long open indexes are left alone to see what they cost.
const IDLE: Duration = Duration::from_secs(10);

const LONG_ABOUT: &str = "One index grows, and many small ones are open at a time.

Cases with short reports and vectors of 64 numbers come into one index as fast as they are acknowledged. At 1,000, 3,000, 10,000 \
cases and so on this prints how long commits took since the line before, how soon a case was found, how long searches by \
embedding, words and a filter took beside it, and what the process takes of memory, files and maps. With --indexes many are \
opened in one process, cases come into each, and it is measured what they cost when nothing happens.";

/// One index grows, and many small ones are open at a time.
#[derive(Debug, Parser)]
#[command(about, long_about = LONG_ABOUT)]
struct Args {
    /// Folder for the indexes, which are removed at the end
    #[arg(long, value_name = "DIR")]
    work: PathBuf,
    /// Cases of the index that grows
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// Cases a second at most; without it as many as are acknowledged
    #[arg(long, value_name = "CASES", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// Draw how the one index grew, as SVG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Open so many small indexes in place of one that grows
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["cases", "rate", "picture"])]
    indexes: Option<usize>,
    /// Cases of each
    #[arg(long, default_value_t = 1_000)]
    each: u64,
    /// Open this index to be read, search it, and say what that takes; nothing else
    #[arg(long, value_name = "DIR", hide = true)]
    read: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

fn main() -> Outcome<()> {
    let args = Args::parse();
    if let Some(root) = &args.read {
        return read(root);
    }
    let machine = Machine::now();
    let commits = Commits::default();
    tracing::subscriber::set_global_default(commits.clone())?;
    let folder = tempfile::tempdir_in(&args.work)?;
    let generator = Generator::new();
    // Each in a process of its own, for the memory that one leaves behind would be counted with the other.
    let (name, chapter, figures) = match args.indexes {
        Some(indexes) => {
            let (chapter, figures) = many(&generator, folder.path(), indexes, args.each)?;
            ("growth-indexes", chapter, figures)
        }
        None => {
            let load = Load { cases: args.cases, rate: args.rate };
            let (chapter, lines) = grow(&generator, &folder.path().join("one"), load, &commits)?;
            if let Some(path) = &args.picture {
                save(path, &picture(&lines))?;
            }
            ("growth", chapter, lines.iter().map(Line::json).collect())
        }
    };
    args.output.emit(name, &machine, &[chapter], figures)
}

/// Where a line of the table is due: 1,000, 3,000, 10,000 and so on.
fn stations(cases: u64) -> Vec<u64> {
    let decades = std::iter::successors(Some(1_000_u64), |decade| decade.checked_mul(10));
    let mut stations: Vec<u64> =
        decades.flat_map(|decade| [decade, decade * 3]).take_while(|&station| station < cases).collect();
    stations.push(cases);
    stations
}

/// What those beside the sender saw since it was last asked.
#[derive(Default)]
struct Seen {
    /// Milliseconds of searches, from when they were due.
    searches: Vec<f64>,
    /// Milliseconds from acknowledgement until a case was found.
    visible: Vec<f64>,
    /// The most anonymous memory that the process had.
    peak_mb: f64,
}

/// What is sent.
#[derive(Clone, Copy)]
struct Load {
    cases: u64,
    /// Cases a second at most.
    rate: Option<u64>,
}

fn grow(generator: &Generator, root: &Path, load: Load, commits: &Commits) -> Outcome<(Chapter, Vec<Line>)> {
    let Load { cases, rate } = load;
    Engine::create(root, &Generator::definition("growth")?)?;
    let engine = Engine::open(root, Access::Write)?;
    let head = [
        "cases",
        "cases/s",
        "call p99 ms",
        "longest ms",
        "commit p50 ms",
        "p99 ms",
        "visible p50 ms",
        "p99 ms",
        "search p50 ms",
        "p99 ms",
        "segments",
        "anonymous MB",
        "at most",
        "mapped MB",
        "files",
        "maps",
        "CPU s",
    ];
    let (mut table, mut lines) = (Table::new(&head), Vec::new());
    let (stop, seen) = (AtomicBool::new(false), Mutex::new(Seen::default()));
    let (watch, watched) = channel();
    let outcome = std::thread::scope(|scope| -> Outcome<()> {
        let searcher = scope.spawn(|| search(&engine, generator, &seen, &stop));
        let watcher = scope.spawn(|| look(&engine, watched, &seen));
        let scales = scope.spawn(|| weigh(&seen, &stop));
        let mut sender = Sending { generator, engine: &engine, watch, rate, begun: Instant::now(), next: 0 };
        let sent = stations(cases).into_iter().try_for_each(|station| -> Outcome<()> {
            let line = sender.send_until(station, commits, &seen)?;
            // An hour's run says where it is.
            writeln!(std::io::stderr(), "{}", line.cells().join("  "))?;
            table.row(line.cells());
            lines.push(line);
            Ok(())
        });
        stop.store(true, Relaxed);
        drop(sender);
        for thread in [searcher, watcher, scales] {
            thread
                .join()
                .map_err(|_| "a thread beside the sender panicked")?
                .map_err(|trouble| -> Box<dyn Error> { trouble })?;
        }
        sent
    });
    outcome?;
    let started = Instant::now();
    while engine.view().case_count() < cases as usize {
        std::thread::sleep(LOOK_EVERY);
    }
    let found = started.elapsed().as_secs_f64();
    let served = serve(engine, root)?;
    let pace = match rate {
        Some(rate) => format!("{rate} cases a second"),
        None => "as fast as they are acknowledged".to_owned(),
    };
    let notes = vec![
        format!(
            "Vectors of 64 numbers, reports of three to six sentences, groups of {GROUP} from one sender, {pace}; {SEARCHES} searches a second by \
             embedding, words and a filter that keeps a fifth, from the newest generation. Each line is of what happened since \
             the line before."
        ),
        format!("All were found {found:.1} s after the last acknowledgement. {served}"),
    ];
    let title = format!("One index of {cases} cases");
    Ok((Chapter { title, notes, tables: vec![table] }, lines))
}

/// Lets the merges that are due end, then has another process open the index only to be read, which says what that takes.
fn serve(engine: Engine, root: &Path) -> Outcome<String> {
    let started = Instant::now();
    engine.merge_some(&|_, _, _| true)?;
    let merged = started.elapsed().as_secs_f64();
    let segments = engine.stats()?.segments.len();
    drop(engine);
    let said =
        Command::new(std::env::current_exe()?).arg("--work").arg(root).arg("--read").arg(root).output()?;
    if !said.status.success() {
        return Err(format!("the index could not be read: {}", String::from_utf8_lossy(&said.stderr)).into());
    }
    let said = String::from_utf8(said.stdout)?;
    Ok(format!("{merged:.0} s later no merge was due: {segments} segments. {}", said.trim_end()))
}

fn read(root: &Path) -> Outcome<()> {
    let generator = Generator::new();
    let engine = Engine::open(root, Access::Read)?;
    let opened = Usage::now().anonymous_mb;
    let mut times = Vec::new();
    for number in 0..SERVED {
        let begun = Instant::now();
        engine.view().search(&generator.question(number), &|| false)?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let after = Usage::now();
    writeln!(
        std::io::stdout(),
        "A process that opens it to read takes {opened:.0} MB of anonymous memory, after {SERVED} searches, one at a time, {:.0} MB, \
         with {:.0} MB of mapped files in memory; p50 {:.1} ms, p99 {:.1} ms.",
        after.anonymous_mb,
        after.mapped_mb,
        percentile(&times, 0.5),
        percentile(&times, 0.99),
    )?;
    Ok(())
}

/// What happened between two stations.
struct Line {
    cases: u64,
    per_second: f64,
    /// Milliseconds of calls.
    calls: Vec<f64>,
    /// Milliseconds of commits.
    commits: Vec<f64>,
    seen: Seen,
    segments: usize,
    usage: Usage,
}

/// Who sends the cases.
struct Sending<'a> {
    generator: &'a Generator,
    engine: &'a Engine,
    /// Told the last case of some groups, and when it was acknowledged.
    watch: Sender<(u64, Instant)>,
    rate: Option<u64>,
    begun: Instant,
    next: u64,
}

impl Sending<'_> {
    fn send_until(&mut self, station: u64, commits: &Commits, seen: &Mutex<Seen>) -> Outcome<Line> {
        let (started, first) = (Instant::now(), self.next);
        let (mut calls, mut waited) = (Vec::new(), Duration::ZERO);
        while self.next < station {
            let end = station.min(self.next + GROUP);
            // What the generator takes is not the index's.
            let begun = Instant::now();
            let group =
                (self.next..end).map(|number| self.generator.case(number)).collect::<Outcome<Vec<_>>>()?;
            if let Some(rate) = self.rate {
                let due = self.begun + Duration::from_secs_f64(end as f64 / rate as f64);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            } else {
                waited += begun.elapsed();
            }
            let called = Instant::now();
            for outcome in self.engine.ingest(group)? {
                outcome.map_err(|violations| format!("a generated case was refused: {violations:?}"))?;
            }
            calls.push(called.elapsed().as_secs_f64() * 1e3);
            if (self.next / GROUP).is_multiple_of(WATCHED) {
                self.watch.send((end - 1, Instant::now()))?;
            }
            self.next = end;
        }
        let seconds = (started.elapsed() - waited).as_secs_f64();
        Ok(Line {
            cases: station,
            per_second: (station - first) as f64 / seconds,
            calls,
            commits: commits.take(),
            seen: std::mem::take(&mut *seen.lock().map_err(|_| "a thread beside the sender panicked")?),
            segments: self.engine.stats()?.segments.len(),
            usage: Usage::now(),
        })
    }
}

impl Line {
    fn cells(&self) -> Vec<String> {
        let times = |values: &[f64]| match values.is_empty() {
            true => ["-".to_owned(), "-".to_owned()],
            false => [0.5, 0.99].map(|share| format!("{:.1}", percentile(values, share))),
        };
        let mut cells = vec![self.cases.to_string(), format!("{:.0}", self.per_second)];
        cells.extend([0.99, 1.0].map(|share| format!("{:.0}", percentile(&self.calls, share))));
        cells.extend(times(&self.commits));
        cells.extend(times(&self.seen.visible));
        cells.extend(times(&self.seen.searches));
        let usage = &self.usage;
        cells.extend(
            [self.segments, usage.anonymous_mb as usize, self.seen.peak_mb as usize].map(|n| n.to_string()),
        );
        cells.extend(
            [usage.mapped_mb as usize, usage.files, usage.maps, usage.cpu_s as usize].map(|n| n.to_string()),
        );
        cells
    }

    fn json(&self) -> Value {
        let times =
            |values: &[f64]| json!({ "p50": percentile(values, 0.5), "p99": percentile(values, 0.99) });
        json!({
            "cases": self.cases, "cases_per_s": self.per_second, "call_ms": times(&self.calls), "longest_call_ms": percentile(&self.calls, 1.0),
            "commit_ms": times(&self.commits), "visible_ms": times(&self.seen.visible),
            "search_ms": times(&self.seen.searches), "segments": self.segments,
            "anonymous_mb": self.usage.anonymous_mb, "peak_anonymous_mb": self.seen.peak_mb, "mapped_mb": self.usage.mapped_mb,
            "files": self.usage.files, "maps": self.usage.maps, "cpu_s": self.usage.cpu_s,
        })
    }
}

/// Searches at fixed times until it is told to stop.
fn search(
    engine: &Engine,
    generator: &Generator,
    seen: &Mutex<Seen>,
    stop: &AtomicBool,
) -> Result<(), Trouble> {
    let started = Instant::now();
    for number in 0_u64.. {
        if stop.load(Relaxed) {
            break;
        }
        let due = started + Duration::from_secs_f64(number as f64 / SEARCHES);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        engine.view().search(&generator.question(number), &|| false)?;
        let milliseconds = due.elapsed().as_secs_f64() * 1e3;
        seen.lock().map_err(|_| "the sender panicked")?.searches.push(milliseconds);
    }
    Ok(())
}

/// Waits for each case until it is found.
fn look(engine: &Engine, ids: Receiver<(u64, Instant)>, seen: &Mutex<Seen>) -> Result<(), Trouble> {
    for (number, acknowledged) in ids {
        let id = Generator::id(number).map_err(|error| error.to_string())?;
        while engine.view().case(&id)?.is_none() {
            std::thread::sleep(LOOK_EVERY);
        }
        let milliseconds = acknowledged.elapsed().as_secs_f64() * 1e3;
        seen.lock().map_err(|_| "the sender panicked")?.visible.push(milliseconds);
    }
    Ok(())
}

/// Notes the most memory that the process takes.
fn weigh(seen: &Mutex<Seen>, stop: &AtomicBool) -> Result<(), Trouble> {
    while !stop.load(Relaxed) {
        let now = Usage::now().anonymous_mb;
        let mut seen = seen.lock().map_err(|_| "the sender panicked")?;
        seen.peak_mb = seen.peak_mb.max(now);
        drop(seen);
        std::thread::sleep(WEIGH_EVERY);
    }
    Ok(())
}

fn many(generator: &Generator, root: &Path, indexes: usize, each: u64) -> Outcome<(Chapter, Value)> {
    let before = Usage::now();
    let mut engines = Vec::with_capacity(indexes);
    for number in 0..indexes {
        let root = root.join(format!("many-{number}"));
        Engine::create(&root, &Generator::definition("small")?)?;
        let engine = Engine::open(&root, Access::Write)?;
        let cases =
            (0..each).map(|case| generator.case(number as u64 * each + case)).collect::<Outcome<Vec<_>>>()?;
        for outcome in engine.ingest(cases)? {
            outcome.map_err(|violations| format!("a generated case was refused: {violations:?}"))?;
        }
        engines.push(engine);
    }
    while engines.iter().any(|engine| engine.view().case_count() < each as usize) {
        std::thread::sleep(LOOK_EVERY);
    }
    let at_first = Usage::now();
    std::thread::sleep(IDLE);
    let after = Usage::now();
    let mut searches = Vec::new();
    for (number, engine) in engines.iter().enumerate() {
        let begun = Instant::now();
        engine.view().search(&generator.question(number as u64), &|| false)?;
        searches.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let mut table = Table::new(&[
        "indexes",
        "anonymous MB",
        "mapped MB",
        "files",
        "maps",
        "threads",
        "idle CPU %",
        "search p99 ms",
    ]);
    let idle = (after.cpu_s - at_first.cpu_s) / IDLE.as_secs_f64() * 100.0;
    let anonymous = after.anonymous_mb - before.anonymous_mb;
    table.row(vec![
        indexes.to_string(),
        format!("{anonymous:.0}"),
        format!("{:.0}", after.mapped_mb),
        after.files.to_string(),
        after.maps.to_string(),
        after.threads.to_string(),
        format!("{idle:.2}"),
        format!("{:.1}", percentile(&searches, 0.99)),
    ]);
    let title = format!("{indexes} indexes of {each} cases in one process");
    let notes = vec![format!(
        "When all cases were found, after {} s in which nothing happened; the searches are the first of each index.",
        IDLE.as_secs()
    )];
    let figures = json!({
        "indexes": indexes, "cases": each, "anonymous_mb": anonymous, "mapped_mb": after.mapped_mb, "files": after.files,
        "maps": after.maps, "threads": after.threads, "idle_cpu_percent": idle, "search_p99_ms": percentile(&searches, 0.99),
    });
    Ok((Chapter { title, notes, tables: vec![table] }, figures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_at_ones_and_threes_of_each_decade_and_at_the_end() {
        assert_eq!(stations(500), [500]);
        assert_eq!(stations(10_000), [1_000, 3_000, 10_000]);
        assert_eq!(stations(20_000), [1_000, 3_000, 10_000, 20_000]);
    }
}
