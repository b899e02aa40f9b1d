//! Which searches are expected to be brief, and how long others are expected to take.

use crate::support::{DIMENSION, Sketch, archive, case, vector};
use precedent_engine::{Access, Engine};
use precedent_model::PartialDate;
use precedent_query::{Guards, Judgement, Limits, PathChoice, QueryImage, SearchRequest};
use precedent_vector::Metric;
use std::time::Duration;

fn by_vector() -> SearchRequest {
    SearchRequest { vectors: vec![vector(&[0.25; DIMENSION])], ..SearchRequest::default() }
}

fn with(limits: Limits) -> SearchRequest {
    SearchRequest { limits, ..by_vector() }
}

/// Takes in cases without a graph between them.
fn take_in(engine: &Engine, cases: std::ops::Range<usize>) {
    let sketch =
        |name: usize| Sketch { vectors: vec![vec![1.0 + name as f32; DIMENSION]], ..Sketch::default() };
    let new = cases.map(|name| case(name, &sketch(name))).collect();
    assert!(engine.ingest(new).unwrap().iter().all(Result::is_ok));
    engine.commit().unwrap();
}

#[test]
fn searches_by_a_few_embeddings_are_brief_and_others_are_not() {
    let archive = archive(Metric::L2, Access::Bulk);
    take_in(&archive.engine, 0..10);
    let view = archive.engine.view();
    let none = Limits::default();
    for brief in [
        by_vector(),
        with(Limits { limit: 50, ..none }),
        with(Limits { ef_search: Some(200), ..none }),
        with(Limits { target_recall: Some(0.95), ..none }),
    ] {
        assert!(view.is_brief(&brief), "{brief:?}");
    }
    let before = Some(PartialDate::parse("before", "2020").unwrap());
    for other in [
        SearchRequest { text: Some("effusion".into()), ..by_vector() },
        SearchRequest { filter: Some("age > 3".into()), ..by_vector() },
        SearchRequest { image_text: Some("effusion".into()), ..by_vector() },
        SearchRequest { images: vec![QueryImage { content: vec![1], view: None }], ..by_vector() },
        SearchRequest { guards: Guards { before, ..Guards::default() }, ..by_vector() },
        SearchRequest { vectors: vec![vector(&[0.25; DIMENSION]); 5], ..SearchRequest::default() },
        with(Limits { limit: 1000, ..none }),
        SearchRequest { judgement: Judgement::By(1), ..by_vector() },
        SearchRequest { diversity: Some(0.5), ..by_vector() },
        SearchRequest { rerank: 500, ..by_vector() },
        with(Limits { ef_search: Some(4096), ..none }),
        with(Limits { target_recall: Some(0.999), ..none }),
        with(Limits { exact: true, ..none }),
        with(Limits { path: PathChoice::Exact, ..none }),
    ] {
        assert!(!view.is_brief(&other), "{other:?}");
    }
}

#[test]
fn a_search_that_must_compare_many_cases_is_not_brief() {
    let archive = archive(Metric::L2, Access::Bulk);
    take_in(&archive.engine, 0..1200);
    let is_brief = || archive.engine.view().is_brief(&by_vector());
    assert!(!is_brief());
    archive.engine.merge_all(&|_, _, _| true).unwrap();
    assert!(is_brief(), "the graph of the merged segment is walked");
}

#[test]
fn exact_searches_and_many_hits_are_expected_to_take_longer() {
    let archive = archive(Metric::L2, Access::Bulk);
    take_in(&archive.engine, 0..10);
    let (none, view) = (Limits::default(), archive.engine.view());
    let expected = |limits| view.expected(&with(limits));
    let ten = expected(none);
    assert!(ten < Duration::from_millis(1), "{ten:?}");
    let deep = expected(Limits { limit: 1000, ..none });
    assert!(deep >= Duration::from_millis(10), "{deep:?}");
    let page = expected(Limits { limit: 1000, page_size: Some(20), ..none });
    assert!(page < Duration::from_millis(5), "{page:?}");
    let exact = Limits { exact: true, ..none };
    let few = expected(exact);
    take_in(&archive.engine, 10..1010);
    let view = archive.engine.view();
    let numbers = Duration::from_nanos(1000 * DIMENSION as u64);
    for compares in [exact, Limits { path: PathChoice::Exact, ..none }] {
        assert_eq!(view.expected(&with(compares)), few + numbers);
    }
    let two = SearchRequest { vectors: vec![vector(&[0.25; DIMENSION]); 2], ..with(exact) };
    assert!(view.expected(&two) > few + numbers);
}
