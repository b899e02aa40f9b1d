//! Our index as one of the engines of `benches/peers`: the protocol is described there (`protocol.py`).
//!
//! ```text
//! vector-engine build DATA DIR [--layout fast|compact]     cases with one embedding each go in, and are merged into one segment
//! vector-engine serve DATA DIR                             searches as lines on standard input ask
//! ```
//!
//! With `--instruction-set NAME` vectors are compared by another instruction set than the fastest of the machine.
//!
//! DATA holds `base.npy`, `queries.npy` and for filters `attrs.npy` and `fval.npy`. What is measured is the whole index: cases with
//! records, columns and full text, read from its files, not a graph in memory. A setting is a recall that is aimed at.

use clap::{Parser, Subcommand, ValueEnum};
use precedent_benches::npy::Columns;
use precedent_index::{
    CaseEntry, CasePlace, Definition, Effort, IndexReader, IndexWriter, OrdinalSet, Snapshot,
};
use precedent_model::{Case, CaseId};
use precedent_query::PathChoice;
use precedent_sources::NpyMatrix;
use precedent_storage::DiskStorage;
use precedent_vector::{Embedding, VectorSpace, limit_instruction_set};
use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Recalls that are aimed at, in rising order.
const RECALLS: [&str; 15] = [
    "0.7", "0.8", "0.85", "0.9", "0.92", "0.94", "0.95", "0.96", "0.97", "0.98", "0.985", "0.99", "0.993",
    "0.996", "0.998",
];
/// Cases of one write to the log.
const CASES_PER_PUT: usize = 500;
/// Numbers of neighbours that settings are told for.
const COUNTS: [usize; 3] = [1, 10, 100];
/// Neighbours that are asked for with a filter.
const FILTERED_COUNT: usize = 10;
const ENCODER: &str = "vector-engine";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Our index as one of the engines of benches/peers.
#[derive(Debug, Parser)]
struct Args {
    /// Instruction set to compare vectors with, in place of the fastest of the machine
    #[arg(long, global = true, value_name = "NAME")]
    instruction_set: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes an index of DATA/base.npy
    Build {
        /// Folder of vectors
        data: PathBuf,
        /// Folder of the index, which is not there yet
        dir: PathBuf,
        /// Layout of the graph
        #[arg(long, value_enum, default_value_t = LayoutName::Fast)]
        layout: LayoutName,
        /// Threads of the merge
        #[arg(long, default_value_t = 2)]
        threads: usize,
    },
    /// Answers on standard input and output
    Serve {
        /// Folder of vectors
        data: PathBuf,
        /// Folder of the index
        dir: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LayoutName {
    Fast,
    Compact,
}

fn main() -> Outcome<()> {
    let args = Args::parse();
    if let Some(name) = &args.instruction_set {
        limit_instruction_set(name)?;
    }
    match args.command {
        Command::Build { data, dir, layout, threads } => build(&data, &dir, layout, threads),
        Command::Serve { data, dir } => serve(&data, &dir),
    }
}

fn build(data: &Path, dir: &Path, layout: LayoutName, threads: usize) -> Outcome<()> {
    let mut base = NpyMatrix::open(data.join("base.npy"))?;
    let definition = Definition::from_toml(&format!(
        "name = 'vectors'\n[graph]\nlayout = '{}'\nmin_nodes = 2\n[[space]]\nrole = 'image'\ndimension = {}\n\
         metric = 'cosine'\nencoder_id = '{ENCODER}'\n",
        match layout {
            LayoutName::Fast => "fast",
            LayoutName::Compact => "compact",
        },
        base.dimension()
    ))?;
    let space = definition.image_space.clone().ok_or("the definition has no space")?;
    let started = Instant::now();
    let storage = Arc::new(DiskStorage::create(dir)?);
    IndexWriter::create(storage.as_ref(), &definition)?;
    let writer = IndexWriter::open(storage, threads)?;
    let mut values = Vec::new();
    let mut entries = Vec::with_capacity(CASES_PER_PUT);
    for row in 0.. {
        let more = base.next_row(&mut values)?;
        if more {
            let case = Case::new(CaseId::new(&format!("v{row}"))?);
            entries.push(CaseEntry::new(case, vec![(0, space.admit(ENCODER, &values)?)]));
        }
        if entries.len() == CASES_PER_PUT || !more {
            writer.put(std::mem::take(&mut entries))?;
        }
        if row % 20_000 == 19_999 {
            writer.commit()?;
        }
        if !more {
            break;
        }
    }
    writer.merge_all(&|_, _, _| true)?;
    say(&format!(
        "{{\"build_s\": {:.2}, \"cpu_s\": {:.2}, \"file_bytes\": {}}}",
        started.elapsed().as_secs_f64(),
        cpu_seconds()?,
        bytes_under(&dir.join("segments"))?
    ))
}

/// An open index with what is asked of it.
struct Served {
    snapshot: Arc<Snapshot>,
    /// The row of `base.npy` of each case, by segment and ordinal.
    rows: Vec<Vec<i64>>,
    queries: Vec<Embedding>,
    live: Vec<OrdinalSet>,
    /// For each column and value the cases that have it.
    matching: HashMap<(usize, i32), Vec<OrdinalSet>>,
    wanted: Option<Columns>,
}

fn serve(data: &Path, dir: &Path) -> Outcome<()> {
    let (queries, dimension) = matrix(&data.join("queries.npy"))?;
    let space = VectorSpace::new(dimension, precedent_vector::Metric::Cosine, ENCODER)?;
    let queries = queries.iter().map(|query| space.admit(ENCODER, query)).collect::<Result<Vec<_>, _>>()?;
    let tables = match data.join("attrs.npy").exists() {
        true => Some((Columns::read(&data.join("attrs.npy"))?, Columns::read(&data.join("fval.npy"))?)),
        false => None,
    };
    let baseline = resident()?;
    let started = Instant::now();
    let snapshot = IndexReader::open(Arc::new(DiskStorage::open(dir)?))?.snapshot();
    let open_s = started.elapsed().as_secs_f64();
    let live = snapshot.live();
    let mut rows = Vec::new();
    for (segment, live) in live.iter().enumerate() {
        let mut of_segment = vec![-1; live.cases()];
        for ordinal in live.iter() {
            let case = snapshot.case(CasePlace { segment, ordinal })?;
            of_segment[ordinal as usize] = case.id.as_str().trim_start_matches('v').parse()?;
        }
        rows.push(of_segment);
    }
    let mut matching: HashMap<(usize, i32), Vec<OrdinalSet>> = HashMap::new();
    if let Some((attributes, wanted)) = &tables {
        for column in 0..wanted.width {
            for value in wanted.values.iter().skip(column).step_by(wanted.width) {
                matching.entry((column, *value)).or_insert_with(|| {
                    let has =
                        |row: i64| attributes.values[row as usize * attributes.width + column] == *value;
                    live.iter()
                        .zip(&rows)
                        .map(|(live, rows)| {
                            let mut set = OrdinalSet::none(live.cases());
                            live.iter()
                                .filter(|&ordinal| has(rows[ordinal as usize]))
                                .for_each(|ordinal| set.insert(ordinal));
                            set
                        })
                        .collect()
                });
            }
        }
    }
    let served = Served { snapshot, rows, queries, live, matching, wanted: tables.map(|(_, wanted)| wanted) };
    let settings = RECALLS.map(|recall| format!("\"{recall}\"")).join(", ");
    let params = COUNTS.map(|count| format!("\"{count}\": [{settings}]")).join(", ");
    say(&format!(
        "{{\"open_s\": {open_s:.4}, \"params\": {{{params}}}, \"filter_params\": [{settings}], \"baseline\": {baseline}}}"
    ))?;
    for line in stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["measure", recall, count, k] => {
                served.measure(recall.parse()?, count.parse()?, k.parse()?, None)
            }
            ["fmeasure", recall, count, column] => {
                served.measure(recall.parse()?, count.parse()?, FILTERED_COUNT, Some(column.parse()?))
            }
            ["bytes"] => resident(),
            ["quit"] => return Ok(()),
            _ => Err(format!("no such request: {line}").into()),
        };
        say(&answer.unwrap_or_else(|error| format!("{{\"error\": {:?}}}", error.to_string())))?;
    }
    Ok(())
}

impl Served {
    fn measure(&self, recall: f32, count: usize, k: usize, column: Option<usize>) -> Outcome<String> {
        let (mut nanoseconds, mut ids) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let before = thread_cpu_ns();
        for (number, query) in self.queries.iter().take(count).enumerate() {
            let accept = match (column, &self.wanted) {
                (None, _) => &self.live,
                (Some(column), Some(wanted)) => {
                    let value = wanted.values[number * wanted.width + column];
                    self.matching.get(&(column, value)).ok_or("no case has the value that is asked for")?
                }
                (Some(_), None) => return Err("the data have no columns".into()),
            };
            let started = Instant::now();
            let found = self.nearest(query, k, recall, accept)?;
            nanoseconds.push(started.elapsed().as_nanos().to_string());
            ids.push(found);
        }
        let cpu = (thread_cpu_ns() - before) as f64 / 1e9;
        let ids: Vec<String> = ids.iter().map(|ids| format!("{ids:?}")).collect();
        Ok(format!(
            "{{\"ns\": [{}], \"cpu_s\": {cpu:.7}, \"ids\": [{}]}}",
            nanoseconds.join(", "),
            ids.join(", ")
        ))
    }

    /// The rows of the `k` nearest cases, -1 where there are fewer. Distances are not told, and need not be those of whole vectors.
    fn nearest(&self, query: &Embedding, k: usize, recall: f32, accept: &[OrdinalSet]) -> Outcome<Vec<i64>> {
        let how = (Effort::Recall(recall), PathChoice::Auto);
        let found = self.snapshot.nearest_in_order(query, k, how, accept, &|| false)?;
        let row = |place: CasePlace| self.rows[place.segment][place.ordinal as usize];
        let mut rows: Vec<i64> = found.cases.iter().map(|(place, _)| row(*place)).collect();
        rows.resize(k, -1);
        Ok(rows)
    }
}

fn say(line: &str) -> Outcome<()> {
    let mut out = stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// User and system time of this process (Linux, 100 ticks a second).
fn cpu_seconds() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| {
        fields.get(field).and_then(|field| field.parse::<f64>().ok()).ok_or("no times in stat")
    };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// Processor time of this thread, which does all searches. The system counts it to the nanosecond, where
/// `/proc/thread-self/schedstat` moves with the clock's ticks.
fn thread_cpu_ns() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Bytes of this process in memory.
fn resident() -> Outcome<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kilobytes = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    Ok(format!(
        "{{\"anonymous\": {}, \"mapped\": {}}}",
        kilobytes("RssAnon:") * 1024,
        kilobytes("RssFile:") * 1024
    ))
}

fn bytes_under(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes +=
            if entry.file_type()?.is_dir() { bytes_under(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

fn matrix(path: &Path) -> Outcome<(Vec<Vec<f32>>, usize)> {
    let mut file = NpyMatrix::open(path)?;
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    while file.next_row(&mut row)? {
        rows.push(row.clone());
    }
    Ok((rows, file.dimension()))
}
