//! Kernels for x86-64: AVX-512F, and AVX2 with FMA. Four accumulators hide the latency of the fused multiply-add.
#![allow(unsafe_code)]

use super::{DistanceKernels, kernels};
use std::arch::x86_64::*;

/// For processors with AVX-512F only.
pub(super) const AVX512: DistanceKernels = kernels!(avx512::dot, avx512::l2_squared);
/// For processors with AVX2 and FMA only.
pub(super) const AVX2: DistanceKernels = kernels!(avx2::dot, avx2::l2_squared);

mod avx512 {
    use super::*;

    /// Numbers in a register.
    const LANES: usize = 16;

    pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: part of a set that is handed out only where AVX-512F was detected.
        unsafe { dot_with(a, b) }
    }

    pub(super) fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: as `dot`.
        unsafe { l2_squared_with(a, b) }
    }

    #[target_feature(enable = "avx512f")]
    fn dot_with(a: &[f32], b: &[f32]) -> f32 {
        let (a_blocks, a_rest) = a.as_chunks::<{ 4 * LANES }>();
        let (b_blocks, b_rest) = b.as_chunks::<{ 4 * LANES }>();
        let mut sums = [_mm512_setzero_ps(); 4];
        for (a, b) in a_blocks.iter().zip(b_blocks) {
            for (register, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_fmadd_ps(load(&a[register * LANES..]), load(&b[register * LANES..]), *sum);
            }
        }
        for (register, (a, b)) in a_rest.chunks(LANES).zip(b_rest.chunks(LANES)).enumerate() {
            sums[register] = _mm512_fmadd_ps(load(a), load(b), sums[register]);
        }
        reduce(sums)
    }

    #[target_feature(enable = "avx512f")]
    fn l2_squared_with(a: &[f32], b: &[f32]) -> f32 {
        let (a_blocks, a_rest) = a.as_chunks::<{ 4 * LANES }>();
        let (b_blocks, b_rest) = b.as_chunks::<{ 4 * LANES }>();
        let mut sums = [_mm512_setzero_ps(); 4];
        for (a, b) in a_blocks.iter().zip(b_blocks) {
            for (register, sum) in sums.iter_mut().enumerate() {
                let difference = _mm512_sub_ps(load(&a[register * LANES..]), load(&b[register * LANES..]));
                *sum = _mm512_fmadd_ps(difference, difference, *sum);
            }
        }
        for (register, (a, b)) in a_rest.chunks(LANES).zip(b_rest.chunks(LANES)).enumerate() {
            let difference = _mm512_sub_ps(load(a), load(b));
            sums[register] = _mm512_fmadd_ps(difference, difference, sums[register]);
        }
        reduce(sums)
    }

    /// The first numbers of a slice, zeros after its end.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(values: &[f32]) -> __m512 {
        if let Some(block) = values.first_chunk::<LANES>() {
            // SAFETY: the array holds the 16 numbers that are read, at any alignment.
            return unsafe { _mm512_loadu_ps(block.as_ptr()) };
        }
        let mask = (1_u16 << values.len()) - 1;
        // SAFETY: the mask has a bit for each number of the slice and no other; masked lanes are not accessed.
        unsafe { _mm512_maskz_loadu_ps(mask, values.as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn reduce(sums: [__m512; 4]) -> f32 {
        let [a, b, c, d] = sums;
        _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)))
    }
}

mod avx2 {
    use super::*;

    /// Numbers in a register.
    const LANES: usize = 8;

    pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: part of a set that is handed out only where AVX2 and FMA were detected.
        unsafe { dot_with(a, b) }
    }

    pub(super) fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: as `dot`.
        unsafe { l2_squared_with(a, b) }
    }

    #[target_feature(enable = "avx2,fma")]
    fn dot_with(a: &[f32], b: &[f32]) -> f32 {
        let (a_blocks, a_rest) = a.as_chunks::<{ 4 * LANES }>();
        let (b_blocks, b_rest) = b.as_chunks::<{ 4 * LANES }>();
        let mut sums = [_mm256_setzero_ps(); 4];
        for (a, b) in a_blocks.iter().zip(b_blocks) {
            for (register, sum) in sums.iter_mut().enumerate() {
                *sum = _mm256_fmadd_ps(load(&a[register * LANES..]), load(&b[register * LANES..]), *sum);
            }
        }
        for (register, (a, b)) in a_rest.chunks(LANES).zip(b_rest.chunks(LANES)).enumerate() {
            sums[register] = _mm256_fmadd_ps(load(a), load(b), sums[register]);
        }
        reduce(sums)
    }

    #[target_feature(enable = "avx2,fma")]
    fn l2_squared_with(a: &[f32], b: &[f32]) -> f32 {
        let (a_blocks, a_rest) = a.as_chunks::<{ 4 * LANES }>();
        let (b_blocks, b_rest) = b.as_chunks::<{ 4 * LANES }>();
        let mut sums = [_mm256_setzero_ps(); 4];
        for (a, b) in a_blocks.iter().zip(b_blocks) {
            for (register, sum) in sums.iter_mut().enumerate() {
                let difference = _mm256_sub_ps(load(&a[register * LANES..]), load(&b[register * LANES..]));
                *sum = _mm256_fmadd_ps(difference, difference, *sum);
            }
        }
        for (register, (a, b)) in a_rest.chunks(LANES).zip(b_rest.chunks(LANES)).enumerate() {
            let difference = _mm256_sub_ps(load(a), load(b));
            sums[register] = _mm256_fmadd_ps(difference, difference, sums[register]);
        }
        reduce(sums)
    }

    /// The first numbers of a slice, zeros after its end.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(values: &[f32]) -> __m256 {
        let mut padded = [0.0; LANES];
        let block = values.first_chunk::<LANES>().unwrap_or_else(|| {
            padded[..values.len()].copy_from_slice(values);
            &padded
        });
        // SAFETY: the array holds the 8 numbers that are read, at any alignment.
        unsafe { _mm256_loadu_ps(block.as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn reduce(sums: [__m256; 4]) -> f32 {
        let [a, b, c, d] = sums;
        let all = _mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d));
        let four = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps::<1>(all));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }
}
