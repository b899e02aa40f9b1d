//! Late interaction for x86-64: AVX-512 with VNNI, and registers of 256 bits with VNNI or without.
//!
//! Each register holds the sums of as many patches as it has lanes, for one row. A step of the row is spread over all lanes and
//! multiplied with that of each patch. Several rows go side by side, so that a step of the patches is read once for all of them.
#![allow(unsafe_code)]

use super::{Group, MaxSimKernels, PATCHES, Packed, Rows, STEP, side_by_side, write};
use std::arch::x86_64::*;
use std::array::from_fn;
use std::slice::ChunksMut;

/// For processors with AVX-512 F, BW and VNNI only.
pub(in crate::kernel) const AVX512_VNNI: MaxSimKernels =
    MaxSimKernels { best: multiply_avx512::<false>, all: multiply_avx512::<true> };
/// For processors with AVX2 and AVX-VNNI only.
pub(in crate::kernel) const AVX_VNNI: MaxSimKernels =
    MaxSimKernels { best: multiply_avx_vnni::<false>, all: multiply_avx_vnni::<true> };
/// For processors with AVX2 only.
pub(in crate::kernel) const AVX2: MaxSimKernels =
    MaxSimKernels { best: multiply_avx2::<false>, all: multiply_avx2::<true> };

/// Groups of patches, and rows, whose sums are in registers at a time: 24 of 32 registers.
const WIDE_GROUPS: usize = 4;
const WIDE_ROWS: usize = 6;
/// Rows whose sums with one group are in registers of half the size at a time: 10 of 16.
const ROWS: usize = 5;
/// Patches in a register of half the size.
const HALF: usize = PATCHES / 2;

fn multiply_avx512<const ALL: bool>(packed: Packed<'_>, rows: &[[u8; STEP]], found: &mut [i32]) {
    if !ALL {
        found.fill(i32::MIN);
    }
    let width = packed.width::<ALL>();
    for first in (0..packed.starts.len()).step_by(WIDE_GROUPS) {
        let multiply: unsafe fn(Packed<'_>, usize, Rows<'_, WIDE_ROWS>, &mut [i32]) =
            match packed.starts.len() - first {
                1 => wide::<1, ALL>,
                2 => wide::<2, ALL>,
                3 => wide::<3, ALL>,
                _ => wide::<WIDE_GROUPS, ALL>,
            };
        let blocks = rows.chunks(WIDE_ROWS * packed.steps).zip(found.chunks_mut(WIDE_ROWS * width));
        for (rows, found) in blocks {
            // SAFETY: part of a set that is handed out only where its features were detected.
            unsafe { multiply(packed, first, side_by_side(rows, packed.steps), found) }
        }
    }
}

/// The products of rows with some groups of patches from one on: all, or those that are larger than what is found so far.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn wide<const GROUPS: usize, const ALL: bool>(
    packed: Packed<'_>,
    first: usize,
    rows: Rows<'_, WIDE_ROWS>,
    found: &mut [i32],
) {
    let steps = packed.steps;
    let rows = rows.map(|row| &row[..steps]);
    let groups: [&[_]; GROUPS] = from_fn(|group| &packed.numbers[(first + group) * steps..][..steps]);
    let starts: [_; GROUPS] = from_fn(|group| lanes(&packed.starts[first + group]));
    let mut sums = [starts; WIDE_ROWS];
    for step in 0..steps {
        let patches = groups.map(|numbers| register(&numbers[step]));
        for (sums, row) in sums.iter_mut().zip(rows) {
            let bytes = _mm512_set1_epi32(i32::from_le_bytes(row[step]));
            for (sum, patch) in sums.iter_mut().zip(patches) {
                *sum = _mm512_dpbusd_epi32(*sum, bytes, patch);
            }
        }
    }
    for (found, sums) in found.chunks_mut(packed.width::<ALL>()).zip(sums) {
        if ALL {
            for (places, sums) in found[first * PATCHES..].chunks_mut(PATCHES).zip(sums) {
                write(numbers(sums), places);
            }
        } else {
            let largest = sums.into_iter().fold(_mm512_set1_epi32(found[0]), |a, b| _mm512_max_epi32(a, b));
            found[0] = _mm512_reduce_max_epi32(largest);
        }
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn register(numbers: &[[i8; STEP]; PATCHES]) -> __m512i {
    // SAFETY: the array has the 64 bytes of a register.
    unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn lanes(starts: &[i32; PATCHES]) -> __m512i {
    // SAFETY: as in `register`.
    unsafe { _mm512_loadu_si512(starts.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn numbers(lanes: __m512i) -> [i32; PATCHES] {
    let mut numbers = [0; PATCHES];
    // SAFETY: as in `register`.
    unsafe { _mm512_storeu_si512(numbers.as_mut_ptr().cast(), lanes) }
    numbers
}

fn multiply_avx_vnni<const ALL: bool>(packed: Packed<'_>, rows: &[[u8; STEP]], found: &mut [i32]) {
    if !ALL {
        found.fill(i32::MIN);
    }
    let width = packed.width::<ALL>();
    for (first, group) in (0..).step_by(PATCHES).zip(packed.groups()) {
        for (rows, found) in rows.chunks(ROWS * packed.steps).zip(found.chunks_mut(ROWS * width)) {
            let rows = side_by_side(rows, packed.steps);
            // SAFETY: as in `multiply_avx512`.
            unsafe { with_vnni::<ALL>(group, rows, first, found.chunks_mut(width)) }
        }
    }
}

/// As `wide`, of the patches of a group, the first of which is given.
#[target_feature(enable = "avx2,avxvnni")]
fn with_vnni<const ALL: bool>(
    (numbers, starts): Group<'_>,
    rows: Rows<'_, ROWS>,
    first: usize,
    found: ChunksMut<'_, i32>,
) {
    let steps = rows[0].len();
    let rows = rows.map(|row| &row[..steps]);
    let numbers = &numbers[..steps];
    let mut sums = [halves(starts); ROWS];
    for step in 0..steps {
        let patches = halves(&numbers[step]);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let bytes = _mm256_set1_epi32(i32::from_le_bytes(row[step]));
            for (sum, patch) in sums.iter_mut().zip(patches) {
                *sum = _mm256_dpbusd_avx_epi32(*sum, bytes, patch);
            }
        }
    }
    keep::<ALL>(&sums, first, found);
}

/// Two numbers of a patch as 16 bits each.
type Pair = [i16; 2];

/// Products of two bytes each do not fit 16 bits, so numbers are made wider first: those of patches once, those of rows as they come, two
/// bytes of a row to a number of 32 bits.
fn multiply_avx2<const ALL: bool>(packed: Packed<'_>, rows: &[[u8; STEP]], found: &mut [i32]) {
    if !ALL {
        found.fill(i32::MIN);
    }
    let width = packed.width::<ALL>();
    let pairs = packed.steps * STEP / 2;
    let mut patches: Vec<[Pair; PATCHES]> = vec![[[0; 2]; PATCHES]; pairs * packed.starts.len()];
    for (wider, numbers) in patches.as_chunks_mut::<2>().0.iter_mut().zip(packed.numbers) {
        for (patch, &[a, b, c, d]) in numbers.iter().enumerate() {
            wider[0][patch] = [a.into(), b.into()];
            wider[1][patch] = [c.into(), d.into()];
        }
    }
    let mut texts = vec![0; pairs * ROWS];
    for (rows, found) in rows.chunks(ROWS * packed.steps).zip(found.chunks_mut(ROWS * width)) {
        for (texts, bytes) in texts.as_chunks_mut::<2>().0.iter_mut().zip(rows) {
            let [a, b, c, d] = bytes.map(i32::from);
            *texts = [b << 16 | a, d << 16 | c];
        }
        for ((first, patches), starts) in
            (0..).step_by(PATCHES).zip(patches.chunks_exact(pairs)).zip(packed.starts)
        {
            // SAFETY: as in `multiply_avx512`.
            unsafe { with_pairs::<ALL>(patches, starts, &texts, first, found.chunks_mut(width)) }
        }
    }
}

/// As `with_vnni`, of rows one after the other; where fewer are left, those of before stand in.
#[target_feature(enable = "avx2")]
fn with_pairs<const ALL: bool>(
    patches: &[[Pair; PATCHES]],
    starts: &[i32; PATCHES],
    rows: &[i32],
    first: usize,
    found: ChunksMut<'_, i32>,
) {
    let pairs = patches.len();
    let rows: [&[i32]; ROWS] = from_fn(|place| &rows[place * pairs..][..pairs]);
    let mut sums = [halves(starts); ROWS];
    for pair in 0..pairs {
        let patches = halves(&patches[pair]);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let numbers = _mm256_set1_epi32(row[pair]);
            for (sum, patch) in sums.iter_mut().zip(patches) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(numbers, patch));
            }
        }
    }
    keep::<ALL>(&sums, first, found);
}

/// Of sums of rows with a group all, or the largest where they are larger than what is found so far.
#[target_feature(enable = "avx2")]
#[inline]
fn keep<const ALL: bool>(sums: &[[__m256i; 2]; ROWS], first: usize, found: ChunksMut<'_, i32>) {
    for (found, halves) in found.zip(sums) {
        if ALL {
            write(numbers_of(halves), &mut found[first..]);
        } else {
            found[0] = found[0].max(largest(halves));
        }
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn largest([low, high]: &[__m256i; 2]) -> i32 {
    let both = _mm256_max_epi32(*low, *high);
    let largest = _mm_max_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256::<1>(both));
    let largest = _mm_max_epi32(largest, _mm_shuffle_epi32::<0b01_00_11_10>(largest));
    let largest = _mm_max_epi32(largest, _mm_shuffle_epi32::<0b10_11_00_01>(largest));
    _mm_cvtsi128_si32(largest)
}

#[target_feature(enable = "avx2")]
#[inline]
fn numbers_of(halves: &[__m256i; 2]) -> [i32; PATCHES] {
    let mut numbers = [[0_i32; HALF]; 2];
    for (numbers, half) in numbers.iter_mut().zip(halves) {
        // SAFETY: the array has the 32 bytes of a register.
        unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), *half) }
    }
    let [low, high] = numbers;
    from_fn(|place| if place < HALF { low[place] } else { high[place - HALF] })
}

/// What the lanes of two registers hold: 4 bytes each.
trait FourBytes {}
impl FourBytes for [i8; STEP] {}
impl FourBytes for Pair {}
impl FourBytes for i32 {}

#[target_feature(enable = "avx2")]
#[inline]
fn halves<T: FourBytes>(lanes: &[T; PATCHES]) -> [__m256i; 2] {
    const { assert!(size_of::<T>() == 4) };
    let (low, high) = lanes.split_at(HALF);
    // SAFETY: each half has the 32 bytes of a register.
    [low, high].map(|half| unsafe { _mm256_loadu_si256(half.as_ptr().cast()) })
}
