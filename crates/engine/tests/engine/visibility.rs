//! Cases become visible by themselves, and an answer's pages stay those of one generation.

use crate::support::{Sketch, archive, case, id, names, search};
use precedent_engine::{Access, Engine, EngineError};
use precedent_query::SearchRequest;
use precedent_vector::Metric;
use std::time::{Duration, Instant};

fn with_text(text: &str) -> Sketch {
    Sketch { text: Some(text.to_owned()), ..Sketch::default() }
}

fn text(words: &str) -> SearchRequest {
    SearchRequest { text: Some(words.to_owned()), ..SearchRequest::default() }
}

/// Waits for something that comes by itself; the limit is only there to end a broken test.
fn wait_for(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(60), "it did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn cases_and_deletes_become_visible_by_themselves() {
    let archive = archive(Metric::Cosine, Access::Write);
    archive.engine.ingest(vec![case(1, &with_text("pneumothorax"))]).unwrap();
    wait_for(|| names(&search(&archive.engine, &text("pneumothorax"))) == ["case-001"]);
    assert_eq!(archive.engine.delete(&[id(1), id(2)]).unwrap().unknown, [1]);
    wait_for(|| names(&search(&archive.engine, &text("pneumothorax"))).is_empty());
}

#[test]
fn a_generation_is_kept_for_the_next_page_however_many_follow() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let engine = &archive.engine;
    let commit = |report: &str| {
        engine.ingest(vec![case(1, &with_text(report))]).unwrap();
        engine.commit().unwrap();
        engine.view()
    };
    let first = commit("old");
    engine.keep(&first);
    let (first, passed) = (first.generation(), commit("between").generation());
    for round in 0..40 {
        commit(&format!("new{round}"));
        if round == 20 {
            engine.merge_all(&|_, _, _| true).unwrap();
        }
    }
    let kept = engine.view_at(first).unwrap();
    assert_eq!(names(&kept.search(&text("old"), &|| false).unwrap()), ["case-001"]);
    assert!(engine.view_at(passed).is_none(), "nobody asked for its next page");
    assert!(engine.view_at(first + 100).is_none());
}

#[test]
fn a_full_check_ends_when_it_is_told_to() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    archive.engine.ingest((0..600).map(|name| case(name, &with_text("effusion"))).collect()).unwrap();
    archive.engine.commit().unwrap();
    let asked = std::cell::Cell::new(0);
    let check = |most: usize| {
        asked.set(0);
        let stop = || asked.replace(asked.get() + 1) == most;
        Engine::verify_until(archive.folder.path(), &|_, _| {}, &stop)
    };
    assert!(check(usize::MAX).unwrap().damages.is_empty());
    let times = asked.get();
    assert!(times > 6, "it is asked for every file and among the cases: {times}");
    for most in 0..times {
        assert!(matches!(check(most), Err(EngineError::Cancelled)));
    }
}

// A folder is moved under a running engine, which no storage does.
#[allow(clippy::disallowed_methods)]
#[test]
fn health_tells_a_folder_that_is_gone() {
    let archive = archive(Metric::Cosine, Access::Write);
    let health = archive.engine.health();
    assert!(health.readable.is_ok() && health.writable.is_ok());
    let away = archive.folder.path().with_extension("away");
    std::fs::rename(archive.folder.path(), &away).unwrap();
    assert!(archive.engine.health().readable.is_err());
    assert!(archive.engine.health().writable.is_err());
    assert!(archive.engine.ingest(vec![case(1, &with_text("effusion"))]).is_err());
    // The same folder with the same lock: nobody else can have written.
    std::fs::rename(away, archive.folder.path()).unwrap();
    let health = archive.engine.health();
    assert!(health.readable.is_ok() && health.writable.is_ok());
    assert!(archive.engine.ingest(vec![case(2, &with_text("effusion"))]).unwrap()[0].is_ok());
    wait_for(|| names(&search(&archive.engine, &text("effusion"))) == ["case-002"]);
}

#[test]
fn a_reader_in_another_process_sees_new_generations_when_it_looks() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    let reader = Engine::open(archive.folder.path(), Access::Read).unwrap();
    archive.engine.ingest(vec![case(1, &with_text("effusion"))]).unwrap();
    archive.engine.commit().unwrap();
    assert!(names(&search(&reader, &text("effusion"))).is_empty());
    reader.refresh().unwrap();
    assert_eq!(names(&search(&reader, &text("effusion"))), ["case-001"]);
    assert!(matches!(reader.ingest(vec![]), Err(EngineError::ReadOnly)));
}

#[test]
fn what_was_acknowledged_survives_an_engine_that_was_just_dropped() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    archive.engine.ingest(vec![case(1, &with_text("effusion"))]).unwrap();
    let path = archive.folder.path().to_owned();
    drop(archive.engine);
    assert_eq!(Engine::open(&path, Access::Read).unwrap().stats().unwrap().pending_operations, 1);
    let engine = Engine::open(&path, Access::Bulk).unwrap();
    assert_eq!(names(&search(&engine, &text("effusion"))), ["case-001"]);
    assert_eq!(engine.stats().unwrap().pending_operations, 0);
}

#[test]
fn an_engine_that_ends_in_order_leaves_everything_visible() {
    let archive = archive(Metric::Cosine, Access::Write);
    archive.engine.ingest(vec![case(1, &with_text("effusion"))]).unwrap();
    let path = archive.folder.path().to_owned();
    drop(archive.engine);
    let reader = Engine::open(&path, Access::Read).unwrap();
    assert_eq!(names(&search(&reader, &text("effusion"))), ["case-001"]);
}
