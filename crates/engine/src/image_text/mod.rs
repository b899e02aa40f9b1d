//! Turns words about what images should show into a vector of the image space.
//!
//! The text is read as reports are. A finding that it states or suspects is represented by the mean of phrases that the encoder
//! was trained with ([`taught`]), whatever name the text uses. A denied finding is subtracted, so that images that show it come
//! last; if the text only denies findings, images that look least like them come first. Text that names no finding is encoded as
//! written.
//!
//! A finding that the encoder was not trained on is represented by those of its kinds that it was trained on, or else by what it
//! is a kind of. A finding with neither is left out, and a warning names it.

mod taught;

use crate::{Violation, encode};
use precedent_encoder::Encoder;
use precedent_model::{Assertion, Laterality, Mention, SectionKind};
use precedent_query::{QueryVector, Warning, WarningCode};
use precedent_report::{Lexicon, ReportReader};
use taught::{TAUGHT, Taught};

/// Weight of a denied finding relative to a present one. On phantoms, some denied findings still get through at 0.3, and at 0.7
/// the findings asked for begin to suffer.
const DENIED: f32 = 0.5;

/// The vector of a text, with warnings. Faults are reported for `field`.
pub(crate) fn encode_image_text(
    encoder: &Encoder,
    reader: &ReportReader,
    text: &str,
    field: &str,
) -> Result<(QueryVector, Option<Warning>), Violation> {
    let as_written = encode::text(encoder, text, field)?;
    let reading = reader.read_text(SectionKind::Body, text);
    let mentions = reading.sentences.iter().flat_map(|sentence| &sentence.mentions);
    let mut unplaced = Vec::new();
    let (mut towards, mut away) = (Sum::default(), Sum::default());
    for mention in mentions {
        let side = match mention.assertion {
            Assertion::Present | Assertion::Uncertain | Assertion::Hypothetical => &mut towards,
            Assertion::Absent => &mut away,
            // An image need not show what is historical or another person's.
            Assertion::Historical | Assertion::OtherPerson => {
                unplaced.push(name_of(reader.lexicon(), mention));
                continue;
            }
        };
        let places = places(reader.lexicon(), mention);
        if places.is_empty() {
            unplaced.push(name_of(reader.lexicon(), mention));
        } else {
            side.add(&prototype(encoder, &places, mention.laterality, field)?);
        }
    }
    let warning = warning(&mut unplaced);
    let values = match (towards.unit(), away.unit()) {
        (None, None) => return Ok((as_written, warning)),
        (Some(towards), None) => towards,
        (None, Some(away)) => away.iter().map(|value| -value).collect(),
        (Some(towards), Some(away)) => {
            towards.iter().zip(&away).map(|(towards, away)| towards - DENIED * away).collect()
        }
    };
    Ok((QueryVector { values, ..as_written }, warning))
}

/// What represents a finding: itself or a finding that looks the same, or else its kinds, or else what it is a kind of.
fn places(lexicon: &Lexicon, mention: &Mention) -> Vec<&'static Taught> {
    let is_meant = |taught: &&Taught, id: &str| taught.finding == id || taught.alike.contains(&id);
    if let Some(taught) = TAUGHT.iter().find(|taught| is_meant(taught, &mention.finding)) {
        return vec![taught];
    }
    let among = |ids: Vec<precedent_model::FindingId>| -> Vec<&'static Taught> {
        TAUGHT.iter().filter(|taught| ids.iter().any(|id| taught.finding == &**id)).collect()
    };
    let kinds = among(lexicon.narrower(&mention.finding));
    if kinds.is_empty() { among(lexicon.broader(&mention.finding)) } else { kinds }
}

/// The mean direction of its phrases.
fn prototype(
    encoder: &Encoder,
    places: &[&Taught],
    side: Option<Laterality>,
    field: &str,
) -> Result<Vec<f32>, Violation> {
    let mut sum = Sum::default();
    for taught in places {
        let mut of_one = Sum::default();
        for phrase in taught.phrases(side) {
            of_one.add(&encode::text(encoder, phrase, field)?.values);
        }
        sum.add(&of_one.unit().unwrap_or_default());
    }
    Ok(sum.unit().unwrap_or_default())
}

fn name_of(lexicon: &Lexicon, mention: &Mention) -> String {
    let known = lexicon.findings().find(|finding| *finding.id == *mention.finding);
    known.map_or_else(|| mention.finding.to_string(), |finding| finding.name.clone())
}

fn warning(unplaced: &mut Vec<String>) -> Option<Warning> {
    unplaced.sort_unstable();
    unplaced.dedup();
    (!unplaced.is_empty()).then(|| Warning {
        code: WarningCode::UnplacedImageText,
        message: format!(
            "the encoder cannot place {} of image_text among images; search the reports for it",
            unplaced.join(", ")
        ),
    })
}

/// A sum of vectors.
#[derive(Default)]
struct Sum(Vec<f32>);

impl Sum {
    fn add(&mut self, values: &[f32]) {
        self.0.resize(self.0.len().max(values.len()), 0.0);
        self.0.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }

    /// The unit vector in its direction; `None` if there is none.
    fn unit(&self) -> Option<Vec<f32>> {
        let length = self.0.iter().map(|value| value * value).sum::<f32>().sqrt();
        (length > 1e-6).then(|| self.0.iter().map(|value| value / length).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(text: &str) -> (Vec<f32>, Option<String>) {
        let (encoder, reader) = (Encoder::bundled().unwrap(), ReportReader::new(Lexicon::bundled()));
        let (vector, warning) = encode_image_text(&encoder, &reader, text, "image_text").unwrap();
        assert_eq!(vector.encoder_id, encoder.id());
        (vector.values, warning.map(|warning| warning.message))
    }

    fn cosine(a: &str, b: &str) -> f32 {
        let (a, b) = (vector(a).0, vector(b).0);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
    }

    #[test]
    fn a_finding_is_one_under_all_its_names() {
        for (name, other) in [
            ("cardiomegaly", "enlarged heart"),
            ("pneumothorax", "possible pneumothorax"),
            ("pulmonary edema", "fluid overload"),
            ("consolidation", "Is there pneumonia?"),
        ] {
            assert!(cosine(name, other) > 0.999, "{name} {other}");
        }
        assert!(cosine("cardiomegaly", "pneumothorax") < 0.9);
    }

    #[test]
    fn every_finding_of_the_table_is_one_of_the_lexicon() {
        let lexicon = Lexicon::bundled();
        for id in TAUGHT.iter().flat_map(|taught| taught.alike.iter().chain([&taught.finding])) {
            assert!(lexicon.findings().any(|finding| finding.id == *id), "{id}");
        }
    }

    #[test]
    fn what_is_denied_leads_away() {
        assert!(cosine("cardiomegaly", "no cardiomegaly") < -0.999);
        assert!(cosine("cardiomegaly", "without enlarged heart") < -0.999);
        let beside = cosine("cardiomegaly without pleural effusion", "pleural effusion");
        assert!(beside < cosine("cardiomegaly", "pleural effusion"), "{beside}");
    }

    #[test]
    fn a_side_takes_the_phrases_of_that_side() {
        let left = cosine("left pleural effusion", "large left pleural effusion");
        assert!(left > 0.999);
        assert!(cosine("left pleural effusion", "right pleural effusion") < 0.999);
    }

    #[test]
    fn kinds_and_what_a_finding_is_a_kind_of_stand_for_it() {
        assert_eq!(vector("lung opacity").1, None);
        assert_eq!(vector("interstitial pulmonary edema").1, None);
    }

    #[test]
    fn what_cannot_be_placed_is_named_and_text_without_findings_is_encoded_as_it_stands() {
        let (values, warning) = vector("scoliosis");
        assert!(warning.unwrap().contains("scoliosis"));
        assert_eq!(values, Encoder::bundled().unwrap().encode_text("scoliosis").unwrap());
        let (values, warning) = vector("an elderly patient");
        assert_eq!(
            (values, warning),
            (Encoder::bundled().unwrap().encode_text("an elderly patient").unwrap(), None)
        );
        assert!(vector("scoliosis and cardiomegaly").1.unwrap().contains("scoliosis"));
    }
}
