//! From stored values to brightness: modality transformation, padding, values of interest, polarity, 16 bits.
//!
//! A stored value has at most 16 bits, so the whole chain is worked out once for each of them and the picture is then
//! mapped through that table. The formulas are in `index/IMAGE.md`; their source is DICOM PS3.3 sections C.11.1
//! (modality), C.11.2 (values of interest), C.7.6.3.1.2 (photometric interpretation) and C.7.5.1.1.2 (padding).

use crate::stored::StoredPixels;

/// The brightest value.
const WHITE: f64 = 65_535.0;

/// Everything that decides how bright a stored value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tone {
    pub(crate) modality: Modality,
    pub(crate) padding: Option<Padding>,
    /// `None` where the header names no values of interest.
    pub(crate) voi: Option<Voi>,
    /// Whether the least value is shown white.
    pub(crate) inverted: bool,
}

/// From stored values to values of the modality.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Modality {
    /// slope × value + intercept
    Linear {
        slope: f64,
        intercept: f64,
    },
    Lut(Lut),
}

/// Stored values that are no picture, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Padding {
    pub(crate) from: i32,
    pub(crate) to: i32,
}

/// From values of the modality to 0 (least) ..= 1 (most).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Voi {
    Window(Window),
    Lut(Lut),
    /// Every value that the bits of a pixel can have.
    Whole,
}

/// A lookup table. Inputs before the first and behind the last entry take that entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lut {
    /// Input of the first entry.
    pub(crate) first: i32,
    /// At least one.
    pub(crate) entries: Vec<u16>,
    /// Bits of an entry, 1 to 16.
    pub(crate) bits: u16,
}

impl Lut {
    /// The entry of an input.
    pub(crate) fn at(&self, input: f64) -> u16 {
        let index = (input.round() - f64::from(self.first)).max(0.0) as usize;
        self.entries.get(index).or(self.entries.last()).copied().unwrap_or(0)
    }
}

/// A window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub(crate) centre: f64,
    pub(crate) width: f64,
    pub(crate) function: WindowFunction,
}

/// VOI LUT Function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WindowFunction {
    Linear,
    LinearExact,
    Sigmoid,
}

impl Window {
    /// Whether the width is one that the standard allows.
    pub(crate) fn is_valid(&self) -> bool {
        match self.function {
            WindowFunction::Linear => self.width >= 1.0,
            WindowFunction::LinearExact | WindowFunction::Sigmoid => self.width > 0.0,
        }
    }

    /// PS3.3 sections C.11.2.1.2.1 and C.11.2.1.3, with output from 0 to 1.
    fn at(&self, x: f64) -> f64 {
        let (c, w) = (self.centre, self.width);
        match self.function {
            WindowFunction::Linear if x <= c - 0.5 - (w - 1.0) / 2.0 => 0.0,
            WindowFunction::Linear if x > c - 0.5 + (w - 1.0) / 2.0 => 1.0,
            WindowFunction::Linear => (x - (c - 0.5)) / (w - 1.0) + 0.5,
            WindowFunction::LinearExact if x <= c - w / 2.0 => 0.0,
            WindowFunction::LinearExact if x > c + w / 2.0 => 1.0,
            WindowFunction::LinearExact => (x - c) / w + 0.5,
            WindowFunction::Sigmoid => 1.0 / (1.0 + (-4.0 * (x - c) / w).exp()),
        }
    }
}

impl Tone {
    /// The chain for pixels whose whole range is shown, as PNG and JPEG have them.
    pub(crate) fn whole() -> Self {
        let modality = Modality::Linear { slope: 1.0, intercept: 0.0 };
        Self { modality, padding: None, voi: Some(Voi::Whole), inverted: false }
    }

    fn modality_value(&self, stored: i32) -> f64 {
        match &self.modality {
            Modality::Linear { slope, intercept } => slope * f64::from(stored) + intercept,
            Modality::Lut(lut) => lut.at(f64::from(stored)).into(),
        }
    }

    fn is_padding(&self, stored: i32) -> bool {
        self.padding.is_some_and(|padding| (padding.from..=padding.to).contains(&stored))
    }

    /// Brightness of every stored value, by its bits.
    fn table(&self, pixels: &StoredPixels) -> Vec<u16> {
        let range = match &self.voi {
            Some(_) => (0.0, pixels.largest_bits().into()),
            None => self.range(pixels),
        };
        (0..=pixels.largest_bits())
            .map(|bits| {
                let stored = pixels.value_of(bits);
                if self.is_padding(stored) {
                    return 0;
                }
                let x = self.modality_value(stored);
                let y = match &self.voi {
                    Some(Voi::Window(window)) => window.at(x),
                    Some(Voi::Lut(lut)) => f64::from(lut.at(x)) / f64::from((1_u32 << lut.bits) - 1),
                    Some(Voi::Whole) | None => stretch(x, range),
                };
                let y = y.clamp(0.0, 1.0);
                let y = if self.inverted { 1.0 - y } else { y };
                (y * WHITE).round() as u16
            })
            .collect()
    }

    /// The range of modality values that is shown where the header names none.
    fn range(&self, pixels: &StoredPixels) -> (f64, f64) {
        let is_unchanged = self.modality == (Modality::Linear { slope: 1.0, intercept: 0.0 });
        if pixels.is_display_ready() && is_unchanged {
            return (0.0, pixels.largest_bits().into());
        }
        let mut counts = vec![0_u64; usize::from(pixels.largest_bits()) + 1];
        for &bits in pixels.values() {
            if let Some(count) = counts.get_mut(usize::from(bits)) {
                *count += 1;
            }
        }
        let mut found: Vec<(f64, u64)> = (0..=pixels.largest_bits())
            .zip(counts)
            .filter(|&(bits, count)| count > 0 && !self.is_padding(pixels.value_of(bits)))
            .map(|(bits, count)| (self.modality_value(pixels.value_of(bits)), count))
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: u64 = found.iter().map(|(_, count)| count).sum();
        let Some(last) = total.checked_sub(1) else { return (0.0, 0.0) };
        let at_rank = |rank: u64| {
            let mut passed = 0;
            let at = found.iter().find(|(_, count)| {
                passed += count;
                passed > rank
            });
            at.map_or(0.0, |(value, _)| *value)
        };
        let (low, high) = (at_rank(5 * last / 1000), at_rank((995 * last).div_ceil(1000)));
        if low < high { (low, high) } else { (at_rank(0), at_rank(last)) }
    }

    /// Brightness of every pixel.
    pub(crate) fn apply(&self, pixels: StoredPixels) -> Vec<u16> {
        let table = self.table(&pixels);
        let mut values = pixels.into_values();
        for value in &mut values {
            *value = table.get(usize::from(*value)).copied().unwrap_or(0);
        }
        values
    }
}

/// Where `x` lies from `low` (0) to `high` (1); 0 where the range is empty.
fn stretch(x: f64, (low, high): (f64, f64)) -> f64 {
    if low < high { (x - low) / (high - low) } else { 0.0 }
}

#[cfg(test)]
#[path = "tone_tests.rs"]
mod tests;
