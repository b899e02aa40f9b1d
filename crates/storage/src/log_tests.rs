//! Behaviours of the log.

use super::*;
use crate::{FaultKind, FaultStorage};

type Entries = Vec<(u64, Vec<u8>)>;

fn payload(sequence: u64) -> Vec<u8> {
    (0..sequence * 37 % 900).map(|i| (i * 7 + sequence) as u8 | 1).collect()
}

fn open_with(
    storage: &FaultStorage,
    first: u64,
    limits: LogLimits,
) -> Result<(Log, Recovery, Entries), StorageError> {
    let mut entries = Vec::new();
    let replay = |sequence: u64, bytes: &[u8]| {
        entries.push((sequence, bytes.to_vec()));
        Ok::<_, StorageError>(())
    };
    let (log, recovery) = Log::open(Arc::new(storage.clone()), "log", first, limits, replay)?;
    Ok((log, recovery, entries))
}

fn open(storage: &FaultStorage, first: u64) -> Result<(Log, Recovery, Entries), StorageError> {
    open_with(storage, first, LogLimits::default())
}

/// A log of entries 1 to `count`, a sync after each that `group` divides.
fn written(count: u64, group: u64) -> FaultStorage {
    let storage = FaultStorage::new();
    let (mut log, ..) = open(&storage, 1).unwrap();
    for sequence in 1..=count {
        assert_eq!(log.append(&payload(sequence)).unwrap(), sequence);
        if sequence % group == 0 {
            log.sync().unwrap();
        }
    }
    log.sync().unwrap();
    storage
}

fn expected(range: std::ops::RangeInclusive<u64>) -> Entries {
    range.map(|sequence| (sequence, payload(sequence))).collect()
}

const FIRST: &str = "log/00000000000000000001.log";
const FIRST_MARKS: &str = "log/00000000000000000001.durable";

/// Puts other bytes in place of the first file, as a loss of power before the last sync could: its marks are gone, too.
fn tear(storage: &FaultStorage, bytes: Vec<u8>) {
    storage.remove(FIRST_MARKS).unwrap();
    storage.damage(FIRST, bytes);
}

#[test]
fn entries_come_back_in_order_from_where_they_are_asked_for() {
    let storage = written(20, 3);
    for first in [1, 7, 20, 21] {
        let (_, recovery, entries) = open(&storage, first).unwrap();
        assert_eq!(entries, expected(first..=20));
        assert_eq!(recovery, Recovery { next_sequence: 21, frames: 21 - first, torn_bytes: 0 });
        assert_eq!(Log::check(&storage, "log", first).unwrap(), recovery);
    }
}

#[test]
fn a_log_goes_on_after_it_was_opened_again() {
    let storage = written(3, 1);
    for sequence in 4..=8 {
        let (mut log, ..) = open(&storage, 1).unwrap();
        assert_eq!(log.append(&payload(sequence)).unwrap(), sequence);
        log.sync().unwrap();
    }
    assert_eq!(open(&storage, 1).unwrap().2, expected(1..=8));
}

#[test]
fn files_roll_at_their_limit_and_are_pruned_when_all_before_is_elsewhere() {
    let storage = FaultStorage::new();
    let limits = LogLimits { file_bytes: 1000, ..LogLimits::default() };
    let (mut log, ..) = open_with(&storage, 1, limits).unwrap();
    for sequence in 1..=30 {
        log.append(&payload(sequence)).unwrap();
        log.sync().unwrap();
    }
    let files = log.files.clone();
    assert!(files.len() > 5, "{files:?}");
    assert_eq!(log_files(&storage, "log").unwrap(), files);
    assert_eq!(open_with(&storage, 1, limits).unwrap().2, expected(1..=30));
    let third = files[2];
    log.prune(third).unwrap();
    assert_eq!(log_files(&storage, "log").unwrap(), files[2..]);
    log.prune(third + 1).unwrap();
    assert_eq!(log_files(&storage, "log").unwrap(), files[2..]);
    assert_eq!(open_with(&storage, third, limits).unwrap().2, expected(third..=30));
    let error = open_with(&storage, third - 1, limits).unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
}

#[test]
fn rolling_an_empty_file_changes_nothing_and_the_last_file_stays() {
    let storage = written(5, 5);
    let (mut log, ..) = open(&storage, 1).unwrap();
    log.roll().unwrap();
    log.roll().unwrap();
    log.prune(u64::MAX).unwrap();
    assert_eq!(log_files(&storage, "log").unwrap(), [6]);
    drop(log);
    let (mut log, recovery, entries) = open(&storage, 6).unwrap();
    assert_eq!((recovery.next_sequence, entries.len()), (6, 0));
    log.roll().unwrap();
    assert_eq!(log_files(&storage, "log").unwrap(), [6]);
    log.append(&payload(6)).unwrap();
    log.sync().unwrap();
    assert_eq!(log_files(&storage, "log").unwrap(), [6]);
    assert_eq!(open(&storage, 6).unwrap().2, expected(6..=6));
}

#[test]
fn missing_files_are_damage() {
    let storage = FaultStorage::new();
    let limits = LogLimits { file_bytes: 1000, ..LogLimits::default() };
    let (mut log, ..) = open_with(&storage, 1, limits).unwrap();
    for sequence in 1..=30 {
        log.append(&payload(sequence)).unwrap();
        log.sync().unwrap();
    }
    storage.remove(&log_file("log", log.files[1])).unwrap();
    assert!(matches!(open(&storage, 1), Err(StorageError::Corrupt { .. })));
    let second = log.files[2];
    assert!(open(&storage, second).is_ok());
    let empty = FaultStorage::new();
    assert!(matches!(open(&empty, 2), Err(StorageError::Corrupt { .. })));
    assert!(matches!(Log::check(&empty, "log", 2), Err(StorageError::Corrupt { .. })));
    assert!(empty.list("").unwrap().is_empty());
}

#[test]
fn a_restored_index_starts_its_log_anywhere() {
    let storage = FaultStorage::new();
    let shared: Arc<dyn Storage> = Arc::new(storage.clone());
    let mut log = Log::create(shared.clone(), "log", 40, LogLimits::default()).unwrap();
    assert_eq!(log.append(&payload(40)).unwrap(), 40);
    log.sync().unwrap();
    let again = Log::create(shared, "log", 41, LogLimits::default());
    assert!(matches!(again, Err(StorageError::AlreadyExists { .. })));
    assert_eq!(open(&storage, 40).unwrap().2, expected(40..=40));
}

/// A crash between commit and roll may leave a log that ends before the generation does.
#[test]
fn a_log_that_ends_before_what_is_committed_goes_on_after_it() {
    let storage = written(5, 5);
    let (mut log, recovery, entries) = open(&storage, 9).unwrap();
    assert_eq!((recovery.next_sequence, entries.len()), (9, 0));
    assert_eq!(log.append(&payload(9)).unwrap(), 9);
    log.sync().unwrap();
    assert_eq!(open(&storage, 9).unwrap().2, expected(9..=9));
}

#[test]
fn a_cut_file_loses_only_the_entries_that_are_cut() {
    let storage = written(6, 2);
    let whole = storage.read(FIRST).unwrap();
    let mut ends = vec![LOG_HEADER];
    (1..=6).for_each(|sequence| ends.push(ends[ends.len() - 1] + frame_bytes(payload(sequence).len())));
    for len in LOG_HEADER..=whole.len() {
        tear(&storage, whole[..len].to_vec());
        let kept = ends.iter().filter(|&&end| end <= len).count() - 1;
        let torn = (len - ends[kept]) as u64;
        let checked = Log::check(&storage, "log", 1).unwrap();
        assert_eq!(storage.len(FIRST).unwrap(), len as u64);
        let (mut log, recovery, entries) = open(&storage, 1).unwrap();
        assert_eq!(entries, expected(1..=kept as u64));
        assert_eq!((recovery.next_sequence, recovery.torn_bytes), (kept as u64 + 1, torn));
        assert_eq!(checked, recovery);
        log.append(b"again").unwrap();
        log.sync().unwrap();
        let recovery = open(&storage, 1).unwrap().1;
        assert_eq!((recovery.frames, recovery.torn_bytes), (kept as u64 + 1, 0));
        storage.remove(&log_file("log", kept as u64 + 1)).unwrap();
    }
}

/// Marks say how far the log was synced, so nothing of that can go unnoticed, not even whole entries at the end.
#[test]
fn what_was_synced_is_missed_wherever_a_log_is_cut() {
    let storage = written(6, 2);
    let (whole, marks) = (storage.read(FIRST).unwrap(), storage.read(FIRST_MARKS).unwrap());
    for len in LOG_HEADER..whole.len() {
        storage.damage(FIRST, whole[..len].to_vec());
        for error in [open(&storage, 1).unwrap_err(), Log::check(&storage, "log", 1).unwrap_err()] {
            let shown = error.to_string();
            assert!(shown.contains("though entries up to 6 were acknowledged"), "{len} bytes: {shown}");
        }
        assert_eq!(storage.len(FIRST).unwrap(), len as u64, "it was cut further");
    }
    // What decays or goes missing of the marks makes no sound log a damaged one.
    storage.damage(FIRST, whole);
    for byte in 0..marks.len() {
        let mut bad = marks.clone();
        bad[byte] ^= 0x20;
        storage.damage(FIRST_MARKS, bad);
        assert_eq!(Log::check(&storage, "log", 1).unwrap().frames, 6);
        storage.damage(FIRST_MARKS, marks[..byte].to_vec());
        assert_eq!(Log::check(&storage, "log", 1).unwrap().frames, 6);
    }
}

#[test]
fn marks_go_with_their_file() {
    let storage = written(5, 5);
    let (mut log, ..) = open(&storage, 1).unwrap();
    log.append(&payload(6)).unwrap();
    log.sync().unwrap();
    storage.damage("log/00000000000000000077.durable", vec![0; 16]);
    log.prune(6).unwrap();
    drop(log);
    open(&storage, 6).unwrap();
    let names = ["00000000000000000006.durable", "00000000000000000006.log"];
    assert_eq!(storage.list("log").unwrap(), names);
}

#[test]
fn a_log_without_marks_goes_on() {
    let storage = FaultStorage::new();
    let (mut log, ..) = open(&storage, 1).unwrap();
    log.append(&payload(1)).unwrap();
    // Write and sync of the log go through, the mark does not.
    storage.fail_at(storage.operations() + 2, FaultKind::Full);
    log.sync().unwrap();
    log.append(&payload(2)).unwrap();
    log.sync().unwrap();
    assert_eq!(open(&storage, 1).unwrap().2, expected(1..=2));
}

#[test]
fn what_was_cut_does_not_come_back() {
    let storage = written(6, 2);
    let whole = storage.read(FIRST).unwrap();
    tear(&storage, whole[..whole.len() - 3].to_vec());
    let (mut log, ..) = open(&storage, 1).unwrap();
    log.append(&payload(6)).unwrap();
    log.sync().unwrap();
    for seed in 0..50 {
        assert_eq!(open(&storage.crash(seed), 1).unwrap().2, expected(1..=6));
    }
}

#[test]
fn a_cut_file_header_is_damage() {
    let storage = written(1, 1);
    let whole = storage.read(FIRST).unwrap();
    for len in 0..LOG_HEADER {
        storage.damage(FIRST, whole[..len].to_vec());
        assert!(matches!(open(&storage, 1), Err(StorageError::Corrupt { .. })), "{len} bytes");
    }
}

#[test]
fn every_flipped_byte_is_damage_and_nothing_is_cut() {
    for (count, group) in [(1, 1), (6, 2), (6, 6)] {
        let storage = written(count, group);
        let whole = storage.read(FIRST).unwrap();
        for byte in 0..whole.len() {
            let mut bad = whole.clone();
            bad[byte] ^= 0x10;
            storage.damage(FIRST, bad.clone());
            let error = open(&storage, 1).unwrap_err();
            let named =
                matches!(error, StorageError::Corrupt { .. } | StorageError::UnsupportedVersion { .. });
            assert!(named && error.to_string().contains(FIRST), "byte {byte}: {error}");
            assert!(Log::check(&storage, "log", 1).is_err());
            assert_eq!(storage.read(FIRST).unwrap(), bad);
        }
    }
}

/// Sectors of zeros: lost from a group that was never synced, or damage in one that was.
#[test]
fn lost_sectors_are_torn_only_where_nothing_behind_was_synced() {
    let fill = |byte: u8| vec![byte; 700];
    let storage = FaultStorage::new();
    let (mut log, ..) = open(&storage, 1).unwrap();
    for byte in 1..=3 {
        log.append(&fill(byte)).unwrap();
    }
    log.sync().unwrap();
    let one_group = storage.read(FIRST).unwrap();
    log.append(&fill(4)).unwrap();
    log.sync().unwrap();
    let two_groups = storage.read(FIRST).unwrap();
    let without_sector = |bytes: &[u8], sector: usize| {
        let mut bytes = bytes.to_vec();
        bytes[sector * 512..(sector + 1) * 512].fill(0);
        tear(&storage, bytes);
        open(&storage, 1).map(|(_, recovery, _)| recovery.frames)
    };
    // Entry 2 lies in sectors 1 to 3, entry 3 behind it is whole.
    assert_eq!(without_sector(&one_group, 2).unwrap(), 1);
    assert!(matches!(without_sector(&two_groups, 2), Err(StorageError::Corrupt { offset: 808, .. })));
}

/// An entry of zeros is not taken for a lost sector when something else in it is damaged.
#[test]
fn a_flipped_byte_in_an_entry_of_zeros_is_damage() {
    let storage = FaultStorage::new();
    let (mut log, ..) = open(&storage, 1).unwrap();
    log.append(&[0; 3000]).unwrap();
    log.sync().unwrap();
    let whole = storage.read(FIRST).unwrap();
    for byte in LOG_HEADER..whole.len() {
        let mut bad = whole.clone();
        bad[byte] ^= 1;
        storage.damage(FIRST, bad);
        assert!(matches!(open(&storage, 1), Err(StorageError::Corrupt { .. })), "byte {byte}");
    }
}

#[test]
fn damage_in_a_file_that_is_not_the_last_is_never_a_torn_tail() {
    let storage = written(4, 4);
    let (mut log, ..) = open(&storage, 1).unwrap();
    log.append(&payload(5)).unwrap();
    log.sync().unwrap();
    let whole = storage.read(FIRST).unwrap();
    storage.damage(FIRST, whole[..whole.len() - 1].to_vec());
    let error = open(&storage, 1).unwrap_err().to_string();
    assert!(error.contains("the end of the file"), "{error}");
}

#[test]
fn a_file_under_another_name_is_damage() {
    let storage = written(4, 4);
    storage.rename(FIRST, "log/00000000000000000002.log").unwrap();
    assert!(matches!(open(&storage, 2), Err(StorageError::Corrupt { offset: 16, .. })));
}

#[test]
fn a_crash_while_a_file_is_started_leaves_a_log_that_opens() {
    for kind in [FaultKind::Io, FaultKind::Full, FaultKind::Stop] {
        for k in 0.. {
            let storage = written(3, 3);
            let (mut log, ..) = open(&storage, 1).unwrap();
            storage.fail_at(storage.operations() + k, kind);
            let rolled = log.roll();
            storage.heal();
            for crashed in (0..20).map(|seed| storage.crash(seed)).chain([storage.clone()]) {
                let (mut log, _, entries) = open(&crashed, 1).unwrap();
                assert_eq!(entries, expected(1..=3));
                assert!(crashed.list("log").unwrap().iter().all(|name| !name.ends_with(".tmp")));
                assert_eq!(log.append(&payload(4)).unwrap(), 4);
                log.sync().unwrap();
                assert_eq!(open(&crashed, 1).unwrap().2, expected(1..=4));
            }
            if rolled.is_ok() {
                assert!(k > 3);
                break;
            }
            let again = log.append(b"x");
            match kind {
                FaultKind::Full => assert_eq!(again.unwrap(), 4),
                _ => assert!(matches!(again, Err(StorageError::Poisoned { .. })), "{again:?}"),
            }
        }
    }
}

#[test]
fn after_a_failed_sync_nothing_is_taken_any_more() {
    let storage = written(1, 1);
    let (mut log, ..) = open(&storage, 1).unwrap();
    log.append(b"two").unwrap();
    log.sync().unwrap();
    log.append(b"three").unwrap();
    // The write goes through, the sync does not.
    storage.fail_at(storage.operations() + 1, FaultKind::Io);
    assert!(matches!(log.sync(), Err(StorageError::Io { operation: "sync", .. })));
    let before = storage.operations();
    assert!(matches!(log.sync(), Err(StorageError::Poisoned { .. })));
    assert!(matches!(log.append(b"x"), Err(StorageError::Poisoned { .. })));
    assert!(matches!(log.roll(), Err(StorageError::Poisoned { .. })));
    assert_eq!(storage.operations(), before);
}

/// Appends entries 4 to 6 to a log of 3, large enough for several writes, and says whether they were acknowledged.
fn append_three(log: &mut Log) -> Result<(), StorageError> {
    (0..3).try_for_each(|_| log.append(&[7; 600_000]).map(drop))?;
    log.sync()
}

/// A log of entries 1 to 3, open.
fn three() -> (FaultStorage, Log) {
    let storage = FaultStorage::new();
    let (mut log, ..) = open(&storage, 1).unwrap();
    (1..=3).for_each(|sequence| assert_eq!(log.append(&payload(sequence)).unwrap(), sequence));
    log.sync().unwrap();
    (storage, log)
}

/// What is there at once, and after the power failed.
fn everything(storage: &FaultStorage) -> impl Iterator<Item = FaultStorage> {
    std::iter::once(storage.clone()).chain((0..12).map(|seed| storage.crash(seed)))
}

#[test]
fn refused_entries_never_come_back() {
    for kind in [FaultKind::Io, FaultKind::Full] {
        for k in 0.. {
            let (storage, mut log) = three();
            storage.fail_at(storage.operations() + k, kind);
            if append_three(&mut log).is_ok() {
                assert!(k >= 3, "{k}");
                break;
            }
            for found in everything(&storage) {
                assert_eq!(Log::check(&found, "log", 1).unwrap().frames, 3, "{kind:?} at {k}");
                assert_eq!(open(&found, 1).unwrap().2, expected(1..=3), "{kind:?} at {k}");
            }
            // A full disk may have room again.
            if kind == FaultKind::Full {
                assert_eq!(log.append(&payload(4)).unwrap(), 4);
                log.sync().unwrap();
                for found in everything(&storage) {
                    assert_eq!(open(&found, 1).unwrap().2, expected(1..=4), "{k}");
                }
            }
        }
    }
}

/// Neither the entries nor their removal go through, but for the mark that says so.
#[test]
fn refused_entries_that_cannot_be_cut_off_are_marked() {
    for kind in [FaultKind::Io, FaultKind::Full] {
        let (storage, mut log) = three();
        let now = storage.operations();
        log.append(&payload(4)).unwrap();
        // The write goes through; the sync, and what would cut the entry off, do not.
        storage.fail_within(now + 1..now + 3, kind);
        log.sync().unwrap_err();
        storage.heal();
        (0..12).for_each(|seed| assert_eq!(open(&storage.crash(seed), 1).unwrap().2, expected(1..=3)));
        assert_eq!(Log::check(&storage, "log", 1).unwrap().frames, 3);
        assert!(storage.len(FIRST).unwrap() > written(3, 3).len(FIRST).unwrap(), "nothing was cut yet");
        match kind {
            // Cut before anything is appended.
            FaultKind::Full => assert_eq!(log.append(&payload(4)).unwrap(), 4),
            _ => assert!(matches!(log.append(&payload(4)), Err(StorageError::Poisoned { .. }))),
        }
        drop(log);
        let (mut log, _, entries) = open(&storage, 1).unwrap();
        assert_eq!(entries, expected(1..=3));
        assert_eq!(storage.len(FIRST).unwrap(), written(3, 3).len(FIRST).unwrap());
        // The mark is of that file alone.
        assert_eq!(log.append(&payload(4)).unwrap(), 4);
        log.sync().unwrap();
        for found in everything(&storage) {
            assert_eq!(open(&found, 1).unwrap().2, expected(1..=4), "{kind:?}");
        }
    }
}

/// The first entry of a file is refused, so that the next file gets its name, and its marks.
#[test]
fn a_mark_of_what_was_refused_says_nothing_of_a_later_file_of_the_same_name() {
    let storage = FaultStorage::new();
    let (mut log, ..) = open(&storage, 1).unwrap();
    let now = storage.operations();
    log.append(b"refused").unwrap();
    storage.fail_within(now + 1..now + 3, FaultKind::Full);
    log.sync().unwrap_err();
    let marks = storage.read(FIRST_MARKS).unwrap();
    assert_eq!(log.append(&payload(1)).unwrap(), 1);
    log.sync().unwrap();
    assert_eq!(open(&storage, 1).unwrap().2, expected(1..=1));
    storage.damage(FIRST_MARKS, marks);
    assert_eq!(open(&storage, 1).unwrap().2, expected(1..=1));
}

#[test]
fn where_the_disk_stays_full_nothing_is_appended_behind_what_was_refused() {
    let (storage, mut log) = three();
    let now = storage.operations();
    storage.fail_within(now..u64::MAX, FaultKind::Full);
    append_three(&mut log).unwrap_err();
    for _ in 0..3 {
        assert!(matches!(append_three(&mut log), Err(StorageError::Full { operation: "cut", .. })));
    }
    storage.heal();
    assert_eq!(log.append(&payload(4)).unwrap(), 4);
    log.sync().unwrap();
    for found in everything(&storage) {
        assert_eq!(open(&found, 1).unwrap().2, expected(1..=4));
    }
}

#[test]
fn entries_that_are_synced_together_lie_in_one_file() {
    let storage = FaultStorage::new();
    let limits = LogLimits { file_bytes: 1000, ..LogLimits::default() };
    let (mut log, ..) = open_with(&storage, 1, limits).unwrap();
    for group in 0..3 {
        (1..=10).for_each(|i| assert!(log.append(&payload(group * 10 + i)).is_ok()));
        log.sync().unwrap();
    }
    assert_eq!(log_files(&storage, "log").unwrap(), [1, 11, 21]);
    // The room for a further file is missing, and with it all of the group.
    for k in 0..5 {
        storage.fail_at(storage.operations() + k, FaultKind::Full);
        assert!((31..=40).any(|sequence| log.append(&payload(sequence)).is_err()), "{k}");
        storage.heal();
        assert_eq!(open_with(&storage, 1, limits).unwrap().2, expected(1..=30), "{k}");
    }
    (31..=40).for_each(|sequence| assert_eq!(log.append(&payload(sequence)).unwrap(), sequence));
    log.sync().unwrap();
    assert_eq!(open_with(&storage, 1, limits).unwrap().2, expected(1..=40));
}

#[test]
fn an_entry_that_is_too_large_changes_nothing() {
    let storage = FaultStorage::new();
    let limits = LogLimits { frame_bytes: 100, ..LogLimits::default() };
    let (mut log, ..) = open_with(&storage, 1, limits).unwrap();
    let error = log.append(&[0; 101]).unwrap_err();
    assert!(matches!(error, StorageError::TooLarge { bytes: 101, limit: 100 }), "{error}");
    assert_eq!(log.append(&[0; 100]).unwrap(), 1);
    log.sync().unwrap();
    let limits = LogLimits { frame_bytes: usize::MAX, ..limits };
    let (mut log, ..) = open_with(&storage, 1, limits).unwrap();
    assert!(matches!(
        log.append(&vec![0; MAX_FRAME + 1]),
        Err(StorageError::TooLarge { limit: MAX_FRAME, .. })
    ));
}

#[test]
fn a_replay_that_fails_stops_and_keeps_the_log() {
    let storage = written(5, 1);
    let replay = |sequence: u64, _: &[u8]| {
        if sequence == 3 { Err(StorageError::NotFound { path: "segment".into() }) } else { Ok(()) }
    };
    let result = Log::open(Arc::new(storage.clone()), "log", 1, LogLimits::default(), replay);
    assert!(matches!(result, Err(StorageError::NotFound { .. })));
    assert_eq!(open(&storage, 1).unwrap().2, expected(1..=5));
}

#[test]
fn an_entry_that_holds_a_log_is_only_an_entry() {
    let inner = written(3, 3).read(FIRST).unwrap();
    let storage = FaultStorage::new();
    let (mut log, ..) = open(&storage, 1).unwrap();
    log.append(&inner).unwrap();
    log.sync().unwrap();
    let whole = storage.read(FIRST).unwrap();
    tear(&storage, whole[..whole.len() - 3].to_vec());
    let (_, recovery, entries) = open(&storage, 1).unwrap();
    assert!(entries.is_empty() && recovery.torn_bytes > 0);
}
