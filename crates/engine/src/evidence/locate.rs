//! Where in an image a sentence fits: the best cell, and those around it that fit nearly as well.

use precedent_model::{ImageGrid, Projection, Region, Zone};
use precedent_query::Location;

/// The cosines of sentences with the cells of an image.
pub(super) struct Matched {
    /// Sentence after sentence, cells row by row.
    cosines: Vec<f32>,
    /// The cells that count.
    counted: Vec<usize>,
    cells: usize,
}

impl Matched {
    /// Of whole rows, one cosine for each cell, of which some count; if none does, all do.
    pub fn new(cosines: Vec<f32>, counted: &[bool]) -> Self {
        let cells = counted.len();
        // A frame that covers hardly anything of the image has no cell of which half shows it.
        let counts = |cell: &usize| counted[*cell] || !counted.contains(&true);
        Self { cosines, counted: (0..cells).filter(counts).collect(), cells }
    }

    /// The cosines of a sentence with all cells.
    pub fn row(&self, sentence: usize) -> &[f32] {
        &self.cosines[sentence * self.cells..][..self.cells]
    }

    /// The highest cosine of a sentence with a cell that counts.
    pub fn best(&self, sentence: usize) -> f32 {
        let row = self.row(sentence);
        self.counted.iter().map(|&cell| row[cell]).fold(f32::NEG_INFINITY, f32::max)
    }

    /// For each cell the highest number that `value` gives for a sentence and its cosine there.
    pub fn best_by_cell(&self, value: impl Fn(usize, f32) -> f32) -> Vec<f32> {
        let mut best = vec![f32::NEG_INFINITY; self.cells];
        for (sentence, row) in self.cosines.chunks_exact(self.cells).enumerate() {
            for (best, &cosine) in best.iter_mut().zip(row) {
                *best = f32::max(*best, value(sentence, cosine));
            }
        }
        best
    }
}

/// The cells that count and that no sentence fits as well as it does images on average: below 0, the least first.
pub(super) fn least(fit: &[f32], counted: &[bool]) -> Vec<usize> {
    let mut cells: Vec<usize> = (0..fit.len()).filter(|&cell| counted[cell] && fit[cell] < 0.0).collect();
    cells.sort_by(|&a, &b| fit[a].total_cmp(&fit[b]));
    cells
}

/// Where a sentence with these cosines fits best, of the cells that count.
pub(super) fn location(
    image: usize,
    grid: &ImageGrid,
    map: &[f32],
    counted: &[bool],
    projection: Option<Projection>,
) -> Location {
    let none_counts = !counted.contains(&true);
    let counts = |cell: &usize| (counted[*cell] || none_counts) && grid.cell_box(*cell).is_some();
    let cells: Vec<usize> = (0..map.len()).filter(counts).collect();
    let peak = cells.iter().copied().reduce(|best, cell| if map[cell] > map[best] { cell } else { best });
    let peak = peak.unwrap_or(0);
    let around = around(peak, map, &cells, grid.columns());
    let boxes = around.iter().filter_map(|&cell| grid.cell_box(cell));
    let region = boxes.reduce(hull).unwrap_or(Region { x: 0, y: 0, width: 1, height: 1 });
    let at_peak = grid.cell_box(peak).unwrap_or(region);
    Location {
        image,
        cell: peak,
        region,
        zone: Zone::of(at_peak, grid.extent(), projection),
        map: map.to_vec(),
    }
}

/// The cells that hang together with the peak, side by side, and fit at least half as much better than the middle one as it does.
fn around(peak: usize, map: &[f32], cells: &[usize], columns: usize) -> Vec<usize> {
    let mut sorted: Vec<f32> = cells.iter().map(|&cell| map[cell]).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let least = middle + (map[peak] - middle) / 2.0;
    let (mut found, mut next) = (vec![peak], 0);
    while let Some(&cell) = found.get(next) {
        next += 1;
        let (row, column) = (cell / columns, cell % columns);
        let beside = cells.iter().copied().filter(|&other| {
            (other / columns).abs_diff(row) + (other % columns).abs_diff(column) == 1 && map[other] >= least
        });
        let new: Vec<usize> = beside.filter(|other| !found.contains(other)).collect();
        found.extend(new);
    }
    found
}

/// The smallest box around two.
fn hull(one: Region, other: Region) -> Region {
    let (x, y) = (one.x.min(other.x), one.y.min(other.y));
    let right = (one.x + one.width).max(other.x + other.width);
    let bottom = (one.y + one.height).max(other.y + other.height);
    Region { x, y, width: right - x, height: bottom - y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{GridFrame, ImageExtent};

    fn grid(columns: u32, rows: u32, frame: [f32; 4]) -> ImageGrid {
        let [x, y, width, height] = frame;
        let extent = ImageExtent::new(columns, rows).unwrap();
        ImageGrid::new(4, 4, GridFrame::new(x, y, width, height).unwrap(), extent).unwrap()
    }

    /// Everything 0 but for these cells.
    fn map(high: &[(usize, f32)]) -> Vec<f32> {
        let mut map = vec![0.0; 16];
        high.iter().for_each(|&(cell, value)| map[cell] = value);
        map
    }

    #[test]
    fn the_box_holds_the_peak_and_what_hangs_together_with_it() {
        let grid = grid(400, 400, [0.0, 0.0, 400.0, 400.0]);
        let frontal = Some(Projection::Frontal);
        // Cell 9 is the peak; 10 is nearly as good, 14 hangs on 10, 0 is as good and apart, 5 is too weak.
        let found = location(
            2,
            &grid,
            &map(&[(9, 0.8), (10, 0.5), (14, 0.4), (0, 0.7), (5, 0.3)]),
            &[true; 16],
            frontal,
        );
        assert_eq!((found.image, found.cell), (2, 9));
        assert_eq!(found.region, Region { x: 100, y: 200, width: 200, height: 200 });
        assert_eq!(found.zone, Some(Zone::RightMid));
        assert_eq!(location(0, &grid, &map(&[(3, 0.2)]), &[true; 16], None).zone, Some(Zone::Upper));
    }

    #[test]
    fn cells_beside_the_image_are_never_the_best() {
        // The upper row of cells lies above the image.
        let grid = grid(400, 300, [0.0, -100.0, 400.0, 400.0]);
        let cosines = map(&[(1, 0.9), (6, 0.5)]);
        assert_eq!(location(0, &grid, &cosines, &grid.shown(), None).cell, 6);
        let matched = Matched::new(cosines, &grid.shown());
        assert_eq!(matched.best(0), 0.5);
    }

    #[test]
    fn equal_cells_are_one_region_and_the_first_is_the_peak() {
        let grid = grid(400, 400, [0.0, 0.0, 400.0, 400.0]);
        let found = location(0, &grid, &[0.25; 16], &[true; 16], None);
        assert_eq!((found.cell, found.region), (0, Region { x: 0, y: 0, width: 400, height: 400 }));
    }

    #[test]
    fn each_cell_has_the_best_of_all_sentences() {
        let rows = [map(&[(1, 0.9)]), map(&[(1, 0.2), (2, 0.3)])].concat();
        let matched = Matched::new(rows, &[true; 16]);
        assert_eq!(matched.best_by_cell(|_, cosine| cosine)[..3], [0.0, 0.9, 0.3]);
        let of_second = matched.best_by_cell(|sentence, cosine| if sentence == 1 { cosine } else { -1.0 });
        assert_eq!(of_second[..3], [0.0, 0.2, 0.3]);
    }

    #[test]
    fn unexplained_are_the_cells_that_count_below_0_the_worst_first() {
        let mut counted = [true; 5];
        counted[3] = false;
        assert_eq!(least(&[-0.5, 0.5, -2.0, -9.0, 0.0], &counted), [2, 0]);
    }
}
