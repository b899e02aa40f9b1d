//! What a plan says of the time that each step took.

use crate::support::{Archive, Sketch, archive, case, search, vector};
use precedent_engine::Access;
use precedent_query::SearchRequest;
use precedent_vector::Metric;
use std::time::{Duration, Instant};

fn filled() -> Archive {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let sketch = |number: usize| Sketch {
        age: Some(number as i64),
        text: Some("Small pleural effusion.".to_owned()),
        vectors: vec![(0..16).map(|place| (number * place) as f32 + 1.0).collect()],
        ..Sketch::default()
    };
    let cases = (0..50).map(|number| case(number, &sketch(number))).collect();
    archive.engine.ingest(cases).unwrap();
    archive.engine.commit().unwrap();
    archive
}

#[test]
fn the_steps_of_a_search_take_no_longer_than_the_search() {
    let archive = filled();
    let request = SearchRequest {
        vectors: vec![vector(&[1.0; 16])],
        text: Some("effusion".to_owned()),
        filter: Some("age >= 10".to_owned()),
        ..SearchRequest::default()
    };
    let started = Instant::now();
    let times = search(&archive.engine, &request).plan.times;
    let whole = started.elapsed();
    let steps = [times.admit, times.filter, times.image, times.lexical, times.fusion, times.fetch];
    assert!(steps.iter().all(|step| *step > Duration::ZERO), "{times:?}");
    assert!(steps.iter().sum::<Duration>() <= whole, "{times:?} in {whole:?}");
}

#[test]
fn a_channel_that_is_not_asked_takes_next_to_no_time() {
    let archive = filled();
    let by_filter = SearchRequest { filter: Some("age >= 10".to_owned()), ..SearchRequest::default() };
    let times = search(&archive.engine, &by_filter).plan.times;
    assert_eq!((times.image, times.lexical), (Duration::ZERO, Duration::ZERO));
    assert!(times.fusion > Duration::ZERO, "ordering by date counts: {times:?}");
}
