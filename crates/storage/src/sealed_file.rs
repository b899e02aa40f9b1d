//! Reads a sealed file; no byte is handed out before its block's checksum was seen to be right.

use crate::layout::{
    self, BLOCK_BYTES, FOOTER_BYTES, FileEntry, FileKind, Footer, HEADER_BYTES, shown, u64_at,
};
use crate::{Access, MapSlice, ReadFile, Storage, StorageError};
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use xxhash_rust::xxh3::xxh3_64;

/// An immutable file under checksums. Opening reads header, footer and block table only.
///
/// A block is checked when first touched and then trusted: the system may read its page again later, and what
/// decays in between is found by [`SealedFile::verify_all`].
pub struct SealedFile {
    path: String,
    kind: FileKind,
    expected: Option<FileEntry>,
    whole: MapSlice,
    payload: MapSlice,
    /// Payload with padding: what the blocks cover.
    padded: MapSlice,
    /// Whether the system was told to read no more than is asked for: then a block is read ahead as a whole. Elsewhere that
    /// would take large pages apart.
    scattered: AtomicBool,
    table: MapSlice,
    digest: u64,
    /// Every block was seen to be right. Only a shortcut: the bytes never change, so no order is needed.
    all_checked: AtomicBool,
    /// A bit per block that was seen to be right.
    checked: Box<[AtomicU64]>,
    checked_count: AtomicUsize,
}

impl SealedFile {
    /// Opens a file of `kind`, and where `expected` is given exactly that file.
    ///
    /// # Errors
    /// [`StorageError::NotFound`]; [`StorageError::Corrupt`] where length, header, footer, table or digest are not as
    /// written; [`StorageError::UnsupportedVersion`].
    pub fn open(
        storage: &dyn Storage,
        path: &str,
        kind: FileKind,
        expected: Option<&FileEntry>,
    ) -> Result<Self, StorageError> {
        let whole = storage.map(path)?;
        let footer = check_ends(path, &whole, kind, expected)?;
        let part = |range: Range<usize>| {
            whole.slice(range.clone()).ok_or_else(|| StorageError::OutOfRange {
                file: path.to_owned(),
                start: range.start,
                end: range.end,
                len: whole.len(),
            })
        };
        // Both fit: the footer was compared with the length of the map.
        let payload_end = HEADER_BYTES + footer.payload_len as usize;
        let table_end = whole.len() - FOOTER_BYTES;
        let table_start = table_end - footer.block_count as usize * 8;
        let blocks = footer.block_count as usize;
        Ok(Self {
            path: path.to_owned(),
            kind,
            expected: expected.cloned(),
            payload: part(HEADER_BYTES..payload_end)?,
            padded: part(HEADER_BYTES..table_start)?,
            table: part(table_start..table_end)?,
            whole,
            digest: footer.digest,
            all_checked: AtomicBool::new(blocks == 0),
            scattered: AtomicBool::new(false),
            checked: (0..blocks.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            checked_count: AtomicUsize::new(0),
        })
    }

    /// Tells the system how the file will be read.
    pub fn advise(&self, access: Access) {
        self.scattered.store(access == Access::HereAndThere, Relaxed);
        self.whole.advise(access);
    }

    /// Bytes of payload.
    #[inline]
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    /// Whether there is no payload.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// Relative to the index.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What a manifest keeps of this file.
    pub fn entry(&self) -> FileEntry {
        let name = crate::path::file_name(&self.path).to_owned();
        FileEntry { name, bytes: self.whole.len() as u64, digest: self.digest }
    }

    /// The payload's bytes of `range`; each block that it touches is checked once.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] naming the block; [`StorageError::OutOfRange`].
    #[inline]
    pub fn bytes(&self, range: Range<usize>) -> Result<&[u8], StorageError> {
        if self.all_checked.load(Relaxed)
            && let Some(bytes) = self.payload.get(range.clone())
        {
            return Ok(bytes);
        }
        self.bytes_checked(range)
    }

    /// The whole payload, where every block of it has been checked.
    #[inline]
    pub fn checked(&self) -> Option<&[u8]> {
        self.all_checked.load(Relaxed).then(|| &*self.payload)
    }

    /// Checks the blocks that were not touched yet, so that [`SealedFile::checked`] has the whole.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] naming the first damaged block; those before it are checked then.
    pub fn check_rest(&self) -> Result<(), StorageError> {
        for block in 0..self.table.len() / 8 {
            if self.checked[block / 64].load(Relaxed) & bit(block) == 0 {
                self.check_block(block)?;
                self.trust(block);
            }
        }
        Ok(())
    }

    /// As [`SealedFile::bytes`], sharing the memory beyond the life of this value.
    ///
    /// # Errors
    /// As [`SealedFile::bytes`].
    pub fn map_slice(&self, range: Range<usize>) -> Result<MapSlice, StorageError> {
        self.bytes(range.clone())?;
        self.payload.slice(range.clone()).ok_or_else(|| self.outside(range))
    }

    /// Checks the whole file again, also what was checked before.
    ///
    /// # Errors
    /// As [`SealedFile::open`] and [`SealedFile::bytes`], at the first damage. Damaged blocks are refused from then on.
    pub fn verify_all(&self) -> Result<(), StorageError> {
        check_ends(&self.path, &self.whole, self.kind, self.expected.as_ref())?;
        for block in 0..self.table.len() / 8 {
            if let Err(error) = self.check_block(block) {
                self.distrust(block);
                return Err(error);
            }
            self.trust(block);
        }
        Ok(())
    }

    /// Checks the blocks of a range of the payload again, also those that were checked before.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] at the first damaged block, which is refused from then on; [`StorageError::OutOfRange`].
    pub fn verify(&self, range: Range<usize>) -> Result<(), StorageError> {
        let bytes = self.payload.get(range.clone()).ok_or_else(|| self.outside(range.clone()))?;
        for block in range.start / BLOCK_BYTES..(range.start + bytes.len()).div_ceil(BLOCK_BYTES) {
            self.check_block(block).inspect_err(|_| self.distrust(block))?;
        }
        Ok(())
    }

    /// Checks what lies around the payload again.
    ///
    /// # Errors
    /// As [`SealedFile::open`].
    pub fn recheck_ends(&self) -> Result<(), StorageError> {
        check_ends(&self.path, &self.whole, self.kind, self.expected.as_ref()).map(drop)
    }

    /// Bytes under checksums, in blocks of [`BLOCK_BYTES`].
    pub fn checked_len(&self) -> usize {
        self.padded.len()
    }

    /// Checks whole blocks again, whether they were checked before or not: those that begin within `range` of
    /// [`SealedFile::checked_len`]. They are read from `file`, not through the map, and are forgotten by the system afterwards if
    /// nothing has them mapped. Damaged blocks are refused from then on.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] naming the first damaged block, also where the system cannot read it.
    pub fn recheck(
        &self,
        range: Range<usize>,
        file: &dyn ReadFile,
        buffer: &mut Vec<u8>,
    ) -> Result<(), StorageError> {
        let mut checked = Ok(());
        for block in range.start.div_ceil(BLOCK_BYTES)..range.end.min(self.padded.len()).div_ceil(BLOCK_BYTES)
        {
            let start = block * BLOCK_BYTES;
            let end = self.padded.len().min(start + BLOCK_BYTES);
            buffer.resize(end - start, 0);
            let at = (HEADER_BYTES + start) as u64;
            let found = file.read_at(at, buffer).map(|()| xxh3_64(buffer));
            file.forget(at, buffer.len() as u64);
            if let Err(error) = found.and_then(|found| self.compare(block, found)) {
                self.distrust(block);
                checked = checked.and(Err(error));
            }
        }
        checked
    }

    #[cold]
    #[inline(never)]
    fn bytes_checked(&self, range: Range<usize>) -> Result<&[u8], StorageError> {
        let bytes = self.payload.get(range.clone()).ok_or_else(|| self.outside(range.clone()))?;
        if !bytes.is_empty() {
            for block in range.start / BLOCK_BYTES..=(range.end - 1) / BLOCK_BYTES {
                if self.checked[block / 64].load(Relaxed) & bit(block) == 0 {
                    self.check_block(block)?;
                    self.trust(block);
                }
            }
        }
        Ok(bytes)
    }

    fn check_block(&self, block: usize) -> Result<(), StorageError> {
        let start = block * BLOCK_BYTES;
        let end = self.padded.len().min(start + BLOCK_BYTES);
        if self.scattered.load(Relaxed) {
            self.padded.read_ahead(start..end);
        }
        self.compare(block, xxh3_64(&self.padded[start..end]))
    }

    /// Holds the checksum of a block against the one that was written.
    fn compare(&self, block: usize, found: u64) -> Result<(), StorageError> {
        let expected = u64_at(&self.table, block * 8);
        if expected == found {
            return Ok(());
        }
        let start = block * BLOCK_BYTES;
        let bytes = (self.padded.len() - start).min(BLOCK_BYTES);
        let span = |checksum| format!("{} over {bytes} bytes", shown(checksum));
        Err(StorageError::corrupt(&self.path, (HEADER_BYTES + start) as u64, span(expected), span(found)))
    }

    fn trust(&self, block: usize) {
        let before = self.checked[block / 64].fetch_or(bit(block), Relaxed);
        if before & bit(block) == 0 {
            let count = self.checked_count.fetch_add(1, Relaxed) + 1;
            if count == self.table.len() / 8 {
                self.all_checked.store(true, Relaxed);
            }
        }
    }

    fn distrust(&self, block: usize) {
        self.all_checked.store(false, Relaxed);
        let before = self.checked[block / 64].fetch_and(!bit(block), Relaxed);
        if before & bit(block) != 0 {
            self.checked_count.fetch_sub(1, Relaxed);
        }
    }

    fn outside(&self, range: Range<usize>) -> StorageError {
        StorageError::OutOfRange {
            file: self.path.clone(),
            start: range.start,
            end: range.end,
            len: self.payload.len(),
        }
    }
}

fn bit(block: usize) -> u64 {
    1 << (block % 64)
}

/// Checks everything but the payload.
fn check_ends(
    path: &str,
    whole: &[u8],
    kind: FileKind,
    expected: Option<&FileEntry>,
) -> Result<Footer, StorageError> {
    if let Some(expected) = expected
        && expected.bytes != whole.len() as u64
    {
        let (expected, found) = (format!("{} bytes", expected.bytes), format!("{} bytes", whole.len()));
        return Err(StorageError::corrupt(path, whole.len() as u64, expected, found));
    }
    let header = &whole[..whole.len().min(HEADER_BYTES)];
    if header.len() == HEADER_BYTES {
        layout::check_header(path, header, kind)?;
    }
    let footer = Footer::read(path, whole)?;
    let footer_start = whole.len() - FOOTER_BYTES;
    let table = &whole[footer_start - footer.block_count as usize * 8..footer_start];
    let found = layout::digest(header, table, footer.payload_len);
    if footer.digest != found {
        let offset = (footer_start - table.len()) as u64;
        return Err(StorageError::corrupt(path, offset, shown(footer.digest), shown(found)));
    }
    if let Some(expected) = expected
        && expected.digest != footer.digest
    {
        let digest = |digest: u64| format!("a file of digest {digest:016x}");
        return Err(StorageError::corrupt(
            path,
            footer_start as u64 + 24,
            digest(expected.digest),
            digest(footer.digest),
        ));
    }
    Ok(footer)
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedFile({}, {} bytes)", self.path, self.payload.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DiskStorage, FaultStorage, SealedWriter};
    use proptest::prelude::*;
    use std::io::Write;

    const KIND: FileKind = FileKind { tag: *b"TEST", version: 3 };

    fn pattern(len: usize, seed: u8) -> Vec<u8> {
        (0..len).map(|i| (i * 31 % 251) as u8 ^ seed).collect()
    }

    fn write(storage: &dyn Storage, path: &str, payload: &[u8]) -> FileEntry {
        let mut writer = SealedWriter::create(storage, path, KIND).unwrap();
        writer.append(payload).unwrap();
        writer.finish().unwrap()
    }

    /// Opens and reads everything, in the way that `path` says.
    fn read(storage: &dyn Storage, entry: Option<&FileEntry>, verify: bool) -> Result<Vec<u8>, StorageError> {
        let file = SealedFile::open(storage, "f", KIND, entry)?;
        if verify {
            file.verify_all()?;
        }
        Ok(file.bytes(0..file.len())?.to_vec())
    }

    #[test]
    fn payloads_of_every_size_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let disk = DiskStorage::create(folder.path()).unwrap();
        let memory = FaultStorage::new();
        for storage in [&disk as &dyn Storage, &memory] {
            for len in [0, 1, 7, 8, 63, 65535, 65536, 65537, 200_001] {
                let payload = pattern(len, 1);
                let entry = write(storage, "f", &payload);
                assert_eq!((entry.name.as_str(), entry.bytes), ("f", storage.len("f").unwrap()));
                assert_eq!(read(storage, Some(&entry), false).unwrap(), payload);
                let file = SealedFile::open(storage, "f", KIND, None).unwrap();
                assert_eq!((file.len(), file.is_empty(), file.entry()), (len, len == 0, entry));
                storage.remove("f").unwrap();
            }
        }
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(48))]
        #[test]
        fn the_pieces_do_not_matter(
            pieces in prop::collection::vec((0_usize..90_000, prop::sample::select(vec![1_usize, 8, 64])), 0..5),
            reads in prop::collection::vec((0_usize..300_000, 0_usize..100_000), 0..20),
        ) {
            let storage = FaultStorage::new();
            let mut writer = SealedWriter::create(&storage, "f", KIND).unwrap();
            let mut payload = Vec::new();
            for (i, &(len, align)) in pieces.iter().enumerate() {
                let piece = pattern(len, i as u8);
                writer.write_all(&piece).unwrap();
                payload.extend_from_slice(&piece);
                writer.align_to(align).unwrap();
                payload.resize(payload.len().next_multiple_of(align), 0);
                prop_assert_eq!(writer.position(), payload.len() as u64);
            }
            let entry = writer.finish().unwrap();
            let file = SealedFile::open(&storage, "f", KIND, Some(&entry)).unwrap();
            for (start, len) in reads {
                let got = file.bytes(start..start + len).ok();
                prop_assert_eq!(got, payload.get(start..start + len));
                let shared = file.map_slice(start..start + len).ok();
                prop_assert_eq!(shared.as_deref(), payload.get(start..start + len));
            }
            prop_assert_eq!(file.bytes(0..payload.len()).unwrap(), &payload[..]);
        }
    }

    #[test]
    fn every_flipped_byte_is_detected() {
        for len in [0, 5, 300] {
            let storage = FaultStorage::new();
            let payload = pattern(len, 0);
            let entry = write(&storage, "f", &payload);
            let good = storage.read("f").unwrap();
            for byte in 0..good.len() {
                for flip in [0x01, 0x80, 0xff] {
                    let mut bad = good.clone();
                    bad[byte] ^= flip;
                    storage.damage("f", bad);
                    for entry in [None, Some(&entry)] {
                        // Reading alone finds what is not in the padding, and there is nothing to read of that.
                        match read(&storage, entry, true) {
                            Err(StorageError::Corrupt { .. } | StorageError::UnsupportedVersion { .. }) => {}
                            other => panic!("byte {byte} of {}: {other:?}", good.len()),
                        }
                        let seen = read(&storage, entry, false);
                        assert!(seen.is_err() || seen.unwrap() == payload, "byte {byte}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_cut_and_every_tail_is_detected() {
        let storage = FaultStorage::new();
        let entry = write(&storage, "f", &pattern(100, 0));
        let good = storage.read("f").unwrap();
        for len in 0..good.len() {
            storage.damage("f", good[..len].to_vec());
            assert!(matches!(read(&storage, None, false), Err(StorageError::Corrupt { .. })), "{len} bytes");
            assert!(matches!(read(&storage, Some(&entry), false), Err(StorageError::Corrupt { .. })));
        }
        for tail in [1, 8, 64, 65536] {
            let mut long = good.clone();
            long.resize(good.len() + tail, 0);
            storage.damage("f", long);
            assert!(read(&storage, None, false).is_err(), "{tail} more");
        }
    }

    #[test]
    fn a_block_is_refused_where_it_is_damaged_and_others_are_read() {
        let storage = FaultStorage::new();
        let payload = pattern(3 * BLOCK_BYTES, 0);
        write(&storage, "f", &payload);
        let mut bytes = storage.read("f").unwrap();
        bytes[HEADER_BYTES + BLOCK_BYTES + 77] ^= 1;
        storage.damage("f", bytes);
        let file = SealedFile::open(&storage, "f", KIND, None).unwrap();
        assert_eq!(file.bytes(0..BLOCK_BYTES).unwrap(), &payload[..BLOCK_BYTES]);
        assert_eq!(file.bytes(2 * BLOCK_BYTES..3 * BLOCK_BYTES).unwrap(), &payload[2 * BLOCK_BYTES..]);
        for range in [BLOCK_BYTES..BLOCK_BYTES + 1, BLOCK_BYTES - 1..BLOCK_BYTES + 1, 0..file.len()] {
            let error = file.bytes(range.clone()).unwrap_err();
            assert!(matches!(error, StorageError::Corrupt { offset: 65600, .. }), "{error}");
            assert!(file.map_slice(range).is_err());
        }
        assert!(file.verify_all().unwrap_err().to_string().starts_with("f is damaged at byte 65600"));
    }

    #[test]
    fn decay_after_the_first_check_is_found_by_verify_all() {
        let folder = tempfile::tempdir().unwrap();
        let storage = DiskStorage::create(folder.path()).unwrap();
        write(&storage, "f", &pattern(1000, 0));
        let file = SealedFile::open(&storage, "f", KIND, None).unwrap();
        file.verify_all().unwrap();
        let decayed = std::fs::OpenOptions::new().write(true).open(folder.path().join("f")).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&decayed, b"!", 500).unwrap();
        assert!(file.verify_all().is_err());
        assert!(file.bytes(0..10).is_err());
    }

    #[test]
    fn decay_is_found_by_reading_again_and_only_damaged_blocks_are_refused_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let storage = DiskStorage::create(folder.path()).unwrap();
        let payload = pattern(3 * BLOCK_BYTES + 100, 0);
        write(&storage, "f", &payload);
        let file = SealedFile::open(&storage, "f", KIND, None).unwrap();
        file.verify_all().unwrap();
        let (reader, mut buffer) = (storage.open_read("f").unwrap(), Vec::new());
        let mut recheck = |range| file.recheck(range, &*reader, &mut buffer);
        recheck(0..file.checked_len()).unwrap();
        let decayed = std::fs::OpenOptions::new().write(true).open(folder.path().join("f")).unwrap();
        for at in [BLOCK_BYTES + 500, 3 * BLOCK_BYTES + 80] {
            std::os::unix::fs::FileExt::write_all_at(&decayed, b"!", (HEADER_BYTES + at) as u64).unwrap();
        }
        let at = |block: usize| format!("byte {}", HEADER_BYTES + block * BLOCK_BYTES);
        let error = recheck(0..file.checked_len()).unwrap_err();
        assert!(error.to_string().contains(&at(1)), "{error}");
        assert!(recheck(2 * BLOCK_BYTES..file.checked_len()).unwrap_err().to_string().contains(&at(3)));
        recheck(2 * BLOCK_BYTES..3 * BLOCK_BYTES).unwrap();
        assert_eq!(file.bytes(0..BLOCK_BYTES).unwrap(), &payload[..BLOCK_BYTES]);
        assert!(file.bytes(BLOCK_BYTES..BLOCK_BYTES + 1).is_err() && file.bytes(0..file.len()).is_err());
        file.verify(BLOCK_BYTES - 10..BLOCK_BYTES).unwrap();
        assert!(file.verify(BLOCK_BYTES - 10..BLOCK_BYTES + 1).unwrap_err().to_string().contains(&at(1)));
        file.recheck_ends().unwrap();
    }

    #[test]
    fn a_file_in_the_place_of_another_is_noticed() {
        let storage = FaultStorage::new();
        let right = write(&storage, "right", &pattern(500, 1));
        let wrong = write(&storage, "wrong", &pattern(500, 2));
        assert_eq!(right.bytes, wrong.bytes);
        storage.damage("right", storage.read("wrong").unwrap());
        assert!(SealedFile::open(&storage, "right", KIND, None).is_ok());
        let error = SealedFile::open(&storage, "right", KIND, Some(&right)).unwrap_err().to_string();
        assert!(error.contains(&format!("{:016x}", right.digest)), "{error}");
    }

    #[test]
    fn a_digest_names_the_length_too() {
        let storage = FaultStorage::new();
        // The same bytes once they are padded.
        assert_ne!(write(&storage, "a", &[1]).digest, write(&storage, "b", &[1, 0]).digest);
    }

    #[test]
    fn a_damaged_block_table_is_refused_before_anything_is_read() {
        let storage = FaultStorage::new();
        write(&storage, "f", &pattern(100_000, 0));
        let mut bytes = storage.read("f").unwrap();
        let table = bytes.len() - FOOTER_BYTES - 16;
        bytes[table] ^= 1;
        storage.damage("f", bytes);
        let error = SealedFile::open(&storage, "f", KIND, None).unwrap_err();
        assert!(matches!(error, StorageError::Corrupt { offset, .. } if offset == table as u64), "{error}");
    }

    #[test]
    fn other_kinds_and_versions_are_named() {
        let storage = FaultStorage::new();
        write(&storage, "f", b"x");
        let open = |kind| SealedFile::open(&storage, "f", kind, None).unwrap_err();
        let error = open(FileKind { version: 2, ..KIND });
        assert!(matches!(error, StorageError::UnsupportedVersion { found: 3, supported: 2, .. }), "{error}");
        let error = open(FileKind { tag: *b"RECS", version: 3 }).to_string();
        assert!(error.contains("expected kind RECS, found kind TEST"), "{error}");
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges)]
    fn ranges_outside_are_refused_before_and_after_all_is_checked() {
        let storage = FaultStorage::new();
        write(&storage, "f", &[1; 100]);
        let file = SealedFile::open(&storage, "f", KIND, None).unwrap();
        for _ in 0..2 {
            for range in [0..101, 101..101, 5..4, usize::MAX - 1..usize::MAX] {
                assert!(matches!(file.bytes(range.clone()), Err(StorageError::OutOfRange { .. })));
                assert!(matches!(file.map_slice(range), Err(StorageError::OutOfRange { .. })));
            }
            assert!(file.bytes(100..100).unwrap().is_empty());
            file.verify_all().unwrap();
        }
    }

    #[test]
    fn a_file_that_was_not_finished_is_refused() {
        let storage = FaultStorage::new();
        let mut writer = SealedWriter::create(&storage, "f", KIND).unwrap();
        writer.append(&pattern(200_000, 0)).unwrap();
        drop(writer);
        assert!(matches!(read(&storage, None, false), Err(StorageError::Corrupt { .. })));
    }

    #[test]
    fn a_full_disk_is_named_whichever_write_fails() {
        let count = {
            let storage = FaultStorage::new();
            write(&storage, "f", &pattern(70_000, 0));
            storage.operations()
        };
        for k in 0..count {
            let storage = FaultStorage::new();
            storage.fail_at(k, crate::FaultKind::Full);
            let result = SealedWriter::create(&storage, "f", KIND).and_then(|mut writer| {
                writer.append(&pattern(70_000, 0))?;
                writer.finish()
            });
            assert!(matches!(result, Err(StorageError::Full { .. })), "operation {k}");
        }
    }

    #[test]
    fn threads_may_check_the_same_blocks() {
        let storage = FaultStorage::new();
        let payload = pattern(5 * BLOCK_BYTES, 3);
        write(&storage, "f", &payload);
        let file = SealedFile::open(&storage, "f", KIND, None).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(file.bytes(0..payload.len()).unwrap(), &payload[..]));
            }
        });
        assert!(file.all_checked.load(Relaxed));
        assert_eq!(file.checked_count.load(Relaxed), 5);
    }
}
