//! Where embeddings of one encoder live, and what is let in.

use crate::{Embedding, Metric};

/// Smallest dimension of a space.
pub const MIN_DIMENSION: usize = 16;
/// Largest dimension of a space.
pub const MAX_DIMENSION: usize = 4096;
/// Longest encoder id, in bytes.
pub const MAX_ENCODER_ID_BYTES: usize = 256;

/// How far the length of a vector may be from 1 whose numbers were divided by its length and then rounded to f32: each is off by
/// at most 2 to the -24 of itself. A little more, for the f64 in which the length is measured.
const UNIT_ERROR: f64 = 1.0001 / (1_u64 << 24) as f64;

/// Why a vector or a space is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum VectorError {
    /// The number of values is not the dimension of the space.
    #[error(
        "has {found} numbers, the space has dimension {expected}; send the output of encoder {encoder_id}"
    )]
    Dimension {
        /// Numbers given.
        found: usize,
        /// Dimension of the space.
        expected: usize,
        /// Encoder of the space.
        encoder_id: String,
    },
    /// A value is NaN or infinite.
    #[error("number {index} is {value}; every number must be finite")]
    NotFinite {
        /// Position in the vector, from 0.
        index: usize,
        /// `NaN`, `inf` or `-inf`.
        value: f32,
    },
    /// A vector without a direction.
    #[error("is zero, and cosine compares directions; leave the embedding out or send the encoder's output")]
    Zero,
    /// A vector whose length or products overflow 32-bit floats.
    #[error("has numbers so large that distances overflow; scale the encoder's output")]
    TooLarge,
    /// No encoder was declared.
    #[error("names no encoder; declare the encoder id, this space holds embeddings of {expected}")]
    EncoderMissing {
        /// Encoder of the space.
        expected: String,
    },
    /// Another encoder was declared.
    #[error("is of encoder {found}, this space holds embeddings of {expected}; encode with {expected}")]
    EncoderOther {
        /// Encoder declared.
        found: String,
        /// Encoder of the space.
        expected: String,
    },
    /// A space that cannot be.
    #[error("{0}")]
    Space(String),
}

/// Dimension, metric and encoder of a set of embeddings that may be compared with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorSpace {
    dimension: usize,
    metric: Metric,
    encoder_id: String,
}

impl VectorSpace {
    /// A space.
    ///
    /// # Errors
    /// A dimension outside [`MIN_DIMENSION`]..=[`MAX_DIMENSION`], an empty encoder id or one with control characters.
    pub fn new(dimension: usize, metric: Metric, encoder_id: &str) -> Result<Self, VectorError> {
        if !(MIN_DIMENSION..=MAX_DIMENSION).contains(&dimension) {
            return Err(VectorError::Space(format!(
                "dimension {dimension} is outside {MIN_DIMENSION} to {MAX_DIMENSION}"
            )));
        }
        let encoder_id = encoder_id.trim();
        if encoder_id.is_empty() {
            return Err(VectorError::Space(
                "the encoder id is empty; name the encoder and its version".into(),
            ));
        }
        if encoder_id.len() > MAX_ENCODER_ID_BYTES || encoder_id.chars().any(char::is_control) {
            return Err(VectorError::Space(format!(
                "the encoder id holds control characters or more than {MAX_ENCODER_ID_BYTES} bytes"
            )));
        }
        Ok(Self { dimension, metric, encoder_id: encoder_id.to_owned() })
    }

    /// How many numbers an embedding has.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// How two embeddings are compared.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Which encoder made the embeddings.
    pub fn encoder_id(&self) -> &str {
        &self.encoder_id
    }

    /// Checks a vector and the encoder that it is declared to be of, and brings it to the form of this space. What has that form
    /// already keeps every bit.
    ///
    /// # Errors
    /// No or another encoder, another dimension, a number that is not finite, zero under cosine, overflow.
    pub fn admit(&self, encoder_id: &str, values: &[f32]) -> Result<Embedding, VectorError> {
        let encoder_id = encoder_id.trim();
        if encoder_id.is_empty() {
            return Err(VectorError::EncoderMissing { expected: self.encoder_id.clone() });
        }
        if encoder_id != self.encoder_id {
            return Err(VectorError::EncoderOther {
                found: encoder_id.to_owned(),
                expected: self.encoder_id.clone(),
            });
        }
        if values.len() != self.dimension {
            return Err(VectorError::Dimension {
                found: values.len(),
                expected: self.dimension,
                encoder_id: self.encoder_id.clone(),
            });
        }
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(VectorError::NotFinite { index, value: values[index] });
        }
        // In f64 no finite f32 vector of this many dimensions overflows or underflows.
        let norm = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
        match self.metric {
            Metric::Cosine if norm == 0.0 => Err(VectorError::Zero),
            // Dividing by such a length would only round anew; so what was admitted once is admitted as it is.
            Metric::Cosine if (norm - 1.0).abs() <= UNIT_ERROR => Ok(Embedding::new(values.into())),
            Metric::Cosine => {
                Ok(Embedding::new(values.iter().map(|&v| (f64::from(v) / norm) as f32).collect()))
            }
            // Four times the squared norm bounds the squared distance of two vectors that are both admitted.
            Metric::Dot | Metric::L2 if norm * norm * 4.0 > f64::from(f32::MAX) => Err(VectorError::TooLarge),
            Metric::Dot | Metric::L2 => Ok(Embedding::new(values.into())),
        }
    }

    /// An embedding of this space from numbers that [`Self::admit`] gave out earlier, as they are kept on disk.
    ///
    /// # Errors
    /// Another dimension, or a number that is not finite: then they are not of this space.
    pub fn restore(&self, values: Vec<f32>) -> Result<Embedding, VectorError> {
        if values.len() != self.dimension {
            return Err(VectorError::Dimension {
                found: values.len(),
                expected: self.dimension,
                encoder_id: self.encoder_id.clone(),
            });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(VectorError::NotFinite { index, value: values[index] }),
            None => Ok(Embedding::new(values.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(metric: Metric, encoder: &str, values: &[f32]) -> String {
        VectorSpace::new(16, metric, "enc").unwrap().admit(encoder, values).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_belong_is_refused_by_name() {
        assert!(refused(Metric::Cosine, "", &[1.0; 16]).contains("names no encoder"));
        assert!(refused(Metric::Cosine, "other", &[1.0; 16]).contains("is of encoder other"));
        assert!(refused(Metric::Cosine, "enc", &[1.0; 15]).contains("has 15 numbers"));
        assert!(refused(Metric::Cosine, "enc", &[0.0; 16]).contains("is zero"));
        assert!(refused(Metric::L2, "enc", &[1e30; 16]).contains("overflow"));
        let mut nan = [1.0; 16];
        nan[3] = f32::NAN;
        assert!(refused(Metric::Dot, "enc", &nan).contains("number 3 is NaN"));
        nan[3] = f32::NEG_INFINITY;
        assert!(refused(Metric::L2, "enc", &nan).contains("number 3 is -inf"));
    }

    #[test]
    fn cosine_brings_even_tiny_and_huge_vectors_to_length_one() {
        let space = VectorSpace::new(16, Metric::Cosine, "enc").unwrap();
        for size in [1e-40_f32, 1e-20, 1.0, 3e38] {
            let embedding = space.admit("enc", &[size; 16]).unwrap();
            let norm: f32 = embedding.as_slice().iter().map(|v| v * v).sum();
            assert!((norm - 1.0).abs() < 1e-5, "{size}: {norm}");
        }
    }

    #[test]
    fn what_was_admitted_is_admitted_again_bit_by_bit() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        let mut number = || {
            bits = bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            ((bits >> 40) as f32 / (1_u64 << 23) as f32 - 1.0)
                * [1e-30, 1e-3, 1.0, 1e20][(bits >> 33) as usize % 4]
        };
        for dimension in [16, 17, 256, 4096] {
            let space = VectorSpace::new(dimension, Metric::Cosine, "enc").unwrap();
            for _ in 0..200 {
                let values: Vec<f32> = (0..dimension).map(|_| number()).collect();
                let once = space.admit("enc", &values).unwrap();
                let twice = space.admit("enc", once.as_slice()).unwrap();
                let bits = |one: &Embedding| one.as_slice().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&once), bits(&twice), "{dimension}");
            }
        }
    }

    #[test]
    fn dot_and_l2_keep_the_numbers() {
        let values: Vec<f32> = (0..16).map(|i| i as f32).collect();
        for metric in [Metric::Dot, Metric::L2] {
            let space = VectorSpace::new(16, metric, "enc").unwrap();
            assert_eq!(space.admit(" enc ", &values).unwrap().as_slice(), values);
        }
    }

    #[test]
    fn dimension_bounds() {
        for dimension in [0, 15, 4097] {
            assert!(VectorSpace::new(dimension, Metric::L2, "enc").is_err());
        }
        assert!(VectorSpace::new(16, Metric::L2, " ").is_err());
    }
}
