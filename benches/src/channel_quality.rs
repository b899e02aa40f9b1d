//! Which cases channels find: the first hits of unseen phantoms by the global vector of the film, with the sentences of the reports, and after
//! the rerank, beside what the phantoms truly show.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin channel-quality -- [--studies N] [--queries N] [--seed N] [--write FILE]
//! ```
//!
//! Every film is searched for in an archive of other patients. Per finding: the share of the first ten hits that truly have a finding
//! that the film's study has, as a mean over findings with at least ten studies. Agreement: the mean of the shared findings of query and
//! hit / those that either has (Jaccard; two without any agree). Intervals: bootstrap over patients. Fails where a figure is below its floor
//! in `tests/floors.toml`.

use clap::Parser;
use precedent_benches::figures::{bootstrap, mean};
use precedent_benches::floors::Floors;
use precedent_benches::output::write_block;
use precedent_benches::phantoms::{ingest, params, png_of, view_name};
use precedent_benches::table::{Chapter, Table, figure, interval};
use precedent_engine::Engine;
use precedent_phantom::{Archive, FindingKind, Study};
use precedent_query::{EncodedQueryImage, Fusion, HitDetail, Judgement, Limits, QueryImage, SearchRequest};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

type Problem = Box<dyn Error + Send + Sync>;

/// The block of a document that `--write` replaces.
const BLOCK: &str = "channel-quality";
/// Hits that are looked at.
const HITS: usize = 10;
/// Fewest queries with a finding for it to count in the mean.
const FEWEST: usize = 10;

/// Which cases channels find.
#[derive(Debug, Parser)]
struct Args {
    /// Studies in the archive
    #[arg(long, default_value_t = 500)]
    studies: usize,
    /// Studies whose films are searched for
    #[arg(long, default_value_t = 300)]
    queries: usize,
    /// Which phantoms
    #[arg(long, default_value_t = 404)]
    seed: u64,
    /// Print the tables as Markdown
    #[arg(long)]
    markdown: bool,
    /// Replace the block `channel-quality` of this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// The findings that a study truly has.
type Truth = BTreeSet<FindingKind>;

/// A way to search.
struct Way {
    name: &'static str,
    fusion: Fusion,
    rerank: usize,
}

fn ways() -> Vec<Way> {
    let way = |name, image_weight, sentence_weight, rerank| Way {
        name,
        fusion: Fusion { image_weight, sentence_weight, ..Fusion::default() },
        rerank,
    };
    vec![
        way("image", 1.0, 0.0, 0),
        way("sentence", 0.0, 1.0, 0),
        way("image, sentence at 0.25", 1.0, 0.25, 0),
        way("image, rerank of 100", 1.0, 0.0, 100),
        way("image, sentence at 0.25, rerank of 100", 1.0, 0.25, 100),
    ]
}

/// The first hits of one film by one way.
struct Found {
    patient: String,
    truth: Truth,
    hits: Vec<Truth>,
}

impl Found {
    fn agreement(&self) -> f64 {
        mean(self.hits.iter().map(|hit| jaccard(&self.truth, hit)))
    }

    fn precision(&self, kind: FindingKind) -> Option<f64> {
        let has = |truth: &Truth| truth.contains(&kind);
        has(&self.truth).then(|| mean(self.hits.iter().map(|hit| f64::from(has(hit)))))
    }
}

fn jaccard(one: &Truth, other: &Truth) -> f64 {
    let either = one.union(other).count();
    if either == 0 { 1.0 } else { one.intersection(other).count() as f64 / either as f64 }
}

fn truth_of(study: &Study) -> Truth {
    study.truth.iter().map(|finding| finding.kind).collect()
}

fn truths(archive: &Archive) -> Result<BTreeMap<String, Truth>, Problem> {
    let of = |number| -> Result<_, Problem> {
        let study = archive.study(number)?;
        Ok((study.case_id.clone(), truth_of(&study)))
    };
    (0..archive.len()).into_par_iter().map(of).collect()
}

/// By way, what every film finds.
fn ask(
    engine: &Engine,
    truths: &BTreeMap<String, Truth>,
    asked: &Archive,
) -> Result<Vec<Vec<Found>>, Problem> {
    let mut found: Vec<Vec<Found>> = ways().iter().map(|_| Vec::new()).collect();
    for study in asked.studies() {
        let study = study?;
        for view in &study.views {
            let content = png_of(&view.image)?;
            let view = Some(view_name(view.projection).to_owned());
            let once = SearchRequest { images: vec![QueryImage { content, view }], ..plain() };
            let encoded = engine.view().search(&once, &|| false)?.encoded_images;
            for (way, found) in ways().iter().zip(&mut found) {
                let request = asking(&encoded, way);
                let answer = engine.view().search(&request, &|| false)?;
                if !answer.plan.unavailable.is_empty() {
                    return Err(format!("{:?}", answer.plan.unavailable).into());
                }
                let hits = answer.hits.iter().filter_map(|hit| truths.get(hit.case.id.as_str()).cloned());
                let (patient, truth) = (study.patient.id.clone(), truth_of(&study));
                found.push(Found { patient, truth, hits: hits.collect() });
            }
        }
    }
    Ok(found)
}

fn plain() -> SearchRequest {
    SearchRequest {
        detail: HitDetail::CaseId,
        judgement: Judgement::Off,
        limits: Limits { limit: HITS, ..Limits::default() },
        ..SearchRequest::default()
    }
}

fn asking(encoded: &[EncodedQueryImage], way: &Way) -> SearchRequest {
    SearchRequest { encoded_images: encoded.to_vec(), fusion: way.fusion, rerank: way.rerank, ..plain() }
}

/// Agreement, and precision as a mean over findings, of queries counted as often as drawn.
fn figures(found: &[Found], times: impl Fn(&Found) -> f64) -> [f64; 2] {
    let weighted = |values: &mut dyn Iterator<Item = (f64, f64)>| {
        let (weight, sum) =
            values.fold((0.0, 0.0), |(weight, sum), (times, value)| (weight + times, sum + times * value));
        (weight > 0.0).then(|| sum / weight)
    };
    let agreement = weighted(&mut found.iter().map(|found| (times(found), found.agreement())));
    let of_kind = |kind: FindingKind| {
        let having: Vec<&Found> = found.iter().filter(|found| found.truth.contains(&kind)).collect();
        let values = having.iter().filter_map(|found| Some((times(found), found.precision(kind)?)));
        (having.len() >= FEWEST).then(|| weighted(&mut values.into_iter())).flatten()
    };
    let precisions: Vec<f64> = FindingKind::ALL.into_iter().filter_map(of_kind).collect();
    [agreement.unwrap_or(f64::NAN), if precisions.is_empty() { f64::NAN } else { mean(precisions) }]
}

fn table_of(found: &[Vec<Found>]) -> Table {
    let mut table = Table::new(&["channels", "films", "agreement@10", "95 %", "precision@10", "95 %"]);
    for (way, found) in ways().iter().zip(found) {
        let patients: BTreeMap<&str, usize> = found
            .iter()
            .map(|one| one.patient.as_str())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .zip(0..)
            .collect();
        let all = figures(found, |_| 1.0);
        let drawn = |counts: &[u32]| {
            let drawn = figures(found, |one| f64::from(counts[patients[one.patient.as_str()]]));
            drawn.iter().zip(all).map(|(drawn, all)| if drawn.is_nan() { all } else { *drawn }).collect()
        };
        let intervals = bootstrap(patients.len(), drawn);
        table.row(vec![
            way.name.to_owned(),
            found.len().to_string(),
            figure(all[0]),
            interval(intervals[0]),
            figure(all[1]),
            interval(intervals[1]),
        ]);
    }
    table
}

fn main() -> Result<(), Problem> {
    let args = Args::parse();
    let archive = Archive::new(params(args.seed, args.studies, false))?;
    let (_folder, engine) = ingest(&archive)?;
    let truths = truths(&archive)?;
    let mut floors = Floors::of(BLOCK)?;
    let (mut tables, mut notes) = (Vec::new(), Vec::new());
    for (held_out, title) in [(false, "Unseen patients"), (true, "Unseen patients, site and style")] {
        let asked = Archive::new(params(args.seed + 1 + u64::from(held_out), args.queries, held_out))?;
        let found = ask(&engine, &truths, &asked)?;
        notes.push(format!("{title}: {} films searched for among {} studies.", found[0].len(), args.studies));
        if !held_out {
            let [agreement, precision] = figures(&found[ways().len() - 1], |_| 1.0);
            let [plain_agreement, plain_precision] = figures(&found[0], |_| 1.0);
            floors.check("agreement_gain", agreement - plain_agreement);
            floors.check("precision_gain", precision - plain_precision);
        }
        tables.push(table_of(&found));
    }
    let chapter = Chapter { title: "Which cases channels find".to_owned(), notes, tables };
    let markdown = chapter.markdown();
    writeln!(std::io::stdout(), "{}", if args.markdown { markdown.clone() } else { chapter.plain() })?;
    if let Some(path) = &args.write {
        write_block(path, BLOCK, &markdown)?;
    }
    Ok(floors.close()?)
}
