//! Kernels over codes for AVX2 without VNNI: bytes are multiplied into sums of two products in 16 bits.
//!
//! Two products of a byte up to 255 do not fit 16 bits, two of a byte less 128 do. So the sum over wide coordinates is taken
//! over these, and made up for by what the query knows. Of narrow coordinates eight sums fit.

use super::ymm::{
    BYTES, Codes, LOTS, SIDE_BY_SIDE, Starts, add_across, first_bytes, high, low, over_lots, store_sums,
};
use crate::query_view::{GROUP, LINE_BYTES, QueryView};
use std::arch::x86_64::*;

/// Registers of narrow coordinates whose sums fit 16 bits: two of 2 · 15 · 127 each.
const NARROW_RUN: usize = 4;

over_lots!("avx2,popcnt,bmi1");

#[inline]
#[target_feature(enable = "avx2")]
fn sums_of_lot(starts: Starts, query: QueryView<'_>, wide: usize) -> __m128i {
    let registers = query.lines.len() * (LINE_BYTES / BYTES);
    let whole = (wide / BYTES).min(registers);
    let mut totals = [_mm256_setzero_si256(); SIDE_BY_SIDE];
    for register in 0..whole {
        add_wide(&mut totals, starts, register, low(query.lines, register));
    }
    let mut next = whole;
    if whole < registers && !wide.is_multiple_of(BYTES) {
        let first = first_bytes(wide % BYTES);
        let low = low(query.lines, whole);
        add_wide(&mut totals, starts, whole, _mm256_and_si256(low, first));
        let narrow = |query| _mm256_andnot_si256(first, query);
        let mut short = [_mm256_setzero_si256(); SIDE_BY_SIDE];
        add_narrow(&mut short, starts, whole, narrow(low), narrow(high(query.lines, whole)));
        add_short(&mut totals, short);
        next += 1;
    }
    while next < registers {
        let end = registers.min(next + NARROW_RUN);
        let mut short = [_mm256_setzero_si256(); SIDE_BY_SIDE];
        for register in next..end {
            add_narrow(&mut short, starts, register, low(query.lines, register), high(query.lines, register));
        }
        add_short(&mut totals, short);
        next = end;
    }
    let sums = add_across(totals);
    if wide > 0 { _mm_add_epi32(sums, _mm_set1_epi32(query.wide_offset)) } else { sums }
}

/// Adds a register of wide coordinates of each code, less 128.
#[inline]
#[target_feature(enable = "avx2")]
fn add_wide(totals: &mut [__m256i; SIDE_BY_SIDE], starts: Starts, register: usize, query: __m256i) {
    let size = _mm256_abs_epi8(query);
    for (total, start) in totals.iter_mut().zip(starts) {
        let code = _mm256_xor_si256(load(start, register), _mm256_set1_epi8(i8::MIN));
        // Unsigned times signed: the query's sign goes over to the code. A byte of -128, which would keep its own, is none of
        // a wide coordinate.
        let pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(code, query));
        *total = _mm256_add_epi32(*total, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
}

/// Adds a register of narrow coordinates of each code to sums in 16 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn add_narrow(
    sums: &mut [__m256i; SIDE_BY_SIDE],
    starts: Starts,
    register: usize,
    low: __m256i,
    high: __m256i,
) {
    let half = _mm256_set1_epi8(0x0f);
    for (sum, start) in sums.iter_mut().zip(starts) {
        let code = load(start, register);
        let lower = _mm256_maddubs_epi16(_mm256_and_si256(code, half), low);
        let upper = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16::<4>(code), half), high);
        *sum = _mm256_add_epi16(*sum, _mm256_add_epi16(lower, upper));
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_short(totals: &mut [__m256i; SIDE_BY_SIDE], sums: [__m256i; SIDE_BY_SIDE]) {
    for (total, sum) in totals.iter_mut().zip(sums) {
        *total = _mm256_add_epi32(*total, _mm256_madd_epi16(sum, _mm256_set1_epi16(1)));
    }
}

/// A register of a code.
#[inline]
#[target_feature(enable = "avx2")]
fn load(start: *const u8, register: usize) -> __m256i {
    // SAFETY: private to this module, which asks for registers of the lines that its query has; so many follow each start.
    unsafe { _mm256_loadu_si256(start.wrapping_add(register * BYTES).cast()) }
}
