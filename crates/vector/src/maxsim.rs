//! Late interaction, as ColBERT has it: a query of many vectors against rows of 8-bit vectors, each of which counts with the vector
//! of the query that it is nearest to. Here the query is the patches of an image; the rows are sentences, or patches of another.

use crate::kernel::chosen;
use crate::kernel::maxsim::{LEAST, PATCHES, Packed, STEP};

/// What a byte of a row is larger than the number for which it stands.
const OFFSET: u8 = 128;
/// The most numbers of a vector: longer sums might not fit 32 bits.
pub const MAX_MAXSIM_DIMENSION: usize = 4096;

/// The 8-bit vectors of a query, laid out for multiplication with many rows.
#[derive(Clone)]
pub struct MaxSim {
    numbers: Vec<[[i8; STEP]; PATCHES]>,
    starts: Vec<[i32; PATCHES]>,
    patches: usize,
    dimension: usize,
}

/// Why vectors cannot be multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MaxSimError {
    /// No vector, or one of another length.
    #[error(
        "{numbers} numbers are no vectors of {dimension}; give whole vectors of 1 to {MAX_MAXSIM_DIMENSION} numbers"
    )]
    Shape {
        /// The numbers given.
        numbers: usize,
        /// How many a vector has.
        dimension: usize,
    },
    /// A number that kernels do not multiply.
    #[error("number {index} is -128; give numbers from -127 to 127")]
    Number {
        /// Its place, from 0.
        index: usize,
    },
}

/// The byte of a row that stands for a number.
fn byte_of(number: i8) -> u8 {
    number.cast_unsigned() ^ OFFSET
}

/// The number that a byte of a row stands for.
pub(crate) fn number_of(byte: u8) -> i8 {
    (byte ^ OFFSET).cast_signed()
}

/// How many vectors there are.
fn count(numbers: usize, dimension: usize) -> Result<usize, MaxSimError> {
    let fits = (1..=MAX_MAXSIM_DIMENSION).contains(&dimension) && numbers.is_multiple_of(dimension);
    if fits { Ok(numbers / dimension) } else { Err(MaxSimError::Shape { numbers, dimension }) }
}

impl MaxSim {
    /// Of patches of `dimension` numbers each, one after the other.
    ///
    /// # Errors
    /// No patch, numbers that are no whole patches, or one that is -128.
    pub fn new(patches: &[i8], dimension: usize) -> Result<Self, MaxSimError> {
        if count(patches.len(), dimension)? == 0 {
            return Err(MaxSimError::Shape { numbers: 0, dimension });
        }
        match patches.iter().position(|&number| number < LEAST) {
            Some(index) => Err(MaxSimError::Number { index }),
            None => Ok(Self::packing(patches, dimension)),
        }
    }

    /// Of whole patches, at least one, whose numbers are not less than [`LEAST`].
    pub(crate) fn packing(patches: &[i8], dimension: usize) -> Self {
        let count = patches.len() / dimension;
        let (steps, groups) = (dimension.div_ceil(STEP), count.div_ceil(PATCHES));
        let mut numbers = vec![[[0; STEP]; PATCHES]; steps * groups];
        let mut starts = vec![[0; PATCHES]; groups];
        for place in 0..groups * PATCHES {
            // The last patch fills its group up: it is the largest product as often as it would be alone.
            let patch = &patches[place.min(count - 1) * dimension..][..dimension];
            let (group, lane) = (place / PATCHES, place % PATCHES);
            starts[group][lane] =
                -i32::from(OFFSET) * patch.iter().map(|&number| i32::from(number)).sum::<i32>();
            for (at, &number) in patch.iter().enumerate() {
                numbers[group * steps + at / STEP][lane][at % STEP] = number;
            }
        }
        Self { numbers, starts, patches: count, dimension }
    }

    /// How many patches there are.
    pub fn patches(&self) -> usize {
        self.patches
    }

    /// Bytes of a row of vectors of this dimension.
    pub const fn row_bytes(dimension: usize) -> usize {
        dimension.next_multiple_of(STEP)
    }

    /// Vectors of `dimension` numbers each as rows of bytes, filled up to whole steps.
    ///
    /// # Errors
    /// Numbers that are no whole vectors.
    pub fn rows(vectors: &[i8], dimension: usize) -> Result<Vec<u8>, MaxSimError> {
        count(vectors.len(), dimension)?;
        Ok(Self::filled_up(vectors, dimension))
    }

    /// As [`Self::rows`], of whole vectors.
    pub(crate) fn filled_up(vectors: &[i8], dimension: usize) -> Vec<u8> {
        let row_bytes = Self::row_bytes(dimension);
        let mut rows = vec![0; vectors.len() / dimension * row_bytes];
        for (row, vector) in rows.chunks_exact_mut(row_bytes).zip(vectors.chunks_exact(dimension)) {
            // The patches have zeros behind the numbers.
            row.iter_mut().zip(vector).for_each(|(byte, &number)| *byte = byte_of(number));
        }
        rows
    }

    /// Of each row the largest product with a patch.
    ///
    /// # Panics
    /// If `rows` does not hold [`Self::row_bytes`] for each number of `best`.
    pub fn best(&self, rows: &[u8], best: &mut [i32]) {
        assert_eq!(rows.len(), best.len() * Self::row_bytes(self.dimension), "rows of another length");
        (chosen().maxsim.best)(self.packed(), rows.as_chunks().0, best);
    }

    /// The products of each row with every patch, in their order, row after row.
    ///
    /// # Panics
    /// If `rows` does not hold [`Self::row_bytes`] for each [`Self::patches`] of `all`.
    pub fn all(&self, rows: &[u8], all: &mut [i32]) {
        let row_bytes = Self::row_bytes(self.dimension);
        assert!(rows.len().is_multiple_of(row_bytes), "rows of another length");
        assert_eq!(rows.len() / row_bytes * self.patches, all.len(), "another number of rows");
        (chosen().maxsim.all)(self.packed(), rows.as_chunks().0, all);
    }

    pub(crate) fn packed(&self) -> Packed<'_> {
        let (numbers, starts) = (&self.numbers, &self.starts);
        Packed { numbers, starts, steps: self.dimension.div_ceil(STEP), patches: self.patches }
    }
}

/// The shape only: patches are of an image.
impl std::fmt::Debug for MaxSim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MaxSim({} patches of {} numbers)", self.patches, self.dimension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_the_largest_of_all_products() {
        let patches: Vec<i8> = (0..3 * 5).map(|number| (number * 37 % 255 - 127) as i8).collect();
        let texts: Vec<i8> = (0..4 * 5).map(|number| (number * 91 % 255 - 127) as i8).collect();
        let maxsim = MaxSim::new(&patches, 5).unwrap();
        let rows = MaxSim::rows(&texts, 5).unwrap();
        let (mut best, mut all) = ([0; 4], [0; 12]);
        maxsim.best(&rows, &mut best);
        maxsim.all(&rows, &mut all);
        for ((text, all), best) in texts.chunks(5).zip(all.chunks(3)).zip(best) {
            let product =
                |patch: &[i8]| patch.iter().zip(text).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
            let plain: Vec<i32> = patches.chunks(5).map(product).collect();
            assert_eq!(all, plain);
            assert_eq!(Some(best), plain.into_iter().max());
        }
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        for (numbers, dimension) in [(0, 4), (7, 4), (4, 0), (8192, 8192)] {
            let error = MaxSim::new(&vec![1; numbers], dimension).unwrap_err();
            assert_eq!(error, MaxSimError::Shape { numbers, dimension });
        }
        let error = MaxSim::new(&[1, 2, -128, 4], 2).unwrap_err();
        assert_eq!(error.to_string(), "number 2 is -128; give numbers from -127 to 127");
        assert_eq!(MaxSim::rows(&[], 4).unwrap(), []);
        assert!(MaxSim::rows(&[1; 3], 4).is_err());
    }

    #[test]
    fn rows_of_another_length_are_no_rows() {
        let maxsim = MaxSim::new(&[1; 12], 4).unwrap();
        for (rows, found) in [(7, 2), (8, 1), (12, 2)] {
            let panics =
                |work: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err();
            assert!(panics(&|| maxsim.best(&vec![0; rows], &mut vec![0; found])));
            assert!(panics(&|| maxsim.all(&vec![0; rows], &mut vec![0; 3 * found])));
        }
        maxsim.all(&[0; 8], &mut [0; 6]);
    }
}
