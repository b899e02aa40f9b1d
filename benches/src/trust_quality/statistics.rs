//! Other statistics by which a picture may be unlike an archive, beside the similarity of its best match.
//!
//! Each is turned into a conformal p-value by pictures of the archive, without their patients, as the engine does for the best match.

use crate::films::Film;
use precedent_benches::figures::SplitMix;
use std::collections::BTreeMap;

/// Pictures of the archive that a statistic is compared with.
const SAMPLED: usize = 256;
/// Neighbours that count.
const NEAREST: usize = 10;
/// Neighbours whose cells are compared, and how many of the least alike cells count.
const COMPARED: usize = 20;
const WORST: usize = 4;
/// Cells of the bundled encoder on a side, and all of them.
const SIDE: usize = 8;
const CELLS: usize = SIDE * SIDE;

pub const NAMES: [&str; 5] = ["best", "mean of 10", "local density", "parts", "best or parts"];

/// What was measured of a picture, more being more alike: the best match; the mean of the ten best; that mean less the same of
/// the neighbours themselves (after Breunig et al., *LOF*, SIGMOD 2000); the least alike cells beside what is usual for them.
type Measured = [f64; 4];

pub struct Statistics<'a> {
    films: Vec<&'a Film>,
    /// Of each film the mean similarity of its ten nearest.
    density: Vec<f64>,
    /// Of each cell the mean and deviation of its best match.
    cells: Vec<(f64, f64)>,
    /// What was measured of the sample, ascending.
    background: [Vec<f64>; 4],
}

impl<'a> Statistics<'a> {
    pub fn of(films: Vec<&'a Film>) -> Self {
        let mut order: Vec<usize> = (0..films.len()).collect();
        let mut random = SplitMix::of(3, 0);
        for place in 0..order.len() {
            let other = place + random.below(order.len() - place);
            order.swap(place, other);
        }
        let mut found =
            Self { films, density: Vec::new(), cells: Vec::new(), background: Default::default() };
        found.density = (0..found.films.len())
            .map(|place| {
                let own = found.films[place];
                mean(&nearest(&found.similarities(own, true), NEAREST))
            })
            .collect();
        let (sample, others) = order.split_at(SAMPLED.min(order.len() / 2));
        let seen: Vec<Vec<f64>> =
            others.iter().take(SAMPLED).map(|&place| found.best_of_cells(found.films[place], true)).collect();
        let cell = |cell: usize| {
            let values: Vec<f64> = seen.iter().map(|best| best[cell]).collect();
            let middle = mean(&values);
            (middle, mean(&values.iter().map(|value| (value - middle).powi(2)).collect::<Vec<_>>()).sqrt())
        };
        found.cells = (0..seen.first().map_or(0, Vec::len)).map(cell).collect();
        let measured: Vec<Measured> =
            sample.iter().map(|&place| found.measured(found.films[place], true)).collect();
        found.background = std::array::from_fn(|kind| {
            let mut values: Vec<f64> = measured.iter().map(|values| values[kind]).collect();
            values.sort_by(f64::total_cmp);
            values
        });
        found
    }

    /// The p-value by each statistic, and by the best match or the parts (Bonferroni).
    pub fn p_values(&self, film: &Film) -> [f64; 5] {
        let measured = self.measured(film, false);
        let [best, mean, density, parts] = std::array::from_fn(|kind| {
            let background = &self.background[kind];
            let no_better = background.partition_point(|other| *other <= measured[kind]);
            (no_better + 1) as f64 / (background.len() + 1) as f64
        });
        [best, mean, density, parts, (2.0 * f64::min(best, parts)).min(1.0)]
    }

    /// The most similar film of each patient, by its place; without those of the film's own patient.
    fn similarities(&self, film: &Film, of_archive: bool) -> Vec<(f64, usize)> {
        let mut by_patient: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
        for (place, other) in self.films.iter().enumerate() {
            if of_archive && other.patient == film.patient {
                continue;
            }
            let similarity = cosine(&film.global, &other.global);
            let best = by_patient.entry(&other.patient).or_insert((similarity, place));
            if similarity > best.0 {
                *best = (similarity, place);
            }
        }
        let mut found: Vec<(f64, usize)> = by_patient.into_values().collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found
    }

    /// Of each cell its best match in the nearest films, in the same cell or one beside it.
    fn best_of_cells(&self, film: &Film, of_archive: bool) -> Vec<f64> {
        let near = self.similarities(film, of_archive);
        let near: Vec<&Film> = near.iter().take(COMPARED).map(|&(_, place)| self.films[place]).collect();
        let best = |own: usize| {
            let beside: Vec<usize> = (0..CELLS).filter(|&other| are_beside(own, other)).collect();
            let pairs = near.iter().flat_map(|other| beside.iter().map(move |&place| cell(other, place)));
            pairs.map(|other| cosine(cell(film, own), other)).fold(f64::NEG_INFINITY, f64::max)
        };
        (0..CELLS).map(best).collect()
    }

    fn measured(&self, film: &Film, of_archive: bool) -> Measured {
        let all = self.similarities(film, of_archive);
        let ten = mean(&nearest(&all, NEAREST));
        let usual: Vec<f64> = all.iter().take(NEAREST).map(|&(_, place)| self.density[place]).collect();
        let best_of_cells = self.best_of_cells(film, of_archive);
        let beside = best_of_cells
            .iter()
            .zip(&self.cells)
            .map(|(best, (middle, deviation))| (best - middle) / deviation);
        let mut beside: Vec<f64> = beside.collect();
        beside.sort_by(f64::total_cmp);
        beside.truncate(WORST);
        [all.first().map_or(0.0, |(best, _)| *best), ten, ten - mean(&usual), mean(&beside)]
    }
}

fn are_beside(one: usize, other: usize) -> bool {
    (one / SIDE).abs_diff(other / SIDE) <= 1 && (one % SIDE).abs_diff(other % SIDE) <= 1
}

/// The vector of a cell.
fn cell(film: &Film, cell: usize) -> &[f32] {
    let length = film.patches.len() / CELLS;
    &film.patches[cell * length..(cell + 1) * length]
}

fn nearest(all: &[(f64, usize)], count: usize) -> Vec<f64> {
    all.iter().take(count).map(|(similarity, _)| *similarity).collect()
}

fn mean(values: &[f64]) -> f64 {
    precedent_benches::figures::mean(values.iter().copied())
}

/// Both are of length 1. In several sums, which a compiler adds at once.
fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let mut sums = [0.0_f32; 16];
    for (one, other) in one.chunks_exact(16).zip(other.chunks_exact(16)) {
        sums.iter_mut().zip(one).zip(other).for_each(|((sum, one), other)| *sum += one * other);
    }
    f64::from(sums.iter().sum::<f32>())
}
