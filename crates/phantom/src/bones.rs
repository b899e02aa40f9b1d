//! Ribs, clavicles, shoulders, spine and breastbone.

use crate::anatomy::{Anatomy, Sex};
use crate::map::{Frame, Map};
use crate::math::{cos, pow, sin, smooth};
use crate::pen::{Pen, Point, curve};
use crate::scene::Projection;
use crate::slice::Ray;
use std::f64::consts::PI;

/// What bone attenuates per millimetre beyond flesh, mean of shell and marrow.
const BONE: f64 = 0.030;

/// Draws the skeleton.
pub(crate) fn draw(anatomy: &Anatomy, projection: Projection, frame: &Frame, degenerate: f64) -> Map {
    let mut map = Map::new(frame.side);
    let mut pen = Pen::new(frame, &mut map);
    let bone = BONE * anatomy.bone;
    for sign in [-1.0, 1.0] {
        for number in 0..12 {
            rib(&mut pen, anatomy, sign, number, bone);
        }
        clavicle(&mut pen, anatomy, projection, sign, bone);
        shoulder(&mut pen, anatomy, projection, sign, bone);
    }
    spine(&mut pen, anatomy, bone, degenerate);
    sternum(&mut pen, anatomy, bone);
    map
}

/// Level at which a rib meets the spine, the first at 0.
pub(crate) fn rib_level(anatomy: &Anatomy, number: usize) -> f64 {
    anatomy.height * (1.05 - 0.108 * number as f64)
}

fn rib(pen: &mut Pen<'_>, anatomy: &Anatomy, sign: f64, number: usize, bone: f64) {
    let start = rib_level(anatomy, number);
    let n = number as f64;
    let end = match number {
        0 => 2.75,
        1..=6 => 2.62 - 0.02 * n,
        7..=9 => 2.45 - 0.12 * (n - 7.0),
        10 => 1.7,
        _ => 1.2,
    };
    let fall = anatomy.rib_slope * (42.0 + 78.0 * smooth(0.0, 6.0, n)) * anatomy.height / 232.0;
    let mut wobble = anatomy.seed.stream("rib", number as u64 * 2 + u64::from(sign > 0.0));
    let (start, half) = (start + wobble.range(-2.0, 2.0), wobble.range(5.4, 6.8));
    let (_, spine_y) = anatomy.spine(start);
    let steps = 46;
    let point = |t: f64| -> Point {
        let phi = 0.18 + t * (end - 0.18);
        let z = start + 4.0 * sin(PI * (t * 2.5).min(1.0)) - fall * pow(t * end / 2.6, 1.45);
        let (edge, deep) = anatomy.lung_edge(z.min(anatomy.height * 0.955)).unwrap_or((60.0, 40.0));
        let middle = anatomy.lung_middle(z);
        let x = (edge + 5.0) * pow(sin(phi).max(0.0), 0.85);
        // From the joint at the spine out into the gutter beside it.
        let back = middle - (deep + 5.0) * cos(phi);
        let join = smooth(0.12, 0.0, t);
        [sign * (x + (20.0 - x) * join * 0.8), back + (spine_y - 6.0 - back) * join * 0.6, z]
    };
    let path: Vec<(Point, Point)> = (0..=steps)
        .map(|i| {
            let t = f64::from(i) / f64::from(steps);
            let (a, b) = (point((t - 0.01).max(0.0)), point((t + 0.01).min(1.0)));
            let d = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
            // Across the rib: upright in the wall, at right angles to its course.
            let level = (d[0] * d[0] + d[1] * d[1]).sqrt();
            let whole = (level * level + d[2] * d[2]).sqrt().max(1e-9);
            let h = half * (0.85 + 0.25 * smooth(0.5, 1.0, t));
            let up = h * level / whole;
            let side = -h * d[2] / whole / level.max(1e-9);
            (point(t), [d[0] * side, d[1] * side, up])
        })
        .collect();
    let mass = bone
        * 2.0
        * half
        * if number < 2 { 3.1 } else { 3.8 }
        * if pen.frame.ray == Ray::Lateral { 0.6 } else { 1.0 };
    pen.band(
        &path,
        0.018,
        |t| mass * (1.0 - 0.5 * smooth(0.55, 0.8, t)),
        |v| 0.52 + 1.15 * v * v * v * v + 0.7 * smooth(-0.5, -1.0, v) * 0.5,
    );
}

fn clavicle(pen: &mut Pen<'_>, anatomy: &Anatomy, projection: Projection, sign: f64, bone: f64) {
    let h = anatomy.height;
    let up = if projection == Projection::AnteroPosterior { 16.0 } else { 0.0 };
    let w = anatomy.width;
    let ends = [
        [sign * 13.0, 55.0, h * 0.835],
        [sign * 45.0, 62.0, h * 0.862 + 0.3 * up],
        [sign * w * 0.72, 42.0, h * 0.925 + 0.7 * up],
        [sign * w * 1.02, 10.0, h * 0.955 + up],
        [sign * (w + 26.0), 0.0, h * 0.985 + up],
    ];
    let slim = if anatomy.sex == Sex::Female { 0.88 } else { 1.0 };
    let path: Vec<(Point, Point)> = curve(&ends, 14)
        .into_iter()
        .enumerate()
        .map(|(i, point)| {
            let t = i as f64 / 56.0;
            let half = slim * (5.2 + 3.2 * smooth(0.22, 0.0, t) + 2.2 * smooth(0.7, 1.0, t));
            (point, [0.0, 0.0, half])
        })
        .collect();
    if projection != Projection::Lateral {
        pen.band(&path, 0.0, |_| bone * 66.0, |v| 0.62 + 0.9 * v * v * v * v);
    }
}

fn shoulder(pen: &mut Pen<'_>, anatomy: &Anatomy, projection: Projection, sign: f64, bone: f64) {
    let (h, w) = (anatomy.height, anatomy.width);
    let mut wobble = anatomy.seed.stream("scapula", u64::from(sign > 0.0));
    let shift = wobble.range(-4.0, 6.0);
    if projection == Projection::Lateral {
        // Raised arms carry the blades forwards; they cross the back of the lungs as two lines.
        let y = -anatomy.depth * 0.86 + shift + 6.0 * sign;
        let line = curve(
            &[
                [sign * 100.0, y + 10.0, h * 1.0],
                [sign * 110.0, y, h * 0.72],
                [sign * 112.0, y + 16.0, h * 0.44],
            ],
            8,
        );
        pen.tube(&line, |_| 3.2, bone * 1.4);
        let line = curve(
            &[
                [sign * 100.0, y + 44.0, h * 0.98],
                [sign * 110.0, y + 36.0, h * 0.74],
                [sign * 112.0, y + 17.0, h * 0.44],
            ],
            8,
        );
        pen.tube(&line, |_| 2.6, bone * 1.3);
        pen.ball([sign * 170.0, 34.0, h + 14.0], 24.0, bone * 0.4);
        pen.tube(&[[sign * 170.0, 36.0, h + 20.0], [sign * 170.0, 120.0, h + 70.0]], |_| 11.0, bone * 0.6);
        return;
    }
    // A film taken from behind rolls the blades out of the lungs; one in bed does not.
    let out = if projection == Projection::PosteroAnterior { 15.0 } else { -6.0 } + shift;
    let p = |x: f64, z: f64| [sign * (x + out), -70.0, z];
    let (inner_top, lower, socket) = (p(w * 0.76, h * 0.95), p(w * 0.93, h * 0.47), p(w * 1.16, h * 0.86));
    let inner = curve(&[inner_top, p(w * 0.765, h * 0.76), p(w * 0.83, h * 0.57), lower], 8);
    let outer = curve(&[lower, p(w * 1.00, h * 0.60), p(w * 1.10, h * 0.76), socket], 8);
    pen.tube(&inner, |_| 1.6, bone * 1.3);
    pen.tube(&outer, |_| 3.0, bone * 1.3);
    for step in 0..22 {
        let i = step * (inner.len() - 1) / 22;
        let j = (outer.len() - 1) - step * (outer.len() - 1) / 22;
        pen.tube(&[inner[i], outer[j]], |_| 4.0, bone * 0.08);
    }
    let spine = curve(
        &[p(w * 0.77, h * 0.85), p(w * 0.98, h * 0.93), p(w * 1.22, h * 1.015), p(w * 1.33, h * 0.99)],
        8,
    );
    pen.tube(&spine, |t| 3.0 + 3.0 * t, bone * 0.8);
    pen.tube(
        &curve(&[p(w * 1.08, h * 0.90), p(w * 1.04, h * 0.95), p(w * 1.13, h * 0.945)], 6),
        |_| 4.0,
        bone * 0.6,
    );
    let head = p(w * 1.30, h * 0.88);
    pen.ball(head, 21.0, bone * 0.55);
    let ring: Vec<Point> = (0..=24)
        .map(|i| {
            let a = f64::from(i) / 24.0 * 2.0 * PI;
            [head[0] + 20.0 * cos(a), head[1], head[2] + 20.0 * sin(a)]
        })
        .collect();
    pen.tube(&ring, |_| 1.6, bone * 1.2);
    let shaft = [sign * (w * 1.36 + out), -40.0, h * 0.82];
    let low = [sign * (w * 1.50 + out), -20.0, h * 0.10];
    for off in [-9.0, 9.0] {
        pen.tube(
            &[[shaft[0] + off, shaft[1], shaft[2]], [low[0] + off, low[1], low[2]]],
            |_| 3.0,
            bone * 1.3,
        );
    }
    pen.tube(&[shaft, low], |_| 9.0, bone * 0.4);
}

fn spine(pen: &mut Pen<'_>, anatomy: &Anatomy, bone: f64, degenerate: f64) {
    let mut z = anatomy.height * 1.30;
    let mut number = 0u64;
    let lateral = pen.frame.ray == Ray::Lateral;
    while z > -anatomy.height * 0.75 {
        let t = anatomy.below_apex(z).clamp(-0.3, 1.6);
        let tall = (15.0 + 6.5 * (t + 0.3) / 1.3) * anatomy.height / 232.0;
        let mut random = anatomy.seed.stream("vertebra", number);
        let disc = (3.6 + 1.8 * t.max(0.0)) * (1.0 - 0.55 * degenerate * random.unit());
        let (wide, deep) = (13.5 + 4.5 * (t + 0.3) / 1.3, 13.0 + 3.5 * (t + 0.3) / 1.3);
        let (x, y) = anatomy.spine(z);
        let (x2, y2) = anatomy.spine(z - tall);
        let body = Vertebra { top: [x, y, z], bottom: [x2, y2, z - tall], wide, deep };
        if lateral {
            body.draw_lateral(pen, bone)
        } else {
            body.draw_frontal(pen, bone)
        }
        if degenerate > 0.0 && t > 0.15 && random.chance(0.75) {
            body.draw_spurs(pen, bone, degenerate * random.range(0.6, 1.3), random.chance(0.5));
        }
        z -= tall + disc;
        number += 1;
    }
}

struct Vertebra {
    top: Point,
    bottom: Point,
    wide: f64,
    deep: f64,
}

impl Vertebra {
    fn at(&self, down: f64, x: f64, y: f64) -> Point {
        let p = crate::pen::between(self.top, self.bottom, down);
        [p[0] + x, p[1] + y, p[2]]
    }

    fn draw_frontal(&self, pen: &mut Pen<'_>, bone: f64) {
        let w = self.wide;
        for i in 0..7 {
            let d = (f64::from(i) + 0.5) / 7.0;
            let waist = 1.0 - 0.13 * sin(PI * d);
            pen.tube(&[self.at(d, -w * waist, 0.0), self.at(d, w * waist, 0.0)], |_| 2.6, bone * 0.35);
        }
        for d in [0.0, 1.0] {
            pen.tube(&[self.at(d, -w, 0.0), self.at(d, w, 0.0)], |_| 1.1, bone * 1.5);
        }
        for s in [-1.0, 1.0] {
            pen.tube(
                &curve(
                    &[self.at(0.0, s * w, 0.0), self.at(0.5, s * w * 0.88, 0.0), self.at(1.0, s * w, 0.0)],
                    4,
                ),
                |_| 1.1,
                bone * 1.2,
            );
            // Pedicle and transverse process.
            let ring: Vec<Point> = (0..=10)
                .map(|i| {
                    let a = f64::from(i) / 5.0 * PI;
                    self.at(0.33, s * w * 0.66 + 2.6 * cos(a), -20.0)
                })
                .zip(0..=10)
                .map(|(p, i)| [p[0], p[1], p[2] + 4.2 * sin(f64::from(i) / 5.0 * PI)])
                .collect();
            pen.tube(&ring, |_| 1.0, bone * 1.8);
            pen.tube(
                &[self.at(0.25, s * w * 0.8, -25.0), self.at(0.1, s * (w + 14.0), -35.0)],
                |_| 3.6,
                bone * 0.5,
            );
        }
        pen.tube(&[self.at(0.45, 0.0, -35.0), self.at(1.05, 0.0, -45.0)], |_| 2.4, bone * 1.6);
    }

    fn draw_lateral(&self, pen: &mut Pen<'_>, bone: f64) {
        let d = self.deep;
        for i in 0..7 {
            let down = (f64::from(i) + 0.5) / 7.0;
            let waist = 1.0 - 0.12 * sin(PI * down);
            pen.tube(&[self.at(down, 0.0, -d), self.at(down, 0.0, d * waist)], |_| 2.6, bone * 1.5);
        }
        for down in [0.0, 1.0] {
            pen.tube(&[self.at(down, 0.0, -d), self.at(down, 0.0, d)], |_| 1.15, bone * 6.0);
        }
        pen.tube(
            &curve(&[self.at(0.0, 0.0, d), self.at(0.5, 0.0, d * 0.86), self.at(1.0, 0.0, d)], 4),
            |_| 1.1,
            bone * 4.0,
        );
        pen.tube(&[self.at(0.0, 0.0, -d), self.at(1.0, 0.0, -d)], |_| 1.1, bone * 3.0);
        // Arch, joints and spinous process behind.
        pen.tube(&[self.at(0.3, 0.0, -d), self.at(0.35, 0.0, -d - 10.0)], |_| 4.0, bone * 0.6);
        pen.tube(&[self.at(-0.1, 0.0, -d - 9.0), self.at(0.8, 0.0, -d - 13.0)], |_| 4.0, bone * 0.5);
        pen.tube(&[self.at(0.5, 0.0, -d - 12.0), self.at(1.3, 0.0, -d - 32.0)], |_| 3.2, bone * 0.45);
    }

    fn draw_spurs(&self, pen: &mut Pen<'_>, bone: f64, size: f64, right: bool) {
        let reach = 3.0 + 5.0 * size;
        if pen.frame.ray == Ray::Lateral {
            let d = self.deep;
            for down in [0.0, 1.0] {
                let turn = if down > 0.5 { 0.22 } else { -0.22 };
                pen.tube(
                    &[self.at(down, 0.0, d - 2.0), self.at(down + turn, 0.0, d + reach)],
                    |t| 2.4 - 1.2 * t,
                    bone * 5.0,
                );
            }
        } else {
            let s = if right { -self.wide } else { self.wide };
            let over = s + reach * s / self.wide;
            for (down, turn) in [(0.0, -0.2), (1.0, 0.2)] {
                pen.tube(
                    &[self.at(down, s * 0.9, 0.0), self.at(down + turn, over, 0.0)],
                    |t| 2.4 - 1.2 * t,
                    bone * 4.0,
                );
            }
        }
    }
}

fn sternum(pen: &mut Pen<'_>, anatomy: &Anatomy, bone: f64) {
    let h = anatomy.height;
    let front = |z: f64| [0.0, anatomy.breastbone(z), z];
    if pen.frame.ray == Ray::Lateral {
        let plate = |from: f64, to: f64, pen: &mut Pen<'_>| {
            let path: Vec<(Point, Point)> = (0..=14)
                .map(|i| front(from + (to - from) * f64::from(i) / 14.0))
                .map(|p| (p, [0.0, 4.8, 0.0]))
                .collect();
            pen.band(&path, 0.0, |_| bone * 105.0, |v| 0.45 + 1.1 * v * v * v * v);
        };
        plate(h * 0.86, h * 0.68, pen);
        plate(h * 0.665, h * 0.30, pen);
    } else {
        for (z, wide) in [(0.84, 26.0), (0.80, 25.0), (0.76, 19.0)] {
            let p = front(h * z);
            pen.tube(&[[-wide, p[1], p[2]], [wide, p[1], p[2]]], |_| 4.5, bone * 0.35);
        }
        let s = front(h * 0.79);
        for sign in [-1.0, 1.0] {
            pen.tube(&[[sign * 27.0, s[1], h * 0.85], [sign * 16.0, s[1], h * 0.73]], |_| 1.2, bone * 1.0);
        }
    }
}
