//! What was put into the patient: tubes, catheters, a pacemaker, wires.

use crate::finding::{Finding, FindingKind};
use crate::map::{Frame, Map};
use crate::math::{cos, sin};
use crate::pen::{Pen, Point, curve};
use crate::random::Random;
use crate::scene::Scene;
use std::f64::consts::PI;

/// Plastic with a mark that shows, per millimetre.
const PLASTIC: f64 = 0.030;
/// Metal, per millimetre.
const METAL: f64 = 0.55;

/// What a device adds to the attenuation; nothing for findings that are none.
pub(crate) fn draw(finding: &Finding, scene: &Scene, frame: &Frame) -> Option<Map> {
    let mut map = Map::new(frame.side);
    let mut pen = Pen::new(frame, &mut map);
    let random = Random::new(finding.seed);
    let device = Device { scene, sign: finding.sign(), random };
    match finding.kind {
        FindingKind::EndotrachealTube => device.endotracheal(&mut pen),
        FindingKind::CentralVenousCatheter => device.central_line(&mut pen),
        FindingKind::Picc => device.picc(&mut pen),
        FindingKind::Pacemaker => device.pacemaker(&mut pen),
        FindingKind::FeedingTube => device.feeding_tube(&mut pen),
        FindingKind::ChestTube => device.chest_tube(&mut pen),
        FindingKind::Sternotomy => device.wires(&mut pen),
        FindingKind::AorticAtherosclerosis => device.calcium(&mut pen),
        _ => return None,
    }
    Some(map)
}

struct Device<'a> {
    scene: &'a Scene,
    sign: f64,
    random: Random,
}

impl Device<'_> {
    fn caval(&mut self) -> (Point, Point) {
        let body = &self.scene.anatomy;
        let carina = body.carina();
        let tip = carina - self.random.range(8.0, 38.0);
        ([-(body.mediastinum - 7.0), 6.0, carina + 28.0], [-(body.mediastinum - 4.0), 12.0, tip])
    }

    fn endotracheal(mut self, pen: &mut Pen<'_>) {
        let body = &self.scene.anatomy;
        let (h, carina) = (body.height, body.carina());
        let tip = carina + self.random.range(22.0, 55.0);
        let path = curve(
            &[[-1.0, 22.0, h * 1.34], [-2.0, -4.0, h * 1.14], [-2.5, -14.0, h * 0.95], [-4.0, -22.0, tip]],
            10,
        );
        for side in [-3.6, 3.6] {
            let wall: Vec<Point> = path.iter().map(|p| [p[0] + side, p[1] + side, p[2]]).collect();
            pen.tube(&wall, |_| 1.15, PLASTIC * 6.5);
        }
        pen.tube(&path, |_| 3.4, PLASTIC * 0.45);
    }

    fn central_line(mut self, pen: &mut Pen<'_>) {
        let h = self.scene.anatomy.height;
        let (upper, tip) = self.caval();
        let side = if self.sign == 0.0 { -1.0 } else { self.sign };
        let start =
            [[side * 62.0, 30.0, h * 1.30], [side * 44.0, 24.0, h * 1.16], [side * 30.0, 20.0, h * 0.96]];
        let path = if side > 0.0 {
            // From the left it crosses the midline.
            curve(&[start[0], start[1], start[2], [14.0, 26.0, h * 0.84], upper, tip], 10)
        } else {
            curve(&[start[0], start[1], start[2], upper, tip], 10)
        };
        pen.tube(&path, |_| 1.45, PLASTIC * 4.2);
    }

    fn picc(mut self, pen: &mut Pen<'_>) {
        let body = &self.scene.anatomy;
        let (h, w) = (body.height, body.width);
        let (upper, tip) = self.caval();
        let s = if self.sign == 0.0 { -1.0 } else { self.sign };
        let arm = [
            [s * (w + 58.0), -12.0, h * 0.52],
            [s * (w + 34.0), -6.0, h * 0.74],
            [s * w * 0.86, 16.0, h * 0.90],
            [s * 48.0, 30.0, h * 0.90],
        ];
        let path = if s > 0.0 {
            curve(&[arm[0], arm[1], arm[2], arm[3], [12.0, 28.0, h * 0.82], upper, tip], 10)
        } else {
            curve(&[arm[0], arm[1], arm[2], arm[3], upper, tip], 10)
        };
        pen.tube(&path, |_| 1.05, PLASTIC * 5.5);
    }

    fn pacemaker(mut self, pen: &mut Pen<'_>) {
        let body = &self.scene.anatomy;
        let (h, w) = (body.height, body.width);
        let s = if self.sign == 0.0 { 1.0 } else { self.sign };
        let front = body.skin(h * 0.8).0 - 6.0;
        let can = [s * w * 0.70, front, h * (0.80 + self.random.range(-0.03, 0.02))];
        let turn = self.random.range(-0.3, 0.3);
        // Rounded box of 46 by 40 by 7 mm, with the plug on top.
        let lanes = 26;
        for lane in 0..=lanes {
            let v = f64::from(lane) / f64::from(lanes) * 2.0 - 1.0;
            let half = 22.0 * (1.0 - v * v * v * v * v * v * 0.55).sqrt();
            let at = |x: f64, z: f64| {
                [can[0] + x * cos(turn) - z * sin(turn), can[1], can[2] + x * sin(turn) + z * cos(turn)]
            };
            pen.tube(&[at(-half, v * 18.0), at(half, v * 18.0)], |_| 1.1, METAL * 0.55);
        }
        pen.tube(
            &[[can[0] - 14.0, can[1], can[2] + 20.0], [can[0] + 12.0, can[1], can[2] + 21.0]],
            |_| 4.0,
            METAL * 0.10,
        );
        let (upper, _) = self.caval();
        let floor = body.domes[1];
        let plug = [can[0] - s * 14.0, can[1], can[2] + 21.0];
        let loopback = [can[0] + s * 10.0, can[1] - 4.0, can[2] + 30.0];
        let vein = [s * w * 0.42, 30.0, h * 0.885];
        let across = [s * 8.0, 30.0, h * 0.82];
        let atrium = [-34.0, 12.0, floor + 62.0];
        let apex = [46.0 + self.random.range(-6.0, 8.0), 50.0, floor + 10.0];
        let lead = [
            plug,
            loopback,
            vein,
            across,
            upper,
            [-30.0, 8.0, floor + 85.0],
            [-22.0, 22.0, floor + 32.0],
            [10.0, 44.0, floor + 12.0],
            apex,
        ];
        pen.tube(&curve(&lead, 10), |_| 0.95, METAL * 0.42);
        pen.ball(apex, 2.0, METAL * 0.5);
        if self.random.chance(0.6) {
            let hook = [-22.0, 34.0, floor + 78.0];
            let path = [
                plug,
                loopback,
                [vein[0], vein[1], vein[2] - 3.0],
                across,
                upper,
                [-33.0, 8.0, floor + 84.0],
                atrium,
                [-28.0, 26.0, floor + 60.0],
                hook,
            ];
            pen.tube(&curve(&path, 10), |_| 0.95, METAL * 0.42);
            pen.ball(hook, 1.8, METAL * 0.5);
        }
    }

    fn feeding_tube(mut self, pen: &mut Pen<'_>) {
        let body = &self.scene.anatomy;
        let (h, dome) = (body.height, body.domes[1]);
        let path = [
            [4.0, -4.0, h * 1.34],
            [2.0, -22.0, h * 1.05],
            [1.0, -34.0, h * 0.75],
            [4.0, -36.0, h * 0.35],
            [12.0, -22.0, dome + 4.0],
            [34.0, 0.0, dome - 28.0],
            [62.0, 12.0, dome - 44.0 - self.random.range(0.0, 18.0)],
        ];
        let path = curve(&path, 10);
        for side in [-1.1, 1.1] {
            let wall: Vec<Point> = path.iter().map(|p| [p[0] + side, p[1] + side, p[2]]).collect();
            pen.tube(&wall, |_| 0.85, PLASTIC * 9.0);
        }
        pen.tube(&path[path.len() - 6..], |_| 1.9, PLASTIC * 7.0);
    }

    fn chest_tube(mut self, pen: &mut Pen<'_>) {
        let body = &self.scene.anatomy;
        let (h, w, s) = (body.height, body.width, self.sign);
        let high = self.random.range(0.70, 0.86);
        let edge = body.lung_edge(h * high).map_or(w, |(edge, _)| edge);
        let path = curve(
            &[
                [s * (w + 48.0), 0.0, h * 0.16],
                [s * (w + 6.0), -4.0, h * 0.27],
                [s * w * 0.90, -10.0, h * 0.42],
                [s * (edge - 16.0), -24.0, h * high],
            ],
            10,
        );
        for side in [-2.9, 2.9] {
            let wall: Vec<Point> = path.iter().map(|p| [p[0] + side, p[1] + side, p[2]]).collect();
            pen.tube(&wall, |_| 1.05, PLASTIC * 5.5);
        }
        pen.tube(&path, |_| 2.8, PLASTIC * 0.35);
    }

    fn wires(mut self, pen: &mut Pen<'_>) {
        let body = &self.scene.anatomy;
        let h = body.height;
        let count = 5 + self.random.below(3);
        for number in 0..count {
            let z = h * (0.80 - 0.50 * number as f64 / (count - 1) as f64);
            let y = body.skin(z).0 - 11.0 - body.wall * 0.25;
            let (tall, wide) = (self.random.range(4.0, 7.0), self.random.range(7.0, 10.0));
            let shift = self.random.range(-2.0, 2.0);
            let ring: Vec<Point> = (0..=18)
                .map(|i| {
                    let a = f64::from(i) * PI / 9.0;
                    [shift + wide * cos(a), y + 5.0 * cos(a), z + tall * sin(a) * (1.0 + 0.25 * cos(a))]
                })
                .collect();
            pen.tube(&ring, |_| 0.62, METAL);
            pen.tube(
                &[[shift - 1.5, y + 6.0, z - tall], [shift + 3.0, y + 6.0, z - tall - 5.0]],
                |_| 0.8,
                METAL,
            );
        }
    }

    fn calcium(mut self, pen: &mut Pen<'_>) {
        let body = &self.scene.anatomy;
        let r = body.knob;
        let centre = [17.0 + 0.3 * r, -18.0, body.carina() + 16.0];
        let from = self.random.range(-0.5, 0.1);
        let arc: Vec<Point> = (0..=12)
            .map(|i| {
                let a = from + f64::from(i) / 12.0 * self.random.range(1.25, 1.32);
                [
                    centre[0] + (r - 1.6) * cos(a),
                    centre[1] - 14.0 * cos(a),
                    centre[2] + (r - 0.6) * 1.12 * sin(a),
                ]
            })
            .collect();
        pen.tube(&arc, |_| 1.15, 0.085);
    }
}
