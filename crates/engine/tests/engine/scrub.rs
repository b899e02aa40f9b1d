//! Files that decay under a running engine: found without a search, and never shown.

// Whoever harms an index does not ask the storage.
#![allow(clippy::disallowed_methods)]

use crate::support::{DIMENSION, Random, Sketch, archive, case, id, names, near, search, vector};
use precedent_engine::{Access, Engine, ErrorKind, Scrub};
use precedent_query::SearchRequest;
use precedent_vector::Metric;
use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const AT_ONCE: NonZeroU64 = NonZeroU64::MAX;

/// Turns some bits of a byte over in place, as decay does: the file keeps its pages.
fn flip(file: &Path, at: u64) {
    let mut file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[byte[0] ^ 0xc3]).unwrap();
}

fn sketch(name: usize, word: &str) -> Sketch {
    let text = format!("{word} {}", "nothing else ".repeat(4_000));
    Sketch { text: Some(text), vectors: vec![near(name % 5, &mut Random(name as u64))], ..Sketch::default() }
}

/// Two segments: one with a graph, and one that a commit wrote.
fn two_segments() -> (tempfile::TempDir, Engine) {
    let archive = archive(Metric::Cosine, Access::Bulk);
    archive.engine.ingest((0..60).map(|name| case(name, &sketch(name, "effusion"))).collect()).unwrap();
    archive.engine.merge_all(&|_, _, _| true).unwrap();
    archive.engine.ingest((60..64).map(|name| case(name, &sketch(name, "nodule"))).collect()).unwrap();
    archive.engine.commit().unwrap();
    (archive.folder, archive.engine)
}

/// Reads all files again and gives those that are damaged.
fn damaged(engine: &Arc<Engine>, is_expected: impl Fn(&[String]) -> bool) -> Vec<String> {
    let _scrub = Scrub::start(vec![engine.clone()], AT_ONCE).unwrap();
    let begun = Instant::now();
    loop {
        let files: Vec<String> = engine.condition().damages.into_iter().map(|damage| damage.file).collect();
        if is_expected(&files) {
            return files;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{files:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn found(engine: &Engine, word: &str) -> Vec<String> {
    names(&search(engine, &SearchRequest { text: Some(word.to_owned()), ..SearchRequest::default() }))
}

#[test]
fn a_byte_that_decays_in_any_file_is_found_without_a_search_and_what_is_sound_is_served() {
    let (folder, engine) = two_segments();
    let engine = Arc::new(engine);
    let segments = folder.path().join("segments");
    let mut folders: Vec<_> = fs::read_dir(&segments).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let files = fs::read_dir(&folders[0]).unwrap().map(|entry| entry.unwrap().path());
    let mut seen = 0;
    for path in files {
        let length = fs::metadata(&path).unwrap().len();
        let name = format!("segments/{}", path.strip_prefix(&segments).unwrap().display());
        for at in [64, length / 2, length - 1] {
            flip(&path, at);
            assert_eq!(damaged(&engine, |files| !files.is_empty()), [name.as_str()], "byte {at}");
            let health = engine.health();
            assert!(health.readable.is_ok() && health.writable.is_ok(), "{name}");
            let told = health.sound.unwrap_err().to_string();
            assert!(told.contains(&name) && !told.contains("effusion"), "{told}");
            // Where ids are looked up in each segment, the damaged one cannot say that it has none.
            let sound = engine.view().case(&id(61));
            assert!(name.ends_with("/columns") || sound.unwrap().is_some(), "a sound segment is read on");
            // A copy from a backup, say.
            flip(&path, at);
            assert_eq!(damaged(&engine, <[String]>::is_empty), [""; 0], "{name}");
            assert!(engine.health().sound.is_ok());
            seen += 1;
        }
    }
    assert!(seen >= 7 * 3, "{seen}");
    assert_eq!(found(&engine, "nodule").len(), 4);
}

#[test]
fn a_damaged_report_is_told_by_whoever_meets_it_first() {
    let (folder, engine) = two_segments();
    let engine = Arc::new(engine);
    let read = |name: usize| engine.view().case(&id(name)).map(|case| case.is_some());
    let records = folder.path().join("segments/0000000002/records");
    assert!(records.exists(), "the merge wrote the second segment");
    let bytes = fs::read(&records).unwrap();
    let at = bytes.windows(8).position(|window| window == b"effusion").unwrap() as u64;
    assert!(read(0).unwrap());
    flip(&records, at);
    let error = read(0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    assert_eq!(engine.condition().damages[0].file, "segments/0000000002/records");
    // Refused as a block from when it was read again.
    damaged(&engine, |files| files.len() == 1);
    assert!(read(1).is_err(), "of the same block");
    assert!(read(59).unwrap());
    let reader = Engine::open(folder.path(), Access::Read).unwrap();
    assert_eq!(reader.condition(), engine.condition());
}

#[test]
fn vectors_of_winners_are_those_that_were_written_or_the_search_fails() {
    let (folder, engine) = two_segments();
    let by_vector = |name: usize| {
        let vectors = vec![vector(&sketch(name, "").vectors[0])];
        let request = SearchRequest { vectors, ..SearchRequest::default() };
        engine.view().search(&request, &|| false).map(|found| names(&found))
    };
    let (graph, new) = ("segments/0000000002", "segments/0000000003");
    let row = |name: u64| 64 + name * DIMENSION as u64 * 4;
    // Of the 24 + 4 bytes of a packed vector the first byte behind the step.
    let packed = |name: u64| 64 + name * (4 + 24) + 4;
    for (file, at, winner) in [
        (format!("{graph}/vectors"), row(7) + 3, 7),
        (format!("{graph}/packed"), packed(7), 7),
        (format!("{new}/vectors"), row(2) + 3, 62),
    ] {
        let expected = by_vector(winner).unwrap();
        assert_eq!(expected[0], format!("case-{winner:03}"));
        let path = folder.path().join(&file);
        flip(&path, at);
        // Either it is shown, and then refused, or it is not among the nearest any more.
        match by_vector(winner) {
            Err(error) => assert!(error.to_string().contains(&file), "{error}"),
            Ok(others) => assert!(!others.contains(&expected[0]), "{file}: {others:?}"),
        }
        flip(&path, at);
    }
}

#[test]
fn reading_again_ends_at_once_when_it_is_to_end() {
    let (_folder, engine) = two_segments();
    let scrub = Scrub::start(vec![Arc::new(engine)], NonZeroU64::MIN).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    drop(scrub);
    assert!(begun.elapsed() < Duration::from_secs(10));
}
