//! What evidence needs of a case: vectors of the parts of its images and of the sentences of its report. The index keeps them as they
//! come and computes none.

use precedent_model::Report;
use precedent_query::LocalImage;
use precedent_vector::{ByteVector, MAX_LOCAL_DIMENSION, MIN_DIMENSION, Metric, VectorError, VectorSpace};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which encoder makes the local vectors of an index, and how many numbers each has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalSpace {
    /// The encoder, with its version.
    pub encoder_id: String,
    /// Numbers of a vector.
    pub dimension: usize,
}

impl LocalSpace {
    /// A space.
    ///
    /// # Errors
    /// A dimension outside [`MIN_DIMENSION`] to [`MAX_LOCAL_DIMENSION`], or an encoder id that no image space may have.
    pub fn new(encoder_id: &str, dimension: usize) -> Result<Self, VectorError> {
        if !(MIN_DIMENSION..=MAX_LOCAL_DIMENSION).contains(&dimension) {
            let problem =
                format!("dimension {dimension} is outside {MIN_DIMENSION} to {MAX_LOCAL_DIMENSION}");
            return Err(VectorError::Space(problem));
        }
        let space = VectorSpace::new(dimension, Metric::Cosine, encoder_id)?;
        Ok(Self { encoder_id: space.encoder_id().to_owned(), dimension })
    }
}

/// Local vectors of a case: by image (sorted, at most one for each), and of sentences of its report (sorted by text, each once).
#[derive(Clone, PartialEq, Default)]
pub struct LocalVectors {
    /// By the index of the image in the case.
    pub images: Vec<(usize, LocalImage)>,
    /// By the exact text of the sentence.
    pub sentences: Vec<(String, ByteVector)>,
}

impl LocalVectors {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty() && self.sentences.is_empty()
    }

    /// In the order in which they are kept.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.images.sort_by_key(|(image, _)| *image);
        self.sentences.sort_by(|(one, _), (other, _)| one.cmp(other));
        self
    }

    /// Their approximate size in memory, in bytes.
    pub fn memory_bytes(&self) -> usize {
        let images: usize = self.images.iter().map(|(_, image)| memory_bytes(image)).sum();
        let sentence = |(text, vector): &(String, ByteVector)| {
            text.len() + vector.as_row().len() + size_of::<(String, ByteVector)>()
        };
        images + self.sentences.iter().map(sentence).sum::<usize>()
    }
}

/// Counts only: sentences are report text.
impl fmt::Debug for LocalVectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalVectors({} images, {} sentences, hidden)", self.images.len(), self.sentences.len())
    }
}

/// Whether a text stands in a section of the report.
pub(crate) fn says(report: &Report, text: &str) -> bool {
    report.sections().iter().any(|section| section.text.contains(text))
}

fn memory_bytes(image: &LocalImage) -> usize {
    image.patches().as_rows().len() + size_of::<LocalImage>()
}
