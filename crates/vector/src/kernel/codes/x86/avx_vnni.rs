//! Kernels over codes for AVX-VNNI: AVX2 with instructions that add up products of bytes in 32 bits.

use super::ymm::{BYTES, Codes, LOTS, SIDE_BY_SIDE, Starts, add_across, first_bytes, high, low, store_sums};
use crate::code::{GROUP, LINE_BYTES, QueryView};
use std::arch::x86_64::*;

pub(super) fn nearer(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    limit: u32,
    keys: &mut [u64; GROUP],
) -> Option<usize> {
    // SAFETY: part of a set that is handed out only where its features were detected.
    unsafe { nearer_with(bytes, nodes, query, wide, limit, keys) }
}

pub(super) fn sums(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    sums: &mut [i32; GROUP],
) -> Option<()> {
    // SAFETY: as `nearer`.
    unsafe { sums_with(bytes, nodes, query, wide, sums) }
}

pub(super) fn run(bytes: &[u8], query: QueryView<'_>, sums: &mut [i32]) {
    // SAFETY: as `nearer`.
    unsafe { run_with(bytes, query, sums) }
}

#[target_feature(enable = "avx2,avxvnni,popcnt,bmi1")]
fn nearer_with(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    limit: u32,
    keys: &mut [u64; GROUP],
) -> Option<usize> {
    let codes = Codes::of(bytes, nodes, query.lines.len())?;
    let mut sums = [_mm_setzero_si128(); LOTS];
    sums_of(&codes.starts()[..codes.lots()], query, wide, &mut sums);
    Some(codes.keys(&sums, query.factor, query.constant, limit, keys))
}

#[target_feature(enable = "avx2,avxvnni,popcnt,bmi1")]
fn sums_with(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    out: &mut [i32; GROUP],
) -> Option<()> {
    let codes = Codes::of(bytes, nodes, query.lines.len())?;
    let mut sums = [_mm_setzero_si128(); LOTS];
    sums_of(&codes.starts()[..codes.lots()], query, wide, &mut sums);
    store_sums(out, &sums);
    Some(())
}

#[target_feature(enable = "avx2,avxvnni")]
fn run_with(bytes: &[u8], query: QueryView<'_>, out: &mut [i32]) {
    let size = query.lines.len() * LINE_BYTES;
    let Some(last) = (bytes.len() / size.max(1)).checked_sub(1) else { return };
    let count = out.len().min(last + 1);
    for (group, out) in out[..count].chunks_mut(GROUP).enumerate() {
        // Where fewer are left, the last is computed again.
        let start = |row: usize| bytes.as_ptr().wrapping_add(row.min(last) * size);
        let starts: [Starts; LOTS] = std::array::from_fn(|lot| {
            std::array::from_fn(|lane| start(group * GROUP + lot * SIDE_BY_SIDE + lane))
        });
        let mut sums = [_mm_setzero_si128(); LOTS];
        sums_of(&starts[..out.len().div_ceil(SIDE_BY_SIDE)], query, size, &mut sums);
        store_sums(out, &sums);
    }
}

/// The sums over the bytes of lots of codes times those of the query. From each start on there are as many lines as the query
/// has.
#[target_feature(enable = "avx2,avxvnni")]
fn sums_of(starts: &[Starts], query: QueryView<'_>, wide: usize, sums: &mut [__m128i; LOTS]) {
    for (sums, &starts) in sums.iter_mut().zip(starts) {
        *sums = sums_of_lot(starts, query, wide);
    }
}

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
