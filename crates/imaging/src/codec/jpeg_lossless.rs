//! Lossless JPEG (ITU-T T.81 annex H): 2 to 16 bits, every predictor, point transforms and restart markers.

use super::huffman::BitReader;
use super::jpeg_markers::CODEC;
use super::jpeg_scans::{Frame, ScanComponent, Scans};
use crate::ImageError;

/// The category of the one difference that has no bits of its own (T.81 table H.2).
const FARTHEST: u8 = 16;

/// Decodes a stream; the samples of a pixel stand side by side.
pub(crate) fn decode(stream: &[u8]) -> Result<Vec<u16>, ImageError> {
    let mut samples = Vec::new();
    Scans::new(stream).each_scan(|scans, frame, components, [predictor, _, transform]| {
        if frame.components.iter().any(|component| (component.horizontal, component.vertical) != (1, 1)) {
            return Err(ImageError::Coding { name: "lossless JPEG with subsampling".to_owned() });
        }
        let transform = transform & 0x0f;
        if !(1..=7).contains(&predictor) || u16::from(transform) >= frame.bits {
            return scans.damaged("a lossless scan with parameters that cannot be");
        }
        let area = usize::from(frame.columns) * usize::from(frame.rows);
        samples.resize(area * frame.components.len(), 0);
        let scan = Scan { scans, frame, predictor, transform };
        scan.decode(components, &mut samples)
    })?;
    if samples.is_empty() { Err(ImageError::damaged(CODEC, 0, "no scan")) } else { Ok(samples) }
}

struct Scan<'a> {
    scans: &'a Scans<'a>,
    frame: &'a Frame,
    predictor: u8,
    /// By how many bits samples are shifted up in the end.
    transform: u8,
}

impl Scan<'_> {
    /// Decodes all lines and says where the data ends.
    fn decode(&self, components: Vec<ScanComponent>, samples: &mut [u16]) -> Result<usize, ImageError> {
        let columns = usize::from(self.frame.columns);
        let count = self.frame.components.len();
        if !self.scans.restart_interval().is_multiple_of(columns) {
            return self.scans.damaged("a restart marker inside a line");
        }
        let mut bits = self.scans.bits();
        // The line above, for each component; `None` where prediction begins anew.
        let mut above: Vec<Option<Vec<u16>>> = vec![None; components.len()];
        let mut lines = vec![vec![0; columns]; components.len()];
        for (y, row) in samples.chunks_exact_mut(columns * count).enumerate() {
            if self.scans.restarts_at(y * columns) {
                bits.take_restart()?;
                above.fill(None);
            }
            for x in 0..columns {
                for ((component, line), above) in components.iter().zip(&mut lines).zip(&above) {
                    let difference = self.difference(&mut bits, component)?;
                    let prediction = self.predict(line, above.as_deref(), x);
                    let value = prediction.wrapping_add(difference) as u16;
                    if let Some(place) = line.get_mut(x) {
                        *place = value;
                    }
                    if let Some(sample) = row.get_mut(x * count + component.index) {
                        *sample = value << self.transform;
                    }
                }
            }
            for (line, above) in lines.iter_mut().zip(&mut above) {
                std::mem::swap(above.get_or_insert_with(|| vec![0; columns]), line);
            }
        }
        Ok(bits.position())
    }

    fn difference(&self, bits: &mut BitReader<'_>, component: &ScanComponent) -> Result<i32, ImageError> {
        match bits.symbol(self.scans.dc_table(component.dc)?)? {
            FARTHEST => Ok(1 << 15),
            size @ 0..FARTHEST => bits.number(size.into()),
            _ => Err(bits.damaged("a difference of too many bits")),
        }
    }

    /// T.81 H.1.2.1 and table H.1.
    fn predict(&self, line: &[u16], above: Option<&[u16]>, x: usize) -> i32 {
        let at = |line: &[u16], x: usize| line.get(x).copied().map_or(0, i32::from);
        match (above, x.checked_sub(1)) {
            (None, None) => 1 << (self.frame.bits - u16::from(self.transform) - 1),
            (None, Some(left)) => at(line, left),
            (Some(above), None) => at(above, 0),
            (Some(above), Some(left)) => {
                let (a, b, c) = (at(line, left), at(above, x), at(above, left));
                match self.predictor {
                    1 => a,
                    2 => b,
                    3 => c,
                    4 => a + b - c,
                    5 => a + ((b - c) >> 1),
                    6 => b + ((a - c) >> 1),
                    _ => (a + b) >> 1,
                }
            }
        }
    }
}
