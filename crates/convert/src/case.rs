//! Cases and patients.

use crate::{evidence, kinds};
use precedent_engine::{Effect, KeptThumbnail, NewCase, Replacement, Violation};
use precedent_model::{
    Case, CaseId, FieldSchema, FieldValue, Fields, Image, ModelError, PatientKey, Report, SectionKind,
};
use precedent_query::QueryVector;
use precedent_wire::v1;
use std::collections::BTreeMap;

/// A case as it came in, read by the schema of its index. The paths of violations begin with `case`.
///
/// # Errors
/// Everything about the case that cannot be, each by its field. Embeddings and files are checked by the engine.
pub fn from_wire(wire: v1::Case, schema: &FieldSchema) -> Result<NewCase, Vec<Violation>> {
    let mut violations = Vec::new();
    let id = CaseId::new(&wire.case_id).map_err(|error| violations.push(violation("case.case_id", &error)));
    let patient = patient(wire.patient.as_ref(), "case.patient").map_err(|found| violations.push(found)).ok();
    let fields = fields(&wire.fields, schema, &mut violations);
    let report = wire.report.and_then(|report| self::report(report, "case.report", &mut violations));
    let (images, (embeddings, files)) = wire.images.into_iter().map(image).unzip();
    match id {
        Ok(id) if violations.is_empty() => {
            let case = Case { id, patient: patient.flatten(), fields, report, images };
            Ok(NewCase { embeddings, files, ..NewCase::new(case) })
        }
        _ => Err(violations),
    }
}

/// A case as it goes out.
pub fn to_wire(case: Case) -> v1::Case {
    v1::Case {
        case_id: case.id.into_string(),
        patient: case.patient.as_ref().map(patient_to_wire),
        fields: (case.fields.into_iter())
            .map(|(name, values)| {
                (name, v1::FieldValues { values: values.into_iter().map(value_text).collect() })
            })
            .collect(),
        report: case.report.map(|report| v1::Report {
            sections: (report.into_sections().into_iter())
                .map(|section| v1::Section { kind: kinds::section(section.kind).into(), text: section.text })
                .collect(),
        }),
        images: (case.images.into_iter())
            .map(|image| v1::Image {
                name: image.name,
                view: image.view.unwrap_or_default(),
                ..v1::Image::default()
            })
            .collect(),
    }
}

/// A thumbnail as it goes out.
pub fn thumbnail(kept: KeptThumbnail, generation: u64) -> v1::GetThumbnailResponse {
    let (width_pixels, height_pixels) = (kept.thumbnail.width(), kept.thumbnail.height());
    let grid = kept.grid.as_ref().map(evidence::grid);
    let jpeg = kept.thumbnail.into_jpeg();
    v1::GetThumbnailResponse { jpeg, width_pixels, height_pixels, grid, generation }
}

/// A case as it goes out with its embeddings, so that it can be ingested again as it is.
pub fn to_wire_whole(new: NewCase) -> v1::Case {
    let mut wire = to_wire(new.case);
    for (image, embedding) in wire.images.iter_mut().zip(new.embeddings) {
        image.embedding = embedding.map(embedding_to_wire);
    }
    wire
}

/// What becomes of the case that is held under the same id.
///
/// # Errors
/// A number that the protocol does not know.
pub fn replacement(wire: i32) -> Result<Replacement, Violation> {
    match v1::Replacement::try_from(wire) {
        Ok(v1::Replacement::Unspecified) => Ok(Replacement::Whole),
        Ok(v1::Replacement::Without) => Ok(Replacement::Without),
        Ok(v1::Replacement::Update) => Ok(Replacement::Update),
        Ok(v1::Replacement::IfAbsent) => Ok(Replacement::IfAbsent),
        Err(_) => Err(Violation::new("replacement", "is none of the protocol's replacements; leave it out")),
    }
}

/// What was done with a case, as it goes out.
pub fn effect_to_wire(effect: Effect) -> v1::Effect {
    match effect {
        Effect::Created => v1::Effect::Created,
        Effect::Replaced => v1::Effect::Replaced,
        Effect::Unchanged => v1::Effect::Unchanged,
        Effect::LeftAlone => v1::Effect::LeftAlone,
    }
}

/// A patient key at `path`, where one was given.
///
/// # Errors
/// An id or issuer that cannot be.
pub fn patient(wire: Option<&v1::PatientKey>, path: &str) -> Result<Option<PatientKey>, Violation> {
    let Some(wire) = wire else { return Ok(None) };
    PatientKey::new(&wire.id, Some(&wire.issuer)).map(Some).map_err(|error| {
        let part = if error.field == "patient_id_issuer" { "issuer" } else { "id" };
        violation(&format!("{path}.{part}"), &error)
    })
}

/// A patient key as it goes out.
pub fn patient_to_wire(patient: &PatientKey) -> v1::PatientKey {
    v1::PatientKey { id: patient.id().to_owned(), issuer: patient.issuer().unwrap_or_default().to_owned() }
}

/// An embedding as declared; whether it fits the index is for the engine to say.
pub fn embedding(wire: v1::Embedding) -> QueryVector {
    QueryVector { values: wire.values, encoder_id: wire.encoder_id }
}

/// An embedding that was made here as it goes out.
pub fn embedding_to_wire(vector: QueryVector) -> v1::Embedding {
    v1::Embedding { values: vector.values, encoder_id: vector.encoder_id }
}

/// The model's complaint, under the protocol's name of the field.
pub fn violation(field: &str, error: &ModelError) -> Violation {
    Violation::new(field, format!("{}; {}", error.problem, error.remedy))
}

fn fields(
    wire: &BTreeMap<String, v1::FieldValues>,
    schema: &FieldSchema,
    violations: &mut Vec<Violation>,
) -> Fields {
    let mut fields = Fields::new();
    for (name, values) in wire {
        match schema.parse_values(name, values.values.iter().map(String::as_str)) {
            Ok(values) if values.is_empty() => {}
            Ok(values) => {
                fields.insert(name.clone(), values);
            }
            Err(error) => violations.push(violation(&format!("case.fields.{name}"), &error)),
        }
    }
    fields
}

/// A report at `path`; `None` if something is wrong with it, which goes to `violations`.
pub(crate) fn report(wire: v1::Report, path: &str, violations: &mut Vec<Violation>) -> Option<Report> {
    let before = violations.len();
    let mut sections = Vec::with_capacity(wire.sections.len());
    for (position, section) in wire.sections.into_iter().enumerate() {
        match kinds::section_of(section.kind()) {
            Some(kind) => sections.push((kind, section.text)),
            None => {
                let names = SectionKind::ALL.map(SectionKind::name).join(", ");
                let description =
                    format!("is none of the protocol's section kinds; give the one for {names}");
                violations.push(Violation::new(format!("{path}.sections[{position}].kind"), description));
            }
        }
    }
    if violations.len() > before {
        return None;
    }
    Report::new(sections).map_err(|error| violations.push(violation(path, &error))).ok()
}

fn image(wire: v1::Image) -> (Image, (Option<QueryVector>, Option<Vec<u8>>)) {
    let view = Some(wire.view).filter(|view| !view.trim().is_empty());
    let content = Some(wire.content).filter(|content| !content.is_empty());
    (Image { name: wire.name, view }, (wire.embedding.map(embedding), content))
}

/// A value in the text form that [`precedent_model::FieldKind::parse`] reads.
fn value_text(value: FieldValue) -> String {
    match value {
        FieldValue::Keyword(text) => text,
        FieldValue::Integer(number) => number.to_string(),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Date(date) => date.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::FieldKind;
    use proptest::prelude::*;

    fn schema() -> FieldSchema {
        FieldSchema::new([
            ("age".into(), FieldKind::Integer),
            ("kvp".into(), FieldKind::Number),
            ("modality".into(), FieldKind::Keyword),
            ("problems".into(), FieldKind::Keywords),
            ("study_date".into(), FieldKind::Date),
        ])
        .unwrap()
    }

    fn values(texts: &[&str]) -> v1::FieldValues {
        v1::FieldValues { values: texts.iter().map(|&text| text.to_owned()).collect() }
    }

    fn whole() -> v1::Case {
        v1::Case {
            case_id: "CXR1".into(),
            patient: Some(v1::PatientKey { id: "17".into(), issuer: "north".into() }),
            fields: [
                ("age".into(), values(&["63"])),
                ("kvp".into(), values(&["1.5"])),
                ("modality".into(), values(&["DX"])),
                ("problems".into(), values(&["Cardiomegaly", "Effusion"])),
                ("study_date".into(), values(&["2019-05"])),
            ]
            .into(),
            report: Some(v1::Report {
                sections: vec![v1::Section {
                    kind: v1::SectionKind::Findings.into(),
                    text: " The heart is large.\n".into(),
                }],
            }),
            images: vec![v1::Image {
                name: "1.png".into(),
                view: "PA".into(),
                embedding: Some(v1::Embedding { values: vec![1.0, 2.0], encoder_id: "enc".into() }),
                content: b"file".to_vec(),
            }],
        }
    }

    fn refused(change: impl FnOnce(&mut v1::Case)) -> Vec<String> {
        let mut case = whole();
        change(&mut case);
        from_wire(case, &schema()).unwrap_err().into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn a_case_returns_as_it_came_without_embeddings_and_files() {
        let new = from_wire(whole(), &schema()).unwrap();
        assert_eq!(new.embeddings[0].as_ref().unwrap().values, [1.0, 2.0]);
        assert_eq!(new.files, [Some(b"file".to_vec())]);
        let mut expected = whole();
        expected.images[0].embedding = None;
        expected.images[0].content.clear();
        assert_eq!(to_wire(new.case), expected);
    }

    #[test]
    fn with_its_embeddings_a_case_returns_as_it_came() {
        let new = from_wire(whole(), &schema()).unwrap();
        let mut expected = whole();
        expected.images[0].content.clear();
        assert_eq!(to_wire_whole(new), expected);
    }

    #[test]
    fn what_cannot_be_is_named() {
        assert_eq!(refused(|case| case.case_id.clear()), ["case.case_id"]);
        assert_eq!(refused(|case| case.patient.as_mut().unwrap().id.clear()), ["case.patient.id"]);
        let long = "x".repeat(300);
        assert_eq!(refused(|case| case.patient.as_mut().unwrap().issuer = long), ["case.patient.issuer"]);
        assert_eq!(
            refused(|case| {
                case.fields.insert("age".into(), values(&["old"]));
                case.fields.insert("weight".into(), values(&["1"]));
            }),
            ["case.fields.age", "case.fields.weight"]
        );
        for unknown in [0, 7, -1] {
            let kinds = |case: &mut v1::Case| case.report.as_mut().unwrap().sections[0].kind = unknown;
            assert_eq!(refused(kinds), ["case.report.sections[0].kind"]);
        }
        assert_eq!(refused(|case| case.report = Some(v1::Report::default())), ["case.report"]);
    }

    #[test]
    fn a_report_of_ten_megabytes_is_refused_without_being_quoted() {
        let mut case = whole();
        case.report.as_mut().unwrap().sections[0].text = "CANARY ".repeat(1_500_000);
        let violations = from_wire(case, &schema()).unwrap_err();
        assert_eq!(violations[0].field, "case.report");
        assert!(violations[0].description.contains("the limit is 1048576"), "{}", violations[0].description);
        assert!(!violations[0].description.contains("CANARY"));
    }

    #[test]
    fn replacements_are_those_of_the_protocol() {
        let known = [0, 1, 2, 3].map(|wire| replacement(wire).unwrap());
        use Replacement::{IfAbsent, Update, Whole, Without};
        assert_eq!(known, [Whole, Without, Update, IfAbsent]);
        assert_eq!(replacement(9).unwrap_err().field, "replacement");
    }

    proptest! {
        #[test]
        fn values_round_trip(age: i64, kvp in -1e12..1e12_f64, year in 1..9999_u16, month in 1..=12_u8) {
            let mut case = whole();
            let date = format!("{year:04}-{month:02}");
            case.fields.insert("age".into(), values(&[&age.to_string()]));
            case.fields.insert("kvp".into(), values(&[&kvp.to_string()]));
            case.fields.insert("study_date".into(), values(&[&date]));
            let new = from_wire(case.clone(), &schema()).unwrap();
            prop_assert_eq!(&to_wire(new.case).fields, &case.fields);
        }
    }
}
