//! Draws thin things into a map: paths in the body, as the attenuation of what they hold.

use crate::map::{Frame, Map};
use std::f64::consts::PI;

/// A point in the body, in millimetres.
pub(crate) type Point = [f64; 3];

/// A map with the frame that lies over it.
pub(crate) struct Pen<'a> {
    pub frame: &'a Frame,
    pub map: &'a mut Map,
}

impl<'a> Pen<'a> {
    pub fn new(frame: &'a Frame, map: &'a mut Map) -> Self {
        Self { frame, map }
    }

    /// A soft ball: `mu` is what it attenuates per millimetre in the middle.
    pub fn ball(&mut self, centre: Point, radius: f64, mu: f64) {
        let amount = mu * 4.0 / 3.0 * PI * radius * radius * radius / (self.frame.pitch * self.frame.pitch);
        let (column, row) = self.frame.project(centre);
        self.map.spot(column, row, 1.3 * radius / self.frame.pitch, amount as f32);
    }

    /// A tube along a path, its radius and attenuation per millimetre given at each point.
    pub fn tube(&mut self, path: &[Point], radius: impl Fn(f64) -> f64, mu: f64) {
        let pitch = self.frame.pitch;
        let total: f64 = path.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        let mut run = 0.0;
        for pair in path.windows(2) {
            let length = distance(pair[0], pair[1]);
            let here = if total > 0.0 { run / total } else { 0.0 };
            let pace = (0.5 * radius(here)).max(0.55 * pitch);
            let steps = (length / pace).ceil().max(1.0);
            for step in 0..steps as usize {
                let share = (step as f64 + 0.5) / steps;
                let r = radius((run + share * length) / total.max(1e-9));
                let amount = mu * PI * r * r * (length / steps) / (pitch * pitch);
                let (column, row) = self.frame.project(between(pair[0], pair[1], share));
                self.map.spot(column, row, 1.3 * r / pitch, amount as f32);
            }
            run += length;
        }
    }

    /// A flat band along a path of points with half the width there as a vector. `mass_per_mm` is what a millimetre of its
    /// length attenuates in all, by the share of the path behind it; `profile` how that runs across, from -1 to 1. The
    /// band has two layers, apart by the share `outwards` of the distance from the body's axis.
    pub fn band(
        &mut self,
        path: &[(Point, Point)],
        outwards: f64,
        mass_per_mm: impl Fn(f64) -> f64,
        profile: impl Fn(f64) -> f64,
    ) {
        let pitch = self.frame.pitch;
        for (number, pair) in path.windows(2).enumerate() {
            let mass = mass_per_mm(number as f64 / path.len() as f64);
            let ((a, half_a), (b, half_b)) = (pair[0], pair[1]);
            let length = distance(a, b);
            let seen = {
                let ((x0, y0), (x1, y1)) = (self.frame.project(a), self.frame.project(b));
                ((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)).sqrt()
            };
            let steps = seen.ceil().max(1.0);
            let width = 2.0 * (half_a[0] * half_a[0] + half_a[1] * half_a[1] + half_a[2] * half_a[2]).sqrt();
            let lanes = (width / pitch * 1.3).ceil().max(3.0);
            let amount = mass * length / steps / lanes / (pitch * pitch);
            for step in 0..steps as usize {
                let share = (step as f64 + 0.5) / steps;
                let (middle, half) = (between(a, b, share), between(half_a, half_b, share));
                for lane in 0..lanes as usize {
                    let v = (lane as f64 + 0.5) / lanes * 2.0 - 1.0;
                    let scaled = (amount * profile(v)) as f32;
                    let point = [middle[0] + v * half[0], middle[1] + v * half[1], middle[2] + v * half[2]];
                    // Two layers, so that the band has a thickness where it is seen from its edge.
                    for depth in [1.0 - outwards, 1.0 + outwards] {
                        let (column, row) =
                            self.frame.project([point[0] * depth, point[1] * depth, point[2]]);
                        self.map.add(column, row, 0.5 * scaled);
                    }
                }
            }
        }
    }
}

pub(crate) fn distance(a: Point, b: Point) -> f64 {
    let (x, y, z) = (a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    (x * x + y * y + z * z).sqrt()
}

pub(crate) fn between(a: Point, b: Point, share: f64) -> Point {
    [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
}

/// A smooth curve through points (Catmull-Rom), as many points between two as asked.
pub(crate) fn curve(through: &[Point], parts: usize) -> Vec<Point> {
    let mut out = Vec::with_capacity(through.len() * parts + 1);
    for i in 0..through.len().saturating_sub(1) {
        let p0 = through[i.saturating_sub(1)];
        let (p1, p2) = (through[i], through[i + 1]);
        let p3 = through[(i + 2).min(through.len() - 1)];
        for part in 0..parts {
            let t = part as f64 / parts as f64;
            let mut point = [0.0; 3];
            for (axis, value) in point.iter_mut().enumerate() {
                let (a, b, c, d) = (p0[axis], p1[axis], p2[axis], p3[axis]);
                *value = 0.5
                    * (2.0 * b
                        + t * ((c - a)
                            + t * ((2.0 * a - 5.0 * b + 4.0 * c - d) + t * (3.0 * b - a - 3.0 * c + d))));
            }
            out.push(point);
        }
    }
    out.extend(through.last());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice::Ray;

    #[test]
    fn a_tube_attenuates_what_it_holds() {
        let frame =
            Frame { ray: Ray::Frontal, side: 64, pitch: 2.0, left: -64.0, way: 1.0, top: 64.0, turn: 0.0 };
        let mut map = Map::new(64);
        Pen::new(&frame, &mut map).tube(&[[-20.0, 0.0, 0.0], [20.0, 0.0, 0.0]], |_| 5.0, 0.1);
        let sum = f64::from(map.data.iter().sum::<f32>()) * 4.0;
        assert!((sum - 0.1 * PI * 25.0 * 40.0).abs() < 3.0, "{sum}");
    }

    #[test]
    fn a_curve_passes_its_points() {
        let points = [[0.0, 0.0, 0.0], [10.0, 5.0, 0.0], [20.0, 0.0, 3.0]];
        let curve = curve(&points, 4);
        assert_eq!(curve.len(), 9);
        assert_eq!((curve[0], curve[4], curve[8]), (points[0], points[1], points[2]));
        assert!(super::curve(&[], 3).is_empty());
    }
}
