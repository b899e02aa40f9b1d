//! Whether an answer is to be trusted: shares among neighbours against what is true, and pictures unlike the archive.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin trust-quality -- [--studies N] [--queries N] [--others N] [--seed N] [--write FILE]
//! ```
//!
//! Films of unseen phantoms are searched for in an archive of others, their truth known. **Calibration**: the share of each finding
//! among the neighbours, as it is and as the archive's own cases correct it, against the truth; expected calibration error over ten
//! bins of equal width, Brier score, log loss, with bootstraps over patients. With the shared data (`PRECEDENT_DATA`) also Open-i, by
//! human labels, and the covid films. **Abstention**: how many unseen films like the archive's, and how many pictures unlike them, are
//! said to have no precedent at 5 % false alarms; beside it other statistics. **Risk and coverage**: whether hits are better where
//! neighbours agree. Fails where a figure is below its floor in `tests/floors.toml`.

mod abstention;
mod calibration;
mod films;
mod real;
mod statistics;

use abstention::{Archived, Risks};
use calibration::{Vote, counts, votes};
use clap::Parser;
use films::{Film, Index, Told};
use precedent_benches::figures::mean;
use precedent_benches::floors::Floors;
use precedent_benches::output::write_block;
use precedent_benches::phantoms::params;
use precedent_benches::table::{Chapter, Table, figure};
use precedent_encoder::Encoder;
use precedent_model::Report;
use precedent_phantom::{Archive, FindingKind};
use precedent_report::{Lexicon, ReportReader};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

type Problem = Box<dyn Error + Send + Sync>;

/// The block of a document that `--write` replaces.
const BLOCK: &str = "trust-quality";

/// Whether an answer is to be trusted.
#[derive(Debug, Parser)]
struct Args {
    /// Studies in the archive
    #[arg(long, default_value_t = 500)]
    studies: usize,
    /// Studies whose films are searched for, of each kind
    #[arg(long, default_value_t = 300)]
    queries: usize,
    /// Other archives of the same size, in which shares are compared
    #[arg(long, default_value_t = 4)]
    others: usize,
    /// Pictures of each kind that is unlike the archive
    #[arg(long, default_value_t = 200)]
    pictures: usize,
    /// Which phantoms
    #[arg(long, default_value_t = 404)]
    seed: u64,
    /// Leave out archives without a finding
    #[arg(long)]
    short: bool,
    /// Print the tables as Markdown
    #[arg(long)]
    markdown: bool,
    /// Replace the block `trust-quality` of this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// Phantoms that are in no archive.
struct Asked {
    title: &'static str,
    phantoms: Archive,
    told: Vec<Told>,
}

/// The findings that phantoms can show, with all that these are kinds of.
struct Truth {
    lexicon: std::sync::Arc<Lexicon>,
    known: BTreeSet<String>,
}

impl Truth {
    fn of(lexicon: std::sync::Arc<Lexicon>) -> Self {
        let known = FindingKind::ALL.iter().flat_map(|kind| lexicon.broader(kind.id()));
        Self { known: known.map(|id| id.to_string()).collect(), lexicon }
    }

    fn says(&self, truth: &BTreeSet<FindingKind>, finding: &str) -> Option<bool> {
        let is_kind = |kind: &FindingKind| self.lexicon.broader(kind.id()).iter().any(|id| **id == *finding);
        self.known.contains(finding).then(|| truth.iter().any(is_kind))
    }
}

/// The votes on every film of some studies.
fn ask(index: &Index, told: &[Told], truth: &Truth) -> Result<Vec<Vote>, Problem> {
    let reader = ReportReader::new(truth.lexicon.clone());
    let one = |told: &Told| -> Result<Vec<Vote>, Problem> {
        let reading = reader.read(&Report::new(told.sections.clone())?);
        let own = |finding: &str| counts(&truth.lexicon, &reading, finding);
        let mut found = Vec::new();
        for film in &told.films {
            let answer = index.ask(&film.global, film.view, None)?;
            found.extend(votes(&answer, &told.patient, |finding| truth.says(&told.truth, finding), own)?);
        }
        Ok(found)
    };
    Ok(told.par_iter().map(one).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Each vote on the frontal films with the mean share of its finding in other archives; none where neighbours do not name it.
fn elsewhere(
    index: &Index,
    others: &[Index],
    told: &[Told],
    truth: &Truth,
) -> Result<Vec<(Vote, f64)>, Problem> {
    let one = |told: &Told| -> Result<Vec<(Vote, f64)>, Problem> {
        let Some(film) = told.films.iter().find(|film| film.is_frontal()) else { return Ok(Vec::new()) };
        let mut sums: HashMap<String, f64> = HashMap::new();
        for other in others {
            let answer = other.ask(&film.global, film.view, None)?;
            for vote in answer.consensus.iter().flat_map(|consensus| &consensus.votes) {
                *sums.entry(vote.finding.to_string()).or_default() += vote.share / others.len() as f64;
            }
        }
        let answer = index.ask(&film.global, film.view, None)?;
        let found = votes(&answer, &told.patient, |finding| truth.says(&told.truth, finding), |_| 0.0)?;
        let with_mean = |vote: Vote| {
            let mean = sums.get(&*vote.finding).copied().unwrap_or(0.0);
            (vote, mean)
        };
        Ok(found.into_iter().map(with_mean).collect())
    };
    Ok(told.par_iter().map(one).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// A title with its votes in two tables, held against the floors.
fn calibrated(
    chapter: &mut Chapter,
    floors: &mut Floors,
    (name, floor): (&str, &str),
    found: &[Vote],
    of: &str,
) {
    let [error, brier, _] = calibration::scores(found, calibration::ROWS[1]);
    let [_, of_base_rate, _] = calibration::scores(found, calibration::ROWS[2]);
    floors.check(&format!("ece_{floor}"), error);
    floors.check(&format!("brier_gain_{floor}"), of_base_rate - brier);
    let rate = |value: fn(&Vote) -> f64| figure(mean(found.iter().map(value)));
    chapter.notes.push(format!(
        "{name}: {of}, {} shares; {} of the findings are there, {} by the reports.",
        found.len(),
        rate(|vote| vote.truth),
        rate(|vote| vote.own),
    ));
    chapter.tables.push(calibration::table(found));
    chapter.tables.push(calibration::reliability(found));
}

fn main() -> Result<(), Problem> {
    let args = Args::parse();
    let encoder = Encoder::bundled()?;
    let mut floors = Floors::of(BLOCK)?;
    let truth = Truth::of(Lexicon::bundled());
    let archive = films::told(&encoder, &Archive::new(params(args.seed, args.studies, false))?)?;
    let index = Index::of_phantoms(&encoder, &archive.iter().collect::<Vec<_>>(), |_| true)?;
    let mut chapter = Chapter { title: "Shares among neighbours".to_owned(), ..Chapter::default() };
    let mut asked = Vec::new();
    for (held_out, title, floor) in [
        (false, "Phantoms, unseen patients", "patients"),
        (true, "Phantoms, unseen patients, site and style", "all"),
    ] {
        // Another archive of phantoms: its patients are none of those in the index.
        let phantoms = Archive::new(params(args.seed + 1 + u64::from(held_out), args.queries, held_out))?;
        let told = films::told(&encoder, &phantoms)?;
        let films: usize = told.iter().map(|told| told.films.len()).sum();
        let of = format!("{films} films searched for among {} studies", args.studies);
        calibrated(&mut chapter, &mut floors, (title, floor), &ask(&index, &told, &truth)?, &of);
        asked.push(Asked { title, phantoms, told });
    }
    let data = std::env::var_os("PRECEDENT_DATA").map(PathBuf::from);
    let mut real_floors = data.is_some().then(|| Floors::of("trust-quality-real")).transpose()?;
    if let (Some(data), Some(floors)) = (&data, &mut real_floors) {
        let (found, [cases, queries]) = real::openi(data)?;
        let of = format!("{queries} reports searched for by their words among {cases}, human labels");
        calibrated(&mut chapter, floors, ("Open-i", "openi"), &found, &of);
        let (found, [films, patients]) = real::covid(data, &encoder)?;
        let of = format!(
            "{films} films of {patients} patients, either half searched for in the other, by its labels"
        );
        calibrated(&mut chapter, floors, ("Covid films", "covid"), &found, &of);
    }
    let mut chapters = vec![chapter];
    chapters.extend(coverage(&args, &encoder, (&index, &asked[0].told), &truth, &mut floors)?);
    chapters.push(unlike(
        &args,
        &encoder,
        (&archive, &asked),
        data.as_deref(),
        (&mut floors, real_floors.as_mut()),
    )?);
    let mut chapter = Chapter { title: "Risk and coverage".to_owned(), ..Chapter::default() };
    let mut table = Risks::table();
    for Asked { title, told, .. } in &asked {
        let risks = Risks::of(&index, told, &archive)?;
        let [area, chance] = risks.areas();
        floors.check(
            if *title == asked[0].title { "area_gain_patients" } else { "area_gain_all" },
            chance - area,
        );
        risks.rows(&mut table, title);
    }
    chapter.tables.push(table);
    chapters.push(chapter);
    let text = |part: fn(&Chapter) -> String| chapters.iter().map(part).collect::<Vec<_>>().join("\n");
    let markdown = text(Chapter::markdown);
    writeln!(std::io::stdout(), "{}", if args.markdown { markdown.clone() } else { text(Chapter::plain) })?;
    if let Some(path) = &args.write {
        write_block(path, BLOCK, &markdown)?;
    }
    real_floors.map_or(Ok(()), Floors::close)?;
    Ok(floors.close()?)
}

/// Whether intervals hold what other archives say.
fn coverage(
    args: &Args,
    encoder: &Encoder,
    (index, told): (&Index, &[Told]),
    truth: &Truth,
    floors: &mut Floors,
) -> Result<Option<Chapter>, Problem> {
    if args.others == 0 {
        return Ok(None);
    }
    let other = |number: usize| -> Result<Index, Problem> {
        let told = films::told(
            encoder,
            &Archive::new(params(args.seed + 100 + number as u64, args.studies, false))?,
        )?;
        Index::of_phantoms(encoder, &told.iter().collect::<Vec<_>>(), |_| true)
    };
    let others = (0..args.others).map(other).collect::<Result<Vec<_>, _>>()?;
    let pairs = elsewhere(index, &others, told, truth)?;
    let alarms = others.iter().map(|other| false_alarms(other, told)).collect::<Result<Vec<_>, _>>()?;
    let alarms_mean = mean(alarms.iter().copied());
    floors.check("false_alarms_elsewhere", alarms_mean);
    let mut table = Table::new(&["shares", "number", "within the interval", "if it were exact"]);
    for (name, from, to) in
        [("all", 0.0, 1.1), ("below 0.2", 0.0, 0.2), ("0.2 to 0.5", 0.2, 0.5), ("0.5 and above", 0.5, 1.1)]
    {
        let some: Vec<(Vote, f64)> =
            pairs.iter().filter(|(vote, _)| (from..to).contains(&vote.raw[0])).cloned().collect();
        let [held, exact] = calibration::coverage(&some, args.others);
        if name == "all" {
            floors.check("coverage", held);
        }
        table.row(vec![name.to_owned(), some.len().to_string(), figure(held), figure(exact)]);
    }
    let notes = vec![
        format!(
            "The frontal films of unseen patients; the mean share in {} other archives of {} studies.",
            args.others, args.studies
        ),
        format!(
            "In these the same films are said to have no precedent at a rate of {} ({}).",
            figure(alarms_mean),
            alarms.iter().map(|rate| figure(*rate)).collect::<Vec<_>>().join(", ")
        ),
    ];
    Ok(Some(Chapter { title: "Intervals of shares".to_owned(), notes, tables: vec![table] }))
}

/// The share of the frontal films that are said to have no precedent.
fn false_alarms(index: &Index, told: &[Told]) -> Result<f64, Problem> {
    let films: Vec<&Film> =
        told.iter().filter_map(|told| told.films.iter().find(|film| film.is_frontal())).collect();
    let one = |film: &&Film| -> Result<f64, Problem> {
        let answer = index.ask(&film.global, film.view, None)?;
        Ok(f64::from(answer.abstention.ok_or("the archive is too small for the rate")?.abstains))
    };
    Ok(mean(films.par_iter().map(one).collect::<Result<Vec<_>, _>>()?))
}

/// Films like the archive's, and pictures unlike them.
fn unlike(
    args: &Args,
    encoder: &Encoder,
    (archive, asked): (&[Told], &[Asked]),
    data: Option<&std::path::Path>,
    (floors, real_floors): (&mut Floors, Option<&mut Floors>),
) -> Result<Chapter, Problem> {
    let whole = Archived::of(encoder, &archive.iter().collect::<Vec<_>>())?;
    let mut like = abstention::table();
    for Asked { title, told, .. } in asked {
        let frontal = told.iter().filter_map(|told| told.films.iter().find(|film| film.is_frontal()));
        let found = abstention::ask(&whole, &frontal.cloned().collect::<Vec<Film>>())?;
        let name = if *title == asked[0].title { "false_alarms_patients" } else { "false_alarms_all" };
        floors.check(name, abstention::caught(&found));
        abstention::row(&mut like, title, &found);
    }
    let mut foreign = abstention::table();
    let Asked { phantoms, told, .. } = &asked[0];
    let mut shares = Vec::new();
    for (name, films) in abstention::unlike(encoder, (phantoms, told), args.pictures)? {
        let found = abstention::ask(&whole, &films)?;
        shares.push(abstention::caught(&found));
        abstention::row(&mut foreign, &name, &found);
    }
    if let (Some(data), Some(floors)) = (data, real_floors) {
        let mut shares = Vec::new();
        for (name, films) in abstention::real(encoder, data, args.pictures)? {
            let found = abstention::ask(&whole, &films)?;
            shares.push(abstention::caught(&found));
            abstention::row(&mut foreign, name, &found);
        }
        floors.check("caught_real", mean(shares));
    }
    floors.check("caught", mean(shares));
    let mut tables = vec![like, foreign];
    if !args.short {
        let mut table = abstention::table();
        let all: Vec<Told> = asked.iter().flat_map(|asked| asked.told.iter().cloned()).collect();
        abstention::removed(encoder, archive, &all, &mut table)?;
        tables.push(table);
    }
    let notes = vec![format!(
        "Frontal films of {} studies in the archive, {} false alarms allowed. First films like the archive's, then pictures unlike them, \
         then films with a finding that no study of the archive has.",
        args.studies,
        abstention::RATE
    )];
    Ok(Chapter { title: "Pictures without a precedent".to_owned(), notes, tables })
}
