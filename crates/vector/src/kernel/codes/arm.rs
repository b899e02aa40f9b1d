//! Kernels over codes for 64-bit Arm: NEON. The products are written by hand; of rounding, insertion and lookup the compiler's
//! code is used, which may have NEON in it on this processor anyway.
//!
//! Two products of a byte less 128 fit 16 bits, so the sum over wide coordinates is taken over these, and made up for by what
//! the query knows. Of narrow coordinates sixteen products fit.
#![allow(unsafe_code)]

use super::{CodeKernels, code, insert, nearer_of, round, unmet};
use crate::query_view::{GROUP, LINE_BYTES, QueryView};
use std::arch::aarch64::*;

/// For processors with NEON only.
pub(in crate::kernel) const NEON: CodeKernels = CodeKernels { nearer, sums, run, round, insert, unmet };

/// Bytes in a register.
const BYTES: usize = 16;
/// Registers of a line.
const REGISTERS: usize = LINE_BYTES / BYTES;
/// Codes whose sums are kept in registers at a time.
const SIDE_BY_SIDE: usize = 4;

/// The registers of codes side by side.
type Codes<'a> = [&'a [[u8; BYTES]]; SIDE_BY_SIDE];

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
    for (sums, nodes) in sums.as_chunks_mut::<SIDE_BY_SIDE>().0.iter_mut().zip(nodes.chunks(SIDE_BY_SIDE)) {
        // Where fewer are left, the first is computed again.
        let mut codes: Codes<'_> = [code(bytes, nodes[0], query.lines.len())?.as_chunks().0; SIDE_BY_SIDE];
        for (place, &node) in codes.iter_mut().zip(nodes) {
            *place = code(bytes, node, query.lines.len())?.as_chunks().0;
        }
        // SAFETY: part of a set that is handed out only where NEON was detected.
        *sums = unsafe { sums_of(&codes, query, wide) };
    }
    Some(())
}

fn run(bytes: &[u8], query: QueryView<'_>, sums: &mut [i32]) {
    let size = query.lines.len() * LINE_BYTES;
    let lots = bytes.chunks((SIDE_BY_SIDE * size).max(1));
    for (sums, lot) in sums.chunks_mut(SIDE_BY_SIDE).zip(lots) {
        let mut rows = lot.chunks_exact(size);
        let count = rows.len();
        let Some(first) = rows.next() else { return };
        let mut codes: Codes<'_> = [first.as_chunks().0; SIDE_BY_SIDE];
        for (place, row) in codes[1..].iter_mut().zip(rows) {
            *place = row.as_chunks().0;
        }
        // SAFETY: as in `sums`.
        let found = unsafe { sums_of(&codes, query, size) };
        sums.iter_mut().zip(found).take(count).for_each(|(sum, found)| *sum = found);
    }
}

/// The sums over the bytes of codes times those of the query, which has as many lines.
#[target_feature(enable = "neon")]
fn sums_of(codes: &Codes<'_>, query: QueryView<'_>, wide: usize) -> [i32; SIDE_BY_SIDE] {
    let mut totals = [vdupq_n_s32(0); SIDE_BY_SIDE];
    for (line, query) in query.lines.iter().enumerate() {
        let (low, high) = (query.low.as_chunks::<BYTES>().0, query.high.as_chunks::<BYTES>().0);
        // Of narrow coordinates the products of a line fit 16 bits.
        let mut short = [vdupq_n_s16(0); SIDE_BY_SIDE];
        for register in 0..REGISTERS {
            let place = line * REGISTERS + register;
            let of_codes = codes.iter().map(|code| unsigned(&code[place]));
            let (low, high) = (signed(&low[register]), signed(&high[register]));
            let wide = wide.saturating_sub(place * BYTES).min(BYTES);
            if wide > 0 {
                let low = vandq_s8(low, first_bytes(wide));
                for (total, code) in totals.iter_mut().zip(of_codes.clone()) {
                    let code = vreinterpretq_s8_u8(veorq_u8(code, vdupq_n_u8(0x80)));
                    let pairs = vmull_s8(vget_low_s8(code), vget_low_s8(low));
                    *total = vpadalq_s16(*total, vmlal_high_s8(pairs, code, low));
                }
            }
            if wide < BYTES {
                let narrow = vmvnq_s8(first_bytes(wide));
                let (low, high) = (vandq_s8(low, narrow), vandq_s8(high, narrow));
                for (sum, code) in short.iter_mut().zip(of_codes) {
                    let lower = vreinterpretq_s8_u8(vandq_u8(code, vdupq_n_u8(0x0f)));
                    let upper = vreinterpretq_s8_u8(vshrq_n_u8::<4>(code));
                    *sum = vmlal_s8(*sum, vget_low_s8(lower), vget_low_s8(low));
                    *sum = vmlal_high_s8(*sum, lower, low);
                    *sum = vmlal_s8(*sum, vget_low_s8(upper), vget_low_s8(high));
                    *sum = vmlal_high_s8(*sum, upper, high);
                }
            }
        }
        totals.iter_mut().zip(short).for_each(|(total, short)| *total = vpadalq_s16(*total, short));
    }
    let offset = if wide > 0 { query.wide_offset } else { 0 };
    totals.map(|total| vaddvq_s32(total) + offset)
}

/// All bits of the first bytes.
#[inline]
#[target_feature(enable = "neon")]
fn first_bytes(count: usize) -> int8x16_t {
    const PLACES: [u8; BYTES] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    vreinterpretq_s8_u8(vcltq_u8(unsigned(&PLACES), vdupq_n_u8(count.min(BYTES) as u8)))
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
