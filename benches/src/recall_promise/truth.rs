//! Which cases are truly the nearest, in f64 and by no code of the engine.

use crate::kinds::Vectors;
use precedent_vector::Metric;
use rayon::prelude::*;

/// What f32 may be off by, relative to the numbers that a distance is made of: products and sums of some thousands.
const ROUNDING: f64 = 1e-6;

/// The distances of all queries to all rows.
pub struct Distances {
    rows: usize,
    values: Vec<f64>,
    metric: Metric,
    row_lengths: Vec<f64>,
    query_lengths: Vec<f64>,
}

impl Distances {
    pub fn of(vectors: &Vectors, metric: Metric) -> Self {
        let (rows, dimension) = (vectors.row_count(), vectors.dimension);
        let lengths = |values: &[f32]| -> Vec<f64> {
            values.chunks_exact(dimension).map(|row| product(row, row).sqrt()).collect()
        };
        let (row_lengths, query_lengths) = (lengths(&vectors.rows), lengths(&vectors.queries));
        let queries = vectors.queries.par_chunks_exact(dimension).zip(&query_lengths);
        let values = queries
            .flat_map_iter(|(query, query_length)| {
                let rows = vectors.rows.chunks_exact(dimension).zip(&row_lengths);
                rows.map(move |(row, row_length)| match metric {
                    Metric::Dot => -product(query, row),
                    Metric::L2 => square(query, row, (1.0, 1.0)),
                    Metric::Cosine => square(query, row, (1.0 / query_length, 1.0 / row_length)) / 2.0,
                })
            })
            .collect();
        Self { rows, values, metric, row_lengths, query_lengths }
    }

    pub fn queries(&self) -> usize {
        self.query_lengths.len()
    }

    /// The distances of a query to all rows.
    pub fn row(&self, query: usize) -> &[f64] {
        &self.values[query * self.rows..][..self.rows]
    }

    /// What the engine may be off by for a row.
    pub fn rounding(&self, query: usize, row: usize) -> f64 {
        let distance = self.row(query)[row].abs();
        match self.metric {
            Metric::Dot => ROUNDING * self.query_lengths[query] * self.row_lengths[row],
            Metric::L2 => ROUNDING * distance,
            // Numbers of vectors of length 1 were rounded when these were admitted.
            Metric::Cosine => ROUNDING * (distance + distance.sqrt() + ROUNDING),
        }
    }
}

const LANES: usize = 8;

fn product(a: &[f32], b: &[f32]) -> f64 {
    summed(a, b, |a, b| a * b)
}

fn square(a: &[f32], b: &[f32], (by_a, by_b): (f64, f64)) -> f64 {
    summed(a, b, |a, b| {
        let apart = a * by_a - b * by_b;
        apart * apart
    })
}

fn summed(a: &[f32], b: &[f32], part: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let ((a, more_a), (b, more_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += part(f64::from(a[lane]), f64::from(b[lane]));
        }
    }
    let more = more_a.iter().zip(more_b).map(|(&a, &b)| part(f64::from(a), f64::from(b)));
    sums.iter().sum::<f64>() + more.sum::<f64>()
}

/// A case by the nearest of its images.
#[derive(Debug, Clone, Copy)]
pub struct TrueCase {
    pub distance: f64,
    pub rounding: f64,
}

/// How far every case is from a query; a case has so many rows, one after the other.
pub fn cases(distances: &Distances, query: usize, images: usize) -> Vec<TrueCase> {
    let row = distances.row(query);
    (0..row.len() / images)
        .map(|case| {
            let rows = case * images..(case + 1) * images;
            let nearest = rows.min_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or_default();
            TrueCase { distance: row[nearest], rounding: distances.rounding(query, nearest) }
        })
        .collect()
}

/// The `most` nearest of the accepted cases, nearest first.
pub fn nearest(cases: &[TrueCase], accept: impl Fn(usize) -> bool, most: usize) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..cases.len() as u32).filter(|&case| accept(case as usize)).collect();
    let by_distance =
        |a: &u32, b: &u32| cases[*a as usize].distance.total_cmp(&cases[*b as usize].distance).then(a.cmp(b));
    if numbers.len() > most {
        numbers.select_nth_unstable_by(most, by_distance);
        numbers.truncate(most);
    }
    numbers.sort_unstable_by(by_distance);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_metric_and_a_case_has_its_nearest_image() {
        let vectors = Vectors {
            dimension: 2,
            rows: vec![3.0, 4.0, 1.0, 0.0, 0.0, 2.0, -1.0, 0.0],
            queries: vec![2.0, 0.0],
            clusters: None,
        };
        for (metric, expected) in [
            (Metric::L2, [17.0, 1.0, 8.0, 9.0]),
            (Metric::Dot, [-6.0, -2.0, 0.0, 2.0]),
            (Metric::Cosine, [0.4, 0.0, 1.0, 2.0]),
        ] {
            let distances = Distances::of(&vectors, metric);
            let apart =
                distances.row(0).iter().zip(expected).map(|(found, expected)| (found - expected).abs());
            assert!(apart.fold(0.0, f64::max) < 1e-12, "{metric:?}");
        }
        let distances = Distances::of(&vectors, Metric::L2);
        let cases = cases(&distances, 0, 2);
        assert_eq!(cases.iter().map(|case| case.distance).collect::<Vec<_>>(), [1.0, 8.0]);
        assert_eq!(nearest(&cases, |_| true, 1), [0]);
        assert_eq!(nearest(&cases, |case| case == 1, 5), [1]);
    }
}
