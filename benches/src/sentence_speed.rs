//! What it costs to compare a film with every sentence of an archive, to rerank, and to show evidence, step by step.
//!
//! ```text
//! taskset -c 1 cargo run --release -p precedent-benches --bin sentence-speed -- --work DIR [--cases N] [--write FILE]
//! ```
//!
//! Reports are mixed of the sentences of Open-i reports. One sentence in five is made unlike all others, so that an archive of 100,000 has as
//! many distinct sentences as Open-i's reports would have by their growth (Heaps' law: 7,267 of 3,196 reports, exponent 0.83). Vectors of
//! sentences are made at ingest, as ever; vectors of whole images are drawn at random, and every sixteenth case has the parts of a film of a
//! phantom.
//! One thread asks the engine for ten hits with their reports, by the parts of other phantoms' films. Times are the engine's own
//! (`Plan::times`), the whole from outside; the first search, which measures what is usual, is told apart.

use clap::Parser;
use precedent_benches::figures::{SplitMix, percentile};
use precedent_benches::machine::Machine;
use precedent_benches::output::write_block;
use precedent_benches::phantoms::{params, png_of, view_name};
use precedent_benches::reports::{Mixer, openi};
use precedent_benches::table::{Chapter, Table};
use precedent_encoder::Encoder;
use precedent_engine::{Access, Definition, Engine, LocalSpace, LocalVectors, NewCase, NewLocal};
use precedent_model::{Case, CaseId, Image, PatientKey, Report};
use precedent_phantom::Archive;
use precedent_query::{
    AnswerPart, EncodedQueryImage, EvidenceRequest, Fusion, Judgement, LocalImage, QueryVector,
    SearchRequest, StepTimes,
};
use precedent_vector::{Metric, VectorSpace, instruction_sets};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

type Problem = Box<dyn Error + Send + Sync>;

/// The block of a document that `--write` replaces.
const BLOCK: &str = "sentence-speed";
/// Cases ingested at a time.
const BATCH: usize = 2000;
/// Films whose parts cases have, in turn, and one of how many cases has them.
const FILMS: usize = 512;
const SEEN: usize = 16;
/// One sentence of so many is like no other.
const FRESH: usize = 5;
/// Which numbers are drawn.
const SEED: u64 = 0x5eed_0018;

/// What sentences, rerank and evidence cost.
#[derive(Debug, Parser)]
struct Args {
    /// Folder for the index, which is kept: the same command again measures at once
    #[arg(long, value_name = "DIR")]
    work: PathBuf,
    /// Cases
    #[arg(long, default_value_t = 100_000)]
    cases: usize,
    /// Searches of each kind
    #[arg(long, default_value_t = 300)]
    count: usize,
    /// Folder with openi/
    #[arg(long, env = "PRECEDENT_DATA", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"))]
    data: PathBuf,
    /// Print the tables as Markdown
    #[arg(long)]
    markdown: bool,
    /// Replace the block `sentence-speed-CASES` of this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn embedding(number: u64, encoder: &Encoder) -> QueryVector {
    let mut random = SplitMix::of(SEED, number);
    let values = (0..encoder.dimension()).map(|_| random.normal() as f32).collect();
    QueryVector { values, encoder_id: encoder.id().to_owned() }
}

/// The parts of so many films.
fn films(engine: &Engine, seed: u64, count: usize) -> Result<Vec<LocalImage>, Problem> {
    let archive = Archive::new(params(seed, count, false))?;
    let mut films = Vec::new();
    for study in archive.studies() {
        for view in &study?.views {
            if view_name(view.projection) == "PA" {
                let encoded = engine.encode_image(&png_of(&view.image)?)?;
                films.push(encoded.local.ok_or("the encoder has no parts")?);
            }
        }
    }
    Ok(films)
}

/// A report of which some sentences are like no others.
fn report(mixer: &Mixer, number: u64) -> Result<Report, Problem> {
    let mixed = mixer.report(number).map_err(|error| error.to_string())?;
    let mut random = SplitMix::of(SEED + 1, number);
    let mut made = 0;
    let sections = mixed.sections().iter().map(|section| {
        let text: String = (section.text.split_inclusive(". "))
            .map(|sentence| match random.below(FRESH) {
                0 => {
                    made += 1;
                    format!("{} on film {number} {made}. ", sentence.trim_end().trim_end_matches('.'))
                }
                _ => sentence.to_owned(),
            })
            .collect();
        (section.kind, text)
    });
    Ok(Report::new(sections.collect::<Vec<_>>())?)
}

/// The index in a folder, made if it is not there; and how long that took.
fn index(args: &Args, folder: &Path) -> Result<(Engine, Option<Duration>), Problem> {
    if folder.join("segments").is_dir() {
        return Ok((Engine::open(folder, Access::Read)?, None));
    }
    let encoder = Encoder::bundled()?;
    let mut definition = Definition::chest_xray()?;
    definition.image_space = Some(VectorSpace::new(encoder.dimension(), Metric::Cosine, encoder.id())?);
    definition.local_space = Some(LocalSpace::new(encoder.id(), encoder.local_dimension())?);
    Engine::create(folder, &definition)?;
    let engine = Engine::open(folder, Access::Bulk)?;
    let films = films(&engine, 900, FILMS)?;
    let mixer = Mixer::new(&openi(&args.data).map_err(|error| error.to_string())?);
    let begun = Instant::now();
    for first in (0..args.cases).step_by(BATCH) {
        let new = |number: usize| -> Result<NewCase, Problem> {
            let mut case = Case::new(CaseId::new(&format!("case-{number:07}"))?);
            case.patient = Some(PatientKey::new(&format!("patient-{number}"), None)?);
            case.report = Some(report(&mixer, number as u64)?);
            case.images = vec![Image { name: String::new(), view: Some("PA".to_owned()) }];
            let film = &films[number / SEEN % films.len()];
            let local = number.is_multiple_of(SEEN).then(|| NewLocal {
                encoder_id: encoder.id().to_owned(),
                vectors: LocalVectors { images: vec![(0, film.clone())], ..LocalVectors::default() },
            });
            let embeddings = vec![Some(embedding(number as u64, &encoder))];
            Ok(NewCase { embeddings, local, ..NewCase::new(case) })
        };
        let cases = (first..(first + BATCH).min(args.cases)).map(new).collect::<Result<Vec<_>, _>>()?;
        for outcome in engine.ingest(cases)? {
            outcome.map_err(|wrong| format!("{wrong:?}"))?;
        }
    }
    engine.commit()?;
    let took = begun.elapsed();
    engine.merge_all(&|_, _, _| true)?;
    Ok((engine, Some(took)))
}

/// A way to ask: its name, and the request made of one by an image alone.
type Way = (&'static str, fn(SearchRequest) -> SearchRequest);

const WAYS: [Way; 5] = [
    ("image", |request| SearchRequest {
        evidence: EvidenceRequest::Off,
        judgement: Judgement::Off,
        ..request
    }),
    ("and sentences", |request| SearchRequest {
        evidence: EvidenceRequest::Off,
        judgement: Judgement::Off,
        fusion: Fusion { sentence_weight: 0.25, ..Fusion::default() },
        ..request
    }),
    ("and sentences, rerank of 100", |request| SearchRequest {
        evidence: EvidenceRequest::Off,
        judgement: Judgement::Off,
        fusion: Fusion { sentence_weight: 0.25, ..Fusion::default() },
        rerank: 100,
        ..request
    }),
    ("image, evidence, consensus, abstention (the defaults)", |request| request),
    ("all of it", |request| SearchRequest {
        fusion: Fusion { sentence_weight: 0.25, ..Fusion::default() },
        rerank: 100,
        ..request
    }),
];

fn main() -> Result<(), Problem> {
    let args = Args::parse();
    let folder = args.work.join(format!("sentences-{}", args.cases));
    let (engine, took) = index(&args, &folder)?;
    let encoder = Encoder::bundled()?;
    let films = films(&engine, 901, 64)?;
    let asked = |number: usize| SearchRequest {
        encoded_images: vec![EncodedQueryImage {
            embedding: embedding(u64::MAX - number as u64, &encoder),
            view: Some("PA".to_owned()),
            patient: None,
            study_date: None,
            view_position: None,
            local: Some(films[number % films.len()].clone()),
        }],
        ..SearchRequest::default()
    };
    let view = engine.view();
    let begun = Instant::now();
    let first = view.search(&WAYS[4].1(asked(0)), &|| false)?;
    let first_took = begun.elapsed();
    // Shares are calibrated for the nearest cases by image alone.
    let mut missing = first.plan.unavailable.iter().filter(|missing| missing.part != AnswerPart::Calibration);
    if let Some(missing) = missing.next() {
        return Err(format!("{missing:?}").into());
    }
    let sentences = first.plan.channels.iter().map(|channel| channel.visited).max().unwrap_or(0);
    let mut table = Table::new(&[
        "search",
        "whole, p50",
        "p99",
        "sentences, p50",
        "p99",
        "rerank, p50",
        "evidence, p50",
        "p99",
    ]);
    for (name, way) in WAYS {
        let mut whole = Vec::new();
        let mut times: Vec<StepTimes> = Vec::new();
        for number in 0..args.count + 20 {
            let request = way(asked(number));
            let begun = Instant::now();
            let answer = view.search(&request, &|| false)?;
            let took = begun.elapsed();
            if number >= 20 {
                whole.push(took.as_secs_f64() * 1e3);
                times.push(answer.plan.times);
            }
        }
        let of = |step: fn(&StepTimes) -> Duration, share| {
            let step: Vec<f64> = times.iter().map(|times| step(times).as_secs_f64() * 1e3).collect();
            format!("{:.2}", percentile(&step, share))
        };
        table.row(vec![
            name.to_owned(),
            format!("{:.2}", percentile(&whole, 0.5)),
            format!("{:.2}", percentile(&whole, 0.99)),
            of(|times| times.sentence, 0.5),
            of(|times| times.sentence, 0.99),
            of(|times| times.rerank, 0.5),
            of(|times| times.evidence, 0.5),
            of(|times| times.evidence, 0.99),
        ]);
    }
    let mut notes = vec![format!(
        "{} cases, {sentences} distinct sentences with vectors; milliseconds, {} searches of each kind, ten hits with reports; kernels: {}. \
         The first search of all took {:.0} ms. {}",
        args.cases,
        args.count,
        instruction_sets().first().copied().unwrap_or("none"),
        first_took.as_secs_f64() * 1e3,
        Machine::now().line(),
    )];
    if let Some(took) = took {
        notes.push(format!(
            "Ingest, sentences encoded: {:.0} cases/s.",
            args.cases as f64 / took.as_secs_f64()
        ));
    }
    let chapter = Chapter { title: format!("{} cases", args.cases), notes, tables: vec![table] };
    let markdown = chapter.markdown();
    writeln!(std::io::stdout(), "{}", if args.markdown { markdown.clone() } else { chapter.plain() })?;
    if let Some(path) = &args.write {
        write_block(path, &format!("{BLOCK}-{}", args.cases), &markdown)?;
    }
    Ok(())
}
