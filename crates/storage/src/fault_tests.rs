//! Behaviours of the storage that fails.

use super::*;

fn put(storage: &FaultStorage, path: &str, bytes: &[u8], sync: bool) -> Result<(), StorageError> {
    let mut file = storage.create(path)?;
    file.write_all(bytes).map_err(|source| StorageError::from_io("write", path, source))?;
    if sync { file.sync() } else { Ok(()) }
}

#[test]
fn what_was_synced_survives_every_crash() {
    let storage = FaultStorage::new();
    put(&storage, "f", &[1; 3000], true).unwrap();
    for seed in 0..50 {
        assert_eq!(storage.crash(seed).read("f").unwrap(), [1; 3000]);
    }
}

#[test]
fn what_was_not_synced_survives_torn_or_not_at_all() {
    let storage = FaultStorage::new();
    put(&storage, "f", &[1; 100], true).unwrap();
    storage.open_append("f", 100).unwrap().write_all(&[2; 3000]).unwrap();
    let (mut whole, mut none, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let bytes = storage.crash(seed).read("f").unwrap();
        assert_eq!(bytes[..100], [1; 100]);
        match bytes[100..].iter().filter(|&&byte| byte == 2).count() {
            3000 => whole += 1,
            0 => none += 1,
            _ => torn += 1,
        }
        // Nothing but what was written, or zeros of a sector that was not.
        assert!(bytes[100..].iter().all(|&byte| byte == 2 || byte == 0));
    }
    assert!(whole > 0 && none > 0 && torn > 0, "{whole} {none} {torn}");
}

#[test]
fn names_survive_surely_only_after_sync_dir() {
    let storage = FaultStorage::new();
    put(&storage, "a", b"x", true).unwrap();
    storage.rename("a", "b").unwrap();
    let names: BTreeSet<Vec<String>> = (0..50).map(|seed| storage.crash(seed).list("").unwrap()).collect();
    assert_eq!(names, BTreeSet::from([vec!["a".to_owned()], vec!["b".to_owned()]]));
    storage.sync_dir("").unwrap();
    assert!((0..50).all(|seed| storage.crash(seed).list("").unwrap() == ["b"]));
}

#[test]
fn a_name_that_is_used_again_is_durable_with_its_file() {
    let storage = FaultStorage::new();
    put(&storage, "a", b"old", true).unwrap();
    storage.remove("a").unwrap();
    put(&storage, "a", b"new", true).unwrap();
    storage.sync_dir("").unwrap();
    assert!((0..50).all(|seed| storage.crash(seed).read("a").unwrap() == b"new"));
}

#[test]
fn the_operation_that_was_named_fails_and_no_other() {
    for k in 0..3 {
        let storage = FaultStorage::new();
        storage.fail_at(k, FaultKind::Full);
        let error = put(&storage, "f", b"1234", true).unwrap_err();
        assert!(matches!(error, StorageError::Full { .. }), "{error:?}");
        put(&storage, "g", b"1234", true).unwrap();
    }
    let storage = FaultStorage::new();
    storage.fail_at(1, FaultKind::Stop);
    assert!(put(&storage, "f", b"1", true).is_err() && put(&storage, "g", b"1", true).is_err());
    assert_eq!(storage.operations(), 3);
}

#[test]
fn a_second_sync_after_a_failed_one_lies() {
    let storage = FaultStorage::new();
    let mut file = storage.create("f").unwrap();
    file.write_all(&[7; 512]).unwrap();
    storage.fail_at(2, FaultKind::Io);
    assert!(file.sync().is_err());
    file.sync().unwrap();
    assert_eq!(storage.read("f").unwrap(), [7; 512]);
    assert!((0..50).all(|seed| storage.crash(seed).read("f").unwrap() == [0; 512]));
}

#[test]
fn folders_list_what_is_in_them() {
    let storage = FaultStorage::new();
    storage.create_dir_all("a/b").unwrap();
    put(&storage, "a/b/f", b"", true).unwrap();
    assert!(matches!(put(&storage, "c/f", b"", true), Err(StorageError::NotFound { .. })));
    assert_eq!(
        (storage.list("").unwrap(), storage.list("a/b").unwrap()),
        (vec!["a".into()], vec!["f".into()])
    );
    storage.remove_dir_all("a").unwrap();
    assert!(storage.list("").unwrap().is_empty());
}

#[test]
fn a_crash_frees_locks() {
    let storage = FaultStorage::new();
    let lock = storage.lock("l").unwrap();
    assert!(matches!(storage.lock("l"), Err(StorageError::WriterBusy { .. })));
    assert!(storage.crash(0).lock("l").is_ok());
    drop(lock);
    assert!(storage.lock("l").is_ok());
}
