//! Cases of like views go first.

use crate::plain::Plain;
use crate::support::{DIMENSION, Sketch, case, definition, names, search, vector};
use precedent_engine::{Access, Engine};
use precedent_model::{FieldKind, FieldSchema, FieldValue};
use precedent_query::{EncodedQueryImage, Judgement, SearchRequest};
use precedent_vector::Metric;
use std::sync::Arc;

/// A direction, the farther from the first axis the greater the number.
fn turned(number: usize) -> Vec<f32> {
    let mut values = vec![0.0; DIMENSION];
    (values[0], values[1]) = (1.0, number as f32 / 100.0);
    values
}

/// The nearest four are laterals. Behind them 56 of one patient, and six of nobody.
#[test]
fn a_search_that_goes_deeper_splits_its_cases_once() {
    let mut definition = definition(Metric::Cosine);
    definition.fields = FieldSchema::new([("view".to_owned(), FieldKind::Keywords)]).unwrap();
    let list = Arc::new(Plain::new(definition, Access::Write));
    let engine = Engine::over(list.clone(), &[]).unwrap();
    let cases = (0..66).map(|number| {
        let patient = (4..60).contains(&number).then_some(0);
        let mut new = case(number, &Sketch { patient, vectors: vec![turned(number)], ..Sketch::default() });
        let view = if number < 4 { "LL" } else { "PA" };
        new.case.fields.insert("view".into(), vec![FieldValue::Keyword(view.to_owned())]);
        new
    });
    assert!(engine.ingest(cases.collect()).unwrap().iter().all(Result::is_ok));

    let image = EncodedQueryImage {
        embedding: vector(&turned(0)),
        view: Some("PA".to_owned()),
        patient: None,
        study_date: None,
        view_position: None,
        local: None,
    };
    // Dissent has selections of its own to split.
    let judgement = Judgement::Off;
    let mut request = SearchRequest { encoded_images: vec![image], judgement, ..SearchRequest::default() };
    request.limits.limit = 8;
    let hits: Vec<String> = [4, 60, 61, 62, 63, 64, 65, 0].map(|number| format!("case-{number:03}")).into();
    assert_eq!(names(&search(&engine, &request)), hits);
    assert_eq!(list.splits(), 1, "three looks, each deeper than the one before");
}
