//! Reading files again beside a writer, and what is told of vectors that decayed.

use crate::support::{DIMENSION, definition, entry, fresh, go_on, id, open};
use precedent_index::{IndexError, IndexWriter, Scrub};
use precedent_storage::{DiskStorage, Storage};
use std::cell::{Cell, RefCell};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

#[test]
fn what_a_merge_takes_away_meanwhile_is_no_damage_and_all_else_is_read() {
    let storage = fresh();
    let writer = open(&storage);
    for first in [0, 20, 40] {
        writer.put((first..first + 20).map(|name| entry(name, 1)).collect()).unwrap();
        writer.commit().unwrap();
    }
    writer.delete(&[id(3)]).unwrap();
    writer.commit().unwrap();
    let (pieces, files) = (Cell::new(0), RefCell::new(Vec::new()));
    let pace = |_: usize| {
        pieces.set(pieces.get() + 1);
        // In the middle of the second segment.
        if pieces.get() == 13 {
            writer.merge_all(&go_on).unwrap();
        }
        true
    };
    let checked = |file: &str, outcome: Result<(), IndexError>| {
        assert!(outcome.is_ok(), "{file}: {outcome:?}");
        files.borrow_mut().push(file.to_owned());
    };
    let newest = || writer.snapshot();
    Scrub { storage: &storage, newest: &newest, pace: &pace, checked: &checked }.run().unwrap();
    let files = files.into_inner();
    let of = |folder: &str| files.iter().filter(|file| file.starts_with(folder)).count();
    assert_eq!((of("segments/0000000001"), of("tombstones/")), (8, 1), "{files:?}");
    assert!((1..9).contains(&of("segments/0000000002")) && of("segments/0000000003") == 0, "{files:?}");
    assert_eq!(of("segments/0000000004"), 10, "the merged segment has a graph: {files:?}");
    // And when it is told to stop, it does.
    let stop = |_: usize| false;
    let stopped = Scrub { storage: &storage, newest: &newest, pace: &stop, checked: &|_, _| {} }.run();
    assert!(matches!(stopped, Err(IndexError::Stopped)));
}

#[test]
fn embeddings_that_are_handed_out_are_those_that_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(DiskStorage::create(folder.path()).unwrap());
    IndexWriter::create(storage.as_ref(), &definition()).unwrap();
    let writer = IndexWriter::open(storage.clone(), 1).unwrap();
    writer.put((0..20).map(|name| entry(name, 1)).collect()).unwrap();
    writer.merge_all(&go_on).unwrap();
    let snapshot = writer.snapshot();
    let place = |name: u32| snapshot.find(&id(name)).unwrap().unwrap();
    assert!(snapshot.entry(place(5)).unwrap() == entry(5, 1));
    snapshot.confirm_vectors(place(5)).unwrap();
    let segments = storage.list("segments").unwrap();
    let harm = |part: &str, at: u64, byte: u8| {
        let path = folder.path().join(format!("segments/{}/{part}", segments[0]));
        let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        let mut before = [0];
        file.read_exact_at(&mut before, at).unwrap();
        file.write_all_at(&[before[0] ^ byte], at).unwrap();
    };
    let row = |name: u64| 64 + name * DIMENSION as u64 * 4;
    // The lowest bits of a number change no order, but are not the ones that came in.
    harm("vectors", row(5), 1);
    assert!(snapshot.entry(place(5)).unwrap_err().to_string().contains("vectors is damaged"));
    harm("vectors", row(5), 1);
    // Any other is noticed of a case that is shown.
    for (part, at) in [("vectors", row(5) + 2), ("packed", 64 + 5 * 28 + 4)] {
        harm(part, at, 0x40);
        let told = snapshot.confirm_vectors(place(5)).unwrap_err().to_string();
        assert!(told.contains(part), "{told}");
        harm(part, at, 0x40);
        snapshot.confirm_vectors(place(5)).unwrap();
    }
}
