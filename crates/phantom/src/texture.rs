//! Smooth noise over the plane.

use crate::math::{self, floor};
use crate::random::{Random, mix};

/// Value noise of two octaves, about -1 to 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texture {
    seed: u64,
}

impl Texture {
    /// A texture of its own.
    pub fn new(random: &mut Random) -> Self {
        Self { seed: random.bits() }
    }

    /// The values along a row: at `from`, `from + step`, and so on. Features are about one unit wide.
    pub fn along(&self, from: f64, step: f64, y: f64, out: &mut [f64]) {
        out.fill(0.0);
        for (weight, scale, shift, down) in [(0.65, 1.0, 0.0, 0.0), (0.45, 2.1, 7.3, -3.1)] {
            let y = y * scale + down;
            let y0 = floor(y);
            let ty = math::smooth(0.0, 1.0, y - y0);
            let edge = |x: f64| self.corner(x, y0) * (1.0 - ty) + self.corner(x, y0 + 1.0) * ty;
            let (mut cell, mut left, mut right) = (f64::NAN, 0.0, 0.0);
            for (index, value) in out.iter_mut().enumerate() {
                let x = (from + step * index as f64) * scale + shift;
                let x0 = floor(x);
                if x0 != cell {
                    (cell, left, right) = (x0, edge(x0), edge(x0 + 1.0));
                }
                let tx = x - x0;
                let tx = tx * tx * (3.0 - 2.0 * tx);
                *value += weight * (left * (1.0 - tx) + right * tx);
            }
        }
    }

    /// -1 to 1 at a crossing of the grid.
    fn corner(&self, x: f64, y: f64) -> f64 {
        let (x, y) = (x as i64 as u64, y as i64 as u64);
        let hash =
            mix(self.seed ^ x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ y.wrapping_mul(0xc2b2_ae3d_27d4_eb4f));
        (hash >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smooth_and_bounded() {
        let texture = Texture::new(&mut Random::new(1));
        let mut values = vec![0.0; 4000];
        texture.along(-30.0, 0.01, 3.7, &mut values);
        assert!(values.iter().all(|value| value.abs() <= 1.1));
        assert!(values.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.08));
        let mut other = vec![0.0; 10];
        texture.along(-29.9, 0.1, 3.7, &mut other);
        assert!((other[1] - values[20]).abs() < 1e-9);
    }
}
