//! The scans of a sequential or lossless JPEG, with the tables that stand before them (ITU-T T.81 annex B).

use super::huffman::{BitReader, Table};
use super::jpeg_markers::{self, CODEC};
use crate::ImageError;
use crate::limits;
use precedent_model::MAX_IMAGE_PIXELS;

/// What the frame header says.
pub(super) struct Frame {
    pub(super) bits: u16,
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) components: Vec<Component>,
}

/// One component of a frame.
#[derive(Clone, Copy)]
pub(super) struct Component {
    pub(super) id: u8,
    pub(super) horizontal: usize,
    pub(super) vertical: usize,
    pub(super) quantisation: usize,
}

/// One component of a scan.
#[derive(Clone, Copy)]
pub(super) struct ScanComponent {
    /// Its place among those of the frame.
    pub(super) index: usize,
    pub(super) component: Component,
    pub(super) dc: usize,
    pub(super) ac: usize,
    /// The number before the next, which codes its difference.
    pub(super) before: i32,
}

/// Walks from scan to scan.
pub(super) struct Scans<'a> {
    stream: &'a [u8],
    at: usize,
    quantisation: [Option<[i32; 64]>; 4],
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    restart_interval: u16,
}

impl<'a> Scans<'a> {
    pub(super) fn new(stream: &'a [u8]) -> Self {
        let (quantisation, dc, ac) = Default::default();
        Self { stream, at: 2, quantisation, dc, ac, restart_interval: 0 }
    }

    pub(super) fn damaged<T>(&self, problem: &'static str) -> Result<T, ImageError> {
        Err(ImageError::damaged(CODEC, self.at, problem))
    }

    /// Walks through every scan. `decode` takes the tables as they are at a scan, the frame, its components and the last three
    /// bytes of the scan header, and says where the data of the scan ends.
    pub(super) fn each_scan(
        &mut self,
        mut decode: impl FnMut(&Self, &Frame, Vec<ScanComponent>, [u8; 3]) -> Result<usize, ImageError>,
    ) -> Result<(), ImageError> {
        let mut frame: Option<Frame> = None;
        let mut coded = Vec::new();
        loop {
            let (marker, segment) = self.segment()?;
            match marker {
                0xc0 | 0xc1 | 0xc3 => frame = Some(self.frame(segment)?),
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
                    let parameters = segment.last_chunk().copied().unwrap_or_default();
                    self.at = decode(self, frame, components, parameters)?;
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
        if !(2..=16).contains(&bits) || !sound || !components.iter().all(fits) {
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

    /// The bits of the scan that begins here.
    pub(super) fn bits(&self) -> BitReader<'a> {
        BitReader::new(self.stream, self.at)
    }

    /// Units between restart markers, or 0.
    pub(super) fn restart_interval(&self) -> usize {
        self.restart_interval.into()
    }

    /// Whether the unit of this number is the first behind a restart marker.
    pub(super) fn restarts_at(&self, unit: usize) -> bool {
        self.restart_interval > 0 && unit > 0 && unit.is_multiple_of(self.restart_interval.into())
    }

    /// The table of the first coefficients, or of all differences of a lossless scan.
    pub(super) fn dc_table(&self, at: usize) -> Result<&Table, ImageError> {
        match self.dc.get(at) {
            Some(Some(table)) => Ok(table),
            _ => self.damaged("a scan whose Huffman table is missing"),
        }
    }

    /// The table of the other coefficients.
    pub(super) fn ac_table(&self, at: usize) -> Result<&Table, ImageError> {
        match self.ac.get(at) {
            Some(Some(table)) => Ok(table),
            _ => self.damaged("a scan whose Huffman table is missing"),
        }
    }

    /// The steps by which coefficients are multiplied, in the order of the stream.
    pub(super) fn steps(&self, at: usize) -> Result<&[i32; 64], ImageError> {
        match self.quantisation.get(at) {
            Some(Some(steps)) => Ok(steps),
            _ => self.damaged("a scan whose quantisation table is missing"),
        }
    }
}
