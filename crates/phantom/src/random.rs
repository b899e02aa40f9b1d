//! Random numbers that are the same everywhere and for ever.
//!
//! SplitMix64 (Steele, Lea, Flood 2014). Every part of a phantom draws from a stream of its own, named by a label: to
//! add a finding, or to draw one number more in one place, changes nothing elsewhere.

use crate::math;
use std::f64::consts::PI;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x7068_616e_746f_6d31))
    }

    /// Another stream, named by a label and a number. It follows from this one's present state, so it is taken from
    /// streams that nothing else is drawn from.
    pub fn stream(&self, label: &str, number: u64) -> Self {
        let mut state = self.0;
        for byte in label.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        Self(mix(state ^ mix(number)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Uniform in 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform between two numbers.
    pub fn range(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// Uniform among 0..count; 0 for an empty range.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// True with that chance.
    pub fn chance(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// About normal: mean 0, deviation 1, never beyond 3.5. The sum of twelve uniforms, minus six, cut.
    pub fn normal(&mut self) -> f64 {
        let sum: f64 = (0..12).map(|_| self.unit()).sum();
        (sum - 6.0).clamp(-3.5, 3.5)
    }

    /// About normal with a mean and a deviation.
    pub fn around(&mut self, mean: f64, deviation: f64) -> f64 {
        mean + deviation * self.normal()
    }

    /// An angle in radians.
    pub fn angle(&mut self) -> f64 {
        self.range(0.0, 2.0 * PI)
    }

    /// A direction in the plane.
    pub fn direction(&mut self) -> (f64, f64) {
        let angle = self.angle();
        (math::cos(angle), math::sin(angle))
    }

    /// One of several; the list must not be empty.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// An index by weights; the last one where they are all 0.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// Puts a list in random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

/// Finaliser of SplitMix64.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_and_apart() {
        let root = Random::new(7);
        let mut one = root.stream("heart", 1);
        assert_eq!(one.bits(), root.stream("heart", 1).bits());
        assert_ne!(root.stream("heart", 1).bits(), root.stream("heart", 2).bits());
        assert_ne!(root.stream("heart", 1).bits(), root.stream("lungs", 1).bits());
    }

    #[test]
    fn ranges_hold() {
        let mut random = Random::new(3);
        let normals: Vec<f64> = (0..2000).map(|_| random.normal()).collect();
        assert!(normals.iter().all(|n| n.abs() <= 3.5));
        assert!((normals.iter().sum::<f64>() / 2000.0).abs() < 0.1);
        assert!((0..100).all(|_| random.below(3) < 3));
        assert_eq!(random.below(0), 0);
        assert_eq!(random.weighted(&[0.0, 1.0, 0.0]), 1);
    }
}
