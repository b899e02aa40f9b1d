//! Kernels over codes for AVX-512 with VNNI.

use super::ymm::insert_long;
use crate::query_view::{BIAS_BYTES, GROUP, LINE_BYTES, QueryLine, QueryView};
use std::arch::x86_64::*;

/// Codes whose sums are kept in registers at a time.
const SIDE_BY_SIDE: usize = 8;

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

pub(super) fn run(bytes: &[u8], query: QueryView<'_>, out: &mut [i32]) {
    // SAFETY: as `nearer`.
    unsafe { run_with(bytes, query.lines, out) }
}

pub(super) fn round(values: &[f32], scale: f32, bytes: &mut [i8]) -> i32 {
    // SAFETY: as `nearer`.
    unsafe { round_with(values, scale, bytes) }
}

pub(super) fn insert(buffer: &mut [u64], used: usize, keys: &[u64]) -> usize {
    // SAFETY: as `nearer`.
    unsafe { insert_with(buffer, used, keys) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni,popcnt,bmi1")]
fn nearer_with(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    limit: u32,
    keys: &mut [u64; GROUP],
) -> Option<usize> {
    let codes = Codes::of(bytes, nodes, query.lines.len())?;
    let sums = match query.lines {
        [only] => codes.sums_of_one_line(only, wide),
        lines => codes.sums(lines, wide),
    };
    let sums = _mm512_cvtepi32_ps(sums);
    let biases = _mm512_add_ps(codes.biases(), _mm512_set1_ps(query.constant));
    let estimates = _mm512_sub_ps(biases, _mm512_mul_ps(_mm512_set1_ps(query.factor), sums));
    // As `ordered_bits`; adding 0 makes -0 and 0 one number.
    let bits = _mm512_castps_si512(_mm512_add_ps(estimates, _mm512_setzero_ps()));
    let flips = _mm512_or_si512(_mm512_srai_epi32::<31>(bits), _mm512_set1_epi32(i32::MIN));
    let ordered = _mm512_xor_si512(bits, flips);
    let kept = _mm512_mask_cmplt_epu32_mask(codes.given, ordered, _mm512_set1_epi32(limit as i32));
    let ordered = _mm512_maskz_compress_epi32(kept, ordered);
    let nodes = _mm512_slli_epi32::<1>(_mm512_maskz_compress_epi32(kept, codes.nodes));
    let (low, high) = keys.split_at_mut(GROUP / 2);
    store(low, join(_mm512_castsi512_si256(ordered), _mm512_castsi512_si256(nodes)));
    let upper = |both| _mm512_extracti64x4_epi64::<1>(both);
    store(high, join(upper(ordered), upper(nodes)));
    Some(kept.count_ones() as usize)
}

/// Eight keys.
#[inline]
#[target_feature(enable = "avx512f,popcnt,bmi1")]
fn join(ordered: __m256i, nodes: __m256i) -> __m512i {
    _mm512_or_si512(_mm512_slli_epi64::<32>(_mm512_cvtepu32_epi64(ordered)), _mm512_cvtepu32_epi64(nodes))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni,popcnt,bmi1")]
fn sums_with(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    out: &mut [i32; GROUP],
) -> Option<()> {
    let sums = Codes::of(bytes, nodes, query.lines.len())?.sums(query.lines, wide);
    // SAFETY: the array holds the 16 numbers that are written, at any alignment.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sums) };
    Some(())
}

/// Up to [`GROUP`] codes of a table, a lane each.
struct Codes<'a> {
    /// The whole table.
    bytes: &'a [u8],
    /// Lines of a code.
    lines: usize,
    /// A bit for each lane that holds a node. The others are of node 0, which is compared to no avail.
    given: u16,
    nodes: __m512i,
    /// The nodes once more. All of them have a code in the table.
    numbers: [u32; GROUP],
}

impl<'a> Codes<'a> {
    /// None when a node has no code.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,popcnt,bmi1")]
    fn of(bytes: &'a [u8], nodes: &[u32], lines: usize) -> Option<Self> {
        // Only the common case is worth being spared a division.
        let count =
            if lines == 1 { bytes.len() / LINE_BYTES } else { bytes.len() / (lines * LINE_BYTES).max(1) };
        let given = ((1_u32 << nodes.len().min(GROUP)) - 1) as u16;
        // SAFETY: the mask has a bit for each number of the slice, of the first 16, and no other; masked lanes are
        // not accessed.
        let nodes = unsafe { _mm512_maskz_loadu_epi32(given, nodes.as_ptr().cast()) };
        let limit = _mm512_set1_epi32(count.min(u32::MAX as usize) as i32);
        // Lanes without a node are of node 0, which is to be there, too.
        let inside = _mm512_cmplt_epu32_mask(nodes, limit) == u16::MAX;
        let mut numbers = [0_u32; GROUP];
        // SAFETY: the array holds the 16 numbers that are written, at any alignment.
        unsafe { _mm512_storeu_si512(numbers.as_mut_ptr().cast(), nodes) };
        (inside && lines > 0).then_some(Self { bytes, lines, given, nodes, numbers })
    }

    /// Where the code in a lane begins.
    #[inline]
    fn start(&self, lane: usize) -> *const u8 {
        let place = self.numbers[lane] as usize * self.lines * LINE_BYTES;
        self.bytes.as_ptr().wrapping_add(place)
    }

    /// The last four bytes of each code, one by one: a gather is slower.
    #[inline]
    #[target_feature(enable = "avx512f,popcnt,bmi1")]
    fn biases(&self) -> __m512 {
        let biases: [f32; GROUP] = std::array::from_fn(|lane| {
            let place = self.start(lane).wrapping_add(self.lines * LINE_BYTES - BIAS_BYTES);
            // SAFETY: `of` held the node against the number of codes; these are the last four bytes of its code.
            unsafe { place.cast::<f32>().read_unaligned() }
        });
        // SAFETY: the array holds the 16 numbers that are read, at any alignment.
        unsafe { _mm512_loadu_ps(biases.as_ptr()) }
    }

    /// The sums over the bytes of codes of one line times those of the query, which stays in registers.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,popcnt,bmi1")]
    fn sums_of_one_line(&self, query: &QueryLine, wide: usize) -> __m512i {
        assert_eq!(self.lines, 1);
        let query = Line::load(query, wide);
        let mut sums = [_mm512_setzero_si512(); GROUP];
        for (lane, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `of` held the node against the number of codes, and a code has a line.
            let code = unsafe { _mm512_loadu_si512(self.start(lane).cast()) };
            *sum = query.add(*sum, code);
        }
        add_across(&sums)
    }

    /// The sums over the bytes of codes times those of the query: some codes side by side, so that a line of the query
    /// is loaded once for all of them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,popcnt,bmi1")]
    fn sums(&self, query: &[QueryLine], wide: usize) -> __m512i {
        assert_eq!(self.lines, query.len());
        let mut sums = [_mm512_setzero_si512(); GROUP];
        for (side, sums) in sums.chunks_exact_mut(SIDE_BY_SIDE).enumerate() {
            let starts: [*const u8; SIDE_BY_SIDE] =
                std::array::from_fn(|lane| self.start(side * SIDE_BY_SIDE + lane));
            let mut totals = [_mm512_setzero_si512(); SIDE_BY_SIDE];
            for (place, query) in query.iter().enumerate() {
                let wide = wide.saturating_sub(place * LINE_BYTES);
                let query = Line::load(query, wide);
                for (start, total) in starts.iter().zip(&mut totals) {
                    // SAFETY: `of` held the node against the number of codes, and a code has as many lines as the query.
                    let code = unsafe { _mm512_loadu_si512(start.wrapping_add(place * LINE_BYTES).cast()) };
                    *total = match wide >= LINE_BYTES {
                        true => _mm512_dpbusd_epi32(*total, code, query.low),
                        false => query.add(*total, code),
                    };
                }
            }
            sums.copy_from_slice(&totals);
        }
        add_across(&sums)
    }
}

/// Codes side by side in groups of 16, each line of the query loaded once for eight of them.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,popcnt,bmi1")]
fn run_with(bytes: &[u8], query: &[QueryLine], out: &mut [i32]) {
    let size = query.len() * LINE_BYTES;
    for (out, codes) in out.chunks_mut(GROUP).zip(bytes.chunks((GROUP * size).max(1))) {
        let count = codes.len() / size;
        let mut sums = [_mm512_setzero_si512(); GROUP];
        for (side, sums) in sums.chunks_exact_mut(SIDE_BY_SIDE).enumerate() {
            let Some(last) = count.checked_sub(1) else { return };
            // Where fewer are left, the last is computed again.
            let starts: [usize; SIDE_BY_SIDE] =
                std::array::from_fn(|lane| (side * SIDE_BY_SIDE + lane).min(last) * size);
            let mut totals = [_mm512_setzero_si512(); SIDE_BY_SIDE];
            for (place, query) in query.iter().enumerate() {
                let query = load_line(&query.low);
                for (start, total) in starts.iter().zip(&mut totals) {
                    let code = codes.as_ptr().wrapping_add(start + place * LINE_BYTES);
                    // SAFETY: `start` is of one of the `count` codes, which have as many lines as the query.
                    let code = unsafe { _mm512_loadu_si512(code.cast()) };
                    *total = _mm512_dpbusd_epi32(*total, code, query);
                }
            }
            sums.copy_from_slice(&totals);
        }
        let wanted = ((1_u32 << out.len().min(count)) - 1) as u16;
        let sums = add_across(&sums);
        // SAFETY: the mask has a bit for each place of the slice, of 16 at most, and no other.
        unsafe { _mm512_mask_storeu_epi32(out.as_mut_ptr().cast(), wanted, sums) };
    }
}

/// Sixteen numbers at a time, rounded half to even as the processor does by default.
#[target_feature(enable = "avx512f,popcnt,bmi1")]
fn round_with(values: &[f32], scale: f32, bytes: &mut [i8]) -> i32 {
    let scale = _mm512_set1_ps(scale);
    let mut sum = _mm512_setzero_si512();
    for (values, bytes) in values.chunks(GROUP).zip(bytes.chunks_mut(GROUP)) {
        let given = ((1_u32 << values.len().min(bytes.len())) - 1) as u16;
        // SAFETY: the mask has a bit for each number of the shorter slice, of 16 at most, and no other.
        let values = unsafe { _mm512_maskz_loadu_ps(given, values.as_ptr()) };
        let rounded = _mm512_cvtps_epi32(_mm512_mul_ps(values, scale));
        sum = _mm512_add_epi32(sum, rounded);
        // SAFETY: as above.
        unsafe { _mm512_mask_cvtepi32_storeu_epi8(bytes.as_mut_ptr(), given, rounded) };
    }
    _mm512_reduce_add_epi32(sum)
}

/// A line of a query in registers.
struct Line {
    low: __m512i,
    high: __m512i,
    mask: __m512i,
}

impl Line {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,popcnt,bmi1")]
    fn load(line: &QueryLine, wide: usize) -> Self {
        let whole = ((1_u128 << wide.min(LINE_BYTES)) - 1) as u64;
        let mask = _mm512_mask_blend_epi8(whole, _mm512_set1_epi8(0x0f), _mm512_set1_epi8(-1));
        Self { low: load_line(&line.low), high: load_line(&line.high), mask }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,popcnt,bmi1")]
    fn add(&self, sum: __m512i, code: __m512i) -> __m512i {
        let sum = _mm512_dpbusd_epi32(sum, _mm512_and_si512(code, self.mask), self.low);
        let upper = _mm512_and_si512(_mm512_srli_epi16::<4>(code), _mm512_set1_epi8(0x0f));
        _mm512_dpbusd_epi32(sum, upper, self.high)
    }
}

/// The sum over the lanes of each of 16 registers. Two halving steps inside the 128-bit parts, two across them.
#[inline]
#[target_feature(enable = "avx512f,popcnt,bmi1")]
fn add_across(registers: &[__m512i; GROUP]) -> __m512i {
    let [a, b, c, d] = std::array::from_fn(|part| {
        let [p, q, r, s] = std::array::from_fn(|place| registers[4 * part + place]);
        let pq = _mm512_add_epi32(_mm512_unpacklo_epi32(p, q), _mm512_unpackhi_epi32(p, q));
        let rs = _mm512_add_epi32(_mm512_unpacklo_epi32(r, s), _mm512_unpackhi_epi32(r, s));
        _mm512_add_epi32(_mm512_unpacklo_epi64(pq, rs), _mm512_unpackhi_epi64(pq, rs))
    });
    let ab = _mm512_add_epi32(_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xee>(a, b));
    let cd = _mm512_add_epi32(_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xee>(c, d));
    _mm512_add_epi32(_mm512_shuffle_i32x4::<0x88>(ab, cd), _mm512_shuffle_i32x4::<0xdd>(ab, cd))
}

/// Registers of a list through all of which a key goes, as that costs no branch that is hard to foresee.
const SHORT: usize = 96;

/// Sorted insertion, a key at a time.
#[target_feature(enable = "avx512f,popcnt,bmi1")]
fn insert_with(buffer: &mut [u64], used: usize, keys: &[u64]) -> usize {
    let Some((_, own)) = buffer.split_at_mut_checked(8) else { return 0 };
    let (registers, _) = own.as_chunks_mut::<8>();
    let mut lowest = registers.len() * 8;
    for (new, &key) in keys.iter().enumerate() {
        // The registers behind the last key hold none.
        let end = ((used + new) / 8 + 1).min(registers.len());
        let place = match end <= SHORT {
            true => insert_short(&mut registers[..end], key),
            false => insert_long(registers.as_flattened_mut(), used + new, key),
        };
        lowest = lowest.min(place);
    }
    lowest
}

/// Each place keeps the smaller of itself and the key, unless its lower neighbour is larger, which then moves up. Gives how
/// many are not above the key.
#[inline]
#[target_feature(enable = "avx512f,popcnt,bmi1")]
fn insert_short(registers: &mut [[u64; 8]], key: u64) -> usize {
    let new = _mm512_set1_epi64(key.cast_signed());
    let mut place = 0;
    // What moves into the first place is smaller than any key.
    let mut previous = _mm512_setzero_si512();
    for register in registers {
        // SAFETY: the array holds the 8 numbers that are read, at any alignment.
        let own = unsafe { _mm512_loadu_si512(register.as_ptr().cast()) };
        let below = _mm512_alignr_epi64::<7>(own, previous);
        place += _mm512_cmple_epu64_mask(own, new).count_ones() as usize;
        store(register, _mm512_max_epu64(below, _mm512_min_epu64(own, new)));
        previous = own;
    }
    place
}

#[inline]
#[target_feature(enable = "avx512f,popcnt,bmi1")]
fn load_line<T>(line: &[T; LINE_BYTES]) -> __m512i {
    const { assert!(size_of::<T>() == 1) };
    // SAFETY: the array holds the 64 bytes that are read, at any alignment.
    unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,popcnt,bmi1")]
fn store(keys: &mut [u64], values: __m512i) {
    assert_eq!(keys.len(), 8);
    // SAFETY: the slice holds the 8 numbers that are written, at any alignment.
    unsafe { _mm512_storeu_si512(keys.as_mut_ptr().cast(), values) }
}
