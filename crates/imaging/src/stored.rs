//! Pixels as a file stores them, before anything is made of them.

use crate::ImageError;
use crate::limits;
use precedent_model::MAX_IMAGE_PIXELS;
use std::fmt;

/// What becomes of the bits of a pixel above those that are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// They are no part of the picture, as overlays are not that lie there (PS3.5 section 8.1.2).
    Mask,
    /// A lossy codec went a little beyond the range, so the pixel is at the end of it.
    Clamp,
    /// There are none, or header and stream contradict each other.
    Refuse,
}

/// How far beyond the range a lossy codec goes: this part of it.
const OVERSHOOT: i32 = 8;

/// The stored pixels of one grey picture, row by row from the top left, decompressed and nothing else: no rescale, no
/// window, no inversion.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPixels {
    rows: u32,
    columns: u32,
    bits_allocated: u16,
    bits_stored: u16,
    signed: bool,
    /// The low `bits_stored` bits of each; the others are 0.
    values: Vec<u16>,
}

impl StoredPixels {
    /// Takes pixels of which `bits_stored` bits mean something; `excess` says what becomes of others.
    pub(crate) fn new(
        (columns, rows): (u32, u32),
        bits_allocated: u16,
        bits_stored: u16,
        signed: bool,
        mut values: Vec<u16>,
        excess: Excess,
    ) -> Result<Self, ImageError> {
        let area = limits::area(columns, rows, MAX_IMAGE_PIXELS)?;
        if values.len() != area {
            return Err(ImageError::Length { found: values.len() * 2, expected: area * 2 });
        }
        let stored = mask(bits_stored);
        match excess {
            Excess::Mask => {}
            Excess::Clamp => clamp(&mut values, bits_stored, signed)?,
            Excess::Refuse => check(&values, bits_allocated, bits_stored, signed)?,
        }
        values.iter_mut().for_each(|value| *value &= stored);
        Ok(Self { rows, columns, bits_allocated, bits_stored, signed, values })
    }

    /// Rows.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Pixels per row.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// Bits of a pixel in the file when it is not compressed: 8, 16 or 32.
    pub fn bits_allocated(&self) -> u16 {
        self.bits_allocated
    }

    /// Bits of a pixel that mean something: 1 to `bits_allocated`, at most 16.
    pub fn bits_stored(&self) -> u16 {
        self.bits_stored
    }

    /// Whether values are two's complement.
    pub fn is_signed(&self) -> bool {
        self.signed
    }

    /// Every pixel's number.
    pub fn numbers(&self) -> impl ExactSizeIterator<Item = i32> {
        self.values.iter().map(|&bits| self.value_of(bits))
    }

    /// The pixels as an uncompressed file in little endian would hold them: one byte each where 8 bits are allocated, else
    /// two or four, negative numbers extended to that size.
    pub fn to_le_bytes(&self) -> Vec<u8> {
        match self.bits_allocated {
            8 => self.numbers().map(|value| value as u8).collect(),
            32 => self.numbers().flat_map(i32::to_le_bytes).collect(),
            _ => self.numbers().flat_map(|value| (value as u16).to_le_bytes()).collect(),
        }
    }

    pub(crate) fn values(&self) -> &[u16] {
        &self.values
    }

    pub(crate) fn into_values(self) -> Vec<u16> {
        self.values
    }

    /// The largest that the bits of a pixel can be.
    pub(crate) fn largest_bits(&self) -> u16 {
        mask(self.bits_stored)
    }

    /// The number that the bits of a pixel stand for.
    pub(crate) fn value_of(&self, bits: u16) -> i32 {
        let value = i32::from(bits);
        if self.signed && bits >> (self.bits_stored - 1) & 1 == 1 {
            value - (1 << self.bits_stored)
        } else {
            value
        }
    }

    /// Whether the values are the brightness itself unless the header says more: 8 bits, as PNG and JPEG have.
    pub(crate) fn is_display_ready(&self) -> bool {
        self.bits_stored <= 8 && !self.signed
    }
}

fn mask(bits: u16) -> u16 {
    ((1_u32 << bits.min(16)) - 1) as u16
}

fn above_stored() -> ImageError {
    ImageError::field("a pixel", "above BitsStored", "a value of BitsStored bits")
}

/// Refuses values of more than the stored bits. A negative number fills the bits above with ones, if the writer did extend it.
fn check(values: &[u16], bits_allocated: u16, bits_stored: u16, signed: bool) -> Result<(), ImageError> {
    let (stored, allocated) = (mask(bits_stored), mask(bits_allocated));
    let sign = 1_u16 << (bits_stored - 1);
    let fits = |value: u16| {
        let above = value & !stored & allocated;
        above == 0 || (signed && above == allocated & !stored && value & sign != 0)
    };
    if values.iter().all(|&value| fits(value)) { Ok(()) } else { Err(above_stored()) }
}

/// Moves values that lie a little outside the range of the stored bits to its end; others are refused.
fn clamp(values: &mut [u16], bits_stored: u16, signed: bool) -> Result<(), ImageError> {
    let range = 1_i32 << bits_stored;
    let (least, most) = if signed { (-range / 2, range / 2 - 1) } else { (0, range - 1) };
    for value in values {
        let number = if signed { i32::from(*value as i16) } else { i32::from(*value) };
        // A negative number may come without its upper bits.
        if signed && number > most && number < range {
            continue;
        }
        let inside = number.clamp(least, most);
        if (number - inside).abs() > range / OVERSHOOT {
            return Err(above_stored());
        }
        *value = inside as u16;
    }
    Ok(())
}

/// The pixels show a patient, so only their form is told.
impl fmt::Debug for StoredPixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredPixels({} x {}, {} bits, hidden)", self.columns, self.rows, self.bits_stored)
    }
}
