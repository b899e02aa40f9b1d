//! Sequential JPEG with DCT, up to 12 bits (ITU-T T.81 annex F), for what jpeg-decoder does not read: pictures of 12 bits,
//! and the question whether a stream without its end holds the whole picture.
//!
//! Spectral selection is not looked at: a sequential scan codes all 64 coefficients, and old encoders write 0 to 0.

use super::huffman::{BitReader, Table};
use super::jpeg_markers::{self, CODEC};
use crate::ImageError;
use crate::limits;
use precedent_model::MAX_IMAGE_PIXELS;

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
    let mut decoder = Decoder::new(stream);
    decoder.run(|frame, _, (x, y), block| {
        let picture = picture.get_or_insert_with(|| Picture::new(frame));
        picture.put(x, y, block);
    })?;
    picture.map(|picture: Picture| picture.samples).ok_or_else(|| ImageError::damaged(CODEC, 0, "no scan"))
}

/// Checks that the scans of a sequential stream hold every block of the picture.
pub(crate) fn check_whole(stream: &[u8]) -> Result<(), ImageError> {
    Decoder::new(stream).run(|_, _, _, _| {})
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

struct Frame {
    bits: u16,
    rows: u16,
    columns: u16,
    components: Vec<Component>,
}

#[derive(Clone, Copy)]
struct Component {
    id: u8,
    horizontal: usize,
    vertical: usize,
    quantisation: usize,
}

/// One component of a scan.
#[derive(Clone, Copy)]
struct ScanComponent {
    index: usize,
    component: Component,
    dc: usize,
    ac: usize,
    before: i32,
}

struct Decoder<'a> {
    stream: &'a [u8],
    at: usize,
    quantisation: [Option<[i32; 64]>; 4],
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    restart_interval: u16,
}

impl<'a> Decoder<'a> {
    fn new(stream: &'a [u8]) -> Self {
        let (quantisation, dc, ac) = Default::default();
        Self { stream, at: 2, quantisation, dc, ac, restart_interval: 0 }
    }

    fn damaged<T>(&self, problem: &'static str) -> Result<T, ImageError> {
        Err(ImageError::damaged(CODEC, self.at, problem))
    }

    /// Decodes every scan. `put` takes each block with the index of its component and its place in blocks.
    fn run(&mut self, mut put: impl FnMut(&Frame, usize, (usize, usize), &Block)) -> Result<(), ImageError> {
        let mut frame: Option<Frame> = None;
        let mut coded = Vec::new();
        loop {
            let (marker, segment) = self.segment()?;
            match marker {
                0xc0 | 0xc1 => frame = Some(self.frame(segment)?),
                0xc4 => self.huffman_tables(segment)?,
                0xdb => self.quantisation_tables(segment)?,
                0xdd => {
                    self.restart_interval =
                        segment.first_chunk().map_or(0, |&bytes| u16::from_be_bytes(bytes));
                }
                0xda => {
                    let Some(frame) = &frame else { return self.damaged("a scan before the frame header") };
                    let components = self.scan_components(segment, frame)?;
                    coded.extend(components.iter().map(|component| component.index));
                    self.scan(frame, components, &mut put)?;
                    if (0..frame.components.len()).all(|index| coded.contains(&index)) {
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
    }

    /// The next marker and the segment behind it.
    fn segment(&mut self) -> Result<(u8, &'a [u8]), ImageError> {
        let Some((start, marker)) = jpeg_markers::next_marker(self.stream, self.at) else {
            return self.damaged("a scan is missing");
        };
        self.at = start + 2;
        match marker {
            0xd9 => self.damaged("a scan is missing"),
            // A marker without a segment says nothing here.
            0x01 | 0xd0..=0xd8 => Ok((marker, &[])),
            _ => match jpeg_markers::segment(self.stream, self.at) {
                Some(segment) => {
                    self.at += 2 + segment.len();
                    Ok((marker, segment))
                }
                None => self.damaged("a marker segment is cut off"),
            },
        }
    }

    fn frame(&self, segment: &[u8]) -> Result<Frame, ImageError> {
        let Some((&[bits, r0, r1, c0, c1, count], specifications)) = segment.split_first_chunk() else {
            return self.damaged("a frame header is cut off");
        };
        let (rows, columns) = (u16::from_be_bytes([r0, r1]), u16::from_be_bytes([c0, c1]));
        limits::area(columns.into(), rows.into(), MAX_IMAGE_PIXELS)?;
        let components: Vec<Component> = specifications
            .as_chunks::<3>()
            .0
            .iter()
            .take(count.into())
            .map(|&[id, sampling, quantisation]| Component {
                id,
                horizontal: (sampling >> 4).into(),
                vertical: (sampling & 0x0f).into(),
                quantisation: quantisation.into(),
            })
            .collect();
        let fits = |component: &Component| {
            (1..=4).contains(&component.horizontal) && (1..=4).contains(&component.vertical)
        };
        let sound = components.len() == usize::from(count) && (1..=4).contains(&count);
        if !(2..=12).contains(&bits) || !sound || !components.iter().all(fits) {
            return self.damaged("a frame header that cannot be");
        }
        Ok(Frame { bits: bits.into(), rows, columns, components })
    }

    fn quantisation_tables(&mut self, mut segment: &[u8]) -> Result<(), ImageError> {
        while let Some((&head, rest)) = segment.split_first() {
            let width = if head >> 4 == 0 { 1 } else { 2 };
            let (Some(values), Some(table)) =
                (rest.get(..64 * width), self.quantisation.get_mut(usize::from(head & 0x0f)))
            else {
                return self.damaged("a quantisation table is cut off");
            };
            let mut steps = [0; 64];
            for (step, value) in steps.iter_mut().zip(values.chunks_exact(width)) {
                *step = value.iter().fold(0, |step, &byte| step << 8 | i32::from(byte));
            }
            *table = Some(steps);
            segment = rest.get(64 * width..).unwrap_or_default();
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut segment: &[u8]) -> Result<(), ImageError> {
        while let Some((&head, rest)) = segment.split_first() {
            let table = rest.split_first_chunk::<16>().and_then(|(counts, rest)| {
                let count = counts.iter().map(|&count| usize::from(count)).sum();
                let symbols = rest.get(..count)?;
                segment = rest.get(count..)?;
                Table::new(counts, symbols)
            });
            let tables = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            match (table, tables.get_mut(usize::from(head & 0x0f))) {
                (Some(table), Some(place)) => *place = Some(table),
                _ => return self.damaged("a Huffman table that cannot be"),
            }
        }
        Ok(())
    }

    fn scan_components(&self, segment: &[u8], frame: &Frame) -> Result<Vec<ScanComponent>, ImageError> {
        let count = usize::from(segment.first().copied().unwrap_or(0));
        let selectors = segment.get(1..1 + 2 * count).unwrap_or_default().as_chunks::<2>().0;
        let components: Option<Vec<ScanComponent>> = selectors
            .iter()
            .map(|&[id, tables]| {
                let index = frame.components.iter().position(|component| component.id == id)?;
                let component = *frame.components.get(index)?;
                let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 0x0f));
                Some(ScanComponent { index, component, dc, ac, before: 0 })
            })
            .collect();
        match components {
            Some(components) if !components.is_empty() => Ok(components),
            _ => self.damaged("a scan of components that the frame has not"),
        }
    }

    /// Decodes the data of one scan.
    fn scan(
        &mut self,
        frame: &Frame,
        mut components: Vec<ScanComponent>,
        put: &mut impl FnMut(&Frame, usize, (usize, usize), &Block),
    ) -> Result<(), ImageError> {
        let (columns, rows) = units(frame, &components);
        let interleaved = components.len() > 1;
        let mut bits = BitReader::new(self.stream, self.at);
        for unit in 0..columns * rows {
            if self.restart_interval > 0 && unit > 0 && unit % usize::from(self.restart_interval) == 0 {
                bits.take_restart()?;
                components.iter_mut().for_each(|component| component.before = 0);
            }
            let (x, y) = (unit % columns, unit / columns);
            for scanned in &mut components {
                let Component { horizontal, vertical, .. } = scanned.component;
                let (across, down) = if interleaved { (horizontal, vertical) } else { (1, 1) };
                for part in 0..across * down {
                    let block = self.block(&mut bits, scanned)?;
                    let place = (x * across + part % across, y * down + part / across);
                    put(frame, scanned.index, place, &block);
                }
            }
        }
        self.at = bits.position();
        Ok(())
    }

    /// Decodes one block and multiplies it by its steps.
    fn block(&self, bits: &mut BitReader<'_>, scanned: &mut ScanComponent) -> Result<Block, ImageError> {
        let (Some(Some(dc)), Some(Some(ac)), Some(Some(steps))) = (
            self.dc.get(scanned.dc),
            self.ac.get(scanned.ac),
            self.quantisation.get(scanned.component.quantisation),
        ) else {
            return self.damaged("a scan whose table is missing");
        };
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
