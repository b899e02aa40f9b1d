//! A quantiser in bytes, as it lies in the file of a graph.
//!
//! ```text
//! offset  bytes  field (little-endian)
//!      0      4  version, 1
//!      4      4  metric: 0 cosine, 1 dot, 2 l2
//!      8      4  dimension d, at least 1
//!     12      4  directions n, at most d
//!     16      4  lines of a first code, 1 to 4
//!     20      4  wide coordinates of a first code
//!     24      4  lines of a rest, 0 to 16
//!     28      4  0
//!     32     16  steps, f32: wide and narrow of the first code, wide and narrow of the rest
//!     48    4·d  the mean, f32
//!           4·n  what a step of each direction is worth, f32
//!               the directions, each a code of ceil(d / 64) lines, all coordinates wide, no bias; then fewer than 64 zeros
//! ```

use super::Quantiser;
use crate::code::{CodeShape, Lines, Steps};
use crate::query_view::LINE_BYTES;
use crate::{MAX_DIMENSION, Metric};

const VERSION: u32 = 1;
const HEADER_BYTES: usize = 48;
const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

/// Why bytes are no quantiser.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("quantiser at offset {offset}: {field} is {found}, expected at most {expected}")]
pub struct QuantiserError {
    /// Name of the field.
    pub field: &'static str,
    /// Where it stands, in bytes.
    pub offset: usize,
    /// Value found.
    pub found: u64,
    /// Value, or largest value, expected.
    pub expected: u64,
}

impl Quantiser {
    /// The bytes that [`Self::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let metric = METRICS.iter().position(|metric| *metric == self.metric).unwrap_or(0);
        let words = [
            VERSION as usize,
            metric,
            self.mean.len(),
            self.direction_steps.len(),
            self.shape.lines,
            self.shape.wide,
            self.rest_shape.lines,
            0,
        ];
        let steps = [self.steps.wide, self.steps.narrow, self.rest_steps.wide, self.rest_steps.narrow];
        let floats = steps.iter().chain(&self.mean).chain(&self.direction_steps);
        let mut bytes: Vec<u8> = words.iter().flat_map(|&word| (word as u32).to_le_bytes()).collect();
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
            ("version", 0, VERSION),
            ("metric", 4, METRICS.len() as u32 - 1),
            ("dimension", 8, MAX_DIMENSION as u32),
            ("directions", 12, word(8)),
            ("lines", 16, 4),
            ("wide coordinates", 20, word(16).min(4) * 64),
            ("lines of the rest", 24, 16),
            ("reserved word", 28, 0),
        ];
        for (field, offset, most) in fields {
            if word(offset) > most || (offset == 0 && word(0) != VERSION) {
                return wrong(field, offset, word(offset).into(), most.into());
            }
        }
        for (field, offset) in [("dimension", 8), ("lines", 16)] {
            if word(offset) == 0 {
                return wrong(field, offset, 0, 1);
            }
        }
        let (dimension, directions) = (word(8) as usize, word(12) as usize);
        let codes = HEADER_BYTES + 4 * (dimension + directions);
        let length = codes + directions * Self::direction_shape(dimension).bytes();
        if bytes.len() < length
            || bytes[length..].len() >= LINE_BYTES
            || bytes[length..].iter().any(|&b| b != 0)
        {
            return wrong("length", 0, bytes.len() as u64, length as u64);
        }
        let (floats, _) = bytes[32..codes].as_chunks();
        let floats: Vec<f32> = floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        for (place, float) in floats.iter().enumerate() {
            let is_step = place < 4 || place >= 4 + dimension;
            if !float.is_finite() || (is_step && *float <= 0.0) {
                return wrong(
                    "number",
                    32 + 4 * place,
                    u64::from(float.to_bits()),
                    u64::from(f32::MAX.to_bits()),
                );
            }
        }
        let (steps, floats) = floats.split_at(4);
        let (mean, direction_steps) = floats.split_at(dimension);
        Ok(Self {
            metric: METRICS[word(4) as usize],
            mean: mean.to_vec(),
            shape: CodeShape { lines: word(16) as usize, wide: word(20) as usize, biased: true },
            steps: Steps { wide: steps[0], narrow: steps[1] },
            rest_shape: CodeShape { lines: word(24) as usize, wide: 0, biased: false },
            rest_steps: Steps { wide: steps[2], narrow: steps[3] },
            directions: Lines::from(&bytes[codes..length]),
            direction_steps: direction_steps.to_vec(),
        })
    }
}
