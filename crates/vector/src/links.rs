//! Blocks of links: the links of a node with a code of each beside them, so that a search reads one run of memory a node and
//! scores 32 others.
//!
//! With `c` the node, `x` a link, `m` the mean of all vectors and `q` a query, a link's code is of the *residual* `x - c`: its
//! coordinates along a few hundred directions, four to a code of 4 bits, which names the nearest of 16 learnt centroids. With `o` the
//! centroids named and `r` the coordinates of the residual, `f = |r|² / <r, o>` makes `f · o` an unbiased stand-in for the
//! residual (Gao and Long, "RaBitQ", SIGMOD 2024; for links: Gou, Gao, Xu and Long, "SymphonyQG", SIGMOD 2025), and
//!
//! ```text
//! |q - x|² = |q - c|² + |x - c|² + 2 f <o, c - m> - 2 f <o, q - m>
//!  -<q, x> =  -<q, c> - <x - c, c> + f <o, c - m> -   f <o, q - m>
//! ```
//!
//! The distance to `c` is measured. The two terms in the middle are the *term* of the link, the factor of the last product is its
//! *factor*, and the product is looked up in tables of the query.
//!
//! ```text
//! offset  bytes  a block
//!      0    128  32 nodes, u32; 0xFFFF_FFFF where a place is free
//!    128     64  their terms, the upper half of an f32 each; infinity where a place is free
//!    192     64  their factors, likewise
//!    256   64 q  quads of codes: in the first 32 bytes of each the first code of every link in the lower half of a byte and the
//!                second one in the upper half, in the other 32 the third and the fourth. Byte b is of link b / 2 where b is
//!                even, else of link 16 + b / 2
//! ```
//!
//! All numbers are little-endian.

use crate::code::{self, ByteRows, CodeShape, Lines, Steps};
use crate::kernel::chosen;
use crate::kernel::links::{BLOCK_LINKS, Book, CENTROIDS, GROUPED, QUAD_BYTES, TABLE_ZERO};
use crate::quantiser::{PreparedQuery, QuantiserError, principal_span};
use crate::query_view::LINE_BYTES;
use crate::{MAX_DIMENSION, Metric};

/// Coordinates of a quad.
const QUAD_COORDINATES: usize = 4 * GROUPED;
/// Bytes before the quads.
const HEAD_BYTES: usize = 8 * BLOCK_LINKS;
/// Most quads: of 192, 256 and 384 directions of sentence embeddings, 256 took the least time for the same recall.
const MOST_QUADS: usize = 16;
/// Residuals that directions and centroids are learnt from at most.
pub const MOST_RESIDUALS: usize = 8_192;
/// Rounds of choosing centroids anew.
const ROUNDS: usize = 10;
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 16;

/// Bytes of a block of so many quads.
pub const fn block_bytes(quads: usize) -> usize {
    HEAD_BYTES + QUAD_BYTES * quads
}

/// Quads of a block of links between vectors of so many numbers.
pub fn quads_for(dimension: usize) -> usize {
    (dimension / QUAD_COORDINATES).clamp(1, MOST_QUADS)
}

/// Quads of a block of so many bytes, if it can have so many bytes.
pub const fn quads_of(bytes: usize) -> Option<usize> {
    match bytes.checked_sub(HEAD_BYTES) {
        Some(rest) if rest % QUAD_BYTES == 0 && rest > 0 && rest / QUAD_BYTES <= MOST_QUADS => {
            Some(rest / QUAD_BYTES)
        }
        _ => None,
    }
}

/// Turns links into blocks, and queries into the tables that blocks are scored by.
#[derive(Clone)]
pub struct LinkQuantiser {
    dimension: usize,
    /// Codes of the directions, all wide.
    directions: Lines,
    direction_steps: Vec<f32>,
    books: Vec<Book>,
}

impl std::fmt::Debug for LinkQuantiser {
    /// Shapes only: directions are of embeddings.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkQuantiser({} numbers, {} quads)", self.dimension, self.quads())
    }
}

impl LinkQuantiser {
    /// Learns from residuals of `dimension` numbers each, one after another: vectors less those they are linked from.
    /// The same residuals give the same quantiser on the same processor.
    pub fn learn(residuals: &[f32], dimension: usize) -> Self {
        let count = quads_for(dimension) * QUAD_COORDINATES;
        let mut unit: Vec<f32> = residuals.to_vec();
        for row in unit.chunks_exact_mut(dimension.max(1)) {
            scale_to_unit(row);
        }
        let span = principal_span(&unit, dimension, count);
        let mut random = Random(7);
        let mut rotation: Vec<Vec<f32>> =
            (0..count).map(|_| (0..span.len()).map(|_| random.normal()).collect()).collect();
        crate::quantiser::orthonormalise(&mut rotation);
        let shape = direction_shape(dimension);
        let mut directions = Lines::new(count * shape.bytes());
        let mut direction_steps = vec![f32::MIN_POSITIVE; count];
        let codes = directions.chunks_mut(shape.bytes().max(1));
        for (place, (code, own_step)) in codes.zip(&mut direction_steps).enumerate() {
            let mut direction = vec![0.0_f32; dimension];
            for (part, share) in span.iter().zip(rotation.get(place).into_iter().flatten()) {
                direction.iter_mut().zip(part).for_each(|(sum, value)| *sum += share * value);
            }
            let largest = direction.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
            *own_step = (largest / 127.0).max(f32::MIN_POSITIVE);
            code::encode(&direction, shape, Steps { wide: *own_step, narrow: 1.0 }, code);
        }
        let mut learnt = Self { dimension, directions, direction_steps, books: Vec::new() };
        learnt.books = learnt.learn_books(&unit);
        learnt
    }

    fn learn_books(&self, residuals: &[f32]) -> Vec<Book> {
        let projector = self.encoder();
        let mut all = Vec::new();
        let mut coordinates = Vec::new();
        for row in residuals.chunks_exact(self.dimension.max(1)) {
            projector.project(row, &mut coordinates);
            scale_to_unit(&mut coordinates);
            all.extend_from_slice(&coordinates);
        }
        let count = self.direction_steps.len();
        let rows = all.len() / count.max(1);
        let group_of = |row: usize, place: usize| -> [f32; GROUPED] {
            std::array::from_fn(|at| all[row * count + place * GROUPED + at])
        };
        let mut random = Random(11);
        let mut books = Vec::with_capacity(count / GROUPED);
        for place in 0..count / GROUPED {
            let mut book: Book = [[0.0; CENTROIDS]; GROUPED];
            if rows == 0 {
                books.push(book);
                continue;
            }
            let put = |book: &mut Book, centroid: usize, group: [f32; GROUPED]| {
                book.iter_mut().zip(group).for_each(|(line, value)| line[centroid] = value);
            };
            for centroid in 0..CENTROIDS {
                put(&mut book, centroid, group_of(random.below(rows), place));
            }
            for _ in 0..ROUNDS {
                let mut sums = [[0.0_f64; GROUPED]; CENTROIDS];
                let mut counts = [0_u32; CENTROIDS];
                for row in 0..rows {
                    let group = group_of(row, place);
                    let mut code = [0];
                    (chosen().links.assign)(&group, std::slice::from_ref(&book), &mut code);
                    let code = usize::from(code[0]) % CENTROIDS;
                    counts[code] += 1;
                    sums[code].iter_mut().zip(group).for_each(|(sum, value)| *sum += f64::from(value));
                }
                for centroid in 0..CENTROIDS {
                    let group = match counts[centroid] {
                        0 => group_of(random.below(rows), place),
                        count => sums[centroid].map(|sum| (sum / f64::from(count)) as f32),
                    };
                    put(&mut book, centroid, group);
                }
            }
            books.push(book);
        }
        books
    }

    /// Numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Quads of a block.
    pub fn quads(&self) -> usize {
        self.books.len() / 4
    }

    /// Brings a query that [`crate::Quantiser::centre`] was asked for into the form of blocks.
    pub fn prepare(&self, prepared: &mut PreparedQuery) {
        let PreparedQuery { links, projector, .. } = prepared;
        links.coordinates.resize(self.direction_steps.len(), 0.0);
        links.sums.resize(self.direction_steps.len(), 0);
        ByteRows::new(&self.directions).products(projector.view(), &mut links.sums, &mut links.coordinates);
        let steps = &self.direction_steps;
        links.coordinates.iter_mut().zip(steps).for_each(|(product, step)| *product *= step);
        links.tables.resize(self.quads(), [0; 8 * CENTROIDS]);
        let fill = chosen().links.fill;
        links.unit = fill(&links.coordinates, &self.books, &mut links.products, &mut links.tables);
        links.offset = -TABLE_ZERO * self.books.len() as f32 * links.unit;
    }

    /// What makes blocks: the directions unpacked.
    pub fn encoder(&self) -> LinkEncoder<'_> {
        let size = direction_shape(self.dimension).bytes().max(1);
        let matrix = (self.directions.chunks(size).zip(&self.direction_steps))
            .map(|(code, step)| {
                code[..self.dimension].iter().map(|&byte| (f32::from(byte) - 128.0) * step).collect()
            })
            .collect();
        LinkEncoder { quantiser: self, matrix }
    }

    /// The bytes that [`Self::from_bytes`] reads: version, dimension, quads, a zero, as u32; what a step of each direction is worth and the
    /// centroids, f32; the directions, each a code of whole lines.
    pub fn to_bytes(&self) -> Vec<u8> {
        let words = [VERSION, self.dimension as u32, self.quads() as u32, 0];
        let floats = self.direction_steps.iter().chain(self.books.iter().flatten().flatten());
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        bytes.extend(floats.flat_map(|float| float.to_le_bytes()));
        bytes.extend_from_slice(&self.directions);
        bytes
    }

    /// Reads a quantiser back, every field held against the others and the length.
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, QuantiserError> {
        let wrong =
            |field, offset, found: u64, expected: u64| Err(QuantiserError { field, offset, found, expected });
        if bytes.len() < HEADER_BYTES {
            return wrong("length", 0, bytes.len() as u64, HEADER_BYTES as u64);
        }
        let word = |offset: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[offset + i]));
        let fields = [
            ("version", 0, VERSION, VERSION),
            ("dimension", 4, 1, MAX_DIMENSION as u32),
            ("quads", 8, 1, MOST_QUADS as u32),
            ("reserved word", 12, 0, 0),
        ];
        for (field, offset, least, most) in fields {
            if word(offset) < least || word(offset) > most {
                return wrong(field, offset, word(offset).into(), most.into());
            }
        }
        let (dimension, quads) = (word(4) as usize, word(8) as usize);
        let count = quads * QUAD_COORDINATES;
        let floats_end = HEADER_BYTES + 4 * (count + count * CENTROIDS);
        let length = floats_end + count * direction_shape(dimension).bytes();
        if bytes.len() != length {
            return wrong("length", 0, bytes.len() as u64, length as u64);
        }
        let (floats, _) = bytes[HEADER_BYTES..floats_end].as_chunks();
        let floats: Vec<f32> = floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        for (place, float) in floats.iter().enumerate() {
            if !float.is_finite() || (place < count && *float <= 0.0) {
                let bits = u64::from(float.to_bits());
                return wrong("number", HEADER_BYTES + 4 * place, bits, u64::from(f32::MAX.to_bits()));
            }
        }
        let (steps, centroids) = floats.split_at(count);
        let books = centroids.as_chunks::<CENTROIDS>().0.as_chunks::<GROUPED>().0.to_vec();
        let directions = Lines::from(&bytes[floats_end..]);
        Ok(Self { dimension, directions, direction_steps: steps.to_vec(), books })
    }
}

fn direction_shape(dimension: usize) -> CodeShape {
    let lines = dimension.div_ceil(LINE_BYTES);
    CodeShape { lines, wide: lines * LINE_BYTES, biased: false }
}

/// A link for a block.
#[derive(Clone, Copy)]
pub struct LinkOf<'a> {
    /// The node it goes to.
    pub node: u32,
    /// Coordinates of that node ([`LinkEncoder::project`]).
    pub coordinates: &'a [f32],
    /// What its distances are larger by than those of the block's own node, but for the product with the query:
    /// `|x - c|²`, or `-<x - c, c>`.
    pub own: f32,
}

impl<'a> LinkOf<'a> {
    /// A link to a node of given coordinates, by the vectors of that node and of the block's own.
    pub fn new(
        metric: Metric,
        node: u32,
        coordinates: &'a [f32],
        (vector, centre): (&[f32], &[f32]),
    ) -> Self {
        let own = match metric {
            Metric::Cosine | Metric::L2 => Metric::L2.distance_fn()(vector, centre),
            Metric::Dot => {
                let negative = Metric::Dot.distance_fn();
                negative(vector, centre) - negative(centre, centre)
            }
        };
        Self { node, coordinates, own }
    }
}

/// Makes blocks.
pub struct LinkEncoder<'a> {
    quantiser: &'a LinkQuantiser,
    matrix: Vec<Vec<f32>>,
}

impl LinkEncoder<'_> {
    /// The coordinates of a vector, from which the mean was taken.
    pub fn project(&self, centred: &[f32], coordinates: &mut Vec<f32>) {
        coordinates.clear();
        coordinates
            .extend(self.matrix.iter().map(|direction| -Metric::Dot.distance_fn()(centred, direction)));
    }

    /// Writes a block of up to [`BLOCK_LINKS`] links of a node of given coordinates. `weight` is that of a product in a distance
    /// ([`crate::Quantiser::weight`]).
    pub fn encode<'a>(
        &self,
        centre: &[f32],
        weight: f32,
        links: impl Iterator<Item = LinkOf<'a>>,
        block: &mut [u8],
    ) {
        let Some(mut parts) = Parts::of(block) else { return };
        parts.ids.fill(0xff);
        let infinity = upper_half(f32::INFINITY);
        parts.terms.as_chunks_mut().0.iter_mut().for_each(|place| *place = infinity);
        parts.factors.fill(0);
        parts.quads.fill(0);
        let mut room = Room::default();
        for (place, link) in links.take(BLOCK_LINKS).enumerate() {
            self.put(&mut parts, place, (centre, weight), link, &mut room);
        }
    }

    /// Writes another link in place of one of a block that [`Self::encode`] made of a node of the same coordinates.
    pub fn replace(&self, block: &mut [u8], place: usize, (centre, weight): (&[f32], f32), link: LinkOf<'_>) {
        if let Some(mut parts) = Parts::of(block).filter(|_| place < BLOCK_LINKS) {
            self.put(&mut parts, place, (centre, weight), link, &mut Room::default());
        }
    }

    fn put(
        &self,
        parts: &mut Parts<'_>,
        place: usize,
        (centre, weight): (&[f32], f32),
        link: LinkOf<'_>,
        room: &mut Room,
    ) {
        let books = &self.quantiser.books;
        let Room { residual, unit, codes } = room;
        residual.clear();
        residual.extend(link.coordinates.iter().zip(centre).map(|(x, c)| x - c));
        unit.clone_from(residual);
        scale_to_unit(unit);
        codes.resize(books.len(), 0);
        (chosen().links.assign)(unit, books, codes);
        let (mut with_residual, mut with_centre, mut squares) = (0.0_f32, 0.0_f32, 0.0_f32);
        let groups = residual.as_chunks::<GROUPED>().0.iter().zip(centre.as_chunks::<GROUPED>().0);
        for (number, ((book, &code), (residual, centre))) in books.iter().zip(&*codes).zip(groups).enumerate()
        {
            for at in 0..GROUPED {
                let centroid = book[at][usize::from(code) % CENTROIDS];
                with_residual += centroid * residual[at];
                with_centre += centroid * centre[at];
                squares += residual[at] * residual[at];
            }
            let byte = 2 * (place % 16) + place / 16;
            let shift = 4 * (number % 2);
            if let Some(byte) =
                parts.quads.get_mut(number / 4 * QUAD_BYTES + number % 4 / 2 * BLOCK_LINKS + byte)
            {
                *byte = *byte & !(0xf << shift) | code << shift;
            }
        }
        let length = squares / with_residual;
        let factor = if length.is_finite() && length > 0.0 { weight * length } else { 0.0 };
        let term = link.own + factor * with_centre;
        for (places, bytes) in
            [(&mut *parts.terms, upper_half(term)), (&mut *parts.factors, upper_half(factor))]
        {
            places[2 * place..2 * place + 2].copy_from_slice(&bytes);
        }
        parts.ids[4 * place..4 * place + 4].copy_from_slice(&link.node.to_le_bytes());
    }
}

/// A block taken apart.
struct Parts<'a> {
    ids: &'a mut [u8; 4 * BLOCK_LINKS],
    terms: &'a mut [u8; 2 * BLOCK_LINKS],
    factors: &'a mut [u8; 2 * BLOCK_LINKS],
    quads: &'a mut [u8],
}

impl<'a> Parts<'a> {
    fn of(block: &'a mut [u8]) -> Option<Self> {
        let (ids, block) = block.split_first_chunk_mut()?;
        let (terms, block) = block.split_first_chunk_mut()?;
        let (factors, quads) = block.split_first_chunk_mut()?;
        Some(Self { ids, terms, factors, quads })
    }
}

/// Working memory for a link.
#[derive(Default)]
struct Room {
    residual: Vec<f32>,
    unit: Vec<f32>,
    codes: Vec<u8>,
}

/// The upper half of a float, rounded to the nearest.
fn upper_half(value: f32) -> [u8; 2] {
    let bits = value.to_bits();
    let rounded = if value.is_finite() { bits.saturating_add(0x7fff + (bits >> 16 & 1)) } else { bits };
    ((rounded >> 16) as u16).to_le_bytes()
}

fn scale_to_unit(values: &mut [f32]) {
    let squares: f32 = -Metric::Dot.distance_fn()(values, values);
    let scale = 1.0 / squares.sqrt().max(1e-30);
    values.iter_mut().for_each(|value| *value *= scale);
}

/// Numbers from a seed (splitmix64; Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// About normal: twelve uniform numbers.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| (self.next() >> 40) as f32 / (1_u64 << 24) as f32).sum::<f32>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Quantiser, key_node, key_value};

    const DIMENSION: usize = 80;

    fn rows(count: usize, seed: u64) -> Vec<Vec<f32>> {
        let mut random = Random(seed);
        let spread: Vec<f32> = (0..DIMENSION).map(|place| 1.0 / (1.0 + 0.05 * place as f32)).collect();
        (0..count).map(|_| spread.iter().map(|spread| 0.3 + spread * random.normal()).collect()).collect()
    }

    fn residuals(rows: &[Vec<f32>]) -> Vec<f32> {
        rows.windows(2).flat_map(|pair| pair[0].iter().zip(&pair[1]).map(|(a, b)| a - b)).collect()
    }

    /// One block, of links of the first row to so many others, and the query's keys of it.
    fn scored(metric: Metric, links: usize, query: &[f32], rows: &[Vec<f32>]) -> (f32, Vec<u64>) {
        let own =
            Quantiser::learn(metric, DIMENSION, rows.len(), 0, |place| Ok::<_, ()>(rows[place].as_slice()));
        let own = own.unwrap();
        let learnt = LinkQuantiser::learn(&residuals(rows), DIMENSION);
        let learnt = LinkQuantiser::from_bytes(&learnt.to_bytes()).unwrap();
        let encoder = learnt.encoder();
        let coordinates: Vec<Vec<f32>> = (rows.iter())
            .map(|row| {
                let (mut centred, mut out) = (Vec::new(), Vec::new());
                own.less_mean(row, &mut centred);
                encoder.project(&centred, &mut out);
                out
            })
            .collect();
        let links = (1..=links)
            .map(|node| LinkOf::new(metric, node as u32, &coordinates[node], (&rows[node], &rows[0])));
        let mut block = vec![9; block_bytes(learnt.quads())];
        encoder.encode(&coordinates[0], own.weight(), links, &mut block);
        let mut prepared = PreparedQuery::default();
        own.centre(query, &mut prepared);
        learnt.prepare(&mut prepared);
        let base = metric.distance_fn()(query, &rows[0]) / prepared.scale;
        let mut keys = [0; BLOCK_LINKS];
        let count = prepared.links.nearer(&block, base, f32::INFINITY, &mut keys).unwrap();
        assert_eq!(prepared.links.nearer(&block[1..], base, 0.0, &mut keys), None);
        (prepared.scale, keys[..count].to_vec())
    }

    #[test]
    fn scores_are_near_the_distances_and_free_places_never_come_up() {
        let rows = rows(400, 5);
        let query: Vec<f32> = rows[0].iter().zip(&rows[399]).map(|(a, b)| 0.7 * a + 0.3 * b).collect();
        for metric in [Metric::L2, Metric::Dot] {
            for links in [0, 1, 20, 32] {
                let (scale, keys) = scored(metric, links, &query, &rows);
                let nodes: Vec<u32> = keys.iter().map(|&key| key_node(key)).collect();
                assert_eq!(nodes, (1..=links as u32).collect::<Vec<_>>());
                let length = |a: &[f32], b: &[f32]| Metric::L2.distance_fn()(a, b).sqrt();
                for key in keys {
                    let row = &rows[key_node(key) as usize];
                    let off = key_value(key) * scale - metric.distance_fn()(&query, row);
                    // Against the product that is estimated.
                    let most = length(&query, &rows[0]) * length(row, &rows[0]);
                    assert!(off.abs() < 0.5 * most, "{metric:?}: {off} of {most}");
                }
            }
        }
    }

    #[test]
    fn a_block_has_the_documented_bytes_and_a_link_can_be_replaced() {
        let rows = rows(400, 7);
        let learnt = LinkQuantiser::learn(&residuals(&rows), DIMENSION);
        let (encoder, count) = (learnt.encoder(), learnt.quads() * QUAD_COORDINATES);
        let mut coordinates = vec![Vec::new(); 40];
        for (row, out) in rows.iter().zip(&mut coordinates) {
            encoder.project(row, out);
        }
        let zeros = vec![0.0; count];
        let link =
            |node: usize| LinkOf { node: node as u32, coordinates: &coordinates[node], own: node as f32 };
        let mut block = vec![9; block_bytes(learnt.quads())];
        encoder.encode(&zeros, 2.0, [3, 8, 21].into_iter().map(link), &mut block);
        let word = |place: usize| u32::from_le_bytes(std::array::from_fn(|at| block[4 * place + at]));
        assert_eq!([0, 1, 2, 3, 31].map(word), [3, 8, 21, u32::MAX, u32::MAX]);
        // The upper halves of the floats 3 and of infinity: from zero coordinates a term is the link's own.
        assert_eq!((&block[128..130], &block[190..192]), (&[0x40, 0x40][..], &[0x80, 0x7f][..]));
        let mut unit = coordinates[8].clone();
        scale_to_unit(&mut unit);
        for (number, (book, group)) in learnt.books.iter().zip(unit.as_chunks::<GROUPED>().0).enumerate() {
            let off = |centroid: usize| -> f32 {
                (0..GROUPED).map(|at| (book[at][centroid] - group[at]).powi(2)).sum()
            };
            let nearest = (0..CENTROIDS).min_by(|&a, &b| off(a).total_cmp(&off(b))).unwrap();
            // Byte b is of link b / 2 where b is even: link 1 has the third.
            let byte = block[256 + number / 4 * 64 + number % 4 / 2 * 32 + 2];
            assert!((off(usize::from(byte >> (4 * (number % 2)) & 0xf)) - off(nearest)).abs() < 1e-6);
        }
        encoder.replace(&mut block, 1, (&zeros, 2.0), link(30));
        let mut expected = vec![0; block.len()];
        encoder.encode(&zeros, 2.0, [3, 30, 21].into_iter().map(link), &mut expected);
        assert_eq!(block, expected);
    }

    #[test]
    fn a_quantiser_reads_back_and_damaged_bytes_do_not() {
        let learnt = LinkQuantiser::learn(&residuals(&rows(50, 6)), DIMENSION);
        assert_eq!(learnt.quads(), 5);
        let bytes = learnt.to_bytes();
        assert_eq!(LinkQuantiser::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        for length in [0, 15, 16, bytes.len() - 1] {
            assert!(LinkQuantiser::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        for place in 0..HEADER_BYTES {
            let mut bytes = bytes.clone();
            bytes[place] ^= 0x80;
            assert!(LinkQuantiser::from_bytes(&bytes).is_err(), "{place}");
        }
        for (empty, dimension) in [(vec![], 16), (vec![0.0; 160], 16), (vec![1.0; 160], 32)] {
            assert!(LinkQuantiser::from_bytes(&LinkQuantiser::learn(&empty, dimension).to_bytes()).is_ok());
        }
        assert_eq!([block_bytes(3), 1_280, 1_281].map(quads_of), [Some(3), Some(16), None]);
    }

    #[test]
    fn halves_of_floats_are_rounded_to_the_nearest() {
        for (value, half) in [(1.0, 0x3f80_u16), (1.003, 0x3f80), (1.0042, 0x3f81), (-2.0, 0xc000)] {
            assert_eq!(u16::from_le_bytes(upper_half(value)), half, "{value}");
        }
        assert_eq!(u16::from_le_bytes(upper_half(f32::INFINITY)), 0x7f80);
        assert_eq!(u16::from_le_bytes(upper_half(f32::MAX)), 0x7f80);
    }
}
