//! Kernels over codes: [`crate::CodeTable`] and [`crate::SortedKeys`] are their safe face.

use crate::keys::{key, ordered_bits};
use crate::query_view::{GROUP, LINE_BYTES, QueryLine, QueryView, bias};

#[cfg(target_arch = "aarch64")]
pub(super) mod arm;
#[cfg(target_arch = "x86_64")]
pub(super) mod x86;

/// Keys of nodes that come before a limit: `(bytes, nodes, query, wide, limit, keys) -> count`. There are at most [`GROUP`]
/// nodes, and the query has 1 to [`crate::code::MOST_LINES`] lines, which are those of the codes. `wide` bytes from the first
/// hold one coordinate each, and none of them is 0. None when a node has no code.
type Nearer = fn(&[u8], &[u32], QueryView<'_>, usize, u32, &mut [u64; GROUP]) -> Option<usize>;
/// Sums over the bytes of codes times those of a query; as [`Nearer`].
type Sums = fn(&[u8], &[u32], QueryView<'_>, usize, &mut [i32; GROUP]) -> Option<()>;
/// Sums over the bytes of codes that lie one after another, all of wide coordinates, times those of a query; as many as the
/// slice has places and the bytes codes.
type Run = fn(&[u8], QueryView<'_>, &mut [i32]);
/// Numbers within a byte times a factor, rounded half to even; gives the sum of the bytes. As many as both slices have.
type Round = fn(&[f32], f32, &mut [i8]) -> i32;
/// Nodes whose bit is not set, in their order, up to the first `u32::MAX`: `(words, nodes, limit, unmet) -> count`. There is
/// room for [`GROUP`] more than there are nodes. A node from the limit on, or without a bit, is an error.
type Unmet = fn(&[u32], &[u32], u32, &mut [u32]) -> Result<usize, u32>;
/// Sorted insertion into a buffer of 8 zeros and a multiple of 8 keys, of which so many are in use and the others
/// `u64::MAX`; gives the lowest place of a key.
type Insert = fn(&mut [u64], usize, &[u64]) -> usize;

/// One implementation of every kernel.
pub(crate) struct CodeKernels {
    pub nearer: Nearer,
    pub sums: Sums,
    pub run: Run,
    pub round: Round,
    pub insert: Insert,
    pub unmet: Unmet,
}

pub(super) const PORTABLE: CodeKernels = CodeKernels { nearer, sums, run, round, insert, unmet };

/// The bytes of a code, if there is one.
#[inline(always)]
fn code(bytes: &[u8], node: u32, lines: usize) -> Option<&[u8]> {
    let size = lines * LINE_BYTES;
    let start = node as usize * size;
    bytes.get(start..start + size)
}

fn sums(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    sums: &mut [i32; GROUP],
) -> Option<()> {
    for (sum, &node) in sums.iter_mut().zip(nodes) {
        let (lines, _) = code(bytes, node, query.lines.len())?.as_chunks::<LINE_BYTES>();
        *sum = lines
            .iter()
            .zip(query.lines)
            .enumerate()
            .map(|(place, (code, query))| line(code, query, wide.saturating_sub(place * LINE_BYTES)))
            .sum();
    }
    Some(())
}

fn run(bytes: &[u8], query: QueryView<'_>, sums: &mut [i32]) {
    for (sum, code) in sums.iter_mut().zip(bytes.chunks_exact((query.lines.len() * LINE_BYTES).max(1))) {
        let (lines, _) = code.as_chunks::<LINE_BYTES>();
        *sum = lines.iter().zip(query.lines).map(|(code, query)| line(code, query, LINE_BYTES)).sum();
    }
}

fn round(values: &[f32], scale: f32, bytes: &mut [i8]) -> i32 {
    let mut sum = 0;
    for (byte, value) in bytes.iter_mut().zip(values) {
        *byte = small_integer(value * scale);
        sum += i32::from(*byte);
    }
    sum
}

/// The nearest integer of a value within a byte, half to even: added to a number whose last binary place is 1, a value leaves
/// its integer in the last places. A compiler makes vectors of this, and not of a cast that must mind overflow.
#[inline]
fn small_integer(value: f32) -> i8 {
    const LAST_PLACE_IS_ONE: f32 = 12_582_912.0;
    (value + LAST_PLACE_IS_ONE).to_bits() as i8
}

fn line(code: &[u8; LINE_BYTES], query: &QueryLine, wide: usize) -> i32 {
    let (wide, narrow) = code.split_at(wide.min(LINE_BYTES));
    let (wide_low, narrow_low) = query.low.split_at(wide.len());
    let product = |code: u8, query: i8| i32::from(code) * i32::from(query);
    let wide: i32 = wide.iter().zip(wide_low).map(|(&code, &low)| product(code, low)).sum();
    let halves = narrow.iter().zip(narrow_low).zip(&query.high[wide_low.len()..]);
    wide + halves
        .map(|((&code, &low), &high)| product(code & 0x0f, low) + product(code >> 4, high))
        .sum::<i32>()
}

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

/// Turns sums into keys and keeps those before the limit.
#[inline(always)]
fn nearer_of(
    bytes: &[u8],
    nodes: &[u32],
    query: QueryView<'_>,
    wide: usize,
    limit: u32,
    keys: &mut [u64; GROUP],
    sums_of: Sums,
) -> Option<usize> {
    let mut sums = [0; GROUP];
    sums_of(bytes, nodes, query, wide, &mut sums)?;
    let mut kept = 0;
    for (&node, &sum) in nodes.iter().zip(&sums) {
        let bias = bias(code(bytes, node, query.lines.len())?);
        // Rounded after each step: a fused multiply-add is a call where the processor has none.
        let estimate = (bias + query.constant) - query.factor * sum as f32;
        // Without a branch, which would be taken at random.
        keys[kept] = key(estimate, node);
        kept += usize::from(ordered_bits(estimate) < limit);
    }
    Some(kept)
}

fn unmet(words: &[u32], nodes: &[u32], limit: u32, unmet: &mut [u32]) -> Result<usize, u32> {
    let mut found = 0;
    for &node in nodes.iter().take_while(|node| **node != u32::MAX) {
        let word = words.get(node as usize / 32).filter(|_| node < limit).ok_or(node)?;
        unmet[found] = node;
        found += usize::from(word >> (node % 32) & 1 == 0);
    }
    Ok(found)
}

fn insert(buffer: &mut [u64], mut used: usize, keys: &[u64]) -> usize {
    let places = buffer.len() - 8;
    let mut lowest = places;
    for &key in keys {
        let place = buffer[8..8 + used].partition_point(|&other| other <= key);
        if place < places {
            used = (used + 1).min(places);
            buffer.copy_within(8 + place..7 + used, 9 + place);
            buffer[8 + place] = key;
            lowest = lowest.min(place);
        }
    }
    lowest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::{CodeQuery, CodeShape, Steps};
    use crate::kernel::sets::available;
    use crate::query_view::BIAS_BYTES;
    use proptest::prelude::*;

    /// Every set of this machine, with its name.
    fn sets() -> impl Iterator<Item = (&'static str, &'static CodeKernels)> {
        available().map(|set| (set.name, &set.codes))
    }

    proptest! {
        #[test]
        fn every_instruction_set_gives_the_same(
            lines in 1_usize..5, wide in 0_usize..300, seed in any::<u64>(), count in 0_usize..=GROUP,
            capacity in 1_usize..40,
        ) {
            let mut state = seed | 1;
            let mut next = move || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as u32
            };
            let mut bytes: Vec<u8> = (0..24 * lines * LINE_BYTES).map(|_| next() as u8).collect();
            // Bytes of wide coordinates are never 0.
            for code in bytes.chunks_mut(lines * LINE_BYTES) {
                let end = code.len() - BIAS_BYTES;
                code[..wide.min(end)].iter_mut().for_each(|byte| *byte = (*byte).max(1));
                code[end..].copy_from_slice(&(next() as f32 / 1e9 - 2.0).to_le_bytes());
            }
            let shape = CodeShape { lines, wide: wide.min(lines * LINE_BYTES - BIAS_BYTES), biased: true };
            let coordinates: Vec<f32> = (0..shape.coordinates()).map(|_| next() as f32 / 1e9 - 1.0).collect();
            let mut query = CodeQuery::default();
            query.set(&coordinates, shape, Steps { wide: 0.003, narrow: 0.01 }, 2.0);
            let query = query.view();
            let nodes: Vec<u32> = (0..count).map(|_| next() % 24).collect();
            let limit = ordered_bits(next() as f32 / 1e9 - 2.0);
            let mut expected = ([0; GROUP], [0; GROUP]);
            let kept = (PORTABLE.nearer)(&bytes, &nodes, query, shape.wide, limit, &mut expected.0).unwrap();
            (PORTABLE.sums)(&bytes, &nodes, query, shape.wide, &mut expected.1).unwrap();
            for (name, kernels) in sets() {
                let (mut keys, mut sums) = ([0; GROUP], [0; GROUP]);
                prop_assert_eq!((kernels.nearer)(&bytes, &nodes, query, shape.wide, limit, &mut keys), Some(kept), "{}", name);
                prop_assert_eq!(&keys[..kept], &expected.0[..kept], "{}", name);
                prop_assert!((kernels.sums)(&bytes, &nodes, query, shape.wide, &mut sums).is_some());
                prop_assert_eq!((kernels.nearer)(&bytes, &[1, 24], query, shape.wide, limit, &mut keys), None, "{}", name);
                prop_assert!((kernels.sums)(&bytes, &[1, 24], query, shape.wide, &mut [0; GROUP]).is_none());
                prop_assert_eq!(&sums[..count], &expected.1[..count], "{}", name);
            }
            // Codes that are all wide, without bias.
            bytes.iter_mut().for_each(|byte| *byte = (*byte).max(1));
            let shape = CodeShape { lines, wide: lines * LINE_BYTES, biased: false };
            let coordinates: Vec<f32> = (0..shape.wide).map(|_| next() as f32 / 1e9 - 1.0).collect();
            let mut query = CodeQuery::default();
            query.set(&coordinates, shape, Steps { wide: 0.003, narrow: 0.01 }, 2.0);
            let (values, rows) = (&coordinates[..next() as usize % coordinates.len()], next() as usize % 27);
            let mut expected = (vec![7; rows], vec![7_i8; values.len()]);
            (PORTABLE.run)(&bytes, query.view(), &mut expected.0);
            let sum = (PORTABLE.round)(values, 99.0, &mut expected.1);
            for (name, kernels) in sets() {
                let mut found = (vec![7; rows], vec![7_i8; values.len()]);
                (kernels.run)(&bytes, query.view(), &mut found.0);
                prop_assert_eq!((kernels.round)(values, 99.0, &mut found.1), sum, "{}", name);
                prop_assert_eq!(&found, &expected, "{}", name);
            }
            let words: Vec<u32> = (0..9).map(|_| next()).collect();
            let nodes: Vec<u32> = (0..next() % 70).map(|_| next() % (9 * 32)).collect();
            let met = |node: u32| words[node as usize / 32] >> (node % 32) & 1 == 1;
            let expected: Vec<u32> = nodes.iter().copied().filter(|&node| !met(node)).collect();
            for (name, kernels) in sets() {
                let mut unmet = vec![0; nodes.len() + 4 + GROUP];
                let mut ended = nodes.clone();
                ended.extend([u32::MAX, 1 << 20, 3]);
                for list in [&nodes, &ended] {
                    let found = (kernels.unmet)(&words, list, 9 * 32, &mut unmet);
                    prop_assert_eq!(found, Ok(expected.len()), "{}", name);
                    prop_assert_eq!(&unmet[..expected.len()], &expected, "{}", name);
                }
                ended.insert(nodes.len() / 2, 9 * 32 + 7);
                prop_assert_eq!((kernels.unmet)(&words, &ended, 9 * 32, &mut unmet), Err(9 * 32 + 7), "{}", name);
                prop_assert_eq!((kernels.unmet)(&words, &ended, u32::MAX, &mut unmet), Err(9 * 32 + 7), "{}", name);
            }
            let empty: Vec<u64> = [0; 8].into_iter().chain(vec![u64::MAX; capacity.next_multiple_of(8)]).collect();
            let groups: Vec<Vec<u64>> = (0..9).map(|_| (0..next() % 9).map(|_| u64::from(next() % 50)).collect()).collect();
            let mut expected = empty.clone();
            let all = |kernels: &CodeKernels, buffer: &mut Vec<u64>| -> Vec<usize> {
                let mut used = 0;
                let insert = |keys: &Vec<u64>| {
                    let lowest = (kernels.insert)(buffer, used, keys);
                    used = (used + keys.len()).min(buffer.len() - 8);
                    lowest
                };
                groups.iter().map(insert).collect()
            };
            let places = all(&PORTABLE, &mut expected);
            for (name, kernels) in sets() {
                let mut buffer = empty.clone();
                let found = all(kernels, &mut buffer);
                prop_assert_eq!(&found, &places, "{}", name);
                prop_assert_eq!(&buffer, &expected, "{}", name);
            }
        }
    }

    #[test]
    fn long_lists_are_sorted_too() {
        for (name, kernels) in sets() {
            let mut buffer: Vec<u64> = [0; 8].into_iter().chain(vec![u64::MAX; 1000]).collect();
            let keys: Vec<u64> = (0..3000_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20).collect();
            for (used, keys) in (0..).step_by(7).zip(keys.chunks(7)) {
                (kernels.insert)(&mut buffer, used.min(1000), keys);
            }
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            assert_eq!(buffer[8..], sorted[..1000], "{}", name);
        }
    }

    #[test]
    fn the_largest_sums_do_not_saturate() {
        let bytes = [255_u8; LINE_BYTES];
        let mut query = CodeQuery::default();
        let shape = CodeShape { lines: 1, wide: LINE_BYTES, biased: false };
        query.set(&[1.0; LINE_BYTES], shape, Steps { wide: 1.0, narrow: 1.0 }, 1.0);
        for (name, kernels) in sets() {
            let mut sums = [0; GROUP];
            (kernels.sums)(&bytes, &[0], query.view(), LINE_BYTES, &mut sums).unwrap();
            assert_eq!(sums[0], 64 * 255 * 127, "{}", name);
        }
    }
}
