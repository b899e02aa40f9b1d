//! Distances from packed vectors for AVX-512 and AVX2.
#![allow(unsafe_code)]

use super::{Halves, LANES, Numbers, PackedKernels, measured};
use std::arch::x86_64::*;

/// For processors with AVX-512 F, BW and VL and AVX2 only.
pub(in crate::kernel) const AVX512: PackedKernels =
    PackedKernels { dot: avx512::<false>, l2_squared: avx512::<true> };
/// For processors with AVX2 only.
pub(in crate::kernel) const AVX2: PackedKernels =
    PackedKernels { dot: avx2::<false>, l2_squared: avx2::<true> };

fn avx512<const SQUARED: bool>(query: &[f32], numbers: Numbers<'_>) -> f32 {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2")]
    fn with<const SQUARED: bool>(query: &[f32], numbers: Numbers<'_>) -> f32 {
        measured::<SQUARED>(query, numbers, |halves| avx512_sum::<SQUARED>(halves))
    }
    // SAFETY: part of a set that is handed out only where its features were detected.
    unsafe { with::<SQUARED>(query, numbers) }
}

fn avx2<const SQUARED: bool>(query: &[f32], numbers: Numbers<'_>) -> f32 {
    #[target_feature(enable = "avx2")]
    fn with<const SQUARED: bool>(query: &[f32], numbers: Numbers<'_>) -> f32 {
        measured::<SQUARED>(query, numbers, |halves| avx2_sum::<SQUARED>(halves))
    }
    // SAFETY: as `avx512`.
    unsafe { with::<SQUARED>(query, numbers) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn avx2_sum<const SQUARED: bool>(halves: &Halves<'_>) -> f32 {
    let [(query, _), (query_upper, _)] = halves.query.map(|query| query.as_chunks::<LANES>());
    let [(high, _), (high_upper, _)] = halves.high.map(|high| high.as_chunks::<LANES>());
    let (low, _) = halves.low.as_chunks::<LANES>();
    let mut blocks = query.iter().zip(query_upper).zip(high.iter().zip(high_upper)).zip(low);
    let (mut even, mut odd) = ([[_mm256_setzero_ps(); 2]; 2], [[_mm256_setzero_ps(); 2]; 2]);
    while let Some((((query, query_upper), (high, high_upper)), low)) = blocks.next() {
        add_block::<SQUARED>(&mut even, [query, query_upper], [high, high_upper], low, halves.step);
        let Some((((query, query_upper), (high, high_upper)), low)) = blocks.next() else { break };
        add_block::<SQUARED>(&mut odd, [query, query_upper], [high, high_upper], low, halves.step);
    }
    let ([a, b], [c, d]) = (even, odd);
    let all = |part: usize| _mm256_add_ps(_mm256_add_ps(a[part], b[part]), _mm256_add_ps(c[part], d[part]));
    reduce(_mm256_add_ps(all(0), all(1)))
}

/// A block of each half.
#[inline]
#[target_feature(enable = "avx2")]
fn add_block<const SQUARED: bool>(
    sums: &mut [[__m256; 2]; 2],
    queries: [&[f32; LANES]; 2],
    high: [&[u8; LANES]; 2],
    low: &[u8; LANES],
    step: f32,
) {
    let (low, top) = (load_block(low), _mm_set1_epi8(0xf0_u8.cast_signed()));
    let tops = [_mm_and_si128(_mm_slli_epi16::<4>(low), top), _mm_and_si128(low, top)];
    let step = _mm256_set1_ps(step);
    for half in 0..2 {
        let high = load_block(high[half]);
        let numbers = [_mm_unpacklo_epi8(tops[half], high), _mm_unpackhi_epi8(tops[half], high)];
        for (part, query) in queries[half].as_chunks::<8>().0.iter().enumerate() {
            // SAFETY: the array holds the 8 numbers that are read, at any alignment.
            let query = unsafe { _mm256_loadu_ps(query.as_ptr()) };
            let numbers = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(numbers[part]));
            let term = if SQUARED {
                let difference = _mm256_sub_ps(query, _mm256_mul_ps(numbers, step));
                _mm256_mul_ps(difference, difference)
            } else {
                _mm256_mul_ps(query, numbers)
            };
            sums[half][part] = _mm256_add_ps(sums[half][part], term);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2")]
fn avx512_sum<const SQUARED: bool>(halves: &Halves<'_>) -> f32 {
    const TWO: usize = 2 * LANES;
    let [(query, _), (query_upper, _)] = halves.query.map(|query| query.as_chunks::<TWO>());
    let [(high, _), (high_upper, _)] = halves.high.map(|high| high.as_chunks::<TWO>());
    let (low, _) = halves.low.as_chunks::<TWO>();
    let mut turns = [[_mm512_setzero_ps(); 2]; 2];
    let blocks = query.iter().zip(query_upper).zip(high.iter().zip(high_upper)).zip(low);
    let mut done = 0;
    for (((query, query_upper), (high, high_upper)), low) in blocks {
        let load = |bytes: &[u8; TWO]| {
            // SAFETY: the array holds the 32 bytes that are read, at any alignment.
            unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
        };
        let queries = [query.as_chunks().0, query_upper.as_chunks().0];
        add_blocks::<SQUARED>(&mut turns, queries, [load(high), load(high_upper)], load(low), halves.step);
        done += TWO;
    }
    if done < halves.in_blocks() {
        // One block is left: half a register.
        let [query, query_upper] = halves.query.map(|query| query[done..].as_chunks().0);
        let load = |bytes: &[u8]| match bytes.get(done..).and_then(|bytes| bytes.first_chunk()) {
            Some(block) => _mm256_zextsi128_si256(load_block(block)),
            None => _mm256_setzero_si256(),
        };
        let high = halves.high.map(load);
        let queries = [&query[..1], &query_upper[..1]];
        add_blocks::<SQUARED>(&mut turns, queries, high, load(halves.low), halves.step);
    }
    let [[a, b], [c, d]] = turns;
    let all = _mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d));
    let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(all)));
    reduce(_mm256_add_ps(_mm512_castps512_ps256(all), upper))
}

/// Up to two blocks of each half, one by each turn.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2")]
fn add_blocks<const SQUARED: bool>(
    turns: &mut [[__m512; 2]; 2],
    queries: [&[[f32; LANES]]; 2],
    high: [__m256i; 2],
    low: __m256i,
    step: f32,
) {
    // Bytes are interleaved within 128-bit parts: those of the second block come from the upper half of each.
    let parted = |bytes| _mm256_permute4x64_epi64::<0b11_01_10_00>(bytes);
    let (low, top) = (parted(low), _mm256_set1_epi8(0xf0_u8.cast_signed()));
    let tops = [_mm256_and_si256(_mm256_slli_epi16::<4>(low), top), _mm256_and_si256(low, top)];
    let step = _mm512_set1_ps(step);
    for (half, ((blocks, high), top)) in queries.into_iter().zip(high).zip(tops).enumerate() {
        let high = parted(high);
        let numbers = [_mm256_unpacklo_epi8(top, high), _mm256_unpackhi_epi8(top, high)];
        for ((query, numbers), sums) in blocks.iter().zip(numbers).zip(&mut *turns) {
            // SAFETY: the array holds the 16 numbers that are read, at any alignment.
            let query = unsafe { _mm512_loadu_ps(query.as_ptr()) };
            let numbers = _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(numbers));
            let term = if SQUARED {
                let difference = _mm512_sub_ps(query, _mm512_mul_ps(numbers, step));
                _mm512_mul_ps(difference, difference)
            } else {
                _mm512_mul_ps(query, numbers)
            };
            sums[half] = _mm512_add_ps(sums[half], term);
        }
    }
}

/// The sum of the lanes, by halves.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce(sums: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_block(bytes: &[u8; LANES]) -> __m128i {
    // SAFETY: the array holds the 16 bytes that are read, at any alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}
