//! Principal directions, by block power iteration.
//!
//! Halko, Martinsson and Tropp, "Finding structure with randomness" (SIAM Review 2011), algorithms 4.4 and 5.1: a random
//! block is multiplied by the sample and its transpose a few times, and the axes of what is left are found in the small
//! space that it spans.

use super::dot;

/// Rounds of the iteration. The order of directions of nearly equal weight does not matter, so few are enough.
const ROUNDS: usize = 4;
/// Rounds for a span, in which directions need not come apart.
const SPAN_ROUNDS: usize = 3;
/// Directions carried along beyond those wanted, which makes those wanted come out true.
const SPARE: usize = 8;
/// Sweeps of Jacobi rotations; each squares the error, so that 12 leave nothing.
const SWEEPS: usize = 12;

/// The `wanted` directions along which rows of a centred sample spread most, the first most of all. Each of length 1,
/// orthogonal to the others. `wanted` is at most the dimension; fewer come out of rows that span less.
pub(super) fn principal_directions(sample: &[f32], dimension: usize, wanted: usize) -> Vec<Vec<f32>> {
    if dimension == 0 || wanted == 0 {
        return Vec::new();
    }
    let rows: Vec<&[f32]> = sample.chunks_exact(dimension).collect();
    let block = iterated(&rows, dimension, (wanted + SPARE).min(dimension), ROUNDS);
    let mut weights = vec![vec![0.0_f64; block.len()]; block.len()];
    for row in &rows {
        let along: Vec<f64> = block.iter().map(|direction| f64::from(dot(row, direction))).collect();
        for (line, a) in weights.iter_mut().zip(&along) {
            line.iter_mut().zip(&along).for_each(|(weight, b)| *weight += a * b);
        }
    }
    let axes = axes_by_weight(weights);
    axes.iter()
        .take(wanted)
        .map(|axis| {
            let mut direction = vec![0.0; dimension];
            for (part, share) in block.iter().zip(axis) {
                add_scaled(&mut direction, part, *share as f32);
            }
            direction
        })
        .collect()
}

/// Directions that span about what the principal ones do, in no order: orthogonal, of length 1, `wanted` or, of rows that span
/// less, fewer. What is left out spreads little more than what is kept.
pub(crate) fn principal_span(sample: &[f32], dimension: usize, wanted: usize) -> Vec<Vec<f32>> {
    if dimension == 0 || wanted == 0 {
        return Vec::new();
    }
    if wanted >= dimension {
        let axis = |place: usize| (0..dimension).map(|at| f32::from(u8::from(at == place))).collect();
        return (0..dimension).map(axis).collect();
    }
    let rows: Vec<&[f32]> = sample.chunks_exact(dimension).collect();
    iterated(&rows, dimension, wanted, SPAN_ROUNDS)
}

/// A random block after some rounds of the iteration.
fn iterated(rows: &[&[f32]], dimension: usize, wanted: usize, rounds: usize) -> Vec<Vec<f32>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        // splitmix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    let mut block: Vec<Vec<f32>> = (0..wanted).map(|_| (0..dimension).map(|_| random()).collect()).collect();
    orthonormalise(&mut block);
    for _ in 0..rounds {
        let mut next = vec![vec![0.0; dimension]; block.len()];
        for row in rows {
            for (direction, sum) in block.iter().zip(&mut next) {
                add_scaled(sum, row, dot(row, direction));
            }
        }
        block = next;
        orthonormalise(&mut block);
    }
    block
}

fn add_scaled(sum: &mut [f32], values: &[f32], scale: f32) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += scale * value);
}

/// Gram and Schmidt, twice over each vector, which leaves it orthogonal to rounding. What is nothing but rounding of
/// the others is dropped.
pub(crate) fn orthonormalise(block: &mut Vec<Vec<f32>>) {
    let mut kept: Vec<Vec<f32>> = Vec::with_capacity(block.len());
    for mut vector in block.drain(..) {
        let before = dot(&vector, &vector).sqrt();
        for _ in 0..2 {
            for other in &kept {
                let share = dot(&vector, other);
                add_scaled(&mut vector, other, -share);
            }
        }
        let length = dot(&vector, &vector).sqrt();
        if length > before * 1e-5 && length > 0.0 && length.is_finite() {
            vector.iter_mut().for_each(|value| *value /= length);
            kept.push(vector);
        }
    }
    *block = kept;
}

/// Eigenvectors of a symmetric matrix, that of the largest eigenvalue first, by cyclic Jacobi rotations (Golub and Van
/// Loan, Matrix Computations, 8.5).
fn axes_by_weight(mut matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let size = matrix.len();
    let mut axes: Vec<Vec<f64>> =
        (0..size).map(|i| (0..size).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..SWEEPS {
        for p in 0..size {
            for q in p + 1..size {
                let (app, aqq, apq) = (matrix[p][p], matrix[q][q], matrix[p][q]);
                if apq.abs() <= 1e-12 * (app * aqq).abs().sqrt() {
                    continue;
                }
                let theta = (aqq - app) / (2.0 * apq);
                let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
                let sine = tangent * cosine;
                for line in &mut matrix {
                    let (a, b) = (line[p], line[q]);
                    line[p] = cosine * a - sine * b;
                    line[q] = sine * a + cosine * b;
                }
                rotate(&mut matrix, p, q, cosine, sine);
                rotate(&mut axes, p, q, cosine, sine);
            }
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| matrix[b][b].total_cmp(&matrix[a][a]));
    order.into_iter().map(|place| axes[place].clone()).collect()
}

/// Rotates two lines of a matrix into each other; `p` is before `q`.
fn rotate(lines: &mut [Vec<f64>], p: usize, q: usize, cosine: f64, sine: f64) {
    let (before, from_q) = lines.split_at_mut(q);
    let (Some(first), Some(second)) = (before.get_mut(p), from_q.first_mut()) else { return };
    for (a, b) in first.iter_mut().zip(second) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_of_a_known_spread_are_found_in_order() {
        // Rows spread 9, 4 and 1 along three orthogonal directions of four dimensions.
        let axes = [[0.6, 0.8, 0.0, 0.0], [-0.8, 0.6, 0.0, 0.0], [0.0, 0.0, 0.6, 0.8]];
        let sample: Vec<f32> = (0..600)
            .flat_map(|i| {
                let along =
                    [3.0 * (i as f32 * 0.7).sin(), 2.0 * (i as f32 * 1.3).sin(), (i as f32 * 2.1).sin()];
                (0..4).map(move |d| (0..3).map(|a| along[a] * axes[a][d]).sum::<f32>())
            })
            .collect();
        let found = principal_directions(&sample, 4, 3);
        assert_eq!(found.len(), 3);
        for (direction, axis) in found.iter().zip(&axes) {
            assert!(dot(direction, axis).abs() > 0.999, "{direction:?} {axis:?}");
            assert!((dot(direction, direction) - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn rows_that_span_less_give_fewer() {
        assert_eq!(principal_directions(&[1.0, 2.0, 2.0, 4.0], 2, 2).len(), 1);
        assert!(principal_directions(&[0.0; 8], 4, 3).is_empty());
        assert!(principal_directions(&[], 4, 3).len() <= 3);
    }
}
