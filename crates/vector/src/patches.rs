//! Local vectors in 8 bits a number: those of the cells of an image, and that of a sentence.
//!
//! A number is a whole one of -127 to 127 times the step, which is the largest absolute number of the vectors / 127. A whole number is
//! the nearest, and half way between two the one that is further from 0. Division and rounding are exact in this sense on every processor,
//! so equal vectors give equal bytes everywhere.
//!
//! One step serves all cells of an image: the largest of whole products is then that of the largest cosine ([`crate::MaxSim::best`]).

use crate::maxsim::{MaxSim, number_of};
use crate::space::MIN_DIMENSION;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Most cells of an image.
pub const MAX_PATCHES: usize = 64;
/// Most numbers of a local vector; the fewest are [`MIN_DIMENSION`].
pub const MAX_LOCAL_DIMENSION: usize = 128;

/// The largest whole number that stands for a number, and the smallest with its sign turned.
const LARGEST: f32 = 127.0;
/// How far the length of a vector may be from 1 before it is rounded.
const LENGTH_ERROR: f64 = 0.02;

/// Why local vectors are refused. The words go behind the name of their field.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PatchesError {
    /// A grid without cells, or with too many.
    #[error("has {rows} x {columns} cells; give 1 to {MAX_PATCHES} cells")]
    Cells {
        /// Rows of cells.
        rows: usize,
        /// Cells in a row.
        columns: usize,
    },
    /// Vectors too short or too long.
    #[error(
        "has vectors of {dimension} numbers; give vectors of {MIN_DIMENSION} to {MAX_LOCAL_DIMENSION} numbers"
    )]
    Dimension {
        /// Numbers of a vector.
        dimension: usize,
    },
    /// Another count of numbers than cells and dimension make.
    #[error("has {found} numbers; give {expected}, {dimension} of each vector")]
    Count {
        /// Numbers given.
        found: usize,
        /// Numbers of all vectors.
        expected: usize,
        /// Numbers of a vector.
        dimension: usize,
    },
    /// Another count of bytes than cells and dimension make.
    #[error("has {found} bytes; give {expected}, {row_bytes} for each vector")]
    Bytes {
        /// Bytes given.
        found: usize,
        /// Bytes of all vectors.
        expected: usize,
        /// Bytes of a vector.
        row_bytes: usize,
    },
    /// A step that no vectors of length 1 have.
    #[error(
        "has a step of {step}; give the largest absolute number of its vectors / 127, which is above 0 and at most 1"
    )]
    Step {
        /// The step given.
        step: f32,
    },
    /// A number that is NaN or infinite.
    #[error("has {value} as number {index}; every number must be finite")]
    NotFinite {
        /// Its place, from 0.
        index: usize,
        /// `NaN`, `inf` or `-inf`.
        value: f32,
    },
    /// A whole number that no number is rounded to.
    #[error("has -128 as number {index}; give whole numbers from -127 to 127")]
    Number {
        /// Its place, from 0.
        index: usize,
    },
    /// Bytes that fill a row up and are not 0.
    #[error("has bytes other than 0 behind the numbers of vector {vector}; fill rows up with zeros")]
    Filling {
        /// Which vector, from 0.
        vector: usize,
    },
    /// A vector of another length than 1.
    #[error("has length {length} as vector {vector}; divide every vector by its length")]
    Length {
        /// Which vector, from 0.
        vector: usize,
        /// Its length.
        length: f32,
    },
}

/// The vectors of the cells of an image, row by row from its top left: each of length 1 before it was rounded, and all of one step.
///
/// Equal are grids of equal shape, step and numbers. Those of equal vectors are; but vectors that are computed again from rounded numbers
/// may get another step.
#[derive(Clone, PartialEq)]
pub struct Patches {
    rows: u8,
    columns: u8,
    bytes: ByteRows,
}

/// The vector of a sentence: of length 1 before it was rounded, with a step of its own. Equal are those of equal step and numbers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ByteVector {
    bytes: ByteRows,
}

impl Patches {
    /// Rounds vectors of length 1, one after the other.
    ///
    /// # Errors
    /// No cell or too many, vectors too short, too long or not as many as there are cells, a number that is not finite, a
    /// vector whose length is not 1 within 2 %.
    pub fn quantise(
        rows: usize,
        columns: usize,
        dimension: usize,
        values: &[f32],
    ) -> Result<Self, PatchesError> {
        let (cells, rows, columns) = cells(rows, columns)?;
        Ok(Self { rows, columns, bytes: ByteRows::quantise(cells, dimension, values)? })
    }

    /// Of whole numbers, one vector after the other, as a site's own encoder may give them.
    ///
    /// # Errors
    /// As [`Patches::quantise`], with room for rounding in the length; a step that is no step, or -128.
    pub fn of_numbers(
        rows: usize,
        columns: usize,
        dimension: usize,
        step: f32,
        numbers: &[i8],
    ) -> Result<Self, PatchesError> {
        let (cells, rows, columns) = cells(rows, columns)?;
        Ok(Self { rows, columns, bytes: ByteRows::of_numbers(cells, dimension, step, numbers)? })
    }

    /// What [`Patches::step`] and [`Patches::as_rows`] gave. The lengths of the vectors are not checked again.
    ///
    /// # Errors
    /// Another shape, a step that is no step, a byte that no number is kept as.
    pub fn restore(
        rows: usize,
        columns: usize,
        dimension: usize,
        step: f32,
        bytes: Vec<u8>,
    ) -> Result<Self, PatchesError> {
        let (cells, rows, columns) = cells(rows, columns)?;
        Ok(Self { rows, columns, bytes: ByteRows::restore(cells, dimension, step, bytes)? })
    }

    /// Rows of cells.
    pub fn rows(&self) -> usize {
        self.rows.into()
    }

    /// Cells in a row.
    pub fn columns(&self) -> usize {
        self.columns.into()
    }

    /// Cells, each with a vector.
    pub fn cells(&self) -> usize {
        self.rows() * self.columns()
    }

    /// Numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.bytes.dimension.into()
    }

    /// What each whole number is multiplied with.
    pub fn step(&self) -> f32 {
        self.bytes.step
    }

    /// The vectors as rows of bytes for [`MaxSim`]: each number + 128, each vector filled up with zeros to [`MaxSim::row_bytes`].
    pub fn as_rows(&self) -> &[u8] {
        &self.bytes.bytes
    }

    /// The whole numbers of all vectors, one after the other, as [`Patches::of_numbers`] takes them.
    pub fn numbers(&self) -> Vec<i8> {
        self.bytes.numbers().collect()
    }

    /// The vectors as a query: of all cells, or in their order of those that are `true`. None where none is.
    ///
    /// # Panics
    /// When there is not one `bool` for each cell.
    pub fn query(&self, cells: Option<&[bool]>) -> Option<MaxSim> {
        let numbers = self.numbers();
        let Some(cells) = cells else { return Some(MaxSim::packing(&numbers, self.dimension())) };
        assert_eq!(cells.len(), self.cells(), "one bool for each cell");
        let vectors = numbers.chunks_exact(self.dimension()).zip(cells);
        let wanted: Vec<i8> =
            vectors.filter(|(_, wanted)| **wanted).flat_map(|(vector, _)| vector).copied().collect();
        (!wanted.is_empty()).then(|| MaxSim::packing(&wanted, self.dimension()))
    }

    /// The cosine of the vector of a cell with another one of that step, given the product of their whole numbers. In 32-bit floats and
    /// this order, so it is the same everywhere. It may be above 1 by what rounding added.
    pub fn cosine(&self, step: f32, product: i32) -> f32 {
        self.step() * step * product as f32
    }
}

impl ByteVector {
    /// Rounds a vector of length 1.
    ///
    /// # Errors
    /// As [`Patches::quantise`].
    pub fn quantise(values: &[f32]) -> Result<Self, PatchesError> {
        Ok(Self { bytes: ByteRows::quantise(1, values.len(), values)? })
    }

    /// Of whole numbers, as a site's own encoder may give them.
    ///
    /// # Errors
    /// As [`Patches::of_numbers`].
    pub fn of_numbers(step: f32, numbers: &[i8]) -> Result<Self, PatchesError> {
        Ok(Self { bytes: ByteRows::of_numbers(1, numbers.len(), step, numbers)? })
    }

    /// What [`ByteVector::step`] and [`ByteVector::as_row`] gave of a vector of `dimension` numbers.
    ///
    /// # Errors
    /// As [`Patches::restore`].
    pub fn restore(dimension: usize, step: f32, bytes: Vec<u8>) -> Result<Self, PatchesError> {
        Ok(Self { bytes: ByteRows::restore(1, dimension, step, bytes)? })
    }

    /// Numbers of the vector.
    pub fn dimension(&self) -> usize {
        self.bytes.dimension.into()
    }

    /// What each whole number is multiplied with.
    pub fn step(&self) -> f32 {
        self.bytes.step
    }

    /// The vector as a row of bytes, as in [`Patches::as_rows`].
    pub fn as_row(&self) -> &[u8] {
        &self.bytes.bytes
    }

    /// The whole numbers, as [`ByteVector::of_numbers`] takes them.
    pub fn numbers(&self) -> Vec<i8> {
        self.bytes.numbers().collect()
    }
}

/// The shape only: an embedding can be turned back into an image.
impl fmt::Debug for Patches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patches({} x {} cells of {} numbers, hidden)", self.rows, self.columns, self.dimension())
    }
}

/// As [`Patches`].
impl fmt::Debug for ByteVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByteVector({} numbers, hidden)", self.dimension())
    }
}

/// The count of cells, and both sides as they are kept.
fn cells(rows: usize, columns: usize) -> Result<(usize, u8, u8), PatchesError> {
    match (u8::try_from(rows), u8::try_from(columns)) {
        (Ok(low), Ok(high)) if (1..=MAX_PATCHES).contains(&(rows * columns)) => {
            Ok((rows * columns, low, high))
        }
        _ => Err(PatchesError::Cells { rows, columns }),
    }
}

/// Vectors of one step. The step is above 0, so that it is equal where its bits are.
#[derive(Clone, PartialEq)]
struct ByteRows {
    dimension: u8,
    step: f32,
    bytes: Vec<u8>,
}

impl Eq for ByteRows {}

impl Hash for ByteRows {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.dimension, self.step.to_bits(), &self.bytes).hash(state);
    }
}

/// The dimension as it is kept.
fn kept(dimension: usize) -> Result<u8, PatchesError> {
    let fits = (MIN_DIMENSION..=MAX_LOCAL_DIMENSION).contains(&dimension);
    u8::try_from(dimension).ok().filter(|_| fits).ok_or(PatchesError::Dimension { dimension })
}

/// The dimension as it is kept, where the numbers are those of so many vectors.
fn shape(vectors: usize, dimension: usize, found: usize) -> Result<u8, PatchesError> {
    let (kept, expected) = (kept(dimension)?, vectors * dimension);
    if found == expected { Ok(kept) } else { Err(PatchesError::Count { found, expected, dimension }) }
}

fn check_step(step: f32) -> Result<(), PatchesError> {
    // NaN is not inside.
    if step > 0.0 && step <= 1.0 { Ok(()) } else { Err(PatchesError::Step { step }) }
}

/// Whether the vectors have length 1, but for the error of their numbers, each of which may be off by so much.
fn check_lengths<T: Copy + Into<f64>>(
    numbers: &[T],
    dimension: usize,
    step: f64,
    off: f64,
) -> Result<(), PatchesError> {
    let most = LENGTH_ERROR + off * (dimension as f64).sqrt();
    for (vector, numbers) in numbers.chunks_exact(dimension).enumerate() {
        let squares: f64 = numbers.iter().map(|&number| number.into() * number.into()).sum();
        let length = squares.sqrt() * step;
        if (length - 1.0).abs() > most {
            return Err(PatchesError::Length { vector, length: length as f32 });
        }
    }
    Ok(())
}

impl ByteRows {
    fn quantise(vectors: usize, dimension: usize, values: &[f32]) -> Result<Self, PatchesError> {
        let kept = shape(vectors, dimension, values.len())?;
        if let Some((index, &value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(PatchesError::NotFinite { index, value });
        }
        check_lengths(values, dimension, 1.0, 0.0)?;
        let step = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs())) / LARGEST;
        let whole = |value: &f32| (value / step).round().clamp(-LARGEST, LARGEST) as i8;
        let numbers: Vec<i8> = values.iter().map(whole).collect();
        Ok(Self { dimension: kept, step, bytes: MaxSim::filled_up(&numbers, dimension) })
    }

    fn of_numbers(vectors: usize, dimension: usize, step: f32, numbers: &[i8]) -> Result<Self, PatchesError> {
        let kept = shape(vectors, dimension, numbers.len())?;
        check_step(step)?;
        if let Some(index) = numbers.iter().position(|&number| number == i8::MIN) {
            return Err(PatchesError::Number { index });
        }
        check_lengths(numbers, dimension, step.into(), 0.5 * f64::from(step))?;
        Ok(Self { dimension: kept, step, bytes: MaxSim::filled_up(numbers, dimension) })
    }

    fn restore(vectors: usize, dimension: usize, step: f32, bytes: Vec<u8>) -> Result<Self, PatchesError> {
        let (kept, row_bytes) = (kept(dimension)?, MaxSim::row_bytes(dimension));
        let (found, expected) = (bytes.len(), vectors * row_bytes);
        if found != expected {
            return Err(PatchesError::Bytes { found, expected, row_bytes });
        }
        check_step(step)?;
        for (vector, row) in bytes.chunks_exact(row_bytes).enumerate() {
            let (numbers, filling) = row.split_at(dimension);
            if let Some(place) = numbers.iter().position(|&byte| number_of(byte) == i8::MIN) {
                return Err(PatchesError::Number { index: vector * dimension + place });
            }
            if filling.iter().any(|&byte| byte != 0) {
                return Err(PatchesError::Filling { vector });
            }
        }
        Ok(Self { dimension: kept, step, bytes })
    }

    fn numbers(&self) -> impl Iterator<Item = i8> {
        let dimension = usize::from(self.dimension);
        let rows = self.bytes.chunks_exact(MaxSim::row_bytes(dimension));
        rows.flat_map(move |row| row[..dimension].iter().map(|&byte| number_of(byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Vectors of length 1 from any that are not next to nothing.
    fn unit(values: &[f32], dimension: usize) -> Vec<f32> {
        let each = values.chunks_exact(dimension).flat_map(|vector| {
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            vector.iter().map(move |value| value / length)
        });
        each.collect()
    }

    /// Shapes, and vectors of length 1 of these.
    fn grids() -> impl Strategy<Value = (usize, usize, usize, Vec<f32>)> {
        let shapes = (1_usize..=8, 1_usize..=8, MIN_DIMENSION..=MAX_LOCAL_DIMENSION);
        shapes.prop_flat_map(|(rows, columns, dimension)| {
            let values = prop::collection::vec(-1.0_f32..1.0, rows * columns * dimension);
            // One number that is not next to nothing.
            values.prop_map(move |mut values| {
                values.iter_mut().step_by(dimension).for_each(|first| *first += first.signum());
                (rows, columns, dimension, unit(&values, dimension))
            })
        })
    }

    proptest! {
        #[test]
        fn a_number_is_off_by_half_a_step_at_most((rows, columns, dimension, values) in grids()) {
            let patches = Patches::quantise(rows, columns, dimension, &values).unwrap();
            let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            prop_assert_eq!(patches.step(), largest / 127.0);
            let numbers = patches.numbers();
            prop_assert!(numbers.iter().any(|number| number.unsigned_abs() == 127));
            for (&number, value) in numbers.iter().zip(&values) {
                // The quotient is rounded, too.
                prop_assert!((f32::from(number) * patches.step() - value).abs() <= 0.50001 * patches.step());
            }
        }

        #[test]
        fn what_is_kept_comes_back_equal((rows, columns, dimension, values) in grids()) {
            let patches = Patches::quantise(rows, columns, dimension, &values).unwrap();
            prop_assert_eq!((patches.rows(), patches.columns(), patches.dimension()), (rows, columns, dimension));
            let (step, bytes) = (patches.step(), patches.as_rows().to_vec());
            prop_assert!(Patches::restore(rows, columns, dimension, step, bytes).unwrap() == patches);
            let numbers = patches.numbers();
            prop_assert!(Patches::of_numbers(rows, columns, dimension, step, &numbers).unwrap() == patches);
            let vector = ByteVector::quantise(&values[..dimension]).unwrap();
            let (step, bytes) = (vector.step(), vector.as_row().to_vec());
            prop_assert!(ByteVector::restore(dimension, step, bytes).unwrap() == vector);
            prop_assert!(ByteVector::of_numbers(step, &vector.numbers()).unwrap() == vector);
        }

        #[test]
        fn cosines_are_those_of_the_vectors_but_for_rounding(
            (rows, columns, dimension, values) in grids(), wanted in prop::collection::vec(any::<bool>(), 64),
        ) {
            let patches = Patches::quantise(rows, columns, dimension, &values).unwrap();
            let sentence = ByteVector::quantise(&values[values.len() - dimension..]).unwrap();
            let mut all = vec![0; patches.cells()];
            patches.query(None).unwrap().all(sentence.as_row(), &mut all);
            let other = &values[values.len() - dimension..];
            // Half a step off in each number of either, times the other's numbers: their sum is at most the root of the dimension.
            let off = (dimension as f32).sqrt() * (patches.step() + sentence.step());
            for (vector, &product) in values.chunks(dimension).zip(&all) {
                let exact: f32 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                prop_assert!((patches.cosine(sentence.step(), product) - exact).abs() <= off);
            }
            let wanted = &wanted[..patches.cells()];
            let expected: Vec<i32> =
                all.iter().zip(wanted).filter(|(_, wanted)| **wanted).map(|(product, _)| *product).collect();
            match patches.query(Some(wanted)) {
                None => prop_assert!(expected.is_empty()),
                Some(query) => {
                    let mut some = vec![0; query.patches()];
                    query.all(sentence.as_row(), &mut some);
                    prop_assert_eq!(some, expected);
                }
            }
        }
    }

    /// A grid of 2 x 3 cells with vectors of 18 numbers, two bytes short of whole steps.
    fn example() -> Patches {
        let values: Vec<f32> = (0..6 * 18).map(|place| (place * 7 % 11) as f32 - 5.5).collect();
        Patches::quantise(2, 3, 18, &unit(&values, 18)).unwrap()
    }

    #[test]
    fn the_bytes_are_the_documented_ones() {
        let mut values = [0.0; 17];
        (values[0], values[1], values[2]) = (0.8, -0.6, 0.01);
        let vector = ByteVector::quantise(&values).unwrap();
        assert_eq!(vector.step(), 0.8 / 127.0);
        let mut expected = [128; 20];
        (expected[0], expected[1], expected[2]) = (255, 33, 130);
        expected[17..].fill(0);
        assert_eq!(vector.as_row(), expected);
    }

    #[test]
    fn debug_shows_the_shape_only() {
        assert_eq!(format!("{:?}", example()), "Patches(2 x 3 cells of 18 numbers, hidden)");
        let vector = ByteVector::quantise(&[0.25; 16]).unwrap();
        assert_eq!(format!("{vector:?}"), "ByteVector(16 numbers, hidden)");
    }

    #[test]
    fn equal_vectors_are_equal_and_find_each_other() {
        let vector =
            |first: f32| ByteVector::quantise(&unit(&[&[first][..], &[1.0; 15]].concat(), 16)).unwrap();
        assert!(vector(2.0) == vector(2.0) && vector(2.0) != vector(3.0));
        let known = std::collections::HashSet::from([vector(2.0), vector(2.0), vector(3.0)]);
        assert!(known.len() == 2 && known.contains(&vector(3.0)));
    }

    #[track_caller]
    fn refused<T>(found: Result<T, PatchesError>, message: &str) {
        assert_eq!(found.err().unwrap().to_string(), message);
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        let values = [0.25; 65 * 16];
        for (rows, columns) in [(0, 4), (4, 0), (5, 13), (65, 1), (usize::MAX, 2), (256, 1)] {
            let message = format!("has {rows} x {columns} cells; give 1 to 64 cells");
            refused(Patches::quantise(rows, columns, 16, &values), &message);
            refused(Patches::restore(rows, columns, 16, 0.01, vec![]), &message);
        }
        for dimension in [0, 15, 129, 256 + 16, usize::MAX] {
            let message = format!("has vectors of {dimension} numbers; give vectors of 16 to 128 numbers");
            refused(Patches::quantise(1, 1, dimension, &values), &message);
            refused(Patches::restore(1, 1, dimension, 0.01, vec![]), &message);
            refused(Patches::of_numbers(1, 1, dimension, 0.01, &[]), &message);
        }
        refused(Patches::quantise(1, 2, 16, &values[..31]), "has 31 numbers; give 32, 16 of each vector");
        refused(Patches::of_numbers(1, 2, 16, 0.01, &[1; 33]), "has 33 numbers; give 32, 16 of each vector");
        refused(Patches::restore(1, 2, 18, 0.01, vec![1; 36]), "has 36 bytes; give 40, 20 for each vector");
    }

    #[test]
    fn what_is_no_vector_of_length_1_is_refused() {
        let mut values = [0.25; 48];
        values[20] = f32::NAN;
        refused(Patches::quantise(1, 3, 16, &values), "has NaN as number 20; every number must be finite");
        values[20] = f32::INFINITY;
        refused(Patches::quantise(1, 3, 16, &values), "has inf as number 20; every number must be finite");
        values[20] = 0.25;
        values[32..].fill(0.0);
        refused(
            Patches::quantise(1, 3, 16, &values),
            "has length 0 as vector 2; divide every vector by its length",
        );
        values[32..].fill(f32::MAX);
        assert!(matches!(Patches::quantise(1, 3, 16, &values), Err(PatchesError::Length { vector: 2, .. })));
        for (length, fits) in [(0.979, false), (0.981, true), (1.019, true), (1.021, false)] {
            assert_eq!(ByteVector::quantise(&[0.25 * length; 16]).is_ok(), fits, "{length}");
        }
        // 16 numbers of 100, each off by half a step at most: from 0.995 to 1.005 times the length, and 2 %.
        for (step, fits) in
            [(0.9 / 400.0, false), (0.976 / 400.0, true), (1.024 / 400.0, true), (1.1 / 400.0, false)]
        {
            assert_eq!(ByteVector::of_numbers(step, &[100; 16]).is_ok(), fits, "{step}");
        }
    }

    #[test]
    fn what_was_never_kept_is_not_restored() {
        let patches = example();
        let restore = |step: f32, bytes: &[u8]| Patches::restore(2, 3, 18, step, bytes.to_vec());
        for step in [0.0, -0.0, -0.01, f32::NAN, f32::INFINITY, 1.5] {
            let message = format!(
                "has a step of {step}; give the largest absolute number of its vectors / 127, which is above 0 and at most 1"
            );
            refused(restore(step, patches.as_rows()), &message);
            refused(Patches::of_numbers(2, 3, 18, step, &patches.numbers()), &message);
        }
        let mut bytes = patches.as_rows().to_vec();
        bytes[2 * 20 + 5] = 0;
        refused(restore(0.01, &bytes), "has -128 as number 41; give whole numbers from -127 to 127");
        bytes[2 * 20 + 5] = 1;
        bytes[3 * 20 + 19] = 1;
        let message = "has bytes other than 0 behind the numbers of vector 3; fill rows up with zeros";
        refused(restore(0.01, &bytes), message);
        let mut numbers = patches.numbers();
        numbers[7] = -128;
        let message = "has -128 as number 7; give whole numbers from -127 to 127";
        refused(Patches::of_numbers(2, 3, 18, patches.step(), &numbers), message);
    }

    #[test]
    #[should_panic(expected = "one bool for each cell")]
    fn a_choice_of_other_cells_is_no_choice() {
        example().query(Some(&[true; 5]));
    }
}
