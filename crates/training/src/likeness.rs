//! Likeness and view, worked out at once from what the finished towers see.
//!
//! Of some films several variations are shown to the tower. Likeness reads the directions along which different films are
//! furthest apart compared with variations of one film (Fisher's discriminant with a film as a class), each with the same
//! weight, so that two films with nothing in common are near a right angle and leave the order by findings as it is. View
//! is the discriminant of lateral and frontal films.

use crate::augment::vary;
use crate::gather::{Archive, Film};
use crate::linear::{Factor, Square, dot, telling_directions};
use crate::{Progress, TrainingError};
use candle_core::{Device, Tensor};
use precedent_encoder::{Architecture, ImageTower, Square as Picture, Weights, spread};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Films that are looked at, at most: three times as many as there are numbers to read from.
const MOST_FILMS: usize = 1500;
/// Variations of each.
const VARIATIONS: usize = 4;
/// Share by which the scatter of variations is raised for likeness.
const LIKENESS_RIDGE: f64 = 0.1;
/// Least difference of films along a direction, as a share of that of variations: below it there are only rounding errors.
const LEAST_RATIO: f64 = 1e-6;
/// The same ridge for view: real films differ from phantoms in more than phantoms do among each other.
const VIEW_RIDGE: f64 = 1.0;
/// How sharply films are told to be lateral or frontal, where 1 is the way from the mean frontal to the mean lateral film.
const VIEW_SHARPNESS: f64 = 10.0;

/// A film as its variations look to the tower.
struct Seen {
    lateral: bool,
    variations: Vec<Vec<f64>>,
}

/// The towers of `weights` with maps of likeness and view that fit them, by the films of an archive.
pub(crate) fn fit(
    architecture: &Architecture,
    weights: &Weights,
    archive: &Archive,
    seed: u64,
    progress: &(dyn Fn(Progress) -> bool + Sync),
) -> Result<Weights, TrainingError> {
    let films = look(architecture, weights, archive, seed, progress)?;
    let likeness = likeness(&films, architecture).ok_or(TrainingError::Alike)?;
    let mut tensors: BTreeMap<String, Tensor> =
        weights.iter().map(|(name, tensor)| (name.to_owned(), tensor.clone())).collect();
    for (name, (directions, offsets)) in [("likeness", likeness), ("view", view(&films, architecture))] {
        let (width, count) = (architecture.appearance_width(), directions.len());
        let by_row = (0..width).flat_map(|row| directions.iter().map(move |column| column[row] as f32));
        let by_row: Vec<f32> = by_row.collect();
        let offsets: Vec<f32> = offsets.into_iter().map(|offset| offset as f32).collect();
        tensors
            .insert(format!("image.{name}.weight"), Tensor::from_vec(by_row, (width, count), &Device::Cpu)?);
        tensors.insert(format!("image.{name}.bias"), Tensor::from_vec(offsets, count, &Device::Cpu)?);
    }
    Ok(Weights::new(architecture, tensors)?)
}

/// Shows films to the tower, the first of the archive.
fn look(
    architecture: &Architecture,
    weights: &Weights,
    archive: &Archive,
    seed: u64,
    progress: &(dyn Fn(Progress) -> bool + Sync),
) -> Result<Vec<Seen>, TrainingError> {
    let tower = ImageTower::new(architecture, weights)?;
    let films = archive.studies.iter().flat_map(|study| &study.films).take(MOST_FILMS).enumerate();
    let films: Vec<(usize, &Film)> = films.collect();
    let total = films.len();
    let done = AtomicUsize::new(0);
    let look = |(number, film): (usize, &Film)| -> Result<Seen, TrainingError> {
        if !progress(Progress::Looked(done.fetch_add(1, Ordering::Relaxed) + 1, total)) {
            return Err(TrainingError::Stopped);
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Streams from the far end: those of the steps begin at 0, and the last is that of the first weights.
        random.set_stream(u64::MAX - 1 - number as u64);
        let side = architecture.side;
        let pictures = (0..VARIATIONS)
            .filter_map(|_| Picture::whole(side, vary(&film.pixels, archive.side, side, &mut random)));
        let pixels: Vec<f32> = pictures.flat_map(|picture| picture.standardized()).collect();
        let seen = tower.forward(&Tensor::from_vec(pixels, (VARIATIONS, side, side, 1), &Device::Cpu)?)?;
        let rows = seen.appearance.to_vec2::<f32>()?;
        let variations = rows.into_iter().map(|row| row.into_iter().map(f64::from).collect()).collect();
        Ok(Seen { lateral: film.lateral, variations })
    };
    spread(films, look).into_iter().collect()
}

/// Directions and offsets of a linear map.
type Map = (Vec<Vec<f64>>, Vec<f64>);

/// `None` where films differ along fewer directions than are wanted.
fn likeness(films: &[Seen], architecture: &Architecture) -> Option<Map> {
    let all = || films.iter().flat_map(|film| &film.variations);
    let middle = mean(all())?;
    let mut total = Square::zero(middle.len());
    let count = (films.len() * VARIATIONS) as f64;
    all().for_each(|row| total.add_square(&less(row, &middle), 1.0 / count));
    let within = scatter(films.iter().map(|film| film.variations.iter().collect()));
    let found = telling_directions(&total, &within.with_ridge(LIKENESS_RIDGE))?;
    let scaled = found.into_iter().take(architecture.likeness).map(|(ratio, direction)| {
        // Divided by how far films differ along it.
        let scale = 1.0 / ratio.sqrt();
        let scaled = direction.into_iter().map(|value| value * scale);
        (ratio > LEAST_RATIO).then(|| scaled.collect::<Vec<f64>>())
    });
    let directions: Vec<Vec<f64>> = scaled.collect::<Option<_>>()?;
    let offsets = directions.iter().map(|direction| -dot(direction, &middle)).collect();
    Some((directions, offsets))
}

/// The logit of a lateral film. Without films of both kinds all are frontal.
fn view(films: &[Seen], architecture: &Architecture) -> Map {
    let of = |lateral: bool| -> Vec<&Vec<f64>> {
        films.iter().filter(|film| film.lateral == lateral).flat_map(|film| &film.variations).collect()
    };
    let frontal_only = (vec![vec![0.0; architecture.appearance_width()]], vec![-VIEW_SHARPNESS / 2.0]);
    discriminant(of(false), of(true)).unwrap_or(frontal_only)
}

/// From -[`VIEW_SHARPNESS`] / 2 at the mean of `from` to as much above 0 at the mean of `to`; `None` where these are equal or
/// a side is empty.
fn discriminant(from: Vec<&Vec<f64>>, to: Vec<&Vec<f64>>) -> Option<Map> {
    let (start, end) = (mean(from.iter().copied())?, mean(to.iter().copied())?);
    let within = scatter([from, to].into_iter());
    let apart = less(&end, &start);
    let direction = Factor::of(&within.with_ridge(VIEW_RIDGE))?.solve(&apart);
    let way = dot(&direction, &apart);
    (way > 0.0).then(|| {
        let scaled: Vec<f64> = direction.iter().map(|value| value * VIEW_SHARPNESS / way).collect();
        let offset = -dot(&scaled, &start) - VIEW_SHARPNESS / 2.0;
        (vec![scaled], vec![offset])
    })
}

/// Mean square about the mean of each row's own group.
fn scatter<'a>(groups: impl Iterator<Item = Vec<&'a Vec<f64>>> + Clone) -> Square {
    let width = groups.clone().flatten().next().map_or(0, Vec::len);
    let count = groups.clone().map(|group| group.len()).sum::<usize>().max(1) as f64;
    let mut sum = Square::zero(width);
    for group in groups {
        if let Some(middle) = mean(group.iter().copied()) {
            group.iter().for_each(|row| sum.add_square(&less(row, &middle), 1.0 / count));
        }
    }
    sum
}

fn mean<'a>(rows: impl Iterator<Item = &'a Vec<f64>>) -> Option<Vec<f64>> {
    let (mut sum, mut count): (Vec<f64>, usize) = (Vec::new(), 0);
    for row in rows {
        sum.resize(row.len(), 0.0);
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        count += 1;
    }
    sum.iter_mut().for_each(|sum| *sum /= count.max(1) as f64);
    (count > 0).then_some(sum)
}

fn less(row: &[f64], from: &[f64]) -> Vec<f64> {
    row.iter().zip(from).map(|(value, from)| value - from).collect()
}
