//! Distances from packed vectors ([`crate::pack`]). Every instruction set adds up in the same order with the same roundings, so
//! that all agree to the last bit: of each half of the numbers, blocks of 16 are added to 16 sums by turns to one of two such
//! rows; what is left over is added up one by one.

use std::array::from_fn;

#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{AVX2, AVX512};

/// Bytes of 12-bit numbers: the upper 8 bits of each, then the lower 4 of two numbers in a byte, those of the first half of the
/// numbers in the lower half of each byte.
#[derive(Clone, Copy)]
pub(crate) struct Numbers<'a> {
    pub step: f32,
    pub high: &'a [u8],
    pub low: &'a [u8],
}

/// A kernel over a query and as many packed numbers; panics when their counts differ.
pub(crate) type PackedKernel = fn(&[f32], Numbers<'_>) -> f32;

/// One implementation of every kernel.
#[derive(Clone, Copy)]
pub(crate) struct PackedKernels {
    /// The sum of the products.
    pub dot: PackedKernel,
    /// The sum of the squared differences.
    pub l2_squared: PackedKernel,
}

pub(super) const PORTABLE: PackedKernels = PackedKernels {
    dot: |query, numbers| measured::<false>(query, numbers, sum_of_blocks::<false>),
    l2_squared: |query, numbers| measured::<true>(query, numbers, sum_of_blocks::<true>),
};

/// Sums side by side, and numbers in a block.
const LANES: usize = 16;
/// Numbers are computed with in their upper 12 bits of 16, as 16 times what they are. Nothing is rounded by that.
const SIXTEENTH: f32 = 1.0 / 16.0;

/// A query and the bytes of as many numbers, in halves: the lower one comes first, and of an odd count it has one more.
struct Halves<'a> {
    query: [&'a [f32]; 2],
    high: [&'a [u8]; 2],
    low: &'a [u8],
    /// A sixteenth of the step.
    step: f32,
}

impl Halves<'_> {
    /// Numbers of a half that are in whole blocks.
    fn in_blocks(&self) -> usize {
        self.query[1].len() / LANES * LANES
    }
}

/// What a number, 16 times as large, adds to the sum.
#[inline(always)]
fn term<const SQUARED: bool>(query: f32, number: f32, step: f32) -> f32 {
    if SQUARED {
        let difference = query - number * step;
        difference * difference
    } else {
        query * number
    }
}

/// 16 times the number of a high byte and of the half byte at the top of another.
#[inline(always)]
fn number(high: u8, top: u8) -> f32 {
    f32::from(i16::from_be_bytes([high, top & 0xf0]))
}

/// The distance whose terms in whole blocks are added up by an instruction set.
#[inline(always)]
fn measured<const SQUARED: bool>(
    query: &[f32],
    numbers: Numbers<'_>,
    sum_of_blocks: impl Fn(&Halves<'_>) -> f32,
) -> f32 {
    let Numbers { high, low, step } = numbers;
    assert!(
        high.len() == query.len() && low.len() == query.len().div_ceil(2),
        "a packed vector differs in length"
    );
    let (query, query_upper) = query.split_at(low.len());
    let (high, high_upper) = high.split_at(low.len());
    let step = step * SIXTEENTH;
    let halves = Halves { query: [query, query_upper], high: [high, high_upper], low, step };
    let blocks = sum_of_blocks(&halves);
    let mut rest = 0.0;
    for place in halves.in_blocks()..low.len() {
        rest += term::<SQUARED>(query[place], number(high[place], low[place] << 4), step);
        if let (Some(&query), Some(&high)) = (query_upper.get(place), high_upper.get(place)) {
            rest += term::<SQUARED>(query, number(high, low[place]), step);
        }
    }
    let sum = blocks + rest;
    if SQUARED { sum } else { sum * SIXTEENTH * numbers.step }
}

fn sum_of_blocks<const SQUARED: bool>(halves: &Halves<'_>) -> f32 {
    let mut sums = [[[0.0_f32; LANES]; 2]; 2];
    for (turn, start) in (0..halves.in_blocks()).step_by(LANES).enumerate() {
        let at = start..start + LANES;
        let (low, step) = (&halves.low[at.clone()], halves.step);
        let [lower, upper] = &mut sums[turn % 2];
        let (query, high) = (&halves.query[0][at.clone()], &halves.high[0][at.clone()]);
        let (query_upper, high_upper) = (&halves.query[1][at.clone()], &halves.high[1][at]);
        for lane in 0..LANES {
            lower[lane] += term::<SQUARED>(query[lane], number(high[lane], low[lane] << 4), step);
            upper[lane] += term::<SQUARED>(query_upper[lane], number(high_upper[lane], low[lane]), step);
        }
    }
    let [[a, b], [c, d]] = sums;
    let mut sums: [f32; LANES] = from_fn(|lane| (a[lane] + b[lane]) + (c[lane] + d[lane]));
    // By halves, which is how registers add up their lanes.
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::sets::available;

    #[test]
    fn every_instruction_set_gives_the_same_bits_and_what_wide_sums_give() {
        for length in (0..100).chain([512, 4095, 4096]) {
            let byte = |place: usize| ((place * 0x9e37) >> 3) as u8;
            let high: Vec<u8> = (0..length).map(byte).collect();
            let low: Vec<u8> = (length..length + length.div_ceil(2)).map(byte).collect();
            let query: Vec<f32> = (0..length).map(|place| f32::from(byte(place * 7)) / 99.0 - 1.3).collect();
            let numbers = Numbers { step: 0.01, high: &high, low: &low };
            let half = low.len();
            let value = |place: usize| {
                let low = if place < half { low[place] & 15 } else { low[place - half] >> 4 };
                f64::from(i32::from(high[place].cast_signed()) * 16 + i32::from(low)) * f64::from(0.01_f32)
            };
            let pairs = || (0..length).map(|place| (f64::from(query[place]), value(place)));
            let wide: [f64; 2] =
                [pairs().map(|(q, v)| q * v).sum(), pairs().map(|(q, v)| (q - v).powi(2)).sum()];
            let scale: [f64; 2] = [pairs().map(|(q, v)| (q * v).abs()).sum(), wide[1]];
            let both = |kernels: PackedKernels| [kernels.dot, kernels.l2_squared];
            for (which, portable) in both(PORTABLE).into_iter().enumerate() {
                let expected = portable(&query, numbers);
                assert!((f64::from(expected) - wide[which]).abs() <= 1e-5 * scale[which] + 1e-12, "{length}");
                for set in available() {
                    let found = both(set.packed)[which](&query, numbers);
                    assert_eq!(found.to_bits(), expected.to_bits(), "{}, {length}", set.name);
                }
            }
        }
    }

    #[test]
    fn other_lengths_are_refused() {
        let numbers = Numbers { step: 1.0, high: &[1; 16], low: &[1; 8] };
        for kernel in available().flat_map(|set| [set.packed.dot, set.packed.l2_squared]) {
            assert!(std::panic::catch_unwind(|| kernel(&[1.0; 17], numbers)).is_err());
        }
    }
}
