//! Distances from packed vectors ([`crate::pack`]): one text, compiled for each instruction set. Every sum is added up in the same
//! order with the same roundings, so that all agree to the last bit.
#![allow(unsafe_code)]

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

pub(super) const PORTABLE: PackedKernels = PackedKernels { dot: portable_dot, l2_squared: portable_l2 };
/// For processors with AVX-512 F, BW and VL only.
#[cfg(target_arch = "x86_64")]
pub(super) const AVX512: PackedKernels = PackedKernels { dot: avx512_dot, l2_squared: avx512_l2 };
/// For processors with AVX2 only.
#[cfg(target_arch = "x86_64")]
pub(super) const AVX2: PackedKernels = PackedKernels { dot: avx2_dot, l2_squared: avx2_l2 };

fn portable_dot(query: &[f32], numbers: Numbers<'_>) -> f32 {
    dot_body(query, numbers)
}

fn portable_l2(query: &[f32], numbers: Numbers<'_>) -> f32 {
    l2_body(query, numbers)
}

#[inline(always)]
fn dot_body(query: &[f32], numbers: Numbers<'_>) -> f32 {
    sum(query, numbers, |query, number| query * number) * numbers.step
}

#[inline(always)]
fn l2_body(query: &[f32], numbers: Numbers<'_>) -> f32 {
    let step = numbers.step;
    sum(query, numbers, |query, number| {
        let difference = query - number * step;
        difference * difference
    })
}

/// Sums kept side by side for each half of the numbers: a register of the widest set.
const LANES: usize = 16;

#[inline(always)]
fn sum(query: &[f32], numbers: Numbers<'_>, term: impl Fn(f32, f32) -> f32) -> f32 {
    let Numbers { high, low, .. } = numbers;
    assert!(
        high.len() == query.len() && low.len() == query.len().div_ceil(2),
        "a packed vector differs in length"
    );
    let lower = |high: u8, low: u8| (i32::from(high.cast_signed()) * 16 + i32::from(low & 15)) as f32;
    let upper = |high: u8, low: u8| (i32::from(high.cast_signed()) * 16 + i32::from(low >> 4)) as f32;
    let (query, query_upper) = query.split_at(low.len());
    let (high, high_upper) = high.split_at(low.len());
    // Of an odd number of numbers the upper half has one less.
    let whole = query_upper.len() / LANES * LANES;
    let (mut sums, mut sums_upper) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    for block in 0..whole / LANES {
        let at = block * LANES..(block + 1) * LANES;
        let (query, query_upper) = (&query[at.clone()], &query_upper[at.clone()]);
        let (high, high_upper, low) = (&high[at.clone()], &high_upper[at.clone()], &low[at]);
        for lane in 0..LANES {
            sums[lane] += term(query[lane], lower(high[lane], low[lane]));
            sums_upper[lane] += term(query_upper[lane], upper(high_upper[lane], low[lane]));
        }
    }
    let mut rest = 0.0;
    for place in whole..low.len() {
        rest += term(query[place], lower(high[place], low[place]));
        if let (Some(&query), Some(&high)) = (query_upper.get(place), high_upper.get(place)) {
            rest += term(query, upper(high, low[place]));
        }
    }
    // By halves, which is how registers add up their lanes.
    for lane in 0..LANES {
        sums[lane] += sums_upper[lane];
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + rest
}

/// A kernel for an instruction set: the body compiled with its features, and a face to be handed out where it has them.
#[cfg(target_arch = "x86_64")]
macro_rules! compiled {
    ($name:ident, $with:ident, $body:ident, $features:literal) => {
        fn $name(query: &[f32], numbers: Numbers<'_>) -> f32 {
            #[target_feature(enable = $features)]
            fn $with(query: &[f32], numbers: Numbers<'_>) -> f32 {
                $body(query, numbers)
            }
            // SAFETY: part of a set that is handed out only where these features were detected.
            unsafe { $with(query, numbers) }
        }
    };
}
#[cfg(target_arch = "x86_64")]
compiled!(avx512_dot, avx512_dot_with, dot_body, "avx512f,avx512bw,avx512vl");
#[cfg(target_arch = "x86_64")]
compiled!(avx512_l2, avx512_l2_with, l2_body, "avx512f,avx512bw,avx512vl");
#[cfg(target_arch = "x86_64")]
compiled!(avx2_dot, avx2_dot_with, dot_body, "avx2");
#[cfg(target_arch = "x86_64")]
compiled!(avx2_l2, avx2_l2_with, l2_body, "avx2");

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
