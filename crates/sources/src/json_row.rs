//! A case as a row of a JSON manifest, such that reading it gives the same case.

use crate::cell::is_missing;
use crate::target::Target;
use precedent_model::{Case, FieldValue, ModelError, Report, SectionKind};
use serde_json::{Map, Value, json};

/// Whole numbers of at least this size are no numbers of JSON that every reader keeps (2 to the 53).
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes a case as an object that [`crate::Manifest`] reads as the same case, bit by bit. Of each image it says which row of the
/// embeddings is its own, as far as `embedding_rows` goes.
///
/// # Errors
/// A case id that a manifest takes for a missing one, such as `nan`.
pub fn json_row(case: &Case, embedding_rows: &[Option<u64>]) -> Result<Value, ModelError> {
    let id = case.id.as_str();
    if is_missing(id) {
        let problem = "is a text that a manifest takes for a missing value, such as nan or NULL";
        return Err(ModelError::new("case_id", problem, "give the case another id"));
    }
    let mut row = Map::new();
    row.insert("case_id".to_owned(), id.into());
    if let Some(patient) = &case.patient {
        row.insert("patient_id".to_owned(), patient.id().into());
        row.extend(patient.issuer().map(|issuer| ("patient_id_issuer".to_owned(), issuer.into())));
    }
    let mut fields = Map::new();
    for (name, values) in &case.fields {
        // A column of that name may be meant otherwise, and a value in it be taken for a missing one.
        let is_plain = Target::canonical(name).is_none() && !values.iter().any(reads_as_missing);
        let into = if is_plain { &mut row } else { &mut fields };
        into.insert(name.clone(), field(values));
    }
    if !fields.is_empty() {
        row.insert("fields".to_owned(), fields.into());
    }
    if let Some(report) = &case.report {
        row.extend(report_columns(report));
    }
    if !case.images.is_empty() {
        let images = case.images.iter().enumerate().map(|(place, image)| {
            let mut object = Map::new();
            if !image.name.is_empty() {
                object.insert("name".to_owned(), image.name.as_str().into());
            }
            object.extend(image.view.as_deref().map(|view| ("view".to_owned(), view.into())));
            object.extend(embedding_rows.get(place).map(|row| ("embedding_row".to_owned(), (*row).into())));
            Value::from(object)
        });
        row.insert("images".to_owned(), images.collect());
    }
    Ok(row.into())
}

fn reads_as_missing(value: &FieldValue) -> bool {
    matches!(value, FieldValue::Keyword(text) if is_missing(text))
}

/// One value, or a list of several.
fn field(values: &[FieldValue]) -> Value {
    let one = |value: &FieldValue| match value {
        FieldValue::Keyword(text) => text.as_str().into(),
        FieldValue::Integer(number) => (*number).into(),
        FieldValue::Number(number) if number.abs() < LARGEST_EXACT => (*number).into(),
        FieldValue::Number(number) => number.to_string().into(),
        FieldValue::Date(date) => date.to_string().into(),
    };
    match values {
        [only] => one(only),
        several => several.iter().map(one).collect(),
    }
}

/// The report under its headings; as a list where it has them in another order, or twice.
fn report_columns(report: &Report) -> Map<String, Value> {
    let sections = report.sections();
    let in_order = sections.windows(2).all(|pair| pair[0].kind < pair[1].kind);
    if in_order && !sections.iter().any(|section| is_missing(&section.text)) {
        let column = |kind: SectionKind| Target::Section(kind).name().to_owned();
        return sections.iter().map(|section| (column(section.kind), section.text.as_str().into())).collect();
    }
    let list = sections.iter().map(|section| json!({ "section": section.kind.name(), "text": section.text }));
    Map::from_iter([("sections".to_owned(), list.collect())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::tests::{file, schema};
    use crate::{ColumnMap, Manifest};
    use precedent_model::{CaseId, FieldKind, Image, PatientKey};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// Texts among which are those that tables write for nothing.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[\\PC\n\t]{0,20}",
            Just("nan".to_owned()),
            Just(" NULL\n".to_owned()),
            Just("None".to_owned())
        ]
    }

    fn trimmed() -> impl Strategy<Value = String> {
        let fits = |text: &String| !text.is_empty() && !text.chars().any(char::is_control);
        text().prop_map(|text| text.trim().to_owned()).prop_filter("an id", fits)
    }

    fn case() -> impl Strategy<Value = Case> {
        let image = (text(), prop::option::of(trimmed())).prop_map(|(name, view)| Image { name, view });
        let sections = prop::collection::vec((prop::sample::select(SectionKind::ALL.to_vec()), text()), 0..4);
        let patient = prop::option::of((trimmed(), prop::option::of(trimmed())));
        let fields = (
            prop::collection::vec(trimmed(), 0..3),
            prop::collection::vec(trimmed(), 0..3),
            prop::option::of(any::<i64>()),
            prop::option::of(any::<f64>().prop_filter("finite", |number| number.is_finite())),
            prop::option::of((1900..2100_u16, 1..=12_u8)),
        );
        (trimmed(), patient, sections, prop::collection::vec(image, 0..4), fields).prop_map(
            |(id, patient, sections, images, (view, problems, age, kvp, date))| {
                let mut case = Case::new(CaseId::new(&id).unwrap());
                case.patient = patient.map(|(id, issuer)| PatientKey::new(&id, issuer.as_deref()).unwrap());
                case.report = Report::new(sections).ok();
                case.images = images;
                let date = date.map(|(year, month)| format!("{year:04}-{month:02}"));
                for (name, texts) in [
                    ("view", view),
                    ("problems", problems),
                    ("age", age.iter().map(ToString::to_string).collect()),
                    ("kvp", kvp.iter().map(ToString::to_string).collect()),
                    ("study_date", date.into_iter().collect()),
                ] {
                    let values = schema().parse_values(name, texts.iter().map(String::as_str)).unwrap();
                    if !values.is_empty() {
                        case.fields.insert(name.to_owned(), values);
                    }
                }
                case
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(20_264), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_row_reads_back_as_the_case_that_it_was(case in case(), some in prop::collection::vec(prop::option::of(0..9_u64), 4)) {
            let rows = &some[..case.images.len()];
            let Ok(row) = json_row(&case, rows) else {
                prop_assert!(is_missing(case.id.as_str()));
                return Ok(());
            };
            let file = file(".jsonl", format!("{row}\n").as_bytes());
            let mut manifest = Manifest::open(file.path(), &ColumnMap::default(), &schema()).unwrap();
            let read = manifest.next().unwrap().unwrap();
            prop_assert!(manifest.ignored_columns().is_empty() && read.dropped.is_empty());
            prop_assert_eq!(read.embedding_rows.as_deref().unwrap_or_default(), rows);
            // As text, too, because what is compared by value may differ in its bits, as -0 and 0 do.
            let back = read.outcome.unwrap();
            prop_assert_eq!(json_row(&back, rows).unwrap().to_string(), row.to_string());
            prop_assert!(back == case, "{}", row);
        }
    }

    #[test]
    fn a_row_is_written_as_a_person_would() {
        let mut case = Case::new(CaseId::new("A1").unwrap());
        case.report =
            Report::new([(SectionKind::Findings, "Clear."), (SectionKind::Body, "See above.")]).ok();
        case.fields.insert("age".to_owned(), vec![FieldValue::Integer(63)]);
        case.fields.insert("findings".to_owned(), vec![FieldValue::Keyword("none".to_owned())]);
        case.images = vec![Image { name: "a.png".to_owned(), view: None }, Image::default()];
        let expected = json!({
            "case_id": "A1", "age": 63, "findings": "Clear.", "report": "See above.", "fields": { "findings": "none" },
            "images": [{ "name": "a.png", "embedding_row": 4 }, { "embedding_row": null }],
        });
        assert_eq!(json_row(&case, &[Some(4), None]).unwrap(), expected);
        assert_eq!(schema().kind("age"), Some(FieldKind::Integer));
    }
}
