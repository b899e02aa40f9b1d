//! Kernels over link blocks: [`crate::LinkQuery`] and [`crate::LinkEncoder`] are their safe face.
//!
//! Codes of 4 bits are looked up in registers, 32 links at a time (André, Kermarrec and Le Scouarnec, "Cache locality is not
//! enough: high-performance nearest neighbor search with product quantization fast scan", VLDB 2015). Sums are of integers and
//! floats are rounded after each step, so that every instruction set gives the same estimates.

use crate::keys::key;

#[cfg(target_arch = "x86_64")]
pub(super) mod x86;

/// A block in its parts.
#[derive(Clone, Copy)]
pub(crate) struct BlockView<'a> {
    pub ids: &'a [u8; 4 * BLOCK_LINKS],
    /// Upper halves of floats.
    pub terms: &'a [u8; 2 * BLOCK_LINKS],
    /// Upper halves of floats.
    pub factors: &'a [u8; 2 * BLOCK_LINKS],
    pub quads: &'a [[u8; QUAD_BYTES]],
}

/// Links of a block.
pub const BLOCK_LINKS: usize = 32;
/// Centroids of a code.
pub(crate) const CENTROIDS: usize = 16;
/// Coordinates of a code.
pub(crate) const GROUPED: usize = 4;
/// Bytes of four codes of each link.
pub(crate) const QUAD_BYTES: usize = 64;
/// The tables of four codes: those of the first, twice, and of the third, twice, then likewise of the second and of the fourth.
pub(crate) type Tables = [u8; 8 * CENTROIDS];
/// Where the tables of four codes begin.
pub(crate) const TABLE_PLACES: [usize; 4] = [0, 64, 32, 96];
/// What stands for 0 in a table. With this and [`TABLE_REACH`] four numbers add up within a byte.
pub(crate) const TABLE_ZERO: f32 = 32.0;
/// Largest step to either side of it.
pub(crate) const TABLE_REACH: f32 = 31.0;

/// A query in tables.
#[derive(Clone, Copy)]
pub(crate) struct TablesView<'a> {
    /// As many as a block has quads.
    pub tables: &'a [Tables],
    /// What a unit of a sum is worth.
    pub unit: f32,
    /// The sum of zeros, its sign turned.
    pub offset: f32,
}

/// Keys of links whose estimate is below a limit: `(block, query, base, limit, keys) -> count`.
type Nearer = fn(BlockView<'_>, TablesView<'_>, f32, f32, &mut [u64; BLOCK_LINKS]) -> usize;
/// Fills tables from coordinates and centroids, and says what a unit is worth.
type Fill = fn(&[f32], &[Book], &mut Vec<[f32; CENTROIDS]>, &mut [Tables]) -> f32;
/// The nearest centroids of coordinates.
type Assign = fn(&[f32], &[Book], &mut [u8]);
/// Centroids of one code, by coordinate.
pub(crate) type Book = [[f32; CENTROIDS]; GROUPED];

/// One implementation of every kernel.
pub(crate) struct LinkKernels {
    pub nearer: Nearer,
    pub fill: Fill,
    pub assign: Assign,
}

pub(super) const PORTABLE: LinkKernels = LinkKernels { nearer, fill, assign };

/// The link whose code stands in each byte of a register of 32: sums of 16 bits then come out in order.
#[inline(always)]
pub(crate) fn link_at(byte: usize) -> usize {
    byte / 2 + byte % 2 * BLOCK_LINKS / 2
}

fn nearer(
    block: BlockView<'_>,
    query: TablesView<'_>,
    base: f32,
    limit: f32,
    keys: &mut [u64; BLOCK_LINKS],
) -> usize {
    let mut sums = [0_u16; BLOCK_LINKS];
    for (quad, tables) in block.quads.iter().zip(query.tables) {
        for byte in 0..BLOCK_LINKS {
            let [first, second] = [quad[byte], quad[byte + BLOCK_LINKS]];
            let codes = [first & 15, first >> 4, second & 15, second >> 4];
            let found =
                codes.iter().zip(TABLE_PLACES).map(|(&code, start)| tables[start + usize::from(code)]);
            sums[link_at(byte)] += found.map(u16::from).sum::<u16>();
        }
    }
    let half = |bytes: &[u8; 2 * BLOCK_LINKS], link: usize| {
        f32::from_bits(u32::from(u16::from_le_bytes([bytes[2 * link], bytes[2 * link + 1]])) << 16)
    };
    let mut kept = 0;
    for (link, &sum) in sums.iter().enumerate() {
        let product = query.unit * f32::from(sum) + query.offset;
        let estimate = (base + half(block.terms, link)) - half(block.factors, link) * product;
        let id = u32::from_le_bytes(std::array::from_fn(|byte| block.ids[4 * link + byte]));
        keys[kept] = key(estimate, id);
        kept += usize::from(estimate < limit);
    }
    kept
}

fn fill(
    coordinates: &[f32],
    books: &[Book],
    products: &mut Vec<[f32; CENTROIDS]>,
    tables: &mut [Tables],
) -> f32 {
    fill_with(coordinates, books, products, tables)
}

fn assign(coordinates: &[f32], books: &[Book], codes: &mut [u8]) {
    assign_with(coordinates, books, codes);
}

#[inline(always)]
fn fill_with(
    coordinates: &[f32],
    books: &[Book],
    products: &mut Vec<[f32; CENTROIDS]>,
    tables: &mut [Tables],
) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut most = [0.0_f32; CENTROIDS];
    products.resize(books.len(), [0.0; CENTROIDS]);
    for ((group, book), products) in
        coordinates.as_chunks::<GROUPED>().0.iter().zip(books).zip(&mut *products)
    {
        let mut sums = [0.0_f32; CENTROIDS];
        for (coordinate, centroids) in group.iter().zip(book) {
            for (sum, centroid) in sums.iter_mut().zip(centroids) {
                *sum += coordinate * centroid;
            }
        }
        for (most, sum) in most.iter_mut().zip(&sums) {
            *most = larger(*most, sum.abs());
        }
        *products = sums;
    }
    let unit = most.into_iter().fold(1e-30, larger) / TABLE_REACH;
    let inverse = 1.0 / unit;
    // The integer of a small number lies in the last places of its sum with this one.
    const LAST_PLACE_IS_ONE: f32 = 12_582_912.0;
    for (tables, products) in tables.iter_mut().zip(products.as_chunks::<4>().0) {
        for (products, start) in products.iter().zip(TABLE_PLACES) {
            let mut entries = [0_u8; CENTROIDS];
            for (entry, product) in entries.iter_mut().zip(products) {
                *entry = (product * inverse + (LAST_PLACE_IS_ONE + TABLE_ZERO)).to_bits() as u8;
            }
            tables[start..start + CENTROIDS].copy_from_slice(&entries);
            tables[start + CENTROIDS..start + 2 * CENTROIDS].copy_from_slice(&entries);
        }
    }
    unit
}

#[inline(always)]
fn assign_with(coordinates: &[f32], books: &[Book], codes: &mut [u8]) {
    for ((group, book), code) in coordinates.as_chunks::<GROUPED>().0.iter().zip(books).zip(codes) {
        let mut squares = [0.0_f32; CENTROIDS];
        for (coordinate, centroids) in group.iter().zip(book) {
            for (square, centroid) in squares.iter_mut().zip(centroids) {
                let off = centroid - coordinate;
                *square += off * off;
            }
        }
        // The least by halves, then where it stands: this way a compiler makes vectors of it.
        let mut least = squares;
        let mut half = CENTROIDS / 2;
        while half > 0 {
            for place in 0..half {
                least[place] =
                    if least[place + half] < least[place] { least[place + half] } else { least[place] };
            }
            half /= 2;
        }
        let mut equal = 0_u32;
        for (place, square) in squares.iter().enumerate() {
            equal |= u32::from(*square == least[0]) << place;
        }
        *code = (equal | 1 << (CENTROIDS - 1)).trailing_zeros() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::sets::available;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_instruction_set_gives_the_same(quads in 1_usize..=16, seed in any::<u64>()) {
            let mut state = seed | 1;
            let mut next = move || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as u32
            };
            let mut uniform = |from: f32, to: f32| from + (to - from) * next() as f32 / (1_u64 << 31) as f32;
            let coordinates: Vec<f32> = (0..quads * 16).map(|_| uniform(-1.0, 1.0)).collect();
            let books: Vec<Book> =
                (0..quads * 4).map(|_| [0; GROUPED].map(|_| [0; CENTROIDS].map(|_| uniform(-1.0, 1.0)))).collect();
            let filled = |kernels: &LinkKernels| {
                let mut tables = vec![[0; 8 * CENTROIDS]; quads];
                let unit = (kernels.fill)(&coordinates, &books, &mut Vec::new(), &mut tables);
                let mut codes = vec![0; books.len()];
                (kernels.assign)(&coordinates, &books, &mut codes);
                (tables, unit, codes)
            };
            let (tables, unit, codes) = filled(&PORTABLE);
            let query = TablesView { tables: &tables, unit, offset: uniform(-3.0, 3.0) };
            let bytes: Vec<u8> = (0..64 * quads).map(|_| uniform(0.0, 255.9) as u8).collect();
            let (mut ids, mut terms, mut factors) = ([0; 128], [0; 64], [0; 64]);
            for link in 0..BLOCK_LINKS {
                ids[4 * link..4 * link + 4].copy_from_slice(&(uniform(0.0, 1e6) as u32).to_le_bytes());
                // Some are infinite or no numbers.
                let [term, factor] = [uniform(-1.0, 1.0), uniform(-0.1, 0.1)].map(|value: f32| (value.to_bits() >> 16) as u16);
                let odd = [0x7f80, 0x7fc0, 0xffc0, term, term, term][uniform(0.0, 5.9) as usize];
                terms[2 * link..2 * link + 2].copy_from_slice(&odd.to_le_bytes());
                factors[2 * link..2 * link + 2].copy_from_slice(&factor.to_le_bytes());
            }
            let block = BlockView { ids: &ids, terms: &terms, factors: &factors, quads: bytes.as_chunks().0 };
            let (base, near) = (uniform(0.0, 1.0), uniform(-1.0, 2.0));
            for limit in [near, f32::INFINITY] {
                let mut expected = [0; BLOCK_LINKS];
                let count = nearer(block, query, base, limit, &mut expected);
                for set in available() {
                    prop_assert_eq!(&filled(&set.links), &(tables.clone(), unit, codes.clone()), "{}", set.name);
                    let mut keys = [0; BLOCK_LINKS];
                    prop_assert_eq!((set.links.nearer)(block, query, base, limit, &mut keys), count, "{}", set.name);
                    prop_assert_eq!(&keys[..count], &expected[..count], "{}", set.name);
                }
            }
        }
    }
}
