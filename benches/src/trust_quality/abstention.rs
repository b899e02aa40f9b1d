//! How many pictures unlike an archive are said to have no precedent there.

use crate::Problem;
use crate::films::{DAMAGES, Film, Index, MADE, Told, damaged, encode, made};
use crate::statistics::{NAMES, Statistics};
use precedent_benches::figures::{bootstrap, mean};
use precedent_benches::phantoms::png_of;
use precedent_benches::table::{Table, figure, interval};
use precedent_encoder::Encoder;
use precedent_phantom::{Archive, FindingKind, Projection};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// False alarms that are allowed: the default of a search.
pub const RATE: f64 = 0.05;
/// Fewest films with a finding for a row.
const FEWEST: usize = 10;

/// An archive that pictures are held beside.
pub struct Archived<'a> {
    index: Index,
    statistics: Statistics<'a>,
}

impl<'a> Archived<'a> {
    /// The frontal films of some studies.
    pub fn of(encoder: &Encoder, studies: &[&'a Told]) -> Result<Self, Problem> {
        let index = Index::of_phantoms(encoder, studies, Film::is_frontal)?;
        let films =
            studies.iter().flat_map(|told| told.films.iter().filter(|film| film.is_frontal())).collect();
        Ok(Self { index, statistics: Statistics::of(films) })
    }
}

/// A picture that was asked with.
pub struct Asked {
    pub patient: String,
    /// By the engine.
    pub abstains: bool,
    /// By each of [`NAMES`].
    pub p_values: [f64; 5],
}

pub fn ask(archived: &Archived<'_>, films: &[Film]) -> Result<Vec<Asked>, Problem> {
    let one = |film: &Film| -> Result<Asked, Problem> {
        let answer = archived.index.ask(&film.global, Some("PA"), None)?;
        let abstention = answer.abstention.ok_or("the archive is too small for the rate")?;
        Ok(Asked {
            patient: film.patient.clone(),
            abstains: abstention.abstains,
            p_values: archived.statistics.p_values(film),
        })
    };
    films.par_iter().map(one).collect()
}

pub fn table() -> Table {
    let mut head = vec!["pictures", "number", "no precedent", "95 %"];
    head.extend(&NAMES[1..]);
    Table::new(&head)
}

/// The share that is said to have no precedent.
pub fn caught(asked: &[Asked]) -> f64 {
    mean(asked.iter().map(|one| f64::from(one.abstains)))
}

pub fn row(table: &mut Table, name: &str, asked: &[Asked]) {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for one in asked {
        let next = numbers.len();
        numbers.entry(&one.patient).or_insert(next);
    }
    let drawn = bootstrap(numbers.len(), |drawn| {
        let times = asked.iter().map(|one| f64::from(drawn[numbers[one.patient.as_str()]]));
        let (sum, all) = asked.iter().zip(times).fold((0.0, 0.0), |(sum, all), (one, times)| {
            (sum + times * f64::from(one.abstains), all + times)
        });
        vec![sum / all]
    });
    let mut cells = vec![name.to_owned(), asked.len().to_string(), figure(caught(asked)), interval(drawn[0])];
    for kind in 1..NAMES.len() {
        cells.push(figure(mean(asked.iter().map(|one| f64::from(one.p_values[kind] <= RATE)))));
    }
    table.row(cells);
}

/// A picture that is of no patient: each is one of its own.
fn picture(encoder: &Encoder, number: usize, file: &[u8]) -> Result<Film, Problem> {
    let (global, patches) = encode(encoder, file)?;
    Ok(Film { patient: format!("picture {number}"), view: None, global, patches })
}

/// Frontal films of an archive with something done to them.
pub fn with_damage(
    encoder: &Encoder,
    archive: &Archive,
    damage: &str,
    count: usize,
) -> Result<Vec<Film>, Problem> {
    let one = |number: usize| -> Result<Option<Film>, Problem> {
        let study = archive.study(number)?;
        let frontal = study.views.iter().find(|view| view.projection != Projection::Lateral);
        let Some(frontal) = frontal else { return Ok(None) };
        let (global, patches) = encode(encoder, &png_of(&damaged(&frontal.image, damage, number)?)?)?;
        Ok(Some(Film { patient: study.patient.id, view: None, global, patches }))
    };
    let found = (0..archive.len().min(count)).into_par_iter().map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Every set of pictures that are unlike the archive, with its name.
pub fn unlike(
    encoder: &Encoder,
    (archive, told): (&Archive, &[Told]),
    count: usize,
) -> Result<Vec<(String, Vec<Film>)>, Problem> {
    let mut sets = Vec::new();
    for damage in DAMAGES {
        sets.push((damage.to_owned(), with_damage(encoder, archive, damage, count)?));
    }
    let laterals = told.iter().flat_map(|told| told.films.iter().filter(|film| !film.is_frontal()));
    sets.push(("laterals named frontal".to_owned(), laterals.take(count).cloned().collect()));
    for kind in MADE {
        let films =
            (0..count).into_par_iter().map(|number| picture(encoder, number, &png_of(&made(kind, number)?)?));
        sets.push((kind.to_owned(), films.collect::<Result<_, _>>()?));
    }
    Ok(sets)
}

/// The same of real pictures.
pub fn real(encoder: &Encoder, data: &Path, count: usize) -> Result<Vec<(&'static str, Vec<Film>)>, Problem> {
    Ok(vec![
        ("DICOM, no chest", dicom(encoder, data)?),
        ("real chest films", folder_of(encoder, &data.join("covid_cxr/images"), count)?),
        ("real chest films, 64 x 64", folder_of(encoder, &data.join("nih_small/images"), count)?),
    ])
}

fn folder_of(encoder: &Encoder, folder: &Path, count: usize) -> Result<Vec<Film>, Problem> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.sort();
    paths.truncate(count);
    paths
        .par_iter()
        .enumerate()
        .map(|(number, path)| picture(encoder, number, &std::fs::read(path)?))
        .collect()
}

/// The DICOM files that are read and are not known to be chests.
fn dicom(encoder: &Encoder, data: &Path) -> Result<Vec<Film>, Problem> {
    let mut reader = csv::Reader::from_path(data.join("dicom/manifest.csv"))?;
    let mut films = Vec::new();
    for (number, row) in reader.deserialize().enumerate() {
        let row: BTreeMap<String, String> = row?;
        let of = |name: &str| row.get(name).map(String::as_str).unwrap_or_default();
        let is_chest = of("body_part") == "CHEST" || of("family").to_lowercase().contains("chest");
        // Radiographs without a body part may be chests.
        let may_be = matches!(of("modality"), "CR" | "DX" | "OT" | "") && of("body_part").is_empty();
        if is_chest || may_be {
            continue;
        }
        let file = std::fs::read(data.join("dicom/files").join(of("file")))?;
        // Many are damaged by design, or no pictures.
        if precedent_imaging::decode(&file).is_ok() {
            films.push(picture(encoder, number, &file)?);
        }
    }
    Ok(films)
}

/// Films with a finding beside an archive in which no study has it: a row for each finding, the most caught first.
pub fn removed(
    encoder: &Encoder,
    archive: &[Told],
    asked: &[Told],
    table: &mut Table,
) -> Result<(), Problem> {
    let mut rows = Vec::new();
    for kind in FindingKind::ALL {
        let with = asked.iter().filter(|told| told.truth.contains(&kind));
        let films: Vec<Film> =
            with.filter_map(|told| told.films.iter().find(|film| film.is_frontal())).cloned().collect();
        if films.len() < FEWEST {
            continue;
        }
        let without: Vec<&Told> = archive.iter().filter(|told| !told.truth.contains(&kind)).collect();
        rows.push((kind, ask(&Archived::of(encoder, &without)?, &films)?));
    }
    rows.sort_by(|(_, a), (_, b)| caught(b).total_cmp(&caught(a)));
    for (kind, asked) in rows {
        row(table, kind.id(), &asked);
    }
    Ok(())
}

/// What was wrong with the hits of a film, and how sure the answer was.
#[derive(Clone)]
struct Risk {
    /// How far the greatest share is from one half.
    clear: f64,
    /// The p-value of the best match; the similarity tells apart what has the same.
    best: f64,
    /// The share of the first ten hits that have no finding in common with it, where it has any, or have one, where it has none.
    risk: f64,
}

/// How sure an answer is of its hits.
type Sure = fn(&Risk) -> f64;

/// Risk and coverage.
pub struct Risks(Vec<Risk>);

impl Risks {
    pub fn of(index: &Index, told: &[Told], archive: &[Told]) -> Result<Self, Problem> {
        let truth: BTreeMap<&str, &Told> = archive.iter().map(|told| (told.case_id.as_str(), told)).collect();
        let films: Vec<(&Told, &Film)> =
            told.iter().flat_map(|told| told.films.iter().map(move |film| (told, film))).collect();
        let one = |&(told, film): &(&Told, &Film)| -> Result<Risk, Problem> {
            let answer = index.ask(&film.global, film.view, None)?;
            let wrong = |hit: &precedent_query::Hit| {
                let hit = truth.get(hit.case.id.as_str()).map(|other| &other.truth);
                let alike = hit.is_some_and(|hit| {
                    (hit.is_empty() && told.truth.is_empty()) || !hit.is_disjoint(&told.truth)
                });
                f64::from(!alike)
            };
            let votes = answer.consensus.iter().flat_map(|consensus| &consensus.votes);
            let shares = votes.filter_map(|vote| vote.calibrated).map(|found| found.share);
            let best = answer
                .abstention
                .map_or(-1.0, |found| found.p_value + 1e-6 * f64::from(found.similarity.unwrap_or(-1.0)));
            Ok(Risk {
                clear: (2.0 * shares.fold(0.0, f64::max) - 1.0).abs(),
                best,
                risk: mean(answer.hits.iter().map(wrong)),
            })
        };
        Ok(Self(films.par_iter().map(one).collect::<Result<_, _>>()?))
    }

    fn ordered(&self, by: Sure) -> Vec<f64> {
        let mut films = self.0.clone();
        films.sort_by(|a, b| by(b).total_cmp(&by(a)));
        films.into_iter().map(|film| film.risk).collect()
    }

    /// The mean risk of the surest, for each number of them, and the mean of these (the area under the curve).
    fn area(risks: &[f64]) -> f64 {
        let mut sum = 0.0;
        mean(risks.iter().enumerate().map(|(before, risk)| {
            sum += risk;
            sum / (before + 1) as f64
        }))
    }

    /// Areas by the consensus and by chance.
    pub fn areas(&self) -> [f64; 2] {
        [Self::area(&self.ordered(|film| film.clear)), mean(self.0.iter().map(|film| film.risk))]
    }

    pub fn rows(&self, table: &mut Table, name: &str) {
        let ways: [(&str, Sure); 3] = [
            ("consensus", |film| film.clear),
            ("best match", |film| film.best),
            ("risk itself", |film| -film.risk),
        ];
        for (by, sure) in ways {
            let risks = self.ordered(sure);
            let at = |share: f64| {
                let count = (share * risks.len() as f64).round() as usize;
                figure(mean(risks[..count].iter().copied()))
            };
            let mut cells = vec![name.to_owned(), risks.len().to_string(), by.to_owned()];
            cells.extend([1.0, 0.9, 0.8, 0.6, 0.4, 0.2].map(at));
            cells.push(figure(Self::area(&risks)));
            table.row(cells);
        }
    }

    pub fn table() -> Table {
        Table::new(&["films", "number", "surest by", "all", "90 %", "80 %", "60 %", "40 %", "20 %", "area"])
    }
}
