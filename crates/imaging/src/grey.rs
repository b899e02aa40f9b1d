//! Grey pictures that are stored as colour: three channels that are equal, or colour channels that say nothing.

use crate::ImageError;

/// How far the channels of a grey picture may differ, of 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tolerance {
    /// Grey that was stored as colour: codecs round the way there and back.
    Rounding,
    /// A film that was photographed or scanned with a faint tint.
    Tint,
}

impl Tolerance {
    fn share(self) -> u32 {
        match self {
            Self::Rounding => 8,
            Self::Tint => 24,
        }
    }
}

/// How far either colour channel of YCbCr may lie from the middle, of 255.
const CHROMA_TOLERANCE: u32 = 8;
/// The range that the tolerances count in.
const RANGE: u32 = 255;

/// The mean of three channels of `bits` bits, rounded, where they are equal but for the tolerance.
pub(crate) fn from_rgb(
    pixels: impl Iterator<Item = [u16; 3]>,
    bits: u16,
    tolerance: Tolerance,
) -> Result<Vec<u16>, ImageError> {
    pixels
        .map(|pixel| of_rgb(pixel, bits, tolerance).ok_or(ImageError::Colour { how: "channels differ" }))
        .collect()
}

/// Grey of a pixel of luminance and two colour channels, or of three equal ones.
pub(crate) fn from_ybr(pixels: impl Iterator<Item = [u16; 3]>, bits: u16) -> Result<Vec<u16>, ImageError> {
    let middle = 1_u32 << (bits - 1);
    let tolerance = of_range(CHROMA_TOLERANCE, bits);
    let is_neutral = |chroma: u16| u32::from(chroma).abs_diff(middle) <= tolerance;
    let colour = ImageError::Colour { how: "YBR with colour" };
    pixels
        .map(|[luminance, blue, red]| (is_neutral(blue) && is_neutral(red)).then_some(luminance))
        .collect::<Option<Vec<u16>>>()
        .ok_or(colour)
}

/// Grey of one pixel, or `None` where it has colour.
pub(crate) fn of_rgb([r, g, b]: [u16; 3], bits: u16, tolerance: Tolerance) -> Option<u16> {
    let spread = r.max(g).max(b) - r.min(g).min(b);
    let is_grey = u32::from(spread) <= of_range(tolerance.share(), bits);
    is_grey.then(|| ((u32::from(r) + u32::from(g) + u32::from(b) + 1) / 3) as u16)
}

fn of_range(share: u32, bits: u16) -> u32 {
    share * ((1_u32 << bits) - 1) / RANGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faint_tint_is_grey() {
        assert_eq!(of_rgb([90, 91, 93], 8, Tolerance::Tint), Some(91));
        assert_eq!(of_rgb([90, 98, 98], 8, Tolerance::Rounding), Some(95));
        assert_eq!(of_rgb([90, 98, 99], 8, Tolerance::Rounding), None);
        assert_eq!(of_rgb([100, 112, 124], 8, Tolerance::Tint), Some(112));
        assert_eq!(of_rgb([100, 112, 125], 8, Tolerance::Tint), None);
        assert_eq!(of_rgb([0, 0, 24 * 257], 16, Tolerance::Tint), Some(8 * 257));
        assert_eq!(of_rgb([0, 0, 24 * 257 + 1], 16, Tolerance::Tint), None);
    }

    #[test]
    fn colour_channels_in_the_middle_say_nothing() {
        assert_eq!(from_ybr([[7, 128, 128], [9, 120, 136]].into_iter(), 8).unwrap(), [7, 9]);
        for pixel in [[7, 119, 128], [7, 128, 137]] {
            assert_eq!(from_ybr([pixel].into_iter(), 8).unwrap_err().reason(), "colour");
        }
    }
}
