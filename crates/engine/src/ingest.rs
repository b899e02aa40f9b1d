//! Cases on their way in: checked whole, so that nothing half right is written.

use crate::Violation;
use precedent_index::{CaseEntry, Definition};
use precedent_model::{Case, FieldKind, FieldValue, Image, MAX_IMAGES};
use precedent_query::QueryVector;

/// A case on its way in.
#[derive(Debug, Clone)]
pub struct NewCase {
    /// The case.
    pub case: Case,
    /// Per image of the case its embedding, where there is one. A case without images may bring embeddings all the
    /// same: each gets an image without a name.
    pub embeddings: Vec<Option<QueryVector>>,
}

/// Per case: its place in the log once durable, or why it was refused.
pub type IngestOutcome = Result<u64, Vec<Violation>>;

/// Checks a case and brings it to the form of the index; names everything that is wrong with it.
pub(crate) fn admit(definition: &Definition, new: NewCase) -> Result<CaseEntry, Vec<Violation>> {
    let NewCase { mut case, embeddings } = new;
    let mut wrong = Vec::new();
    if case.images.is_empty() {
        case.images = vec![Image::default(); embeddings.len()];
    }
    if case.images.len() > MAX_IMAGES {
        let description = format!("has {} entries; give at most {MAX_IMAGES}", case.images.len());
        wrong.push(Violation::new("case.images", description));
    }
    if embeddings.len() > case.images.len() {
        let description = format!("{} embeddings for {} images", embeddings.len(), case.images.len());
        wrong.push(Violation::new("case.images", format!("{description}; give at most one per image")));
    }
    check_fields(definition, &case, &mut wrong);
    let mut admitted = Vec::new();
    for (image, vector) in embeddings.iter().enumerate() {
        let Some(vector) = vector else { continue };
        let path = format!("case.images[{image}].embedding");
        match &definition.image_space {
            None => {
                let remedy = "this index has no image space; make one with `precedent init --dimension`";
                wrong.push(Violation::new(path, remedy));
            }
            Some(space) => match space.admit(&vector.encoder_id, &vector.values) {
                Ok(embedding) => admitted.push((image, embedding)),
                Err(error) => wrong.push(Violation::new(path, error.to_string())),
            },
        }
    }
    let bare = case.report.is_none() && case.fields.is_empty() && case.images.is_empty();
    if bare && embeddings.iter().all(Option::is_none) {
        let remedy = "holds nothing but its id; give a report, an embedding, an image or a field";
        wrong.push(Violation::new("case", remedy));
    }
    if wrong.is_empty() { Ok(CaseEntry { case, embeddings: admitted }) } else { Err(wrong) }
}

fn check_fields(definition: &Definition, case: &Case, wrong: &mut Vec<Violation>) {
    for (name, values) in &case.fields {
        let path = format!("case.fields.{name}");
        let Some(kind) = definition.fields.kind(name) else {
            wrong.push(Violation::new(path, "is not a field of this index; leave it out or define it"));
            continue;
        };
        let fits = |value: &FieldValue| match value {
            FieldValue::Keyword(_) => matches!(kind, FieldKind::Keyword | FieldKind::Keywords),
            FieldValue::Integer(_) => kind == FieldKind::Integer,
            FieldValue::Number(number) => kind == FieldKind::Number && number.is_finite(),
            FieldValue::Date(_) => kind == FieldKind::Date,
        };
        if !values.iter().all(fits) || (values.len() > 1 && kind != FieldKind::Keywords) {
            wrong.push(Violation::new(
                path,
                format!("does not hold what a field of kind {} holds", kind.name()),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{CaseId, Report, SectionKind};
    use precedent_vector::{Metric, VectorSpace};

    fn definition() -> Definition {
        let mut definition = Definition::chest_xray().unwrap();
        definition.image_space = Some(VectorSpace::new(16, Metric::Cosine, "enc").unwrap());
        definition
    }

    fn with_report() -> Case {
        let mut case = Case::new(CaseId::new("a").unwrap());
        case.report = Some(Report::new([(SectionKind::Impression, "Normal.")]).unwrap());
        case
    }

    fn vector(values: Vec<f32>) -> Option<QueryVector> {
        Some(QueryVector { values, encoder_id: "enc".into() })
    }

    fn refused(definition: &Definition, case: Case, embeddings: Vec<Option<QueryVector>>) -> String {
        let violations = admit(definition, NewCase { case, embeddings }).unwrap_err();
        violations.iter().map(|v| format!("{}: {}; ", v.field, v.description)).collect()
    }

    #[test]
    fn an_embedding_without_an_image_gets_one() {
        let entry =
            admit(&definition(), NewCase { case: with_report(), embeddings: vec![vector(vec![1.0; 16])] });
        let entry = entry.unwrap();
        assert_eq!((entry.case.images.len(), entry.embeddings.len()), (1, 1));
    }

    #[test]
    fn everything_wrong_is_named() {
        let mut case = with_report();
        case.images = vec![Image::default()];
        case.fields.insert("age".into(), vec![FieldValue::Keyword("old".into())]);
        case.fields.insert("weight".into(), vec![FieldValue::Integer(1)]);
        let text = refused(&definition(), case, vec![vector(vec![f32::NAN; 16]), vector(vec![1.0; 3])]);
        for part in [
            "case.images: 2 embeddings for 1 images",
            "case.fields.age",
            "case.fields.weight",
            "case.images[0].embedding: number 0 is NaN",
            "case.images[1].embedding: has 3 numbers",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_case_of_nothing_and_a_vector_without_a_space_are_refused() {
        let bare = Case::new(CaseId::new("a").unwrap());
        assert!(refused(&definition(), bare, vec![]).contains("holds nothing but its id"));
        let reports_only = Definition::chest_xray().unwrap();
        assert!(
            refused(&reports_only, with_report(), vec![vector(vec![1.0; 16])]).contains("no image space")
        );
    }
}
