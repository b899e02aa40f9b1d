//! Reads the full-text part through its checksums.

use precedent_lexical::{OwnedBytes, Pages};
use precedent_storage::SealedFile;
use std::ops::Range;

/// The bytes of the file `lexical`, verified block by block on first use.
#[derive(Debug)]
pub(crate) struct LexicalPages(pub SealedFile);

impl Pages for LexicalPages {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn owned(&self, range: Range<usize>) -> std::io::Result<OwnedBytes> {
        match self.0.map_slice(range) {
            Ok(slice) => Ok(OwnedBytes::new(slice)),
            Err(error) => Err(std::io::Error::other(error)),
        }
    }
}
