//! Sequential JPEG with DCT, up to 12 bits (ITU-T T.81 annex F), for what jpeg-decoder does not read: pictures of 12 bits,
//! and the question whether a stream without its end holds the whole picture.
//!
//! Spectral selection is not looked at: a sequential scan codes all 64 coefficients, and old encoders write 0 to 0.

use super::huffman::BitReader;
use super::jpeg_markers::CODEC;
use super::jpeg_scans::{Component, Frame, ScanComponent, Scans};
use crate::ImageError;

/// Place of the coefficients in their block, in the order of the stream (T.81 figure A.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];
/// Samples along a side of a block.
const SIDE: usize = 8;

type Block = [i32; 64];

/// Decodes one grey picture of at most 12 bits.
pub(crate) fn decode_grey(stream: &[u8]) -> Result<Vec<u16>, ImageError> {
    let mut picture = None;
    each_block(stream, |frame, (x, y), block| {
        picture.get_or_insert_with(|| Picture::new(frame)).put(x, y, block);
    })?;
    picture.map(|picture: Picture| picture.samples).ok_or_else(|| ImageError::damaged(CODEC, 0, "no scan"))
}

/// Checks that the scans of a sequential stream hold every block of the picture.
pub(crate) fn check_whole(stream: &[u8]) -> Result<(), ImageError> {
    each_block(stream, |_, _, _| {})
}

/// Decodes every scan. `put` takes each block with its place in blocks of its component.
fn each_block(stream: &[u8], mut put: impl FnMut(&Frame, (usize, usize), &Block)) -> Result<(), ImageError> {
    Scans::new(stream).each_scan(|scans, frame, components, _| scan(scans, frame, components, &mut put))
}

/// The samples of one component.
struct Picture {
    samples: Vec<u16>,
    columns: usize,
    rows: usize,
    bits: u16,
    cosines: [f32; 64],
}

impl Picture {
    fn new(frame: &Frame) -> Self {
        let (columns, rows) = (usize::from(frame.columns), usize::from(frame.rows));
        Self { samples: vec![0; columns * rows], columns, rows, bits: frame.bits, cosines: cosines() }
    }

    /// Puts a block of coefficients where its samples belong.
    fn put(&mut self, x: usize, y: usize, block: &Block) {
        let samples = inverse(block, &self.cosines);
        let (half, most) = ((1 << (self.bits - 1)) as f32, ((1_u32 << self.bits) - 1) as f32);
        let width = SIDE.min(self.columns.saturating_sub(x * SIDE));
        for (row, line) in samples.chunks_exact(SIDE).enumerate().take(self.rows.saturating_sub(y * SIDE)) {
            let from = (y * SIDE + row) * self.columns + x * SIDE;
            let Some(target) = self.samples.get_mut(from..from + width) else { return };
            for (sample, value) in target.iter_mut().zip(line) {
                *sample = (value + half).round().clamp(0.0, most) as u16;
            }
        }
    }
}

/// Weight of frequency u (row) at place x (column) in one dimension (T.81 A.3.3).
fn cosines() -> [f32; 64] {
    std::array::from_fn(|at| {
        let (u, x) = ((at / SIDE) as f64, (at % SIDE) as f64);
        let scale = if u == 0.0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        (scale / 2.0 * ((2.0 * x + 1.0) * u * std::f64::consts::PI / 16.0).cos()) as f32
    })
}

/// The inverse DCT, first along rows and then along columns. Sums run in one order, so every machine gets the same.
fn inverse(block: &Block, cosines: &[f32; 64]) -> [f32; 64] {
    if block.iter().skip(1).all(|&coefficient| coefficient == 0) {
        return [block.first().copied().unwrap_or(0) as f32 / SIDE as f32; 64];
    }
    let coefficients = block.map(|coefficient| coefficient as f32);
    let rows = transform(&coefficients, cosines);
    transform(&rows, cosines)
}

/// Transforms every row and gives the result with rows and columns exchanged.
fn transform(values: &[f32; 64], cosines: &[f32; 64]) -> [f32; 64] {
    let mut result = [0.0; 64];
    for (y, row) in values.chunks_exact(SIDE).enumerate() {
        for (u, &value) in row.iter().enumerate() {
            if value == 0.0 {
                continue;
            }
            for (x, &weight) in cosines.iter().skip(u * SIDE).take(SIDE).enumerate() {
                if let Some(sum) = result.get_mut(x * SIDE + y) {
                    *sum += value * weight;
                }
            }
        }
    }
    result
}

/// Decodes the data of one scan and says where it ends.
fn scan(
    scans: &Scans<'_>,
    frame: &Frame,
    mut components: Vec<ScanComponent>,
    put: &mut impl FnMut(&Frame, (usize, usize), &Block),
) -> Result<usize, ImageError> {
    let (columns, rows) = units(frame, &components);
    let interleaved = components.len() > 1;
    let mut bits = scans.bits();
    for unit in 0..columns * rows {
        if scans.restarts_at(unit) {
            bits.take_restart()?;
            components.iter_mut().for_each(|component| component.before = 0);
        }
        let (x, y) = (unit % columns, unit / columns);
        for scanned in &mut components {
            let Component { horizontal, vertical, .. } = scanned.component;
            let (across, down) = if interleaved { (horizontal, vertical) } else { (1, 1) };
            for part in 0..across * down {
                let block = block(scans, &mut bits, scanned)?;
                put(frame, (x * across + part % across, y * down + part / across), &block);
            }
        }
    }
    Ok(bits.position())
}

/// Decodes one block and multiplies it by its steps.
fn block(
    scans: &Scans<'_>,
    bits: &mut BitReader<'_>,
    scanned: &mut ScanComponent,
) -> Result<Block, ImageError> {
    let (dc, ac) = (scans.dc_table(scanned.dc)?, scans.ac_table(scanned.ac)?);
    let steps = scans.steps(scanned.component.quantisation)?;
    let mut block = [0; 64];
    let size = bits.symbol(dc)?;
    if size > 16 {
        return Err(bits.damaged("a coefficient of too many bits"));
    }
    scanned.before = scanned.before.wrapping_add(bits.number(size.into())?);
    put(&mut block, 0, scanned.before, steps);
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(ac)?;
        let (run, size) = (usize::from(symbol >> 4), symbol & 0x0f);
        match (run, size) {
            (15, 0) => at += 16,
            (_, 0) => break,
            _ => {
                at += run;
                let value = bits.number(size.into())?;
                if at >= 64 {
                    return Err(bits.damaged("a block of more than 64 coefficients"));
                }
                put(&mut block, at, value, steps);
                at += 1;
            }
        }
    }
    Ok(block)
}

/// Puts a coefficient, which came `at`-th, in its place.
fn put(block: &mut Block, at: usize, value: i32, steps: &[i32; 64]) {
    if let (Some(&place), Some(&step)) = (ZIGZAG.get(at), steps.get(at))
        && let Some(coefficient) = block.get_mut(place)
    {
        *coefficient = value.wrapping_mul(step);
    }
}

/// Columns and rows of the units of a scan: blocks of its one component, or groups of blocks of several (T.81 A.2).
fn units(frame: &Frame, components: &[ScanComponent]) -> (usize, usize) {
    let most = |of: fn(&Component) -> usize| frame.components.iter().map(of).max().unwrap_or(1);
    let (horizontal, vertical) =
        (most(|component| component.horizontal), most(|component| component.vertical));
    let (columns, rows) = (usize::from(frame.columns), usize::from(frame.rows));
    match components {
        [one] => {
            let own =
                |length: usize, factor: usize, most: usize| (length * factor).div_ceil(most).div_ceil(SIDE);
            let component = one.component;
            (own(columns, component.horizontal, horizontal), own(rows, component.vertical, vertical))
        }
        _ => (columns.div_ceil(SIDE * horizontal), rows.div_ceil(SIDE * vertical)),
    }
}
