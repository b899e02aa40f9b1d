//! What an incoming case does to an existing one with the same id.

use crate::local::says;
use crate::record::same_bits;
use crate::{CaseEntry, LocalVectors};
use precedent_model::{Case, FieldKind, FieldSchema, Image, MAX_IMAGES};
use precedent_vector::{ByteVector, Embedding};
use std::collections::BTreeMap;

/// What to do if the index holds a case with the id of an incoming one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Replacement {
    /// Replace it as a whole, or refuse the new case if something would be lost ([`Loss`]). What is kept beside images and sentences
    /// that come again stays ([`carried_over`]).
    #[default]
    Whole,
    /// Replace it as a whole, even if something is lost.
    Without,
    /// Replace what is given and keep the rest: fields by name, the patient, the report as a whole, images by name or, without
    /// one, by position; name, view, embedding, vectors of parts and thumbnail of an image count separately, but another embedding
    /// takes away the vectors of the parts and the thumbnail of the image that it was of before. Vectors of sentences that the
    /// report no longer has go with them.
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
    /// The same for images with vectors of their parts, after [`carried_over`].
    pub patches: Option<(usize, usize)>,
    /// The same for images with a thumbnail, after [`carried_over`].
    pub thumbnails: Option<(usize, usize)>,
}

/// Why a case is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// An existing case would lose something.
    Loss(Loss),
    /// An update would exceed [`MAX_IMAGES`]; the number of images there would be.
    TooManyImages(usize),
    /// An update with nothing but the patient or vectors of sentences, for an id that does not exist.
    NothingToUpdate,
    /// An update with vectors of sentences that the existing report does not have; how many.
    NotInReport(usize),
}

/// Counts of the parts of a case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    report: bool,
    patient: bool,
    images: usize,
    embeddings: usize,
    grids: usize,
    thumbnails: usize,
    sentences: usize,
}

impl Parts {
    pub fn of(entry: &CaseEntry) -> Self {
        let CaseEntry { case, embeddings, local, thumbnails } = entry;
        Self::counted(case, embeddings.len(), [local.images.len(), thumbnails.len(), local.sentences.len()])
    }

    /// Of a case with so many embeddings, grids, thumbnails and vectors of sentences.
    pub fn counted(case: &Case, embeddings: usize, [grids, thumbnails, sentences]: [usize; 3]) -> Self {
        let (report, patient) = (case.report.is_some(), case.patient.is_some());
        Self { report, patient, images: case.images.len(), embeddings, grids, thumbnails, sentences }
    }

    /// Whether anything is kept beside the case and its embeddings.
    pub fn has_beside(self) -> bool {
        self.grids + self.thumbnails + self.sentences > 0
    }

    /// What of these would be lost if `new` replaced them.
    pub fn lost_to(self, new: &CaseEntry) -> Option<Loss> {
        let new = Self::of(new);
        let fewer = |held: usize, given: usize| (given < held).then_some((held, given));
        let loss = Loss {
            report: self.report && !new.report,
            patient: self.patient && !new.patient,
            images: fewer(self.images, new.images),
            embeddings: fewer(self.embeddings, new.embeddings),
            patches: fewer(self.grids, new.grids),
            thumbnails: fewer(self.thumbnails, new.thumbnails),
        };
        (loss != Loss::default()).then_some(loss)
    }
}

impl Loss {
    /// What would be lost of an existing case if a new one replaced it.
    pub fn between(held: &CaseEntry, new: &CaseEntry) -> Option<Self> {
        Parts::of(held).lost_to(new)
    }
}

/// A new case that is to replace an existing one as a whole, with what is still true of what is kept beside that one and not given
/// again: the vectors of its parts and the thumbnail of an image that comes again at its place with the same embedding, and the
/// vectors of sentences that the new report has, too.
#[must_use]
pub fn carried_over(held: &CaseEntry, new: CaseEntry) -> CaseEntry {
    let embedding_of = |entry: &CaseEntry, image: usize| {
        let of_image = entry.embeddings.iter().find(|(of, _)| *of == image);
        of_image.map(|(_, embedding)| embedding.as_slice().to_vec())
    };
    let comes_again = |image: usize| {
        let names = held.case.images.get(image).zip(new.case.images.get(image));
        match (embedding_of(held, image), embedding_of(&new, image)) {
            (Some(held), Some(new)) => same_bits(&held, &new),
            // Without an embedding an image is known by its name.
            (None, None) => names.is_some_and(|(held, new)| held.name == new.name),
            _ => false,
        }
    };
    let places: BTreeMap<usize, usize> =
        (0..new.case.images.len()).filter(|&image| comes_again(image)).map(|image| (image, image)).collect();
    beside_joined(held, new, &places)
}

/// The new case with what is kept beside the existing one: of images at their places in the new case, and of sentences that its report
/// has.
fn beside_joined(held: &CaseEntry, new: CaseEntry, places: &BTreeMap<usize, usize>) -> CaseEntry {
    fn joined<T: Clone>(
        held: &[(usize, T)],
        new: Vec<(usize, T)>,
        places: &BTreeMap<usize, usize>,
    ) -> Vec<(usize, T)> {
        let kept = held.iter().filter_map(|(image, of)| Some((*places.get(image)?, of.clone())));
        kept.chain(new).collect::<BTreeMap<_, _>>().into_iter().collect()
    }
    let CaseEntry { case, embeddings, local, thumbnails } = new;
    let is_said = |text: &str| case.report.as_ref().is_some_and(|report| says(report, text));
    let said = held.local.sentences.iter().filter(|(text, _)| is_said(text));
    let sentences: BTreeMap<String, ByteVector> = said.cloned().chain(local.sentences).collect();
    let local = LocalVectors {
        images: joined(&held.local.images, local.images, places),
        sentences: sentences.into_iter().collect(),
    };
    let thumbnails = joined(&held.thumbnails, thumbnails, places);
    CaseEntry { case, embeddings, local, thumbnails }
}

/// Fields with facts about all images of a case.
const OF_IMAGES: [&str; 3] = ["view", "laterality", "body_part"];

/// The existing case with the given parts in place of its own. Facts about given images are added to those about kept images, if
/// their field holds several values.
///
/// # Errors
/// [`Refused::TooManyImages`].
pub fn updated(schema: &FieldSchema, held: CaseEntry, new: CaseEntry) -> Result<CaseEntry, Refused> {
    let CaseEntry { mut case, embeddings, .. } = held.clone();
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
    // What is kept beside images stays at their places, and what is given gets places there.
    let mut stays: BTreeMap<usize, usize> = (0..case.images.len()).map(|image| (image, image)).collect();
    let mut given_places = BTreeMap::new();
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
        given_places.insert(index, place);
        if let Some(vector) = given.remove(&index) {
            let before = vectors.insert(place, vector.clone());
            if before.is_some_and(|before| !same_bits(before.as_slice(), vector.as_slice())) {
                stays.remove(&place);
            }
        }
    }
    if case.images.len() > MAX_IMAGES {
        return Err(Refused::TooManyImages(case.images.len()));
    }
    let given = CaseEntry {
        local: LocalVectors { images: moved(new.local.images, &given_places), ..new.local },
        thumbnails: moved(new.thumbnails, &given_places),
        ..CaseEntry::new(case, vectors.into_iter().collect())
    };
    check_sentences(&given)?;
    Ok(beside_joined(&held, given, &stays))
}

/// What is of images, by their new places.
fn moved<T>(of_images: Vec<(usize, T)>, places: &BTreeMap<usize, usize>) -> Vec<(usize, T)> {
    of_images.into_iter().filter_map(|(image, of)| Some((*places.get(&image)?, of))).collect()
}

/// Checks that the report has every sentence that came with a vector.
///
/// # Errors
/// [`Refused::NotInReport`].
pub(crate) fn check_sentences(entry: &CaseEntry) -> Result<(), Refused> {
    let is_said = |text: &str| entry.case.report.as_ref().is_some_and(|report| says(report, text));
    match entry.local.sentences.iter().filter(|(text, _)| !is_said(text)).count() {
        0 => Ok(()),
        unknown => Err(Refused::NotInReport(unknown)),
    }
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
        CaseEntry::new(case, embeddings)
    }

    fn lost(held: &CaseEntry, new: &CaseEntry) -> Option<Loss> {
        Loss::between(held, new)
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
