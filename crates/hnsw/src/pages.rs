//! Bytes that may be verified when first touched.

use std::error::Error;
use std::ops::Range;

/// Bytes in memory, or in a mapped file that verifies each block when first touched.
pub trait Pages {
    /// Why bytes could not be read.
    type Error: Error + Send + Sync + 'static;

    /// Number of bytes.
    fn len(&self) -> usize;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a range, verified.
    ///
    /// # Errors
    /// A range outside of [`Self::len`], or a block that fails verification. Never panics.
    fn bytes(&self, range: Range<usize>) -> Result<&[u8], Self::Error>;

    /// All bytes, once every one has been verified: callers then need not ask piece by piece.
    fn checked(&self) -> Option<&[u8]>;
}

/// A range outside of the bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bytes {start} to {end} of {len} were asked for")]
pub struct OutOfBounds {
    /// Start of the range requested.
    pub start: usize,
    /// End of the range requested.
    pub end: usize,
    /// Number of bytes.
    pub len: usize,
}

impl Pages for [u8] {
    type Error = OutOfBounds;

    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    #[inline]
    fn bytes(&self, range: Range<usize>) -> Result<&[u8], OutOfBounds> {
        let Range { start, end } = range;
        self.get(start..end).ok_or(OutOfBounds { start, end, len: <[u8]>::len(self) })
    }

    #[inline]
    fn checked(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl Pages for Vec<u8> {
    type Error = OutOfBounds;

    fn len(&self) -> usize {
        self.as_slice().len()
    }

    #[inline]
    fn bytes(&self, range: Range<usize>) -> Result<&[u8], OutOfBounds> {
        Pages::bytes(self.as_slice(), range)
    }

    #[inline]
    fn checked(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<P: Pages + ?Sized> Pages for &P {
    type Error = P::Error;

    fn len(&self) -> usize {
        (**self).len()
    }

    #[inline]
    fn bytes(&self, range: Range<usize>) -> Result<&[u8], P::Error> {
        (**self).bytes(range)
    }

    #[inline]
    fn checked(&self) -> Option<&[u8]> {
        (**self).checked()
    }
}
