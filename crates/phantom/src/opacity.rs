//! Findings that fill or cross the lung: clouds, lines, plates and balls.

use crate::finding::{Finding, FindingKind, Place};
use crate::map::{Frame, Map};
use crate::math::{cos, exp, sin, smooth};
use crate::pen::{Pen, Point, curve};
use crate::random::Random;
use crate::scene::{LUNG, Scene};
use crate::slice::Ray;
use crate::texture::Texture;
use crate::tissue::{FLESH, Tissue, lung_before};

/// What fluid in place of air attenuates more, per millimetre.
const FILLED: f32 = FLESH * (1.0 - LUNG);

/// What a finding adds to the attenuation; nothing where it changes shapes only.
pub(crate) fn draw(finding: &Finding, scene: &Scene, tissue: &Tissue, frame: &Frame) -> Option<Map> {
    let random = Random::new(finding.seed);
    match finding.kind {
        FindingKind::Consolidation => Some(consolidation(finding, random, scene, tissue, frame)),
        FindingKind::PulmonaryEdema if finding.severity >= 2 => {
            Some(edema(finding, random, scene, tissue, frame))
        }
        FindingKind::Nodule => Some(nodule(finding, random, scene, frame)),
        FindingKind::Atelectasis => Some(plates(finding, random, scene, tissue, frame)),
        FindingKind::Pneumothorax => Some(pleural_line(finding, scene, frame)),
        _ => None,
    }
}

/// The middle of a zone, and how far it reaches sideways, in depth and upwards.
pub(crate) fn zone(scene: &Scene, sign: f64, place: Place) -> (Point, [f64; 3]) {
    let body = &scene.anatomy;
    let (level, depth, tall) = match place {
        Place::Apex => (0.90, -0.2, 0.06),
        Place::Upper => (0.74, 0.05, 0.13),
        Place::Middle => (0.40, 0.42, 0.10),
        Place::Lower => (0.17, -0.45, 0.14),
        Place::Base => (0.10, 0.0, 0.05),
        Place::Perihilar => (0.48, 0.0, 0.18),
    };
    let z = body.height * level;
    let (edge, deep) = body.lung_edge(z).unwrap_or((body.width, body.depth));
    let inner = if sign > 0.0 && level < 0.45 { 48.0 } else { 30.0 };
    let x = inner + (edge - inner) * 0.50;
    let centre = [sign * x, body.lung_middle(z) + deep * depth, z];
    (centre, [(edge - inner) * 0.36, deep * 0.42, body.height * tall])
}

/// Turns millimetres of filled lung into attenuation; no more can be filled than there is.
fn fill(mut cloud: Map, tissue: &Tissue, most: f32) -> Map {
    for (value, lung) in cloud.data.iter_mut().zip(&tissue.lung.data) {
        let room = lung.min(most);
        *value = if room > 0.5 { FILLED * room * (1.0 - exp(f64::from(-*value / room)) as f32) } else { 0.0 };
    }
    cloud
}

fn consolidation(
    finding: &Finding,
    mut random: Random,
    scene: &Scene,
    tissue: &Tissue,
    frame: &Frame,
) -> Map {
    let place = finding.place.unwrap_or(Place::Lower);
    let sign = finding.sign();
    let (mut centre, reach) = zone(scene, sign, place);
    centre[0] += reach[0] * random.range(-0.3, 0.4);
    centre[2] += reach[2] * random.range(-0.25, 0.25);
    let size = 0.75 + 0.60 * finding.amount;
    let mut cloud = Map::new(frame.side);
    let texture = Texture::new(&mut random);
    let mut pen = Pen::new(frame, &mut cloud);
    for _ in 0..30 {
        let (dx, dz) = random.direction();
        let far = random.unit().sqrt() * size;
        let at = [
            centre[0] + dx * far * reach[0],
            centre[1] + random.range(-0.7, 0.7) * reach[1] * size,
            centre[2] + dz * far * reach[2],
        ];
        pen.ball(at, (13.0 + 17.0 * random.unit()) * (0.45 + 0.5 * size), 0.14 + 0.26 * finding.amount);
    }
    // Fissures bound the lobes: upper above, middle below.
    let mut grain = vec![0.0; frame.side];
    let fissure = scene.anatomy.height * 0.50;
    for row in 0..frame.side {
        let z = frame.level(row);
        let bound = match place {
            Place::Upper => smooth(fissure - 3.0, fissure + 4.0, z),
            Place::Middle if sign < 0.0 => smooth(fissure + 3.0, fissure - 4.0, z),
            _ => 1.0,
        };
        texture.along(frame.along(0) / 17.0, frame.way * frame.pitch / 17.0, z / 17.0, &mut grain);
        for (value, patchy) in cloud.data[row * frame.side..].iter_mut().zip(&grain) {
            *value *= (bound * (1.0 + 0.75 * patchy).max(0.2)) as f32;
        }
    }
    let mut filled = fill(cloud, tissue, 105.0);
    bronchogram(&mut filled, &mut random, scene, frame, sign, centre, reach);
    filled
}

/// Branching air that the filled lung around it makes visible.
fn bronchogram(
    filled: &mut Map,
    random: &mut Random,
    scene: &Scene,
    frame: &Frame,
    sign: f64,
    centre: Point,
    reach: [f64; 3],
) {
    let mut air = Map::new(frame.side);
    let mut pen = Pen::new(frame, &mut air);
    let hilum = scene.anatomy.hilum(sign);
    for _ in 0..5 {
        let to = [
            centre[0] + reach[0] * random.range(-0.5, 0.9),
            centre[1],
            centre[2] + reach[2] * random.range(-0.9, 0.9),
        ];
        let bend = random.range(-9.0, 9.0);
        let half = crate::pen::between(hilum, to, 0.55);
        let path = curve(&[hilum, [half[0], half[1], half[2] + bend], to], 8);
        pen.tube(&path, |t| 2.5 - 1.4 * t, 0.17);
        let side = [to[0] + random.range(-14.0, 18.0), to[1], to[2] + random.range(-16.0, 16.0)];
        pen.tube(&[path[10.min(path.len() - 1)], side], |t| 1.7 - 0.8 * t, 0.17);
    }
    for (value, air) in filled.data.iter_mut().zip(&air.data) {
        *value *= 1.0 - 0.34 * air.min(1.0);
    }
}

fn edema(finding: &Finding, mut random: Random, scene: &Scene, tissue: &Tissue, frame: &Frame) -> Map {
    let body = &scene.anatomy;
    let mut cloud = Map::new(frame.side);
    let texture = Texture::new(&mut random);
    let alveolar = finding.severity >= 3;
    let amount = finding.amount;
    let mut pen = Pen::new(frame, &mut cloud);
    for sign in [-1.0, 1.0] {
        let hilum = body.hilum(sign);
        let count = if alveolar { 46 } else { 22 };
        for _ in 0..count {
            let (out, up) = (random.unit(), random.range(-1.0, 0.8));
            let (edge, deep) = body.lung_edge(hilum[2] + up * 62.0).unwrap_or((body.width, body.depth));
            let far = (edge - 40.0) * if alveolar { 0.64 } else { 0.8 };
            let narrow = 1.0 - 0.45 * up * up;
            let at = [
                sign * (36.0 + out * far * narrow),
                random.range(-0.5, 0.45) * deep,
                hilum[2] - 12.0 + up * body.height * 0.33,
            ];
            let (radius, mu) = if alveolar {
                (random.range(15.0, 24.0), 0.21 + 0.40 * (amount - 0.6).max(0.0))
            } else {
                (random.range(18.0, 28.0), 0.095)
            };
            pen.ball(at, radius, mu);
        }
    }
    let mut grain = vec![0.0; frame.side];
    for row in 0..frame.side {
        let z = frame.level(row);
        texture.along(frame.along(0) / 12.0, frame.way * frame.pitch / 12.0, z / 12.0, &mut grain);
        for (value, grain) in cloud.data[row * frame.side..].iter_mut().zip(&grain) {
            *value *= (1.0 + if alveolar { 0.7 } else { 0.5 } * grain).max(0.1) as f32;
        }
    }
    let mut filled = fill(cloud, tissue, 110.0);
    let mut lines = Map::new(frame.side);
    septa(&mut Pen::new(frame, &mut lines), &mut random, scene, amount);
    mask(&mut lines, tissue, 12.0);
    for (value, line) in filled.data.iter_mut().zip(&lines.data) {
        *value += line;
    }
    filled
}

/// Kerley's lines, thick fissures and cuffs around bronchi.
fn septa(pen: &mut Pen<'_>, random: &mut Random, scene: &Scene, amount: f64) {
    let body = &scene.anatomy;
    let mu = f64::from(FILLED) * (3.2 + 3.0 * amount);
    for sign in [-1.0, 1.0] {
        // B: short and level, at the side of the bases.
        for line in 0..15 {
            let z = body.dome(sign) - 22.0 + 6.2 * f64::from(line) + random.range(-1.5, 1.5);
            let Some((edge, _)) = body.lung_edge(z) else { continue };
            let (out, length) = (edge - random.range(2.5, 4.5), random.range(10.0, 19.0));
            let y = random.range(-25.0, 15.0);
            pen.tube(
                &[[sign * out, y, z], [sign * (out - length), y, z - random.range(-1.0, 2.0)]],
                |_| 0.85,
                mu * 1.4,
            );
        }
        let hilum = body.hilum(sign);
        // A: long, from the hilum upwards and out.
        for _ in 0..7 {
            let angle = random.range(-0.3, 1.2);
            let (from, to) = (random.range(16.0, 30.0), random.range(55.0, 80.0));
            let at =
                |far: f64| [hilum[0] + sign * far * cos(angle), hilum[1] + 8.0, hilum[2] + far * sin(angle)];
            pen.tube(&[at(from), at(to)], |_| 0.75, mu * 0.9);
        }
        // A net through the lower lungs.
        for _ in 0..230 {
            let z = random.range(-25.0, body.height * 0.72);
            let Some((edge, deep)) = body.lung_edge(z) else { continue };
            let at = [sign * random.range(34.0, edge - 5.0), random.range(-0.6, 0.6) * deep, z];
            let (dx, dz) = random.direction();
            let length = random.range(6.0, 13.0);
            pen.tube(&[at, [at[0] + dx * length, at[1], at[2] + dz * length]], |_| 0.8, mu * 0.55);
        }
        for _ in 0..5 {
            let (dx, dz) = random.direction();
            let far = random.range(14.0, 30.0);
            let at = [hilum[0] + sign * far * dx.abs(), hilum[1] + 5.0, hilum[2] + far * dz];
            let r = random.range(3.4, 4.8);
            let ring: Vec<Point> = (0..=14)
                .map(|i| {
                    let a = f64::from(i) * std::f64::consts::PI / 7.0;
                    // Seen end-on in both projections: real ones lie in every direction.
                    let (y, x) =
                        if pen.frame.ray == Ray::Lateral { (r * cos(a), 0.0) } else { (0.0, r * cos(a)) };
                    [at[0] + x, at[1] + y, at[2] + r * sin(a)]
                })
                .collect();
            pen.tube(&ring, |_| 1.2, mu * 0.55);
        }
    }
    // The right minor fissure, seen on edge.
    let z = body.height * 0.49;
    let edge = body.lung_edge(z).map_or(body.width, |(edge, _)| edge) - 4.0;
    let (back, front) = (0.0, body.depth * 0.85);
    let path = if pen.frame.ray == Ray::Lateral {
        [[-80.0, back, z], [-80.0, (back + front) / 2.0, z + 3.0], [-80.0, front, z - 4.0]]
    } else {
        [[-45.0, 30.0, z], [-(45.0 + edge) / 2.0, 30.0, z + 3.0], [-edge, 30.0, z - 3.0]]
    };
    pen.tube(&curve(&path, 8), |_| 1.0, mu * 1.2);
}

/// Takes away what lies where there is no lung to be seen.
pub(crate) fn mask(map: &mut Map, tissue: &Tissue, full_mm: f32) {
    for (value, lung) in map.data.iter_mut().zip(&tissue.lung.data) {
        *value *= (lung / full_mm).min(1.0);
    }
}

/// Where a nodule lies; its place is chosen so that no heart, rib cage or dome hides it.
pub(crate) fn nodule_centre(finding: &Finding, scene: &Scene) -> Point {
    let mut random = Random::new(finding.seed).stream("place", 0);
    let (middle, reach) = zone(scene, finding.sign(), finding.place.unwrap_or(Place::Upper));
    let mut best = (middle, 0.0);
    for _ in 0..12 {
        let mut at = middle;
        for (value, reach) in at.iter_mut().zip(reach) {
            *value += reach * random.range(-0.8, 0.9);
        }
        at[0] += finding.sign() * 8.0;
        let lung = lung_before(scene, at[0], at[2]);
        if lung > 0.45 * 2.0 * scene.anatomy.depth {
            return at;
        }
        if lung > best.1 {
            best = (at, lung);
        }
    }
    best.0
}

fn nodule(finding: &Finding, mut random: Random, scene: &Scene, frame: &Frame) -> Map {
    let mut map = Map::new(frame.side);
    let radius = finding.size_mm.unwrap_or(12.0) / 2.0;
    let centre = nodule_centre(finding, scene);
    // Below a centimetre only dense ones are seen.
    let mu = f64::from(FILLED) * (1.45 + 1.9 * smooth(7.0, 2.5, radius));
    let (column, row) = frame.project(centre);
    map.sphere(column, row, radius / frame.pitch, (mu * 2.0 * radius) as f32);
    let mut pen = Pen::new(frame, &mut map);
    for _ in 0..4 {
        let (dx, dz) = random.direction();
        let off = radius * 0.55;
        pen.ball(
            [centre[0] + dx * off, centre[1] + dx * off, centre[2] + dz * off],
            radius * 0.55,
            mu * 0.22,
        );
    }
    if radius > 8.0 {
        for _ in 0..9 {
            let (dx, dz) = random.direction();
            let tip = |far: f64| [centre[0] + dx * far, centre[1] + dx * far, centre[2] + dz * far];
            pen.tube(&[tip(radius * 0.8), tip(radius * random.range(1.15, 1.5))], |t| 1.1 - 0.6 * t, mu);
        }
    }
    map
}

fn plates(finding: &Finding, mut random: Random, scene: &Scene, tissue: &Tissue, frame: &Frame) -> Map {
    let body = &scene.anatomy;
    let sign = finding.sign();
    let mut map = Map::new(frame.side);
    let mut pen = Pen::new(frame, &mut map);
    let count = 2 + (finding.amount * 2.5) as usize;
    for plate in 0..count {
        let z = body.dome(sign) + 9.0 + 11.0 * plate as f64 + random.range(-3.0, 3.0);
        let (edge, _) = body.lung_edge(z).unwrap_or((body.width, 0.0));
        let from = if sign > 0.0 { 62.0 } else { 48.0 } + random.range(-6.0, 14.0);
        let to = (from + random.range(32.0, 58.0)).min(edge - 6.0);
        let (y, tip) = (random.range(-40.0, 10.0), random.range(-5.0, 9.0));
        let half = random.range(1.3, 2.2) * (0.8 + 0.5 * finding.amount);
        let path = if frame.ray == Ray::Lateral {
            curve(
                &[[sign * from, y - 24.0, z], [sign * from, y, z + 3.0], [sign * from, y + 26.0, z + tip]],
                8,
            )
        } else {
            curve(&[[sign * from, y, z + tip], [sign * (from + to) / 2.0, y, z + 2.0], [sign * to, y, z]], 8)
        };
        // A plate is a sheet seen on edge: deeper than it is thick.
        pen.tube(
            &path,
            |t| half * (1.0 - 0.45 * (2.0 * t - 1.0).abs()),
            f64::from(FILLED) * 30.0 / (2.0 * half),
        );
    }
    mask(&mut map, tissue, 35.0);
    map
}

/// The visceral pleura, seen on edge between two airs.
fn pleural_line(finding: &Finding, scene: &Scene, frame: &Frame) -> Map {
    let mut map = Map::new(frame.side);
    let sign = finding.sign();
    let Some(collapse) = scene.collapse(sign) else { return map };
    if frame.ray == Ray::Lateral {
        return map;
    }
    let body = &scene.anatomy;
    let mut path = Vec::new();
    for step in 0..=60 {
        let z = -20.0 + (body.height - 0.3 + 20.0) * f64::from(step) / 60.0;
        if let Some((edge, _)) = body.lung_edge(z) {
            path.push(collapse.moved([sign * edge, body.lung_middle(z), z]));
        }
    }
    for step in 0..14 {
        let z = body.height * (0.999 - 0.012 * f64::from(step));
        path.push(collapse.moved([sign * body.lung_inner(z), body.lung_middle(z), z]));
    }
    let mut pen = Pen::new(frame, &mut map);
    pen.tube(&path, |_| 0.8, f64::from(FLESH) * 11.0);
    map
}
