//! Distance kernels for the instruction sets of this processor, chosen at run time.
//!
//! The only SIMD code of the workspace. Every kernel takes any length, keeps several accumulators, and agrees with a
//! sum in 64-bit floats within 1e-5 of the sum of the absolute terms. Instruction sets add in different orders, so
//! the last bits of a distance differ between processors.

#[cfg(target_arch = "aarch64")]
mod arm;
pub(crate) mod codes;
pub(crate) mod packed;
mod portable;
mod prefetch;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use prefetch::prefetch;
pub(crate) use prefetch::request;

/// A distance of two embeddings of the same length; less is nearer. Panics when the lengths differ.
pub type DistanceFn = fn(&[f32], &[f32]) -> f32;

/// One implementation of every kernel.
#[derive(Clone, Copy)]
struct Kernels {
    name: &'static str,
    one_minus_dot: DistanceFn,
    negative_dot: DistanceFn,
    l2_squared: DistanceFn,
}

/// What this processor can run, fastest first; the portable kernels are always last. The standard library remembers
/// what it detected, so asking again is cheap.
fn available() -> impl Iterator<Item = Kernels> {
    #[cfg(target_arch = "x86_64")]
    let fast = [x86::avx512(), x86::avx2()];
    #[cfg(target_arch = "aarch64")]
    let fast = [arm::neon()];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let fast: [Option<Kernels>; 0] = [];
    fast.into_iter().flatten().chain(std::iter::once(portable::KERNELS))
}

fn best() -> Kernels {
    available().next().unwrap_or(portable::KERNELS)
}

/// `1 - a·b`. Not clamped: rounding may bring the distance of a vector to itself a little below 0.
pub(crate) fn one_minus_dot() -> DistanceFn {
    best().one_minus_dot
}

/// `-a·b`.
pub(crate) fn negative_dot() -> DistanceFn {
    best().negative_dot
}

/// The sum of the squared differences.
pub(crate) fn l2_squared() -> DistanceFn {
    best().l2_squared
}

/// The instruction set that the kernels use on this processor: `avx512f`, `avx2+fma`, `neon` or `portable`.
pub fn instruction_set() -> &'static str {
    best().name
}

/// The kernels around a dot product and a squared distance. Lengths are checked here, once for all of them: the
/// implementations read both slices by the length of one.
macro_rules! kernels {
    ($name:literal, $dot:path, $l2:path) => {{
        fn checked_dot(a: &[f32], b: &[f32]) -> f32 {
            assert_eq!(a.len(), b.len(), "embeddings differ in length");
            $dot(a, b)
        }
        fn checked_l2(a: &[f32], b: &[f32]) -> f32 {
            assert_eq!(a.len(), b.len(), "embeddings differ in length");
            $l2(a, b)
        }
        $crate::kernel::Kernels {
            name: $name,
            one_minus_dot: |a, b| 1.0 - checked_dot(a, b),
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
        for kernels in available() {
            let close = |found: f32, expected: f64, scale: f64| {
                let error = (f64::from(found) - expected).abs();
                assert!(error <= 1e-5 * scale + 1e-30, "{} of {}: {error} of {scale}", kernels.name, a.len());
            };
            close((kernels.negative_dot)(a, b), -dot, scale);
            close((kernels.one_minus_dot)(a, b), 1.0 - dot, scale + 1.0);
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
        for kernels in available() {
            for place in 0..b.len() {
                let mut a = values(131, 6);
                a[place] = f32::NAN;
                for kernel in [kernels.one_minus_dot, kernels.negative_dot, kernels.l2_squared] {
                    assert!(kernel(&a, &b).is_nan(), "{} at {place}", kernels.name);
                }
            }
        }
    }

    #[test]
    fn unequal_lengths_are_refused_by_every_kernel() {
        for kernels in available() {
            for kernel in [kernels.one_minus_dot, kernels.negative_dot, kernels.l2_squared] {
                assert!(std::panic::catch_unwind(|| kernel(&[1.0; 16], &[1.0; 17])).is_err());
                assert!(std::panic::catch_unwind(|| kernel(&[1.0; 17], &[1.0; 16])).is_err());
            }
        }
    }

    #[test]
    fn the_best_is_used_and_named() {
        let names: Vec<_> = available().map(|kernels| kernels.name).collect();
        assert_eq!(names.first(), Some(&instruction_set()));
        assert_eq!(names.last(), Some(&"portable"));
        #[cfg(target_arch = "x86_64")]
        assert_eq!(names.contains(&"avx512f"), std::arch::is_x86_feature_detected!("avx512f"));
    }
}
