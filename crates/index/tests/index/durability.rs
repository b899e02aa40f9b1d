//! Every file operation fails once, and the power fails after every one: what was acknowledged is there, nothing else. What was
//! refused is never there; only what a loss of power left without an answer may be.

use crate::support::{entry, fresh, go_on, held, id};
use precedent_index::{IndexError, IndexWriter, verify};
use precedent_storage::{FaultKind, FaultStorage, Storage};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Copy)]
enum Step {
    Put(u32, u32),
    Delete(u32),
    Commit,
    Merge,
}

use Step::{Commit, Delete, Merge, Put};

/// Cases 1 and 4 have vectors of parts and sentences, and thumbnails; the others, multiples of 3, have none.
const SCRIPT: &[Step] = &[
    Put(1, 1),
    Put(3, 1),
    Put(6, 1),
    Commit,
    Put(4, 1),
    Put(1, 2),
    Delete(3),
    Commit,
    Put(9, 1),
    Delete(6),
    Merge,
    Put(12, 1),
    Put(1, 3),
    Commit,
    Delete(12),
    Put(15, 1),
    Put(18, 1),
    Put(21, 1),
    Put(24, 1),
    Put(27, 1),
    Commit,
    Put(30, 1),
    Merge,
    Delete(30),
    Put(4, 2),
    Commit,
    Delete(27),
    Commit,
];

/// What was promised, and what may or may not have happened.
#[derive(Default, Clone)]
struct Seen {
    acknowledged: BTreeMap<u32, u32>,
    in_doubt: Vec<(u32, Option<u32>)>,
}

impl Seen {
    fn run(&mut self, writer: &IndexWriter, step: Step) -> Result<(), IndexError> {
        match step {
            Put(name, version) => {
                self.in_doubt.push((name, Some(version)));
                writer.put(vec![entry(name, version)])?;
                self.acknowledged.insert(name, version);
                self.in_doubt.retain(|(other, _)| *other != name);
            }
            Delete(name) => {
                self.in_doubt.push((name, None));
                writer.delete(&[id(name)])?;
                self.acknowledged.remove(&name);
                self.in_doubt.retain(|(other, _)| *other != name);
            }
            Commit => drop(writer.commit()?),
            Merge => drop(writer.merge_all(&go_on)?),
        }
        Ok(())
    }

    /// Opens what is left, and holds it against what was promised.
    fn check(&self, storage: &FaultStorage, when: &str) {
        let shared: Arc<dyn Storage> = Arc::new(storage.clone());
        let writer = IndexWriter::open(shared, 1).unwrap_or_else(|error| panic!("{when}: {error}"));
        let held = held(&writer.commit().unwrap());
        for name in 0..100 {
            let found = held.get(&name).copied();
            let promised = self.acknowledged.get(&name).copied();
            let doubtful = self.in_doubt.iter().any(|(other, state)| *other == name && *state == found);
            assert!(found == promised || doubtful, "{when}: case {name} is {found:?}, promised {promised:?}");
        }
        let damages = verify(storage, &|_, _| {}).unwrap().damages;
        assert!(damages.is_empty(), "{when}: {damages:?}");
    }
}

fn operations_of_the_script() -> u64 {
    let storage = fresh();
    let writer = IndexWriter::open(Arc::new(storage.clone()), 1).unwrap();
    let mut seen = Seen::default();
    for &step in SCRIPT {
        seen.run(&writer, step).unwrap();
    }
    storage.operations()
}

/// Runs the script with operation `k` failing; the caller goes on after an error as a service would.
fn run_with_fault(k: u64, kind: FaultKind) -> (FaultStorage, Seen) {
    let storage = fresh();
    let mut seen = Seen::default();
    storage.fail_at(k, kind);
    if let Ok(writer) = IndexWriter::open(Arc::new(storage.clone()), 1) {
        for &step in SCRIPT {
            let refused = seen.run(&writer, step).is_err();
            // Who lives to hear of an error is told the truth.
            if refused && kind != FaultKind::Stop {
                seen.in_doubt.clear();
            }
        }
    }
    storage.heal();
    (storage, seen)
}

#[test]
fn any_operation_may_fail_once() {
    let operations = operations_of_the_script();
    for k in 0..operations {
        for kind in [FaultKind::Io, FaultKind::Full] {
            let (storage, seen) = run_with_fault(k, kind);
            seen.check(&storage.crash(k), &format!("operation {k} of {operations} failed, then the power"));
            seen.check(&storage, &format!("operation {k} of {operations} failed"));
        }
    }
}

#[test]
fn the_power_may_fail_after_any_operation() {
    let operations = operations_of_the_script();
    for k in 0..operations {
        let (storage, seen) = run_with_fault(k, FaultKind::Stop);
        for seed in 0..2 {
            seen.check(
                &storage.crash(seed),
                &format!("power lost at operation {k} of {operations}, seed {seed}"),
            );
        }
    }
}

#[test]
fn after_a_full_disk_the_same_writer_goes_on() {
    let operations = operations_of_the_script();
    let mut stopped = 0;
    for k in 0..operations {
        let storage = fresh();
        let Ok(writer) = IndexWriter::open(Arc::new(storage.clone()), 1) else { continue };
        storage.fail_at(storage.operations() + k, FaultKind::Full);
        let mut seen = Seen::default();
        let failures = SCRIPT.iter().filter(|&&step| seen.run(&writer, step).is_err()).count();
        seen.in_doubt.clear();
        let failed = matches!(writer.commit(), Err(IndexError::Failed));
        assert!(failures <= 2 || failed, "a full disk at operation {k} was not got over");
        stopped += u64::from(failed);
        drop(writer);
        storage.heal();
        seen.check(&storage, &format!("disk full at operation {k}"));
    }
    // Only where a manifest had its name already when its directory could not be made durable.
    assert!(
        stopped <= SCRIPT.len() as u64 && stopped * 20 < operations,
        "{stopped} of {operations} stopped it"
    );
}
