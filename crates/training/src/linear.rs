//! The little linear algebra that closed forms need: square symmetric matrices of some hundred rows, row by row, in doubles.

/// Sweeps of Jacobi's method; matrices of a thousand rows take eight.
const SWEEPS: usize = 30;
/// Share of the whole below which what is off the diagonal counts as nothing.
const SMALL: f64 = 1e-20;

/// A square matrix.
#[derive(Clone)]
pub(crate) struct Square {
    pub(crate) size: usize,
    pub(crate) values: Vec<f64>,
}

impl Square {
    pub(crate) fn zero(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    pub(crate) fn row(&self, at: usize) -> &[f64] {
        &self.values[at * self.size..(at + 1) * self.size]
    }

    /// Adds `weight` times the square of a vector.
    pub(crate) fn add_square(&mut self, vector: &[f64], weight: f64) {
        for (row, left) in self.values.chunks_exact_mut(self.size).zip(vector) {
            row.iter_mut().zip(vector).for_each(|(sum, right)| *sum += weight * left * right);
        }
    }

    /// Raises the diagonal by a share of itself and a trifle, so that nothing is without scatter.
    pub(crate) fn with_ridge(mut self, share: f64) -> Self {
        let size = self.size;
        let trifle = 1e-9 + 1e-6 * (0..size).map(|at| self.values[at * size + at]).sum::<f64>() / size as f64;
        for at in 0..size {
            self.values[at * size + at] += share * self.values[at * size + at] + trifle;
        }
        self
    }

    fn transposed(&self) -> Self {
        let mut turned = Self::zero(self.size);
        for (at, row) in self.values.chunks_exact(self.size).enumerate() {
            row.iter()
                .enumerate()
                .for_each(|(column, value)| turned.values[column * self.size + at] = *value);
        }
        turned
    }
}

/// The lower factor L of a positive definite matrix, which is L times its transpose (Cholesky).
pub(crate) struct Factor(Square);

impl Factor {
    /// `None` where the matrix is not positive definite.
    pub(crate) fn of(matrix: &Square) -> Option<Self> {
        let size = matrix.size;
        let mut lower = Square::zero(size);
        for row in 0..size {
            for column in 0..=row {
                let known = dot(&lower.row(row)[..column], &lower.row(column)[..column]);
                let rest = matrix.values[row * size + column] - known;
                if row == column && rest <= 0.0 {
                    return None;
                }
                let value =
                    if row == column { rest.sqrt() } else { rest / lower.values[column * size + column] };
                lower.values[row * size + column] = value;
            }
        }
        Some(Self(lower))
    }

    /// The x with L x = b.
    fn forward(&self, b: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = Vec::with_capacity(b.len());
        for (at, value) in b.iter().enumerate() {
            let row = self.0.row(at);
            x.push((value - dot(&row[..at], &x)) / row[at]);
        }
        x
    }

    /// The x with L-transposed x = b.
    fn backward(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        for at in (0..b.len()).rev() {
            let row = self.0.row(at);
            x[at] /= row[at];
            let (before, rest) = x.split_at_mut(at);
            before.iter_mut().zip(row).for_each(|(value, entry)| *value -= entry * rest[0]);
        }
        x
    }

    /// The x with A x = b.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        self.backward(&self.forward(b))
    }
}

/// Directions along which `between` is largest compared with `within`, the largest first: each v with
/// `between` v = ratio · `within` v, of length 1 as `within` measures it, with its ratio. `None` where `within` is not
/// positive definite.
pub(crate) fn telling_directions(between: &Square, within: &Square) -> Option<Vec<(f64, Vec<f64>)>> {
    let factor = Factor::of(within)?;
    let solve_rows = |matrix: &Square| Square {
        size: matrix.size,
        values: matrix.values.chunks_exact(matrix.size).flat_map(|row| factor.forward(row)).collect(),
    };
    // L^-1 B L^-T: rows solved, turned, and solved again.
    let reduced = solve_rows(&solve_rows(between).transposed());
    let mut found: Vec<(f64, Vec<f64>)> = eigenvectors(reduced)
        .into_iter()
        .map(|(ratio, direction)| (ratio, factor.backward(&direction)))
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    Some(found)
}

/// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations (Golub and Van Loan 2013, section 8.5).
fn eigenvectors(mut matrix: Square) -> Vec<(f64, Vec<f64>)> {
    let size = matrix.size;
    // Row `at` becomes the eigenvector of the value at place `at` of the diagonal.
    let mut vectors = Square::zero(size);
    (0..size).for_each(|at| vectors.values[at * size + at] = 1.0);
    let whole: f64 = matrix.values.iter().map(|value| value * value).sum();
    for _ in 0..SWEEPS {
        let mut off = 0.0;
        for p in 0..size {
            for q in p + 1..size {
                let between = matrix.values[p * size + q];
                off += between * between;
                if between * between <= SMALL * whole / (size * size) as f64 {
                    continue;
                }
                let apart = (matrix.values[q * size + q] - matrix.values[p * size + p]) / (2.0 * between);
                let tangent = apart.signum() / (apart.abs() + (1.0 + apart * apart).sqrt());
                let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
                rotate(&mut matrix, (p, q), (cosine, tangent * cosine));
                turn_rows(&mut vectors, (p, q), (cosine, tangent * cosine));
            }
        }
        if off <= SMALL * whole {
            break;
        }
    }
    (0..size).map(|at| (matrix.values[at * size + at], vectors.row(at).to_vec())).collect()
}

/// Turns rows and columns p and q of a symmetric matrix.
fn rotate(matrix: &mut Square, (p, q): (usize, usize), turn: (f64, f64)) {
    let size = matrix.size;
    turn_rows(matrix, (p, q), turn);
    let (cosine, sine) = turn;
    for row in matrix.values.chunks_exact_mut(size) {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
}

fn turn_rows(matrix: &mut Square, (p, q): (usize, usize), (cosine, sine): (f64, f64)) {
    let (upper, lower) = matrix.values.split_at_mut(q * matrix.size);
    let upper = &mut upper[p * matrix.size..(p + 1) * matrix.size];
    for (a, b) in upper.iter_mut().zip(&mut lower[..matrix.size]) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A positive definite matrix of numbers that repeat.
    fn matrix(size: usize, seed: usize) -> Square {
        let mut matrix = Square::zero(size);
        for one in 0..2 * size {
            let row: Vec<f64> =
                (0..size).map(|at| (((at * 7 + one * 13 + seed) * 31 % 17) as f64) - 8.0).collect();
            matrix.add_square(&row, 1.0 / size as f64);
        }
        matrix.with_ridge(0.05)
    }

    fn times(matrix: &Square, vector: &[f64]) -> Vec<f64> {
        (0..matrix.size).map(|at| dot(matrix.row(at), vector)).collect()
    }

    #[test]
    fn a_solution_solves() {
        let matrix = matrix(12, 1);
        let expected: Vec<f64> = (0..12).map(f64::from).collect();
        let found = Factor::of(&matrix).unwrap().solve(&times(&matrix, &expected));
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-8), "{found:?}");
        assert!(Factor::of(&Square::zero(3)).is_none());
    }

    #[test]
    fn directions_keep_their_ratio_and_come_largest_first() {
        let (between, within) = (matrix(12, 3), matrix(12, 5));
        let found = telling_directions(&between, &within).unwrap();
        assert!(found.windows(2).all(|pair| pair[0].0 >= pair[1].0));
        for (at, (ratio, direction)) in found.iter().enumerate() {
            let (left, right) = (times(&between, direction), times(&within, direction));
            assert!(left.iter().zip(&right).all(|(a, b)| (a - ratio * b).abs() < 1e-7), "{at}");
            for (other, (_, second)) in found.iter().enumerate() {
                let expected = f64::from(u8::from(at == other));
                assert!((dot(second, &right) - expected).abs() < 1e-7, "{at} and {other}");
            }
        }
    }
}
