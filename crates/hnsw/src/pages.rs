//! Bytes that may be checked when they are first touched.

use std::error::Error;
use std::ops::Range;

/// Bytes at rest: in memory, or in a mapped file that checks each block on first touch.
pub trait Pages {
    /// Why bytes could not be had.
    type Error: Error + Send + Sync + 'static;

    /// How many bytes there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a range, checked.
    ///
    /// # Errors
    /// A range that does not lie inside [`Self::len`], or a block that fails its check. Never panics.
    fn bytes(&self, range: Range<usize>) -> Result<&[u8], Self::Error>;

    /// All bytes, where every one has been checked: then nothing is asked for piece by piece.
    fn checked(&self) -> Option<&[u8]>;
}

/// A range that does not lie inside the bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bytes {start} to {end} of {len} were asked for")]
pub struct OutOfBounds {
    /// First byte asked for.
    pub start: usize,
    /// End of the range asked for.
    pub end: usize,
    /// How many bytes there are.
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
