//! Kernels over link blocks for x86-64: AVX-512, and registers of 256 bits.
#![allow(unsafe_code)]

use super::{BlockView, Book, LinkKernels, Tables, TablesView, assign_with, fill_with};
use crate::kernel::links::{BLOCK_LINKS, CENTROIDS};
use crate::keys::key;
use std::arch::x86_64::*;

/// For processors with AVX-512 F, BW and VL, and POPCNT only.
pub(in crate::kernel) const AVX512: LinkKernels =
    LinkKernels { nearer: avx512_nearer, fill: avx512_fill, assign: avx512_assign };
/// For processors with AVX2 and BMI1 only.
pub(in crate::kernel) const AVX2: LinkKernels =
    LinkKernels { nearer: avx2_nearer, fill: avx2_fill, assign: avx2_assign };

fn avx512_nearer(
    block: BlockView<'_>,
    query: TablesView<'_>,
    base: f32,
    limit: f32,
    keys: &mut [u64; BLOCK_LINKS],
) -> usize {
    // SAFETY: part of a set that is handed out only where its features were detected.
    unsafe { nearer_512(block, query, base, limit, keys) }
}

fn avx512_fill(
    coordinates: &[f32],
    books: &[Book],
    products: &mut Vec<[f32; CENTROIDS]>,
    tables: &mut [Tables],
) -> f32 {
    // SAFETY: as `avx512_nearer`.
    unsafe { fill_512(coordinates, books, products, tables) }
}

fn avx512_assign(coordinates: &[f32], books: &[Book], codes: &mut [u8]) {
    // SAFETY: as `avx512_nearer`.
    unsafe { assign_512(coordinates, books, codes) }
}

fn avx2_nearer(
    block: BlockView<'_>,
    query: TablesView<'_>,
    base: f32,
    limit: f32,
    keys: &mut [u64; BLOCK_LINKS],
) -> usize {
    // SAFETY: part of a set that is handed out only where its features were detected.
    unsafe { nearer_256(block, query, base, limit, keys) }
}

fn avx2_fill(
    coordinates: &[f32],
    books: &[Book],
    products: &mut Vec<[f32; CENTROIDS]>,
    tables: &mut [Tables],
) -> f32 {
    // SAFETY: as `avx2_nearer`.
    unsafe { fill_256(coordinates, books, products, tables) }
}

fn avx2_assign(coordinates: &[f32], books: &[Book], codes: &mut [u8]) {
    // SAFETY: as `avx2_nearer`.
    unsafe { assign_256(coordinates, books, codes) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn fill_512(
    coordinates: &[f32],
    books: &[Book],
    products: &mut Vec<[f32; CENTROIDS]>,
    tables: &mut [Tables],
) -> f32 {
    fill_with(coordinates, books, products, tables)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn assign_512(coordinates: &[f32], books: &[Book], codes: &mut [u8]) {
    assign_with(coordinates, books, codes);
}

#[target_feature(enable = "avx2")]
fn fill_256(
    coordinates: &[f32],
    books: &[Book],
    products: &mut Vec<[f32; CENTROIDS]>,
    tables: &mut [Tables],
) -> f32 {
    fill_with(coordinates, books, products, tables)
}

#[target_feature(enable = "avx2")]
fn assign_256(coordinates: &[f32], books: &[Book], codes: &mut [u8]) {
    assign_with(coordinates, books, codes);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,popcnt")]
fn nearer_512(
    block: BlockView<'_>,
    query: TablesView<'_>,
    base: f32,
    limit: f32,
    keys: &mut [u64; BLOCK_LINKS],
) -> usize {
    // Sums of 16 bits: of both bytes of each, the upper one 256 times, and of the upper ones.
    let (mut both, mut upper) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    let count = block.quads.len().min(query.tables.len());
    let (pairs, rest) = block.quads[..count].as_chunks::<2>();
    let (table_pairs, rest_tables) = query.tables[..count].as_chunks::<2>();
    for (quads, tables) in pairs.iter().zip(table_pairs) {
        let sums = _mm512_add_epi8(looked_up(&quads[0], &tables[0]), looked_up(&quads[1], &tables[1]));
        both = _mm512_add_epi16(both, sums);
        upper = _mm512_add_epi16(upper, _mm512_srli_epi16::<8>(sums));
    }
    for (quad, tables) in rest.iter().zip(rest_tables) {
        let sums = looked_up(quad, tables);
        both = _mm512_add_epi16(both, sums);
        upper = _mm512_add_epi16(upper, _mm512_srli_epi16::<8>(sums));
    }
    let lower = _mm512_sub_epi16(both, _mm512_slli_epi16::<8>(upper));
    let (unit, offset) = (_mm512_set1_ps(query.unit), _mm512_set1_ps(query.offset));
    let (base, limit) = (_mm512_set1_ps(base), _mm512_set1_ps(limit));
    let ([low_ids, high_ids], _) = block.ids.as_chunks::<64>() else { return 0 };
    let ([low_terms, high_terms], _) = block.terms.as_chunks::<32>() else { return 0 };
    let ([low_factors, high_factors], _) = block.factors.as_chunks::<32>() else { return 0 };
    let mut kept = 0;
    for (sums, ids, terms, factors) in
        [(lower, low_ids, low_terms, low_factors), (upper, high_ids, high_terms, high_factors)]
    {
        let sums = _mm256_add_epi16(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64::<1>(sums));
        let sums = _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(sums));
        let product = _mm512_add_ps(_mm512_mul_ps(unit, sums), offset);
        let estimates = _mm512_sub_ps(
            _mm512_add_ps(base, halves_512(terms)),
            _mm512_mul_ps(halves_512(factors), product),
        );
        let mask = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(estimates, limit);
        if mask == 0 {
            continue;
        }
        // As `ordered_bits`; adding 0 makes -0 and 0 one number.
        let bits = _mm512_castps_si512(_mm512_add_ps(estimates, _mm512_setzero_ps()));
        let flips = _mm512_or_si512(_mm512_srai_epi32::<31>(bits), _mm512_set1_epi32(i32::MIN));
        let ordered = _mm512_maskz_compress_epi32(mask, _mm512_xor_si512(bits, flips));
        let nodes = _mm512_slli_epi32::<1>(_mm512_maskz_compress_epi32(mask, load_512(ids)));
        let low = join(_mm512_castsi512_si256(ordered), _mm512_castsi512_si256(nodes));
        let high = join(_mm512_extracti64x4_epi64::<1>(ordered), _mm512_extracti64x4_epi64::<1>(nodes));
        let mut sixteen = [0_u64; 16];
        // SAFETY: the array holds the 16 numbers that the two writes fill, at any alignment.
        unsafe { _mm512_storeu_si512(sixteen.as_mut_ptr().cast(), low) };
        // SAFETY: as before.
        unsafe { _mm512_storeu_si512(sixteen[8..].as_mut_ptr().cast(), high) };
        let count = mask.count_ones() as usize;
        keys[kept..kept + 16].copy_from_slice(&sixteen);
        kept += count;
    }
    kept
}

/// Sums of two numbers each, of the first two codes of 32 links, and of the other two.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn looked_up(quad: &[u8; 64], tables: &Tables) -> __m512i {
    let mask = _mm512_set1_epi8(15);
    let codes = load_512(quad);
    let ([first, second], _) = tables.as_chunks::<64>() else { return codes };
    let low = _mm512_shuffle_epi8(load_512(first), _mm512_and_si512(codes, mask));
    let high = _mm512_and_si512(_mm512_srli_epi16::<4>(codes), mask);
    _mm512_add_epi8(low, _mm512_shuffle_epi8(load_512(second), high))
}

/// Eight keys.
#[inline]
#[target_feature(enable = "avx512f")]
fn join(ordered: __m256i, nodes: __m256i) -> __m512i {
    _mm512_or_si512(_mm512_slli_epi64::<32>(_mm512_cvtepu32_epi64(ordered)), _mm512_cvtepu32_epi64(nodes))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_512(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the array holds the 64 bytes that are read, at any alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Floats of their upper halves.
#[inline]
#[target_feature(enable = "avx512f")]
fn halves_512(bytes: &[u8; 32]) -> __m512 {
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(load_256(bytes))))
}

#[target_feature(enable = "avx2,bmi1")]
fn nearer_256(
    block: BlockView<'_>,
    query: TablesView<'_>,
    base: f32,
    limit: f32,
    keys: &mut [u64; BLOCK_LINKS],
) -> usize {
    let mask = _mm256_set1_epi8(15);
    let (mut both, mut upper) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    for (quad, tables) in block.quads.iter().zip(query.tables) {
        let ([first, second], _) = quad.as_chunks::<32>() else { return 0 };
        let ([one, three, two, four], _) = tables.as_chunks::<32>() else { return 0 };
        let (first, second) = (load_256(first), load_256(second));
        let low = |codes| _mm256_and_si256(codes, mask);
        let high = |codes| _mm256_and_si256(_mm256_srli_epi16::<4>(codes), mask);
        let a = _mm256_add_epi8(
            _mm256_shuffle_epi8(load_256(one), low(first)),
            _mm256_shuffle_epi8(load_256(two), high(first)),
        );
        let b = _mm256_add_epi8(
            _mm256_shuffle_epi8(load_256(three), low(second)),
            _mm256_shuffle_epi8(load_256(four), high(second)),
        );
        let sums = _mm256_add_epi8(a, b);
        both = _mm256_add_epi16(both, sums);
        upper = _mm256_add_epi16(upper, _mm256_srli_epi16::<8>(sums));
    }
    let lower = _mm256_sub_epi16(both, _mm256_slli_epi16::<8>(upper));
    let (unit, offset) = (_mm256_set1_ps(query.unit), _mm256_set1_ps(query.offset));
    let (base, limit) = (_mm256_set1_ps(base), _mm256_set1_ps(limit));
    let mut estimates = [0.0_f32; BLOCK_LINKS];
    let mut kept = 0_u32;
    let sums = [
        _mm256_castsi256_si128(lower),
        _mm256_extracti128_si256::<1>(lower),
        _mm256_castsi256_si128(upper),
        _mm256_extracti128_si256::<1>(upper),
    ];
    let terms = block.terms.as_chunks::<16>().0;
    let factors = block.factors.as_chunks::<16>().0;
    for (eighth, (((sums, terms), factors), out)) in
        sums.into_iter().zip(terms).zip(factors).zip(estimates.as_chunks_mut::<8>().0).enumerate()
    {
        let sums = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(sums));
        let product = _mm256_add_ps(_mm256_mul_ps(unit, sums), offset);
        let found = _mm256_sub_ps(
            _mm256_add_ps(base, halves_256(terms)),
            _mm256_mul_ps(halves_256(factors), product),
        );
        let nearer = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(found, limit)) as u32;
        kept |= nearer << (8 * eighth);
        // SAFETY: the array holds the eight floats that are written, at any alignment.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), found) };
    }
    let ids = block.ids.as_chunks::<4>().0;
    let mut count = 0;
    while kept != 0 {
        let link = kept.trailing_zeros() as usize;
        kept &= kept - 1;
        keys[count % BLOCK_LINKS] = key(estimates[link], u32::from_le_bytes(ids[link]));
        count += 1;
    }
    count
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_256(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the array holds the 32 bytes that are read, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Floats of their upper halves.
#[inline]
#[target_feature(enable = "avx2")]
fn halves_256(bytes: &[u8; 16]) -> __m256 {
    // SAFETY: the array holds the 16 bytes that are read, at any alignment.
    let halves = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(halves)))
}
