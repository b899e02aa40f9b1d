//! A grey picture in one normal form, the size of an original one, and a rectangle in it.

use crate::ModelError;
use std::fmt;

/// Longest side of a picture, in pixels.
pub const MAX_IMAGE_SIDE: u32 = 16_384;
/// Most pixels of a picture.
pub const MAX_IMAGE_PIXELS: usize = 64 << 20;

/// A grey picture of square pixels: row by row from the top left, 0 dark to 65535 bright, dense tissue bright.
#[derive(Clone, PartialEq, Eq)]
pub struct GreyImage {
    width: u32,
    height: u32,
    pixels: Vec<u16>,
}

impl GreyImage {
    /// A picture of `width` × `height` pixels, row by row.
    ///
    /// # Errors
    /// A side of 0 or above [`MAX_IMAGE_SIDE`], more than [`MAX_IMAGE_PIXELS`], or another number of pixels than the
    /// sides say.
    pub fn new(width: u32, height: u32, pixels: Vec<u16>) -> Result<Self, ModelError> {
        let sides = 1..=MAX_IMAGE_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            let problem = format!("is {width} x {height} pixels; a side has 1 to {MAX_IMAGE_SIDE}");
            return Err(ModelError::new("image", problem, "give a smaller picture"));
        }
        let count = width as usize * height as usize;
        if count > MAX_IMAGE_PIXELS {
            let problem = format!("has {count} pixels, the limit is {MAX_IMAGE_PIXELS}");
            return Err(ModelError::new("image", problem, "give a smaller picture"));
        }
        if pixels.len() != count {
            let problem = format!("has {} pixels, {width} x {height} are {count}", pixels.len());
            return Err(ModelError::new("image", problem, "give every pixel once"));
        }
        Ok(Self { width, height, pixels })
    }

    /// Pixels per row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Every pixel, row by row.
    pub fn pixels(&self) -> &[u16] {
        &self.pixels
    }

    /// The rows from the top, each of [`GreyImage::width`] pixels.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u16]> {
        self.pixels.chunks_exact(self.width as usize)
    }

    /// Every pixel, row by row, without a copy.
    pub fn into_pixels(self) -> Vec<u16> {
        self.pixels
    }
}

/// A picture shows a patient, so only its size is told.
impl fmt::Debug for GreyImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GreyImage({} x {}, hidden)", self.width, self.height)
    }
}

/// The size of an image as its file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageExtent {
    columns: u32,
    rows: u32,
}

impl ImageExtent {
    /// So many pixels across and down.
    ///
    /// # Errors
    /// A side of 0 or above [`MAX_IMAGE_SIDE`].
    pub fn new(columns: u32, rows: u32) -> Result<Self, ModelError> {
        let sides = 1..=MAX_IMAGE_SIDE;
        if sides.contains(&columns) && sides.contains(&rows) {
            return Ok(Self { columns, rows });
        }
        let problem = format!("is {columns} x {rows} pixels; a side has 1 to {MAX_IMAGE_SIDE}");
        Err(ModelError::new("extent", problem, "give the columns and rows of the original image"))
    }

    /// Pixels across.
    pub fn columns(self) -> u32 {
        self.columns
    }

    /// Pixels down.
    pub fn rows(self) -> u32 {
        self.rows
    }
}

/// A rectangle in pixels of the original picture, from its top left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Pixels to the right.
    pub width: u32,
    /// Pixels downwards.
    pub height: u32,
}

impl Region {
    /// The region, where it holds a pixel and lies inside a picture of `columns` × `rows`.
    ///
    /// # Errors
    /// An empty region, or one that leaves the picture.
    pub fn within(self, columns: u32, rows: u32) -> Result<Self, ModelError> {
        let inside = |at: u32, length: u32, side: u32| {
            length > 0 && at.checked_add(length).is_some_and(|end| end <= side)
        };
        if inside(self.x, self.width, columns) && inside(self.y, self.height, rows) {
            return Ok(self);
        }
        let Self { x, y, width, height } = self;
        let problem =
            format!("of {width} x {height} pixels at ({x}, {y}) does not lie in {columns} x {rows} pixels");
        Err(ModelError::new("region", problem, "give a region inside the original picture"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_pixels_that_its_sides_say() {
        let image = GreyImage::new(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(image.rows().collect::<Vec<_>>(), [&[1, 2, 3], &[4, 5, 6]]);
        assert_eq!((image.width(), image.height()), (3, 2));
        assert_eq!(image.into_pixels(), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn sides_and_counts_are_checked() {
        for (width, height, count) in
            [(0, 1, 0), (1, 0, 0), (2, 2, 3), (2, 2, 5), (16_385, 1, 16_385), (1, 16_385, 16_385)]
        {
            let error = GreyImage::new(width, height, vec![0; count]).unwrap_err();
            assert_eq!(error.field, "image", "{width} x {height}");
        }
        let error = GreyImage::new(16_384, 16_384, Vec::new()).unwrap_err();
        assert!(error.problem.contains("the limit is 67108864"), "{error}");
        assert!(GreyImage::new(16_384, 1, vec![0; 16_384]).is_ok());
    }

    #[test]
    fn debug_hides_the_pixels() {
        let image = GreyImage::new(1, 1, vec![54_321]).unwrap();
        assert_eq!(format!("{image:?}"), "GreyImage(1 x 1, hidden)");
    }

    #[test]
    fn an_original_has_sides_as_a_picture_has() {
        let extent = ImageExtent::new(1, 16_384).unwrap();
        assert_eq!((extent.columns(), extent.rows()), (1, 16_384));
        for (columns, rows) in [(0, 1), (1, 0), (16_385, 1), (1, u32::MAX)] {
            let error = ImageExtent::new(columns, rows).unwrap_err();
            assert_eq!(error.field, "extent", "{columns} x {rows}");
        }
    }

    #[test]
    fn a_region_lies_inside() {
        let region = |x, y, width, height| Region { x, y, width, height };
        assert!(region(0, 0, 10, 5).within(10, 5).is_ok());
        assert!(region(9, 4, 1, 1).within(10, 5).is_ok());
        for outside in [
            region(0, 0, 0, 1),
            region(0, 0, 1, 0),
            region(1, 0, 10, 5),
            region(0, 5, 1, 1),
            region(u32::MAX, 0, 2, 1),
        ] {
            assert!(outside.within(10, 5).is_err(), "{outside:?}");
        }
    }
}
