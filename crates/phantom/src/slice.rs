//! Level sections through solid shapes, and how far a ray runs through them.
//!
//! The rays of both projections are parallel and level, so each row of a film looks through one level section of the
//! body. There every shape is an oval, and a ray passes it in one interval.

use crate::math;

/// Where the beam comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ray {
    /// Along y: the film shows x.
    Frontal,
    /// Along x: the film shows y.
    Lateral,
}

/// An oval whose four quarters may have different half axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slice {
    /// Centre.
    pub x: f32,
    pub y: f32,
    /// Half axes to the right and left.
    pub across: [f32; 2],
    /// Half axes backwards and forwards.
    pub along: [f32; 2],
    /// How much of a box it is: 0 an ellipse, 1 a superellipse of the fourth power, below 0 one with soft edges.
    pub boxy: f32,
}

impl Slice {
    pub fn oval(x: f64, y: f64, across: f64, along: f64) -> Self {
        let (across, along) = (across as f32, along as f32);
        Self { x: x as f32, y: y as f32, across: [across; 2], along: [along; 2], boxy: 0.0 }
    }

    pub fn boxy(self, boxy: f32) -> Self {
        Self { boxy, ..self }
    }

    /// The section of an axis-parallel ellipsoid at the level `z`.
    pub fn ellipsoid(centre: [f64; 3], radii: [f64; 3], z: f64) -> Option<Self> {
        let up = (z - centre[2]) / radii[2];
        let rest = 1.0 - up * up;
        (rest > 0.0).then(|| {
            let share = rest.sqrt();
            Self::oval(centre[0], centre[1], radii[0] * share, radii[1] * share)
        })
    }

    /// The section of an ellipsoid whose long axis points to the left and down by `tilt` radians.
    pub fn tilted(centre: [f64; 3], long: f64, short: f64, deep: f64, tilt: f64, z: f64) -> Option<Self> {
        let (sin, cos) = (-math::sin(tilt), math::cos(tilt));
        let (p, q) = (1.0 / (long * long), 1.0 / (short * short));
        let a = cos * cos * p + sin * sin * q;
        let b = sin * cos * (p - q);
        let c = sin * sin * p + cos * cos * q;
        let up = z - centre[2];
        let rest = 1.0 - up * up * (c - b * b / a);
        (rest > 0.0).then(|| {
            let share = rest.sqrt();
            Self::oval(centre[0] - b / a * up, centre[1], share / a.sqrt(), deep * share)
        })
    }

    /// The same slice of a patient who is turned by a small angle.
    pub fn turned(mut self, turn: f32) -> Self {
        let (x, y) = (self.x, self.y);
        self.x = x + turn * y;
        self.y = y - turn * x;
        self
    }

    /// Where the ray at the film's coordinate `u` enters and leaves.
    pub fn cut(&self, ray: Ray, u: f32) -> Option<(f32, f32)> {
        let (centre, half, depth, reach) = match ray {
            Ray::Frontal => (self.x, self.across, self.y, self.along),
            Ray::Lateral => (self.y, self.along, self.x, self.across),
        };
        let off = u - centre;
        let n = off / half[usize::from(off > 0.0)];
        let n2 = n * n;
        if n2 >= 1.0 {
            return None;
        }
        let mut share = (1.0 - n2).sqrt();
        if self.boxy != 0.0 {
            share = (share + self.boxy * ((1.0 - n2 * n2).sqrt().sqrt() - share)).max(0.0);
        }
        Some((depth - reach[0] * share, depth + reach[1] * share))
    }
}

/// What is left of an interval, as a length, when others are taken out of it. `others` is put in order.
pub(crate) fn length_outside(from: f32, to: f32, others: &mut [(f32, f32)]) -> f32 {
    others.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut left = 0.0;
    let mut at = from;
    for &(start, end) in others.iter() {
        if start >= to {
            break;
        }
        if start > at {
            left += start - at;
        }
        at = at.max(end);
    }
    left + (to - at).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ray_through_a_circle() {
        let circle = Slice::oval(10.0, 5.0, 5.0, 5.0);
        assert_eq!(circle.cut(Ray::Frontal, 10.0), Some((0.0, 10.0)));
        assert_eq!(circle.cut(Ray::Frontal, 13.0), Some((1.0, 9.0)));
        assert_eq!(circle.cut(Ray::Lateral, 5.0), Some((5.0, 15.0)));
        assert_eq!(circle.cut(Ray::Frontal, 15.0), None);
    }

    #[test]
    fn quarters_have_their_own_axes() {
        let mut oval = Slice::oval(0.0, 0.0, 5.0, 5.0);
        oval.across = [10.0, 5.0];
        assert_eq!(oval.cut(Ray::Frontal, -6.0), Some((-4.0, 4.0)));
        assert_eq!(oval.cut(Ray::Frontal, 6.0), None);
    }

    #[test]
    fn a_tilt_of_zero_is_no_tilt() {
        let plain = Slice::ellipsoid([1.0, 2.0, 3.0], [8.0, 6.0, 4.0], 4.0).unwrap();
        let tilted = Slice::tilted([1.0, 2.0, 3.0], 8.0, 4.0, 6.0, 0.0, 4.0).unwrap();
        assert!((plain.across[0] - tilted.across[0]).abs() < 1e-4 && (plain.x - tilted.x).abs() < 1e-4);
        assert_eq!(Slice::ellipsoid([0.0; 3], [1.0; 3], 1.5), None);
    }

    #[test]
    fn overlapping_intervals_are_taken_out_once() {
        assert_eq!(length_outside(0.0, 10.0, &mut [(4.0, 6.0), (2.0, 5.0)]), 6.0);
        assert_eq!(length_outside(0.0, 10.0, &mut [(-3.0, 1.0), (9.0, 30.0)]), 8.0);
        assert_eq!(length_outside(0.0, 10.0, &mut [(-3.0, 30.0)]), 0.0);
        assert_eq!(length_outside(0.0, 10.0, &mut []), 10.0);
        assert_eq!(length_outside(0.0, 10.0, &mut [(12.0, 13.0)]), 10.0);
    }
}
