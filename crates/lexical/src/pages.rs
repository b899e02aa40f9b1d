//! Where the bytes of a bundle come from.

use std::fmt::Debug;
use std::io;
use std::ops::Range;

/// Bytes with shared ownership: cheap to clone and to slice.
pub use tantivy::directory::OwnedBytes;

/// The bytes of one bundle, read only where they are asked for. What lies behind checks them, so that nothing
/// unchecked is ever parsed.
pub trait Pages: Send + Sync + Debug + 'static {
    /// Number of bytes.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a range.
    ///
    /// # Errors
    /// A range beyond the end, a failed read, a checksum that does not hold.
    fn owned(&self, range: Range<usize>) -> io::Result<OwnedBytes>;
}

/// Bytes in memory, already trusted.
impl Pages for OwnedBytes {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn owned(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        if range.start > range.end || range.end > Self::len(self) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "range beyond the end"));
        }
        Ok(self.slice(range))
    }
}
