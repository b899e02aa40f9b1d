//! The body of one patient, in numbers.
//!
//! Millimetres: x to the patient's left, y forwards, z upwards. Zero is the middle of the chest at the level of the
//! domes of the diaphragm. The shapes follow textbook proportions of adults, not any one person.

use crate::math::{pow, smooth};
use crate::random::Random;

/// Sex as it changes the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// What of a person shows on a film.
#[derive(Debug, Clone)]
pub(crate) struct Anatomy {
    pub sex: Sex,
    /// Height of the lungs from the domes to the apices.
    pub height: f64,
    /// Half the inner width of the chest where it is widest.
    pub width: f64,
    /// Half its inner depth.
    pub depth: f64,
    /// How far from the midline the apices stand.
    pub apex: f64,
    /// Flesh at the sides, in front and behind.
    pub wall: f64,
    /// Largest half width of the heart as a share of `width`: the cardiothoracic ratio.
    pub heart_ratio: f64,
    /// How far the heart's axis lies down, in radians.
    pub heart_tilt: f64,
    /// Levels of the domes, right and left.
    pub domes: [f64; 2],
    /// Half width of the upper mediastinum.
    pub mediastinum: f64,
    /// Radius of the aortic knob.
    pub knob: f64,
    /// Sideways bend of the spine in the middle of the chest.
    pub spine_bend: f64,
    /// Density of the bones, 1 for a young adult.
    pub bone: f64,
    /// How far the ribs fall from back to front.
    pub rib_slope: f64,
    /// Radius of a breast, 0 for none that shows.
    pub breast: f64,
    /// How thick the vessels are, 1 on average.
    pub vessels: f64,
    /// Radius of the gas bubble in the stomach.
    pub bubble: f64,
    /// Decides vessels, textures and little shifts.
    pub seed: Random,
}

impl Anatomy {
    /// The body of a person of that sex and age.
    pub fn new(mut random: Random, sex: Sex, age: u32) -> Self {
        let scale = if sex == Sex::Female { 0.93 } else { 1.0 } * random.around(1.0, 0.035);
        let old = smooth(45.0, 85.0, f64::from(age));
        let stout = random.unit();
        let right = random.around(3.0, 3.0);
        let breast = if sex == Sex::Female { random.range(38.0, 66.0) * (0.8 + 0.35 * stout) } else { 0.0 };
        Self {
            sex,
            height: random.around(232.0, 13.0) * scale,
            width: random.around(140.0, 6.0) * scale,
            depth: (random.around(88.0, 6.0) + 9.0 * old) * scale,
            apex: random.around(50.0, 4.0) * scale,
            wall: 18.0 + 30.0 * stout * stout + random.range(0.0, 6.0),
            heart_ratio: (random.around(0.435, 0.025) + 0.025 * old + 0.02 * stout).clamp(0.37, 0.505),
            heart_tilt: random.around(0.62, 0.10) - 0.15 * stout,
            domes: [right + 4.0, right - random.range(6.0, 16.0)],
            mediastinum: random.around(25.0, 2.5) + 4.0 * old,
            knob: random.around(13.5, 1.5) + 4.5 * old,
            spine_bend: random.around(0.0, 2.0),
            bone: (random.around(1.0, 0.10) - 0.30 * old).max(0.5),
            rib_slope: random.around(1.0, 0.12) + 0.1 * old,
            breast,
            vessels: random.around(1.0, 0.10),
            bubble: if random.chance(0.8) { random.range(14.0, 32.0) } else { 0.0 },
            seed: random.stream("body", 0),
        }
    }

    /// How deep below the apex a level lies: 0 at the apex, 1 at the domes.
    pub fn below_apex(&self, z: f64) -> f64 {
        (self.height - z) / self.height
    }

    /// Outer edge of a lung at that level, from the midline, and half its depth; none above the apex.
    pub fn lung_edge(&self, z: f64) -> Option<(f64, f64)> {
        let t = self.below_apex(z);
        if t <= 0.0 {
            return None;
        }
        let near = 1.0 - t.min(1.0);
        let wide = pow(1.0 - near * near, 0.6);
        let narrow = 1.0 - 0.05 * smooth(1.05, 1.5, t);
        let near = 1.0 - (t / 0.8).min(1.0);
        let deep = pow(1.0 - near * near, 0.55);
        Some(((self.apex + (self.width - self.apex) * wide) * narrow, self.depth * deep))
    }

    /// Inner edge of a lung, from the midline. Lower down the mediastinum itself bounds it.
    pub fn lung_inner(&self, z: f64) -> f64 {
        let t = self.below_apex(z);
        let low = 5.0;
        let near = (1.0 - t / 0.22).clamp(0.0, 1.0);
        low + (self.apex - low) * (1.0 - (1.0 - near * near).sqrt())
    }

    /// Middle of the chest from back to front at that level: apices lie further back.
    pub fn lung_middle(&self, z: f64) -> f64 {
        -24.0 * (1.0 - self.below_apex(z).clamp(0.0, 1.0)) - 2.0
    }

    /// Middle of the vertebral bodies: sideways, and from back to front with the thoracic curve.
    pub fn spine(&self, z: f64) -> (f64, f64) {
        let t = self.below_apex(z);
        let x = self.spine_bend * crate::math::sin((t + 0.15).clamp(-0.5, 2.0) * 3.2);
        let bow = (t - 0.55) / 0.75;
        (x, -self.depth + 20.0 + 26.0 * bow * bow)
    }

    /// Level of the bifurcation of the trachea.
    pub fn carina(&self) -> f64 {
        self.height * 0.575
    }

    /// Levels of the hila, right and left; the left one stands higher.
    pub fn hilum(&self, sign: f64) -> [f64; 3] {
        let z = self.height * if sign > 0.0 { 0.50 } else { 0.46 };
        [sign * 37.0, -6.0, z]
    }

    /// Distance of the chest's skin in front and behind from the middle, at that level.
    pub fn skin(&self, z: f64) -> (f64, f64) {
        let t = self.below_apex(z);
        let upper = smooth(0.55, -0.25, t);
        let front = self.breastbone(z) + 9.0 + self.wall * 0.42;
        let back = self.depth + 22.0 + self.wall * 0.6 - 6.0 * smooth(0.75, 1.4, t) - 14.0 * upper;
        (front, back)
    }

    /// Middle of the breastbone, in front of the lungs; above it the base of the neck.
    pub fn breastbone(&self, z: f64) -> f64 {
        let t = self.below_apex(z);
        self.depth * (0.96 - 0.62 * pow(smooth(0.72, -0.12, t), 1.25)) + 7.0
    }

    /// How far up a dome stands: right for -1, left for +1.
    pub fn dome(&self, sign: f64) -> f64 {
        self.domes[usize::from(sign > 0.0)]
    }
}
