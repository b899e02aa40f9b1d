//! What kernels with registers of 256 bits share, whatever they multiply with. Nothing gathers: on many processors of these
//! sets a gather is slower than loads one by one.

use crate::query_view::{BIAS_BYTES, GROUP, LINE_BYTES, QueryLine};
use std::arch::x86_64::*;

/// Bytes in a register.
pub(super) const BYTES: usize = 32;
/// Codes whose sums are kept in registers at a time.
pub(super) const SIDE_BY_SIDE: usize = 4;
/// Such lots in a group.
pub(super) const LOTS: usize = GROUP / SIDE_BY_SIDE;
/// Where the codes of a lot begin.
pub(super) type Starts = [*const u8; SIDE_BY_SIDE];
/// Numbers in a register.
const LANES: usize = 8;
/// Keys in a register.
const KEYS: usize = 4;

pub(super) fn round(values: &[f32], scale: f32, bytes: &mut [i8]) -> i32 {
    // SAFETY: part of a set that is handed out only where its features were detected.
    unsafe { round_with(values, scale, bytes) }
}

pub(super) fn insert(buffer: &mut [u64], used: usize, keys: &[u64]) -> usize {
    // SAFETY: as `round`.
    unsafe { insert_with(buffer, used, keys) }
}

pub(super) fn unmet(words: &[u32], nodes: &[u32], limit: u32, unmet: &mut [u32]) -> Result<usize, u32> {
    // SAFETY: as `round`.
    unsafe { unmet_with(words, nodes, limit, unmet) }
}

/// Up to [`GROUP`] codes of a table.
pub(super) struct Codes<'a> {
    /// The whole table.
    bytes: &'a [u8],
    /// Bytes of a code.
    size: usize,
    /// How many nodes were given. The others are node 0, which is compared to no avail.
    given: usize,
    /// All of them have a code in the table.
    nodes: [u32; GROUP],
}

impl<'a> Codes<'a> {
    /// None when a node has no code.
    #[inline]
    #[target_feature(enable = "avx2,popcnt,bmi1")]
    pub(super) fn of(bytes: &'a [u8], given: &[u32], lines: usize) -> Option<Self> {
        let size = lines * LINE_BYTES;
        // Only the common case is worth being spared a division.
        let count = if lines == 1 { bytes.len() / LINE_BYTES } else { bytes.len() / size.max(1) };
        let limit = _mm256_set1_epi32(count.min(u32::MAX as usize) as i32);
        let mut nodes = [0_u32; GROUP];
        let mut outside = _mm256_setzero_si256();
        for (half, nodes) in nodes.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let given = load_up_to(given.get(half * LANES..).unwrap_or_default());
            // Lanes without a node are of node 0, which is to be there, too.
            outside = _mm256_or_si256(outside, at_least(given, limit));
            // SAFETY: the array holds the 8 numbers that are written, at any alignment.
            unsafe { _mm256_storeu_si256(nodes.as_mut_ptr().cast(), given) };
        }
        let inside = _mm256_testz_si256(outside, outside) == 1;
        (inside && lines > 0).then_some(Self { bytes, size, given: given.len().min(GROUP), nodes })
    }

    /// How many lots of codes side by side hold all that were given.
    #[inline]
    pub(super) fn lots(&self) -> usize {
        self.given.div_ceil(SIDE_BY_SIDE)
    }

    /// Where the codes begin; from each start on there are as many bytes as a code has.
    #[inline]
    pub(super) fn starts(&self) -> [Starts; LOTS] {
        std::array::from_fn(|lot| std::array::from_fn(|lane| self.start(lot * SIDE_BY_SIDE + lane)))
    }

    #[inline]
    fn start(&self, lane: usize) -> *const u8 {
        self.bytes.as_ptr().wrapping_add(self.nodes[lane] as usize * self.size)
    }

    /// The last four bytes of 8 codes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn biases(&self, half: usize) -> __m256 {
        let bias = |lane: usize| {
            let place = self.start(half * LANES + lane).wrapping_add(self.size - BIAS_BYTES);
            // SAFETY: `of` held the node against the number of codes; these are the last four bytes of its code.
            unsafe { place.cast::<f32>().read_unaligned() }
        };
        _mm256_setr_ps(bias(0), bias(1), bias(2), bias(3), bias(4), bias(5), bias(6), bias(7))
    }

    /// Turns the sums of all lots into keys, and keeps those before the limit.
    #[inline]
    #[target_feature(enable = "avx2,popcnt,bmi1")]
    pub(super) fn keys(
        &self,
        sums: &[__m128i; LOTS],
        factor: f32,
        constant: f32,
        limit: u32,
        keys: &mut [u64; GROUP],
    ) -> usize {
        let (factor, constant) = (_mm256_set1_ps(factor), _mm256_set1_ps(constant));
        let limit = _mm256_set1_epi32((limit ^ 1 << 31).cast_signed());
        let mut kept = 0;
        for half in 0..self.given.div_ceil(LANES) {
            let sums = _mm256_cvtepi32_ps(_mm256_set_m128i(sums[2 * half + 1], sums[2 * half]));
            let biases = _mm256_add_ps(self.biases(half), constant);
            let estimates = _mm256_sub_ps(biases, _mm256_mul_ps(factor, sums));
            // As `ordered_bits`, with the top bit turned, as compares are of signed numbers; adding 0 makes -0 and 0 one.
            let bits = _mm256_castps_si256(_mm256_add_ps(estimates, _mm256_setzero_ps()));
            let ordered = _mm256_xor_si256(bits, _mm256_srli_epi32::<1>(_mm256_srai_epi32::<31>(bits)));
            let given = (1_u32 << (self.given - half * LANES).min(LANES)) - 1;
            let before = mask(_mm256_cmpgt_epi32(limit, ordered)) & given;
            let ordered = _mm256_xor_si256(ordered, _mm256_set1_epi32(i32::MIN));
            // The halves of keys are interleaved within the 128-bit parts, which the order of the lanes makes up for.
            let order = spread(&KEY_LANES[before as usize]);
            let ordered = _mm256_permutevar8x32_epi32(ordered, order);
            let nodes = load(&self.nodes.as_chunks::<LANES>().0[half]);
            let nodes = _mm256_slli_epi32::<1>(_mm256_permutevar8x32_epi32(nodes, order));
            let Some(room) = keys.get_mut(kept..kept + LANES) else { break };
            let [low, high] = room.as_chunks_mut::<KEYS>().0 else { break };
            store(low, _mm256_unpacklo_epi32(nodes, ordered));
            store(high, _mm256_unpackhi_epi32(nodes, ordered));
            kept += before.count_ones() as usize;
        }
        kept
    }
}

/// For each mask of 8 lanes, the lanes with a bit, in order, then lane 0 on and on.
const COMPRESSED: [[u8; LANES]; 256] = {
    let mut table = [[0; LANES]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut lane, mut found) = (0, 0);
        while lane < LANES {
            if mask >> lane & 1 == 1 {
                table[mask][found] = lane as u8;
                found += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    table
};
static KEY_LANES: [[u8; LANES]; 256] = {
    let mut table = COMPRESSED;
    let mut mask = 0;
    while mask < 256 {
        let [a, b, c, d, e, f, g, h] = table[mask];
        table[mask] = [a, b, e, f, c, d, g, h];
        mask += 1;
    }
    table
};

/// The sum over the lanes of each of four registers.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_across([p, q, r, s]: [__m256i; SIDE_BY_SIDE]) -> __m128i {
    let pq = _mm256_add_epi32(_mm256_unpacklo_epi32(p, q), _mm256_unpackhi_epi32(p, q));
    let rs = _mm256_add_epi32(_mm256_unpacklo_epi32(r, s), _mm256_unpackhi_epi32(r, s));
    let all = _mm256_add_epi32(_mm256_unpacklo_epi64(pq, rs), _mm256_unpackhi_epi64(pq, rs));
    _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256::<1>(all))
}

/// A register of a query: that many from its first line on.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn low(lines: &[QueryLine], register: usize) -> __m256i {
    load(&lines[register / 2].low.as_chunks::<BYTES>().0[register % 2])
}

/// As [`low`], for the upper halves of narrow coordinates.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn high(lines: &[QueryLine], register: usize) -> __m256i {
    load(&lines[register / 2].high.as_chunks::<BYTES>().0[register % 2])
}

/// All bits of the first bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn first_bytes(count: usize) -> __m256i {
    const PLACES: [i8; BYTES] = {
        let mut places = [0; BYTES];
        let mut place = 0;
        while place < BYTES {
            places[place] = place as i8;
            place += 1;
        }
        places
    };
    _mm256_cmpgt_epi8(_mm256_set1_epi8(count.min(BYTES) as i8), load(&PLACES))
}

/// Writes sums to the places there are, up to a group of them.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_sums(out: &mut [i32], sums: &[__m128i; LOTS]) {
    let mut all = [0; GROUP];
    for (place, &sums) in all.as_chunks_mut::<SIDE_BY_SIDE>().0.iter_mut().zip(sums) {
        // SAFETY: the array holds the 4 numbers that are written, at any alignment.
        unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), sums) };
    }
    match out.first_chunk_mut() {
        Some(out) => *out = all,
        None => out.copy_from_slice(&all[..out.len()]),
    }
}

/// Thirty-two numbers at a time, rounded half to even as the processor does by default.
#[target_feature(enable = "avx2")]
fn round_with(values: &[f32], scale: f32, bytes: &mut [i8]) -> i32 {
    let factor = _mm256_set1_ps(scale);
    let (blocks, rest) = values[..values.len().min(bytes.len())].as_chunks::<BYTES>();
    let (byte_blocks, _) = bytes.as_chunks_mut::<BYTES>();
    let mut total = _mm256_setzero_si256();
    for (values, bytes) in blocks.iter().zip(byte_blocks) {
        let parts = values.as_chunks::<LANES>().0;
        let [a, b, c, d] = std::array::from_fn(|part| {
            // SAFETY: the array holds the 8 numbers that are read, at any alignment.
            let values = unsafe { _mm256_loadu_ps(parts[part].as_ptr()) };
            _mm256_cvtps_epi32(_mm256_mul_ps(values, factor))
        });
        let sum = _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d));
        total = _mm256_add_epi32(total, sum);
        // Packing works within the 128-bit parts: four bytes of a, b, c, d from each.
        let packed = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        let packed = _mm256_permutevar8x32_epi32(packed, spread(&[0, 4, 1, 5, 2, 6, 3, 7]));
        // SAFETY: the array holds the 32 bytes that are written, at any alignment.
        unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), packed) };
    }
    let none = _mm256_setzero_si256();
    let total = _mm_cvtsi128_si32(add_across([total, none, none, none]));
    total + super::super::round(rest, scale, &mut bytes[blocks.len() * BYTES..])
}

/// Eight nodes are held against the limit at a time.
#[target_feature(enable = "avx2,popcnt,bmi1,bmi2")]
fn unmet_with(words: &[u32], nodes: &[u32], limit: u32, unmet: &mut [u32]) -> Result<usize, u32> {
    let limit = limit.min(words.len().saturating_mul(32).try_into().unwrap_or(u32::MAX));
    let limits = _mm256_set1_epi32(limit.cast_signed());
    let mut found = 0;
    for group in nodes.chunks(LANES) {
        let given = (1_u32 << group.len()) - 1;
        let outside = mask(at_least(load_up_to(group), limits)) & given;
        let Some(room) = unmet[found..].first_chunk_mut() else { break };
        let inside = group.len().min(outside.trailing_zeros() as usize);
        found += match group.first_chunk::<LANES>() {
            // SAFETY: no node is outside the limit, which is no more than there are words for.
            Some(all) if outside == 0 => unsafe { unmet_of(words, all, room) },
            // SAFETY: as above; these come before the first that is outside.
            _ => unsafe { unmet_of(words, &group[..inside], room) },
        };
        if outside != 0 {
            return match group.get(outside.trailing_zeros() as usize) {
                Some(&node) if node != u32::MAX => Err(node),
                _ => Ok(found),
            };
        }
    }
    Ok(found)
}

/// Nodes of up to 8 whose bit is not set.
///
/// # Safety
/// All of them have a word.
#[inline(always)]
unsafe fn unmet_of(words: &[u32], nodes: &[u32], room: &mut [u32; LANES]) -> usize {
    let mut found = 0;
    for &node in nodes {
        // SAFETY: what the caller asserts.
        let word = unsafe { words.get_unchecked(node as usize / 32) };
        room[found % LANES] = node;
        found += usize::from(word >> (node % 32) & 1 == 0);
    }
    found
}

/// Registers of a list through all of which a key goes, as that costs no branch that is hard to foresee.
const SHORT: usize = 32;

/// Sorted insertion, a key at a time.
#[target_feature(enable = "avx2,popcnt,bmi1")]
fn insert_with(buffer: &mut [u64], used: usize, keys: &[u64]) -> usize {
    let Some((_, own)) = buffer.split_at_mut_checked(8) else { return 0 };
    let (own, _) = own.as_chunks_mut::<KEYS>();
    let places = own.len() / 2 * 2 * KEYS;
    let own = &mut own[..places / KEYS];
    let mut lowest = places;
    for (new, &key) in keys.iter().enumerate() {
        // The registers behind the last key hold none.
        let end = ((used + new) / KEYS + 1).min(own.len());
        let place = match end <= SHORT {
            true => insert_short(&mut own[..end], key),
            false => insert_long(own.as_flattened_mut(), used + new, key),
        };
        lowest = lowest.min(place);
    }
    lowest
}

/// Each place keeps the smaller of itself and the key, unless its lower neighbour is larger, which then moves up. Gives how
/// many are not above the key.
#[inline]
#[target_feature(enable = "avx2")]
fn insert_short(registers: &mut [[u64; KEYS]], key: u64) -> usize {
    // Compares are of signed numbers, so all have their top bit turned.
    let top = _mm256_set1_epi64x(i64::MIN);
    let new = _mm256_xor_si256(_mm256_set1_epi64x(key.cast_signed()), top);
    let places = registers.len() * KEYS;
    // What moves into the first place is smaller than any key. Lanes above the key count -1.
    let (mut previous, mut above_count) = (top, _mm256_setzero_si256());
    for register in registers {
        let own = _mm256_xor_si256(load(register), top);
        let below = follow(previous, own);
        let above = _mm256_cmpgt_epi64(own, new);
        above_count = _mm256_add_epi64(above_count, above);
        let moved = _mm256_blendv_epi8(new, below, _mm256_cmpgt_epi64(below, new));
        store(register, _mm256_xor_si256(_mm256_blendv_epi8(own, moved, above), top));
        previous = own;
    }
    let counts =
        _mm_add_epi64(_mm256_castsi256_si128(above_count), _mm256_extracti128_si256::<1>(above_count));
    let count = _mm_cvtsi128_si64(_mm_add_epi64(counts, _mm_unpackhi_epi64(counts, counts)));
    places.wrapping_add_signed(count as isize)
}

/// Sorted insertion of one key into a list of which so many places are in use.
#[inline]
pub(super) fn insert_long(own: &mut [u64], used: usize, key: u64) -> usize {
    let used = used.min(own.len());
    let place = own[..used].partition_point(|&other| other <= key);
    if place < own.len() {
        own.copy_within(place..used.min(own.len() - 1), place + 1);
        own[place] = key;
    }
    place
}

/// The last key of one register, then all but the last of the next.
#[inline]
#[target_feature(enable = "avx2")]
fn follow(previous: __m256i, next: __m256i) -> __m256i {
    let across = _mm256_permute2x128_si256::<0x21>(previous, next);
    _mm256_alignr_epi8::<8>(next, across)
}

/// Lanes of 32 bits in which an unsigned number is not below another.
#[inline]
#[target_feature(enable = "avx2")]
fn at_least(values: __m256i, limit: __m256i) -> __m256i {
    _mm256_cmpeq_epi32(_mm256_max_epu32(values, limit), values)
}

/// A bit for each lane of 32 bits: its top one.
#[inline]
#[target_feature(enable = "avx2")]
fn mask(lanes: __m256i) -> u32 {
    _mm256_movemask_ps(_mm256_castsi256_ps(lanes)).cast_unsigned()
}

/// Eight bytes as numbers of 32 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn spread(bytes: &[u8; LANES]) -> __m256i {
    // SAFETY: the array holds the 8 bytes that are read, at any alignment.
    _mm256_cvtepu8_epi32(unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) })
}

/// The first numbers of a slice, up to 8, zeros after its end.
#[inline]
#[target_feature(enable = "avx2")]
fn load_up_to(values: &[u32]) -> __m256i {
    const FIRST: [i32; 2 * LANES] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    if let Some(all) = values.first_chunk::<LANES>() {
        return load(all);
    }
    let given =
        load::<i32, LANES>(&std::array::from_fn(|lane| FIRST[lane + LANES - values.len().min(LANES)]));
    // SAFETY: the mask has the top bit of a lane for each number of the slice and no other; masked lanes are not accessed.
    unsafe { _mm256_maskload_epi32(values.as_ptr().cast(), given) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load<T, const COUNT: usize>(block: &[T; COUNT]) -> __m256i {
    const { assert!(size_of::<[T; COUNT]>() == BYTES) };
    // SAFETY: the array holds the 32 bytes that are read, at any alignment.
    unsafe { _mm256_loadu_si256(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(keys: &mut [u64; KEYS], values: __m256i) {
    // SAFETY: the array holds the 4 numbers that are written, at any alignment.
    unsafe { _mm256_storeu_si256(keys.as_mut_ptr().cast(), values) }
}

/// The kernels over codes of a set with registers of 256 bits, for its features: lots of codes side by side, each summed up by the
/// `sums_of_lot` of the module that this is written in.
macro_rules! over_lots {
    ($features:literal) => {
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

        #[target_feature(enable = $features)]
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

        #[target_feature(enable = $features)]
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

        #[target_feature(enable = $features)]
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
        #[target_feature(enable = $features)]
        fn sums_of(starts: &[Starts], query: QueryView<'_>, wide: usize, sums: &mut [__m128i; LOTS]) {
            for (sums, &starts) in sums.iter_mut().zip(starts) {
                *sums = sums_of_lot(starts, query, wide);
            }
        }
    };
}
pub(super) use over_lots;
