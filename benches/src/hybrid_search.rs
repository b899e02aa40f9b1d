//! What a search by everything at once costs, step by step: embedding, words and filter, the rankings joined, one hit per
//! patient, reports fetched.
//!
//! ```text
//! taskset -c 1 cargo run --release -p precedent-benches --bin hybrid-search -- --vectors DIR --work DIR
//! ```
//!
//! One thread asks the engine as a client would, a question at a time: with a filter that keeps a tenth of the cases, and
//! without one. The settings take turns; each round gives a median and a 99th percentile, and the median of the rounds
//! counts. The steps are timed by the engine (`Plan::times`), the whole from outside.

use clap::Parser;
use precedent_benches::archive::{Material, Question, Source, at_hand};
use precedent_benches::figures::{median, percentile};
use precedent_benches::judge::{agreement, depth, image_recall};
use precedent_benches::machine::Machine;
use precedent_benches::output::Output;
use precedent_benches::table::{Chapter, Table, figure};
use precedent_engine::{Access, View};
use precedent_query::{Limits, PathChoice, SearchRequest, StepTimes};
use serde_json::{Value, json};
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Questions before a round that do not count.
const WARM_UP: usize = 50;

/// What a search by everything at once costs, step by step.
#[derive(Debug, Parser)]
#[command(about, long_about = LONG_ABOUT)]
struct Args {
    #[command(flatten)]
    source: Source,
    /// Folder for the index, which is kept: the same command again measures at once
    #[arg(long, value_name = "DIR")]
    work: PathBuf,
    /// Questions in a round
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Rounds of which the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Questions by which recall and agreement are told; exact answers take long
    #[arg(long, default_value_t = 100)]
    judged: usize,
    #[command(flatten)]
    output: Output,
}

const LONG_ABOUT: &str = "What a search by everything at once costs, step by step.

Makes an index of cases with embeddings, reports, fields and patients (kept in --work), and asks it for an embedding, a few \
words and a tenth of the cases at once, as a client of the engine would. Prints the median and the 99th percentile of every \
step in microseconds, the recall of the image channel against comparing every case, and how many of the ten hits are those of \
an exact search. Pin it to one core with taskset; the index is built with all cores if it is made beforehand without.";

/// A way to ask, and what it gave.
struct Setting {
    name: &'static str,
    filtered: bool,
    /// Per round the times of each question, in microseconds.
    rounds: Vec<Vec<Steps>>,
}

/// Microseconds of each step, in the order of [`STEPS`].
type Steps = [f64; STEPS.len()];

const STEPS: [&str; 7] =
    ["request read", "filter", "image channel", "text channel", "fusion", "reports fetched", "all"];

fn main() -> Outcome<()> {
    let args = Args::parse();
    let machine = Machine::now();
    let mut material = Material::open(&args.source)?;
    let dir = material.folder(&args.work);
    let engine = at_hand(&mut material, &dir, Access::Read)?;
    let view = engine.view();
    let questions = &material.questions[..material.questions.len().min(args.count)];
    let mut settings = [
        Setting { name: "a filter that keeps 10 %", filtered: true, rounds: Vec::new() },
        Setting { name: "no filter", filtered: false, rounds: Vec::new() },
    ];
    for _ in 0..args.rounds.max(1) {
        for setting in &mut settings {
            setting.round(&view, questions)?;
        }
    }
    let judged = &questions[..questions.len().min(args.judged)];
    let mut chapter = Chapter {
        title: format!(
            "Hybrid search, {} cases, {} numbers each",
            material.cases,
            questions.first().map_or(0, |q| q.vector.values.len())
        ),
        notes: vec![format!(
            "{} questions a round, {} rounds; one thread, one question per call; {} segments.",
            questions.len(),
            args.rounds.max(1),
            engine.stats()?.segments.len()
        )],
        tables: Vec::new(),
    };
    let mut figures = Vec::new();
    let mut steps = Table::new(&["step", "p50 us, 10 % kept", "p99 us", "p50 us, no filter", "p99 us"]);
    for (step, name) in STEPS.iter().enumerate() {
        let cells = settings
            .iter()
            .flat_map(|setting| [0.5, 0.99].map(|share| format!("{:.0}", setting.time(step, share))));
        steps.row(std::iter::once((*name).to_owned()).chain(cells).collect());
    }
    let deep = format!("recall@{}", depth());
    let mut quality =
        Table::new(&["setting", "image recall@10", "at 200", "hits as with exact channels", "hits as exact"]);
    for setting in &settings {
        let judgement = Judgement::of(setting, &view, judged)?;
        quality.row(std::iter::once(setting.name.to_owned()).chain(judgement.shares().map(figure)).collect());
        figures.push(setting.json(&deep, &judgement));
    }
    chapter.notes.push(format!(
        "Recall over {} questions: of the 10 and {} nearest by comparing every case, the share that the image channel puts \
         forward. Agreement: the share of the ten hits that are hits, too, when the image channel compares every case, and \
         when both channels rank the whole archive.",
        judged.len(),
        depth()
    ));
    chapter.tables = vec![steps, quality];
    let figures = json!({ "cases": material.cases, "questions": questions.len(), "settings": figures });
    args.output.emit("hybrid-search", &machine, &[chapter], figures)
}

impl Setting {
    fn request(&self, question: &Question) -> SearchRequest {
        if self.filtered { question.hybrid() } else { question.unfiltered() }
    }

    fn round(&mut self, view: &View, questions: &[Question]) -> Outcome<()> {
        for question in questions.iter().take(WARM_UP) {
            view.search(&self.request(question), &|| false)?;
        }
        let mut times = Vec::with_capacity(questions.len());
        for question in questions {
            let request = self.request(question);
            let started = Instant::now();
            let answer = view.search(&request, &|| false)?;
            let whole = started.elapsed();
            if answer.hits.len() < request.limits.limit.min(answer.plan.matches) {
                return Err("an answer had too few hits".into());
            }
            times.push(steps(&answer.plan.times, whole));
        }
        self.rounds.push(times);
        Ok(())
    }

    /// Of a step the percentile of the median round, in microseconds.
    fn time(&self, step: usize, share: f64) -> f64 {
        let of_round = |round: &Vec<Steps>| {
            let times: Vec<f64> = round.iter().map(|steps| steps[step]).collect();
            percentile(&times, share)
        };
        median(&self.rounds.iter().map(of_round).collect::<Vec<_>>())
    }

    fn json(&self, deep: &str, judgement: &Judgement) -> Value {
        let steps: serde_json::Map<String, Value> = (STEPS.iter().enumerate())
            .map(|(step, name)| {
                let [p50, p99] = [0.5, 0.99].map(|share| self.time(step, share));
                ((*name).to_owned(), json!({ "p50_us": p50, "p99_us": p99 }))
            })
            .collect();
        let [near, far, channels, exact] = judgement.shares();
        json!({
            "name": self.name, "steps": steps, "image recall@10": near, (format!("image {deep}")): far,
            "overlap@10 with exact channels": channels, "overlap@10 with exact": exact,
        })
    }
}

fn steps(times: &StepTimes, whole: Duration) -> Steps {
    [times.admit, times.filter, times.image, times.lexical, times.fusion, times.fetch, whole]
        .map(|time| time.as_secs_f64() * 1e6)
}

/// What is found of what is to be found.
struct Judgement {
    near: f64,
    deep: f64,
    /// Hits that are those of exact channels of the same depth.
    channels: f64,
    /// Hits that are those of the whole archive ranked.
    exact: f64,
}

impl Judgement {
    fn of(setting: &Setting, view: &View, questions: &[Question]) -> Outcome<Self> {
        let found = |question: &Question| setting.request(question);
        let with =
            |limits: Limits| move |question: &Question| SearchRequest { limits, ..setting.request(question) };
        Ok(Self {
            near: image_recall(view, questions, 10, setting.filtered)?,
            deep: image_recall(view, questions, depth(), setting.filtered)?,
            channels: agreement(
                view,
                questions,
                found,
                with(Limits { path: PathChoice::Exact, ..Limits::default() }),
            )?,
            exact: agreement(view, questions, found, with(Limits { exact: true, ..Limits::default() }))?,
        })
    }

    fn shares(&self) -> [f64; 4] {
        [self.near, self.deep, self.channels, self.exact]
    }
}
