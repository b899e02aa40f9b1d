//! The trees of vessels that make lungs look like lungs.

use crate::finding::{Finding, FindingKind};
use crate::map::{Frame, Map};
use crate::math::{cos, sin, smooth};
use crate::pen::{Pen, Point, curve};
use crate::random::Random;
use crate::scene::{LUNG, Scene};
use crate::tissue::FLESH;

/// Lung in front of and behind a vessel that lets it show in full, in millimetres.
pub(crate) const FULL_MM: f32 = 110.0;

/// How congestion changes the vessels: 0 none, 1 full.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Congestion {
    /// Upper vessels as wide as the lower ones, wide hila.
    pub upper: f64,
    /// Blurred outlines.
    pub blur: f64,
}

impl Congestion {
    /// What the findings of a study make of it.
    pub fn of(findings: &[Finding]) -> Self {
        findings.iter().find(|f| f.kind == FindingKind::PulmonaryEdema).map_or(
            Congestion::default(),
            |edema| {
                let blur = match edema.severity {
                    0 | 1 => 0.35,
                    2 => 0.8,
                    _ => 1.0,
                };
                Congestion { upper: 0.6 + 0.4 * edema.amount, blur }
            },
        )
    }
}

/// Draws the vessels of both lungs, as if no air were missing: what is no lung is masked later.
pub(crate) fn draw(scene: &Scene, congestion: Congestion, frame: &Frame) -> Map {
    let mut map = Map::new(frame.side);
    let mut pen = Pen::new(frame, &mut map);
    for sign in [-1.0, 1.0] {
        let random = scene.anatomy.seed.stream("vessels", u64::from(sign > 0.0));
        Tree { scene, sign, congestion, mu: f64::from(FLESH * (1.0 - LUNG)) * 2.35 }.draw(&mut pen, random);
    }
    map
}

struct Tree<'a> {
    scene: &'a Scene,
    sign: f64,
    congestion: Congestion,
    mu: f64,
}

struct Branch {
    at: Point,
    way: Point,
    radius: f64,
    order: u8,
}

impl Tree<'_> {
    fn draw(&self, pen: &mut Pen<'_>, mut random: Random) {
        let body = &self.scene.anatomy;
        let hilum = body.hilum(self.sign);
        let (s, k) = (self.sign, body.vessels);
        let wide = k * (1.0 + 0.22 * self.congestion.upper);
        self.trunks(pen, hilum, wide);
        // Angle above the outward direction, share forwards, radius.
        let roots: [(f64, f64, f64); 13] = [
            (1.45, -0.25, 2.5),
            (1.15, 0.30, 2.4),
            (0.85, -0.30, 2.4),
            (0.50, 0.45, 2.2),
            (0.15, 0.60, 2.2),
            (-0.15, -0.40, 2.3),
            (-0.45, 0.65, 2.5),
            (-0.70, -0.55, 3.0),
            (-0.85, 0.15, 3.0),
            (-1.05, -0.35, 3.4),
            (-1.20, -0.65, 3.2),
            (-1.35, 0.25, 3.2),
            (-0.60, -0.20, 2.8),
        ];
        for (angle, forward, radius) in roots {
            let angle = angle + random.range(-0.12, 0.12);
            let low = angle < -0.3;
            let start = if low {
                let down = 12.0 + 34.0 * (-0.3 - angle) + random.range(-5.0, 5.0);
                [hilum[0] + s * 4.0, hilum[1] - 4.0, hilum[2] - down]
            } else {
                [hilum[0], hilum[1], hilum[2] + 9.0 * angle]
            };
            let flat = (1.0 - forward * forward * 0.6).sqrt();
            let way = [s * cos(angle) * flat, forward * 0.8, sin(angle) * flat];
            let more =
                if low { 1.0 + 0.1 * self.congestion.upper } else { 1.0 + 0.75 * self.congestion.upper };
            self.grow(pen, &mut random, Branch { at: start, way, radius: radius * k * more, order: 0 });
        }
        // The net of vessels too small to follow.
        for _ in 0..420 {
            let z = random.range(-60.0, body.height - 8.0);
            let Some((edge, deep)) = body.lung_edge(z) else { continue };
            let x = random.range(body.lung_inner(z), edge - 5.0);
            let at = [s * x, body.lung_middle(z) + deep * random.range(-0.8, 0.8), z];
            let out = [at[0] - hilum[0], at[1] - hilum[1], at[2] - hilum[2]];
            let length = random.range(7.0, 16.0) / crate::pen::distance(at, hilum).max(20.0);
            let bend = random.range(-0.35, 0.35);
            let to = [
                at[0] + out[0] * length - bend * out[2] * length,
                at[1] + out[1] * length,
                at[2] + out[2] * length + bend * out[0] * length,
            ];
            pen.tube(&[at, to], |_| 0.8, self.mu * 0.9);
        }
    }

    fn trunks(&self, pen: &mut Pen<'_>, hilum: Point, wide: f64) {
        let s = self.sign;
        let p = |x: f64, y: f64, z: f64| [hilum[0] + s * x, hilum[1] + y, hilum[2] + z];
        let soft = 1.0 + 0.5 * self.congestion.blur;
        let descending =
            curve(&[p(-14.0, 6.0, 8.0), p(-2.0, 0.0, 3.0), p(5.0, -6.0, -18.0), p(6.0, -12.0, -44.0)], 8);
        pen.tube(&descending, |t| wide * soft * (7.8 - 3.4 * t), self.mu * 0.42 / soft);
        let upper = curve(&[p(-14.0, 4.0, 2.0), p(-3.0, 2.0, 12.0), p(3.0, 0.0, 30.0)], 8);
        pen.tube(&upper, |t| wide * soft * (6.2 - 2.8 * t), self.mu * 0.42 / soft);
        let vein = curve(&[p(-22.0, -8.0, -32.0), p(-4.0, -8.0, -34.0), p(14.0, -6.0, -42.0)], 8);
        pen.tube(&vein, |t| wide * soft * (6.0 - 2.2 * t), self.mu * 0.36 / soft);
    }

    fn inside(&self, at: Point, margin: f64) -> bool {
        let body = &self.scene.anatomy;
        let Some((edge, deep)) = body.lung_edge(at[2]) else { return false };
        let x = at[0] * self.sign / (edge - margin).max(1.0);
        let y = (at[1] - body.lung_middle(at[2])) / (deep - margin * 0.6).max(1.0);
        at[2] > -70.0 && x * x + 0.6 * y * y < 1.0 && at[0] * self.sign > body.lung_inner(at[2]) - 12.0
    }

    fn grow(&self, pen: &mut Pen<'_>, random: &mut Random, first: Branch) {
        let mut open = vec![first];
        while let Some(branch) = open.pop() {
            let length = random.range(12.0, 21.0) * if branch.order == 0 { 1.4 } else { 1.0 };
            let mut path = vec![branch.at];
            let (mut at, mut way) = (branch.at, branch.way);
            for _ in 0..4 {
                for (value, step) in at.iter_mut().zip(way) {
                    *value += step * length / 4.0;
                }
                for value in &mut way {
                    *value += random.range(-0.09, 0.09);
                }
                if !self.inside(at, 7.0) {
                    break;
                }
                path.push(at);
            }
            let r = branch.radius;
            let soft = 1.0 + 0.45 * self.congestion.blur;
            pen.tube(&path, |t| soft * r * (1.0 - 0.18 * t), self.mu / soft);
            if path.len() < 5 || r < 0.48 || branch.order > 7 {
                continue;
            }
            for (share, open_by) in [(0.86, 0.26), (0.68, 0.60)] {
                let turn = random.range(0.5, 1.0) * open_by * if random.chance(0.5) { 1.0 } else { -1.0 };
                let (sin, cos) = (sin(turn), cos(turn));
                let tip = random.range(-0.25, 0.25);
                let turned = [way[0] * cos - way[2] * sin, way[1] + tip, way[0] * sin + way[2] * cos];
                let norm = crate::pen::distance(turned, [0.0; 3]).max(1e-9);
                let way = turned.map(|v| v / norm);
                open.push(Branch {
                    at,
                    way,
                    radius: r * share * random.range(0.88, 1.05),
                    order: branch.order + 1,
                });
            }
        }
    }
}

/// Draws the air of the bronchi, as what it takes away; the trachea is part of the scene.
pub(crate) fn bronchi(scene: &Scene, frame: &Frame) -> Map {
    let body = &scene.anatomy;
    let mut map = Map::new(frame.side);
    let mut pen = Pen::new(frame, &mut map);
    let carina = body.carina();
    let back = -26.0;
    let mu = f64::from(FLESH) * 0.8;
    for sign in [-1.0, 1.0] {
        let hilum = body.hilum(sign);
        let steep = if sign > 0.0 { 0.72 } else { 1.0 };
        let path = curve(
            &[
                [-5.0 + 2.0 * sign, back, carina + 4.0],
                [-5.0 + 14.0 * sign, back, carina - 14.0 * steep],
                [hilum[0], back + 4.0, carina - 38.0 * steep],
                [hilum[0] + 8.0 * sign, back + 2.0, hilum[2] - 32.0],
            ],
            8,
        );
        pen.tube(&path, |t| 6.2 - 2.6 * smooth(0.3, 1.0, t), mu);
    }
    map
}
