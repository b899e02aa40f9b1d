//! Patches of a channel-last picture as rows of a matrix, and back.

use super::floats;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

/// How a window moves over a picture. What lies outside the picture is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Rows and columns of the window.
    pub(crate) size: (usize, usize),
    /// Rows and columns from one place to the next.
    pub(crate) stride: (usize, usize),
    /// Rows and columns of zeros around the picture.
    pub(crate) pad: (usize, usize),
}

impl Window {
    /// A square window that leaves the size of the picture as it is.
    pub(crate) const fn around(size: usize) -> Self {
        Self { size: (size, size), stride: (1, 1), pad: (size / 2, size / 2) }
    }

    /// Square windows side by side.
    pub(crate) const fn tiles(size: usize) -> Self {
        Self { size: (size, size), stride: (size, size), pad: (0, 0) }
    }

    /// A window over a sequence that leaves its length as it is.
    pub(crate) const fn along(size: usize) -> Self {
        Self { size: (1, size), stride: (1, 1), pad: (0, size / 2) }
    }

    /// Whether a patch is a pixel, so that there is nothing to unfold.
    pub(crate) fn is_pixel(self) -> bool {
        self == Self::around(1)
    }

    /// Places of the window in a picture of those rows and columns.
    pub(crate) fn places(self, (rows, columns): (usize, usize)) -> Result<(usize, usize)> {
        let along = |side: usize, size: usize, stride: usize, pad: usize| {
            (side + 2 * pad).checked_sub(size).map(|room| room / stride.max(1) + 1)
        };
        let rows_out = along(rows, self.size.0, self.stride.0, self.pad.0);
        let columns_out = along(columns, self.size.1, self.stride.1, self.pad.1);
        match (rows_out, columns_out) {
            (Some(rows), Some(columns)) => Ok((rows, columns)),
            _ => bail!("a window of {:?} does not fit into {rows} x {columns}", self.size),
        }
    }

    /// Calls `copy(row, at, from, count)` for every run of contiguous floats that patches share with a batch of
    /// pictures: `count` floats from `from` in the pictures lie at `at` in the row of that patch.
    fn runs(self, shape: [usize; 4], mut copy: impl FnMut(usize, usize, usize)) -> Result<()> {
        let [batch, rows, columns, channels] = shape;
        let (rows_out, columns_out) = self.places((rows, columns))?;
        let width = self.size.0 * self.size.1 * channels;
        let mut row_start = 0;
        for picture in 0..batch {
            for y_out in 0..rows_out {
                for x_out in 0..columns_out {
                    let left = (x_out * self.stride.1) as isize - self.pad.1 as isize;
                    let first = left.max(0) as usize;
                    let behind = (left + self.size.1 as isize).clamp(0, columns as isize) as usize;
                    for ky in 0..self.size.0 {
                        let y = (y_out * self.stride.0 + ky) as isize - self.pad.0 as isize;
                        if y < 0 || y >= rows as isize || first >= behind {
                            continue;
                        }
                        let from = ((picture * rows + y as usize) * columns + first) * channels;
                        let skipped = (first as isize - left) as usize;
                        let at = row_start + (ky * self.size.1 + skipped) * channels;
                        copy(at, from, (behind - first) * channels);
                    }
                    row_start += width;
                }
            }
        }
        Ok(())
    }

    /// The patches of pictures, a row each.
    pub(super) fn unfold(self, shape: [usize; 4], pictures: &[f32]) -> Result<Vec<f32>> {
        let [batch, rows, columns, channels] = shape;
        let (rows_out, columns_out) = self.places((rows, columns))?;
        let mut patches = vec![0.0; batch * rows_out * columns_out * self.size.0 * self.size.1 * channels];
        self.runs(shape, |at, from, count| {
            patches[at..at + count].copy_from_slice(&pictures[from..from + count]);
        })?;
        Ok(patches)
    }

    /// Adds every patch to where it was taken from.
    pub(super) fn fold(self, shape: [usize; 4], patches: &[f32]) -> Result<Vec<f32>> {
        let mut pictures = vec![0.0; shape.iter().product()];
        self.runs(shape, |at, from, count| {
            for (sum, value) in pictures[from..from + count].iter_mut().zip(&patches[at..at + count]) {
                *sum += value;
            }
        })?;
        Ok(pictures)
    }
}

/// `[batch, height, width, channels]` to `[batch * places, window * channels]`, without a gradient.
pub(super) struct Unfold(pub(super) Window);

impl CustomOp1 for Unfold {
    fn name(&self) -> &'static str {
        "unfold"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let shape = picture_shape(layout.dims())?;
        let (rows, columns) = self.0.places((shape[1], shape[2]))?;
        let patches = self.0.unfold(shape, floats(self.name(), storage, layout)?)?;
        let width = self.0.size.0 * self.0.size.1 * shape[3];
        Ok((CpuStorage::F32(patches), Shape::from((shape[0] * rows * columns, width))))
    }
}

/// The transpose of [`Unfold`], for pictures of that shape.
pub(super) struct Fold(pub(super) Window, pub(super) [usize; 4]);

impl CustomOp1 for Fold {
    fn name(&self) -> &'static str {
        "fold"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let pictures = self.0.fold(self.1, floats(self.name(), storage, layout)?)?;
        Ok((CpuStorage::F32(pictures), Shape::from(self.1.to_vec())))
    }
}

/// The four dimensions of a batch of pictures.
pub(super) fn picture_shape(dims: &[usize]) -> Result<[usize; 4]> {
    match *dims {
        [batch, rows, columns, channels] => Ok([batch, rows, columns, channels]),
        _ => bail!("a batch of pictures has 4 dimensions, not {}", dims.len()),
    }
}

/// The patches of a tensor of pictures, a row each; a view where a patch is a pixel. Without a gradient.
pub(super) fn patches(pictures: &Tensor, window: Window) -> Result<Tensor> {
    let [batch, rows, columns, channels] = picture_shape(pictures.dims())?;
    if window.is_pixel() {
        return pictures.reshape((batch * rows * columns, channels));
    }
    pictures.apply_op1_no_bwd(&Unfold(window))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn patches_are_rows_and_outside_is_zero() {
        // 2 x 3 pixels of one channel.
        let picture = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let rows = Window::around(3).unfold([1, 2, 3, 1], &picture).unwrap();
        assert_eq!(rows.len(), 6 * 9);
        assert_eq!(rows[..9], [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 4.0, 5.0]);
        assert_eq!(rows[45..], [2.0, 3.0, 0.0, 5.0, 6.0, 0.0, 0.0, 0.0, 0.0]);
        let tiles = Window::tiles(2).unfold([1, 2, 4, 1], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).unwrap();
        assert_eq!(tiles, [1.0, 2.0, 5.0, 6.0, 3.0, 4.0, 7.0, 8.0]);
    }

    #[test]
    fn fold_is_the_transpose_of_unfold() {
        // <unfold(x), y> = <x, fold(y)> for any x and y.
        for window in [
            Window::around(3),
            Window::tiles(2),
            Window::along(5),
            Window { size: (4, 3), stride: (2, 3), pad: (1, 1) },
        ] {
            let shape = [2, 6, 5, 3];
            let x: Vec<f32> = (0..180).map(|i| ((i * 37 % 19) as f32) - 9.0).collect();
            let rows = window.unfold(shape, &x).unwrap();
            let y: Vec<f32> = (0..rows.len()).map(|i| ((i * 53 % 23) as f32) - 11.0).collect();
            let back = window.fold(shape, &y).unwrap();
            let left: f64 = rows.iter().zip(&y).map(|(a, b)| f64::from(a * b)).sum();
            let right: f64 = x.iter().zip(&back).map(|(a, b)| f64::from(a * b)).sum();
            assert_eq!(left, right, "{window:?}");
        }
    }

    #[test]
    fn a_window_larger_than_the_picture_is_an_error() {
        assert!(Window::tiles(8).places((4, 9)).is_err());
        let flat = Tensor::zeros((4, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(patches(&flat, Window::around(3)).is_err());
    }
}
