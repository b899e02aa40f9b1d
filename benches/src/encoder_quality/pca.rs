//! Principal components by subspace iteration (Golub and Van Loan 2013, section 8.2.4).

use crate::describe::{dot, unit};
use rayon::prelude::*;

/// Far more than eigenvalues of pictures need to come apart.
const ROUNDS: usize = 12;

/// Rows, less their mean, in the coordinates of their first principal components, scaled to length 1.
pub fn project(rows: &[Vec<f32>], components: usize) -> Vec<Vec<f32>> {
    let width = rows.first().map_or(0, Vec::len);
    let mut mean = vec![0.0; width];
    for row in rows {
        mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / rows.len() as f32);
    }
    let centred: Vec<Vec<f32>> = rows
        .par_iter()
        .map(|row| row.iter().zip(&mean).map(|(value, mean)| value - mean).collect())
        .collect();
    // Any start that is not orthogonal to the answer does; this one repeats.
    let mut basis: Vec<Vec<f32>> = (0..components)
        .map(|one| (0..width).map(|at| ((at * (2 * one + 3) + one * one) % 97) as f32 - 48.0).collect())
        .collect();
    for _ in 0..ROUNDS {
        orthogonalize(&mut basis);
        basis = basis.par_iter().map(|one| times_covariance(&centred, one)).collect();
    }
    orthogonalize(&mut basis);
    (centred.par_iter())
        .map(|row| {
            let mut projected: Vec<f32> = basis.iter().map(|one| dot(row, one)).collect();
            unit(&mut projected);
            projected
        })
        .collect()
}

fn times_covariance(rows: &[Vec<f32>], vector: &[f32]) -> Vec<f32> {
    let mut product = vec![0.0; vector.len()];
    for row in rows {
        let along = dot(row, vector) / rows.len() as f32;
        product.iter_mut().zip(row).for_each(|(sum, value)| *sum += along * value);
    }
    product
}

/// Gram and Schmidt, twice over for the sake of rounding.
fn orthogonalize(basis: &mut [Vec<f32>]) {
    for at in 0..basis.len() {
        let (done, rest) = basis.split_at_mut(at);
        for _ in 0..2 {
            for other in done.iter() {
                let along = dot(&rest[0], other);
                rest[0].iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
            unit(&mut rest[0]);
        }
    }
}
