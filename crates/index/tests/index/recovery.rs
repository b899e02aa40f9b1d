//! One failure on top of another: what a single fault does not show.

use crate::hooked::Hooked;
use crate::support::{definition, entry, fresh, go_on, held, id, open};
use precedent_index::{Effect, IndexError, IndexWriter, Replacement};
use precedent_storage::{FaultKind, FaultStorage, Storage, StorageError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

/// The cases that are there after the power came back.
fn after_crash(storage: &FaultStorage, seed: u64, when: &str) -> Vec<u32> {
    let shared: Arc<dyn Storage> = Arc::new(storage.crash(seed));
    let writer = IndexWriter::open(shared, 1).unwrap_or_else(|error| panic!("{when}: {error}"));
    held(&writer.commit().unwrap()).into_keys().collect()
}

fn hooked(
    hook: impl Fn(&'static str, &str) -> Result<(), StorageError> + Send + Sync + 'static,
) -> (FaultStorage, IndexWriter) {
    let inner = fresh();
    let storage = Hooked { inner: inner.clone(), hook: Arc::new(hook) };
    (inner, IndexWriter::open(Arc::new(storage), 1).unwrap())
}

#[test]
fn the_power_may_fail_while_a_failed_sync_is_recovered_from() {
    for after in 0..40 {
        let storage = fresh();
        let writer = open(&storage);
        writer.put(vec![entry(1, 1)]).unwrap();
        // Nor can what was refused be cut off, so that the start finds a mark and does that.
        let now = storage.operations();
        storage.fail_within(now + 1..now + 3, FaultKind::Io);
        assert!(writer.put(vec![entry(2, 1)]).is_err());
        drop(writer);
        storage.heal();
        storage.fail_at(storage.operations() + after, FaultKind::Stop);
        let _ = IndexWriter::open(Arc::new(storage.clone()), 1);
        for seed in 0..10 {
            let when = format!("power lost {after} operations into the start, seed {seed}");
            assert_eq!(after_crash(&storage, seed, &when), [1], "{when}");
        }
    }
}

#[test]
fn a_log_that_was_full_goes_on_without_what_it_refused() {
    for k in 0..40 {
        let storage = fresh();
        let writer = open(&storage);
        writer.put(vec![entry(1, 1)]).unwrap();
        storage.fail_at(storage.operations() + 1, FaultKind::Full);
        assert!(writer.put(vec![entry(2, 1)]).is_err());
        assert_eq!(writer.pending_operations(), 1);
        storage.fail_at(storage.operations() + k, FaultKind::Full);
        let failed = writer.commit().is_err();
        storage.heal();
        let acknowledged = writer.put(vec![entry(3, 1)]).is_ok();
        assert!(acknowledged || !failed || matches!(writer.commit(), Err(IndexError::Failed)), "k {k}");
        for seed in 0..10 {
            let there = after_crash(&storage, seed, &format!("full again at {k}, seed {seed}"));
            assert_eq!(there, if acknowledged { vec![1, 3] } else { vec![1] }, "k {k}");
        }
    }
}

#[test]
fn a_panic_in_a_commit_loses_nothing() {
    let armed = Arc::new(AtomicBool::new(false));
    let trap = armed.clone();
    let (storage, writer) = hooked(move |operation, path| {
        let hit = operation == "create" && path.starts_with("segments/");
        assert!(!(hit && trap.swap(false, Ordering::SeqCst)), "a bug below the index");
        Ok(())
    });
    writer.put(vec![entry(1, 1)]).unwrap();
    armed.store(true, Ordering::SeqCst);
    assert!(catch_unwind(AssertUnwindSafe(|| writer.commit())).is_err());
    assert_eq!(writer.pending_operations(), 1);
    writer.put(vec![entry(2, 1)]).unwrap();
    writer.commit().unwrap();
    drop(writer);
    assert_eq!(held(&open(&storage).snapshot()).len(), 2);
}

#[test]
fn what_is_being_committed_is_known() {
    let (armed, barrier) = (Arc::new(AtomicBool::new(false)), Arc::new(Barrier::new(2)));
    let (trap, gate) = (armed.clone(), barrier.clone());
    let (_, writer) = hooked(move |operation, path| {
        let hit = operation == "create_dir_all" && path.starts_with("segments/");
        if hit && trap.swap(false, Ordering::SeqCst) {
            gate.wait();
            gate.wait();
        }
        Ok(())
    });
    writer.put(vec![entry(1, 1)]).unwrap();
    writer.commit().unwrap();
    writer.put(vec![entry(1, 2), entry(7, 1)]).unwrap();
    armed.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        scope.spawn(|| writer.commit().unwrap());
        barrier.wait();
        let again =
            writer.rehearse(vec![(entry(1, 1), Replacement::Whole), (entry(1, 2), Replacement::Whole)]);
        assert_eq!(again.unwrap(), [Ok(Effect::Replaced), Ok(Effect::Replaced)], "version 2 is on its way");
        let again = writer.rehearse(vec![(entry(1, 2), Replacement::Whole)]);
        assert_eq!(again.unwrap(), [Ok(Effect::Unchanged)]);
        assert!(writer.delete(&[id(7)]).unwrap().unknown.is_empty(), "case 7 was acknowledged");
        assert_eq!(writer.pending_operations(), 3);
        barrier.wait();
    });
    let snapshot = writer.commit().unwrap();
    assert_eq!(held(&snapshot).into_iter().collect::<Vec<_>>(), [(1, 2)]);
}

#[test]
fn a_disk_that_is_full_now_and_then_does_not_stop_several_threads() {
    let syncs = AtomicU32::new(0);
    let (_, writer) = hooked(move |operation, path| {
        let full = operation == "sync"
            && path.starts_with("log/")
            && syncs.fetch_add(1, Ordering::SeqCst) % 20 == 19;
        match full {
            true => Err(StorageError::from_io("sync", path, std::io::ErrorKind::StorageFull.into())),
            false => Ok(()),
        }
    });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..60 {
                assert!(!matches!(writer.commit(), Err(IndexError::Failed)), "the writer stopped for good");
            }
        });
        for name in 0..4 {
            let writer = &writer;
            scope.spawn(move || {
                for version in 0..60 {
                    let failed = writer.put(vec![entry(name, version)]).err();
                    assert!(!matches!(failed, Some(IndexError::Failed)), "the writer stopped for good");
                }
            });
        }
    });
}

/// A disk without room but for what is reserved: what was acknowledged is found all the same, and the rest refused.
#[test]
fn what_was_acknowledged_before_the_disk_was_full_becomes_visible() {
    let inner = fresh();
    let (full, files) = (Arc::new(AtomicBool::new(false)), inner.clone());
    let is_full = full.clone();
    let hook = move |operation: &'static str, path: &str| {
        let takes_room = operation == "reserve" || (operation == "create" && path.starts_with("segments/"));
        let reserved = files.exists("reserve.tmp").unwrap() && operation != "reserve";
        let no_room = takes_room && is_full.load(Ordering::SeqCst) && (reserved || operation == "reserve");
        match no_room {
            true => Err(StorageError::from_io(operation, path, std::io::ErrorKind::StorageFull.into())),
            false => Ok(()),
        }
    };
    let storage = Hooked { inner: inner.clone(), hook: Arc::new(hook) };
    let writer = IndexWriter::open(Arc::new(storage), 1).unwrap();
    writer.put(vec![entry(1, 1), entry(2, 1)]).unwrap();
    writer.delete(&[id(2)]).unwrap();
    assert!(inner.exists("reserve.tmp").unwrap());
    full.store(true, Ordering::SeqCst);
    writer.commit().unwrap();
    assert_eq!(held(&writer.snapshot()).into_keys().collect::<Vec<_>>(), [1]);
    assert!(!inner.exists("reserve.tmp").unwrap(), "nothing waits any more");
    // Without room nothing is acknowledged, and what was refused does not come back.
    for refused in [writer.put(vec![entry(3, 1)]).map(drop), writer.delete(&[id(1)]).map(drop)] {
        assert!(matches!(refused, Err(IndexError::Storage(StorageError::Full { .. }))), "{refused:?}");
    }
    drop(writer);
    full.store(false, Ordering::SeqCst);
    let writer = open(&inner);
    assert_eq!(held(&writer.snapshot()).into_keys().collect::<Vec<_>>(), [1]);
    writer.put(vec![entry(3, 1)]).unwrap();
    writer.commit().unwrap();
    assert_eq!(held(&writer.snapshot()).into_keys().collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn all_is_merged_also_beside_a_merge_in_the_background() {
    let storage = fresh();
    let writer = open(&storage);
    for name in 0..9 {
        writer.put(vec![entry(name, 1)]).unwrap();
        writer.commit().unwrap();
    }
    let (barrier, once) = (Barrier::new(2), std::sync::Once::new());
    let wait = |_: &'static str, _: usize, _: usize| {
        once.call_once(|| {
            barrier.wait();
        });
        true
    };
    std::thread::scope(|scope| {
        scope.spawn(|| writer.merge_some(&wait).unwrap());
        barrier.wait();
        assert_eq!(writer.merge_all(&go_on).unwrap().segments(), 1);
    });
}

#[test]
fn a_creation_that_was_cut_short_is_done_again() {
    for k in 0..20 {
        let storage = FaultStorage::new();
        storage.fail_at(k, FaultKind::Io);
        let _ = IndexWriter::create(&storage, &definition());
        storage.heal();
        // Where the manifest has its name the index is there; anywhere else it can be made.
        match IndexWriter::create(&storage, &definition()) {
            Ok(()) | Err(IndexError::NotEmpty) => {
                assert_eq!(open(&storage).snapshot().cases(), 0, "operation {k}")
            }
            Err(error) => panic!("operation {k}: {error}"),
        }
    }
}

#[test]
fn debug_of_a_writer_hides_reports() {
    let storage = fresh();
    let writer = open(&storage);
    writer.put(vec![entry(1, 1)]).unwrap();
    let shown = format!("{writer:?}");
    // "report" as text or as numbers.
    assert!(!shown.contains("report") && !shown.contains("114, 101, 112, 111"), "{shown}");
}
