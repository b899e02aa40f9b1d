//! From a picture of any size to what the image tower sees.
//!
//! Version [`PREPARATION_VERSION`]: the picture is fitted whole into a square, its middle in the square's middle, by a
//! triangle filter as wide as an output pixel (Pillow's `BILINEAR`); then brightness is measured in standard deviations
//! from the picture's mean, held inside [`LIMIT`], and what lies beside the picture is 0, the mean.

use precedent_model::{GreyImage, GridFrame, ModelError};
use std::ops::Range;

/// Version of this preparation. Vectors made under different versions must not be compared.
pub const PREPARATION_VERSION: u32 = 1;

/// Most standard deviations from the mean.
const LIMIT: f32 = 3.0;
/// Least standard deviation, as a share of the whole range: a blank picture is 0 everywhere.
const LEAST_DEVIATION: f32 = 1e-3;

/// A picture fitted into a square: brightness 0 to 1.
#[derive(Clone, PartialEq)]
pub struct Square {
    side: usize,
    /// Row by row; 0 beside the picture.
    pixels: Vec<f32>,
    /// Columns and rows that show the picture.
    shown: [Range<usize>; 2],
}

impl Square {
    /// Fits a picture into a square of `side` pixels.
    pub fn fit(image: &GreyImage, side: usize) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let [across, down] = shown(image, side);
        let (columns, rows, left, top) = (across.len(), down.len(), across.start, down.start);
        let across = taps(width, columns);
        let down = taps(height, rows);
        let mut narrow = vec![0.0f32; columns * height];
        for (row, narrow) in image.rows().zip(narrow.chunks_exact_mut(columns)) {
            for ((first, weights), value) in across.iter().zip(narrow) {
                *value = row[*first..].iter().zip(weights).map(|(p, w)| f32::from(*p) * w).sum();
            }
        }
        let mut pixels = vec![0.0; side * side];
        for (row, (first, weights)) in down.iter().enumerate() {
            let start = (top + row) * side + left;
            let line = &mut pixels[start..start + columns];
            for (source, weight) in narrow[first * columns..].chunks_exact(columns).zip(weights) {
                for (sum, value) in line.iter_mut().zip(source) {
                    *sum += value * weight / 65_535.0;
                }
            }
        }
        Self { side, pixels, shown: [left..left + columns, top..top + rows] }
    }

    /// Where in a picture the square lies into which [`Self::fit`] fits it, in pixels of the picture.
    ///
    /// # Errors
    /// A side of 0.
    pub fn frame(image: &GreyImage, side: usize) -> Result<GridFrame, ModelError> {
        let [across, down] = shown(image, side);
        let along = |length: u32, shown: Range<usize>| {
            let pixel = f64::from(length) / shown.len() as f64;
            ((-(shown.start as f64) * pixel) as f32, (side as f64 * pixel) as f32)
        };
        let ((x, width), (y, height)) = (along(image.width(), across), along(image.height(), down));
        GridFrame::new(x, y, width, height)
    }

    /// A square of brightness 0 to 1, all of it shown.
    pub fn whole(side: usize, pixels: Vec<f32>) -> Option<Self> {
        let shown = [0..side, 0..side];
        (pixels.len() == side * side && side > 0).then_some(Self { side, pixels, shown })
    }

    /// Pixels per row, and rows.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Brightness 0 to 1, row by row.
    pub fn pixels(&self) -> &[f32] {
        &self.pixels
    }

    /// What the image tower sees: brightness in standard deviations from the mean, row by row.
    pub fn standardized(&self) -> Vec<f32> {
        let [columns, rows] = &self.shown;
        let shown = |pixels: &[f32]| -> (f64, f64) {
            let (mut sum, mut squares) = (0.0, 0.0);
            for row in rows.clone() {
                for value in &pixels[row * self.side + columns.start..row * self.side + columns.end] {
                    sum += f64::from(*value);
                    squares += f64::from(*value) * f64::from(*value);
                }
            }
            (sum, squares)
        };
        let count = (columns.len() * rows.len()) as f64;
        let (sum, squares) = shown(&self.pixels);
        let mean = sum / count;
        let deviation = ((squares / count - mean * mean).max(0.0).sqrt() as f32).max(LEAST_DEVIATION);
        let mut result = vec![0.0; self.pixels.len()];
        for row in rows.clone() {
            let range = row * self.side + columns.start..row * self.side + columns.end;
            for (result, value) in result[range.clone()].iter_mut().zip(&self.pixels[range]) {
                *result = ((value - mean as f32) / deviation).clamp(-LIMIT, LIMIT);
            }
        }
        result
    }
}

/// The columns and rows of a square that show a picture.
fn shown(image: &GreyImage, side: usize) -> [Range<usize>; 2] {
    let longest = image.width().max(image.height()).max(1) as usize;
    [image.width(), image.height()].map(|length| {
        let fitted = ((length as usize * side + longest / 2) / longest).clamp(1, side.max(1));
        let start = (side.max(1) - fitted) / 2;
        start..start + fitted
    })
}

/// A picture shows a patient.
impl std::fmt::Debug for Square {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Square({}, hidden)", self.side)
    }
}

/// Per output pixel the first input pixel that it takes from, and the weights from there on; they sum to 1.
fn taps(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    let tap = |at: usize| {
        let centre = (at as f64 + 0.5) * scale;
        let first = (centre - reach + 0.5).floor().max(0.0) as usize;
        let behind = ((centre + reach + 0.5).floor() as usize).clamp(first + 1, from);
        let weight = |input: usize| (1.0 - ((input as f64 + 0.5 - centre) / reach).abs()).max(0.0);
        let weights: Vec<f64> = (first..behind).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        (first, weights.iter().map(|weight| (weight / sum) as f32).collect())
    };
    (0..to).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, height: u32, at: impl Fn(u32, u32) -> u16) -> GreyImage {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| at(x, y));
        GreyImage::new(width, height, pixels.collect()).unwrap()
    }

    #[test]
    fn a_picture_of_the_same_size_stays_as_it_is() {
        let picture = image(16, 16, |x, y| (x * 1000 + y * 77) as u16);
        let square = Square::fit(&picture, 16);
        for (found, expected) in square.pixels().iter().zip(picture.pixels()) {
            assert!((found * 65_535.0 - f32::from(*expected)).abs() < 0.01);
        }
    }

    #[test]
    fn a_ramp_stays_a_ramp_in_any_size() {
        for (width, side) in [(64, 16), (16, 64), (50, 16), (333, 40)] {
            let square = Square::fit(&image(width, width, |x, _| (x * 100) as u16), side);
            let step = 100.0 * f64::from(width) / side as f64;
            for at in side / 4..side * 3 / 4 {
                let expected = (at as f64 + 0.5) * step - 50.0;
                let found = f64::from(square.pixels()[at]) * 65_535.0;
                assert!((found - expected).abs() < step / 2.0, "{width} to {side}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn a_wide_picture_lies_in_the_middle_and_beside_it_is_the_mean() {
        let square = Square::fit(&image(40, 20, |x, _| if x < 20 { 0 } else { 60_000 }), 20);
        assert_eq!(square.shown, [0..20, 5..15]);
        let seen = square.standardized();
        assert!(seen[..100].iter().chain(&seen[300..]).all(|value| *value == 0.0));
        assert!(seen[100] < -0.9 && seen[119] > 0.9, "{} {}", seen[100], seen[119]);
    }

    #[test]
    fn the_frame_says_where_in_the_picture_the_square_lies() {
        let frame = |width, height| {
            let frame = Square::frame(&image(width, height, |_, _| 0), 20).unwrap();
            (frame.x(), frame.y(), frame.width(), frame.height())
        };
        assert_eq!(frame(50, 50), (0.0, 0.0, 50.0, 50.0));
        assert_eq!(frame(40, 20), (0.0, -10.0, 40.0, 40.0));
        // 3 rows of 20 show the picture, with 8 above them and 9 below.
        assert_eq!(frame(70, 9), (0.0, -24.0, 70.0, 60.0));
        assert!(Square::frame(&image(1, 1, |_, _| 0), 0).is_err());
    }

    #[test]
    fn neither_brightness_nor_contrast_matters() {
        let dim = Square::fit(&image(30, 30, |x, y| (1000 + x * y) as u16), 20).standardized();
        let bright = Square::fit(&image(30, 30, |x, y| (9000 + 50 * x * y) as u16), 20).standardized();
        let furthest = dim.iter().zip(&bright).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(furthest < 0.3, "{furthest}");
        let blank = Square::fit(&image(9, 9, |_, _| 500), 20).standardized();
        assert!(blank.iter().all(|value| value.abs() < 1e-2));
    }

    #[test]
    fn one_pixel_and_the_narrowest_strip_are_pictures() {
        assert!(Square::fit(&image(1, 1, |_, _| 65_535), 16).standardized().iter().all(|v| v.is_finite()));
        let strip = Square::fit(&image(4000, 1, |x, _| x as u16), 16);
        assert_eq!(strip.shown, [0..16, 7..8]);
        assert!(strip.standardized().iter().all(|v| v.is_finite()));
    }

    #[test]
    fn debug_hides_the_pixels() {
        assert_eq!(format!("{:?}", Square::whole(1, vec![0.5]).unwrap()), "Square(1, hidden)");
        assert!(Square::whole(2, vec![0.5]).is_none());
    }
}
