//! The vectors of the sentences of reports, as the encoder of an index gives them.

use crate::encode::Encoding;
use crate::local::has_local_vectors;
use crate::{EngineError, NewCase, NewLocal, Violation};
use precedent_archive::{Definition, LocalVectors};
use precedent_encoder::{Encoder, EncoderError};
use precedent_report::{ReportReader, speaks_of_examination};
use precedent_vector::ByteVector;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Sentences of a report that have vectors. Real reports have a tenth of them.
pub(crate) const MOST_SENTENCES: usize = 256;
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

/// The encoder whose vectors of sentences the index keeps, if this process has it.
pub(crate) fn encoder<'a>(definition: &Definition, encoding: &'a Encoding) -> Option<&'a Encoder> {
    let (space, encoder) = (definition.local_space.as_ref()?, encoding.encoder()?);
    let fits = encoder.id() == space.encoder_id && encoder.local_dimension() == space.dimension;
    (fits && has_local_vectors(encoder)).then_some(encoder)
}

/// Gives a case the vectors of what its report says of the examination, unless it comes with vectors of sentences.
pub(crate) fn add(
    definition: &Definition,
    encoding: &Encoding,
    reader: &ReportReader,
    mut new: NewCase,
) -> Result<NewCase, Vec<Violation>> {
    let Some(encoder) = encoder(definition, encoding) else { return Ok(new) };
    let has_own = |local: &NewLocal| !local.vectors.sentences.is_empty() || local.encoder_id != encoder.id();
    let (Some(report), false) = (&new.case.report, new.local.as_ref().is_some_and(has_own)) else {
        return Ok(new);
    };
    let reading = reader.read(report);
    let said = reading.sentences.iter().filter(|sentence| speaks_of_examination(sentence));
    let mut texts: Vec<&str> = said
        .take(MOST_SENTENCES)
        .map(|sentence| &report.sections()[sentence.section].text[sentence.span.range()])
        .collect();
    texts.sort_unstable();
    texts.dedup();
    let vectors = encoding.sentences().vectors(encoder, &texts, &|| false).map_err(|error| {
        vec![Violation::new("case.report", format!("has sentences that cannot be encoded: {error}"))]
    })?;
    let with_vectors =
        texts.iter().zip(vectors).filter_map(|(text, vector)| Some(((*text).to_owned(), vector?)));
    let sentences: Vec<(String, ByteVector)> = with_vectors.collect();
    if !sentences.is_empty() {
        let local = new.local.get_or_insert_with(|| NewLocal {
            encoder_id: encoder.id().to_owned(),
            vectors: LocalVectors::default(),
        });
        local.vectors.sentences = sentences;
    }
    Ok(new)
}
