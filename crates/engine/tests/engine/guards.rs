//! What is left out, and what is always said.

use crate::support::{Archive, Sketch, archive, case, names, patient, search, vector};
use precedent_engine::{Access, EngineError, ErrorKind};
use precedent_model::{PartialDate, PatientKey};
use precedent_query::{Fusion, Guards, Limits, QueryVector, SearchRequest};
use precedent_vector::Metric;

fn at(x: f32) -> Vec<f32> {
    let mut values = vec![0.0; 16];
    values[0] = x;
    values[1] = 1.0;
    values
}

/// Six cases of three patients, nearest first.
fn six() -> Archive {
    let archive = archive(Metric::L2, Access::Bulk);
    let dates =
        [Some("2018-03-01"), Some("2019"), Some("2019-06-01"), None, Some("2020-01"), Some("2021-01-01")];
    for (name, date) in dates.into_iter().enumerate() {
        let sketch = Sketch {
            patient: (name < 5).then_some(name as u8 / 2),
            date,
            text: Some(format!("effusion seen {}", "often ".repeat(name))),
            vectors: vec![at(name as f32)],
            ..Sketch::default()
        };
        archive.engine.ingest(vec![case(name, &sketch)]).unwrap().remove(0).unwrap();
    }
    archive.engine.commit().unwrap();
    archive
}

fn image() -> SearchRequest {
    SearchRequest { vectors: vec![vector(&at(0.0))], ..SearchRequest::default() }
}

fn found(request: &SearchRequest) -> Vec<String> {
    names(&search(&six().engine, request))
}

#[test]
fn the_best_case_stands_for_its_patient() {
    assert_eq!(found(&image()), ["case-000", "case-002", "case-004", "case-005"]);
    let guards = Guards { several_per_patient: true, ..Guards::default() };
    assert_eq!(found(&SearchRequest { guards, ..image() }).len(), 6);
}

#[test]
fn the_patients_own_cases_are_left_out_unless_let_in() {
    let guards = Guards { patient: Some(patient(0)), ..Guards::default() };
    let response = search(&six().engine, &SearchRequest { guards: guards.clone(), ..image() });
    assert_eq!(names(&response), ["case-002", "case-004", "case-005"]);
    assert!(response.plan.warnings.is_empty());
    let guards = Guards { include_same_patient: true, ..guards };
    assert_eq!(found(&SearchRequest { guards, ..image() })[0], "case-000");
}

#[test]
fn a_missing_issuer_on_either_side_leaves_the_number_out() {
    let archive = archive(Metric::L2, Access::Bulk);
    let key = |issuer| PatientKey::new("p", issuer).unwrap();
    for (name, issuer) in [Some("north"), Some("south"), None].into_iter().enumerate() {
        let mut new = case(name, &Sketch { vectors: vec![at(name as f32)], ..Sketch::default() });
        new.case.patient = Some(key(issuer));
        archive.engine.ingest(vec![new]).unwrap().remove(0).unwrap();
    }
    archive.engine.commit().unwrap();
    let found = |issuer| {
        let guards = Guards { patient: Some(key(issuer)), ..Guards::default() };
        names(&search(&archive.engine, &SearchRequest { guards, ..image() }))
    };
    assert_eq!(found(Some("north")), ["case-001"]);
    assert!(found(None).is_empty());
}

#[test]
fn a_query_without_a_patient_is_answered_with_a_warning() {
    let response = search(&six().engine, &image());
    assert_eq!(response.plan.warnings[0].code, "NO_PATIENT");
}

#[test]
fn before_keeps_what_is_certainly_earlier() {
    let before = |text: &str| {
        let guards = Guards {
            before: Some(PartialDate::parse("before", text).unwrap()),
            several_per_patient: true,
            ..Guards::default()
        };
        found(&SearchRequest { guards, ..image() })
    };
    assert_eq!(before("2019-06-01"), ["case-000"]);
    assert_eq!(before("2020-01-15"), ["case-000", "case-001", "case-002"]);
    assert_eq!(before("2020"), ["case-000", "case-001", "case-002"]);
}

#[test]
fn a_filter_alone_lists_the_latest_first() {
    let request =
        SearchRequest { filter: Some("study_date:* OR age:*".to_owned()), ..SearchRequest::default() };
    assert_eq!(
        found(&request),
        ["case-005", "case-004", "case-002", "case-001"].map(str::to_owned)[..].to_vec()
    );
}

#[test]
fn pages_are_slices_of_one_answer() {
    let archive = six();
    let whole = search(&archive.engine, &SearchRequest { text: Some("effusion".into()), ..image() });
    let mut pages = Vec::new();
    for offset in 0..whole.total {
        let limits = Limits { offset, page_size: Some(1), ..Limits::default() };
        let request = SearchRequest { text: Some("effusion".into()), limits, ..image() };
        pages.extend(search(&archive.engine, &request).hits);
    }
    assert_eq!(pages, whole.hits);
}

#[test]
fn missing_scores_are_filled_in_and_change_no_rank() {
    let archive = six();
    let fusion = Fusion { candidates: 1, ..Fusion::default() };
    let limits = Limits { limit: 2, ..Limits::default() };
    let guards = Guards { several_per_patient: true, ..Guards::default() };
    let text = Some("often".to_owned());
    let response = search(&archive.engine, &SearchRequest { text, fusion, limits, guards, ..image() });
    for hit in &response.hits {
        let image = hit.image.unwrap();
        assert!(image.rank.is_some() || image.contribution == 0.0);
        let sum: f64 = [hit.image, hit.lexical].iter().flatten().map(|score| score.contribution).sum();
        assert!((sum - hit.fused_score).abs() < 1e-12);
    }
    // The nearest case says nothing of the text, so it has no lexical score, not one of 0.
    let nearest = response.hits.iter().find(|hit| hit.case.id.as_str() == "case-000").unwrap();
    assert!(nearest.lexical.is_none());
}

#[test]
fn a_word_of_every_report_gives_every_patient_once_whatever_the_limit() {
    let archive = six();
    for (limit, exact) in [(3, false), (4, false), (5, true), (1000, false)] {
        let limits = Limits { limit, exact, ..Limits::default() };
        let text = SearchRequest { text: Some("effusion".into()), limits, ..SearchRequest::default() };
        assert_eq!(search(&archive.engine, &text).hits.len(), limit.min(4), "{limit} {exact}");
        assert_eq!(search(&archive.engine, &SearchRequest { limits, ..image() }).hits.len(), limit.min(4));
    }
}

#[test]
fn a_silent_text_is_told_and_the_image_decides() {
    let response = search(&six().engine, &SearchRequest { text: Some("?! -effusion".into()), ..image() });
    assert!(response.plan.warnings.iter().any(|warning| warning.code == "NOTHING_TO_SEARCH"));
    assert_eq!(response.plan.channels.len(), 1);
}

#[test]
fn everything_wrong_with_a_request_is_named() {
    let archive = six();
    let mut nan = at(0.0);
    nan[2] = f32::NAN;
    let request = SearchRequest {
        vectors: vec![
            vector(&[1.0; 3]),
            vector(&nan),
            QueryVector { values: at(0.0), encoder_id: String::new() },
        ],
        text: Some("x ".repeat(5000)),
        filter: Some("agee > 3".into()),
        fusion: Fusion { image_weight: -1.0, lexical_weight: f32::NAN, rrf_k: 0.0, candidates: 0 },
        limits: Limits { limit: 0, page_size: Some(0), ef_search: Some(5000), ..Limits::default() },
        ..SearchRequest::default()
    };
    let error = archive.engine.view().search(&request, &|| false).unwrap_err();
    let EngineError::Invalid(violations) = error else { panic!("{error}") };
    let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
    for field in [
        "embeddings[0].values",
        "embeddings[1].values",
        "embeddings[2].encoder_id",
        "text",
        "filter",
        "fusion.image_weight",
        "fusion.lexical_weight",
        "fusion.rrf_k",
        "fusion.candidates",
        "limit",
        "page_size",
        "ef_search",
    ] {
        assert!(fields.contains(&field), "{field} not in {fields:?}");
    }
}

#[test]
fn nothing_asked_and_another_encoder_are_told_apart() {
    let archive = six();
    let refused =
        |request: &SearchRequest| archive.engine.view().search(request, &|| false).unwrap_err().kind();
    assert_eq!(refused(&SearchRequest::default()), ErrorKind::Invalid);
    let other = QueryVector { values: at(0.0), encoder_id: "other".into() };
    let request = SearchRequest { vectors: vec![other], ..SearchRequest::default() };
    assert_eq!(refused(&request), ErrorKind::Precondition);
    assert_eq!(refused_by_stop(&archive), ErrorKind::Cancelled);
}

fn refused_by_stop(archive: &Archive) -> ErrorKind {
    let request = SearchRequest { text: Some("effusion".into()), ..SearchRequest::default() };
    archive.engine.view().search(&request, &|| true).unwrap_err().kind()
}
