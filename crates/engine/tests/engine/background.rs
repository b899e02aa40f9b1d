//! What runs beside the calls, for many indexes at a time.

use crate::support::{Sketch, archive, case, names, search};
use precedent_engine::{Access, BackgroundTask, Condition, Engine};
use precedent_query::SearchRequest;
use precedent_vector::Metric;
use std::fs;
use std::time::{Duration, Instant};

fn said(text: &str) -> Sketch {
    Sketch { text: Some(text.to_owned()), ..Sketch::default() }
}

fn found(engine: &Engine, words: &str) -> Vec<String> {
    let request = SearchRequest { text: Some(words.to_owned()), ..SearchRequest::default() };
    names(&search(engine, &request))
}

/// Waits for something that comes by itself; the limit is only there to end a broken test.
fn wait_for(what: &str, is: impl Fn() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn many_segments_are_merged_by_themselves_in_each_of_several_indexes() {
    let archives: Vec<_> = (0..3).map(|_| archive(Metric::Cosine, Access::Write)).collect();
    for name in 0..8 {
        for archive in &archives {
            archive.engine.ingest(vec![case(name, &said("effusion"))]).unwrap();
            archive.engine.commit().unwrap();
        }
    }
    for archive in &archives {
        // Visible by hand here, so the next case wakes what merges.
        archive.engine.ingest(vec![case(8, &said("nodule"))]).unwrap();
        wait_for("a merge", || archive.engine.stats().unwrap().segments.len() < 8);
        assert_eq!(archive.engine.condition(), Condition::default());
        assert_eq!(found(&archive.engine, "effusion").len(), 8);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_hundred_indexes_have_no_more_threads_than_one() {
    let archives: Vec<_> = (0..100).map(|_| archive(Metric::Cosine, Access::Write)).collect();
    for archive in &archives {
        archive.engine.ingest(vec![case(1, &said("effusion"))]).unwrap();
    }
    for archive in &archives {
        wait_for("a case", || !found(&archive.engine, "effusion").is_empty());
    }
    let names = fs::read_dir("/proc/self/task").unwrap().filter_map(|task| {
        // A thread may end meanwhile.
        fs::read_to_string(task.unwrap().path().join("comm")).ok()
    });
    let ours =
        names.filter(|name| name.starts_with("precedent-commi") || name.starts_with("precedent-merge"));
    assert_eq!(ours.count(), 4);
}

// Whoever harms an index does not ask the storage.
#[allow(clippy::disallowed_methods)]
#[test]
fn a_merge_that_fails_is_told_and_the_index_goes_on() {
    let archive = archive(Metric::Cosine, Access::Bulk);
    // Longer than a block, so that opening the segment does not read it.
    let long = "effusion ".repeat(10_000);
    for name in 0..8 {
        archive.engine.ingest(vec![case(name, &said(&long))]).unwrap();
        archive.engine.commit().unwrap();
    }
    let (folder, engine) = (archive.folder, archive.engine);
    drop(engine);
    // A byte of a report that nobody reads but a merge.
    let records = folder.path().join("segments/0000000003/records");
    let mut bytes = fs::read(&records).unwrap();
    let at = bytes.windows(8).position(|window| window == b"effusion").unwrap();
    bytes[at] ^= 1;
    fs::write(&records, bytes).unwrap();
    let engine = Engine::open(folder.path(), Access::Write).unwrap();
    let failures = || engine.condition().failures;
    wait_for("a second failure", || failures().first().is_some_and(|failure| failure.attempts > 1));
    let told = failures();
    assert_eq!((told.len(), told[0].task, told[0].retried), (1, BackgroundTask::Merge, true));
    assert!(told[0].problem.contains("segments/0000000003/records is damaged"), "{told:?}");
    assert!(!told[0].problem.contains("effusion") && told[0].since < told[0].at, "{told:?}");
    let health = engine.health();
    assert!(health.readable.is_ok() && health.writable.is_ok() && health.sound.is_ok(), "it is tried again");
    // Other processes see what this one left, until it ends.
    let reader = Engine::open(folder.path(), Access::Read).unwrap();
    assert_eq!(reader.condition().failures.len(), 1);
    engine.ingest(vec![case(20, &said("nodule"))]).unwrap();
    wait_for("a case", || found(&engine, "nodule") == ["case-020"]);
    // But for that of an attempt that is under way.
    let folders = || fs::read_dir(folder.path().join("segments")).unwrap().count();
    wait_for("an end of the failed merge's folder", || folders() == 9);
    // Ending does not wait for the next attempt.
    let start = Instant::now();
    drop(engine);
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(reader.condition(), Condition::default());
}

// As above.
#[allow(clippy::disallowed_methods)]
#[test]
fn a_commit_that_fails_is_told_until_it_succeeds() {
    let archive = archive(Metric::Cosine, Access::Write);
    let (segments, away) = (archive.folder.path().join("segments"), archive.folder.path().join("away"));
    fs::rename(&segments, &away).unwrap();
    fs::write(&segments, "no folder").unwrap();
    archive.engine.ingest(vec![case(1, &said("effusion"))]).unwrap();
    let failures = || archive.engine.condition().failures;
    wait_for("a failure", || !failures().is_empty());
    let told = failures();
    assert_eq!((told.len(), told[0].task, told[0].retried), (1, BackgroundTask::Commit, true));
    assert!(told[0].problem.starts_with("segments/0000000001 is there already"), "{told:?}");
    fs::remove_file(&segments).unwrap();
    fs::rename(&away, &segments).unwrap();
    wait_for("a commit", || failures().is_empty());
    assert_eq!(found(&archive.engine, "effusion"), ["case-001"]);
    assert!(!archive.folder.path().join("troubles.tmp").exists(), "nothing is wrong any more");
}
