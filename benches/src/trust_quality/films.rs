//! Films as an encoder sees them, and pictures that are no films like those of the archive.

use crate::Problem;
use precedent_benches::figures::SplitMix;
use precedent_benches::phantoms::png_of;
use precedent_encoder::Encoder;
use precedent_engine::{Access, Definition, Engine, NewCase};
use precedent_model::{Case, CaseId, GreyImage, Image, PatientKey, Report, SectionKind};
use precedent_phantom::{Archive, FindingKind, Projection};
use precedent_query::{EncodedQueryImage, Judgement, QueryVector, SearchRequest, SearchResponse};
use precedent_vector::{Metric, VectorSpace};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// One picture.
#[derive(Debug, Clone)]
pub struct Film {
    /// Whose it is.
    pub patient: String,
    pub view: Option<&'static str>,
    pub global: Vec<f32>,
    /// The vectors of its cells, one after the other.
    pub patches: Vec<f32>,
}

impl Film {
    pub fn is_frontal(&self) -> bool {
        self.view == Some("PA")
    }
}

/// A study of phantoms, its pictures encoded.
#[derive(Debug, Clone)]
pub struct Told {
    pub case_id: String,
    pub patient: String,
    pub sections: Vec<(SectionKind, String)>,
    pub truth: BTreeSet<FindingKind>,
    pub films: Vec<Film>,
}

pub fn encode(encoder: &Encoder, file: &[u8]) -> Result<(Vec<f32>, Vec<f32>), Problem> {
    let code = encoder.encode_image(&precedent_imaging::decode(file)?.image)?;
    let patches = encoder.local_patches(&code.patches);
    Ok((code.global, patches))
}

/// Every study of an archive of phantoms.
pub fn told(encoder: &Encoder, archive: &Archive) -> Result<Vec<Told>, Problem> {
    let one = |number: usize| {
        let study = archive.study(number)?;
        let films = study.views.iter().map(|view| -> Result<Film, Problem> {
            let (global, patches) = encode(encoder, &png_of(&view.image)?)?;
            let name = if view.projection == Projection::Lateral { "LATERAL" } else { "PA" };
            Ok(Film { patient: study.patient.id.clone(), view: Some(name), global, patches })
        });
        Ok(Told {
            films: films.collect::<Result<_, _>>()?,
            case_id: study.case_id,
            patient: study.patient.id,
            sections: study.report.sections,
            truth: study.truth.iter().map(|finding| finding.kind).collect(),
        })
    };
    (0..archive.len()).into_par_iter().map(one).collect()
}

/// A case with its embeddings.
pub fn new_case(
    (id, patient): (&str, &str),
    sections: Vec<(SectionKind, String)>,
    embeddings: Vec<(Option<&'static str>, QueryVector)>,
) -> Result<NewCase, Problem> {
    let mut case = Case::new(CaseId::new(id)?);
    case.patient = Some(PatientKey::new(patient, None)?);
    case.report = Some(Report::new(sections)?);
    let (views, vectors): (Vec<_>, Vec<_>) = embeddings.into_iter().unzip();
    case.images =
        views.iter().map(|view| Image { name: String::new(), view: view.map(str::to_owned) }).collect();
    Ok(NewCase { embeddings: vectors.into_iter().map(Some).collect(), ..NewCase::new(case) })
}

/// An index of cases in a space; it lies in the folder.
pub struct Index {
    pub engine: Engine,
    pub encoder_id: String,
    _folder: tempfile::TempDir,
}

impl Index {
    pub fn of(
        dimension: usize,
        encoder_id: &str,
        lexicon: &str,
        cases: Vec<NewCase>,
    ) -> Result<Self, Problem> {
        let folder = tempfile::tempdir()?;
        let mut definition = Definition::chest_xray()?;
        definition.image_space = Some(VectorSpace::new(dimension, Metric::Cosine, encoder_id)?);
        definition.lexicon = toml::from_str(lexicon)?;
        Engine::create(folder.path(), &definition)?;
        let engine = Engine::open(folder.path(), Access::Bulk)?;
        for outcome in engine.ingest(cases)? {
            outcome.map_err(|wrong| format!("{wrong:?}"))?;
        }
        engine.commit()?;
        Ok(Self { engine, encoder_id: encoder_id.to_owned(), _folder: folder })
    }

    /// An index of phantoms, with those pictures of theirs.
    pub fn of_phantoms(
        encoder: &Encoder,
        studies: &[&Told],
        keeps: impl Fn(&Film) -> bool,
    ) -> Result<Self, Problem> {
        let case = |told: &&Told| {
            let kept = told.films.iter().filter(|film| keeps(film));
            let vector = |film: &Film| QueryVector {
                values: film.global.clone(),
                encoder_id: encoder.id().to_owned(),
            };
            let embeddings = kept.map(|film| (film.view, vector(film))).collect();
            new_case((&told.case_id, &told.patient), told.sections.clone(), embeddings)
        };
        let cases = studies.iter().map(case).collect::<Result<Vec<_>, _>>()?;
        Self::of(encoder.dimension(), encoder.id(), "", cases)
    }

    /// The answer to a picture.
    pub fn ask(
        &self,
        values: &[f32],
        view: Option<&str>,
        patient: Option<&str>,
    ) -> Result<SearchResponse, Problem> {
        let image = EncodedQueryImage {
            embedding: QueryVector { values: values.to_vec(), encoder_id: self.encoder_id.clone() },
            view: view.map(str::to_owned),
            patient: patient.map(|patient| PatientKey::new(patient, None)).transpose()?,
            study_date: None,
            view_position: None,
            local: None,
        };
        let request = SearchRequest {
            encoded_images: vec![image],
            judgement: Judgement::Auto,
            ..SearchRequest::default()
        };
        Ok(self.engine.view().search(&request, &|| false)?)
    }
}

/// Brightness from 0 to 1, row by row, as something is done to it.
struct Canvas {
    side: usize,
    values: Vec<f64>,
}

impl Canvas {
    fn of(film: &GreyImage) -> Self {
        let values = film.pixels().iter().map(|pixel| f64::from(*pixel) / f64::from(u16::MAX)).collect();
        Self { side: film.width() as usize, values }
    }

    fn made(side: usize, value: impl Fn(f64, f64) -> f64) -> Self {
        let at =
            |place: usize| value((place % side) as f64 / side as f64, (place / side) as f64 / side as f64);
        Self { side, values: (0..side * side).map(at).collect() }
    }

    fn image(&self) -> Result<GreyImage, Problem> {
        let side = self.side as u32;
        let pixel = |value: &f64| (value.clamp(0.0, 1.0) * f64::from(u16::MAX)) as u16;
        Ok(GreyImage::new(side, side, self.values.iter().map(pixel).collect())?)
    }

    fn moved(&self, from: impl Fn(usize, usize) -> (usize, usize)) -> Self {
        let side = self.side;
        let at = |place: usize| {
            let (column, row) = from(place % side, place / side);
            self.values[row * side + column]
        };
        Self { side, values: (0..side * side).map(at).collect() }
    }

    fn each(&self, change: impl Fn(f64, usize, usize) -> f64) -> Self {
        let side = self.side;
        let values = self.values.iter().enumerate();
        Self {
            side,
            values: values.map(|(place, value)| change(*value, place % side, place / side)).collect(),
        }
    }

    /// Means over squares, three times: nearly what a lens out of focus does.
    fn blurred(&self, reach: usize) -> Self {
        let side = self.side;
        let mut values = self.values.clone();
        for _ in 0..3 {
            for across in [true, false] {
                let before = values.clone();
                let at = |line: usize, along: usize| {
                    if across { line * side + along } else { along * side + line }
                };
                for line in 0..side {
                    for along in 0..side {
                        let from = along.saturating_sub(reach);
                        let to = (along + reach).min(side - 1);
                        let sum: f64 = (from..=to).map(|other| before[at(line, other)]).sum();
                        values[at(line, along)] = sum / (to - from + 1) as f64;
                    }
                }
            }
        }
        Self { side, values }
    }
}

/// What is done to a film of the archive's kind.
pub const DAMAGES: [&str; 10] = [
    "inverted",
    "turned by 90 degrees",
    "turned by 180 degrees",
    "mirrored",
    "half black",
    "noise, 15 % of the range",
    "noise, 30 % of the range",
    "blurred to nothing",
    "window far too narrow",
    "window far too dark",
];

pub fn damaged(film: &GreyImage, damage: &str, number: usize) -> Result<GreyImage, Problem> {
    let canvas = Canvas::of(film);
    let last = canvas.side - 1;
    let noisy = |by: f64| {
        let mut random = SplitMix::of(17, number as u64);
        let values = canvas.values.iter().map(|value| value + by * random.normal()).collect();
        Canvas { side: canvas.side, values }
    };
    let half = canvas.side / 2;
    let done = match damage {
        "inverted" => canvas.each(|value, _, _| 1.0 - value),
        "turned by 90 degrees" => canvas.moved(|column, row| (row, last - column)),
        "turned by 180 degrees" => canvas.moved(|column, row| (last - column, last - row)),
        "mirrored" => canvas.moved(|column, row| (last - column, row)),
        "half black" => canvas.each(|value, column, row| {
            let black = [row < half, row >= half, column < half, column >= half][number % 4];
            if black { 0.0 } else { value }
        }),
        "noise, 15 % of the range" => noisy(0.15),
        "noise, 30 % of the range" => noisy(0.3),
        "blurred to nothing" => canvas.blurred(24),
        "window far too narrow" => canvas.each(|value, _, _| 8.0 * (value - 0.6)),
        _ => canvas.each(|value, _, _| 0.15 * value * value),
    };
    done.image()
}

/// Pictures that nobody took.
pub const MADE: [&str; 6] = ["noise alone", "gradients", "cloudy textures", "shapes", "limbs", "skulls"];

pub fn made(kind: &str, number: usize) -> Result<GreyImage, Problem> {
    const SIDE: usize = 256;
    let mut random = SplitMix::of(23, number as u64);
    let canvas = match kind {
        "noise alone" => Canvas { side: SIDE, values: (0..SIDE * SIDE).map(|_| random.uniform()).collect() },
        "gradients" => {
            let (sine, cosine) = (std::f64::consts::TAU * random.uniform()).sin_cos();
            Canvas::made(SIDE, |x, y| 0.5 + 0.7 * (cosine * (x - 0.5) + sine * (y - 0.5)))
        }
        "cloudy textures" => {
            // Noise at several scales, each as strong as it is coarse.
            let mut sum = Canvas::made(SIDE, |_, _| 0.5);
            for reach in [1, 3, 9, 27] {
                let noise =
                    Canvas { side: SIDE, values: (0..SIDE * SIDE).map(|_| random.uniform() - 0.5).collect() };
                let blurred = noise.blurred(reach);
                let size = blurred.values.iter().map(|value| value * value).sum::<f64>().sqrt() / SIDE as f64;
                let share = 0.1 * random.uniform() + 0.05;
                sum.values
                    .iter_mut()
                    .zip(&blurred.values)
                    .for_each(|(sum, value)| *sum += share * value / size);
            }
            sum
        }
        "shapes" => {
            let count = 2 + random.below(7);
            let shapes: Vec<[f64; 5]> =
                (0..count).map(|_| std::array::from_fn(|_| random.uniform())).collect();
            Canvas::made(SIDE, |x, y| {
                let covers = |[left, top, size, _, kind]: &&[f64; 5]| {
                    let (across, down, size) = ((x - left).abs(), (y - top).abs(), 0.05 + 0.3 * size);
                    if *kind < 0.5 { across.hypot(down) < size } else { across < size && down < 0.6 * size }
                };
                shapes.iter().rev().find(covers).map_or(0.1, |shape| 0.2 + 0.8 * shape[3])
            })
        }
        "limbs" => {
            let (lean, width) = (0.6 * random.uniform() - 0.3, 0.2 + 0.12 * random.uniform());
            let (bone, two) = (0.035 + 0.03 * random.uniform(), number.is_multiple_of(2));
            Canvas::made(SIDE, |x, y| {
                let (sine, cosine) = f64::sin_cos(lean);
                let across = (x - 0.5) * cosine + (y - 0.5) * sine;
                let along = (y - 0.5) * cosine - (x - 0.5) * sine;
                if across.abs() > width {
                    return 0.02;
                }
                let flesh = 0.25 + 0.2 * (1.0 - (across / width).powi(2)).sqrt();
                let bone = bone + 0.025 * (-((along.abs() - 0.5) / 0.12).powi(2)).exp();
                let from_bone = if two { (across.abs() - 0.08).abs() } else { across.abs() };
                if from_bone < bone { flesh + 0.35 - 0.15 * (1.0 - from_bone / bone) } else { flesh }
            })
        }
        _ => {
            let (wide, high) = (0.29 + 0.08 * random.uniform(), 0.37 + 0.08 * random.uniform());
            Canvas::made(SIDE, |x, y| {
                let from_middle = ((x - 0.5) / wide).hypot((y - 0.49) / high);
                let orbit =
                    |side: f64| (-(((x - 0.5 - side) / 0.07).powi(2) + ((y - 0.64) / 0.055).powi(2))).exp();
                let inside = match from_middle {
                    0.0..0.9 => 0.37 + 0.08 * (1.0 - from_middle),
                    0.9..1.0 => 0.74,
                    _ => 0.02,
                };
                inside - 0.14 * (orbit(0.125) + orbit(-0.125))
            })
        }
    };
    canvas.image()
}
