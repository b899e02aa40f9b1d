//! The least for which a channel puts a case forward.

use crate::support::{Archive, Sketch, archive, case, names, search, vector};
use precedent_engine::{Access, EngineError};
use precedent_query::{MinimumImageScore, MinimumScores, SearchRequest};
use precedent_vector::Metric;

/// Sixty cases on a line, the nth at n, half of them with a word.
fn on_a_line(metric: Metric) -> Archive {
    let archive = archive(metric, Access::Bulk);
    let cases = (0..60).map(|name| {
        let mut values = vec![0.0; 16];
        (values[0], values[1]) = (name as f32, 10.0);
        let text = Some(["Effusion.", "Normal heart."][name % 2].to_owned());
        case(name, &Sketch { vectors: vec![values], text, ..Sketch::default() })
    });
    assert!(archive.engine.ingest(cases.collect()).unwrap().iter().all(Result::is_ok));
    archive.engine.merge_all(&|_, _, _| true).unwrap();
    archive
}

fn at_zero() -> SearchRequest {
    let mut values = [0.0; 16];
    values[1] = 10.0;
    let mut request = SearchRequest { vectors: vec![vector(&values)], ..SearchRequest::default() };
    request.limits.limit = 60;
    request
}

#[test]
fn hits_have_the_least_that_was_asked_for_and_none_with_it_is_missing() {
    for (metric, image, kept) in [
        (Metric::L2, MinimumImageScore::L2Distance(7.0), 8),
        (Metric::Dot, MinimumImageScore::DotProduct(100.0), 60),
        (Metric::Dot, MinimumImageScore::DotProduct(100.5), 0),
        // 10 / sqrt(100 + n * n) is at least 0.8 up to n = 7.5.
        (Metric::Cosine, MinimumImageScore::Cosine(0.8), 8),
    ] {
        let archive = on_a_line(metric);
        let minimum = MinimumScores { image: Some(image), lexical: None };
        let all = search(&archive.engine, &at_zero());
        let found = search(&archive.engine, &SearchRequest { minimum, ..at_zero() });
        assert_eq!(names(&found), names(&all)[..kept], "{metric:?}");
        assert_eq!((found.total, found.plan.matches), (kept, 60));
    }
}

#[test]
fn a_case_that_one_channel_leaves_out_may_come_by_the_other() {
    let archive = on_a_line(Metric::L2);
    let minimum = MinimumScores { image: Some(MinimumImageScore::L2Distance(3.0)), lexical: None };
    let request = SearchRequest { minimum, text: Some("effusion".to_owned()), ..at_zero() };
    let found = search(&archive.engine, &request);
    assert_eq!(found.total, 30 + 2, "thirty reports say it, and two near cases do not");
    let far = found.hits.iter().find(|hit| hit.case.id.as_str() == "case-040").unwrap();
    assert!(far.image.unwrap().rank.is_none() && far.lexical.unwrap().rank.is_some());
    let lexical = far.lexical.unwrap().score;
    let none = MinimumScores { lexical: Some(lexical * 1.01), ..minimum };
    assert_eq!(search(&archive.engine, &SearchRequest { minimum: none, ..request }).total, 4);
}

#[test]
fn a_minimum_that_means_nothing_is_refused() {
    let archive = on_a_line(Metric::L2);
    let refused = |minimum: MinimumScores, request: SearchRequest| match archive
        .engine
        .view()
        .search(&SearchRequest { minimum, ..request }, &|| false)
    {
        Err(EngineError::Invalid(wrong)) => format!("{}: {}", wrong[0].field, wrong[0].description),
        other => panic!("{other:?}"),
    };
    let image = |image| MinimumScores { image: Some(image), lexical: None };
    let other = refused(image(MinimumImageScore::Cosine(0.5)), at_zero());
    assert!(other.starts_with("minimum_scores.cosine: ") && other.contains("l2"), "{other}");
    let by_text = || SearchRequest { text: Some("effusion".to_owned()), ..SearchRequest::default() };
    assert!(
        refused(image(MinimumImageScore::L2Distance(1.0)), by_text())
            .starts_with("minimum_scores.l2_distance")
    );
    assert!(refused(image(MinimumImageScore::L2Distance(f32::NAN)), at_zero()).contains("finite"));
    let lexical = MinimumScores { image: None, lexical: Some(1.0) };
    assert!(refused(lexical, at_zero()).starts_with("minimum_scores.bm25"));
}
