//! How well `image_text` finds films by what they show: by names, other names, abbreviations and denials.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin image-text-quality -- [--studies N] [--seed N] [--write README.md]
//! ```
//!
//! An archive of phantoms is taken in, and each text is asked of it twice: as the encoder alone takes it, and as
//! `image_text` reads it. The truth of a phantom is what was drawn. Fails where a mean is below its floor in
//! `tests/floors.toml`.

use clap::Parser;
use precedent_benches::figures::mean;
use precedent_benches::floors::Floors;
use precedent_benches::output::write_block;
use precedent_benches::table::{Chapter, Table, figure};
use precedent_encoder::Encoder;
use precedent_engine::{Access, Definition, Engine, NewCase};
use precedent_model::{Case, CaseId, Image, PatientKey};
use precedent_phantom::{Archive, ArchiveParams, FindingKind, SITES, Style};
use precedent_query::{Guards, QueryVector, SearchRequest};
use precedent_vector::{Metric, VectorSpace};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

type Problem = Box<dyn Error + Send + Sync>;

/// The block of a document that `--write` replaces.
const BLOCK: &str = "image-text-quality";
/// Hits looked at.
const FIRST: usize = 10;
/// The ways of asking, by the names of the floors of their means.
const WAYS: [&str; 4] = ["by_name", "by_other_name", "by_short_form", "denied"];

/// A finding in the ways in which it is asked for: name, other name, abbreviation or short form, denial.
const ASKED: [(FindingKind, [&str; 4]); 10] = [
    (
        FindingKind::PleuralEffusion,
        ["pleural effusion", "pleural fluid", "effusions", "without pleural effusion"],
    ),
    (FindingKind::Pneumothorax, ["pneumothorax", "pneumothoraces", "ptx", "no pneumothorax"]),
    (
        FindingKind::Consolidation,
        ["consolidation", "pneumonia", "airspace consolidation", "no consolidation"],
    ),
    (FindingKind::PulmonaryEdema, ["pulmonary edema", "fluid overload", "CHF", "no pulmonary edema"]),
    (FindingKind::Cardiomegaly, ["cardiomegaly", "enlarged heart", "cardiac enlargement", "no cardiomegaly"]),
    (FindingKind::Nodule, ["nodule", "lung mass", "nodules", "no nodule"]),
    (
        FindingKind::Atelectasis,
        ["atelectasis", "lobar collapse", "subsegmental atelectasis", "no atelectasis"],
    ),
    (
        FindingKind::EndotrachealTube,
        ["endotracheal tube", "endotracheal tubes", "ETT", "no endotracheal tube"],
    ),
    (
        FindingKind::CentralVenousCatheter,
        ["central venous catheter", "central line", "CVC", "no central line"],
    ),
    (FindingKind::FeedingTube, ["feeding tube", "nasogastric tube", "NG tube", "no feeding tube"]),
];

/// How well `image_text` finds films by what they show.
#[derive(Debug, Parser)]
struct Args {
    /// Studies in the archive
    #[arg(long, default_value_t = 500)]
    studies: usize,
    /// Which archive of phantoms
    #[arg(long, default_value_t = 202)]
    seed: u64,
    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,
    /// Replace the block `image-text-quality` of this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// An index of phantoms with what is truly in each.
struct Pool {
    engine: Engine,
    truth: HashMap<String, BTreeSet<FindingKind>>,
    _folder: tempfile::TempDir,
}

impl Pool {
    fn make(args: &Args, encoder: &Encoder) -> Result<Self, Problem> {
        let archive = Archive::new(ArchiveParams {
            seed: args.seed,
            studies: args.studies,
            size: 256,
            styles: Style::ALL.to_vec(),
            sites: SITES.iter().map(|site| site.id).collect(),
        })?;
        let made = (0..archive.len()).into_par_iter().map(|number| study(&archive, encoder, number));
        let made = made.collect::<Result<Vec<_>, Problem>>()?;
        let folder = tempfile::tempdir()?;
        let mut definition = Definition::chest_xray()?;
        definition.image_space = Some(VectorSpace::new(encoder.dimension(), Metric::Cosine, encoder.id())?);
        Engine::create(folder.path(), &definition)?;
        let engine = Engine::open(folder.path(), Access::Bulk)?;
        let (cases, truth): (Vec<NewCase>, Vec<_>) = made.into_iter().unzip();
        let truth = cases.iter().map(|new| new.case.id.as_str().to_owned()).zip(truth).collect();
        for outcome in engine.ingest(cases)? {
            outcome.map_err(|wrong| format!("{wrong:?}"))?;
        }
        engine.commit()?;
        Ok(Self { engine, truth, _folder: folder })
    }

    /// Share of the cases that truly have a finding.
    fn prevalence(&self, kind: FindingKind) -> f64 {
        mean(self.truth.values().map(|truth| f64::from(truth.contains(&kind))))
    }

    /// Share of the first hits, one per patient, that have the finding, or lack it where that is wanted.
    fn precision(&self, request: SearchRequest, kind: FindingKind, wanted: bool) -> Result<f64, Problem> {
        let guards = Guards { include_same_patient: true, ..Guards::default() };
        let answer = self.engine.view().search(&SearchRequest { guards, ..request }, &|| false)?;
        let right = |id: &str| self.truth.get(id).is_some_and(|truth| truth.contains(&kind) == wanted);
        let hits = answer.hits.iter().take(FIRST);
        Ok(hits.filter(|hit| right(hit.case.id.as_str())).count() as f64 / FIRST as f64)
    }
}

fn study(
    archive: &Archive,
    encoder: &Encoder,
    number: usize,
) -> Result<(NewCase, BTreeSet<FindingKind>), Problem> {
    let study = archive.study(number)?;
    let mut case = Case::new(CaseId::new(&format!("study-{number}"))?);
    case.patient = Some(PatientKey::new(&study.patient.id, None)?);
    let mut embeddings = Vec::new();
    for view in &study.views {
        let values = encoder.encode_image(&view.image)?.global;
        embeddings.push(Some(QueryVector { values, encoder_id: encoder.id().to_owned() }));
        case.images.push(Image::default());
    }
    let truth = study.truth.iter().map(|finding| finding.kind).collect();
    Ok((NewCase { embeddings, ..NewCase::new(case) }, truth))
}

fn main() -> Result<(), Problem> {
    let args = Args::parse();
    let encoder = Encoder::bundled()?;
    let pool = Pool::make(&args, &encoder)?;
    let mut table = Table::new(&[
        "finding",
        "chance",
        "name, before",
        "name",
        "other name, before",
        "other name",
        "short, before",
        "short",
        "denied, before",
        "denied",
    ]);
    let mut columns: [Vec<f64>; 8] = Default::default();
    for (kind, texts) in ASKED {
        let mut row = vec![kind.id().to_owned(), figure(pool.prevalence(kind))];
        for (way, text) in texts.iter().enumerate() {
            let wanted = way < 3;
            let values = encoder.encode_text(text)?;
            let vector = QueryVector { values, encoder_id: encoder.id().to_owned() };
            let before = SearchRequest { vectors: vec![vector], ..SearchRequest::default() };
            let read = SearchRequest { image_text: Some((*text).to_owned()), ..SearchRequest::default() };
            for (column, request) in [(2 * way, before), (2 * way + 1, read)] {
                let precision = pool.precision(request, kind, wanted)?;
                columns[column].push(precision);
                row.push(figure(precision));
            }
        }
        table.row(row);
    }
    let means: Vec<f64> = columns.iter().map(|column| mean(column.iter().copied())).collect();
    table.row(
        ["mean".to_owned(), String::new()]
            .into_iter()
            .chain(means.iter().map(|&mean| figure(mean)))
            .collect(),
    );
    let chapter = Chapter {
        title: format!("Words to film through `image_text`, precision@{FIRST}"),
        notes: vec![format!(
            "{} studies of phantoms, seed {}; one hit per patient. Before: the text as the encoder alone takes it. A denial is \
             right where the film does not show the finding.",
            args.studies, args.seed
        )],
        tables: vec![table],
    };
    let markdown = chapter.markdown();
    let shown = if args.markdown { markdown.clone() } else { chapter.plain() };
    writeln!(std::io::stdout(), "{shown}")?;
    if let Some(path) = &args.write {
        write_block(path, BLOCK, &markdown)?;
    }
    let mut floors = Floors::of("image-text-quality")?;
    for (way, &[_, read]) in WAYS.into_iter().zip(means.as_chunks().0) {
        floors.check(way, read);
    }
    Ok(floors.close()?)
}
