//! What a case goes through: in, replaced, deleted, merged.

use crate::support::{definition, entry, fresh, go_on, held, id, open, rewrite};
use precedent_index::{IndexError, IndexReader, IndexWriter, VectorAccess, verify};
use precedent_storage::{FaultStorage, Storage, StorageError};
use std::collections::BTreeMap;
use std::sync::Arc;

#[test]
fn a_case_is_visible_after_the_commit_and_not_before() {
    let storage = fresh();
    let writer = open(&storage);
    let before = writer.snapshot();
    writer.put(vec![entry(1, 1), entry(2, 1)]).unwrap();
    assert!(held(&writer.snapshot()).is_empty());
    writer.commit().unwrap();
    assert_eq!(held(&writer.snapshot()), BTreeMap::from([(1, 1), (2, 1)]));
    assert!(held(&before).is_empty(), "a snapshot changed");
}

#[test]
fn replacing_and_deleting_work_before_and_after_a_commit() {
    let storage = fresh();
    let writer = open(&storage);
    writer.put(vec![entry(1, 1), entry(1, 2), entry(2, 1), entry(3, 1)]).unwrap();
    assert_eq!(writer.delete(&[id(3), id(9), id(3)]).unwrap().unknown, [1, 2]);
    writer.commit().unwrap();
    assert_eq!(held(&writer.snapshot()), BTreeMap::from([(1, 2), (2, 1)]));
    writer.put(vec![entry(2, 2)]).unwrap();
    assert!(writer.delete(&[id(1)]).unwrap().unknown.is_empty());
    writer.put(vec![entry(3, 2)]).unwrap();
    writer.commit().unwrap();
    assert_eq!(held(&writer.snapshot()), BTreeMap::from([(2, 2), (3, 2)]));
}

#[test]
fn a_merge_keeps_the_live_cases_and_forgets_the_dead() {
    let storage = fresh();
    let writer = open(&storage);
    let mut expected = BTreeMap::new();
    for name in 0..20 {
        writer.put(vec![entry(name, 1)]).unwrap();
        expected.insert(name, 1);
        if name % 4 == 0 {
            writer.commit().unwrap();
        }
    }
    writer.put(vec![entry(3, 2)]).unwrap();
    writer.delete(&[id(5), id(19)]).unwrap();
    expected.insert(3, 2);
    expected.remove(&5);
    expected.remove(&19);
    writer.merge_all(&go_on).unwrap();
    let snapshot = writer.snapshot();
    assert_eq!((snapshot.segments(), snapshot.segment_stats()[0].tombstones), (1, 0));
    assert_eq!(snapshot.vector_access(0), VectorAccess::Graph);
    assert_eq!(held(&snapshot), expected);
    assert!(verify(&storage, &|_, _| {}).unwrap().damages.is_empty());
    drop(writer);
    assert_eq!(held(&open(&storage).snapshot()), expected);
}

#[test]
fn a_check_that_is_always_overtaken_reports_no_damage() {
    let storage = fresh();
    let writer = open(&storage);
    writer.put((0..20).map(|name| entry(name, 1)).collect()).unwrap();
    writer.commit().unwrap();
    // Between two files of every round, all that the check has seen is replaced and taken away.
    let turn = std::cell::Cell::new(1);
    let found = verify(&storage, &|_, _| {
        turn.set(turn.get() + 1);
        writer.put(vec![entry(3, turn.get())]).unwrap();
        writer.merge_all(&go_on).unwrap();
    });
    assert_eq!(found.unwrap().damages, []);
    assert!(turn.get() > 10, "the check was not overtaken");
}

#[test]
fn deletes_that_come_during_a_merge_are_not_lost() {
    let storage = fresh();
    let writer = open(&storage);
    for name in 0..12 {
        writer.put(vec![entry(name, 1)]).unwrap();
        writer.commit().unwrap();
    }
    let once = std::sync::Once::new();
    let meanwhile = |_: &'static str, _: usize, _: usize| {
        once.call_once(|| {
            writer.delete(&[id(4)]).unwrap();
            writer.put(vec![entry(5, 2), entry(50, 1)]).unwrap();
            writer.commit().unwrap();
        });
        true
    };
    writer.merge_all(&meanwhile).unwrap();
    let mut expected: BTreeMap<u32, u32> = (0..12).map(|name| (name, 1)).collect();
    expected.remove(&4);
    expected.insert(5, 2);
    expected.insert(50, 1);
    assert_eq!(held(&writer.snapshot()), expected);
}

#[test]
fn a_stopped_merge_leaves_everything_as_it_was() {
    let storage = fresh();
    let writer = open(&storage);
    for name in 0..3 {
        writer.put(vec![entry(name, 1)]).unwrap();
        writer.commit().unwrap();
    }
    let stopped = writer.merge_all(&|_, _, _| false);
    assert!(matches!(stopped, Err(IndexError::Stopped)));
    assert_eq!((writer.snapshot().segments(), held(&writer.snapshot()).len()), (3, 3));
    assert_eq!(storage.list("segments").unwrap().len(), 3);
    writer.merge_all(&go_on).unwrap();
    assert_eq!(held(&writer.snapshot()).len(), 3);
}

#[test]
fn an_index_of_which_everything_was_deleted_is_empty_and_lives_on() {
    let storage = fresh();
    let writer = open(&storage);
    writer.put(vec![entry(1, 1)]).unwrap();
    writer.commit().unwrap();
    writer.delete(&[id(1)]).unwrap();
    writer.merge_all(&go_on).unwrap();
    assert_eq!((writer.snapshot().segments(), writer.snapshot().cases()), (0, 0));
    writer.put(vec![entry(1, 2)]).unwrap();
    writer.commit().unwrap();
    assert_eq!(held(&writer.snapshot()), BTreeMap::from([(1, 2)]));
}

#[test]
fn a_reader_follows_a_writer_and_keeps_its_generation() {
    let storage = fresh();
    let writer = open(&storage);
    let reader = IndexReader::open(Arc::new(storage.clone())).unwrap();
    writer.put(vec![entry(1, 1)]).unwrap();
    writer.commit().unwrap();
    assert_eq!(reader.snapshot().cases(), 0);
    let first = reader.refresh().unwrap();
    writer.put(vec![entry(1, 2), entry(2, 1)]).unwrap();
    writer.merge_all(&go_on).unwrap();
    assert_eq!(held(&first), BTreeMap::from([(1, 1)]), "files of a generation in use went away");
    assert_eq!(held(&reader.refresh().unwrap()), BTreeMap::from([(1, 2), (2, 1)]));
}

#[test]
fn one_writer_at_a_time() {
    let storage = fresh();
    let writer = open(&storage);
    let second = IndexWriter::open(Arc::new(storage.clone()), 1);
    assert!(matches!(second, Err(IndexError::Storage(StorageError::WriterBusy { .. }))));
    drop(writer);
    open(&storage);
}

#[test]
fn a_place_that_is_no_index_or_not_empty_is_refused_and_left_alone() {
    let storage = FaultStorage::new();
    let shared: Arc<dyn Storage> = Arc::new(storage.clone());
    assert!(matches!(IndexWriter::open(shared.clone(), 1), Err(IndexError::NotAnIndex)));
    assert!(matches!(IndexReader::open(shared), Err(IndexError::NotAnIndex)));
    assert!(storage.list("").unwrap().is_empty());
    let storage = fresh();
    assert!(matches!(IndexWriter::create(&storage, &definition()), Err(IndexError::NotEmpty)));
}

#[test]
fn an_old_index_whose_graph_contradicts_itself_is_read_and_merged() {
    let (storage, mut old) = (fresh(), definition());
    (old.graph.m, old.graph.ef_construction) = (32, 8);
    let error = IndexWriter::create(&FaultStorage::new(), &old).unwrap_err().to_string();
    assert!(error.contains("ef_construction 8 is below m 32"), "{error}");
    rewrite(&storage, |manifest| manifest["definition"] = old.to_toml().unwrap().into());
    let writer = open(&storage);
    writer.put((0..20).map(|name| entry(name, 1)).collect()).unwrap();
    let merged = writer.merge_all(&go_on).unwrap();
    assert_eq!((merged.definition(), merged.vector_access(0)), (&old, VectorAccess::Graph));
    assert_eq!(held(&merged).len(), 20);
}
