//! Codes: vectors in a few cache lines, compared in integers.
//!
//! A code holds coordinates along chosen directions, the more important ones in a byte each (*wide*), the others two to a
//! byte (*narrow*). A wide coordinate is `(byte - 128) · step`, a narrow one `(half byte - 7.5) · step`, the lower half
//! first. Codes of a table all have one [`CodeShape`]. Where they are *biased*, their last four bytes are no coordinates
//! but a little-endian f32, the bias. The *estimate* of a query for a code is `bias - weight · (query · code)`. All that
//! depends on the code is a sum of integers, and every instruction set gives the same one.

use crate::kernel::chosen;
use crate::kernel::codes::CodeKernels;
use crate::query_view::{BIAS_BYTES, GROUP, LINE_BYTES, QueryLine, QueryView};

/// Lines of a code at most: a direction of the largest dimension.
pub(crate) const MOST_LINES: usize = 64;
/// Most steps of a wide coordinate, and the largest byte of a query.
const LARGEST: f32 = 127.0;
/// The byte of a wide coordinate of 0.
const WIDE_ZERO: f32 = 128.0;
/// Where a narrow coordinate of 0 lies: between two half bytes, so that both signs have as many.
const NARROW_ZERO: f32 = 7.5;

/// What the bytes of the codes of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeShape {
    /// Lines of [`LINE_BYTES`].
    pub lines: usize,
    /// Bytes, from the first, that hold one coordinate each; the others hold two.
    pub wide: usize,
    /// Whether the last [`BIAS_BYTES`] are a bias.
    pub biased: bool,
}

impl CodeShape {
    /// Bytes of a code.
    pub fn bytes(self) -> usize {
        self.lines * LINE_BYTES
    }

    /// Bytes of coordinates.
    fn coordinate_bytes(self) -> usize {
        self.bytes() - if self.biased { BIAS_BYTES } else { 0 }
    }

    /// Coordinates that a code has room for.
    pub fn coordinates(self) -> usize {
        let bytes = self.coordinate_bytes();
        let wide = self.wide.min(bytes);
        wide + 2 * (bytes - wide)
    }
}

/// What a step of a coordinate is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// Of a wide coordinate, -127 to 127 steps.
    pub wide: f32,
    /// Of a narrow coordinate, -7.5 to 7.5 steps.
    pub narrow: f32,
}

impl Steps {
    /// The coordinate that is kept in place of one.
    pub fn kept(self, value: f32, wide: bool) -> f32 {
        match wide {
            true => (f32::from(wide_byte(value, 1.0 / self.wide)) - WIDE_ZERO) * self.wide,
            false => (f32::from(half_byte(value, 1.0 / self.narrow)) - NARROW_ZERO) * self.narrow,
        }
    }
}

/// A query in the form of the codes of one table.
#[derive(Clone, Default)]
pub struct CodeQuery {
    lines: Vec<QueryLine>,
    /// Of the codes that the lines are for.
    shape: Option<CodeShape>,
    factor: f32,
    constant: f32,
    wide_offset: i32,
}

const NO_LINE: QueryLine = QueryLine { low: [0; LINE_BYTES], high: [0; LINE_BYTES] };

impl CodeQuery {
    /// Takes over the coordinates of a query: `weight` times their product with those of a code is taken from its bias.
    /// Coordinates that the shape has no room for are left out.
    pub fn set(&mut self, coordinates: &[f32], shape: CodeShape, steps: Steps, weight: f32) {
        let unit = query_unit(coordinates, shape, steps);
        if self.shape != Some(shape) || shape.wide < shape.bytes() || coordinates.len() < shape.coordinates()
        {
            self.shape = Some(shape);
            self.lines.clear();
            self.lines.resize(shape.lines, NO_LINE);
        }
        let zeros = put_query(coordinates, shape, steps, unit, &mut self.lines);
        self.factor = weight * unit;
        self.constant = self.factor * zeros.sum();
        self.wide_offset = zeros.wide;
    }

    /// The query as kernels read it.
    #[inline]
    pub fn view(&self) -> QueryView<'_> {
        QueryView {
            lines: &self.lines,
            factor: self.factor,
            constant: self.constant,
            wide_offset: self.wide_offset,
        }
    }
}

/// The codes of a table as queries for the same table, in memory.
pub struct CodeQueries {
    lines: Vec<QueryLine>,
    /// Of each query the constant and the wide offset.
    constants: Vec<(f32, i32)>,
    per_query: usize,
    factor: f32,
}

impl CodeQueries {
    /// All codes of a table of one shape and its steps. `weight` as in [`CodeQuery::set`].
    pub fn of(bytes: &[u8], shape: CodeShape, steps: Steps, weight: f32) -> Self {
        // A unit that is enough for every code.
        let largest = (LARGEST * steps.wide * steps.wide).max(NARROW_ZERO * steps.narrow * steps.narrow);
        let unit = largest / LARGEST;
        let codes = bytes.chunks_exact(shape.bytes().max(1));
        let mut lines = vec![NO_LINE; codes.len() * shape.lines];
        let factor = weight * unit;
        let mut coordinates = Vec::new();
        let constants = codes
            .zip(lines.chunks_mut(shape.lines.max(1)))
            .map(|(code, lines)| {
                decode(code, shape, steps, &mut coordinates);
                let zeros = put_query(&coordinates, shape, steps, unit, lines);
                (factor * zeros.sum(), zeros.wide)
            })
            .collect();
        Self { lines, constants, per_query: shape.lines, factor }
    }

    /// The query of a node, none past the end.
    #[inline]
    pub fn get(&self, node: u32) -> Option<QueryView<'_>> {
        let start = node as usize * self.per_query;
        let lines = self.lines.get(start..start + self.per_query)?;
        let &(constant, wide_offset) = self.constants.get(node as usize)?;
        Some(QueryView { lines, factor: self.factor, constant, wide_offset })
    }
}

/// The largest magnitude, in lanes that a compiler can keep in a register.
fn most(values: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (blocks, rest) = values.as_chunks::<16>();
    let mut lanes = [0.0_f32; 16];
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, value)| *lane = larger(*lane, value.abs()));
    }
    lanes.into_iter().chain(rest.iter().map(|value| value.abs())).fold(0.0, larger)
}

/// What a step of a query's bytes is worth, so that the largest is 127.
fn query_unit(coordinates: &[f32], shape: CodeShape, steps: Steps) -> f32 {
    let (wide, narrow) = coordinates.split_at(shape.wide.min(coordinates.len()));
    (most(wide) * steps.wide).max(most(narrow) * steps.narrow).max(f32::MIN_POSITIVE) / LARGEST
}

/// The sum that a code of nothing but zeros has with a query, in parts.
struct ZeroSum {
    /// Over the bytes of wide coordinates.
    wide: i32,
    /// Over the bytes of the query for narrow ones, each of which counts [`NARROW_ZERO`] times.
    narrow: i32,
}

impl ZeroSum {
    fn sum(&self) -> f32 {
        self.wide as f32 + NARROW_ZERO * self.narrow as f32
    }
}

/// Writes the bytes of a query into lines of zeros.
fn put_query(
    coordinates: &[f32],
    shape: CodeShape,
    steps: Steps,
    unit: f32,
    lines: &mut [QueryLine],
) -> ZeroSum {
    let round = chosen().codes.round;
    let (wide, narrow) = coordinates.split_at(shape.wide.min(coordinates.len()));
    let narrow = &narrow[..narrow.len().min(shape.coordinates().saturating_sub(shape.wide))];
    let mut wide_sum = 0_i32;
    for (line, values) in lines.iter_mut().zip(wide.chunks(LINE_BYTES)) {
        wide_sum += round(values, steps.wide / unit, &mut line.low);
    }
    let mut narrow_sum = 0_i32;
    let (mut byte, mut left) = (shape.wide, narrow);
    while let Some(line) = lines.get_mut(byte / LINE_BYTES).filter(|_| !left.is_empty()) {
        let start = byte % LINE_BYTES;
        let (values, rest) = left.split_at(left.len().min(2 * (LINE_BYTES - start)));
        let mut bytes = [0; 2 * LINE_BYTES];
        narrow_sum += round(values, steps.narrow / unit, &mut bytes);
        let halves = line.low[start..].iter_mut().zip(&mut line.high[start..]);
        for ((low, high), [first, second]) in halves.zip(bytes.as_chunks().0) {
            (*low, *high) = (*first, *second);
        }
        (byte, left) = (byte + LINE_BYTES - start, rest);
    }
    ZeroSum { wide: WIDE_ZERO as i32 * wide_sum, narrow: narrow_sum }
}

/// Codes one after another in memory.
#[derive(Clone, Copy)]
pub struct CodeTable<'a> {
    bytes: &'a [u8],
    shape: CodeShape,
    kernels: &'static CodeKernels,
}

impl<'a> CodeTable<'a> {
    /// Codes of one shape. Bytes that make no whole code are left alone.
    pub fn new(bytes: &'a [u8], shape: CodeShape) -> Self {
        Self { bytes, shape, kernels: &chosen().codes }
    }

    /// How many codes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len() / self.shape.bytes().max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a code, none past the end.
    #[inline]
    pub fn code(&self, node: u32) -> Option<&'a [u8]> {
        let size = self.shape.lines * LINE_BYTES;
        self.bytes.get(node as usize * size..)?.get(..size)
    }

    #[inline]
    fn fits(&self, nodes: &[u32], query: QueryView<'_>) -> bool {
        let lines = self.shape.lines;
        nodes.len() <= GROUP && query.lines.len() == lines && (1..=MOST_LINES).contains(&lines)
    }

    /// Asks for the codes of nodes that will be compared soon. A node past the end is asked for to no avail.
    #[inline]
    pub fn prefetch(&self, nodes: &[u32]) {
        let size = self.shape.lines * LINE_BYTES;
        for &node in nodes {
            let start = self.bytes.as_ptr().wrapping_add(node as usize * size);
            for line in 0..self.shape.lines {
                crate::kernel::request(start.wrapping_add(line * LINE_BYTES));
            }
        }
    }

    /// Writes the keys of those of up to [`GROUP`] nodes whose estimate comes before `limit` (in `ordered_bits`), in
    /// the order given, and says how many they are. `None` when a node is past the end or the query has other lines.
    #[inline]
    pub fn nearer(
        &self,
        nodes: &[u32],
        query: QueryView<'_>,
        limit: u32,
        keys: &mut [u64; GROUP],
    ) -> Option<usize> {
        if !self.fits(nodes, query) {
            return None;
        }
        (self.kernels.nearer)(self.bytes, nodes, query, self.shape.wide, limit, keys)
    }

    /// What is to be taken from the estimates of up to [`GROUP`] codes for a query: `weight · (query · code)`, whatever
    /// the bias. `None` as for [`CodeTable::nearer`].
    #[inline]
    pub fn products(&self, nodes: &[u32], query: QueryView<'_>) -> Option<[f32; GROUP]> {
        if !self.fits(nodes, query) {
            return None;
        }
        let mut sums = [0; GROUP];
        (self.kernels.sums)(self.bytes, nodes, query, self.shape.wide, &mut sums)?;
        Some(sums.map(|sum| query.factor * sum as f32 - query.constant))
    }
}

/// Products of a vector with rows of bytes, as many lines each as it takes: what turns a vector into coordinates.
#[derive(Clone, Copy)]
pub(crate) struct ByteRows<'a> {
    bytes: &'a [u8],
    kernels: &'static CodeKernels,
}

impl<'a> ByteRows<'a> {
    /// Codes without bias, all of whose coordinates are wide.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, kernels: &chosen().codes }
    }

    /// `query · code` of every code, in its order, for as many as there are places.
    pub fn products(&self, query: QueryView<'_>, sums: &mut [i32], products: &mut [f32]) {
        (self.kernels.run)(self.bytes, query, sums);
        for (product, &sum) in products.iter_mut().zip(&*sums) {
            *product = query.factor * sum as f32 - query.constant;
        }
    }
}

/// Writes coordinates into a code; those that the shape has no room for are left out, and those that are missing stand
/// for 0 as nearly as can be. The bias is left alone.
pub fn encode(coordinates: &[f32], shape: CodeShape, steps: Steps, code: &mut [u8]) {
    let bytes = shape.coordinate_bytes().min(code.len());
    let (wide, narrow) = code[..bytes].split_at_mut(shape.wide.min(bytes));
    let (wide_values, narrow_values) = coordinates.split_at(wide.len().min(coordinates.len()));
    let inverse = 1.0 / steps.wide;
    wide.fill(WIDE_ZERO as u8);
    for (byte, &value) in wide.iter_mut().zip(wide_values) {
        *byte = wide_byte(value, inverse);
    }
    let inverse = 1.0 / steps.narrow;
    narrow.fill(0x88);
    for (byte, pair) in narrow.iter_mut().zip(narrow_values.chunks(2)) {
        let half = |place: usize| half_byte(pair.get(place).copied().unwrap_or(0.0), inverse);
        *byte = half(0) | half(1) << 4;
    }
}

/// The coordinates that a code stands for, in place of what `coordinates` held.
pub fn decode(code: &[u8], shape: CodeShape, steps: Steps, coordinates: &mut Vec<f32>) {
    let bytes = shape.coordinate_bytes().min(code.len());
    let (wide, narrow) = code[..bytes].split_at(shape.wide.min(bytes));
    coordinates.clear();
    coordinates.extend(wide.iter().map(|&byte| (f32::from(byte) - WIDE_ZERO) * steps.wide));
    let half = |half: u8| (f32::from(half) - NARROW_ZERO) * steps.narrow;
    coordinates.extend(narrow.iter().flat_map(|&byte| [half(byte & 0x0f), half(byte >> 4)]));
}

#[inline]
fn wide_byte(value: f32, inverse: f32) -> u8 {
    (nearest_integer((value * inverse).clamp(-LARGEST, LARGEST)) + 128) as u8
}

#[inline]
fn half_byte(value: f32, inverse: f32) -> u8 {
    // Cut towards 0 after 8 is added, which is down: steps -0.5 to 0.5 become half bytes 7 and 8.
    (value * inverse + 8.0).clamp(0.0, 15.0) as u8
}

/// Half away from zero, without a call into the C library.
#[inline]
fn nearest_integer(value: f32) -> i32 {
    (value + 0.5_f32.copysign(value)) as i32
}

/// Bytes that start at a line, so that a code lies in as few of them as it has.
#[derive(Clone)]
pub struct Lines {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Lines {
    /// Zeros.
    pub fn new(len: usize) -> Self {
        let bytes = vec![0; len + LINE_BYTES];
        // An offset that cannot be had leaves the bytes where they are: slower, and as right.
        let start =
            Some(bytes.as_ptr().align_offset(LINE_BYTES)).filter(|&start| start < LINE_BYTES).unwrap_or(0);
        Self { bytes, start, len }
    }
}

impl std::ops::Deref for Lines {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.len]
    }
}

impl std::ops::DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.len]
    }
}

impl From<&[u8]> for Lines {
    fn from(bytes: &[u8]) -> Self {
        let mut lines = Self::new(bytes.len());
        lines.copy_from_slice(bytes);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bias, key_value};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_estimate_is_near_the_product(seed in any::<u64>(), lines in 1_usize..5, share in 0_usize..=4) {
            let mut state = seed | 1;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
            };
            let wide = (lines * LINE_BYTES - BIAS_BYTES) * share / 4;
            let shape = CodeShape { lines, wide, biased: true };
            let steps = Steps { wide: 1.0 / 127.0, narrow: 1.0 / 7.5 };
            let dims = shape.coordinates();
            let a: Vec<f32> = (0..dims).map(|_| next()).collect();
            let b: Vec<f32> = (0..dims).map(|_| next()).collect();
            let mut code = vec![0; lines * LINE_BYTES];
            encode(&a, shape, steps, &mut code);
            let last = code.len() - BIAS_BYTES;
            code[last..].copy_from_slice(&3.0_f32.to_le_bytes());
            let mut query = CodeQuery::default();
            query.set(&b, shape, steps, 2.0);
            let table = CodeTable::new(&code, shape);
            let mut keys = [0; GROUP];
            prop_assert_eq!(table.nearer(&[0], query.view(), u32::MAX, &mut keys), Some(1));
            let kept: f32 = a.iter().zip(&b).enumerate().map(|(i, (&x, y))| steps.kept(x, i < wide) * y).sum();
            let estimate = key_value(keys[0]);
            // A byte of the query is off by at most half a 127th of the largest, times coordinates of at most 1.
            let room = 2.0 * 0.51 * dims as f32 / 127.0;
            let room = if wide < dims && wide > 0 { room * steps.narrow / steps.wide } else { room };
            prop_assert!((estimate - (3.0 - 2.0 * kept)).abs() < room, "{} {} {}", estimate, kept, room);
            prop_assert_eq!(table.nearer(&[1], query.view(), u32::MAX, &mut keys), None);
            let product = table.products(&[0], query.view()).unwrap()[0];
            prop_assert!((bias(&code) - product - estimate).abs() < 1e-3);
            for (place, &x) in a.iter().enumerate() {
                let half = if place < wide { 0.51 / 127.0 } else { 0.51 / 7.5 };
                prop_assert!((steps.kept(x, place < wide) - x).abs() <= half);
            }
        }
    }
}
