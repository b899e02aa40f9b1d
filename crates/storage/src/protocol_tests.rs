//! Log and generations together, as an index uses them: every operation fails once, and the power fails after every one.

use crate::{
    FaultKind, FaultStorage, Log, LogLimits, Storage, StorageError, clean_temporary, latest_generation,
    remove_generations_before, write_generation,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A small index: a set of numbers, of which a generation holds the older ones and the log the newer.
struct Numbers {
    storage: FaultStorage,
    log: Log,
    generation: u64,
    numbers: Vec<u64>,
}

/// What a script did, seen from outside.
#[derive(Default, Clone)]
struct Seen {
    submitted: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    /// Those of which an error was told by a program that lived on.
    refused: BTreeSet<u64>,
}

#[derive(Debug, Clone)]
enum Step {
    /// So many entries, then a sync.
    Add(u8),
    Commit,
    Reopen,
}

fn state(log_start: u64, numbers: &[u64]) -> Vec<u8> {
    std::iter::once(&log_start).chain(numbers).flat_map(|number| number.to_le_bytes()).collect()
}

fn entry(number: u64) -> Vec<u8> {
    // Lengths from a few bytes to some sectors.
    let len = 8 + (number * 97 % 1300) as usize;
    number.to_le_bytes().iter().copied().cycle().take(len).collect()
}

fn number(entry: &[u8]) -> u64 {
    let number = u64::from_le_bytes(*entry.first_chunk().unwrap());
    assert_eq!(self::entry(number), entry);
    number
}

impl Numbers {
    fn create(storage: &FaultStorage) -> Result<(), StorageError> {
        if latest_generation(storage)?.is_none() {
            clean_temporary(storage)?;
            write_generation(storage, 1, &state(1, &[]))?;
        }
        Ok(())
    }

    fn open(storage: &FaultStorage) -> Result<Self, StorageError> {
        let (generation, payload) = latest_generation(storage)?.unwrap();
        let mut words = payload.chunks(8).map(|word| u64::from_le_bytes(*word.first_chunk().unwrap()));
        let log_start = words.next().unwrap();
        let mut numbers: Vec<u64> = words.collect();
        clean_temporary(storage)?;
        let limits = LogLimits { file_bytes: 4096, ..LogLimits::default() };
        let shared = Arc::new(storage.clone());
        let (log, recovery) = Log::open(shared, "log", log_start, limits, |_, bytes| {
            numbers.push(number(bytes));
            Ok::<_, StorageError>(())
        })?;
        let mut index = Self { storage: storage.clone(), log, generation, numbers };
        if recovery.frames > 0 {
            index.commit()?;
        } else {
            // What an interrupted commit left.
            remove_generations_before(storage, generation)?;
            index.log.prune(log_start)?;
        }
        Ok(index)
    }

    fn add(&mut self, count: u8, seen: &mut Seen) -> Result<(), StorageError> {
        let first = seen.submitted.last().map_or(1, |last| last + 1);
        let batch: Vec<u64> = (first..first + u64::from(count)).collect();
        seen.submitted.extend(&batch);
        for &number in &batch {
            self.log.append(&entry(number))?;
            self.numbers.push(number);
        }
        self.log.sync()?;
        seen.acknowledged.extend(&batch);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StorageError> {
        let log_start = self.log.next_sequence();
        write_generation(&self.storage, self.generation + 1, &state(log_start, &self.numbers))?;
        self.generation += 1;
        self.log.roll()?;
        remove_generations_before(&self.storage, self.generation)?;
        self.log.prune(log_start)
    }
}

fn run(storage: &FaultStorage, steps: &[Step], seen: &mut Seen) -> Result<(), StorageError> {
    Numbers::create(storage)?;
    let mut index = Numbers::open(storage)?;
    for step in steps {
        match step {
            Step::Add(count) => index.add(*count, seen)?,
            Step::Commit => index.commit()?,
            Step::Reopen => {
                drop(index);
                index = Numbers::open(storage)?;
            }
        }
    }
    Ok(())
}

/// Opens what is left, and checks that all that was acknowledged is there, in order, and nothing that was never given.
fn check(storage: &FaultStorage, seen: &Seen) {
    Numbers::create(storage).unwrap();
    let index = Numbers::open(storage).unwrap();
    let numbers: BTreeSet<u64> = index.numbers.iter().copied().collect();
    assert!(index.numbers.is_sorted() && numbers.len() == index.numbers.len(), "order: {:?}", index.numbers);
    let lost: Vec<_> = seen.acknowledged.difference(&numbers).collect();
    let invented: Vec<_> = numbers.difference(&seen.submitted).collect();
    assert!(lost.is_empty() && invented.is_empty(), "lost {lost:?}, invented {invented:?}");
    let back: Vec<_> = numbers.intersection(&seen.refused).collect();
    assert!(back.is_empty(), "refused {back:?}, and there all the same");
    // Nothing is left over either: one manifest and one log file.
    assert_eq!(storage.list("").unwrap().len(), 2, "{:?}", storage.list(""));
}

fn script() -> Vec<Step> {
    use Step::{Add, Commit, Reopen};
    vec![
        Add(3),
        Add(1),
        Commit,
        Add(5),
        Reopen,
        Add(2),
        Commit,
        Commit,
        Add(4),
        Add(9),
        Reopen,
        Reopen,
        Add(1),
    ]
}

fn operations(steps: &[Step]) -> u64 {
    let storage = FaultStorage::new();
    run(&storage, steps, &mut Seen::default()).unwrap();
    storage.operations()
}

#[test]
fn power_fails_after_every_operation() {
    let steps = script();
    let count = operations(&steps);
    assert!(count > 100, "{count}");
    for k in 0..=count {
        let (storage, mut seen) = (FaultStorage::new(), Seen::default());
        storage.fail_at(k, FaultKind::Stop);
        let done = run(&storage, &steps, &mut seen);
        // The last operation marks what is durable already.
        assert_eq!(done.is_ok(), k + 1 >= count, "{k}");
        for seed in 0..24 {
            check(&storage.crash(seed * 1000 + k), &seen);
        }
    }
}

#[test]
fn every_operation_fails_once_then_the_program_goes_on_and_the_power_fails() {
    let steps = script();
    for kind in [FaultKind::Io, FaultKind::Full] {
        let mut tolerated = 0;
        for k in 0..operations(&steps) {
            let (storage, mut seen) = (FaultStorage::new(), Seen::default());
            storage.fail_at(k, kind);
            let failed = run(&storage, &steps, &mut seen);
            seen.refused = seen.submitted.difference(&seen.acknowledged).copied().collect();
            match kind {
                // A mark of what is durable that could not be written.
                _ if failed.is_ok() => tolerated += 1,
                FaultKind::Full => {
                    assert!(matches!(failed, Err(StorageError::Full { .. })), "{k}: {failed:?}")
                }
                _ => assert!(matches!(failed, Err(StorageError::Io { .. })), "{k}: {failed:?}"),
            }
            for seed in 0..8 {
                check(&storage.crash(seed * 1000 + k), &seen);
            }
            // The same machine goes on, with whatever the failed operation left in its caches.
            for steps in [vec![Step::Add(2)], vec![Step::Add(1), Step::Commit, Step::Add(3)]] {
                run(&storage, &steps, &mut seen).unwrap();
                for seed in 0..8 {
                    check(&storage.crash(seed * 1000 + k), &seen);
                }
            }
            check(&storage, &seen);
        }
        assert!(tolerated < 20, "{tolerated} failures changed nothing");
    }
}

#[test]
fn power_fails_again_while_recovering() {
    let steps = script();
    let count = operations(&steps);
    for k in (0..count).step_by(3) {
        let (storage, mut seen) = (FaultStorage::new(), Seen::default());
        storage.fail_at(k, FaultKind::Stop);
        run(&storage, &steps, &mut seen).unwrap_err();
        for again in 0.. {
            let crashed = storage.crash(k);
            crashed.fail_at(again, FaultKind::Stop);
            let recovered = Numbers::create(&crashed).and_then(|()| Numbers::open(&crashed));
            (0..6).for_each(|seed| check(&crashed.crash(seed), &seen));
            if recovered.is_ok() && crashed.operations() <= again {
                break;
            }
        }
    }
}

proptest! {
    #![proptest_config(crate::seeded::cases(96))]
    #[test]
    fn any_script_survives_any_crashes(
        rounds in prop::collection::vec(
            (
                prop::collection::vec(
                    prop_oneof![3 => (1_u8..6).prop_map(Step::Add), 1 => Just(Step::Commit), 1 => Just(Step::Reopen)],
                    1..8,
                ),
                0_u64..120,
                any::<u64>(),
            ),
            1..5,
        ),
    ) {
        let (mut storage, mut seen) = (FaultStorage::new(), Seen::default());
        for (steps, stop, seed) in rounds {
            storage.fail_at(stop, FaultKind::Stop);
            let _stopped = run(&storage, &steps, &mut seen);
            storage = storage.crash(seed);
            check(&storage.clone(), &seen);
        }
    }
}
