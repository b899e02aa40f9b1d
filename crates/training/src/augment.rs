//! Films as another machine and another day would have taken them. Never mirrored: sides matter.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

/// Most turn either way, in radians (6 degrees).
const TURN: f32 = 0.105;
/// Most change of size either way.
const SCALE: f32 = 0.08;
/// Most shift either way, as a share of the side.
const SHIFT: f32 = 0.04;
/// Most change of the exponent of brightness either way, in powers of two.
const GAMMA: f32 = 0.4;
/// Most grain, as a share of the whole range.
const GRAIN: f32 = 0.03;
/// Share of films that are blurred.
const BLURRED: f32 = 0.3;

/// A number from 0 to 1, below 1, from 24 random bits.
pub(crate) fn unit(random: &mut ChaCha8Rng) -> f32 {
    (random.next_u32() >> 8) as f32 / (1 << 24) as f32
}

/// A whole number below `count`.
pub(crate) fn below(random: &mut ChaCha8Rng, count: usize) -> usize {
    ((u64::from(random.next_u32()) * count as u64) >> 32) as usize
}

fn either_way(random: &mut ChaCha8Rng, most: f32) -> f32 {
    (unit(random) * 2.0 - 1.0) * most
}

/// The film of `from` x `from` bytes, moved and exposed anew, as `to` x `to` brightnesses from 0 to 1.
pub(crate) fn vary(film: &[u8], from: usize, to: usize, random: &mut ChaCha8Rng) -> Vec<f32> {
    let turn = either_way(random, TURN);
    let scale = (from as f32 / to as f32) * (1.0 + either_way(random, SCALE));
    let (cos, sin) = (turn.cos() * scale, turn.sin() * scale);
    let middle = to as f32 / 2.0 - 0.5;
    let centre = [0, 1].map(|_| (from as f32 / 2.0 - 0.5) + either_way(random, SHIFT) * from as f32);
    let gamma = either_way(random, GAMMA).exp2();
    let grain = unit(random) * GRAIN;
    let curve: Vec<f32> = (0..256).map(|level| (level as f32 / 255.0).powf(gamma)).collect();
    let mut result = Vec::with_capacity(to * to);
    for row in 0..to {
        let y = row as f32 - middle;
        for column in 0..to {
            let x = column as f32 - middle;
            let value = sample(film, from, centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos);
            let at = value.clamp(0.0, 254.999);
            let low = at as usize;
            result.push(curve[low] + (curve[low + 1] - curve[low]) * (at - low as f32));
        }
    }
    if unit(random) < BLURRED {
        result = blur(&result, to);
    }
    for pair in result.chunks_mut(2) {
        // The sum of four uniform numbers is near enough to a normal one; two come from each draw.
        let bits = random.next_u64();
        for (value, part) in pair.iter_mut().zip([bits as u32, (bits >> 32) as u32]) {
            let sum: u32 = part.to_le_bytes().into_iter().map(u32::from).sum();
            *value = (*value + (sum as f32 - 510.0) / 147.8 * grain).clamp(0.0, 1.0);
        }
    }
    result
}

/// The brightness between four pixels; beyond the border that of the border.
fn sample(film: &[u8], side: usize, x: f32, y: f32) -> f32 {
    let last = (side - 1) as f32;
    let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
    let (left, top) = ((x as usize).min(side.saturating_sub(2)), (y as usize).min(side.saturating_sub(2)));
    let (right, below) = ((left + 1).min(side - 1), (top + 1).min(side - 1));
    let (u, v) = (x - left as f32, y - top as f32);
    let at = |row: usize, column: usize| f32::from(film[row * side + column]);
    let upper = at(top, left) * (1.0 - u) + at(top, right) * u;
    let lower = at(below, left) * (1.0 - u) + at(below, right) * u;
    upper * (1.0 - v) + lower * v
}

/// Each pixel with its neighbours, weights 1 2 1 both ways.
fn blur(pixels: &[f32], side: usize) -> Vec<f32> {
    let pass = |pixels: &[f32], step: usize, place: &dyn Fn(usize) -> usize| -> Vec<f32> {
        let weighed = |at: usize| {
            let position = place(at);
            let before = if position == 0 { at } else { at - step };
            let behind = if position + 1 == side { at } else { at + step };
            (pixels[before] + 2.0 * pixels[at] + pixels[behind]) / 4.0
        };
        (0..pixels.len()).map(weighed).collect()
    };
    let across = pass(pixels, 1, &|at| at % side);
    pass(&across, side, &|at| at / side)
}
