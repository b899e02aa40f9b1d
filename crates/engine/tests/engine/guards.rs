//! What is left out, and what is always said.

use crate::support::{Archive, Sketch, archive, case, names, patient, search, vector};
use precedent_engine::{Access, EngineError, ErrorKind};
use precedent_model::{PartialDate, PatientKey};
use precedent_query::{Fusion, Guards, Limits, QueryVector, SearchRequest, SearchResponse};
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

/// Cases of these patients (id and issuer; an empty id is none), nearest first.
fn of_patients(keys: &[(&str, &str)]) -> Archive {
    let archive = archive(Metric::L2, Access::Bulk);
    for (name, (id, issuer)) in keys.iter().enumerate() {
        let sketch = Sketch { vectors: vec![at(name as f32)], text: Some("x".into()), ..Sketch::default() };
        let mut new = case(name, &sketch);
        new.case.patient = (!id.is_empty()).then(|| PatientKey::new(id, Some(issuer)).unwrap());
        archive.engine.ingest(vec![new]).unwrap().remove(0).unwrap();
        if name % 2 == 1 {
            archive.engine.commit().unwrap();
        }
    }
    archive.engine.commit().unwrap();
    archive
}

/// Places of the cases that are left where this patient is the query's.
fn left(archive: &Archive, id: &str, issuer: &str) -> Vec<usize> {
    let guards = Guards {
        patient: Some(PatientKey::new(id, Some(issuer)).unwrap()),
        several_per_patient: true,
        ..Guards::default()
    };
    places(&search(&archive.engine, &SearchRequest { guards, ..image() }))
}

fn places(response: &SearchResponse) -> Vec<usize> {
    names(response).iter().map(|name| name["case-".len()..].parse().unwrap()).collect()
}

#[test]
fn the_guard_knows_a_patient_in_every_spelling() {
    let keys = [
        ("AB12", "NORTH"),
        ("ab12", "north"),
        ("AB 12", "North"),
        ("\u{ff21}\u{ff22}\u{ff11}\u{ff12}", "north"),
        ("ab12", ""),
        ("AB12", "south"),
        ("AB13", "north"),
        ("", ""),
    ];
    let archive = of_patients(&keys);
    for (id, issuer) in &keys[..4] {
        assert_eq!(left(&archive, id, issuer), [5, 6, 7]);
    }
    assert_eq!(left(&archive, "ab12", ""), [6, 7]);
    assert_eq!(left(&archive, "ab12", "SOUTH"), [0, 1, 2, 3, 6, 7]);
    archive.engine.merge_all(&|_, _, _| true).unwrap();
    assert_eq!(left(&archive, "ab12", "north"), [5, 6, 7]);
}

#[test]
fn one_hit_per_patient_goes_by_the_same_rule_best_first() {
    let one_each = |keys: &[(&str, &str)]| places(&search(&of_patients(keys).engine, &image()));
    assert_eq!(one_each(&[("AB12", "north"), ("ab12", "NORTH"), ("ab12", "")]), [0]);
    assert_eq!(one_each(&[("17", ""), ("17", "north"), ("17", "south")]), [0], "may be either");
    assert_eq!(one_each(&[("17", "north"), ("17", "south"), ("17", "")]), [0, 1]);
    assert_eq!(one_each(&[("17", "north"), ("", ""), ("", ""), ("17 ", "north")]), [0, 1, 2]);
    let archive = of_patients(&[("17", "north"), ("17", "south"), ("17", ""), ("18", "")]);
    let filter = SearchRequest { filter: Some("patient_id:*".into()), ..SearchRequest::default() };
    assert_eq!(places(&search(&archive.engine, &filter)), [0, 1, 3]);
}

#[test]
fn a_filter_by_patient_goes_by_the_same_folding() {
    let archive = of_patients(&[("AB 12", ""), ("\u{ff41}\u{ff42}12", ""), ("AB13", "")]);
    let found = |filter: &str| {
        let guards = Guards { several_per_patient: true, ..Guards::default() };
        places(&search(
            &archive.engine,
            &SearchRequest { filter: Some(filter.into()), guards, ..SearchRequest::default() },
        ))
    };
    for filter in ["patient_id = \"ab12\"", "patient_id = \"Ab 12\"", "patient_id = \"\u{ff21}b\u{a0}12\""] {
        assert_eq!(found(filter), [0, 1], "{filter}");
    }
    assert_eq!(found("patient_id = \"AB 1*\""), [0, 1, 2]);
    assert_eq!(found("patient_id != \"AB12\""), [2]);
}

#[test]
fn a_placeholder_is_no_patient() {
    let keys = [
        ("nan", ""),
        ("NaN", "north"),
        ("UNKNOWN", ""),
        ("000", ""),
        ("--", ""),
        ("P1", "nan"),
        ("P1", "north"),
    ];
    let archive = of_patients(&keys);
    assert_eq!(places(&search(&archive.engine, &image())), [0, 1, 2, 3, 4, 5], "each stands for itself");
    assert_eq!(left(&archive, "p1", "south"), [0, 1, 2, 3, 4, 6], "a placeholder for an issuer is none");
    let guards = Guards { patient: PatientKey::new("nan", None).ok(), ..Guards::default() };
    let response = search(&archive.engine, &SearchRequest { guards, ..image() });
    assert_eq!(response.total, 6);
    let codes: Vec<&str> = response.plan.warnings.iter().map(|warning| warning.code.name()).collect();
    assert_eq!(codes, ["PLACEHOLDER_PATIENT", "NO_PATIENT"]);
    let filter = SearchRequest { filter: Some("NOT patient_id:*".into()), ..SearchRequest::default() };
    assert_eq!(places(&search(&archive.engine, &filter)), [0, 1, 2, 3, 4]);
}

#[test]
fn a_query_without_a_patient_is_answered_with_a_warning() {
    let response = search(&six().engine, &image());
    assert_eq!(response.plan.warnings[0].code.name(), "NO_PATIENT");
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
    assert!(response.plan.warnings.iter().any(|warning| warning.code.name() == "NOTHING_TO_SEARCH"));
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
        fusion: Fusion {
            image_weight: -1.0,
            lexical_weight: f32::NAN,
            sentence_weight: f32::INFINITY,
            rrf_k: 0.0,
            candidates: 0,
        },
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
