//! Kernels over codes for AVX-VNNI: AVX2 with instructions that add up products of bytes in 32 bits.

use super::ymm::{
    BYTES, Codes, LOTS, SIDE_BY_SIDE, Starts, add_across, first_bytes, high, low, over_lots, store_sums,
};
use crate::query_view::{GROUP, LINE_BYTES, QueryView};
use std::arch::x86_64::*;

over_lots!("avx2,avxvnni,popcnt,bmi1");

#[inline]
#[target_feature(enable = "avx2,avxvnni")]
fn sums_of_lot(starts: Starts, query: QueryView<'_>, wide: usize) -> __m128i {
    let registers = query.lines.len() * (LINE_BYTES / BYTES);
    let whole = (wide / BYTES).min(registers);
    let mut totals = [_mm256_setzero_si256(); SIDE_BY_SIDE];
    for register in 0..whole {
        let query = low(query.lines, register);
        for (total, start) in totals.iter_mut().zip(starts) {
            *total = _mm256_dpbusd_avx_epi32(*total, load(start, register), query);
        }
    }
    let half = _mm256_set1_epi8(0x0f);
    // Of the first of these some coordinates may be wide.
    let mut lower_bits = _mm256_or_si256(half, first_bytes(wide.saturating_sub(whole * BYTES)));
    for register in whole..registers {
        let (low, high) = (low(query.lines, register), high(query.lines, register));
        for (total, start) in totals.iter_mut().zip(starts) {
            let code = load(start, register);
            let lower = _mm256_dpbusd_avx_epi32(*total, _mm256_and_si256(code, lower_bits), low);
            let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(code), half);
            *total = _mm256_dpbusd_avx_epi32(lower, upper, high);
        }
        lower_bits = half;
    }
    add_across(totals)
}

/// A register of a code.
#[inline]
#[target_feature(enable = "avx2")]
fn load(start: *const u8, register: usize) -> __m256i {
    // SAFETY: private to this module, which asks for registers of the lines that its query has; so many follow each start.
    unsafe { _mm256_loadu_si256(start.wrapping_add(register * BYTES).cast()) }
}
