//! A grid of attenuation, and how a film lies over the body.

use crate::math::floor;
use crate::slice::Ray;

/// How a film lies over the body, without its roll.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub ray: Ray,
    /// Pixels per side.
    pub side: usize,
    /// Millimetres per pixel.
    pub pitch: f64,
    /// Body coordinate under the left edge; on a lateral film that faces left it falls to the right.
    pub left: f64,
    /// +1 where the film's columns run with x or y, -1 against it.
    pub way: f64,
    /// Level of the upper edge.
    pub top: f64,
    /// Turn of the patient around the vertical axis, as the tangent of a small angle.
    pub turn: f64,
}

impl Frame {
    /// The body coordinate (x or y) in the middle of a column.
    pub fn along(&self, column: usize) -> f64 {
        self.left + self.way * (column as f64 + 0.5) * self.pitch
    }

    /// The level of the middle of a row.
    pub fn level(&self, row: usize) -> f64 {
        self.top - (row as f64 + 0.5) * self.pitch
    }

    /// Column and row (with fractions, the middle of the first pixel at 0) onto which a point falls.
    pub fn project(&self, point: [f64; 3]) -> (f64, f64) {
        let u = match self.ray {
            Ray::Frontal => point[0] + self.turn * point[1],
            Ray::Lateral => point[1] - self.turn * point[0],
        };
        (self.way * (u - self.left) / self.pitch - 0.5, (self.top - point[2]) / self.pitch - 0.5)
    }
}

/// One number per pixel, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Map {
    pub side: usize,
    pub data: Vec<f32>,
}

impl Map {
    pub fn new(side: usize) -> Self {
        Self { side, data: vec![0.0; side * side] }
    }

    /// Adds another map, pixel by pixel.
    pub fn add_all(&mut self, other: &Self) {
        for (value, more) in self.data.iter_mut().zip(&other.data) {
            *value += more;
        }
    }

    /// Adds to the four pixels around a place, in shares. Places outside are passed over.
    pub fn add(&mut self, column: f64, row: f64, amount: f32) {
        let (x, y) = (floor(column), floor(row));
        let limit = self.side as f64 - 1.0;
        if !(x >= 0.0 && y >= 0.0 && x < limit && y < limit) {
            return;
        }
        let (fx, fy) = ((column - x) as f32, (row - y) as f32);
        let at = y as usize * self.side + x as usize;
        self.data[at] += amount * (1.0 - fx) * (1.0 - fy);
        self.data[at + 1] += amount * fx * (1.0 - fy);
        self.data[at + self.side] += amount * (1.0 - fx) * fy;
        self.data[at + self.side + 1] += amount * fx * fy;
    }

    /// Adds a soft round spot that holds `amount` in all, summed over pixels. Its weight is (1 - (d / radius)^2)^2.
    pub fn spot(&mut self, column: f64, row: f64, radius: f64, amount: f32) {
        let radius = radius.max(1.05);
        let limit = self.side as f64;
        if !(column > -radius && row > -radius && column < limit + radius && row < limit + radius) {
            return;
        }
        let clip = |v: f64| v.clamp(0.0, limit) as usize;
        let (x0, x1) = (clip(column - radius + 1.0), clip(column + radius + 1.0));
        let (y0, y1) = (clip(row - radius + 1.0), clip(row + radius + 1.0));
        let inverse = (1.0 / (radius * radius)) as f32;
        let scale = amount * inverse * (3.0 / std::f32::consts::PI);
        for y in y0..y1 {
            let dy = (y as f64 - row) as f32;
            let rest = 1.0 - dy * dy * inverse;
            let first = (x0 as f64 - column) as f32;
            let line = &mut self.data[y * self.side + x0..y * self.side + x1];
            for (x, value) in line.iter_mut().enumerate() {
                let dx = first + x as f32;
                let w = (rest - dx * dx * inverse).max(0.0);
                *value += scale * w * w;
            }
        }
    }

    /// Adds a ball: `height` in its middle, falling to its edge as the way through a sphere does.
    pub fn sphere(&mut self, column: f64, row: f64, radius: f64, height: f32) {
        let radius = radius.max(0.7);
        let reach = radius + 1.0;
        let limit = self.side as f64;
        let clip = |v: f64| v.clamp(0.0, limit) as usize;
        let (x0, x1) = (clip(column - reach + 1.0), clip(column + reach + 1.0));
        let (y0, y1) = (clip(row - reach + 1.0), clip(row + reach + 1.0));
        for y in y0..y1 {
            for x in x0..x1 {
                // The mean of nine places in the pixel keeps small ones round.
                let mut sum = 0.0;
                for i in 0..9 {
                    let dx = x as f64 + f64::from(i % 3 - 1) / 3.0 - column;
                    let dy = y as f64 + f64::from(i / 3 - 1) / 3.0 - row;
                    sum += (1.0 - (dx * dx + dy * dy) / (radius * radius)).max(0.0).sqrt();
                }
                self.data[y * self.side + x] += height * (sum / 9.0) as f32;
            }
        }
    }

    /// The value at a place, from the four pixels around it; beyond the edge that of the edge.
    pub fn at(&self, column: f64, row: f64) -> f32 {
        let limit = self.side as f64 - 1.0;
        let (column, row) = (column.clamp(0.0, limit), row.clamp(0.0, limit));
        let (x, y) = ((column as usize).min(self.side - 2), (row as usize).min(self.side - 2));
        let (fx, fy) = ((column - x as f64) as f32, (row - y as f64) as f32);
        let at = y * self.side + x;
        let upper = self.data[at] * (1.0 - fx) + self.data[at + 1] * fx;
        let lower = self.data[at + self.side] * (1.0 - fx) + self.data[at + self.side + 1] * fx;
        upper * (1.0 - fy) + lower * fy
    }

    /// The mean over squares of `2 radius + 1` pixels, cut at the edges.
    pub fn blurred(&self, radius: usize) -> Self {
        let side = self.side;
        let mut rows = Self::new(side);
        for (from, to) in self.data.chunks_exact(side).zip(rows.data.chunks_exact_mut(side)) {
            let mut sum: f32 = from[..radius.min(side)].iter().sum();
            let mut count = radius.min(side);
            for x in 0..side {
                if x + radius < side {
                    sum += from[x + radius];
                    count += 1;
                }
                if x > radius {
                    sum -= from[x - radius - 1];
                    count -= 1;
                }
                to[x] = sum / count as f32;
            }
        }
        let mut out = Self::new(side);
        let mut sums = vec![0.0f32; side];
        let mut count = radius.min(side);
        for y in 0..count {
            accumulate(&mut sums, &rows.data[y * side..(y + 1) * side], 1.0);
        }
        for y in 0..side {
            if y + radius < side {
                accumulate(&mut sums, &rows.data[(y + radius) * side..(y + radius + 1) * side], 1.0);
                count += 1;
            }
            if y > radius {
                accumulate(&mut sums, &rows.data[(y - radius - 1) * side..(y - radius) * side], -1.0);
                count -= 1;
            }
            for (to, sum) in out.data[y * side..(y + 1) * side].iter_mut().zip(&sums) {
                *to = sum / count as f32;
            }
        }
        out
    }
}

fn accumulate(sums: &mut [f32], row: &[f32], sign: f32) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += sign * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_holds_its_amount() {
        let mut map = Map::new(32);
        map.spot(15.3, 14.8, 6.0, 2.0);
        assert!((map.data.iter().sum::<f32>() - 2.0).abs() < 0.02);
        map.spot(-40.0, 10.0, 3.0, 1.0);
        map.spot(f64::NAN, 10.0, 3.0, 1.0);
        assert!((map.data.iter().sum::<f32>() - 2.0).abs() < 0.02);
    }

    #[test]
    fn shares_add_up_and_read_back() {
        let mut map = Map::new(4);
        map.add(1.25, 2.0, 1.0);
        assert_eq!((map.data[9], map.data[10]), (0.75, 0.25));
        assert_eq!(map.at(1.5, 2.0), 0.5);
        map.add(3.5, 0.0, 1.0);
        assert_eq!(map.data.iter().sum::<f32>(), 1.0);
    }

    #[test]
    fn blur_keeps_a_flat_field() {
        let mut map = Map::new(9);
        map.data.fill(3.0);
        assert!(map.blurred(2).data.iter().all(|v| (v - 3.0).abs() < 1e-5));
        map.data.fill(0.0);
        map.data[40] = 9.0;
        let blurred = map.blurred(1);
        assert!((blurred.data[40] - 1.0).abs() < 1e-5 && (blurred.data[30] - 1.0).abs() < 1e-5);
        assert!(blurred.data[22].abs() < 1e-5);
    }

    #[test]
    fn projection_and_frame_agree() {
        for (ray, way) in [(Ray::Frontal, 1.0), (Ray::Lateral, -1.0)] {
            let frame = Frame { ray, side: 8, pitch: 2.0, left: way * -8.0, way, top: 8.0, turn: 0.0 };
            let u = frame.along(3);
            let (column, row) = frame.project([u, u, frame.level(5)]);
            assert!((column - 3.0).abs() < 1e-9 && (row - 5.0).abs() < 1e-9);
        }
    }
}
