//! Outlines of a part of an image, in pixels of the original.

use crate::image::MAX_IMAGE_SIDE;
use crate::{ImageExtent, ModelError, Region};
use std::fmt;
use std::ops::Range;

/// Most vertices of a polygon.
pub const MAX_VERTICES: usize = 256;

/// Vertices are kept as whole numbers of such parts of a pixel, so that whether edges meet is exact.
const PARTS: f64 = 256.0;

/// A part of an image.
#[derive(Debug, Clone, PartialEq)]
pub enum Outline {
    /// A rectangle.
    Box(Region),
    /// What edges enclose.
    Polygon(Polygon),
    /// Marked pixels.
    Mask(Mask),
}

impl Outline {
    /// The name of its field.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Box(_) => "box",
            Self::Polygon(_) => "polygon",
            Self::Mask(_) => "mask",
        }
    }

    /// Checks that it lies in an image of this size.
    ///
    /// # Errors
    /// An outline that leaves the image, an empty box, or a mask of another size.
    pub fn within(&self, extent: ImageExtent) -> Result<(), ModelError> {
        match self {
            Self::Box(region) => match region.within(extent.columns(), extent.rows()) {
                Ok(_) => Ok(()),
                Err(error) => Err(ModelError { field: self.field().into(), ..error }),
            },
            Self::Polygon(polygon) => polygon.within(extent),
            Self::Mask(mask) => mask.within(extent),
        }
    }

    /// The area inside that lies in a rectangle, in pixels.
    pub(crate) fn area_within(&self, x: &Range<f64>, y: &Range<f64>) -> f64 {
        match self {
            Self::Box(region) => {
                let side = |at: u32, length: u32| f64::from(at)..f64::from(at) + f64::from(length);
                common(x, &side(region.x, region.width)) * common(y, &side(region.y, region.height))
            }
            Self::Polygon(polygon) => polygon.area_within(x, y),
            Self::Mask(mask) => mask.area_within(x, y),
        }
    }
}

/// How long the part is that two ranges have in common.
pub(crate) fn common(one: &Range<f64>, other: &Range<f64>) -> f64 {
    (one.end.min(other.end) - one.start.max(other.start)).max(0.0)
}

/// A polygon whose edges meet at their common vertices only.
#[derive(Clone, PartialEq, Eq)]
pub struct Polygon {
    /// In parts of a pixel.
    vertices: Vec<[i64; 2]>,
}

impl Polygon {
    /// Of vertices in their order, `[x, y]` each; the last is joined to the first, which may be given again at the end. They are
    /// rounded to 1/256 of a pixel, and a vertex that equals the one before it does not count.
    ///
    /// # Errors
    /// Fewer than 3 vertices or more than [`MAX_VERTICES`], one that is not finite or in no image, or edges that cross or touch.
    pub fn new(vertices: &[[f32; 2]]) -> Result<Self, ModelError> {
        let refuse = |problem: String, remedy: &str| Err(ModelError::new("polygon", problem, remedy));
        let allowed = "give 3 to 256 different vertices";
        if vertices.len() > MAX_VERTICES {
            return refuse(format!("has {} vertices", vertices.len()), allowed);
        }
        // Each with its place, for the message.
        let mut kept: Vec<(usize, [i64; 2])> = Vec::with_capacity(vertices.len());
        for (place, &vertex) in vertices.iter().enumerate() {
            // NaN is not inside.
            if !vertex.iter().all(|number| (0.0..=MAX_IMAGE_SIDE as f32).contains(number)) {
                let [x, y] = vertex;
                let problem = format!("has vertex {place} at ({x}, {y})");
                return refuse(problem, "give vertices inside the original image, in its pixels");
            }
            let vertex = vertex.map(|number| (f64::from(number) * PARTS).round() as i64);
            // Of equal ones the last, at which the edge begins that leads away.
            kept.pop_if(|(_, last)| *last == vertex);
            kept.push((place, vertex));
        }
        if kept.len() > 1 && kept.first().map(|(_, first)| first) == kept.last().map(|(_, last)| last) {
            kept.pop();
        }
        if kept.len() < 3 {
            return refuse(format!("has {} different vertices", kept.len()), allowed);
        }
        if let Some((one, other)) = edges_that_meet(&kept) {
            let remedy = "draw an outline that does not meet itself, or give a mask; edges are counted from 0 by the vertex they begin at";
            return refuse(format!("has edges {one} and {other} that cross or touch"), remedy);
        }
        Ok(Self { vertices: kept.into_iter().map(|(_, vertex)| vertex).collect() })
    }

    fn points(&self) -> impl Iterator<Item = [f64; 2]> {
        self.vertices.iter().map(|vertex| vertex.map(|number| number as f64 / PARTS))
    }

    fn within(&self, extent: ImageExtent) -> Result<(), ModelError> {
        let (columns, rows) = (extent.columns(), extent.rows());
        match self.points().find(|&[x, y]| x > columns.into() || y > rows.into()) {
            None => Ok(()),
            Some([x, y]) => {
                let problem =
                    format!("has a vertex at ({x}, {y}), outside the image of {columns} x {rows} pixels");
                Err(ModelError::new(
                    "polygon",
                    problem,
                    "give vertices inside the original image, in its pixels",
                ))
            }
        }
    }

    fn area_within(&self, x: &Range<f64>, y: &Range<f64>) -> f64 {
        let mut points: Vec<[f64; 2]> = self.points().collect();
        for (axis, range) in [x, y].into_iter().enumerate() {
            points = clipped(&points, axis, |at| at >= range.start, range.start);
            points = clipped(&points, axis, |at| at <= range.end, range.end);
        }
        let twice: f64 = around(&points).map(|([ax, ay], [bx, by])| ax * by - bx * ay).sum();
        twice.abs() / 2.0
    }
}

/// How many vertices only, as of a mask.
impl fmt::Debug for Polygon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Polygon({} vertices)", self.vertices.len())
    }
}

/// Each point with the next; the last with the first.
fn around<T: Copy>(points: &[T]) -> impl Iterator<Item = (T, T)> {
    points.iter().copied().zip(points.iter().copied().cycle().skip(1))
}

/// What lies on one side of a line across an axis (Sutherland and Hodgman 1974). A part that falls into pieces stays one, joined along the
/// line by edges there and back, which enclose nothing.
fn clipped(points: &[[f64; 2]], axis: usize, is_inside: impl Fn(f64) -> bool, line: f64) -> Vec<[f64; 2]> {
    let mut kept = Vec::with_capacity(points.len() + 4);
    for (a, b) in around(points) {
        if is_inside(a[axis]) {
            kept.push(a);
        }
        if is_inside(a[axis]) != is_inside(b[axis]) {
            let other = 1 - axis;
            let share = (line - a[axis]) / (b[axis] - a[axis]);
            let mut cut = [line; 2];
            cut[other] = a[other] + share * (b[other] - a[other]);
            kept.push(cut);
        }
    }
    kept
}

/// Twice the area to the left of a path over three points; 0 where they lie on a line. Whole numbers, so it is exact.
fn turn([ax, ay]: [i64; 2], [bx, by]: [i64; 2], [cx, cy]: [i64; 2]) -> i64 {
    (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
}

/// Two edges that have a point in common other than a vertex between them, by the places of their first vertices.
fn edges_that_meet(vertices: &[(usize, [i64; 2])]) -> Option<(usize, usize)> {
    let edges: Vec<_> = around(vertices).map(|((place, a), (_, b))| (place, a, b)).collect();
    let (count, mut pairs) =
        (edges.len(), (0..edges.len()).flat_map(|one| (0..one).map(move |other| (other, one))));
    let (one, other) = pairs.find(|&(one, other)| {
        let ((_, a, b), (_, c, d)) = (edges[one], edges[other]);
        match (other - one, count - other + one) {
            (1, _) => folds_back(a, b, d),
            (_, 1) => folds_back(c, d, b),
            _ => have_a_point_in_common(a, b, c, d),
        }
    })?;
    Some((edges[one].0, edges[other].0))
}

/// Whether a path goes back on itself at its middle.
fn folds_back(a: [i64; 2], middle: [i64; 2], b: [i64; 2]) -> bool {
    let ahead: i64 = (0..2).map(|axis| (middle[axis] - a[axis]) * (b[axis] - middle[axis])).sum();
    turn(a, middle, b) == 0 && ahead < 0
}

fn have_a_point_in_common(a: [i64; 2], b: [i64; 2], c: [i64; 2], d: [i64; 2]) -> bool {
    let spans =
        |one: [i64; 2], other: [i64; 2], axis: usize| one[axis].min(other[axis])..=one[axis].max(other[axis]);
    let boxes_meet = (0..2).all(|axis| {
        let (one, other) = (spans(a, b, axis), spans(c, d, axis));
        one.start() <= other.end() && other.start() <= one.end()
    });
    let is_between = |one: i64, other: i64| one.signum() * other.signum() <= 0;
    boxes_meet && is_between(turn(a, b, c), turn(a, b, d)) && is_between(turn(c, d, a), turn(c, d, b))
}

/// Marked pixels of an image.
#[derive(Clone, PartialEq, Eq)]
pub struct Mask {
    columns: u32,
    rows: u32,
    marked: Vec<bool>,
}

impl Mask {
    /// Which pixels are marked, row by row from the top left of an image of this size.
    ///
    /// # Errors
    /// Another number of pixels than the image has, or none that is marked.
    pub fn new(extent: ImageExtent, marked: Vec<bool>) -> Result<Self, ModelError> {
        let (columns, rows) = (extent.columns(), extent.rows());
        if marked.len() != columns as usize * rows as usize {
            let problem = format!("has {} pixels, {columns} x {rows} are others", marked.len());
            return Err(ModelError::new("mask", problem, "give every pixel once"));
        }
        if !marked.contains(&true) {
            return Err(ModelError::new(
                "mask",
                "marks no pixel",
                "mark what is asked about, or leave it out",
            ));
        }
        Ok(Self { columns, rows, marked })
    }

    fn within(&self, extent: ImageExtent) -> Result<(), ModelError> {
        let (columns, rows) = (extent.columns(), extent.rows());
        if (self.columns, self.rows) == (columns, rows) {
            return Ok(());
        }
        let problem =
            format!("has {} x {} pixels, the image has {columns} x {rows}", self.columns, self.rows);
        Err(ModelError::new("mask", problem, "give a mask of the size of the original image"))
    }

    fn area_within(&self, x: &Range<f64>, y: &Range<f64>) -> f64 {
        let pixels = |range: &Range<f64>, count: u32| {
            range.start.max(0.0) as u32..(range.end.ceil().max(0.0) as u32).min(count)
        };
        let length = |range: &Range<f64>, at: u32| common(range, &(f64::from(at)..f64::from(at) + 1.0));
        let across = pixels(x, self.columns);
        let lengths: Vec<f64> = across.clone().map(|column| length(x, column)).collect();
        let row_area = |row: u32| -> f64 {
            let marked = &self.marked[row as usize * self.columns as usize..][..self.columns as usize];
            let marked = marked.get(across.start as usize..across.end as usize).unwrap_or_default();
            marked.iter().zip(&lengths).filter(|(marked, _)| **marked).map(|(_, length)| length).sum::<f64>()
                * length(y, row)
        };
        pixels(y, self.rows).map(row_area).sum()
    }
}

/// The size only: a mask shows what somebody saw in an image.
impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} x {}, hidden)", self.columns, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether a point lies inside by the number of edges to its right.
    fn is_inside(vertices: &[[f32; 2]], [x, y]: [f32; 2]) -> bool {
        let crossed = around(vertices).filter(|&([ax, ay], [bx, by])| {
            (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax)
        });
        crossed.count() % 2 == 1
    }

    proptest! {
        // Few places, so that vertices meet edges and each other often.
        #[test]
        fn a_polygon_that_is_taken_encloses_what_lies_inside_its_edges(
            vertices in prop::collection::vec((0_u8..7, 0_u8..7), 3..9)
        ) {
            let vertices: Vec<[f32; 2]> = vertices.iter().map(|&(x, y)| [x.into(), y.into()]).collect();
            if let Ok(polygon) = Polygon::new(&vertices) {
                for x in 0..6 {
                    for y in 0..6 {
                        let area = polygon.area_within(&(x.into()..f64::from(x + 1)), &(y.into()..f64::from(y + 1)));
                        // 20 x 20 points, none of which is on an edge between whole places.
                        let points = (0..400).map(|point| {
                            [x as f32 + (point % 20) as f32 / 20.0 + 0.0237, y as f32 + (point / 20) as f32 / 20.0 + 0.0161]
                        });
                        let share = points.filter(|point| is_inside(&vertices, *point)).count() as f64 / 400.0;
                        prop_assert!((area - share).abs() < 0.2, "({}, {}) of {:?}: {} for {}", x, y, vertices, area, share);
                    }
                }
            }
        }

        #[test]
        fn the_parts_of_a_polygon_add_up(
            radii in prop::collection::vec(10.0_f64..50.0, 3..256), cuts in prop::collection::vec(0.0..100.0_f64, 6),
        ) {
            // A star has edges that do not cross, whatever its rays.
            let vertices: Vec<[f32; 2]> = radii.iter().enumerate().map(|(ray, radius)| {
                let angle = ray as f64 / radii.len() as f64 * std::f64::consts::TAU;
                [(50.0 + radius * angle.cos()) as f32, (50.0 + radius * angle.sin()) as f32]
            }).collect();
            let polygon = Polygon::new(&vertices).unwrap();
            let points: Vec<[f64; 2]> = polygon.points().collect();
            let twice: f64 = around(&points).map(|([ax, ay], [bx, by])| ax * by - bx * ay).sum();
            let mut edges = [&[0.0, 100.0][..], &cuts].concat();
            edges.sort_by(f64::total_cmp);
            let ranges: Vec<Range<f64>> = edges.windows(2).map(|pair| pair[0]..pair[1]).collect();
            let parts: f64 = ranges.iter().flat_map(|x| ranges.iter().map(|y| polygon.area_within(x, y))).sum();
            prop_assert!((parts - twice / 2.0).abs() < 1e-6 * parts);
        }
    }

    #[test]
    fn an_l_is_clipped_to_its_pieces() {
        // A U of 3 x 3 with a notch of 1 x 2 from above: a row across its arms sees two pieces.
        let corners =
            [[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [2.0, 2.0], [2.0, 0.0], [3.0, 0.0], [3.0, 3.0], [0.0, 3.0]];
        let polygon = Polygon::new(&corners).unwrap();
        assert_eq!(polygon.area_within(&(0.0..3.0), &(0.0..3.0)), 7.0);
        assert_eq!(polygon.area_within(&(0.0..3.0), &(0.5..1.5)), 2.0);
        assert_eq!(polygon.area_within(&(1.0..2.0), &(0.0..2.0)), 0.0);
        assert_eq!(polygon.area_within(&(0.5..2.5), &(1.5..2.5)), 1.5);
        assert_eq!(polygon.area_within(&(3.0..9.0), &(0.0..9.0)), 0.0);
    }

    #[track_caller]
    fn refused(vertices: &[[f32; 2]], problem: &str) {
        let error = Polygon::new(vertices).unwrap_err();
        assert_eq!((error.field.as_str(), error.problem.as_str()), ("polygon", problem));
    }

    #[test]
    fn a_polygon_that_meets_itself_is_refused() {
        let [a, b, c, d] = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];
        assert!(Polygon::new(&[a, b, c, d]).is_ok());
        refused(&[a, c, b, d], "has edges 0 and 2 that cross or touch");
        refused(&[b, a, c, d], "has edges 1 and 3 that cross or touch");
        // An edge on which a vertex lies, and one that goes back on itself.
        refused(&[a, b, c, [5.0, 0.0], d], "has edges 0 and 2 that cross or touch");
        refused(&[a, b, c, [10.0, 5.0]], "has edges 1 and 2 that cross or touch");
        refused(&[a, b, [5.0, 0.0]], "has edges 0 and 1 that cross or touch");
        refused(&[a, b, c, a, d], "has edges 0 and 2 that cross or touch");
        // Numbers are those of the vertices given.
        refused(&[a, a, a, c, b, d], "has edges 2 and 4 that cross or touch");
    }

    #[test]
    fn vertices_that_are_the_same_count_once() {
        let (a, b, c) = ([0.0, 0.0], [10.0, 0.0], [10.0, 10.0]);
        let triangle = Polygon::new(&[a, b, c]).unwrap();
        assert_eq!(Polygon::new(&[a, a, b, [10.001, 0.0], c, c, a]).unwrap(), triangle);
        refused(&[a, a, b, a], "has 2 different vertices");
        refused(&[a], "has 1 different vertices");
        refused(&[], "has 0 different vertices");
        refused(&[a; 257], "has 257 vertices");
        refused(&[a, b, [f32::NAN, 1.0]], "has vertex 2 at (NaN, 1)");
        refused(&[a, [-0.5, 0.0], c], "has vertex 1 at (-0.5, 0)");
        refused(&[a, [0.0, 16_385.0], c], "has vertex 1 at (0, 16385)");
    }

    #[test]
    fn a_mask_has_the_pixels_of_its_image() {
        let extent = ImageExtent::new(3, 2).unwrap();
        let error = Mask::new(extent, vec![true; 5]).unwrap_err();
        assert_eq!(error.to_string(), "mask: has 5 pixels, 3 x 2 are others; give every pixel once");
        let error = Mask::new(extent, vec![false; 6]).unwrap_err();
        assert_eq!(error.to_string(), "mask: marks no pixel; mark what is asked about, or leave it out");
        let mask = Mask::new(extent, vec![false, true, false, true, true, false]).unwrap();
        assert_eq!(mask.area_within(&(0.5..1.75), &(0.0..1.5)), 0.75 + 0.25 + 0.375);
        assert_eq!(mask.area_within(&(-9.0..0.0), &(-9.0..9.0)), 0.0);
        assert_eq!(mask.area_within(&(4.0..9.0), &(-9.0..9.0)), 0.0);
    }

    #[test]
    fn debug_hides_where_an_outline_is() {
        let polygon = Polygon::new(&[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]]).unwrap();
        assert_eq!(format!("{polygon:?}"), "Polygon(3 vertices)");
        let mask = Mask::new(ImageExtent::new(1, 1).unwrap(), vec![true]).unwrap();
        assert_eq!(format!("{:?}", Outline::Mask(mask)), "Mask(Mask(1 x 1, hidden))");
    }
}
