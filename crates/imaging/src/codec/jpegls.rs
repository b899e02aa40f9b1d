//! JPEG-LS (ITU-T T.87): lossless and near-lossless, 2 to 16 bits, one or three components in any interleave.
//!
//! `jpegls/headers.rs` reads the marker segments, `jpegls/bits.rs` the bits behind them, `jpegls/model.rs` holds the
//! contexts of annex A. Samples are appended line by line, so memory follows what the stream really codes.

mod bits;
mod headers;
mod model;

use super::Samples;
use crate::ImageError;
use crate::limits;
use bits::BitReader;
use headers::{Interleave, Scan};
use model::{Model, RUN_LENGTH_BITS};
use precedent_model::MAX_IMAGE_PIXELS;

const CODEC: &str = "JPEG-LS";

/// Decodes a stream, with or without a SPIFF header.
pub(crate) fn decode(stream: &[u8]) -> Result<Samples, ImageError> {
    let mut reader = headers::Reader::new(stream)?;
    let head = reader.frame()?;
    let area = limits::area(head.columns, head.rows, MAX_IMAGE_PIXELS)?;
    let mut lossy = false;
    let mut planes = Vec::new();
    let mut coded = 0;
    while coded < head.components {
        let scan = reader.scan(&head)?;
        lossy |= scan.preset.near > 0;
        let (samples, end) = decode_scan(stream, reader.at(), &head, &scan)?;
        reader.skip_to(end);
        coded += scan.components;
        if coded > head.components {
            return Err(ImageError::damaged(CODEC, end, "more components in the scans than in the frame"));
        }
        planes.push(samples);
    }
    Ok(Samples {
        columns: head.columns,
        rows: head.rows,
        bits: head.bits,
        signed: false,
        lossy,
        components: head.components,
        values: join(planes, area),
    })
}

/// Puts components that came in scans of their own side by side.
fn join(mut planes: Vec<Vec<u16>>, area: usize) -> Vec<u16> {
    if planes.len() == 1 {
        return planes.remove(0);
    }
    let mut samples = Vec::with_capacity(area * planes.len());
    for at in 0..area {
        samples.extend(planes.iter().map(|plane| plane.get(at).copied().unwrap_or(0)));
    }
    samples
}

/// Decodes the entropy-coded data that begins at `at`: its samples, and where it ends.
fn decode_scan(
    stream: &[u8],
    at: usize,
    head: &headers::FrameHeader,
    scan: &Scan,
) -> Result<(Vec<u16>, usize), ImageError> {
    let mut lines = Lines::new(stream, at, head.columns as usize, scan);
    let mut samples = Vec::new();
    for row in 0..head.rows {
        if scan.restart_lines > 0 && row > 0 && row % scan.restart_lines == 0 {
            lines.restart((row / scan.restart_lines - 1) % 8)?;
        }
        lines.next(scan.interleave)?;
        lines.append(&mut samples);
    }
    Ok((samples, lines.bits.position()))
}

/// The line that is being decoded and the one above it, for every component of a scan.
struct Lines<'a> {
    bits: BitReader<'a>,
    model: Model,
    width: usize,
    components: usize,
    /// Samples with one more at either end (T.87 A.2.1), component after component.
    above: Vec<i32>,
    line: Vec<i32>,
    /// Place in the table of run lengths, for each component.
    run_index: [usize; 4],
}

impl<'a> Lines<'a> {
    fn new(stream: &'a [u8], at: usize, width: usize, scan: &Scan) -> Self {
        let components = scan.components;
        let empty = vec![0; (width + 2) * components];
        Self {
            bits: BitReader::new(stream, at),
            model: Model::new(scan.preset),
            width,
            components,
            above: empty.clone(),
            line: empty,
            run_index: [0; 4],
        }
    }

    /// Begins anew behind a restart marker, which must be there.
    fn restart(&mut self, number: u32) -> Result<(), ImageError> {
        self.bits.take_restart(number as u8)?;
        self.model.reset();
        self.above.fill(0);
        self.line.fill(0);
        self.run_index = [0; 4];
        Ok(())
    }

    /// Decodes one line of every component.
    fn next(&mut self, interleave: Interleave) -> Result<(), ImageError> {
        std::mem::swap(&mut self.above, &mut self.line);
        for component in 0..self.components {
            let base = component * (self.width + 2);
            // The sample left of the line is the one above its first, that right of the line above its last.
            let first = self.sample(base + 1);
            let last = self.sample(base + self.width);
            self.set(base, first);
            if let Some(end) = self.above.get_mut(base + self.width + 1) {
                *end = last;
            }
        }
        match interleave {
            Interleave::Sample => self.pixels(),
            Interleave::None | Interleave::Line => {
                (0..self.components).try_for_each(|component| self.component(component))
            }
        }
    }

    /// Appends the decoded line, the components of a pixel side by side.
    fn append(&self, samples: &mut Vec<u16>) {
        let stride = self.width + 2;
        if self.components == 1 {
            samples.extend(self.line.iter().skip(1).take(self.width).map(|&sample| sample as u16));
            return;
        }
        for x in 0..self.width {
            let values = (0..self.components).map(|component| component * stride + x + 1);
            samples.extend(values.map(|at| self.line.get(at).copied().unwrap_or(0) as u16));
        }
    }

    /// The sample at a place of the line above.
    fn sample(&self, at: usize) -> i32 {
        self.above.get(at).copied().unwrap_or(0)
    }

    fn decoded(&self, at: usize) -> i32 {
        self.line.get(at).copied().unwrap_or(0)
    }

    fn set(&mut self, at: usize, value: i32) {
        if let Some(sample) = self.line.get_mut(at) {
            *sample = value;
        }
    }

    /// Decodes the line of one component.
    fn component(&mut self, component: usize) -> Result<(), ImageError> {
        let base = component * (self.width + 2) + 1;
        let mut x = 0;
        while x < self.width {
            let at = base + x;
            let around = self.around(at);
            match self.model.context(around) {
                Some(context) => {
                    let value = self.model.regular(&mut self.bits, context, around)?;
                    self.set(at, value);
                    x += 1;
                }
                None => x += self.run(component, x)?,
            }
        }
        Ok(())
    }

    /// Left neighbour, the one above, and those left and right of that (a, b, c and d in T.87).
    fn around(&self, at: usize) -> [i32; 4] {
        [self.decoded(at - 1), self.sample(at), self.sample(at - 1), self.sample(at + 1)]
    }

    /// Decodes a run from `x` and the sample that ends it: how many samples.
    fn run(&mut self, component: usize, x: usize) -> Result<usize, ImageError> {
        let at = component * (self.width + 2) + 1 + x;
        let a = self.decoded(at - 1);
        let count = self.run_length(component, self.width - x)?;
        if let Some(run) = self.line.get_mut(at..at + count) {
            run.fill(a);
        }
        if x + count == self.width {
            return Ok(count);
        }
        let b = self.sample(at + count);
        let index = self.run_index.get(component).copied().unwrap_or(0);
        let value = self.model.interruption(&mut self.bits, index, a, b)?;
        self.set(at + count, value);
        self.shorten_runs(component);
        Ok(count + 1)
    }

    fn shorten_runs(&mut self, component: usize) {
        if let Some(index) = self.run_index.get_mut(component) {
            *index = index.saturating_sub(1);
        }
    }

    /// The length of a run, at most `left` (T.87 A.7.1). A run shorter than `left` is ended by another sample.
    fn run_length(&mut self, component: usize, left: usize) -> Result<usize, ImageError> {
        let mut count = 0;
        let Some(index) = self.run_index.get_mut(component) else { return Ok(0) };
        loop {
            let bits = RUN_LENGTH_BITS.get(*index).copied().unwrap_or(15);
            if self.bits.read(1)? == 0 {
                count += self.bits.read(bits)? as usize;
                if count >= left {
                    return Err(self.bits.damaged("a run is longer than its line"));
                }
                return Ok(count);
            }
            let full = 1_usize << bits;
            if count + full <= left && *index < RUN_LENGTH_BITS.len() - 1 {
                *index += 1;
            }
            count = left.min(count + full);
            if count == left {
                return Ok(count);
            }
        }
    }

    /// Decodes a line whose components are interleaved by sample. A run is one of all components.
    fn pixels(&mut self) -> Result<(), ImageError> {
        let stride = self.width + 2;
        let mut x = 0;
        while x < self.width {
            let flat = (0..self.components)
                .all(|component| self.model.context(self.around(component * stride + x + 1)).is_none());
            if flat {
                x += self.pixel_run(x)?;
                continue;
            }
            for component in 0..self.components {
                let at = component * stride + x + 1;
                let around = self.around(at);
                let context = self.model.context(around).unwrap_or_default();
                let value = self.model.regular(&mut self.bits, context, around)?;
                self.set(at, value);
            }
            x += 1;
        }
        Ok(())
    }

    fn pixel_run(&mut self, x: usize) -> Result<usize, ImageError> {
        let stride = self.width + 2;
        let count = self.run_length(0, self.width - x)?;
        for component in 0..self.components {
            let at = component * stride + x + 1;
            let a = self.decoded(at - 1);
            if let Some(run) = self.line.get_mut(at..at + count) {
                run.fill(a);
            }
        }
        if x + count == self.width {
            return Ok(count);
        }
        for component in 0..self.components {
            let at = component * stride + x + 1 + count;
            let (a, b) = (self.decoded(at - 1), self.sample(at));
            let index = self.run_index.first().copied().unwrap_or(0);
            let value = self.model.pixel_interruption(&mut self.bits, index, a, b)?;
            self.set(at, value);
        }
        self.shorten_runs(0);
        Ok(count + 1)
    }
}

#[cfg(test)]
#[path = "jpegls_tests.rs"]
mod tests;
