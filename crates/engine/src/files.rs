//! Cases with image files: encodes the files, makes their thumbnails and completes the case from their headers.

use crate::encode::{self, Encoding};
use crate::ingest::MAX_CASE_FILE_BYTES;
use crate::{NewCase, NewLocal, Violation, study};
use precedent_archive::{Definition, LocalSpace, LocalVectors};
use precedent_imaging::{self as imaging, HeaderFacts};
use precedent_model::{Case, FieldKind, FieldSchema, Image, Laterality, MAX_IMAGES, fold_keyword};
use precedent_query::QueryVector;
use std::collections::HashSet;

/// Encodes the files of a case, and makes the thumbnails that the index keeps. What the case itself does not give is taken from their headers.
pub(crate) fn encode(
    definition: &Definition,
    encoding: &Encoding,
    new: NewCase,
) -> Result<NewCase, Vec<Violation>> {
    if !new.has_files() {
        return Ok(new);
    }
    let NewCase { mut case, mut embeddings, files, mut local, mut thumbnails, replacement } = new;
    check(&case, &embeddings, &files)?;
    if case.images.is_empty() {
        case.images = vec![Image::default(); files.len()];
    }
    embeddings.resize(case.images.len(), None);
    let mut wrong = Vec::new();
    let mut headers = Vec::new();
    for (place, content) in files.into_iter().enumerate() {
        let Some(content) = content else { continue };
        let field = content_field(place);
        let seen = encoding.of(&field).and_then(|encoder| {
            let decoded = encode::read(&content, &field)?;
            let small = imaging::thumbnail(&decoded.image, definition.thumbnail_side);
            Ok((encode::picture(encoder, decoded, &field)?, small))
        });
        match seen {
            Ok((encoded, small)) => {
                if let (Some(parts), Some(space)) =
                    (encoded.local, kept_parts(definition, &encoded.embedding))
                {
                    let local = local.get_or_insert_with(|| NewLocal {
                        encoder_id: space.encoder_id.clone(),
                        vectors: LocalVectors::default(),
                    });
                    local.vectors.images.push((place, parts));
                }
                // One that is given stays.
                if let Some(small) = small.filter(|_| thumbnails.iter().all(|(given, _)| *given != place)) {
                    thumbnails.push((place, small));
                }
                embeddings[place] = Some(encoded.embedding);
                headers.push((place, encoded.facts));
            }
            Err(violation) => wrong.push(violation),
        }
    }
    complete(definition, &mut case, &headers, &mut wrong);
    if wrong.is_empty() {
        Ok(NewCase { case, embeddings, files: Vec::new(), local, thumbnails, replacement })
    } else {
        Err(wrong)
    }
}

/// The space in which the index keeps the parts of images, if it is that of the encoder of this embedding.
fn kept_parts<'a>(definition: &'a Definition, embedding: &QueryVector) -> Option<&'a LocalSpace> {
    definition.local_space.as_ref().filter(|space| space.encoder_id == embedding.encoder_id)
}

fn content_field(place: usize) -> String {
    format!("case.images[{place}].content")
}

/// Checks that need no image.
fn check(
    case: &Case,
    embeddings: &[Option<QueryVector>],
    files: &[Option<Vec<u8>>],
) -> Result<(), Vec<Violation>> {
    let mut wrong = Vec::new();
    let images = if case.images.is_empty() { files.len() } else { case.images.len() };
    if images > MAX_IMAGES {
        let description = format!("has {images} entries; give at most {MAX_IMAGES}");
        return Err(vec![Violation::new("case.images", description)]);
    }
    if files.len().max(embeddings.len()) > images {
        let given = files.len().max(embeddings.len());
        let description =
            format!("{given} files or embeddings for {images} images; give at most one per image");
        return Err(vec![Violation::new("case.images", description)]);
    }
    for (place, content) in files.iter().enumerate() {
        if content.is_some() && embeddings.get(place).is_some_and(Option::is_some) {
            let description = "is given beside an embedding; give one of the two";
            wrong.push(Violation::new(content_field(place), description));
        }
    }
    let bytes: usize = files.iter().flatten().map(Vec::len).sum();
    if bytes > MAX_CASE_FILE_BYTES {
        let description = format!(
            "have {bytes} bytes of files, the limit of a case is {MAX_CASE_FILE_BYTES}; split the study"
        );
        wrong.push(Violation::new("case.images", description));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Adds what the case itself does not give.
fn complete(
    definition: &Definition,
    case: &mut Case,
    headers: &[(usize, HeaderFacts)],
    wrong: &mut Vec<Violation>,
) {
    for (place, facts) in headers {
        let image = &mut case.images[*place];
        if image.view.is_none() {
            image.view.clone_from(&facts.view_position);
        }
        if image.name.trim().is_empty()
            && let Some(uid) = &facts.sop_uid
        {
            image.name.clone_from(uid);
        }
    }
    complete_patient(definition, case, headers, wrong);
    let schema = &definition.fields;
    for (name, kind) in schema.iter().filter(|(name, _)| *name != "view") {
        if case.fields.contains_key(name) {
            continue;
        }
        let values = headers.iter().filter_map(|(_, facts)| text(name, kind, facts)).collect();
        fill(schema, case, name, said(name, kind, values));
    }
    if let Some(kind) = schema.kind("view").filter(|_| !case.fields.contains_key("view")) {
        let views = case.images.iter().filter_map(|image| image.view.clone()).collect();
        fill(schema, case, "view", said("view", kind, views));
    }
}

/// Takes the patient from the headers if the case names none.
fn complete_patient(
    definition: &Definition,
    case: &mut Case,
    headers: &[(usize, HeaderFacts)],
    wrong: &mut Vec<Violation>,
) {
    let named = case.patient.clone().and_then(|key| definition.placeholders.patient(key));
    if named.is_some() {
        return;
    }
    let known = headers.iter().map(|(place, facts)| (*place, facts));
    match study::patient(&definition.placeholders, known) {
        Ok(Some((_, patient))) => case.patient = Some(patient),
        // Admission removes a placeholder later, with a warning.
        Ok(None) if case.patient.is_none() => {
            case.patient = headers.iter().find_map(|(_, facts)| study::key(facts));
        }
        Ok(None) => {}
        Err(others) => wrong.extend(others.into_iter().map(|(place, first)| {
            let description = format!(
                "is of another patient, by id or issuer, than image {first}; give case.patient, or split the case"
            );
            Violation::new(content_field(place), description)
        })),
    }
}

/// Combines the values of several images: all of them, if the field holds several values. If it holds one: both sides become `B`;
/// the latest study date counts, so that the guard `before` admits no case that is partly later; of anything else, the first
/// counts.
fn said(name: &str, kind: FieldKind, mut values: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    values.retain(|value| seen.insert(fold_keyword(value)));
    if kind == FieldKind::Keywords || values.len() < 2 {
        return values;
    }
    match name {
        "laterality" => vec!["B".to_owned()],
        // ISO 8601 dates sort as text.
        "study_date" => values.into_iter().max().into_iter().collect(),
        _ => values.into_iter().take(1).collect(),
    }
}

/// Sets values that the field accepts. A header that does not fit the definition is not the sender's fault.
fn fill(schema: &FieldSchema, case: &mut Case, name: &str, texts: Vec<String>) {
    if let Ok(values) = schema.parse_values(name, texts.iter().map(String::as_str))
        && !values.is_empty()
    {
        case.fields.insert(name.to_owned(), values);
    }
}

/// What a header gives for a field, written as in a manifest.
fn text(name: &str, kind: FieldKind, facts: &HeaderFacts) -> Option<String> {
    match name {
        "study_date" => facts.study_date.map(|date| date.to_string()),
        "modality" => facts.modality.clone(),
        "body_part" => facts.body_part.clone(),
        "laterality" => facts.laterality.map(|side| laterality(side).to_owned()),
        "manufacturer" => facts.manufacturer.clone(),
        "sex" => facts.sex.clone(),
        // In completed years, if the field holds whole numbers only.
        "age" if kind == FieldKind::Integer => {
            facts.age_years.map(|years| (years.floor() as i64).to_string())
        }
        "age" => facts.age_years.map(|years| years.to_string()),
        "study_uid" => facts.study_uid.clone(),
        "series_uid" => facts.series_uid.clone(),
        "accession_number" => facts.accession.clone(),
        _ => None,
    }
}

/// The codes of Image Laterality (0020,0062).
fn laterality(side: Laterality) -> &'static str {
    match side {
        Laterality::Left => "L",
        Laterality::Right => "R",
        Laterality::Bilateral => "B",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{CaseId, FieldValue, PartialDate, PatientKey};

    fn facts() -> HeaderFacts {
        HeaderFacts {
            modality: Some("DX".into()),
            view_position: Some("PA".into()),
            laterality: Some(Laterality::Left),
            sex: Some("F".into()),
            age_years: Some(63.9),
            study_date: Some(PartialDate::parse("d", "20190503").unwrap()),
            accession: Some("4711".into()),
            sop_uid: Some("1.2.3".into()),
            patient_id: Some("P1".into()),
            patient_id_issuer: Some("north".into()),
            ..HeaderFacts::default()
        }
    }

    fn case(images: usize) -> Case {
        let mut case = Case::new(CaseId::new("a").unwrap());
        case.images = vec![Image::default(); images];
        case
    }

    fn completed(mut case: Case, headers: &[(usize, HeaderFacts)]) -> (Case, Vec<Violation>) {
        let mut wrong = Vec::new();
        complete(&Definition::chest_xray().unwrap(), &mut case, headers, &mut wrong);
        (case, wrong)
    }

    fn keyword(text: &str) -> Vec<FieldValue> {
        vec![FieldValue::Keyword(text.to_owned())]
    }

    #[test]
    fn what_the_header_says_becomes_fields_patient_and_view() {
        let (case, wrong) = completed(case(1), &[(0, facts())]);
        assert!(wrong.is_empty());
        assert_eq!(case.fields["modality"], keyword("DX"));
        assert_eq!(case.fields["laterality"], keyword("L"));
        assert_eq!(case.fields["view"], keyword("PA"));
        assert_eq!(case.fields["accession_number"], keyword("4711"));
        assert_eq!(case.fields["age"], [FieldValue::Integer(63)]);
        assert_eq!(
            case.fields["study_date"],
            [FieldValue::Date(PartialDate::parse("d", "2019-05-03").unwrap())]
        );
        let patient = case.patient.unwrap();
        assert_eq!((patient.id(), patient.issuer()), ("P1", Some("north")));
        assert_eq!((case.images[0].view.as_deref(), case.images[0].name.as_str()), (Some("PA"), "1.2.3"));
        assert!(!case.fields.contains_key("body_part"), "nothing is made up");
    }

    #[test]
    fn the_case_wins_over_the_header_and_the_first_header_over_the_others() {
        let mut given = case(2);
        given.fields.insert("modality".into(), keyword("CR"));
        given.images[0].view = Some("AP".into());
        given.images[0].name = "a.dcm".into();
        given.patient = Some(PatientKey::new("P9", None).unwrap());
        let second = HeaderFacts {
            view_position: Some("LATERAL".into()),
            sex: Some("M".into()),
            manufacturer: Some("Acme".into()),
            patient_id: Some("P2".into()),
            ..facts()
        };
        let (case, wrong) = completed(given, &[(0, facts()), (1, second)]);
        assert!(wrong.is_empty(), "the case names its patient: {wrong:?}");
        assert_eq!(case.fields["modality"], keyword("CR"));
        assert_eq!(case.fields["sex"], keyword("F"));
        assert_eq!(case.fields["manufacturer"], keyword("Acme"));
        let views = ["AP", "LATERAL"].map(|view| FieldValue::Keyword(view.to_owned()));
        assert_eq!(case.fields["view"], views);
        assert_eq!((case.patient.unwrap().id(), case.images[0].name.as_str()), ("P9", "a.dcm"));
    }

    #[test]
    fn files_of_two_patients_are_refused_without_naming_them() {
        let other = HeaderFacts { patient_id: Some("CANARY".into()), ..facts() };
        let (_, wrong) = completed(case(2), &[(0, facts()), (1, other)]);
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].field, "case.images[1].content");
        assert!(wrong[0].description.contains("another patient") && !wrong[0].description.contains("CANARY"));
    }

    #[test]
    fn files_of_one_number_and_two_issuers_are_refused() {
        let south = HeaderFacts { patient_id_issuer: Some("south".into()), ..facts() };
        let (_, wrong) = completed(case(2), &[(0, facts()), (1, south)]);
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].description.contains("by id or issuer, than image 0"), "{}", wrong[0].description);
    }

    #[test]
    fn the_fullest_key_counts_and_a_placeholder_is_nobodys() {
        let bare = HeaderFacts { patient_id_issuer: None, ..facts() };
        let nobody = HeaderFacts { patient_id: Some("UNKNOWN".into()), ..facts() };
        let (found, wrong) = completed(case(3), &[(0, nobody.clone()), (1, bare), (2, facts())]);
        assert!(wrong.is_empty());
        assert_eq!(found.patient, PatientKey::new("P1", Some("north")).ok());
        let mut given = case(1);
        given.patient = PatientKey::new("nan", None).ok();
        assert_eq!(completed(given, &[(0, facts())]).0.patient.unwrap().id(), "P1");
        let (found, _) = completed(case(1), &[(0, nobody)]);
        assert_eq!(found.patient.unwrap().id(), "UNKNOWN", "for the warning when the case is admitted");
    }

    #[test]
    fn facts_on_which_headers_disagree_become_several_values() {
        let right = HeaderFacts {
            laterality: Some(Laterality::Right),
            body_part: Some("RIBS".into()),
            view_position: Some("LL".into()),
            study_date: Some(PartialDate::parse("d", "20190504").unwrap()),
            sex: Some("M".into()),
            ..facts()
        };
        let left = HeaderFacts { body_part: Some("CHEST".into()), ..facts() };
        let headers = [(0, left.clone()), (1, right), (2, left)];
        let texts = |definition: &Definition, field: &str| -> Vec<String> {
            let mut case = case(3);
            complete(definition, &mut case, &headers, &mut Vec::new());
            let text = |value: &FieldValue| match value {
                FieldValue::Keyword(text) => text.clone(),
                other => format!("{other:?}"),
            };
            case.fields[field].iter().map(text).collect()
        };
        let chest = Definition::chest_xray().unwrap();
        assert_eq!(texts(&chest, "laterality"), ["L", "R"]);
        assert_eq!(texts(&chest, "body_part"), ["CHEST", "RIBS"]);
        assert_eq!(texts(&chest, "view"), ["PA", "LL"]);
        assert_eq!(texts(&chest, "study_date"), ["Date(2019-05-04)"]);
        assert_eq!(texts(&chest, "sex"), ["F"]);
        let single = "name = 'a'\n[[field]]\nname = 'laterality'\nkind = 'keyword'\n\
                      [[field]]\nname = 'view'\nkind = 'keyword'";
        let single = Definition::from_toml(single).unwrap();
        assert_eq!(
            (texts(&single, "laterality"), texts(&single, "view")),
            (vec!["B".into()], vec!["PA".into()])
        );
    }

    #[test]
    fn a_value_that_the_definition_does_not_take_is_left_out() {
        let definition =
            "name = 'a'\n[[field]]\nname = 'sex'\nkind = 'integer'\n[[field]]\nname = 'age'\nkind = 'number'";
        let definition = Definition::from_toml(definition).unwrap();
        let mut case = case(1);
        complete(&definition, &mut case, &[(0, facts())], &mut Vec::new());
        assert_eq!(case.fields.len(), 1);
        assert_eq!(case.fields["age"], [FieldValue::Number(63.9)]);
    }

    #[test]
    fn too_many_images_and_too_many_bytes_are_refused_before_a_picture_is_read() {
        let refused = |images: usize, contents: Vec<Option<Vec<u8>>>| {
            check(&case(images), &[], &contents).unwrap_err()[0].clone()
        };
        assert!(refused(65, vec![Some(vec![1])]).description.contains("at most 64"));
        assert!(refused(1, vec![Some(vec![1]); 2]).description.contains("one per image"));
        let large = vec![Some(vec![0; MAX_CASE_FILE_BYTES / 2 + 1]); 2];
        let violation = refused(2, large);
        assert!(violation.field == "case.images" && violation.description.contains("split the study"));
    }

    #[test]
    fn debug_hides_the_pictures() {
        let new = NewCase { files: vec![Some(b"CANARY".to_vec())], ..NewCase::new(case(1)) };
        assert_eq!(
            format!("{new:?}"),
            "NewCase(Case(0 fields, 0 sections, 1 images), 0 embeddings, 1 files, Whole)"
        );
    }
}
