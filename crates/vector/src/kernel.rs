//! Distance kernels for the instruction sets of this processor, chosen at run time.
//!
//! The only SIMD code of the workspace. Every kernel takes any length, keeps several accumulators, and agrees with a
//! sum in 64-bit floats within 1e-5 of the sum of the absolute terms. Instruction sets add in different orders, so
//! the last bits of a distance differ between processors.

#[cfg(target_arch = "aarch64")]
mod arm;
pub(crate) mod codes;
pub(crate) mod links;
pub(crate) mod maxsim;
pub(crate) mod packed_distance;
mod portable;
mod prefetch;
mod sets;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use prefetch::request;
pub use prefetch::{prefetch, prefetch_whole};
pub(crate) use sets::chosen;
pub use sets::{InstructionSetError, instruction_set, instruction_sets, limit_instruction_set};

/// A distance of two embeddings of the same length; less is nearer. Panics when the lengths differ.
pub type DistanceFn = fn(&[f32], &[f32]) -> f32;

/// One implementation of every distance.
#[derive(Clone, Copy)]
pub(crate) struct DistanceKernels {
    /// Half the sum of the squared differences: of vectors of length 1 this is `1 - a·b`, and near copies keep their order,
    /// which the rounding of a number near 1 would take.
    pub half_l2_squared: DistanceFn,
    /// `-a·b`.
    pub negative_dot: DistanceFn,
    /// The sum of the squared differences.
    pub l2_squared: DistanceFn,
}

/// The kernels around a dot product and a squared distance. Lengths are checked here, once for all of them: the
/// implementations read both slices by the length of one.
macro_rules! kernels {
    ($dot:path, $l2:path) => {{
        fn checked_dot(a: &[f32], b: &[f32]) -> f32 {
            assert_eq!(a.len(), b.len(), "embeddings differ in length");
            $dot(a, b)
        }
        fn checked_l2(a: &[f32], b: &[f32]) -> f32 {
            assert_eq!(a.len(), b.len(), "embeddings differ in length");
            $l2(a, b)
        }
        $crate::kernel::DistanceKernels {
            half_l2_squared: |a, b| 0.5 * checked_l2(a, b),
            negative_dot: |a, b| -checked_dot(a, b),
            l2_squared: checked_l2,
        }
    }};
}
use kernels;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sets::available;

    /// Values of either sign over six orders of magnitude, from a seed.
    fn values(length: usize, seed: u64) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2).wrapping_add(1);
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1_u64 << 24) as f32
        };
        (0..length).map(|_| (next() - 0.5) * 10_f32.powf(6.0 * next() - 3.0)).collect()
    }

    /// Every implementation against sums in 64-bit floats. Every error is relative to the sum of absolute terms: 1e-5
    /// is 64 accumulators' worth of 4096 / 64 roundings of 2^-24, with room.
    fn check(a: &[f32], b: &[f32]) {
        let wide = || a.iter().zip(b).map(|(&x, &y)| (f64::from(x), f64::from(y)));
        let dot: f64 = wide().map(|(x, y)| x * y).sum();
        let scale: f64 = wide().map(|(x, y)| (x * y).abs()).sum();
        let l2: f64 = wide().map(|(x, y)| (x - y) * (x - y)).sum();
        for set in available() {
            let kernels = set.distances;
            let close = |found: f32, expected: f64, scale: f64| {
                let error = (f64::from(found) - expected).abs();
                assert!(error <= 1e-5 * scale + 1e-30, "{} of {}: {error} of {scale}", set.name, a.len());
            };
            close((kernels.negative_dot)(a, b), -dot, scale);
            close((kernels.half_l2_squared)(a, b), 0.5 * l2, 0.5 * l2);
            close((kernels.l2_squared)(a, b), l2, l2);
            assert_eq!((kernels.l2_squared)(a, a), 0.0);
        }
    }

    #[test]
    fn every_length_up_to_the_widest_block_and_past_it() {
        for length in (0..=67).chain([127, 128, 129, 512, 4096]) {
            check(&values(length, 1), &values(length, 2));
        }
    }

    proptest! {
        #[test]
        fn implementations_agree_with_wide_sums(length in 1_usize..=600, seed in any::<u64>()) {
            check(&values(length, seed), &values(length, seed ^ 0x9e37_79b9));
        }
    }

    #[test]
    fn slices_that_start_off_their_block_are_read_as_they_are() {
        let (a, b) = (values(140, 3), values(140, 4));
        for start in 0..17 {
            check(&a[start..start + 100], &b[start + 1..start + 101]);
        }
    }

    #[test]
    fn not_a_number_comes_through_from_every_place() {
        let b = values(131, 5);
        for set in available() {
            let kernels = set.distances;
            for place in 0..b.len() {
                let mut a = values(131, 6);
                a[place] = f32::NAN;
                for kernel in [kernels.half_l2_squared, kernels.negative_dot, kernels.l2_squared] {
                    assert!(kernel(&a, &b).is_nan(), "{} at {place}", set.name);
                }
            }
        }
    }

    #[test]
    fn unequal_lengths_are_refused_by_every_kernel() {
        for kernels in available().map(|set| set.distances) {
            for kernel in [kernels.half_l2_squared, kernels.negative_dot, kernels.l2_squared] {
                assert!(std::panic::catch_unwind(|| kernel(&[1.0; 16], &[1.0; 17])).is_err());
                assert!(std::panic::catch_unwind(|| kernel(&[1.0; 17], &[1.0; 16])).is_err());
            }
        }
    }

    #[test]
    fn near_copies_keep_their_order() {
        let unit = |turn: f64| -> Vec<f32> {
            (0..64).map(|i| if i == 0 { turn.cos() } else { turn.sin() / 63_f64.sqrt() } as f32).collect()
        };
        let origin = unit(0.0);
        for kernels in available().map(|set| set.distances) {
            let distances: Vec<f32> =
                (1..9).map(|i| (kernels.half_l2_squared)(&origin, &unit(2e-5 * f64::from(i)))).collect();
            assert!(distances.is_sorted_by(|a, b| a < b), "{distances:?}");
        }
    }
}
