//! Segments, merges and replays have bounds, whatever comes in.

use crate::hooked::Hooked;
use crate::support::{definition, entry, fresh, go_on, held, id, open};
use precedent_index::{IndexError, IndexWriter, SegmentSize, Snapshot, WriterLimits, verify};
use precedent_model::{Report, SectionKind};
use precedent_storage::{DiskStorage, FaultStorage, Storage};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Once};

fn open_within(storage: &FaultStorage, limits: WriterLimits) -> IndexWriter {
    IndexWriter::open_within(Arc::new(storage.clone()), 1, limits).unwrap()
}

fn cases_at_most(cases: u64) -> WriterLimits {
    let segment = SegmentSize { cases, ..SegmentSize::LARGEST };
    WriterLimits { segment, ..WriterLimits::default() }
}

fn sizes(snapshot: &Snapshot) -> Vec<usize> {
    snapshot.segment_stats().iter().map(|segment| segment.cases).collect()
}

#[test]
fn what_is_more_than_a_segment_may_have_becomes_several() {
    let storage = fresh();
    let writer = open_within(&storage, cases_at_most(7));
    writer.put((0..20).map(|name| entry(name, 1)).collect()).unwrap();
    assert_eq!(sizes(&writer.commit().unwrap()), [7, 7, 6]);
    assert_eq!(held(&writer.snapshot()).len(), 20);
    // Replaced and deleted in each of them.
    writer.put(vec![entry(3, 2), entry(9, 2), entry(19, 2)]).unwrap();
    writer.delete(&[id(0), id(13)]).unwrap();
    let mut expected: BTreeMap<u32, u32> = (0..20).map(|name| (name, 1)).collect();
    expected.extend([(3, 2), (9, 2), (19, 2)]);
    expected.retain(|name, _| ![0, 13].contains(name));
    assert_eq!(held(&writer.commit().unwrap()), expected);
    // As few as the limit allows, and alike.
    let merged = writer.merge_all(&go_on).unwrap();
    assert_eq!((sizes(&merged), held(&merged)), (vec![6, 6, 6], expected.clone()));
    assert_eq!(writer.merge_all(&go_on).unwrap().generation(), merged.generation(), "nothing was to be done");
    assert!(verify(&storage, &|_, _| {}).unwrap().damages.is_empty());
    drop(writer);
    assert_eq!(held(&open(&storage).snapshot()), expected);
}

#[test]
fn what_dies_during_a_merge_is_dead_in_whichever_segment_it_went_to() {
    let storage = fresh();
    let writer = open_within(&storage, cases_at_most(4));
    writer.put((0..12).map(|name| entry(name, 1)).collect()).unwrap();
    writer.commit().unwrap();
    writer.delete(&[id(2)]).unwrap();
    let once = Once::new();
    let meanwhile = |_: &'static str, _: usize, _: usize| {
        once.call_once(|| {
            writer.delete(&[id(0), id(4), id(11)]).unwrap();
            writer.put(vec![entry(5, 2)]).unwrap();
            writer.commit().unwrap();
        });
        true
    };
    writer.merge_all(&meanwhile).unwrap();
    let mut expected: BTreeMap<u32, u32> = (0..12).map(|name| (name, 1)).collect();
    expected.retain(|name, _| ![0, 2, 4, 11].contains(name));
    expected.insert(5, 2);
    assert_eq!(held(&writer.snapshot()), expected);
}

/// Reports in which every word is another take the most memory: such an archive once grew beyond what full text can hold, and
/// then no writer could open it.
#[test]
fn reports_of_rare_words_end_a_segment_in_time() {
    let wordy = |name: u32| {
        let mut entry = entry(name, 1);
        let words: String = (0..4_000).map(|word| format!("rare{name}word{word} ")).collect();
        entry.case.report = Some(Report::new([(SectionKind::Findings, words)]).unwrap());
        entry.local.sentences.clear();
        entry
    };
    let storage = fresh();
    let segment = SegmentSize { text_bytes: 8 << 20, ..SegmentSize::LARGEST };
    let limits = WriterLimits { segment, replayed_bytes: 1 << 20 };
    let writer = open_within(&storage, limits);
    writer.put((0..40).map(wordy).collect()).unwrap();
    drop(writer);
    // The replay makes generations of slices, and a merge more than one segment.
    let writer = open_within(&storage, limits);
    let replayed = sizes(&writer.snapshot());
    assert!(replayed.len() > 4 && replayed.iter().sum::<usize>() == 40, "{replayed:?}");
    let merged = sizes(&writer.merge_all(&go_on).unwrap());
    assert!((2..replayed.len()).contains(&merged.len()), "{merged:?} of {replayed:?}");
    for name in 0..40 {
        let place = writer.snapshot().find(&id(name)).unwrap().unwrap();
        assert!(writer.snapshot().case(place).unwrap() == wordy(name).case);
    }
    while writer.merge_some(&go_on).unwrap() {}
    assert_eq!(writer.snapshot().cases(), 40);
}

#[test]
fn a_long_log_is_replayed_in_slices_that_know_each_other() {
    let storage = fresh();
    let limits = WriterLimits { replayed_bytes: 4_000, ..WriterLimits::default() };
    let writer = open(&storage);
    for version in 1..=3 {
        writer.put((0..10).map(|name| entry(name, version)).collect()).unwrap();
        writer.delete(&[id(version)]).unwrap();
    }
    drop(writer);
    let before = precedent_storage::latest_generation(&storage).unwrap().unwrap().0;
    let writer = open_within(&storage, limits);
    assert!(writer.snapshot().generation() > before + 3, "one slice");
    let expected: BTreeMap<u32, u32> = (0..10).filter(|name| *name != 3).map(|name| (name, 3)).collect();
    assert_eq!(held(&writer.snapshot()), expected);
    let logs = storage.list("log").unwrap().into_iter().filter(|name| name.ends_with(".log"));
    assert_eq!(logs.count(), 1, "files of the log that nobody needs");
    assert!(verify(&storage, &|_, _| {}).unwrap().damages.is_empty());
}

#[test]
fn a_replay_in_slices_may_be_cut_short_anywhere() {
    for k in 0.. {
        let storage = fresh();
        let writer = open(&storage);
        writer.put((0..10).map(|name| entry(name, 1)).collect()).unwrap();
        writer.delete(&[id(3)]).unwrap();
        drop(writer);
        let limits = WriterLimits { replayed_bytes: 4_000, ..WriterLimits::default() };
        storage.fail_at(storage.operations() + k, precedent_storage::FaultKind::Stop);
        let whole = IndexWriter::open_within(Arc::new(storage.clone()), 1, limits).is_ok();
        for seed in 0..3 {
            let after = storage.crash(seed);
            let writer = open_within(&after, limits);
            assert_eq!(held(&writer.snapshot()).len(), 9, "stopped at {k}, seed {seed}");
            assert!(verify(&after, &|_, _| {}).unwrap().damages.is_empty());
        }
        if whole {
            assert!(k > 20);
            break;
        }
    }
}

#[test]
fn merges_of_different_segments_run_side_by_side() {
    let storage = fresh();
    let writer = open(&storage);
    let commit = |names: std::ops::Range<u32>| {
        for name in names {
            writer.put(vec![entry(name, 1)]).unwrap();
            writer.commit().unwrap();
        }
    };
    commit(0..8);
    let (barrier, once) = (Barrier::new(2), Once::new());
    let wait = |_: &'static str, _: usize, _: usize| {
        once.call_once(|| {
            barrier.wait();
            barrier.wait();
        });
        true
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| writer.merge_some(&wait).unwrap());
        barrier.wait();
        assert!(!writer.merge_some(&go_on).unwrap(), "what is being merged was taken once more");
        commit(10..18);
        assert!(writer.merge_some(&go_on).unwrap());
        assert_eq!(sizes(&writer.snapshot())[0], 8);
        barrier.wait();
        assert!(first.join().unwrap());
    });
    assert_eq!((sizes(&writer.snapshot()), held(&writer.snapshot()).len()), (vec![8, 8], 16));
    assert!(verify(&storage, &|_, _| {}).unwrap().damages.is_empty());
}

#[test]
fn a_merge_that_panics_leaves_no_folder_and_can_be_done_again() {
    let armed = Arc::new(AtomicBool::new(false));
    let (inner, trap) = (fresh(), armed.clone());
    let hook = move |operation: &'static str, path: &str| {
        let hit = operation == "create" && path.ends_with("/lexical");
        assert!(!(hit && trap.swap(false, Ordering::SeqCst)), "a bug below the index");
        Ok(())
    };
    let storage = Hooked { inner: inner.clone(), hook: Arc::new(hook) };
    let writer = IndexWriter::open(Arc::new(storage), 1).unwrap();
    for name in 0..3 {
        writer.put(vec![entry(name, 1)]).unwrap();
        writer.commit().unwrap();
    }
    armed.store(true, Ordering::SeqCst);
    assert!(catch_unwind(AssertUnwindSafe(|| writer.merge_all(&go_on))).is_err());
    assert_eq!(inner.list("segments").unwrap().len(), 3);
    assert_eq!(sizes(&writer.merge_all(&go_on).unwrap()), [3]);
    assert_eq!(inner.list("segments").unwrap().len(), 1);
}

/// A block that was sound when a search read it decays under the map. A merge must not give it a new checksum.
#[test]
fn a_merge_names_damage_that_came_after_a_block_was_checked_and_copies_none() {
    for part in ["records", "vectors", "keys", "grids", "thumbnails", "sentences"] {
        let folder = tempfile::tempdir().unwrap();
        let storage: Arc<dyn Storage> = Arc::new(DiskStorage::create(folder.path()).unwrap());
        IndexWriter::create(storage.as_ref(), &definition()).unwrap();
        let writer = IndexWriter::open(storage.clone(), 1).unwrap();
        for names in [0..10, 10..20] {
            writer.put(names.map(|name| entry(name, 1)).collect()).unwrap();
            writer.commit().unwrap();
        }
        assert_eq!(held(&writer.snapshot()).len(), 20);
        let file = folder.path().join("segments/0000000001").join(part);
        let mut bytes = std::fs::read(&file).unwrap();
        // In the first of ten records, vectors, sequence numbers or what is beside them.
        bytes[64 + if part == "sentences" { 20 } else { 100 }] ^= 1;
        // In place: a map sees it.
        use std::io::Write;
        let mut open = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
        open.write_all(&bytes).unwrap();
        drop(open);
        let error = writer.merge_all(&go_on).unwrap_err();
        assert!(!matches!(error, IndexError::Stopped));
        let shown = error.to_string();
        assert!(shown.contains(&format!("segments/0000000001/{part}")), "{shown}");
        assert_eq!(writer.snapshot().segments(), 2);
        let damages = verify(storage.as_ref(), &|_, _| {}).unwrap().damages;
        assert!(damages.iter().any(|damage| damage.file.ends_with(part)), "{damages:?}");
    }
}

#[test]
fn tombstones_are_written_a_few_times_each_and_into_few_files() {
    let storage = fresh();
    let writer = open(&storage);
    writer.put((0..100).map(|name| entry(name, 1)).collect()).unwrap();
    writer.commit().unwrap();
    let mut most = 0;
    for name in 0..99 {
        writer.delete(&[id(name)]).unwrap();
        writer.commit().unwrap();
        most = most.max(storage.list("tombstones").unwrap().len());
        assert_eq!(writer.snapshot().cases() as u32, 99 - name);
    }
    assert!((2..=6).contains(&most), "{most} files");
    assert_eq!(held(&open_again(writer, &storage).snapshot()).len(), 1);
}

fn open_again(writer: IndexWriter, storage: &FaultStorage) -> IndexWriter {
    drop(writer);
    open(storage)
}
