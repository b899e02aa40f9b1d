//! Cells of a grid that is laid over an image, and where in the image they are.
//!
//! ```
//! use precedent_model::{GridFrame, ImageExtent, ImageGrid, Outline, Projection, Region, Zone};
//!
//! // A film twice as high as wide, fitted whole into a square of 8 x 8 cells: two columns on each side lie beside it.
//! let extent = ImageExtent::new(1000, 2000).unwrap();
//! let frame = GridFrame::new(-500.0, 0.0, 2000.0, 2000.0).unwrap();
//! let grid = ImageGrid::new(8, 8, frame, extent).unwrap();
//! assert_eq!(grid.cell_box(0), None);
//! let cell = grid.cell_box(58).unwrap();
//! assert_eq!(cell, Region { x: 0, y: 1750, width: 250, height: 250 });
//! // The left of a frontal film is the right of the patient.
//! assert_eq!(Zone::of(cell, extent, Some(Projection::Frontal)), Some(Zone::RightLower));
//! let shares = grid.shares(&Outline::Box(Region { x: 0, y: 1875, width: 250, height: 125 })).unwrap();
//! assert_eq!(shares[58], 0.5);
//! ```

use crate::outline::{Outline, common};
use crate::{ImageExtent, ModelError, Region};
use std::ops::Range;

/// Most cells of a grid.
pub const MAX_CELLS: usize = 64;

/// Roundings of a 32-bit float by which an edge of a cell may be off.
const EDGE_ROUNDINGS: f64 = 4.0;

/// The rectangle that a grid covers, in pixels of the original image from its top left. It may reach beyond the image, as the square does
/// into which an image is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridFrame {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

impl GridFrame {
    /// A frame from its left and upper edge.
    ///
    /// # Errors
    /// A number that is not finite, or a side that is not above 0.
    pub fn new(x: f32, y: f32, width: f32, height: f32) -> Result<Self, ModelError> {
        // Of sides so long that they overflow, too.
        let is_finite = [x, y, x + width, y + height].iter().all(|number| number.is_finite());
        if is_finite && width > 0.0 && height > 0.0 {
            // An edge at -0 is one at 0, so that equal frames have equal bits.
            return Ok(Self { x: x + 0.0, y: y + 0.0, width, height });
        }
        let problem =
            format!("is {width} x {height} pixels at ({x}, {y}); it needs finite numbers, and sides above 0");
        Err(ModelError::new(
            "frame",
            problem,
            "give the rectangle that the grid covers, in pixels of the original image",
        ))
    }

    /// The frame of a grid that covers the whole image and nothing else.
    pub fn of(extent: ImageExtent) -> Self {
        Self { x: 0.0, y: 0.0, width: extent.columns() as f32, height: extent.rows() as f32 }
    }

    /// Left edge.
    pub fn x(self) -> f32 {
        self.x
    }

    /// Upper edge.
    pub fn y(self) -> f32 {
        self.y
    }

    /// Pixels to the right.
    pub fn width(self) -> f32 {
        self.width
    }

    /// Pixels downwards.
    pub fn height(self) -> f32 {
        self.height
    }
}

/// Cells of equal size, row by row from the top left of a frame, over an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageGrid {
    rows: usize,
    columns: usize,
    frame: GridFrame,
    extent: ImageExtent,
}

impl ImageGrid {
    /// A grid of so many cells down and across.
    ///
    /// # Errors
    /// No cell or more than [`MAX_CELLS`], or a frame that lies beside the image.
    pub fn new(
        rows: usize,
        columns: usize,
        frame: GridFrame,
        extent: ImageExtent,
    ) -> Result<Self, ModelError> {
        if !rows.checked_mul(columns).is_some_and(|cells| (1..=MAX_CELLS).contains(&cells)) {
            let problem = format!("has {rows} x {columns} cells; a grid has 1 to {MAX_CELLS}");
            return Err(ModelError::new("grid", problem, "give a coarser grid"));
        }
        let grid = Self { rows, columns, frame, extent };
        // Numbers so large that cells have no size are no share at all.
        if !(0..rows * columns).any(|cell| grid.share_inside(cell) > 0.0) {
            let GridFrame { x, y, width, height } = frame;
            let (columns, rows) = (extent.columns(), extent.rows());
            let problem = format!(
                "of {width} x {height} pixels at ({x}, {y}) lies beside the image of {columns} x {rows} pixels"
            );
            return Err(ModelError::new(
                "frame",
                problem,
                "give the rectangle that the grid covers, in pixels of the original image",
            ));
        }
        Ok(grid)
    }

    /// Rows of cells.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Cells in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The rectangle that it covers.
    pub fn frame(&self) -> GridFrame {
        self.frame
    }

    /// The size of the image that it lies over.
    pub fn extent(&self) -> ImageExtent {
        self.extent
    }

    /// How many cells there are.
    pub fn cells(&self) -> usize {
        self.rows * self.columns
    }

    /// The pixels of the image that a cell touches. Nothing where the cell lies beside the image, or the grid has no such cell.
    pub fn cell_box(&self, cell: usize) -> Option<Region> {
        let cell = (cell < self.cells()).then(|| self.cell(cell))?;
        let GridFrame { x, y, width, height } = self.frame;
        let (x, width) = touched(cell.x, off(x, width), self.extent.columns())?;
        let (y, height) = touched(cell.y, off(y, height), self.extent.rows())?;
        Some(Region { x, y, width, height })
    }

    /// Which cells show the image: at least half of their area lies in it.
    pub fn shown(&self) -> Vec<bool> {
        (0..self.cells()).map(|cell| self.share_inside(cell) >= 0.5).collect()
    }

    /// Of each cell the share of its area that lies inside an outline in the image.
    ///
    /// # Errors
    /// An outline that leaves the image, a mask of another size, or no cell where the outline is.
    pub fn shares(&self, outline: &Outline) -> Result<Vec<f32>, ModelError> {
        outline.within(self.extent)?;
        let share = |cell: usize| {
            let cell = self.cell(cell);
            (outline.area_within(&cell.x, &cell.y) / cell.area()).clamp(0.0, 1.0) as f32
        };
        let shares: Vec<f32> = (0..self.cells()).map(share).collect();
        if shares.iter().all(|&share| share <= 0.0) {
            let problem = "lies where the grid has no cell";
            return Err(ModelError::new(outline.field(), problem, "draw it over what the encoder sees"));
        }
        Ok(shares)
    }

    fn share_inside(&self, cell: usize) -> f64 {
        let cell = self.cell(cell);
        let inside = |side: &Range<f64>, length: u32| common(side, &(0.0..f64::from(length)));
        inside(&cell.x, self.extent.columns()) * inside(&cell.y, self.extent.rows()) / cell.area()
    }

    fn cell(&self, cell: usize) -> Cell {
        let side = |start: f32, length: f32, at: usize, cells: usize| {
            let edge = |at: usize| f64::from(start) + f64::from(length) * at as f64 / cells as f64;
            edge(at)..edge(at + 1)
        };
        let GridFrame { x, y, width, height } = self.frame;
        Cell {
            x: side(x, width, cell % self.columns, self.columns),
            y: side(y, height, cell / self.columns, self.rows),
        }
    }
}

/// Which cells an outline stands for, given their shares: those with at least half of their area in it, else the one with most.
pub fn chosen_cells(shares: &[f32]) -> Vec<bool> {
    let most = shares.iter().copied().fold(0.0, f32::max);
    let first = shares.iter().position(|&share| share == most);
    let is_chosen = |(at, &share): (usize, &f32)| share >= 0.5 || (most < 0.5 && Some(at) == first);
    shares.iter().enumerate().map(is_chosen).collect()
}

/// A cell in pixels of the original image.
struct Cell {
    x: Range<f64>,
    y: Range<f64>,
}

impl Cell {
    fn area(&self) -> f64 {
        (self.x.end - self.x.start) * (self.y.end - self.y.start)
    }
}

/// How far the edges of cells may be off that were computed from a frame in 32-bit floats.
fn off(start: f32, length: f32) -> f64 {
    (f64::from(start.abs()) + f64::from(length)) * EDGE_ROUNDINGS * f64::from(f32::EPSILON / 2.0)
}

/// The first pixel that a range touches by more than it may be off, and how many, of those that there are.
fn touched(range: Range<f64>, off: f64, pixels: u32) -> Option<(u32, u32)> {
    let first = (range.start + off).floor().max(0.0);
    let end = (range.end - off).ceil().min(pixels.into());
    (first < end).then_some((first as u32, (end - first) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mask, Polygon};
    use proptest::prelude::*;

    /// The frame of a square into which an image is fitted whole, its middle in the square's middle, as encoders do. A pixel is `aspect` times
    /// as high as wide.
    fn fitted(extent: ImageExtent, aspect: f64) -> GridFrame {
        let (width, height) = (f64::from(extent.columns()), f64::from(extent.rows()) * aspect);
        let side = width.max(height);
        let (x, y) = ((width - side) / 2.0, (height - side) / 2.0 / aspect);
        GridFrame::new(x as f32, y as f32, side as f32, (side / aspect) as f32).unwrap()
    }

    fn grid(columns: u32, rows: u32) -> ImageGrid {
        let extent = ImageExtent::new(columns, rows).unwrap();
        ImageGrid::new(8, 8, fitted(extent, 1.0), extent).unwrap()
    }

    fn whole(extent: ImageExtent) -> Outline {
        Outline::Box(Region { x: 0, y: 0, width: extent.columns(), height: extent.rows() })
    }

    /// The area that shares stand for, in pixels.
    fn area(grid: &ImageGrid, shares: &[f32]) -> f64 {
        shares.iter().enumerate().map(|(cell, &share)| grid.cell(cell).area() * f64::from(share)).sum()
    }

    /// Grids over images of any shape, also of pixels that are not square, and a region in each.
    fn grids() -> impl Strategy<Value = (ImageGrid, Region)> {
        let sides = (1_u32..=70, 1_u32..=70);
        let shapes = (1_usize..=8, 1_usize..=8, 0.3..3.0_f64);
        let regions = (0.0..1.0_f64, 0.0..1.0_f64, 0.0..1.0_f64, 0.0..1.0_f64);
        (sides, shapes, regions).prop_map(
            |((width, height), (rows, columns, aspect), (x, y, right, bottom))| {
                let extent = ImageExtent::new(width, height).unwrap();
                let grid = ImageGrid::new(rows, columns, fitted(extent, aspect), extent).unwrap();
                let part = |share: f64, length: u32| (share * f64::from(length)) as u32;
                let (x, y) = (part(x, width), part(y, height));
                let (right, bottom) = (part(right, width - x), part(bottom, height - y));
                (grid, Region { x, y, width: 1 + right, height: 1 + bottom })
            },
        )
    }

    proptest! {
        #[test]
        fn cells_cover_the_image_and_their_boxes_stay_in_it((grid, _) in grids()) {
            let extent = grid.extent;
            let mut touched = vec![false; (extent.columns() * extent.rows()) as usize];
            let shares = grid.shares(&whole(extent)).unwrap();
            for (cell, &share) in shares.iter().enumerate() {
                let Some(region) = grid.cell_box(cell) else {
                    prop_assert!(share < 1e-4, "cell {} has no box and a share of {}", cell, share);
                    continue;
                };
                prop_assert!(region.within(extent.columns(), extent.rows()).is_ok());
                let pixels = f64::from(region.width) * f64::from(region.height);
                prop_assert!(pixels + 1e-3 >= f64::from(share) * grid.cell(cell).area());
                for y in region.y..region.y + region.height {
                    let start = (y * extent.columns() + region.x) as usize;
                    touched[start..start + region.width as usize].fill(true);
                }
            }
            prop_assert!(touched.iter().all(|touched| *touched));
            prop_assert!(grid.cell_box(grid.cells()).is_none());
            let pixels = f64::from(extent.columns() * extent.rows());
            prop_assert!((area(&grid, &shares) - pixels).abs() < 1e-3 * pixels);
            let shown: Vec<bool> = shares.iter().map(|share| *share >= 0.5).collect();
            // A share of a half, but for rounding, may be either.
            let on_edge = shares.iter().any(|share| (share - 0.5).abs() < 1e-5);
            prop_assert!(on_edge || grid.shown() == shown);
        }

        #[test]
        fn a_box_a_polygon_and_a_mask_of_the_same_pixels_are_the_same((grid, region) in grids()) {
            let extent = grid.extent;
            let Region { x, y, width, height } = region;
            let shares = grid.shares(&Outline::Box(region)).unwrap();
            let pixels = f64::from(width) * f64::from(height);
            prop_assert!((area(&grid, &shares) - pixels).abs() < 1e-3 * pixels);
            let (right, bottom) = (x + width, y + height);
            let mut corners = [[x, y], [right, y], [right, bottom], [x, bottom]].map(|corner| corner.map(|at| at as f32));
            let marked = (0..extent.rows()).flat_map(|row| {
                (0..extent.columns()).map(move |column| (x..right).contains(&column) && (y..bottom).contains(&row))
            });
            let mask = Outline::Mask(Mask::new(extent, marked.collect()).unwrap());
            let polygon = Outline::Polygon(Polygon::new(&corners).unwrap());
            corners.reverse();
            corners.rotate_left(1);
            let backwards = Outline::Polygon(Polygon::new(&corners).unwrap());
            for outline in [mask, polygon, backwards] {
                for (share, expected) in grid.shares(&outline).unwrap().iter().zip(&shares) {
                    prop_assert!((share - expected).abs() < 1e-4, "{:?}: {} for {}", outline, share, expected);
                }
            }
            let chosen = chosen_cells(&shares);
            prop_assert!(chosen.contains(&true));
            let most = shares.iter().copied().fold(0.0, f32::max);
            for (chosen, share) in chosen.into_iter().zip(&shares) {
                let is_right = if chosen { *share >= 0.5 || *share == most } else { *share < 0.5 };
                prop_assert!(is_right);
            }
        }
    }

    #[test]
    fn films_that_are_wide_or_high_leave_cells_beside_them() {
        // 8 x 8 cells of 300 x 300 pixels; the film covers 2 2/3 rows or columns in the middle.
        for (columns, rows) in [(2400, 800), (800, 2400)] {
            let grid = grid(columns, rows);
            let along = |cell: usize| if columns > rows { cell / 8 } else { cell % 8 };
            for (cell, shown) in grid.shown().into_iter().enumerate() {
                assert_eq!(shown, (3..5).contains(&along(cell)), "{cell}");
                assert_eq!(grid.cell_box(cell).is_some(), (2..6).contains(&along(cell)), "{cell}");
            }
            let shares = grid.shares(&whole(grid.extent)).unwrap();
            let expected = |cell: usize| [0.0, 0.0, 1.0 / 3.0, 1.0, 1.0, 1.0 / 3.0, 0.0, 0.0][along(cell)];
            assert!(shares.iter().enumerate().all(|(cell, share)| (share - expected(cell)).abs() < 1e-6));
        }
        let wide = grid(2400, 800);
        assert_eq!(wide.cell_box(16), Some(Region { x: 0, y: 0, width: 300, height: 100 }));
        assert_eq!(wide.cell_box(31), Some(Region { x: 2100, y: 100, width: 300, height: 300 }));
        let high = grid(800, 2400);
        assert_eq!(high.cell_box(2), Some(Region { x: 0, y: 0, width: 100, height: 300 }));
        assert_eq!(high.cell_box(61), Some(Region { x: 700, y: 2100, width: 100, height: 300 }));
    }

    #[test]
    fn edges_on_pixels_touch_no_further_pixel() {
        // Cells of 2,048 pixels, and of 1/8 of one.
        let large = grid(16_384, 16_384);
        assert_eq!(large.cell_box(9), Some(Region { x: 2048, y: 2048, width: 2048, height: 2048 }));
        assert_eq!(grid(1, 1).cell_box(63), Some(Region { x: 0, y: 0, width: 1, height: 1 }));
        // A frame of tenths: the edge at 30 is not quite there in binary.
        let extent = ImageExtent::new(40, 40).unwrap();
        let grid = ImageGrid::new(1, 3, GridFrame::new(0.3, 0.0, 44.55, 40.0).unwrap(), extent).unwrap();
        assert_eq!(grid.cell_box(2), Some(Region { x: 30, y: 0, width: 10, height: 40 }));
    }

    #[test]
    fn a_small_region_chooses_the_cell_that_has_most_of_it() {
        let grid = grid(800, 800);
        let chosen = |x, y, width, height| -> Vec<usize> {
            let shares = grid.shares(&Outline::Box(Region { x, y, width, height })).unwrap();
            (0..64).filter(|&cell| chosen_cells(&shares)[cell]).collect()
        };
        assert_eq!(chosen(90, 10, 30, 20), [1]);
        assert_eq!(chosen(0, 0, 1, 1), [0]);
        assert_eq!(chosen(50, 0, 200, 100), [0, 1, 2]);
        // The first of equals.
        assert_eq!(chosen(90, 90, 20, 20), [0]);
    }

    #[track_caller]
    fn refused<T>(found: Result<T, ModelError>, message: &str) {
        assert_eq!(found.err().unwrap().to_string(), message);
    }

    #[test]
    fn what_is_no_grid_is_refused_by_its_field() {
        let extent = ImageExtent::new(100, 50).unwrap();
        let frame = GridFrame::of(extent);
        for (rows, columns) in [(0, 8), (8, 0), (5, 13), (usize::MAX, 2)] {
            let message =
                format!("grid: has {rows} x {columns} cells; a grid has 1 to 64; give a coarser grid");
            refused(ImageGrid::new(rows, columns, frame, extent), &message);
        }
        let remedy = "give the rectangle that the grid covers, in pixels of the original image";
        for [x, y, width, height] in
            [[f32::NAN, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, -1.0], [0.0, 3e38, 1.0, 3e38]]
        {
            let problem = format!(
                "is {width} x {height} pixels at ({x}, {y}); it needs finite numbers, and sides above 0"
            );
            refused(GridFrame::new(x, y, width, height), &format!("frame: {problem}; {remedy}"));
        }
        for [x, y, width, height] in
            [[100.0, 0.0, 10.0, 10.0], [0.0, -10.0, 10.0, 10.0], [-1e30, 0.0, 1.0, 1.0]]
        {
            let beside = GridFrame::new(x, y, width, height).unwrap();
            let problem = format!(
                "of {width} x {height} pixels at ({x}, {y}) lies beside the image of 100 x 50 pixels"
            );
            refused(ImageGrid::new(8, 8, beside, extent), &format!("frame: {problem}; {remedy}"));
        }
    }

    #[test]
    fn an_outline_beside_the_image_or_the_grid_is_refused_by_its_field() {
        let extent = ImageExtent::new(100, 50).unwrap();
        let grid = ImageGrid::new(4, 4, GridFrame::new(0.0, 0.0, 50.0, 50.0).unwrap(), extent).unwrap();
        let outside = Outline::Box(Region { x: 90, y: 0, width: 11, height: 10 });
        refused(
            grid.shares(&outside),
            "box: of 11 x 10 pixels at (90, 0) does not lie in 100 x 50 pixels; give a region inside the original picture",
        );
        let beside = Outline::Box(Region { x: 50, y: 0, width: 11, height: 10 });
        refused(
            grid.shares(&beside),
            "box: lies where the grid has no cell; draw it over what the encoder sees",
        );
        let outside = Outline::Polygon(Polygon::new(&[[0.0, 0.0], [100.0, 50.0], [0.0, 50.5]]).unwrap());
        refused(
            grid.shares(&outside),
            "polygon: has a vertex at (0, 50.5), outside the image of 100 x 50 pixels; give vertices inside the original image, in its pixels",
        );
        let other = ImageExtent::new(50, 100).unwrap();
        let mask = Outline::Mask(Mask::new(other, vec![true; 5000]).unwrap());
        refused(
            grid.shares(&mask),
            "mask: has 50 x 100 pixels, the image has 100 x 50; give a mask of the size of the original image",
        );
    }
}
