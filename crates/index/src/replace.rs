//! What an incoming case does to an existing one with the same id.

use crate::CaseEntry;
use precedent_model::{Case, FieldKind, FieldSchema, Image, MAX_IMAGES};
use precedent_vector::Embedding;
use std::collections::BTreeMap;

/// What to do if the index holds a case with the id of an incoming one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Replacement {
    /// Replace it as a whole, or refuse the new case if something would be lost ([`Loss`]).
    #[default]
    Whole,
    /// Replace it as a whole, even if something is lost.
    Without,
    /// Replace what is given and keep the rest: fields by name, the patient, the report as a whole, images by name or, without
    /// one, by position; name, view and embedding of an image count separately.
    Update,
    /// Leave it alone: only cases with new ids are stored.
    IfAbsent,
}

/// What a replacement would lose of a case: how much is held, and how much is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loss {
    /// Whether there is a report, and the new case has none.
    pub report: bool,
    /// Whether there is a patient, and the new case has none.
    pub patient: bool,
    /// Numbers of images held and given, if fewer are given.
    pub images: Option<(usize, usize)>,
    /// The same for images with an embedding.
    pub embeddings: Option<(usize, usize)>,
}

/// Why a case is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// An existing case would lose something.
    Loss(Loss),
    /// An update would exceed [`MAX_IMAGES`]; the number of images there would be.
    TooManyImages(usize),
    /// An update with nothing but the patient, for an id that does not exist.
    NothingToUpdate,
}

/// Counts of the parts of a case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    report: bool,
    patient: bool,
    images: usize,
    embeddings: usize,
}

impl Parts {
    pub fn of(case: &Case, embeddings: usize) -> Self {
        let (report, patient) = (case.report.is_some(), case.patient.is_some());
        Self { report, patient, images: case.images.len(), embeddings }
    }

    /// What of these would be lost if `new` replaced them.
    pub fn lost_to(self, new: &CaseEntry) -> Option<Loss> {
        let new = Self::of(&new.case, new.embeddings.len());
        let fewer = |held: usize, given: usize| (given < held).then_some((held, given));
        let loss = Loss {
            report: self.report && !new.report,
            patient: self.patient && !new.patient,
            images: fewer(self.images, new.images),
            embeddings: fewer(self.embeddings, new.embeddings),
        };
        (loss != Loss::default()).then_some(loss)
    }
}

impl Loss {
    /// What would be lost of an existing case if a new one replaced it.
    pub fn between(held: &CaseEntry, new: &CaseEntry) -> Option<Self> {
        Parts::of(&held.case, held.embeddings.len()).lost_to(new)
    }
}

/// Fields with facts about all images of a case.
const OF_IMAGES: [&str; 3] = ["view", "laterality", "body_part"];

/// The existing case with the given parts in place of its own. Facts about given images are added to those about kept images, if
/// their field holds several values.
///
/// # Errors
/// [`Refused::TooManyImages`].
pub fn updated(schema: &FieldSchema, held: CaseEntry, new: CaseEntry) -> Result<CaseEntry, Refused> {
    let CaseEntry { mut case, embeddings } = held;
    let mut new = new;
    for name in OF_IMAGES.into_iter().filter(|name| schema.kind(name) == Some(FieldKind::Keywords)) {
        if let (Some(held), Some(given), false) =
            (case.fields.get(name), new.case.fields.get_mut(name), new.case.images.is_empty())
        {
            let added = std::mem::replace(given, held.clone());
            given.extend(added.into_iter().filter(|value| !held.contains(value)));
        }
    }
    case.patient = match (new.case.patient, case.patient) {
        // A new key without an issuer does not remove the issuer.
        (Some(given), Some(held)) if given.may_be(&held) => Some(given.fuller(&held).clone()),
        (given, held) => given.or(held),
    };
    case.report = new.case.report.or(case.report);
    case.fields.extend(new.case.fields);
    let mut vectors: BTreeMap<usize, Embedding> = embeddings.into_iter().collect();
    let mut given: BTreeMap<usize, Embedding> = new.embeddings.into_iter().collect();
    let mut taken = Vec::new();
    for (index, image) in new.case.images.into_iter().enumerate() {
        let place = place_of(&image, index, &case.images, &taken);
        taken.push(place);
        case.images.resize_with(case.images.len().max(place + 1), Image::default);
        let Some(known) = case.images.get_mut(place) else { continue };
        if !image.name.trim().is_empty() {
            known.name = image.name;
        }
        known.view = image.view.or(known.view.take());
        vectors.extend(given.remove(&index).map(|vector| (place, vector)));
    }
    if case.images.len() > MAX_IMAGES {
        return Err(Refused::TooManyImages(case.images.len()));
    }
    Ok(CaseEntry { case, embeddings: vectors.into_iter().collect() })
}

/// The position of an image among the existing ones: by its name, or without one by its position; otherwise a new one.
fn place_of(image: &Image, index: usize, held: &[Image], taken: &[usize]) -> usize {
    let free = |place: &usize| !taken.contains(place);
    let name = image.name.trim();
    let nameless = |place: &usize| held.get(*place).is_some_and(|known| known.name.trim().is_empty());
    let named = (0..held.len()).find(|place| free(place) && held[*place].name.trim() == name);
    let by_place = Some(index).filter(free);
    let place = match name.is_empty() {
        true => by_place.filter(|place| *place < held.len()),
        false => named.or(by_place.filter(nameless)),
    };
    place.unwrap_or(held.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{CaseId, FieldValue, PatientKey, Report, SectionKind};

    fn update(held: CaseEntry, new: CaseEntry) -> Result<CaseEntry, Refused> {
        let fields = [("view", FieldKind::Keywords), ("body_part", FieldKind::Keyword)];
        let schema = FieldSchema::new(fields.map(|(name, kind)| (name.to_owned(), kind))).unwrap();
        updated(&schema, held, new)
    }
    use precedent_vector::{Metric, VectorSpace};

    fn embedding(value: f32) -> Embedding {
        VectorSpace::new(16, Metric::L2, "e").unwrap().admit("e", &[value; 16]).unwrap()
    }

    /// Images by name, followed by `!` if they have an embedding.
    fn entry(report: &str, patient: &str, images: &[&str]) -> CaseEntry {
        let mut case = Case::new(CaseId::new("a").unwrap());
        case.report = (!report.is_empty()).then(|| Report::new([(SectionKind::Body, report)]).unwrap());
        case.patient = PatientKey::new(patient, None).ok();
        let with_vector = |(place, name): (usize, &&str)| {
            name.ends_with('!').then(|| (place, embedding(name.len() as f32 + place as f32)))
        };
        let embeddings = images.iter().enumerate().filter_map(with_vector).collect();
        case.images = (images.iter())
            .map(|name| Image { name: name.trim_end_matches('!').to_owned(), view: None })
            .collect();
        CaseEntry { case, embeddings }
    }

    fn lost(held: &CaseEntry, new: &CaseEntry) -> Option<Loss> {
        Parts::of(&held.case, held.embeddings.len()).lost_to(new)
    }

    #[test]
    fn fewer_of_anything_is_a_loss_and_more_or_other_is_none() {
        let held = entry("Normal.", "P1", &["a!", "b!"]);
        let none = Loss::default();
        let check = |new: CaseEntry, loss: Option<Loss>| assert_eq!(lost(&held, &new), loss);
        check(entry("Other.", "P2", &["c!", "d!", "e"]), None);
        check(entry("", "P1", &["a!", "b!"]), Some(Loss { report: true, ..none }));
        check(entry("x", "", &["a!", "b!"]), Some(Loss { patient: true, ..none }));
        check(entry("x", "P1", &["a", "b!"]), Some(Loss { embeddings: Some((2, 1)), ..none }));
        let loss = Loss { images: Some((2, 0)), embeddings: Some((2, 0)), ..none };
        check(entry("x", "P1", &[]), Some(loss));
        assert_eq!(lost(&entry("", "", &[]), &entry("", "", &[])), None);
    }

    #[track_caller]
    fn check_images(held: &[&str], new: &[&str], expected: &[&str]) {
        let result = update(entry("x", "", held), entry("", "", new)).unwrap();
        let shown = |(place, image): (usize, &Image)| {
            let mark = result.embeddings.iter().any(|(with, _)| *with == place);
            format!("{}{}", image.name, if mark { "!" } else { "" })
        };
        let shown: Vec<String> = result.case.images.iter().enumerate().map(shown).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn an_update_keeps_the_images_that_are_not_given() {
        check_images(&["a!", "b!"], &[], &["a!", "b!"]);
        check_images(&["a!", "b!"], &["b"], &["a!", "b!"]);
        check_images(&["a!"], &["b!"], &["a!", "b!"]);
        check_images(&["a"], &["a!"], &["a!"]);
        check_images(&["a", "b"], &["!", "!"], &["a!", "b!"]);
        check_images(&["!"], &["a"], &["a!"]);
        check_images(&[], &["a!", ""], &["a!", ""]);
        check_images(&["a", "a"], &["a!", "a!"], &["a!", "a!"]);
        let many: Vec<String> = (0..MAX_IMAGES).map(|place| place.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let refused = update(entry("x", "", &many), entry("", "", &["another"])).unwrap_err();
        assert_eq!(refused, Refused::TooManyImages(MAX_IMAGES + 1));
    }

    #[test]
    fn an_update_takes_the_embedding_that_is_given() {
        let result = update(entry("x", "", &["a!", "b!"]), entry("", "", &["b!"])).unwrap();
        assert_eq!(result.embeddings, [(0, embedding(2.0)), (1, embedding(2.0))]);
    }

    #[test]
    fn an_update_keeps_report_patient_and_fields_that_are_not_given() {
        let field = |text: &str| vec![FieldValue::Keyword(text.to_owned())];
        let mut held = entry("Normal.", "P1", &[]);
        held.case.fields = [("sex".to_owned(), field("F")), ("modality".to_owned(), field("DX"))].into();
        let mut new = entry("", "", &[]);
        new.case.fields.insert("modality".to_owned(), field("CR"));
        let result = update(held.clone(), new).unwrap().case;
        assert_eq!((result.report, result.patient), (held.case.report.clone(), held.case.patient.clone()));
        assert_eq!((&result.fields["sex"], &result.fields["modality"]), (&field("F"), &field("CR")));
        let result = update(held, entry("Worse.", "P2", &[])).unwrap().case;
        assert_eq!(result.report.unwrap().section(SectionKind::Body), Some("Worse."));
        assert_eq!(result.patient.unwrap().id(), "P2");
    }
    #[test]
    fn facts_of_images_that_are_given_are_added_to_those_that_are_kept() {
        let field = |text: &str| vec![FieldValue::Keyword(text.to_owned())];
        let with = |view: &str, part: &str, images: &[&str]| {
            let mut entry = entry("x", "", images);
            entry.case.fields =
                [("view".to_owned(), field(view)), ("body_part".to_owned(), field(part))].into();
            entry
        };
        let result = update(with("PA", "CHEST", &["a!"]), with("LL", "RIBS", &["b!"])).unwrap().case;
        assert_eq!(result.fields["view"], [field("PA"), field("LL")].concat());
        assert_eq!(result.fields["body_part"], field("RIBS"));
        let result = update(with("PA", "CHEST", &["a!"]), with("PA", "CHEST", &["b!"])).unwrap().case;
        assert_eq!(result.fields["view"], field("PA"));
        let result = update(with("PA", "CHEST", &["a!"]), with("AP", "CHEST", &[])).unwrap().case;
        assert_eq!(result.fields["view"], field("AP"), "a correction");
    }
}
