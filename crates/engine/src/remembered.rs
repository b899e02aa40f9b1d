//! The vectors of sentences that an encoder has given before.

use crate::EngineError;
use precedent_encoder::{Encoder, EncoderError};
use precedent_vector::ByteVector;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Sentences encoded between two calls of `stop`.
const ENCODED_AT_ONCE: usize = 64;
/// Sentences that are remembered, and the longest of them in bytes: with their vectors some 16 MB.
const REMEMBERED: usize = 32_768;
const LONGEST: usize = 240;

/// The vectors of sentences that were encoded, for when they come again: a few hundred make up half of all that reports say.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<Box<str>, Option<ByteVector>>>);

impl Remembered {
    /// The vector of each sentence; `None` for one without a word.
    pub fn vectors(
        &self,
        encoder: &Encoder,
        sentences: &[&str],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Option<ByteVector>>, EngineError> {
        let mut found: Vec<Option<Option<ByteVector>>> = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            sentences.iter().map(|sentence| known.get(*sentence).cloned()).collect()
        };
        let missing: Vec<usize> = (0..sentences.len()).filter(|&place| found[place].is_none()).collect();
        for places in missing.chunks(ENCODED_AT_ONCE) {
            if stop() {
                return Err(EngineError::Cancelled);
            }
            let texts: Vec<&str> = places.iter().map(|&place| sentences[place]).collect();
            for (&place, vector) in places.iter().zip(encoder.encode_sentences(&texts)?) {
                // An encoder gives vectors of length 1, or its weights are damaged.
                let vector = vector.map(|vector| ByteVector::quantise(&vector)).transpose();
                found[place] = Some(vector.map_err(|_| EncoderError::NotFinite)?);
            }
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + missing.len() > REMEMBERED {
            known.clear();
        }
        for place in missing.into_iter().take(REMEMBERED) {
            if let (Some(vector), true) = (&found[place], sentences[place].len() <= LONGEST) {
                known.insert(sentences[place].into(), vector.clone());
            }
        }
        Ok(found.into_iter().map(Option::flatten).collect())
    }
}

/// Sentences are report text.
impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembered(hidden)")
    }
}
