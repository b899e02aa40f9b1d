//! Kernels for 64-bit Arm: NEON. Four accumulators hide the latency of the fused multiply-add.
#![allow(unsafe_code)]

use super::{DistanceKernels, kernels};
use std::arch::aarch64::*;

/// Numbers in a register.
const LANES: usize = 4;

/// For processors with NEON only.
pub(super) const NEON: DistanceKernels = kernels!(dot, l2_squared);

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // SAFETY: private, and part of a set that is handed out only where NEON was detected.
    unsafe { dot_with(a, b) }
}

fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
    // SAFETY: as `dot`.
    unsafe { l2_squared_with(a, b) }
}

#[target_feature(enable = "neon")]
fn dot_with(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<{ 4 * LANES }>();
    let (b_blocks, b_rest) = b.as_chunks::<{ 4 * LANES }>();
    let mut sums = [vdupq_n_f32(0.0); 4];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for (register, sum) in sums.iter_mut().enumerate() {
            *sum = vfmaq_f32(*sum, load(&a[register * LANES..]), load(&b[register * LANES..]));
        }
    }
    for (register, (a, b)) in a_rest.chunks(LANES).zip(b_rest.chunks(LANES)).enumerate() {
        sums[register] = vfmaq_f32(sums[register], load(a), load(b));
    }
    reduce(sums)
}

#[target_feature(enable = "neon")]
fn l2_squared_with(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<{ 4 * LANES }>();
    let (b_blocks, b_rest) = b.as_chunks::<{ 4 * LANES }>();
    let mut sums = [vdupq_n_f32(0.0); 4];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for (register, sum) in sums.iter_mut().enumerate() {
            let difference = vsubq_f32(load(&a[register * LANES..]), load(&b[register * LANES..]));
            *sum = vfmaq_f32(*sum, difference, difference);
        }
    }
    for (register, (a, b)) in a_rest.chunks(LANES).zip(b_rest.chunks(LANES)).enumerate() {
        let difference = vsubq_f32(load(a), load(b));
        sums[register] = vfmaq_f32(sums[register], difference, difference);
    }
    reduce(sums)
}

/// The first numbers of a slice, zeros after its end.
#[inline]
#[target_feature(enable = "neon")]
fn load(values: &[f32]) -> float32x4_t {
    let mut padded = [0.0; LANES];
    let block = values.first_chunk::<LANES>().unwrap_or_else(|| {
        padded[..values.len()].copy_from_slice(values);
        &padded
    });
    // SAFETY: the array holds the 4 numbers that are read, at any alignment.
    unsafe { vld1q_f32(block.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn reduce(sums: [float32x4_t; 4]) -> f32 {
    let [a, b, c, d] = sums;
    vaddvq_f32(vaddq_f32(vaddq_f32(a, b), vaddq_f32(c, d)))
}
