//! How much of a case comes with its hit.

use crate::support::{archive, case, search, study};
use precedent_engine::Access;
use precedent_model::Case;
use precedent_query::{HitDetail, Limits, SearchRequest, SearchResponse};
use precedent_vector::Metric;

#[test]
fn hits_come_with_as_much_of_their_cases_as_is_asked_for() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let new = (0..30).map(|name| case(name, &study(name as u64))).collect();
    assert!(archive.engine.ingest(new).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
    let limits = Limits { limit: 30, ..Limits::default() };
    let asked = |text: Option<&str>, filter: &str, detail| {
        let (text, filter) = (text.map(str::to_owned), Some(filter.to_owned()));
        search(&archive.engine, &SearchRequest { text, filter, limits, detail, ..SearchRequest::default() })
    };
    let reports =
        |answer: &SearchResponse| answer.hits.iter().filter(|hit| hit.case.report.is_some()).count();

    for text in [None, Some("effusion")] {
        let [whole, bare, ids] = [HitDetail::Whole, HitDetail::WithoutReport, HitDetail::CaseId]
            .map(|detail| asked(text, "age >= 0", detail));
        assert!(reports(&whole) > 0);
        assert_eq!(whole.hits.iter().any(|hit| !hit.highlights.is_empty()), text.is_some());
        let mut expected = whole.hits;
        for hit in &mut expected {
            hit.case.report = None;
            hit.highlights.clear();
        }
        assert_eq!(bare.hits, expected, "nothing else is left out");
        for hit in &mut expected {
            hit.case = Case::new(hit.case.id.clone());
        }
        assert_eq!(ids.hits, expected, "nothing but the case is left out");
    }
}
