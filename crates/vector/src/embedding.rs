//! A vector that was checked against its space.

use std::fmt;

/// An encoder's output that its [`crate::VectorSpace`] admitted: right dimension, finite, and of length 1 where the
/// metric is cosine. Embeddings can be turned back into images, so `Debug` hides the numbers.
#[derive(Clone, PartialEq)]
pub struct Embedding(Box<[f32]>);

impl Embedding {
    pub(crate) fn new(values: Box<[f32]>) -> Self {
        Self(values)
    }

    /// The numbers.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding({} numbers hidden)", self.0.len())
    }
}
