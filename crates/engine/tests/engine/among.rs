//! Ranking given cases as a search would.

use crate::support::{Archive, Random, archive, case, names, near, search, study, vector};
use precedent_engine::{Access, CaseList, CaseOrder};
use precedent_query::{Guards, Limits, SearchRequest};
use precedent_vector::Metric;

const CASES: usize = 150;

fn some_cases() -> Archive {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let cases = (0..CASES).map(|name| case(name, &study(name as u64)));
    assert!(archive.engine.ingest(cases.collect()).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
    archive
}

fn by(text: Option<&str>, vectors: usize) -> SearchRequest {
    let mut random = Random(7);
    SearchRequest {
        text: text.map(str::to_owned),
        literal_text: true,
        vectors: (0..vectors).map(|kind| vector(&near(kind, &mut random))).collect(),
        guards: Guards { several_per_patient: true, ..Guards::default() },
        limits: Limits { limit: 1000, exact: true, ..Limits::default() },
        ..SearchRequest::default()
    }
}

fn listed(archive: &Archive) -> CaseList {
    archive.engine.view().list(None, CaseOrder::AsIngested, &|| false).unwrap()
}

fn among(archive: &Archive, request: &SearchRequest, positions: &[usize]) -> Vec<String> {
    let (view, list) = (archive.engine.view(), listed(archive));
    let ids: Vec<String> = list.ids().map(|id| id.unwrap().into_string()).collect();
    let ranked = view.rank_among(request, &list, positions, &|| false).unwrap();
    ranked.into_iter().map(|position| ids[position].clone()).collect()
}

#[test]
fn all_cases_are_ranked_as_an_exact_search_ranks_them() {
    let archive = some_cases();
    let all: Vec<usize> = (0..CASES).rev().collect();
    for request in [by(None, 1), by(None, 3), by(Some("effusion left"), 0), by(Some("opacity"), 2)] {
        let found = names(&search(&archive.engine, &request));
        assert!(found.len() > 30, "{}", found.len());
        assert_eq!(among(&archive, &request, &all), found);
    }
}

#[test]
fn some_cases_keep_their_order_and_the_rest_is_not_there() {
    let archive = some_cases();
    let some: Vec<usize> = (0..CASES).step_by(7).collect();
    let ids: Vec<String> = listed(&archive).ids().map(|id| id.unwrap().into_string()).collect();
    let is_in = |name: &String| some.iter().any(|position| ids[*position] == *name);
    for request in [by(None, 2), by(Some("effusion pneumothorax"), 0)] {
        let whole = names(&search(&archive.engine, &request));
        let expected: Vec<String> = whole.into_iter().filter(is_in).collect();
        assert!(expected.len() > 5);
        assert_eq!(among(&archive, &request, &some), expected);
    }
    assert!(among(&archive, &by(None, 1), &[]).is_empty());
    assert!(among(&archive, &by(None, 1), &[CASES + 5]).is_empty(), "a position that the list lacks");
}

#[test]
fn a_wrong_request_is_refused_and_a_stop_ends_it() {
    let archive = some_cases();
    let (view, list) = (archive.engine.view(), listed(&archive));
    let all: Vec<usize> = (0..CASES).collect();
    assert!(view.rank_among(&SearchRequest::default(), &list, &all, &|| false).is_err());
    assert!(view.rank_among(&by(None, 1), &list, &all, &|| true).is_err());
}
