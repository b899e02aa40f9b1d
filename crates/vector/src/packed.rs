//! A vector in 12 bits a number, for searches that would wait for the memory that whole vectors take.
//!
//! ```text
//! step   f32, little-endian: the largest absolute number of the vector / 2047
//! high   a byte for each number: the upper 8 of its 12 bits
//! low    a byte for each two numbers, rounded up: the lower 4 bits of number i in the lower half of byte i, those of number
//!        i + (bytes of low) in its upper half
//! ```
//!
//! A number is its 12 bits, an integer in two's complement, times the step. It is off by half a step at most; over many
//! numbers these errors cancel out: the cosine of two vectors of 512 numbers like those of an encoder is off by about 2e-5.

use crate::Metric;
use crate::kernel::chosen;
use crate::kernel::packed_distance::{Numbers, PackedKernel};

/// The largest integer that stands for a number, and the smallest with its sign turned.
const LARGEST: f32 = 2047.0;
/// Bytes of the step.
const STEP_BYTES: usize = size_of::<f32>();

/// Bytes of a packed vector of that many numbers.
pub const fn packed_bytes(dimension: usize) -> usize {
    STEP_BYTES + dimension + dimension.div_ceil(2)
}

/// Appends a vector of finite numbers, packed: [`packed_bytes`] of it.
pub fn pack(values: &[f32], packed: &mut Vec<u8>) {
    let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let step = largest / LARGEST;
    // A step may round to 0 where all numbers are next to nothing.
    let integer = |value: f32| match step > 0.0 {
        true => (value / step).round().clamp(-LARGEST, LARGEST) as i32,
        false => 0,
    };
    let start = packed.len();
    packed.resize(start + packed_bytes(values.len()), 0);
    let (head, numbers) = packed[start..].split_at_mut(STEP_BYTES);
    head.copy_from_slice(&step.to_le_bytes());
    let (high, low) = numbers.split_at_mut(values.len());
    let half = low.len();
    for (place, &value) in values.iter().enumerate() {
        let bits = integer(value);
        high[place] = (bits >> 4) as u8;
        let nibble = (bits & 15) as u8;
        if place < half {
            low[place] |= nibble;
        } else {
            low[place - half] |= nibble << 4;
        }
    }
}

/// Whether a packed vector is that of these numbers: each is off by half a step at most.
pub fn stands_for(packed: &[u8], values: &[f32]) -> bool {
    if packed.len() != packed_bytes(values.len()) {
        return false;
    }
    let (head, numbers) = packed.split_at(STEP_BYTES);
    let step = f32::from_le_bytes(std::array::from_fn(|byte| head[byte]));
    let (high, low) = numbers.split_at(values.len());
    // Division and rounding are off by a few millionths of a step; next to nothing is packed as nothing.
    let most = 0.501 * step + LARGEST * f32::MIN_POSITIVE;
    let is_off = |value: f32, high: u8, nibble: u8| {
        let integer = i32::from(high.cast_signed()) << 4 | i32::from(nibble);
        let off = (value - integer as f32 * step).abs();
        off > most || off.is_nan()
    };
    // All are looked at, so that several are at a time.
    let lower =
        (values.iter().zip(high).zip(low)).fold(false, |off, ((v, h), l)| off | is_off(*v, *h, l & 15));
    let rest = values.iter().zip(high).skip(low.len()).zip(low);
    !rest.fold(lower, |off, ((v, h), l)| off | is_off(*v, *h, l >> 4))
}

/// Distances of a metric from packed vectors. The same bits on every processor.
#[derive(Debug, Clone, Copy)]
pub struct PackedDistance {
    metric: Metric,
    kernel: PackedKernel,
}

impl PackedDistance {
    /// By the kernel of this processor.
    pub fn new(metric: Metric) -> Self {
        let kernels = &chosen().packed;
        let kernel = match metric {
            Metric::Cosine | Metric::Dot => kernels.dot,
            Metric::L2 => kernels.l2_squared,
        };
        Self { metric, kernel }
    }

    /// How far a packed vector is from a query: what [`Metric::distance_fn`] gives, but for the rounding of the vector.
    /// For cosine it is `1 - a·b`: a packed vector is not quite of length 1, which half a squared distance would count.
    ///
    /// # Panics
    /// When the bytes are not [`packed_bytes`] of as many numbers as the query has.
    #[inline]
    pub fn measure(&self, query: &[f32], packed: &[u8]) -> f32 {
        assert_eq!(packed.len(), packed_bytes(query.len()), "bytes of a packed vector");
        let (head, numbers) = packed.split_at(STEP_BYTES);
        let step = f32::from_le_bytes(std::array::from_fn(|byte| head[byte]));
        let (high, low) = numbers.split_at(query.len());
        let value = (self.kernel)(query, Numbers { step, high, low });
        match self.metric {
            Metric::Cosine => 1.0 - value,
            Metric::Dot => -value,
            Metric::L2 => value,
        }
    }

    /// How far [`Self::measure`] may be off for a query of length `norm`, given what it measured: `ERROR_DEVIATIONS` standard
    /// deviations. Each number is off by an even draw from half a step to either side, which has a twelfth of the squared step as
    /// variance; a product with the query adds these up by the squares of its numbers, a squared distance by those of twice the
    /// difference.
    #[inline]
    pub fn error(&self, norm: f32, packed: &[u8], measured: f32) -> f32 {
        let step = packed.first_chunk().map_or(0.0, |head| f32::from_le_bytes(*head));
        let deviation = step * 12.0_f32.sqrt().recip();
        match self.metric {
            Metric::Cosine | Metric::Dot => ERROR_DEVIATIONS * deviation * norm,
            Metric::L2 => {
                // The squares of the errors add up to about their mean, one for each number; a packed vector has more bytes.
                let shift = (packed.len() as f32) * deviation * deviation;
                ERROR_DEVIATIONS * deviation * 2.0 * measured.max(0.0).sqrt() + shift
            }
        }
    }
}

/// Standard deviations of a packed distance's error that [`PackedDistance::error`] allows for. Two
/// distances are then in their order unless the difference of their errors exceeds six of its own deviations, once in 10^9.
const ERROR_DEVIATIONS: f32 = 4.3;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The numbers as a product with each axis shows them.
    fn there_and_back(values: &[f32]) -> Vec<f32> {
        let mut packed = vec![0xee];
        pack(values, &mut packed);
        assert_eq!(packed.len(), 1 + packed_bytes(values.len()));
        let axis =
            |place: usize| (0..values.len()).map(|at| f32::from(u8::from(at == place))).collect::<Vec<_>>();
        let distance = PackedDistance::new(Metric::Dot);
        (0..values.len()).map(|place| -distance.measure(&axis(place), &packed[1..])).collect()
    }

    #[test]
    fn the_bytes_are_the_documented_ones() {
        let mut packed = Vec::new();
        pack(&[2047.0, -2047.0, 0.0, 1.0, -18.0], &mut packed);
        // 7ff, 801, 000, 001, fee.
        let (high, low) = ([0x7f, 0x80, 0x00, 0x00, 0xfe], [0x1f, 0xe1, 0x00]);
        assert_eq!(packed, [&1.0_f32.to_le_bytes(), high.as_slice(), &low].concat());
        assert_eq!(there_and_back(&[2047.0, -2047.0, 0.0, 1.0, -18.0]), [2047.0, -2047.0, 0.0, 1.0, -18.0]);
    }

    #[test]
    fn nothing_and_next_to_nothing_are_nothing() {
        assert_eq!(there_and_back(&[]), [0.0; 0]);
        assert_eq!(there_and_back(&[0.0, -0.0, 0.0]), [0.0; 3]);
        let smallest = f32::from_bits(1);
        assert_eq!(there_and_back(&[smallest, -smallest]), [0.0; 2]);
    }

    proptest! {
        #[test]
        fn a_packed_vector_stands_for_its_own_numbers_alone(
            values in prop::collection::vec(-3.0_f32..3.0, 1..70),
            place in any::<prop::sample::Index>(),
            bit in 0_u32..12,
        ) {
            let mut packed = Vec::new();
            pack(&values, &mut packed);
            prop_assert!(stands_for(&packed, &values));
            prop_assert!(!stands_for(&packed[1..], &values));
            let at = place.index(values.len());
            let step = f32::from_le_bytes(*packed.first_chunk().unwrap());
            // The lowest bit may be the one that rounding decided.
            prop_assume!(step > 0.0 && bit > 0);
            let mut other = values.clone();
            other[at] += step * 2.0;
            prop_assert!(!stands_for(&packed, &other));
            other[at] = f32::NAN;
            prop_assert!(!stands_for(&packed, &other));
            let half = values.len().div_ceil(2);
            let (byte, flip) = match bit {
                4.. => (STEP_BYTES + at, 1 << (bit - 4)),
                _ if at < half => (STEP_BYTES + values.len() + at, 1 << bit),
                _ => (STEP_BYTES + values.len() + at - half, 16 << bit),
            };
            packed[byte] ^= flip;
            prop_assert!(!stands_for(&packed, &values));
        }

        #[test]
        fn no_number_is_off_by_more_than_half_a_step(
            values in proptest::collection::vec(-1e30_f32..1e30, 1..80), scale in -30_i32..8,
        ) {
            let values: Vec<f32> = values.iter().map(|value| value * 10_f32.powi(scale)).collect();
            let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            for (&value, read) in values.iter().zip(there_and_back(&values)) {
                // The step itself is rounded, and so is the product.
                prop_assert!((value - read).abs() <= largest / 4094.0 * 1.001, "{value} became {read}");
            }
        }

        #[test]
        fn distances_are_those_of_the_metric_but_for_rounding(
            pairs in proptest::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 1..300),
        ) {
            let (query, vector): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let mut packed = Vec::new();
            pack(&vector, &mut packed);
            // Half a step of 1 / 2047 at most, in every number, times the largest that a number of the query can weigh.
            let off = query.len() as f32 / 4094.0;
            for (metric, weight) in [(Metric::Cosine, 1.0), (Metric::Dot, 1.0), (Metric::L2, 4.1)] {
                // These vectors are not of length 1.
                let exact = match metric {
                    Metric::Cosine => 1.0 + Metric::Dot.distance_fn()(&query, &vector),
                    _ => metric.distance_fn()(&query, &vector),
                };
                let found = PackedDistance::new(metric).measure(&query, &packed);
                prop_assert!((exact - found).abs() <= off * weight + 1e-4, "{metric:?}: {exact} became {found}");
            }
        }
    }
}
