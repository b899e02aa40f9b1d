//! Whether the archive holds an adequate precedent.

use crate::support::{Archive, DIMENSION, Sketch, archive, archive_of, case, definition, search, vector};
use precedent_engine::{Access, EngineError, NewCase};
use precedent_model::{FieldKind, FieldSchema, FieldValue, PatientKey, Projection};
use precedent_query::{
    Abstention, AnswerPart, EncodedQueryImage, Guards, Judgement, SearchRequest, UnavailableReason,
};
use precedent_vector::Metric;

/// A direction near the first axis: how near differs from number to number.
fn like_others(number: usize) -> Vec<f32> {
    let mut values = vec![0.0; DIMENSION];
    values[0] = 1.0;
    for (axis, value) in values.iter_mut().enumerate().skip(1) {
        let scattered = (number * 7919 + axis * axis * 104_729 + number * axis * 31) % 1009;
        *value = 0.15 * (scattered as f32 / 504.0 - 1.0);
    }
    values
}

/// A direction that has nothing to do with theirs.
fn unlike_others() -> Vec<f32> {
    let mut values = vec![0.0; DIMENSION];
    values[5] = 1.0;
    values
}

/// Each case twice, as two studies of one patient with the same film.
fn filled(cases: usize) -> Archive {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let study = |number: usize| {
        let sketch = Sketch { vectors: vec![like_others(number / 2)], ..Sketch::default() };
        let mut new = case(number, &sketch);
        new.case.patient = PatientKey::new(&format!("p{}", number / 2), None).ok();
        new
    };
    ingest(&archive, (0..cases).map(study).collect());
    archive
}

fn ingest(archive: &Archive, cases: Vec<NewCase>) {
    assert!(archive.engine.ingest(cases).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
}

fn by(values: &[f32]) -> SearchRequest {
    let judgement = Judgement::By(3);
    SearchRequest { vectors: vec![vector(values)], judgement, ..SearchRequest::default() }
}

fn judged(archive: &Archive, request: &SearchRequest) -> Abstention {
    search(&archive.engine, request).abstention.unwrap()
}

fn reason(archive: &Archive, request: &SearchRequest) -> Option<UnavailableReason> {
    let missing = search(&archive.engine, request).plan.unavailable;
    missing.iter().find(|missing| missing.part == AnswerPart::Abstention).map(|missing| missing.reason)
}

#[test]
fn what_is_like_the_archive_has_a_precedent_and_what_is_not_has_none() {
    let archive = filled(100);
    let like = judged(&archive, &by(&like_others(1000)));
    assert!(!like.abstains && like.p_value > 0.05, "{like:?}");
    assert_eq!((like.background_images, like.rate), (100, 0.05));
    let unlike = judged(&archive, &by(&unlike_others()));
    assert!(unlike.abstains && unlike.similarity.unwrap() < like.similarity.unwrap(), "{unlike:?}");
    assert_eq!(unlike.p_value, 1.0 / 101.0);
    let hits = search(&archive.engine, &by(&unlike_others())).hits.len();
    assert_eq!(hits, 10, "hits stay beside it");
}

#[test]
fn an_image_of_the_archive_is_one_of_its_background() {
    // Searched for without its patient, as each of the background is.
    let archive = filled(60);
    let mut p_values: Vec<f64> = (0..30)
        .map(|number| {
            let guards =
                Guards { patient: PatientKey::new(&format!("p{number}"), None).ok(), ..Guards::default() };
            judged(&archive, &SearchRequest { guards, ..by(&like_others(number)) }).p_value
        })
        .collect();
    p_values.sort_by(f64::total_cmp);
    // Each film is in the background twice, so the k-th has 2 k + 1 of 61, but for ties.
    for (k, p_value) in (1..).zip(p_values) {
        assert!(p_value >= (2 * k + 1) as f64 / 61.0 - 1e-9, "{k}: {p_value}");
    }
}

#[test]
fn filter_and_date_do_not_matter_and_the_patient_does() {
    let archive = filled(60);
    let whole = judged(&archive, &by(&like_others(3)));
    let filter = Some("age = 300".to_owned());
    let nobody = SearchRequest { filter, ..by(&like_others(3)) };
    assert_eq!(judged(&archive, &nobody), whole);
    let guards = Guards { patient: PatientKey::new("p3", None).ok(), ..Guards::default() };
    let without = judged(&archive, &SearchRequest { guards, ..by(&like_others(3)) });
    assert!(without.similarity < whole.similarity && without.p_value < whole.p_value, "{without:?}");
}

#[test]
fn a_higher_rate_says_so_of_more() {
    let archive = filled(60);
    let mut odd = like_others(500);
    odd[5] += 0.3;
    let at = |rate| judged(&archive, &SearchRequest { false_alarm_rate: Some(rate), ..by(&odd) });
    let p_value = at(0.05).p_value;
    assert!((0.016..0.5).contains(&p_value), "{p_value}");
    assert!(!at(p_value - 0.01).abstains && at(p_value).abstains);
    for rate in [0.0, 0.6, f64::NAN] {
        let asked = SearchRequest { false_alarm_rate: Some(rate), ..by(&like_others(1)) };
        match archive.engine.view().search(&asked, &|| false) {
            Err(EngineError::Invalid(wrong)) => assert_eq!(wrong[0].field, "judgement.false_alarm_rate"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn too_few_images_and_no_image_are_said_with_their_reason() {
    let archive = filled(18);
    assert_eq!(reason(&archive, &by(&like_others(1))), Some(UnavailableReason::FewImages));
    let lenient = SearchRequest { false_alarm_rate: Some(0.1), ..by(&like_others(1)) };
    assert_eq!(reason(&archive, &lenient), None);
    let words = SearchRequest {
        text: Some("effusion".to_owned()),
        judgement: Judgement::By(3),
        ..SearchRequest::default()
    };
    assert_eq!(reason(&archive, &words), Some(UnavailableReason::NoImageQuery));
    let off = SearchRequest { judgement: Judgement::Off, ..by(&like_others(1)) };
    let answer = search(&archive.engine, &off);
    assert!(answer.abstention.is_none() && answer.plan.unavailable.is_empty());
}

#[test]
fn a_lateral_film_has_no_precedent_among_frontal_ones() {
    let mut definition = definition(Metric::Cosine);
    definition.fields = FieldSchema::new([("view".to_owned(), FieldKind::Keywords)]).unwrap();
    let archive = archive_of(definition, Access::Bulk);
    let frontal = |number: usize| {
        let sketch = Sketch { vectors: vec![like_others(number)], ..Sketch::default() };
        let mut new = case(number, &sketch);
        new.case.fields.insert("view".to_owned(), vec![FieldValue::Keyword("PA".to_owned())]);
        new
    };
    ingest(&archive, (0..40).map(frontal).collect());
    let film = |view: &str| SearchRequest {
        encoded_images: vec![EncodedQueryImage {
            embedding: vector(&like_others(7)),
            view: Some(view.to_owned()),
            patient: None,
            study_date: None,
            view_position: None,
            local: None,
        }],
        ..SearchRequest::default()
    };
    assert!(!judged(&archive, &film("AP")).abstains);
    let lateral = judged(&archive, &film("LATERAL"));
    assert!(lateral.abstains && lateral.similarity.is_none(), "{lateral:?}");
    assert_eq!(lateral.projection, Some(Projection::Lateral));
}

#[test]
fn an_empty_archive_has_no_precedent() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let judged = judged(&archive, &by(&like_others(0)));
    assert!(judged.abstains && judged.similarity.is_none());
    assert_eq!((judged.p_value, judged.background_images), (0.0, 0));
}
