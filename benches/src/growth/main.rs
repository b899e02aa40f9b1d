//! One index grows, and many small ones are open at a time.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin growth -- --work DIR --cases 1000000 --indexes 1000
//! ```
//!
//! Everything happens in one process, without gRPC, as a service opens an index: cases come in groups from one sender as fast as they
//! are acknowledged, commits and merges run by themselves, and somebody searches beside.

mod cases;
mod commits;
mod usage;

use cases::Generator;
use clap::Parser;
use commits::Commits;
use precedent_benches::figures::percentile;
use precedent_benches::machine::Machine;
use precedent_benches::output::Output;
use precedent_benches::table::{Chapter, Table};
use precedent_engine::{Access, Engine};
use serde_json::{Value, json};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
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
/// How long open indexes are left alone to see what they cost.
const IDLE: Duration = Duration::from_secs(10);

const LONG_ABOUT: &str = "One index grows, and many small ones are open at a time.

Cases with short reports and vectors of 64 numbers come into one index as fast as they are acknowledged. At 1,000, 3,000, 10,000 \
cases and so on this prints how long commits took since the line before, how soon a case was found, how long searches by \
embedding, words and a filter took beside it, and what the process takes of memory, files and maps. Then many indexes are \
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
    /// Small indexes
    #[arg(long, default_value_t = 1_000)]
    indexes: usize,
    /// Cases of each
    #[arg(long, default_value_t = 1_000)]
    each: u64,
    #[command(flatten)]
    output: Output,
}

fn main() -> Outcome<()> {
    let args = Args::parse();
    let machine = Machine::now();
    let commits = Commits::default();
    tracing::subscriber::set_global_default(commits.clone())?;
    let folder = tempfile::tempdir_in(&args.work)?;
    let generator = Generator::new();
    let (mut chapters, mut figures) = (Vec::new(), Vec::new());
    if args.cases > 0 {
        let (chapter, figure) = grow(&generator, &folder.path().join("one"), args.cases, &commits)?;
        chapters.push(chapter);
        figures.push(figure);
    }
    if args.indexes > 0 {
        let (chapter, figure) = many(&generator, folder.path(), args.indexes, args.each)?;
        chapters.push(chapter);
        figures.push(figure);
    }
    args.output.emit("growth", &machine, &chapters, Value::from(figures))
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
}

fn grow(generator: &Generator, root: &Path, cases: u64, commits: &Commits) -> Outcome<(Chapter, Value)> {
    Engine::create(root, &Generator::definition("growth")?)?;
    let engine = Engine::open(root, Access::Write)?;
    let head = [
        "cases",
        "cases/s",
        "longest call ms",
        "commit p50 ms",
        "p99 ms",
        "visible p50 ms",
        "p99 ms",
        "search p50 ms",
        "p99 ms",
        "segments",
        "anonymous MB",
        "mapped MB",
        "files",
        "maps",
        "CPU s",
    ];
    let (mut table, mut figures) = (Table::new(&head), Vec::new());
    let (stop, seen) = (AtomicBool::new(false), Mutex::new(Seen::default()));
    let (watch, watched) = channel();
    let outcome = std::thread::scope(|scope| -> Outcome<()> {
        let searcher = scope.spawn(|| search(&engine, generator, &seen, &stop));
        let watcher = scope.spawn(|| look(&engine, watched, &seen));
        let mut next = 0;
        let sent = stations(cases).into_iter().try_for_each(|station| -> Outcome<()> {
            let line = send(generator, &engine, &mut next, station, &watch, commits, &seen)?;
            // An hour's run says where it is.
            writeln!(std::io::stderr(), "{}", line.cells().join("  "))?;
            table.row(line.cells());
            figures.push(line.json());
            Ok(())
        });
        stop.store(true, Relaxed);
        drop(watch);
        for thread in [searcher, watcher] {
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
    let notes = vec![
        format!(
            "Vectors of 64 numbers, reports of three to six sentences, groups of {GROUP} from one sender; {SEARCHES} searches a second by \
             embedding, words and a filter that keeps a fifth, from the newest generation. Each line is of what happened since \
             the line before."
        ),
        format!("All were found {:.1} s after the last acknowledgement.", started.elapsed().as_secs_f64()),
    ];
    let title = format!("One index of {cases} cases");
    Ok((Chapter { title, notes, tables: vec![table] }, Value::from(figures)))
}

/// What happened between two stations.
struct Line {
    cases: u64,
    per_second: f64,
    longest_call_ms: f64,
    commits: Vec<f64>,
    seen: Seen,
    segments: usize,
    usage: Usage,
}

fn send(
    generator: &Generator,
    engine: &Engine,
    next: &mut u64,
    station: u64,
    watch: &Sender<(u64, Instant)>,
    commits: &Commits,
    seen: &Mutex<Seen>,
) -> Outcome<Line> {
    let (started, first) = (Instant::now(), *next);
    let (mut longest, mut waited) = (Duration::ZERO, Duration::ZERO);
    while *next < station {
        let end = station.min(*next + GROUP);
        // What the generator takes is not the index's.
        let begun = Instant::now();
        let group = (*next..end).map(|number| generator.case(number)).collect::<Outcome<Vec<_>>>()?;
        waited += begun.elapsed();
        let called = Instant::now();
        for outcome in engine.ingest(group)? {
            outcome.map_err(|violations| format!("a generated case was refused: {violations:?}"))?;
        }
        longest = longest.max(called.elapsed());
        if (*next / GROUP).is_multiple_of(WATCHED) {
            watch.send((end - 1, Instant::now()))?;
        }
        *next = end;
    }
    let seconds = (started.elapsed() - waited).as_secs_f64();
    Ok(Line {
        cases: station,
        per_second: (station - first) as f64 / seconds,
        longest_call_ms: longest.as_secs_f64() * 1e3,
        commits: commits.take(),
        seen: std::mem::take(&mut *seen.lock().map_err(|_| "a thread beside the sender panicked")?),
        segments: engine.stats()?.segments.len(),
        usage: Usage::now(),
    })
}

impl Line {
    fn cells(&self) -> Vec<String> {
        let times = |values: &[f64]| match values.is_empty() {
            true => ["-".to_owned(), "-".to_owned()],
            false => [0.5, 0.99].map(|share| format!("{:.1}", percentile(values, share))),
        };
        let mut cells = vec![self.cases.to_string(), format!("{:.0}", self.per_second)];
        cells.push(format!("{:.0}", self.longest_call_ms));
        cells.extend(times(&self.commits));
        cells.extend(times(&self.seen.visible));
        cells.extend(times(&self.seen.searches));
        let usage = &self.usage;
        cells.extend(
            [self.segments, usage.anonymous_mb as usize, usage.mapped_mb as usize].map(|n| n.to_string()),
        );
        cells.extend([usage.files, usage.maps, usage.cpu_s as usize].map(|n| n.to_string()));
        cells
    }

    fn json(&self) -> Value {
        let times =
            |values: &[f64]| json!({ "p50": percentile(values, 0.5), "p99": percentile(values, 0.99) });
        json!({
            "cases": self.cases, "cases_per_s": self.per_second, "longest_call_ms": self.longest_call_ms,
            "commit_ms": times(&self.commits), "visible_ms": times(&self.seen.visible),
            "search_ms": times(&self.seen.searches), "segments": self.segments,
            "anonymous_mb": self.usage.anonymous_mb, "mapped_mb": self.usage.mapped_mb,
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
