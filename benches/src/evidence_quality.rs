//! Whether evidence points at what it speaks of: sentences of hits beside the true boxes of phantoms.
//!
//! ```text
//! cargo run --release -p precedent-benches --bin evidence-quality -- [--studies N] [--queries N] [--seed N] [--write FILE]
//! ```
//!
//! Films of unseen phantoms are searched for in an archive of others. For each finding that a film truly shows, the first hit whose
//! evidence states it gives its sentence, and the sentence its best cell and its map. Pointing game (Zhang et al., ECCV 2016): is the
//! centre of the best cell inside a true box? Contrast to noise (Boecking et al., ECCV 2022): difference of the means inside and
//! outside of the boxes / root of the sum of both variances. Beside them the sentence of the film's own report, the middle of the
//! film, and a cell drawn at random. Intervals: bootstrap over patients. Fails where a figure is below its floor in
//! `tests/floors.toml`.

use clap::Parser;
use precedent_benches::figures::{bootstrap, mean};
use precedent_benches::floors::Floors;
use precedent_benches::output::write_block;
use precedent_benches::phantoms::{ingest, params, png_of, view_name};
use precedent_benches::table::{Chapter, Table, figure, interval};
use precedent_engine::Engine;
use precedent_model::{ImageGrid, Outline, Region};
use precedent_phantom::{Archive, FindingKind, Study};
use precedent_query::{EvidenceRequest, Guards, QueryImage, SearchRequest, SearchResponse};
use precedent_report::Lexicon;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

type Problem = Box<dyn Error + Send + Sync>;

/// The block of a document that `--write` replaces.
const BLOCK: &str = "evidence-quality";
/// Fewest films that show a finding for it to count in the mean.
const FEWEST: usize = 10;

/// Whether evidence points at what it speaks of.
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
    /// Replace the block `evidence-quality` of this document
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// One finding that one film truly shows.
struct Shown {
    patient: String,
    kind: FindingKind,
    /// By the sentence that was returned; `None` if no hit states the finding.
    returned: Option<Pointed>,
    /// By the sentence of the film's own report, if that states it.
    own: Option<Pointed>,
    middle: f64,
    random: f64,
}

/// Whether the best cell lies in a true box, and the contrast of the map.
#[derive(Clone, Copy)]
struct Pointed {
    inside: f64,
    contrast: f64,
}

/// Every film of an archive searched for, held against the truth; and how many films.
fn ask(engine: &Engine, asked: &Archive) -> Result<(Vec<Shown>, usize), Problem> {
    let (_folder, own) = ingest(asked)?;
    let (mut shown, mut films) = (Vec::new(), 0);
    for study in asked.studies() {
        let study = study?;
        films += study.views.len();
        shown.extend(of_study(engine, &own, &study)?);
    }
    Ok((shown, films))
}

/// `own` holds the study itself, among the others that are asked.
fn of_study(engine: &Engine, own: &Engine, study: &Study) -> Result<Vec<Shown>, Problem> {
    let mut shown = Vec::new();
    for view in &study.views {
        let image =
            QueryImage { content: png_of(&view.image)?, view: Some(view_name(view.projection).to_owned()) };
        let request = SearchRequest {
            images: vec![image],
            guards: Guards { include_same_patient: true, ..Guards::default() },
            evidence: EvidenceRequest::Sentences(10),
            evidence_maps: true,
            ..SearchRequest::default()
        };
        let answer = engine.view().search(&request, &|| false)?;
        let mut of_itself = own.view().search(&request, &|| false)?;
        of_itself.hits.retain(|hit| hit.case.id.as_str() == study.case_id);
        let [explained] = answer.explained.as_slice() else { return Err("a film is not explained".into()) };
        let mut boxes: BTreeMap<FindingKind, Vec<Region>> = BTreeMap::new();
        for (finding, region) in &view.boxes {
            boxes.entry(study.truth[*finding].kind).or_default().push(*region);
        }
        for (kind, boxes) in boxes {
            let inside = inside(&explained.grid, &boxes)?;
            let centres = centres(&explained.grid, &boxes);
            let pointed =
                |answer: &SearchResponse| first(answer, kind).map(|map| point(map, &inside, &centres));
            let middle =
                explained.grid.columns() * (explained.grid.rows() / 2) + explained.grid.columns() / 2;
            shown.push(Shown {
                patient: study.patient.id.clone(),
                kind,
                returned: pointed(&answer),
                own: pointed(&of_itself),
                middle: f64::from(centres[middle]),
                random: mean(centres.iter().map(|&in_box| f64::from(in_box))),
            });
        }
    }
    Ok(shown)
}

/// The map of the first sentence that states a finding of this kind.
fn first(answer: &SearchResponse, kind: FindingKind) -> Option<&[f32]> {
    let lexicon = Lexicon::bundled();
    let states = |id: &str| lexicon.broader(id).iter().any(|broader| &**broader == kind.id());
    let evidence = answer.hits.iter().flat_map(|hit| &hit.evidence);
    let mut stating = evidence.filter(|evidence| evidence.findings.iter().any(|(id, _)| states(id)));
    stating.next().map(|evidence| evidence.query.map.as_slice())
}

/// Which cells lie in a box with at least half of their area, or are the cell that has most of one.
fn inside(grid: &ImageGrid, boxes: &[Region]) -> Result<Vec<bool>, Problem> {
    let mut inside = vec![false; grid.cells()];
    for region in boxes {
        let chosen = precedent_model::chosen_cells(&grid.shares(&Outline::Box(*region))?);
        inside.iter_mut().zip(chosen).for_each(|(inside, chosen)| *inside |= chosen);
    }
    Ok(inside)
}

/// Whether the centre of each cell lies in a box, or the box is so small that it lies in the cell.
fn centres(grid: &ImageGrid, boxes: &[Region]) -> Vec<bool> {
    let within = |region: &Region, x: f64, y: f64| {
        let (left, top) = (f64::from(region.x), f64::from(region.y));
        (left..left + f64::from(region.width)).contains(&x)
            && (top..top + f64::from(region.height)).contains(&y)
    };
    let in_box = |cell: usize| {
        let Some(found) = grid.cell_box(cell) else { return false };
        let (x, y) = centre(found);
        boxes.iter().any(|region| {
            let (middle_x, middle_y) = centre(*region);
            within(region, x, y) || within(&found, middle_x, middle_y)
        })
    };
    (0..grid.cells()).map(in_box).collect()
}

fn centre(region: Region) -> (f64, f64) {
    let middle = |at: u32, length: u32| f64::from(at) + f64::from(length) / 2.0;
    (middle(region.x, region.width), middle(region.y, region.height))
}

fn point(map: &[f32], inside: &[bool], centres: &[bool]) -> Pointed {
    let best = (0..map.len()).fold(0, |best, cell| if map[cell] > map[best] { cell } else { best });
    let of = |wanted: bool| -> (f64, f64) {
        let values: Vec<f64> = (map.iter().zip(inside))
            .filter(|(_, inside)| **inside == wanted)
            .map(|(value, _)| f64::from(*value))
            .collect();
        let middle = mean(values.iter().copied());
        (middle, mean(values.iter().map(|value| (value - middle).powi(2))))
    };
    let ((within, within_variance), (without, without_variance)) = (of(true), of(false));
    let noise = (within_variance + without_variance).sqrt();
    let contrast = if noise > 0.0 { (within - without) / noise } else { 0.0 };
    Pointed { inside: f64::from(centres[best]), contrast }
}

/// The mean over findings of the means over their films, for findings with at least so many. Patients count as often as drawn; NaN
/// where nothing counts.
fn over_findings(
    shown: &[&Shown],
    fewest: usize,
    times: impl Fn(&Shown) -> f64,
    value: impl Fn(&Shown) -> Option<f64>,
) -> f64 {
    let mut by_kind: BTreeMap<FindingKind, (usize, f64, f64)> = BTreeMap::new();
    for one in shown {
        let Some(value) = value(one) else { continue };
        let (films, weight, sum) = by_kind.entry(one.kind).or_default();
        *films += 1;
        *weight += times(one);
        *sum += times(one) * value;
    }
    let enough = by_kind.into_values().filter(|(films, weight, _)| *films >= fewest && *weight > 0.0);
    let means: Vec<f64> = enough.map(|(_, weight, sum)| sum / weight).collect();
    if means.is_empty() { f64::NAN } else { mean(means) }
}

/// A figure, and its 95 % interval by drawing patients.
fn with_interval(shown: &[&Shown], fewest: usize, value: impl Fn(&Shown) -> Option<f64>) -> [String; 2] {
    let found = over_findings(shown, fewest, |_| 1.0, &value);
    if found.is_nan() {
        return ["-".to_owned(), "-".to_owned()];
    }
    let patients: BTreeMap<&str, usize> =
        shown.iter().map(|one| one.patient.as_str()).collect::<BTreeSet<_>>().into_iter().zip(0..).collect();
    let drawn = |counts: &[u32]| {
        let times = |one: &Shown| f64::from(counts[patients[one.patient.as_str()]]);
        let drawn = over_findings(shown, fewest, times, &value);
        vec![if drawn.is_nan() { found } else { drawn }]
    };
    [figure(found), interval(bootstrap(patients.len(), drawn).swap_remove(0))]
}

fn pointing(shown: &Shown) -> Option<f64> {
    shown.returned.map(|pointed| pointed.inside)
}

fn table_of(shown: &[Shown]) -> Table {
    let mut table = Table::new(&[
        "finding",
        "films",
        "returned",
        "pointing",
        "95 %",
        "contrast",
        "95 %",
        "own sentence",
        "middle",
        "random",
    ]);
    let all: Vec<&Shown> = shown.iter().collect();
    let of_kind =
        |kind: FindingKind| -> Vec<&Shown> { shown.iter().filter(|shown| shown.kind == kind).collect() };
    let kinds = FindingKind::ALL.into_iter().map(|kind| (kind.id(), of_kind(kind), 1));
    let rows = kinds.filter(|(_, of, _)| of.len() >= FEWEST).chain([("mean over findings", all, FEWEST)]);
    for (name, of, fewest) in rows {
        let plain = |value: &dyn Fn(&Shown) -> Option<f64>| {
            let found = over_findings(&of, fewest, |_| 1.0, value);
            if found.is_nan() { "-".to_owned() } else { figure(found) }
        };
        let returned = figure(mean(of.iter().map(|one| f64::from(one.returned.is_some()))));
        let [pointing, pointing_interval] = with_interval(&of, fewest, pointing);
        let [contrast, contrast_interval] =
            with_interval(&of, fewest, |one| one.returned.map(|pointed| pointed.contrast));
        table.row(vec![
            name.to_owned(),
            of.len().to_string(),
            returned,
            pointing,
            pointing_interval,
            contrast,
            contrast_interval,
            plain(&|one| one.own.map(|pointed| pointed.inside)),
            plain(&|one| Some(one.middle)),
            plain(&|one| Some(one.random)),
        ]);
    }
    table
}

fn main() -> Result<(), Problem> {
    let args = Args::parse();
    let pool = Archive::new(params(args.seed, args.studies, false))?;
    let (_folder, engine) = ingest(&pool)?;
    let mut floors = Floors::of(BLOCK)?;
    let (mut tables, mut notes) = (Vec::new(), Vec::new());
    for (held_out, title, floor) in [
        (false, "Unseen patients", "pointing_patients"),
        (true, "Unseen patients, site and style", "pointing_all"),
    ] {
        // Another archive of phantoms: its patients are none of those in the index.
        let asked = Archive::new(params(args.seed + 1 + u64::from(held_out), args.queries, held_out))?;
        let (shown, films) = ask(&engine, &asked)?;
        let all: Vec<&Shown> = shown.iter().collect();
        floors.check(floor, over_findings(&all, FEWEST, |_| 1.0, pointing));
        notes.push(format!("{title}: {films} films searched for among {} studies.", args.studies));
        tables.push(table_of(&shown));
    }
    let chapter = Chapter { title: "Where evidence points".to_owned(), notes, tables };
    let markdown = chapter.markdown();
    writeln!(std::io::stdout(), "{}", if args.markdown { markdown.clone() } else { chapter.plain() })?;
    if let Some(path) = &args.write {
        write_block(path, BLOCK, &markdown)?;
    }
    Ok(floors.close()?)
}
