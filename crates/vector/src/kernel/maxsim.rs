//! Late interaction: the products of rows of bytes with the patches of a query, or of each row the largest of them. All sums are of
//! whole numbers, so every instruction set gives the same.
//!
//! Bytes of rows stand for numbers by 128 less than they are. What that adds to a product is the same for all rows, so sums
//! start with it taken off; kernels that multiply signed numbers take 128 off instead.

#[cfg(target_arch = "aarch64")]
mod arm;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "aarch64")]
pub(super) use arm::{DOT, NEON};
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{AVX_VNNI, AVX2, AVX512_VNNI};

/// Patches that are multiplied with a row at a time.
pub(crate) const PATCHES: usize = 16;
/// Numbers of a patch that are multiplied at a time.
pub(crate) const STEP: usize = 4;
/// The least number of a patch: two products of it with bytes that stand for numbers fit 16 bits.
pub(crate) const LEAST: i8 = -127;

/// Patches of a query in groups of [`PATCHES`]: of each group a step of [`STEP`] numbers of every patch, then the next step. No
/// number is less than [`LEAST`].
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a> {
    /// The numbers of a step of a group.
    pub numbers: &'a [[[i8; STEP]; PATCHES]],
    /// What the sum of each patch starts with, by group.
    pub starts: &'a [[i32; PATCHES]],
    /// Steps of a group.
    pub steps: usize,
    /// Patches that the query has. The others, which fill the last group up, are copies of its last.
    pub patches: usize,
}

/// A group of patches: its steps, and what its sums start with.
type Group<'a> = (&'a [[[i8; STEP]; PATCHES]], &'a [i32; PATCHES]);

impl<'a> Packed<'a> {
    /// All groups.
    fn groups(self) -> impl Iterator<Item = Group<'a>> {
        self.numbers.chunks_exact(self.steps).zip(self.starts)
    }

    /// Numbers that a kernel gives for a row.
    fn width<const ALL: bool>(self) -> usize {
        if ALL { self.patches } else { 1 }
    }
}

/// Of rows of as many steps as the patches have, as many numbers as there is room for.
type Kernel = fn(Packed<'_>, rows: &[[u8; STEP]], found: &mut [i32]);

/// One implementation of both.
#[derive(Clone, Copy)]
pub(crate) struct MaxSimKernels {
    /// The largest product of each row.
    pub best: Kernel,
    /// All products: those of a row with every patch, then those of the next row.
    pub all: Kernel,
}

pub(super) const PORTABLE: MaxSimKernels = MaxSimKernels { best: multiply::<false>, all: multiply::<true> };

fn multiply<const ALL: bool>(packed: Packed<'_>, rows: &[[u8; STEP]], found: &mut [i32]) {
    for (row, found) in rows.chunks_exact(packed.steps).zip(found.chunks_exact_mut(packed.width::<ALL>())) {
        let products = packed.groups().flat_map(|group| products(group, row));
        if ALL {
            found.iter_mut().zip(products).for_each(|(found, product)| *found = product);
        } else {
            found[0] = products.max().unwrap_or(i32::MIN);
        }
    }
}

/// The products of one row with the patches of a group.
fn products((numbers, starts): Group<'_>, row: &[[u8; STEP]]) -> [i32; PATCHES] {
    let mut sums = *starts;
    for (patches, bytes) in numbers.iter().zip(row) {
        for (sum, patch) in sums.iter_mut().zip(patches) {
            for (number, byte) in patch.iter().zip(bytes) {
                *sum += i32::from(*number) * i32::from(*byte);
            }
        }
    }
    sums
}

/// Writes the products of a row with a group, as many as there is room for.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
fn write(products: [i32; PATCHES], places: &mut [i32]) {
    match places.first_chunk_mut() {
        Some(places) => *places = products,
        None => places.copy_from_slice(&products[..places.len()]),
    }
}

/// Rows of one length side by side.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
type Rows<'a, const COUNT: usize> = [&'a [[u8; STEP]]; COUNT];

/// The rows that begin there. Where there are fewer, the first stands in for the others.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn side_by_side<const COUNT: usize>(rows: &[[u8; STEP]], steps: usize) -> Rows<'_, COUNT> {
    let row = |place: usize| rows.get(place * steps..).and_then(|rest| rest.get(..steps));
    std::array::from_fn(|place| row(place).unwrap_or(&rows[..steps]))
}

#[cfg(test)]
mod tests {
    use crate::MaxSim;
    use crate::kernel::sets::available;
    use proptest::prelude::*;

    /// Numbers of either sign, the largest among them, from a seed.
    fn numbers(count: usize, seed: u64) -> Vec<i8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        (0..count)
            .map(|_| match next() {
                0..8 => -127,
                8..16 => 127,
                byte => byte.cast_signed().max(-127),
            })
            .collect()
    }

    /// Every set, both kernels, against sums of plain loops. Rows may hold -128 where they come from elsewhere.
    #[track_caller]
    fn check(query: &[i8], texts: &[i8], dimension: usize) {
        let product = |patch: &[i8], text: &[i8]| -> i32 {
            patch.iter().zip(text).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
        };
        let plain: Vec<i32> = (texts.chunks(dimension))
            .flat_map(|text| query.chunks(dimension).map(move |patch| product(patch, text)))
            .collect();
        let patches = query.len() / dimension;
        let largest: Vec<i32> = plain.chunks(patches).map(|row| row.iter().copied().max().unwrap()).collect();
        let maxsim = MaxSim::new(query, dimension).unwrap();
        let bytes = MaxSim::rows(texts, dimension).unwrap();
        let rows = bytes.as_chunks().0;
        for set in available() {
            let (mut best, mut all) = (vec![7; largest.len()], vec![7; plain.len()]);
            (set.maxsim.best)(maxsim.packed(), rows, &mut best);
            (set.maxsim.all)(maxsim.packed(), rows, &mut all);
            assert_eq!(best, largest, "{} with {patches} patches of {dimension}", set.name);
            assert_eq!(all, plain, "{} with {patches} patches of {dimension}", set.name);
        }
    }

    #[test]
    fn shapes_that_fill_groups_and_blocks_and_those_that_do_not() {
        for patches in [1, 15, 16, 17, 33, 48, 49, 64, 65, 130] {
            for (rows, dimension) in [(1, 1), (7, 4), (12, 128), (13, 127), (5, 100), (9, 33), (0, 16)] {
                check(&numbers(patches * dimension, 1), &numbers(rows * dimension, 2), dimension);
            }
        }
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        for dimension in [1, 2, 8, 127, 4096] {
            for patch in [-127, 127] {
                for row in [-128, 127] {
                    check(&vec![patch; 17 * dimension], &vec![row; 7 * dimension], dimension);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_instruction_set_gives_what_plain_loops_give(
            patches in 1_usize..70, rows in 0_usize..30, dimension in 1_usize..140, seed in any::<u64>(),
        ) {
            check(&numbers(patches * dimension, seed), &numbers(rows * dimension, !seed), dimension);
        }
    }
}
