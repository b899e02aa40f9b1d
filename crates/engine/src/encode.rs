//! Encodes images and words as vectors of an index's image space.

use crate::remembered::Remembered;
use crate::{Cause, EngineError, Violation, local};
use precedent_encoder::{Encoder, PatchGrid};
use precedent_imaging::{Decoded, HeaderFacts, PIXEL_PIPELINE_VERSION, decode};
use precedent_query::{LocalImage, MAX_TEXT_BYTES, QueryVector};
use precedent_vector::VectorSpace;
use std::sync::Arc;

/// An encoded image.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedImage {
    /// The embedding of the whole image, with the encoder's id.
    pub embedding: QueryVector,
    /// The embeddings of its parts.
    pub patches: PatchGrid,
    /// Its parts as they are compared with sentences; `None` if the encoder's vectors are too long for that.
    pub local: Option<LocalImage>,
    /// Rows and columns of the upright image before its pixels were made square.
    pub original: (u32, u32),
    /// Facts from its header.
    pub facts: HeaderFacts,
}

/// The encoder for the image space of an index, or why there is none.
#[derive(Debug, Clone)]
pub(crate) struct Encoding {
    encoder: Result<Arc<Encoder>, (Cause, String)>,
    notice: Option<String>,
    sentences: Arc<Remembered>,
}

impl Encoding {
    /// Chooses from the available encoders.
    pub fn choose(space: Option<&VectorSpace>, at_hand: &[Arc<Encoder>]) -> Self {
        let Some(space) = space else {
            let problem = "this index has no image space; make one for an encoder";
            let encoder = Err((Cause::NoImageSpace, problem.to_owned()));
            return Self { encoder, notice: None, sentences: Arc::default() };
        };
        let fits = at_hand.iter().find(|encoder| encoder.id() == space.encoder_id());
        let namesake = at_hand.iter().find(|encoder| encoder.description().name == name(space.encoder_id()));
        // Other weights under the same name are still a demo.
        let notice = fits.or(namesake).and_then(|encoder| encoder.notice()).map(str::to_owned);
        let encoder = match (fits, namesake) {
            (Some(encoder), _) => check(space, encoder).map(|()| Arc::clone(encoder)),
            (None, Some(other)) => Err(format!(
                "this index's embeddings come from encoder {}, and this program has {}; make the index anew with it, or \
                 open the index with the folder of its own encoder",
                space.encoder_id(),
                other.id()
            )),
            (None, None) => Err(format!(
                "this index's embeddings come from encoder {}, which this server does not have; send embeddings",
                space.encoder_id()
            )),
        };
        let encoder = encoder.map_err(|problem| (Cause::NoEncoder, problem));
        Self { encoder, notice, sentences: Arc::default() }
    }

    /// The vectors of sentences that were encoded before.
    pub fn sentences(&self) -> &Remembered {
        &self.sentences
    }

    /// The notice to show with all results of the space.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// The encoder, if there is one.
    pub fn encoder(&self) -> Option<&Arc<Encoder>> {
        self.encoder.as_ref().ok()
    }

    /// The encoder, or why `field` cannot be encoded.
    pub fn of(&self, field: &str) -> Result<&Encoder, Violation> {
        self.encoder.as_deref().map_err(|(cause, problem)| Violation::new(field, problem).because(*cause))
    }

    /// As [`Self::of`], for a call whose only purpose is to encode.
    pub fn required(&self, field: &str) -> Result<&Encoder, EngineError> {
        self.of(field).map_err(EngineError::Precondition)
    }
}

/// An encoder's id without its fingerprint.
fn name(encoder_id: &str) -> &str {
    encoder_id.split_once('@').map_or(encoder_id, |(name, _)| name)
}

/// Checks that an encoder fits the space with its id and the way this program reads images.
fn check(space: &VectorSpace, encoder: &Encoder) -> Result<(), String> {
    let taught = encoder.description().pixel_pipeline;
    if taught != PIXEL_PIPELINE_VERSION {
        return Err(format!(
            "encoder {} was taught with pictures read by pixel pipeline {taught}, and this program reads them by \
             {PIXEL_PIPELINE_VERSION}; use the program of that version, or send embeddings",
            encoder.id()
        ));
    }
    if encoder.dimension() != space.dimension() {
        return Err(format!(
            "encoder {} gives {} numbers, and this index takes {}; make the index anew for it",
            encoder.id(),
            encoder.dimension(),
            space.dimension()
        ));
    }
    Ok(())
}

/// Reads a DICOM, PNG or JPEG file and encodes it. Faults are reported for `field`.
pub(crate) fn image(encoder: &Encoder, content: &[u8], field: &str) -> Result<EncodedImage, Violation> {
    picture(encoder, read(content, field)?, field)
}

/// Reads a DICOM, PNG or JPEG file. Faults are reported for `field`.
pub(crate) fn read(content: &[u8], field: &str) -> Result<Decoded, Violation> {
    decode(content).map_err(|error| {
        let remedy = "give a DICOM, PNG or JPEG file of one grey picture";
        Violation::new(field, format!("cannot be read ({}): {error}; {remedy}", error.reason()))
    })
}

/// Encodes a picture that was read. Faults are reported for `field`.
pub(crate) fn picture(encoder: &Encoder, decoded: Decoded, field: &str) -> Result<EncodedImage, Violation> {
    let seen = (encoder.encode_image(&decoded.image))
        .map_err(|error| Violation::new(field, format!("cannot be encoded: {error}")))?;
    let local = local::parts(encoder, &decoded, &seen);
    let embedding = QueryVector { values: seen.global, encoder_id: encoder.id().to_owned() };
    let (patches, original, facts) = (seen.patches, decoded.original, decoded.facts);
    Ok(EncodedImage { embedding, patches, local, original, facts })
}

/// Encodes words into the image space. Faults are reported for `field`.
pub(crate) fn text(encoder: &Encoder, text: &str, field: &str) -> Result<QueryVector, Violation> {
    if text.len() > MAX_TEXT_BYTES {
        let description = format!("has {} bytes, the limit is {MAX_TEXT_BYTES}; shorten it", text.len());
        return Err(Violation::new(field, description));
    }
    let values = encoder.encode_text(text).map_err(|error| Violation::new(field, error.to_string()))?;
    Ok(QueryVector { values, encoder_id: encoder.id().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_encoder::Description;
    use precedent_vector::Metric;

    fn space(id: &str, dimension: usize) -> VectorSpace {
        VectorSpace::new(dimension, Metric::Cosine, id).unwrap()
    }

    fn refused(space: &VectorSpace, at_hand: &[Arc<Encoder>]) -> String {
        Encoding::choose(Some(space), at_hand).of("images[0]").unwrap_err().description
    }

    #[test]
    fn the_encoder_of_the_space_is_taken_with_its_notice() {
        let bundled = Encoder::bundled().unwrap();
        let chosen =
            Encoding::choose(Some(&space(bundled.id(), bundled.dimension())), &[Arc::clone(&bundled)]);
        assert_eq!(chosen.of("x").unwrap().id(), bundled.id());
        assert_eq!(chosen.notice(), bundled.notice());
        assert!(chosen.notice().unwrap().contains("not for clinical images"));
    }

    #[test]
    fn another_fingerprint_names_both_ids_and_keeps_the_notice() {
        let bundled = Encoder::bundled().unwrap();
        let older = space("phantom-cxr@0123456789abcdef", bundled.dimension());
        let said = refused(&older, &[Arc::clone(&bundled)]);
        for part in ["phantom-cxr@0123456789abcdef", bundled.id(), "anew", "folder of its own encoder"] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(Encoding::choose(Some(&older), &[bundled]).notice().is_some());
    }

    #[test]
    fn an_encoder_of_the_sites_own_is_not_here() {
        let bundled = Encoder::bundled().unwrap();
        let own = space("site-encoder-1", 512);
        let expected = "this index's embeddings come from encoder site-encoder-1, which this server does not have; \
                        send embeddings";
        assert_eq!(refused(&own, &[Arc::clone(&bundled)]), expected);
        assert_eq!(Encoding::choose(Some(&own), &[bundled]).notice(), None);
        let none = Encoding::choose(None, &[]).of("images[0]").unwrap_err();
        assert!(none.field == "images[0]" && none.description.contains("has no image space"));
    }

    #[test]
    fn a_space_of_another_dimension_and_another_pixel_pipeline_are_refused() {
        let bundled = Encoder::bundled().unwrap();
        assert!(refused(&space(bundled.id(), 512), &[Arc::clone(&bundled)]).contains("this index takes 512"));
        let folder =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../index/encoders/phantom-cxr/weights.safetensors");
        let description = Description { pixel_pipeline: 99, ..bundled.description().clone() };
        let encoder = Arc::new(Encoder::from_parts(description, &std::fs::read(folder).unwrap()).unwrap());
        let said = refused(&space(encoder.id(), encoder.dimension()), &[Arc::clone(&encoder)]);
        assert!(said.contains("pixel pipeline 99") && said.contains("send embeddings"), "{said}");
    }
}
