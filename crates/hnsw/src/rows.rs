//! Vectors by row number.

use crate::{HnswError, Pages, RowsError};
use precedent_vector::{DistanceFn, Metric, prefetch};
use std::error::Error;

#[cfg(target_endian = "big")]
compile_error!("rows are read in place as little-endian floats; a big-endian target needs a copy");

/// A set of vectors of the same dimension. Row numbers are node numbers.
pub trait VectorRows {
    /// Why a row could not be read.
    type Error: Error + Send + Sync + 'static;

    /// Number of rows.
    fn len(&self) -> usize;

    /// Whether there are no rows.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Dimension of the rows.
    fn dimension(&self) -> usize;

    /// The numbers of a row, exactly [`Self::dimension`] of them.
    ///
    /// # Errors
    /// A row past the end, or unreadable bytes.
    fn row(&self, node: u32) -> Result<&[f32], Self::Error>;

    /// The distance of a row from a query, in a search. Rows that also have a shorter form of their numbers may measure with it,
    /// and return how large the error may be.
    ///
    /// # Errors
    /// As [`Self::row`].
    #[inline]
    fn measure(&self, node: u32, query: &RowQuery<'_>) -> Result<Measure, Self::Error> {
        Ok(Measure { distance: query.distance(self.row(node)?), error: 0.0 })
    }

    /// Prefetches the bytes that [`Self::measure`] will read.
    ///
    /// # Errors
    /// As [`Self::row`].
    #[inline]
    fn prefetch(&self, node: u32) -> Result<(), Self::Error> {
        prefetch(self.row(node)?);
        Ok(())
    }
}

/// A query with the dimension of the rows, and the kernel of the metric.
#[derive(Clone, Copy)]
pub struct RowQuery<'a> {
    numbers: &'a [f32],
    kernel: DistanceFn,
    norm: f32,
}

impl<'a> RowQuery<'a> {
    /// Checks a query against the rows, so that no kernel gets another length or a number that is not finite.
    ///
    /// # Errors
    /// [`HnswError::QueryDimension`], [`HnswError::QueryNotFinite`].
    pub fn new<R: VectorRows>(rows: &R, kernel: DistanceFn, numbers: &'a [f32]) -> Result<Self, HnswError> {
        if numbers.len() != rows.dimension() {
            return Err(HnswError::QueryDimension { found: numbers.len(), expected: rows.dimension() });
        }
        // The sum of squares is finite only if every number is; if it is not, the numbers are checked one by one.
        let squares = -Metric::Dot.distance_fn()(numbers, numbers);
        if !squares.is_finite()
            && let Some(index) = numbers.iter().position(|number| !number.is_finite())
        {
            return Err(HnswError::QueryNotFinite { index });
        }
        Ok(Self { numbers, kernel, norm: squares.sqrt() })
    }

    /// The numbers.
    pub fn numbers(&self) -> &'a [f32] {
        self.numbers
    }

    /// The norm of the query.
    pub fn norm(&self) -> f32 {
        self.norm
    }

    /// The distance of an exact row.
    ///
    /// # Panics
    /// If its length differs from the query's.
    #[inline]
    pub fn distance(&self, row: &[f32]) -> f32 {
        (self.kernel)(self.numbers, row)
    }
}

/// A measured distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// Less is nearer.
    pub distance: f32,
    /// The largest difference from the exact distance, in either direction; 0 if that was measured.
    pub error: f32,
}

/// Rows that are contiguous in memory.
#[derive(Clone, Copy)]
pub struct FlatRows<'a> {
    values: &'a [f32],
    dimension: usize,
}

impl<'a> FlatRows<'a> {
    /// Rows of `dimension` numbers each, `rows × dimension` values.
    ///
    /// # Errors
    /// [`RowsError::Shape`] if the dimension is 0 or the values do not form complete rows.
    pub fn new(values: &'a [f32], dimension: usize) -> Result<Self, RowsError> {
        if dimension == 0 || !values.len().is_multiple_of(dimension) {
            let rows = values.len().checked_div(dimension).unwrap_or(0);
            return Err(RowsError::Shape { rows, dimension, offset: 0, bytes: size_of_val(values) });
        }
        Ok(Self { values, dimension })
    }
}

impl VectorRows for FlatRows<'_> {
    type Error = RowsError;

    fn len(&self) -> usize {
        self.values.len() / self.dimension
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    #[inline]
    fn row(&self, node: u32) -> Result<&[f32], RowsError> {
        let start = node as usize * self.dimension;
        self.values
            .get(start..start + self.dimension)
            .ok_or_else(|| RowsError::OutOfRange { row: node, rows: self.len() })
    }
}

/// Contiguous rows of little-endian 32-bit floats, from an offset in pages, read in place.
pub struct PagedRows<P> {
    pages: P,
    offset: usize,
    rows: usize,
    dimension: usize,
}

impl<P: Pages> PagedRows<P> {
    /// `rows × dimension` floats from `offset` (in bytes).
    ///
    /// # Errors
    /// [`RowsError::Shape`] if they are not inside the pages or the dimension is 0, [`RowsError::Misaligned`] if the offset is
    /// not a multiple of 4. Nothing is read yet.
    pub fn new(pages: P, offset: usize, rows: usize, dimension: usize) -> Result<Self, RowsError> {
        let bytes = pages.len();
        let end = rows
            .checked_mul(dimension)
            .and_then(|numbers| numbers.checked_mul(size_of::<f32>()))
            .and_then(|size| size.checked_add(offset));
        if dimension == 0 || end.is_none_or(|end| end > bytes) {
            return Err(RowsError::Shape { rows, dimension, offset, bytes });
        }
        if !offset.is_multiple_of(align_of::<f32>()) {
            return Err(RowsError::Misaligned { offset });
        }
        Ok(Self { pages, offset, rows, dimension })
    }
}

impl<P: Pages> VectorRows for PagedRows<P> {
    type Error = RowsError;

    fn len(&self) -> usize {
        self.rows
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    #[inline]
    fn row(&self, node: u32) -> Result<&[f32], RowsError> {
        if node as usize >= self.rows {
            return Err(RowsError::OutOfRange { row: node, rows: self.rows });
        }
        let size = self.dimension * size_of::<f32>();
        let start = self.offset + node as usize * size;
        let bytes =
            self.pages.bytes(start..start + size).map_err(|error| RowsError::Pages(Box::new(error)))?;
        bytemuck::try_cast_slice(bytes).map_err(|_| RowsError::Misaligned { offset: start })
    }
}

/// A row, or an error that names the unreadable one.
pub(crate) fn row_of<R: VectorRows>(rows: &R, row: u32) -> Result<&[f32], HnswError> {
    rows.row(row).map_err(|error| HnswError::row(row, error))
}

/// Reads every row once, so that no unreadable or infinite value turns up later.
pub(crate) fn check_rows<R: VectorRows>(rows: &R) -> Result<f64, HnswError> {
    let mut largest = 0.0_f64;
    for row in 0..rows.len() as u32 {
        let numbers = row_of(rows, row)?;
        let squared_norm: f64 = numbers.iter().map(|&number| f64::from(number) * f64::from(number)).sum();
        // Four times the squared norm is an upper bound for every squared distance.
        if squared_norm.is_nan() || squared_norm * 4.0 > f64::from(f32::MAX) {
            return Err(HnswError::NotFinite { row });
        }
        largest = largest.max(squared_norm);
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_rows_are_whole_rows() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let rows = FlatRows::new(&values, 2).unwrap();
        assert_eq!((rows.len(), rows.row(1).unwrap()), (2, [3.0, 4.0].as_slice()));
        assert!(matches!(rows.row(2), Err(RowsError::OutOfRange { row: 2, rows: 2 })));
        assert!(rows.row(u32::MAX).is_err());
        assert!(FlatRows::new(&values, 3).is_err());
        assert!(FlatRows::new(&values, 0).is_err());
        assert!(FlatRows::new(&[], 5).unwrap().is_empty());
    }

    #[test]
    fn paged_rows_are_read_in_place_from_their_offset() {
        let words: Vec<u32> =
            [0_u32].into_iter().chain([1.5_f32, 2.5, -3.5, 4.5].map(f32::to_bits)).collect();
        let bytes: &[u8] = bytemuck::cast_slice(&words);
        let rows = PagedRows::new(bytes, 4, 2, 2).unwrap();
        assert_eq!(rows.row(0).unwrap(), [1.5, 2.5]);
        assert_eq!(rows.row(1).unwrap(), [-3.5, 4.5]);
        assert!(matches!(rows.row(2), Err(RowsError::OutOfRange { .. })));
        assert!(matches!(PagedRows::new(bytes, 4, 3, 2), Err(RowsError::Shape { .. })));
        assert!(matches!(PagedRows::new(bytes, 2, 1, 2), Err(RowsError::Misaligned { .. })));
        assert!(PagedRows::new(bytes, 4, usize::MAX, 2).is_err());
        let shifted = PagedRows::new(&bytes[1..], 4, 1, 2).unwrap();
        assert!(matches!(shifted.row(0), Err(RowsError::Misaligned { offset: 4 })));
    }
}
