//! Cases of the index as examples of what is searched.

use crate::support::{Archive, Sketch, archive, case, id, names, patient, search, vector};
use precedent_engine::{Access, EngineError, Violation};
use precedent_model::CaseId;
use precedent_query::{Guards, SearchRequest};
use precedent_vector::Metric;

/// Ten cases on a line, the nth at n; the first two are one patient's, the last has a report alone.
fn on_a_line() -> Archive {
    let archive = archive(Metric::L2, Access::Bulk);
    let at = |place: usize| {
        let mut values = vec![0.0; 16];
        values[0] = place as f32;
        values
    };
    let cases = (0..10).map(|name| {
        let vectors = if name == 9 { Vec::new() } else { vec![at(name), vec![100.0 + name as f32; 16]] };
        let text = Some("Small pleural effusion.".to_owned());
        let patient = Some(name.saturating_sub(1) as u8).filter(|&number| number < 4);
        case(name, &Sketch { patient, vectors, text, ..Sketch::default() })
    });
    assert!(archive.engine.ingest(cases.collect()).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
    archive
}

fn like(examples: &[CaseId]) -> SearchRequest {
    SearchRequest { examples: examples.to_vec(), ..SearchRequest::default() }
}

fn invalid(archive: &Archive, request: &SearchRequest) -> Vec<Violation> {
    match archive.engine.view().search(request, &|| false) {
        Err(EngineError::Invalid(violations)) => violations,
        other => panic!("{other:?}"),
    }
}

#[test]
fn cases_like_an_example_come_nearest_first_without_it_and_its_patient() {
    let archive = on_a_line();
    let found = search(&archive.engine, &like(&[id(0)]));
    assert_eq!(names(&found)[..2], ["case-002", "case-003"], "case-001 is of the same patient");
    assert_eq!(found.plan.guards.example_patients, [patient(0)]);
    assert!(found.plan.warnings.is_empty(), "the patient is known: {:?}", found.plan.warnings);
    let guards = Guards { include_same_patient: true, ..Guards::default() };
    let own = search(&archive.engine, &SearchRequest { guards, ..like(&[id(0)]) });
    assert_eq!(names(&own)[..2], ["case-001", "case-002"], "the example itself is never a hit");
}

#[test]
fn an_example_is_searched_as_its_embeddings_are() {
    let archive = on_a_line();
    let by_example = search(&archive.engine, &like(&[id(5)]));
    let mut values = vec![0.0; 16];
    values[0] = 5.0;
    let vectors = vec![vector(&values), vector(&[105.0; 16])];
    let by_vectors = search(&archive.engine, &SearchRequest { vectors, ..SearchRequest::default() });
    let scores = |found: &precedent_query::SearchResponse| -> Vec<(String, f32, Option<usize>)> {
        let hit = |hit: &precedent_query::Hit| {
            (hit.case.id.as_str().to_owned(), hit.image.unwrap().score, hit.matched_vector)
        };
        found.hits.iter().map(hit).filter(|(name, ..)| name != "case-005").collect()
    };
    let (found, expected) = (scores(&by_example), scores(&by_vectors));
    assert!(!found.is_empty());
    assert_eq!(found, expected);
}

#[test]
fn several_examples_count_with_the_nearest_and_stand_behind_other_vectors() {
    let archive = on_a_line();
    let mut at = vec![0.0; 16];
    at[0] = 50.0;
    let request = SearchRequest { vectors: vec![vector(&at)], ..like(&[id(2), id(7)]) };
    let found = search(&archive.engine, &request);
    assert_eq!(names(&found)[..4], ["case-001", "case-003", "case-006", "case-008"]);
    let nearest: Vec<Option<usize>> = found.hits.iter().map(|hit| hit.matched_vector).collect();
    // 0 is the vector, 1 and 2 are of the first example, 3 and 4 of the second.
    assert!(nearest[..4].iter().all(|place| matches!(place, Some(1..=4))), "{nearest:?}");
}

#[test]
fn what_is_no_example_is_refused_by_its_place() {
    let archive = on_a_line();
    let missing = CaseId::new("CANARY").unwrap();
    let wrong = invalid(&archive, &like(&[id(1), missing, id(9)]));
    let fields: Vec<&str> = wrong.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["example_case_ids[1]", "example_case_ids[2]"]);
    assert!(wrong[0].description.contains("no case of that id"), "{wrong:?}");
    assert!(wrong[1].description.contains("no embedding"), "{wrong:?}");
    assert!(wrong.iter().all(|violation| !violation.description.contains("CANARY")));
    let many: Vec<CaseId> = (0..9).map(id).collect();
    let wrong = invalid(&archive, &like(&many));
    assert_eq!(wrong[0].field, "example_case_ids[8]");
    assert!(wrong[0].description.contains("16 embeddings"), "{wrong:?}");
}
