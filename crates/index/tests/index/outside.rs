//! What others do to the files of an index that is open, or was: it is noticed, and nothing is acknowledged that is lost.

// Whoever harms an index does not ask the storage.
#![allow(clippy::disallowed_methods)]

use crate::support::{definition, entry, fresh, go_on, held, id, open};
use precedent_index::{IndexError, IndexReader, IndexWriter, verify};
use precedent_storage::{DiskStorage, FaultStorage, Storage, StorageError};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

fn on_disk(root: &Path) -> Arc<dyn Storage> {
    Arc::new(DiskStorage::open(root).unwrap())
}

/// An index on a disk with a case in a segment and a writer.
fn written() -> (tempfile::TempDir, IndexWriter) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("index");
    fs::create_dir(&root).unwrap();
    IndexWriter::create(on_disk(&root).as_ref(), &definition()).unwrap();
    let writer = IndexWriter::open(on_disk(&root), 1).unwrap();
    writer.put(vec![entry(1, 1)]).unwrap();
    writer.commit().unwrap();
    (folder, writer)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

fn displaced<T>(outcome: Result<T, IndexError>) -> bool {
    matches!(outcome, Err(IndexError::Storage(StorageError::Displaced { .. }) | IndexError::Failed))
}

#[cfg(unix)]
#[test]
fn a_writer_whose_lock_was_removed_acknowledges_nothing() {
    let (folder, first) = written();
    let root = folder.path().join("index");
    first.put(vec![entry(2, 1)]).unwrap();
    fs::remove_file(root.join("writer.lock")).unwrap();
    let second = IndexWriter::open(on_disk(&root), 1).unwrap();
    second.put(vec![entry(3, 1)]).unwrap();
    assert!(displaced(first.put(vec![entry(4, 1)])));
    assert!(displaced(first.delete(&[id(1)])));
    assert!(displaced(first.commit()));
    assert!(displaced(first.merge_all(&go_on)));
    drop(first);
    second.commit().unwrap();
    assert_eq!(held(&second.snapshot()).into_keys().collect::<Vec<_>>(), [1, 2, 3]);
    assert!(verify(on_disk(&root).as_ref(), &|_, _| {}).unwrap().damages.is_empty());
}

#[cfg(unix)]
#[test]
fn a_writer_whose_directory_was_replaced_acknowledges_nothing_and_leaves_the_new_one_alone() {
    let (folder, writer) = written();
    let (root, backup) = (folder.path().join("index"), folder.path().join("backup"));
    copy(&root, &backup);
    writer.put(vec![entry(2, 1)]).unwrap();
    fs::rename(&root, folder.path().join("old")).unwrap();
    fs::rename(&backup, &root).unwrap();
    let before = verify(on_disk(&root).as_ref(), &|_, _| {}).unwrap();
    assert!(displaced(writer.put(vec![entry(4, 1)])));
    assert!(displaced(writer.commit()));
    drop(writer);
    assert_eq!(verify(on_disk(&root).as_ref(), &|_, _| {}).unwrap(), before);
    let writer = IndexWriter::open(on_disk(&root), 1).unwrap();
    assert_eq!(held(&writer.snapshot()).into_keys().collect::<Vec<_>>(), [1]);
}

#[cfg(unix)]
#[test]
fn a_log_that_was_removed_is_noticed_before_anything_is_acknowledged() {
    let (folder, writer) = written();
    let log = folder.path().join("index/log");
    for file in fs::read_dir(&log).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    assert!(displaced(writer.put(vec![entry(2, 1)])));
}

/// Whoever has an older manifest alone would answer without the cases since, and not know it.
#[test]
fn a_reader_refuses_an_older_manifest_where_the_log_is_of_a_newer_one() {
    let storage = fresh();
    let writer = open(&storage);
    writer.put(vec![entry(1, 1)]).unwrap();
    writer.commit().unwrap();
    let older = precedent_storage::latest_generation(&storage).unwrap().unwrap();
    writer.put(vec![entry(2, 1)]).unwrap();
    writer.commit().unwrap();
    let newest = precedent_storage::latest_generation(&storage).unwrap().unwrap().0;
    drop(writer);
    storage.remove(&precedent_storage::generation_file(newest)).unwrap();
    precedent_storage::write_generation(&storage, older.0, &older.1).unwrap();
    let error = IndexReader::open(Arc::new(storage.clone())).unwrap_err().to_string();
    assert!(error.contains("a newer manifest is missing"), "{error}");
    assert!(IndexWriter::open(Arc::new(storage.clone()), 1).is_err());
}

/// A log that ends where an entry ends looks whole. What was acknowledged is marked beside it.
#[test]
fn a_log_that_was_cut_between_two_operations_is_damaged() {
    let cut_to = |storage: &FaultStorage, operations: usize| {
        let name = storage.list("log").unwrap().into_iter().rfind(|name| name.ends_with(".log")).unwrap();
        let path = format!("log/{name}");
        // Each operation is a frame of the same length behind the head.
        let bytes = storage.read(&path).unwrap();
        let head = bytes.len() % 8_usize.max((bytes.len() - 64) / 3);
        let frame = (bytes.len() - head) / 3;
        storage.damage(&path, bytes[..head + operations * frame].to_vec());
    };
    for operations in 0..=3 {
        let storage = fresh();
        let writer = open(&storage);
        for version in 1..=3 {
            writer.put(vec![entry(7, version)]).unwrap();
        }
        drop(writer);
        cut_to(&storage, operations);
        let opened = IndexWriter::open(Arc::new(storage.clone()), 1);
        if operations == 3 {
            assert_eq!(held(&opened.unwrap().snapshot())[&7], 3);
            continue;
        }
        let error = opened.unwrap_err().to_string();
        assert!(error.contains("though entries up to 3 were acknowledged"), "{operations}: {error}");
        let damages = verify(&storage, &|_, _| {}).unwrap().damages;
        assert!(damages.iter().any(|damage| damage.file == "log"), "{damages:?}");
    }
}

/// What is shown is held against its own checksum each time, for a block that was sound once may decay later.
#[test]
fn a_case_that_decays_under_an_open_index_is_not_shown() {
    let (folder, writer) = written();
    let snapshot = writer.snapshot();
    let place = snapshot.find(&id(1)).unwrap().unwrap();
    let case = snapshot.case(place).unwrap();
    let file = folder.path().join("index/segments/0000000001/records");
    let bytes = fs::read(&file).unwrap();
    let text = b"report number1";
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    let write = |value: u8| {
        let mut file = fs::OpenOptions::new().write(true).open(&file).unwrap();
        file.seek(SeekFrom::Start(at as u64 + 13)).unwrap();
        file.write_all(&[value]).unwrap();
    };
    write(b'2');
    for error in [
        snapshot.case(place).map(drop).unwrap_err(),
        snapshot.case_without_report(place).map(drop).unwrap_err(),
        snapshot.case_id(place).map(drop).unwrap_err(),
    ] {
        let shown = error.to_string();
        assert!(shown.contains("segments/0000000001/records") && !shown.contains("number"), "{shown}");
    }
    write(b'1');
    assert!(snapshot.case(place).unwrap() == case);
}
