//! How many searches a second come through gRPC on loopback, beside an echo of the same stack.
//!
//! ```text
//! cargo build --release --bin precedent && cargo run --release -p precedent-benches --bin grpc-calls -- --vectors DIR --work DIR
//! ```
//!
//! `precedent serve`, an echo and the callers are processes of their own on the same cores. Callers ask again as soon as
//! they are answered, with a connection each or all in one. What is asked takes turns, round by round; the median round
//! counts. A request of the echo is as large as that of a search by one embedding, and so is its answer.

mod callers;
mod echo;
mod process;

use callers::{Ask, Crowd, Seen, ask};
use clap::Parser;
use precedent_benches::archive::{ENCODER, Material, Question, Source, at_hand};
use precedent_benches::figures::{SplitMix, median};
use precedent_benches::judge::image_recall;
use precedent_benches::machine::Machine;
use precedent_benches::output::Output;
use precedent_benches::table::{Chapter, Table};
use precedent_engine::{Access, View};
use precedent_query::SearchRequest;
use precedent_wire::v1;
use process::{ServerProcess, cpu_time};
use serde_json::{Value, json};
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Hits of a search.
const HITS: usize = 10;
/// Bytes of an echo's payload: an embedding of 512 numbers.
const ECHO_BYTES: usize = 2048;
/// How long each way of asking goes on before it counts. Half a thousand searches, by which the server has checked its files.
const WARM_UP: Duration = Duration::from_millis(500);
/// The argument that makes this program the echo.
const ECHO_SERVER: &str = "echo-server";
/// Cases that are asked for by id, and which.
const IDS: usize = 4096;
const SEED: u64 = 0x5eed_000b;
/// Questions by which recall is told.
const JUDGED: usize = 200;

const LONG_ABOUT: &str = "How many searches a second come through gRPC on loopback, beside an echo of the same stack.

Starts `precedent serve` over an index of cases with embeddings and reports (kept in --work) and an echo server with the same \
transport, and lets 1, 16 and 64 callers ask each of them, with a connection each and all in one. Prints calls per second, \
their ratio to the echo's, median and 99th percentile in microseconds, and the processor time of both sides per call. Beside \
it stands what one thread gets from the engine without gRPC, and the recall of the image channel.";

/// How many searches a second come through gRPC on loopback.
#[derive(Debug, Parser)]
#[command(about, long_about = LONG_ABOUT)]
struct Args {
    #[command(flatten)]
    source: Source,
    /// Folder for the index, which is kept, and the logs of the servers
    #[arg(long, value_name = "DIR")]
    work: PathBuf,
    /// Callers at a time
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    callers: Vec<usize>,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Rounds of which the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The program `precedent`; the one beside this one if not given
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Its log level
    #[arg(long, default_value = "info")]
    log_level: String,
    #[command(flatten)]
    output: Output,
}

/// What is asked of whom.
struct Kind {
    name: &'static str,
    ask: Ask,
    address: String,
    process: u32,
}

/// One measurement with the processor time that it took.
#[derive(Debug, Clone, Copy)]
struct Round {
    seen: Seen,
    server_us: f64,
    caller_us: f64,
}

impl Round {
    fn rate(&self) -> f64 {
        self.seen.calls as f64 / self.seen.seconds
    }
}

fn main() -> Outcome<()> {
    // The echo is this program once more, started by itself.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == ECHO_SERVER) {
        return echo::serve();
    }
    measure(&Args::parse())
}

fn measure(args: &Args) -> Outcome<()> {
    let machine = Machine::now();
    let mut material = Material::open(&args.source)?;
    let dir = material.folder(&args.work);
    let engine = at_hand(&mut material, &dir, Access::Read)?;
    let questions = &material.questions;
    let recall = image_recall(&engine.view(), &questions[..questions.len().min(JUDGED)], HITS, false)?;
    let alone = [
        engine_alone(&engine.view(), questions, Question::image, args.seconds)?,
        engine_alone(&engine.view(), questions, Question::hybrid, args.seconds)?,
    ];
    drop(engine);

    let own = std::env::current_exe()?;
    let program = args.program.clone().unwrap_or_else(|| own.with_file_name("precedent"));
    let log = |name: &str| args.work.join(format!("{name}.log"));
    let echo = ServerProcess::start(Command::new(&own).arg(ECHO_SERVER), &log("echo"))?;
    let mut serve = Command::new(&program);
    serve.arg("serve").arg(&dir).args([
        "--read-only",
        "--listen",
        "127.0.0.1:0",
        "--log-level",
        &args.log_level,
    ]);
    let precedent = ServerProcess::start(&mut serve, &log("serve"))?;
    let searches = |request: &dyn Fn(&Question) -> v1::SearchRequest| {
        Ask::Search(Arc::new(questions.iter().map(request).collect()))
    };
    let kinds = [
        Kind {
            name: "echo",
            ask: Ask::Echo(Arc::new(payloads(questions))),
            address: echo.address.clone(),
            process: echo.id(),
        },
        Kind {
            name: "one case",
            ask: Ask::Case(Arc::new(ids(material.cases))),
            address: precedent.address.clone(),
            process: precedent.id(),
        },
        Kind {
            name: "search",
            ask: searches(&|question| wire(&question.image())),
            address: precedent.address.clone(),
            process: precedent.id(),
        },
        Kind {
            name: "search, no reports",
            ask: searches(&|question| detailed(question, v1::CaseDetail::WithoutReport)),
            address: precedent.address.clone(),
            process: precedent.id(),
        },
        Kind {
            name: "search, case ids",
            ask: searches(&|question| detailed(question, v1::CaseDetail::CaseId)),
            address: precedent.address.clone(),
            process: precedent.id(),
        },
        Kind {
            name: "hybrid, 10 % kept",
            ask: searches(&|question| wire(&question.hybrid())),
            address: precedent.address.clone(),
            process: precedent.id(),
        },
    ];
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rows = Vec::new();
    for crowd in crowds(&args.callers) {
        let rounds = runtime.block_on(compare(crowd, &kinds, args))?;
        rows.extend(kinds.iter().zip(rounds).map(|(kind, rounds)| (crowd, kind.name, rounds)));
    }
    report(args, &machine, &material, (recall, alone), &rows)
}

/// Everyone with a connection of his own, then all in one; for one caller that is the same.
fn crowds(callers: &[usize]) -> Vec<Crowd> {
    let both = |&callers: &usize| [false, true].map(|shared| Crowd { callers, shared });
    callers.iter().flat_map(both).filter(|crowd| crowd.callers > 1 || !crowd.shared).collect()
}

/// The rounds of each kind, which take turns.
async fn compare(crowd: Crowd, kinds: &[Kind], args: &Args) -> Outcome<Vec<Vec<Round>>> {
    let mut channels = Vec::new();
    for kind in kinds {
        channels.push(crowd.connect(&kind.address).await?);
    }
    let length = Duration::from_secs_f64(args.seconds);
    let mut rounds = vec![Vec::new(); kinds.len()];
    for round in 0..args.rounds.max(1) {
        for ((kind, channels), rounds) in kinds.iter().zip(&channels).zip(&mut rounds) {
            if round == 0 {
                ask(channels, &kind.ask, WARM_UP).await?;
            }
            let (server, caller) = (cpu_time(kind.process)?, cpu_time(std::process::id())?);
            let seen = ask(channels, &kind.ask, length).await?;
            let each = |before: Duration, after: Duration| {
                after.saturating_sub(before).as_secs_f64() * 1e6 / seen.calls.max(1) as f64
            };
            rounds.push(Round {
                seen,
                server_us: each(server, cpu_time(kind.process)?),
                caller_us: each(caller, cpu_time(std::process::id())?),
            });
        }
    }
    Ok(rounds)
}

/// Searches a second that one thread gets from the engine.
fn engine_alone(
    view: &View,
    questions: &[Question],
    request: impl Fn(&Question) -> SearchRequest,
    seconds: f64,
) -> Outcome<f64> {
    let requests: Vec<SearchRequest> = questions.iter().map(request).collect();
    let ask = |length: Duration| -> Outcome<f64> {
        let (started, mut calls) = (Instant::now(), 0);
        for request in requests.iter().cycle() {
            if started.elapsed() >= length {
                break;
            }
            view.search(request, &|| false)?;
            calls += 1;
        }
        Ok(calls as f64 / started.elapsed().as_secs_f64())
    };
    ask(WARM_UP)?;
    ask(Duration::from_secs_f64(seconds))
}

/// Embeddings as bytes, so that an echo's bytes are no easier to move than those of a search.
fn payloads(questions: &[Question]) -> Vec<echo::Payload> {
    let bytes = |question: &Question| {
        let mut bytes: Vec<u8> =
            question.vector.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        bytes.resize(ECHO_BYTES, 0);
        echo::Payload { bytes }
    };
    questions.iter().map(bytes).collect()
}

/// Some thousand cases from all over the index.
fn ids(cases: u64) -> Vec<String> {
    let mut random = SplitMix::of(SEED, cases);
    (0..IDS).map(|_| format!("v{}", random.below(cases as usize))).collect()
}

/// A request by an embedding whose hits come with so much of their cases.
fn detailed(question: &Question, detail: v1::CaseDetail) -> v1::SearchRequest {
    v1::SearchRequest { detail: detail.into(), ..wire(&question.image()) }
}

fn wire(request: &SearchRequest) -> v1::SearchRequest {
    let embedding =
        |values: &Vec<f32>| v1::Embedding { values: values.clone(), encoder_id: ENCODER.to_owned() };
    v1::SearchRequest {
        embeddings: request.vectors.iter().map(|vector| embedding(&vector.values)).collect(),
        text: request.text.clone().unwrap_or_default(),
        filter: request.filter.clone().unwrap_or_default(),
        limit: Some(HITS as u32),
        ..v1::SearchRequest::default()
    }
}

fn report(
    args: &Args,
    machine: &Machine,
    material: &Material,
    (recall, alone): (f64, [f64; 2]),
    rows: &[(Crowd, &str, Vec<Round>)],
) -> Outcome<()> {
    let head = [
        "callers",
        "connections",
        "asked",
        "calls/s",
        "x echo",
        "p50 us",
        "p99 us",
        "server CPU us",
        "caller CPU us",
    ];
    let mut table = Table::new(&head);
    let mut figures = Vec::new();
    let mut echo = f64::NAN;
    for (crowd, name, rounds) in rows {
        let middle = |of: fn(&Round) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
        let rate = middle(Round::rate);
        if *name == "echo" {
            echo = rate;
        }
        let [p50, p99] = [middle(|round| round.seen.p50_us), middle(|round| round.seen.p99_us)];
        let [server, caller] = [middle(|round| round.server_us), middle(|round| round.caller_us)];
        let connections = if crowd.shared { 1 } else { crowd.callers };
        let mut cells = vec![crowd.callers.to_string(), connections.to_string(), (*name).to_owned()];
        cells.extend([format!("{rate:.0}"), format!("{:.2}", rate / echo)]);
        cells.extend([p50, p99, server, caller].map(|us| format!("{us:.0}")));
        table.row(cells);
        let all: Vec<Value> = rounds.iter().map(|round| json!(round.rate())).collect();
        figures.push(json!({
            "callers": crowd.callers, "connections": connections, "asked": name, "calls_per_s": rate, "to_echo": rate / echo,
            "p50_us": p50, "p99_us": p99, "server_cpu_us": server, "caller_cpu_us": caller, "rounds": all,
        }));
    }
    let chapter = Chapter {
        title: format!("gRPC on loopback, {} cases", material.cases),
        notes: vec![
            format!(
                "{} rounds of {} s, log level {}. `search`: one embedding of {} numbers, {HITS} hits with their reports, \
                 recall@{HITS} {recall:.3}; `no reports`: as for a list, from which single cases are opened; \
                 `case ids`: nothing else of a case; `hybrid`: words and a filter, too; `one case`: by its id. The echo sends back {ECHO_BYTES} bytes.",
                args.rounds.max(1),
                args.seconds,
                args.log_level,
                material.questions.first().map_or(0, |question| question.vector.values.len()),
            ),
            format!(
                "One thread asks the engine without gRPC: {:.0} searches/s, {:.0} hybrid searches/s.",
                alone[0], alone[1]
            ),
        ],
        tables: vec![table],
    };
    let figures = json!({
        "cases": material.cases, "recall@10": recall, "engine_searches_per_s": alone[0], "engine_hybrid_per_s": alone[1],
        "rows": figures,
    });
    args.output.emit("grpc-calls", machine, &[chapter], figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_has_one_way_to_connect() {
        let found = crowds(&[1, 16]);
        let expected =
            [(1, false), (16, false), (16, true)].map(|(callers, shared)| Crowd { callers, shared });
        assert_eq!(found, expected);
    }
}
