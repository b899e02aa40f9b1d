//! The vectors of the sentences of reports, as the encoder of an index gives them.

use crate::encode::Encoding;
use crate::local::has_local_vectors;
use crate::{NewCase, NewLocal, Violation};
use precedent_archive::{Definition, LocalVectors};
use precedent_encoder::Encoder;
use precedent_report::{ReportReader, speaks_of_examination};
use precedent_vector::ByteVector;

/// Sentences of a report that have vectors. Real reports have a tenth of them.
pub(crate) const MOST_SENTENCES: usize = 256;

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
    let mut texts: Vec<&str> = said.take(MOST_SENTENCES).map(|sentence| sentence.text_in(report)).collect();
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
