//! Hits without reports.

use crate::support::{archive, case, search, study};
use precedent_engine::Access;
use precedent_query::{Limits, SearchRequest, SearchResponse};
use precedent_vector::Metric;

#[test]
fn reports_are_left_out_where_no_sentence_is_to_be_shown() {
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

    let (whole, bare) = (asked(None, "age >= 0", false), asked(None, "age >= 0", true));
    assert!(reports(&whole) > 0);
    assert_eq!(reports(&bare), 0);
    let mut expected = whole.hits;
    expected.iter_mut().for_each(|hit| hit.case.report = None);
    assert_eq!(bare.hits, expected, "nothing else is left out");

    // Sentences are shown from reports, so these are there.
    let (whole, bare) =
        (asked(Some("effusion"), "age >= 0", false), asked(Some("effusion"), "age >= 0", true));
    assert!(whole.hits.iter().any(|hit| !hit.highlights.is_empty()));
    assert_eq!(bare.hits, whole.hits);
}
