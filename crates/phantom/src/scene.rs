//! A body with its findings: the shapes that displace air, level by level.

use crate::anatomy::Anatomy;
use crate::finding::{Finding, FindingKind};
use crate::math::{pow, smooth};
use crate::slice::Slice;

/// Density of aerated lung against flesh.
pub(crate) const LUNG: f32 = 0.25;

/// How a film is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Projection {
    /// Frontal, the patient's chest to the detector.
    PosteroAnterior,
    /// Frontal at the bedside, the patient's back to the detector.
    AnteroPosterior,
    /// From the side.
    Lateral,
}

impl Projection {
    /// The view position as DICOM names it.
    pub const fn view_position(self) -> &'static str {
        match self {
            Self::PosteroAnterior => "PA",
            Self::AnteroPosterior => "AP",
            Self::Lateral => "LL",
        }
    }
}

/// A lung at one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LungSlice {
    /// What of the pleural space holds air, in the lung or free.
    pub space: Slice,
    /// The lung in it, smaller where the space holds free air, too; none where it holds free air only.
    pub lung: Option<Slice>,
    /// Inner edge, with its sign.
    pub inner: f32,
    pub sign: f32,
    /// Density against flesh; a collapsed lung has less air.
    pub density: f32,
}

/// A lung that has shrunk from the chest wall.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Collapse {
    /// Its height against that before.
    pub share: f64,
    /// The point that it shrinks to.
    pub anchor: [f64; 3],
    held_below: f64,
    held: f64,
}

impl Collapse {
    /// Its width and depth against those before, at a level of the shrunken lung. The base of a small one stays at the wall.
    pub fn across(self, z: f64) -> f64 {
        self.share + (1.0 - self.share) * self.held * smooth(self.held_below, 0.0, z)
    }

    /// Where a point of the lung has come to lie.
    pub fn moved(self, point: [f64; 3]) -> [f64; 3] {
        let [x, y, z] = self.anchor;
        let level = z + (point[2] - z) * self.share;
        let k = self.across(level);
        [x + (point[0] - x) * k, y + (point[1] - y) * k, level]
    }
}

/// Everything that a row of a film looks through.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Level {
    pub body: Vec<Slice>,
    pub lungs: Vec<LungSlice>,
    /// What stands in the lungs' place where it overlaps them.
    pub solids: Vec<Slice>,
    /// Air outside the lungs.
    pub air: Vec<Slice>,
}

/// A body with the findings that change its shapes.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub anatomy: Anatomy,
    pub projection: Projection,
    /// How much fluid, right and left, 0 to 1.
    pub effusion: [f64; 2],
    /// How much free air, right and left, 0 to 1.
    pub pneumothorax: [f64; 2],
    /// Cardiothoracic ratio.
    pub heart_ratio: f64,
    /// Level on which the heart rests.
    floor: f64,
}

impl Scene {
    /// The scene of some findings.
    pub fn new<'a>(
        anatomy: &Anatomy,
        projection: Projection,
        findings: impl IntoIterator<Item = &'a Finding>,
    ) -> Self {
        let mut scene = Self {
            anatomy: anatomy.clone(),
            projection,
            effusion: [0.0; 2],
            pneumothorax: [0.0; 2],
            heart_ratio: anatomy.heart_ratio,
            floor: anatomy.domes[1] - 6.0,
        };
        if projection == Projection::AnteroPosterior {
            // Lying half up, less breath, and the heart further from the detector.
            scene.anatomy.height *= 0.93;
            scene.heart_ratio = (scene.heart_ratio * 1.04).min(0.52);
        }
        for finding in findings {
            let side = usize::from(finding.sign() > 0.0);
            match finding.kind {
                FindingKind::PleuralEffusion => scene.effusion[side] = finding.amount,
                FindingKind::Pneumothorax => scene.pneumothorax[side] = finding.amount,
                FindingKind::Cardiomegaly => scene.heart_ratio = 0.56 + 0.14 * finding.amount,
                FindingKind::Atelectasis => scene.anatomy.domes[side] += 3.0 + 8.0 * finding.amount,
                FindingKind::Scoliosis => {
                    scene.anatomy.spine_bend = (8.0 + 9.0 * finding.amount) * finding.sign();
                }
                _ => {}
            }
        }
        scene
    }

    /// Half the heart's width against that of the shapes below.
    fn heart_scale(&self) -> f64 {
        self.heart_ratio * self.anatomy.width / 64.0
    }

    /// How far the lung's outline is from full at that level, sideways and in depth: 0 (all fluid) to 1 (no fluid). The
    /// surface is nearly level inside and climbs along the wall, and it climbs higher behind.
    pub fn aerated(&self, sign: f64, z: f64) -> (f64, f64) {
        let amount = self.effusion[usize::from(sign > 0.0)];
        if amount <= 0.0 {
            return (1.0, 1.0);
        }
        // A small one fills the sulci, the largest reach above the hilum.
        let floor = -58.0 + 162.0 * amount;
        let rise = 30.0 + 70.0 * amount;
        let under = 1.0 - ((z - floor) / rise).clamp(0.0, 1.0);
        (1.0 - 0.72 * pow(under, 8.0) - 0.28 * pow(under, 1.8), 1.0 - 0.92 * pow(under, 1.8))
    }

    /// How a lung has collapsed, if it has.
    pub fn collapse(&self, sign: f64) -> Option<Collapse> {
        let amount = self.pneumothorax[usize::from(sign > 0.0)];
        if amount <= 0.0 {
            return None;
        }
        let hilum = self.anatomy.hilum(sign);
        let whole = smooth(0.25, 0.9, amount);
        // A small one leaves the base where it was.
        let anchor = [sign * 22.0, -15.0, -70.0 + (hilum[2] + 70.0) * whole];
        let share = 1.0 - 0.07 - 0.5 * amount * (0.45 + 0.55 * amount);
        Some(Collapse {
            share,
            anchor,
            held_below: self.anatomy.height * 0.55,
            held: 1.0 - smooth(0.3, 0.6, amount),
        })
    }

    fn lung(&self, sign: f64, z: f64) -> Option<LungSlice> {
        let body = &self.anatomy;
        let inner = body.lung_inner(z);
        let oval = |z: f64, inner: f64| {
            let (edge, deep) = body.lung_edge(z)?;
            let x = inner + 0.30 * (edge - inner);
            let mut slice = Slice::oval(sign * x, body.lung_middle(z), edge - x, deep);
            // Wide towards the middle, where the inner edge cuts it.
            slice.across[usize::from(sign < 0.0)] = (1.9 * edge) as f32;
            Some(slice.boxy(0.25))
        };
        let mut space = oval(z, inner)?;
        let (aerated, deep) = self.aerated(sign, z);
        let (aerated, deep) = (aerated as f32, deep as f32);
        if aerated <= 0.02 {
            return None;
        }
        // Fluid stands higher at the side and behind than at the hilum.
        let outer = usize::from(sign > 0.0);
        let (half, front) = (space.across[outer], space.along[1]);
        let reach = half + (space.x.abs() - inner as f32);
        space.across[outer] = (half - (1.0 - aerated) * reach * 0.98).max(0.5);
        if aerated < 1.0 {
            let low = (half - (1.0 - aerated) * reach * 0.98) - 0.5;
            space.x += sign as f32 * low.min(0.0);
        }
        space.along = [space.along[0] * deep, front * (0.4 + 0.6 * deep)];
        let mut density = LUNG;
        let lung = match self.collapse(sign) {
            None => Some(space),
            Some(collapse) => {
                let Collapse { share, anchor, .. } = collapse;
                density *= (1.0 + 1.3 * (0.82 - share).max(0.0)) as f32;
                let from = anchor[2] + (z - anchor[2]) / share;
                oval(from, body.lung_inner(from)).map(|mut slice| {
                    let k = collapse.across(z) as f32;
                    slice.x = anchor[0] as f32 + (slice.x - anchor[0] as f32) * k;
                    slice.y = anchor[1] as f32 + (slice.y - anchor[1] as f32) * k;
                    slice.across = slice.across.map(|a| a * k);
                    slice.along = slice.along.map(|a| a * k);
                    slice
                })
            }
        };
        Some(LungSlice { space, lung, inner: (sign * inner) as f32, sign: sign as f32, density })
    }

    fn dome(&self, sign: f64, z: f64) -> Option<Slice> {
        let body = &self.anatomy;
        let below = body.dome(sign) - z;
        if below <= 0.0 {
            return None;
        }
        // Distance from the top at which the surface has fallen so far.
        let reach = |fall: f64, at: f64| at * pow(below / fall, 1.0 / 2.4);
        let w = body.width;
        let x = sign * w * 0.47;
        let outwards = reach(44.0, w * 0.50);
        let inwards = reach(12.0, w * 0.42);
        let mut slice = Slice::oval(x, 14.0, outwards, 0.0);
        slice.across[usize::from(sign < 0.0)] = inwards as f32;
        slice.along = [reach(62.0, body.depth * 1.08) as f32, reach(30.0, body.depth * 0.85) as f32];
        Some(slice.boxy(0.15))
    }

    fn heart(&self, z: f64, out: &mut Vec<Slice>) {
        let body = &self.anatomy;
        let s = self.heart_scale();
        let floor = self.floor;
        let up = |v: f64| floor + v * s;
        let carina = body.carina();
        let push = |slice: Option<Slice>, out: &mut Vec<Slice>| out.extend(slice);
        push(
            Slice::tilted(
                [20.0 * s, 26.0, up(36.0)],
                71.0 * s,
                49.0 * s,
                56.0 * s.min(1.2),
                body.heart_tilt,
                z,
            ),
            out,
        );
        push(Slice::ellipsoid([-13.0 * s, 10.0, up(46.0)], [30.0 * s, 44.0, 46.0 * s], z), out);
        // Left atrium behind, pulmonary trunk and the aorta's root above.
        push(Slice::ellipsoid([4.0, -18.0, up(70.0)], [36.0 * s, 30.0, 34.0 * s], z), out);
        push(Slice::ellipsoid([22.0 * s, 10.0, carina - 46.0], [21.0, 34.0, 54.0], z), out);
        push(Slice::ellipsoid([-10.0, 12.0, carina - 48.0], [25.0, 36.0, 98.0], z), out);
    }

    fn vessels(&self, z: f64, out: &mut Vec<Slice>) {
        let body = &self.anatomy;
        let carina = body.carina();
        let knob = carina + 16.0;
        let r = body.knob;
        let spine = body.spine(z);
        out.extend(Slice::ellipsoid([17.0 + 0.3 * r, -18.0, knob], [r, 30.0, r * 1.15], z));
        if z < knob {
            // Descending aorta, left of the spine.
            let x = 21.0 + 3.0 * smooth(knob, 0.0, z) - 12.0 * smooth(40.0, -40.0, z) + 0.5 * (r - 14.0);
            out.push(Slice::oval(x, spine.1 + 22.0, 12.0, 12.0));
        }
        if z > carina - 70.0 && z < body.height + 20.0 {
            // Caval vein on the right, subclavian artery on the left.
            let fade = smooth(carina - 70.0, carina - 30.0, z);
            let wide = body.mediastinum + 5.0 * smooth(carina + 40.0, body.height, z);
            let wide = wide + 1.5 * crate::math::sin(z * 0.06);
            out.push(Slice::oval(-0.45 * wide, 4.0, 0.56 * wide, 42.0 * fade.max(0.05)).boxy(0.2));
            out.push(Slice::oval(0.42 * wide, -14.0, 0.52 * wide, 42.0 * fade.max(0.05)).boxy(0.1));
            out.push(Slice::oval(-1.0, -8.0, 17.0, 60.0 * fade.max(0.05)).boxy(0.5));
        }
        if z < carina {
            out.push(Slice::oval(spine.0 * 0.5, -20.0, 17.0, 54.0).boxy(0.5));
        }
    }

    fn spine(&self, z: f64, out: &mut Vec<Slice>) {
        let (x, y) = self.anatomy.spine(z);
        let wide = 17.0 + 3.0 * self.anatomy.below_apex(z).clamp(0.0, 1.3);
        out.push(Slice::oval(x, y, wide, 17.0).boxy(0.6));
        out.push(Slice::oval(x, y - 36.0, 23.0, 36.0).boxy(0.2));
    }

    /// The shapes at one level.
    pub fn level(&self, z: f64) -> Level {
        let body = &self.anatomy;
        let mut level = Level::default();
        self.trunk(z, &mut level.body);
        for sign in [-1.0, 1.0] {
            level.lungs.extend(self.lung(sign, z));
        }
        if !level.lungs.is_empty() {
            level.solids.extend([-1.0, 1.0].into_iter().filter_map(|sign| self.dome(sign, z)));
            self.heart(z, &mut level.solids);
            self.vessels(z, &mut level.solids);
            self.spine(z, &mut level.solids);
        }
        let (carina, r) = (body.carina(), 8.0);
        if z > carina {
            let x = -2.0 - 3.0 * smooth(carina + 60.0, carina + 10.0, z);
            let back = -10.0 - 16.0 * smooth(body.height, carina, z);
            level.air.push(Slice::oval(x, back, r, r * 1.1));
        }
        if body.bubble > 0.0 {
            // Gas under the left dome; fluid below keeps a level.
            let top = body.domes[1] - 8.0;
            let centre = [body.width * 0.40, 8.0, top - body.bubble * 0.8];
            let shares = [0.2, 0.85, 1.0];
            let share = shares[(body.bubble * 10.0) as usize % 3];
            if z > centre[2] - share * 0.8 * body.bubble {
                let radii = [body.bubble * 1.3, body.bubble * 0.9, body.bubble * 0.8];
                level.air.extend(Slice::ellipsoid(centre, radii, z));
            }
        }
        level
    }

    /// Trunk, shoulders and neck; breasts.
    fn trunk(&self, z: f64, out: &mut Vec<Slice>) {
        let body = &self.anatomy;
        let h = body.height;
        let lateral = self.projection == Projection::Lateral;
        let chest = body.width + body.wall + 8.0 * smooth(0.0, -120.0, z);
        let shoulder = body.width + body.wall + 70.0;
        let (front, back) = body.skin(z);
        let (middle, deep) = ((front - back) / 2.0, (front + back) / 2.0);
        let arms = smooth(h - 120.0, h - 62.0, z);
        let neck = smooth(h + 5.0, h + 62.0, z);
        let wide = chest + (shoulder - chest) * arms;
        let wide = wide + (58.0 - wide) * pow(neck, 0.7);
        let deep = deep + (64.0 - deep) * neck * if lateral { 0.3 } else { 1.0 };
        let (middle, deep) =
            if lateral { (middle + 0.42 * deep * neck, deep * (1.0 - 0.42 * neck)) } else { (middle, deep) };
        out.push(Slice::oval(0.0, middle, wide, deep).boxy((0.5 - 0.3 * neck) as f32));
        if lateral {
            // Raised arms.
            if z > h - 75.0 {
                let up = (z - h + 75.0) / 130.0;
                let grow = smooth(h - 75.0, h - 20.0, z);
                out.push(Slice::oval(0.0, 2.0 + 34.0 * up, 60.0 + 150.0 * grow, 55.0 + 22.0 * up).boxy(0.3));
            }
        } else if z < h - 30.0 {
            // Arms at the sides; the gap to the chest opens downwards.
            let gap = 3.0 + 0.09 * (h - 30.0 - z);
            let thick = 44.0 * smooth(h - 30.0, h - 90.0, z);
            for sign in [-1.0, 1.0] {
                out.push(Slice::oval(sign * (chest + gap + 34.0), -10.0, 36.0, thick));
            }
        }
        if body.breast > 0.0 {
            for sign in [-1.0, 1.0] {
                let r = body.breast;
                let hang = h * 0.24;
                let x = body.width * 0.52;
                let mut cup = Slice::ellipsoid(
                    [sign * x, front - 8.0, hang],
                    [(r * 1.25).min(chest + 5.0 - x), if lateral { 0.85 * r } else { 14.0 + 0.42 * r }, r],
                    z + if z > hang { (hang - z) * 0.45 } else { 0.0 },
                );
                if let Some(cup) = &mut cup {
                    cup.along[0] = 0.0;
                    cup.boxy = -0.55;
                }
                out.extend(cup);
            }
        }
    }
}
