//! The atomic commit: one manifest per generation, the highest number counts.
//!
//! A manifest is a sealed file of kind `MANF` version 1 named `manifest-<generation, 20 digits>`. It is written as
//! `manifest-<generation>.tmp`, synced, renamed, and the directory synced; a crash leaves the old generation or the new
//! one. A damaged highest manifest is an error: falling back to an older one would undo acknowledged work in silence.

use crate::{FileKind, SealedFile, SealedWriter, Storage, StorageError};

const MANIFEST: FileKind = FileKind { tag: *b"MANF", version: 1 };
const PREFIX: &str = "manifest-";
const TEMPORARY: &str = ".tmp";
/// A reader lists, then opens; a writer may remove the manifest in between. Each round means a whole commit went by.
const ROUNDS: usize = 32;

/// The file of a generation, relative to the index.
pub fn generation_file(generation: u64) -> String {
    format!("{PREFIX}{generation:020}")
}

/// Makes `payload` the manifest of `generation`, durably. Everything that it names must be durable before.
///
/// # Errors
/// A manifest of this number, a full disk, and what the system refuses. After an error it is unknown whether the
/// generation counts: open the index again.
pub fn write_generation(storage: &dyn Storage, generation: u64, payload: &[u8]) -> Result<(), StorageError> {
    let path = generation_file(generation);
    if storage.exists(&path)? {
        return Err(StorageError::AlreadyExists { path });
    }
    let temporary = format!("{path}{TEMPORARY}");
    storage.remove(&temporary)?;
    let mut writer = SealedWriter::create(storage, &temporary, MANIFEST)?;
    writer.append(payload)?;
    writer.finish()?;
    storage.rename(&temporary, &path)?;
    storage.sync_dir("")
}

/// The newest generation and its manifest; `None` where there is no manifest, or no directory: that is no index.
///
/// # Errors
/// A damaged newest manifest, and what the system refuses.
pub fn latest_generation(storage: &dyn Storage) -> Result<Option<(u64, Vec<u8>)>, StorageError> {
    let mut rounds = 0;
    loop {
        let Some(generation) = generations(storage)?.into_iter().max() else { return Ok(None) };
        rounds += 1;
        match SealedFile::open(storage, &generation_file(generation), MANIFEST, None) {
            Err(StorageError::NotFound { .. }) if rounds < ROUNDS => continue,
            file => {
                let file = file?;
                return Ok(Some((generation, file.bytes(0..file.len())?.to_vec())));
            }
        }
    }
}

/// Removes the manifests of older generations. The newest is made durable first, also where an earlier commit
/// failed after its rename; so call this before anything that only older generations need is removed.
///
/// # Errors
/// What the system refuses.
pub fn remove_generations_before(storage: &dyn Storage, generation: u64) -> Result<(), StorageError> {
    storage.sync_dir("")?;
    for old in generations(storage)? {
        if old < generation {
            storage.remove(&generation_file(old))?;
        }
    }
    Ok(())
}

/// Removes what an interrupted commit left in the index directory. Only for who holds the writer lock.
///
/// # Errors
/// What the system refuses.
pub fn clean_temporary(storage: &dyn Storage) -> Result<(), StorageError> {
    for name in storage.list("")? {
        if name.ends_with(TEMPORARY) {
            storage.remove(&name)?;
        }
    }
    Ok(())
}

fn generations(storage: &dyn Storage) -> Result<Vec<u64>, StorageError> {
    let number = |name: &String| {
        let digits = name.strip_prefix(PREFIX)?;
        let right = digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit());
        if right { digits.parse().ok() } else { None }
    };
    Ok(storage.list("")?.iter().filter_map(number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DiskStorage, FaultKind, FaultStorage};

    #[test]
    fn the_highest_number_counts() {
        let storage = FaultStorage::new();
        assert_eq!(latest_generation(&storage).unwrap(), None);
        for generation in [1, 2, 10] {
            write_generation(&storage, generation, format!("g{generation}").as_bytes()).unwrap();
        }
        assert_eq!(latest_generation(&storage).unwrap(), Some((10, b"g10".to_vec())));
        assert!(matches!(write_generation(&storage, 10, b""), Err(StorageError::AlreadyExists { .. })));
        remove_generations_before(&storage, 10).unwrap();
        assert_eq!(storage.list("").unwrap(), ["manifest-00000000000000000010"]);
        assert_eq!(latest_generation(&storage).unwrap(), Some((10, b"g10".to_vec())));
    }

    #[test]
    fn a_damaged_newest_generation_is_an_error_and_not_an_older_one() {
        let storage = FaultStorage::new();
        write_generation(&storage, 1, b"one").unwrap();
        write_generation(&storage, 2, b"two").unwrap();
        let good = storage.read(&generation_file(2)).unwrap();
        for byte in 0..good.len() {
            let mut bad = good.clone();
            bad[byte] ^= 4;
            storage.damage(&generation_file(2), bad);
            // Flipped padding changes no answer, but it is in the same block as the payload.
            let error = latest_generation(&storage).unwrap_err().to_string();
            assert!(error.contains("manifest-00000000000000000002"), "byte {byte}: {error}");
        }
        storage.damage(&generation_file(2), Vec::new());
        assert!(latest_generation(&storage).is_err());
    }

    #[test]
    fn other_files_are_no_manifests() {
        let storage = FaultStorage::new();
        for name in
            ["manifest-", "manifest-1", "manifest-0000000000000000000x", "manifest-99999999999999999999"]
        {
            storage.damage(name, b"x".to_vec());
        }
        storage.damage("manifest-00000000000000000007.tmp", b"x".to_vec());
        storage.damage("notes.txt", b"x".to_vec());
        assert_eq!(latest_generation(&storage).unwrap(), None);
        clean_temporary(&storage).unwrap();
        assert!(!storage.exists("manifest-00000000000000000007.tmp").unwrap());
        assert!(storage.exists("notes.txt").unwrap());
    }

    #[test]
    fn a_full_disk_leaves_the_old_generation_and_may_be_tried_again() {
        let storage = FaultStorage::new();
        write_generation(&storage, 1, b"one").unwrap();
        let start = storage.operations();
        for k in start..start + 3 {
            storage.fail_at(storage.operations() + k - start, FaultKind::Full);
            assert!(matches!(write_generation(&storage, 2, b"two"), Err(StorageError::Full { .. })));
            assert_eq!(latest_generation(&storage).unwrap(), Some((1, b"one".to_vec())));
        }
        write_generation(&storage, 2, b"two").unwrap();
        assert_eq!(latest_generation(&storage).unwrap(), Some((2, b"two".to_vec())));
    }

    #[test]
    fn a_generation_that_was_written_survives_every_crash() {
        let storage = FaultStorage::new();
        write_generation(&storage, 1, b"one").unwrap();
        write_generation(&storage, 2, b"two").unwrap();
        for seed in 0..50 {
            assert_eq!(latest_generation(&storage.crash(seed)).unwrap(), Some((2, b"two".to_vec())));
        }
    }

    /// A commit that fails after its rename shows a generation that is not durable yet.
    #[test]
    fn the_newest_is_durable_before_the_older_ones_go() {
        let storage = FaultStorage::new();
        write_generation(&storage, 1, b"one").unwrap();
        let before = storage.operations();
        write_generation(&storage, 2, b"two").unwrap();
        let last_of_a_commit = 2 * storage.operations() - before - 1;
        storage.fail_at(last_of_a_commit, FaultKind::Io);
        assert!(write_generation(&storage, 3, b"three").is_err());
        assert_eq!(latest_generation(&storage).unwrap().map(|(generation, _)| generation), Some(3));
        remove_generations_before(&storage, 3).unwrap();
        for seed in 0..50 {
            assert_eq!(latest_generation(&storage.crash(seed)).unwrap(), Some((3, b"three".to_vec())));
        }
    }

    #[test]
    fn a_reader_follows_a_writer_that_removes_old_generations() {
        let folder = tempfile::tempdir().unwrap();
        let storage = DiskStorage::create(folder.path()).unwrap();
        write_generation(&storage, 1, &1_u64.to_le_bytes()).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for generation in 2..100_u64 {
                    write_generation(&storage, generation, &generation.to_le_bytes()).unwrap();
                    remove_generations_before(&storage, generation).unwrap();
                }
            });
            let mut last = 0;
            while !writer.is_finished() {
                let (generation, payload) = latest_generation(&storage).unwrap().unwrap();
                assert_eq!(payload, generation.to_le_bytes());
                assert!(generation >= last);
                last = generation;
            }
            writer.join().unwrap();
        });
    }
}
