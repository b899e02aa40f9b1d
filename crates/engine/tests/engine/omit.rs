//! Hits without reports.

use crate::support::{archive, case, search, study};
use precedent_engine::Access;
use precedent_query::{Limits, SearchRequest, SearchResponse};
use precedent_vector::Metric;

#[test]
fn hits_come_without_reports_and_places_in_them_where_reports_are_left_out() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let new = (0..30).map(|name| case(name, &study(name as u64))).collect();
    assert!(archive.engine.ingest(new).unwrap().iter().all(Result::is_ok));
    archive.engine.commit().unwrap();
    let limits = Limits { limit: 30, ..Limits::default() };
    let asked = |text: Option<&str>, filter: &str, omit_reports| {
        let (text, filter) = (text.map(str::to_owned), Some(filter.to_owned()));
        search(
            &archive.engine,
            &SearchRequest { text, filter, limits, omit_reports, ..SearchRequest::default() },
        )
    };
    let reports =
        |answer: &SearchResponse| answer.hits.iter().filter(|hit| hit.case.report.is_some()).count();

    for text in [None, Some("effusion")] {
        let (whole, bare) = (asked(text, "age >= 0", false), asked(text, "age >= 0", true));
        assert!(reports(&whole) > 0);
        assert_eq!(whole.hits.iter().any(|hit| !hit.highlights.is_empty()), text.is_some());
        let mut expected = whole.hits;
        for hit in &mut expected {
            hit.case.report = None;
            hit.highlights.clear();
        }
        assert_eq!(bare.hits, expected, "nothing else is left out");
    }
}
