//! Flesh and air along every ray.

use crate::map::{Frame, Map};
use crate::scene::{Level, Scene};
use crate::slice::{Ray, Slice, length_outside};

/// Attenuation of flesh per millimetre, at the energies of a chest film. After NIST's tables for soft tissue at
/// about 70 keV mean energy, 0.19 per cm, less scatter.
pub(crate) const FLESH: f32 = 0.0165;

/// What the rays pass.
#[derive(Debug, Clone)]
pub(crate) struct Tissue {
    /// Attenuation of flesh, lung and air.
    pub soft: Map,
    /// Millimetres of lung.
    pub lung: Map,
    /// Millimetres of free air in the pleural space.
    pub free: Map,
}

impl Tissue {
    /// Follows every ray through a scene; every `step`-th row and column only, the others stay 0.
    pub fn trace(scene: &Scene, frame: &Frame, step: usize) -> Self {
        let side = frame.side;
        let mut tissue = Self { soft: Map::new(side), lung: Map::new(side), free: Map::new(side) };
        for row in (step / 2..side).step_by(step) {
            tissue.trace_row(scene.level(frame.level(row)), frame, row, step);
        }
        tissue
    }

    /// This tissue with another scene in its place. Rows whose level is the same in both are not followed again.
    pub fn retrace(&self, now: &Scene, other: &Scene, frame: &Frame) -> Self {
        let mut tissue = self.clone();
        for row in 0..frame.side {
            let level = other.level(frame.level(row));
            if level != now.level(frame.level(row)) {
                tissue.trace_row(level, frame, row, 1);
            }
        }
        tissue
    }

    fn trace_row(&mut self, level: Level, frame: &Frame, row: usize, step: usize) {
        let level = turned(level, frame.turn as f32);
        let mut cuts = Vec::with_capacity(16);
        for column in (step / 2..frame.side).step_by(step) {
            let passed = pass(&level, frame.ray, frame.along(column) as f32, &mut cuts);
            let at = row * frame.side + column;
            self.soft.data[at] = passed.soft;
            self.lung.data[at] = passed.lung;
            self.free.data[at] = passed.free;
        }
    }
}

fn turned(mut level: Level, turn: f32) -> Level {
    let all = |slices: &mut Vec<Slice>| slices.iter_mut().for_each(|slice| *slice = slice.turned(turn));
    all(&mut level.body);
    all(&mut level.solids);
    all(&mut level.air);
    for lung in &mut level.lungs {
        let y = lung.space.y;
        lung.space = lung.space.turned(turn);
        lung.lung = lung.lung.map(|slice| slice.turned(turn));
        lung.inner += turn * y;
    }
    level
}

/// Millimetres of lung that a frontal ray passes at a place.
pub(crate) fn lung_before(scene: &Scene, x: f64, z: f64) -> f64 {
    f64::from(pass(&scene.level(z), Ray::Frontal, x as f32, &mut Vec::new()).lung)
}

struct Passed {
    soft: f32,
    lung: f32,
    free: f32,
}

fn pass(level: &Level, ray: Ray, u: f32, cuts: &mut Vec<(f32, f32)>) -> Passed {
    let mut flesh = 0.0;
    cuts.clear();
    cuts.extend(level.body.iter().filter_map(|slice| slice.cut(ray, u)));
    if cuts.is_empty() {
        return Passed { soft: 0.0, lung: 0.0, free: 0.0 };
    }
    let (from, to) = cuts.iter().fold((f32::MAX, f32::MIN), |(a, b), cut| (a.min(cut.0), b.max(cut.1)));
    flesh += (to - from) - length_outside(from, to, cuts);
    cuts.clear();
    let mut solids_known = false;
    let (mut lung, mut free, mut held) = (0.0, 0.0, 0.0);
    for side in &level.lungs {
        let clip = |slice: &Slice| {
            let (mut from, mut to) = slice.cut(ray, u)?;
            match ray {
                Ray::Frontal if (u - side.inner) * side.sign <= 0.0 => return None,
                Ray::Frontal => {}
                Ray::Lateral if side.sign > 0.0 => from = from.max(side.inner),
                Ray::Lateral => to = to.min(side.inner),
            }
            (from < to).then_some((from, to))
        };
        let Some((from, to)) = clip(&side.space) else { continue };
        if !solids_known {
            cuts.extend(level.solids.iter().filter_map(|slice| slice.cut(ray, u)));
            solids_known = true;
        }
        let space = length_outside(from, to, cuts);
        let inside = match &side.lung {
            Some(slice) if *slice == side.space => space,
            Some(slice) => clip(slice).map_or(0.0, |(a, b)| {
                let (a, b) = (a.max(from), b.min(to));
                if a < b { length_outside(a, b, cuts) } else { 0.0 }
            }),
            None => 0.0,
        };
        lung += inside;
        held += side.density * inside;
        free += space - inside;
    }
    let outside: f32 = level.air.iter().filter_map(|slice| slice.cut(ray, u)).map(|(a, b)| b - a).sum();
    let soft = FLESH * ((flesh - lung - free - outside).max(0.0) + held);
    Passed { soft, lung, free }
}
