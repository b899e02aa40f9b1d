//! Kernels over codes for 64-bit Arm: NEON.
#![allow(unsafe_code)]

use super::{CodeKernels, code, insert, nearer_of, round, run, unmet};
use crate::code::{GROUP, LINE_BYTES, QueryView};
use std::arch::aarch64::*;

/// For processors with NEON only.
pub(in crate::kernel) const NEON: CodeKernels = CodeKernels { nearer, sums, run, round, insert, unmet };

/// Bytes in a register.
const BYTES: usize = 16;

fn nearer(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    limit: u32,
    keys: &mut [u64; GROUP],
) -> Option<usize> {
    nearer_of(bytes, nodes, query, wide, limit, keys, sums)
}

fn sums(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    sums: &mut [i32; GROUP],
) -> Option<()> {
    // SAFETY: private, and part of a set that is handed out only where NEON was detected.
    unsafe { sums_with(bytes, nodes, query, wide, sums) }
}

#[target_feature(enable = "neon")]
fn sums_with(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    sums: &mut [i32; GROUP],
) -> Option<()> {
    for (sum, &node) in sums.iter_mut().zip(nodes) {
        let (codes, _) = code(bytes, node, query.lines.len())?.as_chunks::<BYTES>();
        let mut total = vdupq_n_s32(0);
        for (place, (line, query)) in codes.chunks_exact(4).zip(query.lines).enumerate() {
            let wide = wide.saturating_sub(place * LINE_BYTES).min(LINE_BYTES) as i32;
            let halves = query.low.as_chunks::<BYTES>().0.iter().zip(query.high.as_chunks::<BYTES>().0);
            for (start, (code, (low, high))) in (0..).step_by(BYTES).zip(line.iter().zip(halves)) {
                let code = unsigned(code);
                let whole = wide - start;
                let mask: [u8; BYTES] =
                    std::array::from_fn(|place| if (place as i32) < whole { 0xff } else { 0x0f });
                total = add_products(total, vandq_u8(code, unsigned(&mask)), signed(low));
                total = add_products(total, vshrq_n_u8::<4>(code), signed(high));
            }
        }
        *sum = vaddvq_s32(total);
    }
    Some(())
}

/// Products of a byte from 0 to 255 fit 16 bits only with the byte made signed, so 32 bits are used from the start.
#[inline]
#[target_feature(enable = "neon")]
fn add_products(total: int32x4_t, code: uint8x16_t, query: int8x16_t) -> int32x4_t {
    let code_low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(code)));
    let code_high = vreinterpretq_s16_u16(vmovl_high_u8(code));
    let (query_low, query_high) = (vmovl_s8(vget_low_s8(query)), vmovl_high_s8(query));
    let total = vmlal_s16(total, vget_low_s16(code_low), vget_low_s16(query_low));
    let total = vmlal_high_s16(total, code_low, query_low);
    let total = vmlal_s16(total, vget_low_s16(code_high), vget_low_s16(query_high));
    vmlal_high_s16(total, code_high, query_high)
}

#[inline]
#[target_feature(enable = "neon")]
fn unsigned(bytes: &[u8; BYTES]) -> uint8x16_t {
    // SAFETY: the array holds the 16 bytes that are read, at any alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn signed(bytes: &[i8; BYTES]) -> int8x16_t {
    // SAFETY: as `unsigned`.
    unsafe { vld1q_s8(bytes.as_ptr()) }
}
