//! From attenuation to a film: response, grain, roll, letters, collimation.

use crate::map::Map;
use crate::math::{cos, exp, sin};
use crate::random::{Random, mix};
use crate::site::Site;
use crate::slice::Ray;

/// Levels of a stored picture: 12 bits.
pub(crate) const LEVELS: u32 = 4096;

/// How one film was exposed and finished.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exposure {
    /// Attenuation that comes out in the middle of the grey scale.
    pub middle: f32,
    /// Attenuation from there to 73 % grey.
    pub width: f32,
    /// How much outlines are lifted.
    pub edge: f32,
    /// Grain, in shares of the grey scale.
    pub grain: f32,
    /// Roll of the film in radians.
    pub roll: f64,
    /// How far the film lies off the middle, in pixels.
    pub shift: (f64, f64),
}

impl Exposure {
    /// What a site's machine makes of the attenuations behind lung and behind the mediastinum.
    pub fn new(site: &Site, random: &mut Random, lung: f32, dense: f32, side: usize) -> Self {
        // Grey levels that the two are to have, as log odds.
        let odds = |grey: f64| crate::math::ln(grey / (1.0 - grey));
        let dark = odds((site.lung_grey + random.range(-0.045, 0.045)).clamp(0.08, 0.5));
        let bright = odds((site.dense_grey + random.range(-0.03, 0.03)).clamp(0.6, 0.97));
        let width = (f64::from(dense - lung).max(1.7) / (bright - dark)) as f32;
        let scale = side as f64 / 256.0;
        Self {
            middle: lung - width * dark as f32,
            width,
            edge: (site.edge * random.range(0.8, 1.2)) as f32,
            grain: (site.grain * random.range(0.7, 1.5)) as f32,
            roll: random.around(0.0, 0.016),
            shift: (random.around(0.0, 2.2) * scale, random.around(0.0, 2.2) * scale),
        }
    }
}

impl Exposure {
    /// Where on the film a pixel of a map comes to lie: what undoes [`lay`].
    pub fn to_film(self, side: usize) -> impl Fn(usize, usize) -> (f64, f64) {
        let (sin, cos) = (sin(self.roll), cos(self.roll));
        let centre = (side as f64 - 1.0) / 2.0;
        move |column, row| {
            let (x, y) = (column as f64 - centre - self.shift.0, row as f64 - centre - self.shift.1);
            (cos * x + sin * y + centre, -sin * x + cos * y + centre)
        }
    }
}

/// Rolls and shifts a map as the film lay; what comes from outside is the edge.
pub(crate) fn lay(map: &Map, exposure: &Exposure) -> Map {
    let mut out = Map::new(map.side);
    let (sin, cos) = (sin(exposure.roll), cos(exposure.roll));
    let centre = (map.side as f64 - 1.0) / 2.0;
    for row in 0..map.side {
        for column in 0..map.side {
            let (x, y) = (column as f64 - centre, row as f64 - centre);
            let from = (
                cos * x - sin * y + centre + exposure.shift.0,
                sin * x + cos * y + centre + exposure.shift.1,
            );
            out.data[row * map.side + column] = map.at(from.0, from.1);
        }
    }
    out
}

/// Develops a map into grey levels, 0 to [`LEVELS`] - 1.
pub(crate) fn develop(attenuation: &Map, exposure: &Exposure, grain_seed: u64) -> Vec<u16> {
    let side = attenuation.side;
    let mut grey = Map::new(side);
    for (out, value) in grey.data.iter_mut().zip(&attenuation.data) {
        let odds = (value - exposure.middle) / exposure.width;
        *out = (1.0 / (1.0 + exp(f64::from(-odds)))) as f32;
    }
    let near = grey.blurred((side / 72).max(2));
    let wide = grey.blurred((side / 16).max(4));
    let top = (LEVELS - 1) as f32;
    let mut out = Vec::with_capacity(side * side);
    for at in 0..side * side {
        let value = grey.data[at];
        let lifted =
            value + exposure.edge * (0.75 * (value - near.data[at]) + 0.30 * (value - wide.data[at]));
        // Fewer quanta reach the film behind dense tissue.
        let grain = exposure.grain * (0.45 + 0.9 * value) * noise(grain_seed, at as u64);
        out.push(((lifted + grain).clamp(0.0, 1.0) * top + 0.5) as u16);
    }
    out
}

/// About normal, deviation 1, one number for every place.
fn noise(seed: u64, at: u64) -> f32 {
    let bits = mix(seed ^ mix(at));
    let part = |shift: u32| ((bits >> shift) & 0xffff) as f32 / 65536.0;
    (part(0) + part(16) + part(32) + part(48) - 2.0) * 1.732
}

/// Letters of five by seven dots.
const LETTERS: [(char, [u8; 7]); 12] = [
    ('L', [16, 16, 16, 16, 16, 16, 31]),
    ('R', [30, 17, 17, 30, 20, 18, 17]),
    ('A', [14, 17, 17, 31, 17, 17, 17]),
    ('P', [30, 17, 17, 30, 16, 16, 16]),
    ('O', [14, 17, 17, 17, 17, 17, 14]),
    ('T', [31, 4, 4, 4, 4, 4, 4]),
    ('B', [30, 17, 17, 30, 17, 17, 30]),
    ('E', [31, 16, 16, 30, 16, 16, 31]),
    ('C', [14, 17, 16, 16, 16, 17, 14]),
    ('S', [15, 16, 16, 14, 1, 1, 30]),
    ('I', [14, 4, 4, 4, 4, 4, 14]),
    (' ', [0; 7]),
];

/// Writes lead letters, dots of `dot` pixels, their upper left corner at a place.
pub(crate) fn letters(grey: &mut [u16], side: usize, text: &str, at: (f64, f64), dot: f64) {
    for (number, letter) in text.chars().enumerate() {
        let Some((_, rows)) = LETTERS.iter().find(|(known, _)| *known == letter) else { continue };
        let left = at.0 + number as f64 * 6.0 * dot;
        let (x0, y0) = (left.max(0.0) as usize, at.1.max(0.0) as usize);
        let (x1, y1) = ((left + 5.0 * dot).ceil() as usize, (at.1 + 7.0 * dot).ceil() as usize);
        for y in y0..y1.min(side) {
            for x in x0..x1.min(side) {
                let (i, j) =
                    (((x as f64 + 0.5 - left) / dot) as usize, ((y as f64 + 0.5 - at.1) / dot) as usize);
                if i < 5 && j < 7 && rows[j] >> (4 - i) & 1 == 1 {
                    let value = &mut grey[y * side + x];
                    *value = (*value).max((LEVELS - 1) as u16 - 60);
                }
            }
        }
    }
}

/// Darkens what the collimator kept from the beam: so many pixels at the left, top, right and bottom.
pub(crate) fn collimate(grey: &mut [u16], side: usize, edges: [f64; 4]) {
    for row in 0..side {
        for column in 0..side {
            let (x, y) = (column as f64, row as f64);
            let far = (x - edges[0])
                .min(y - edges[1])
                .min(side as f64 - 1.0 - edges[2] - x)
                .min(side as f64 - 1.0 - edges[3] - y);
            if far < 1.5 {
                let share = ((far + 1.0) / 2.5).max(0.0);
                let value = &mut grey[row * side + column];
                *value = (f64::from(*value) * share + 40.0 * (1.0 - share)) as u16;
            }
        }
    }
}

/// Where the side letter goes: beside the shoulder of the patient's side on a frontal film, a corner on a lateral one.
pub(crate) fn mark(
    grey: &mut [u16],
    side: usize,
    ray: Ray,
    site: &Site,
    portable: bool,
    random: &mut Random,
) {
    let scale = side as f64 / 256.0;
    let dot = 1.55 * scale * random.range(0.85, 1.2);
    let left = site.marks_left;
    let y = scale * random.range(14.0, 46.0);
    let x = scale * random.range(8.0, 17.0);
    let (text, x) = match ray {
        Ray::Frontal if left => ("L", side as f64 - x - 5.0 * dot),
        Ray::Frontal => ("R", x),
        Ray::Lateral => ("L", if site.faces_left { side as f64 - x - 5.0 * dot } else { x }),
    };
    letters(grey, side, text, (x, y), dot);
    if portable {
        let small = 0.75 * dot;
        let text = "PORTABLE";
        let x =
            if left { side as f64 - 12.0 * scale - text.len() as f64 * 6.0 * small } else { 12.0 * scale };
        letters(grey, side, text, (x, y + 10.0 * dot), small);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dense_is_bright() {
        let mut map = Map::new(16);
        map.data[100..200].fill(4.0);
        let exposure =
            Exposure { middle: 2.0, width: 0.5, edge: 0.0, grain: 0.0, roll: 0.0, shift: (0.0, 0.0) };
        let grey = develop(&map, &exposure, 1);
        assert!(grey[0] < 100 && grey[150] > 3900);
        let laid = lay(&map, &exposure);
        assert!(laid.data.iter().zip(&map.data).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn letters_stay_inside() {
        let mut grey = vec![0u16; 32 * 32];
        letters(&mut grey, 32, "LR", (25.0, 28.0), 2.0);
        letters(&mut grey, 32, "L", (-4.0, -4.0), 2.0);
        assert!(grey.iter().any(|v| *v > 4000));
    }
}
