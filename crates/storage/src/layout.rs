//! Sealed files, byte by byte. All numbers are little endian.
//!
//! | part | bytes | holds |
//! |---|---|---|
//! | header | 64 | see below |
//! | payload | `payload_len` | starts at byte 64 |
//! | padding | 0 to 7 | zeros, so that the table starts at a multiple of 8 |
//! | table | 8 x `block_count` | xxh3-64 of each 65536 bytes of payload with its padding; the last block may be shorter |
//! | footer | 64 | see below |
//!
//! Header: 0 magic `PRECDENT`; 8 kind, 4 bytes; 12 version of the kind, u32; 16 bytes per block, u32 = 65536; 20 zeros;
//! 56 xxh3-64 of bytes 0 to 55.
//!
//! Footer: 0 magic `PRECDENT`; 8 `payload_len`, u64; 16 `block_count`, u64; 24 digest, xxh3-64 of header, table and
//! `payload_len` one after the other; 32 zeros; 56 xxh3-64 of bytes 0 to 55 of the footer.
//!
//! Every byte of the file is thus under a checksum, and the digest names the content: a file of the same kind in
//! the place of another is noticed without reading its payload. xxh3 finds accidents, it is no signature.

use crate::StorageError;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// Bytes of payload under one checksum.
pub const BLOCK_BYTES: usize = 65536;
pub(crate) const HEADER_BYTES: usize = 64;
pub(crate) const FOOTER_BYTES: usize = 64;
/// Header and footer carry a checksum of what comes before this offset in them.
const SEALED_BYTES: usize = 56;
const MAGIC: [u8; 8] = *b"PRECDENT";

/// What a sealed file holds, and in which version of its own layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileKind {
    /// Four letters that name the kind.
    pub tag: [u8; 4],
    /// Version of the payload's layout.
    pub version: u32,
}

/// What a manifest keeps of a sealed file, so that another in its place is noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Last part of the path.
    pub name: String,
    /// Length of the whole file.
    pub bytes: u64,
    /// Names the content: xxh3-64 over header, block checksums and payload length.
    pub digest: u64,
}

/// The facts of a footer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub payload_len: u64,
    pub block_count: u64,
    pub digest: u64,
}

/// The array at `offset`; zeros where `bytes` is too short, which callers exclude before.
pub(crate) fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, offset))
}

pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, offset))
}

/// How a checksum is shown in an error.
pub(crate) fn shown(checksum: u64) -> String {
    format!("checksum {checksum:016x}")
}

/// Puts the checksum of the first 56 bytes behind them.
pub(crate) fn seal(bytes: &mut [u8; 64]) {
    let checksum = xxh3_64(&bytes[..SEALED_BYTES]);
    bytes[SEALED_BYTES..].copy_from_slice(&checksum.to_le_bytes());
}

/// Checks magic and checksum of a 64-byte header or footer that lies at `offset` of `file`.
pub(crate) fn check_seal(file: &str, offset: u64, magic: [u8; 8], bytes: &[u8]) -> Result<(), StorageError> {
    if array_at(bytes, 0) != magic {
        let expected = format!("the mark {}", magic.escape_ascii());
        return Err(StorageError::corrupt(file, offset, expected, "other bytes"));
    }
    let (expected, found) =
        (u64_at(bytes, SEALED_BYTES), xxh3_64(bytes.get(..SEALED_BYTES).unwrap_or_default()));
    if expected != found {
        return Err(StorageError::corrupt(file, offset, shown(expected), shown(found)));
    }
    Ok(())
}

pub(crate) fn header(kind: FileKind) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&kind.tag);
    bytes[12..16].copy_from_slice(&kind.version.to_le_bytes());
    bytes[16..20].copy_from_slice(&(BLOCK_BYTES as u32).to_le_bytes());
    seal(&mut bytes);
    bytes
}

pub(crate) fn check_header(file: &str, bytes: &[u8], kind: FileKind) -> Result<(), StorageError> {
    check_seal(file, 0, MAGIC, bytes)?;
    let tag: [u8; 4] = array_at(bytes, 8);
    if tag != kind.tag {
        let name = |tag: [u8; 4]| format!("kind {}", tag.escape_ascii());
        return Err(StorageError::corrupt(file, 8, name(kind.tag), name(tag)));
    }
    let found = u32_at(bytes, 12);
    if found != kind.version {
        let file = file.to_owned();
        return Err(StorageError::UnsupportedVersion { file, found, supported: kind.version });
    }
    let block = u32_at(bytes, 16);
    if block as usize != BLOCK_BYTES {
        return Err(StorageError::corrupt(file, 16, format!("blocks of {BLOCK_BYTES} bytes"), block));
    }
    Ok(())
}

impl Footer {
    pub fn new(payload_len: u64, header: &[u8], table: &[u8]) -> Self {
        let block_count = (table.len() / 8) as u64;
        Self { payload_len, block_count, digest: digest(header, table, payload_len) }
    }

    pub fn bytes(&self) -> [u8; FOOTER_BYTES] {
        let mut bytes = [0; FOOTER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.payload_len.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.block_count.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.digest.to_le_bytes());
        seal(&mut bytes);
        bytes
    }

    /// The footer at the end of a file, against the length of the file.
    pub fn read(file: &str, whole: &[u8]) -> Result<Self, StorageError> {
        let len = whole.len() as u64;
        let Some(offset) = whole.len().checked_sub(FOOTER_BYTES).filter(|&offset| offset >= HEADER_BYTES)
        else {
            let least = HEADER_BYTES + FOOTER_BYTES;
            return Err(StorageError::corrupt(
                file,
                len,
                format!("{least} bytes or more"),
                format!("{len} bytes"),
            ));
        };
        let bytes = &whole[offset..];
        check_seal(file, offset as u64, MAGIC, bytes)?;
        let footer =
            Self { payload_len: u64_at(bytes, 8), block_count: u64_at(bytes, 16), digest: u64_at(bytes, 24) };
        if footer.file_bytes() != Some(len) {
            let found = format!("a footer for {} bytes in {} blocks", footer.payload_len, footer.block_count);
            return Err(StorageError::corrupt(file, offset as u64, format!("a file of {len} bytes"), found));
        }
        Ok(footer)
    }

    /// Payload and padding.
    pub fn padded_len(&self) -> Option<u64> {
        self.payload_len.checked_next_multiple_of(8)
    }

    /// Length of a file with this footer; `None` where the numbers do not fit each other.
    fn file_bytes(&self) -> Option<u64> {
        let padded = self.padded_len()?;
        if padded.div_ceil(BLOCK_BYTES as u64) != self.block_count {
            return None;
        }
        padded
            .checked_add(self.block_count.checked_mul(8)?)?
            .checked_add((HEADER_BYTES + FOOTER_BYTES) as u64)
    }
}

pub(crate) fn digest(header: &[u8], table: &[u8], payload_len: u64) -> u64 {
    let mut state = Xxh3Default::new();
    state.update(header);
    state.update(table);
    state.update(&payload_len.to_le_bytes());
    state.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_the_documented_bytes() {
        let bytes = header(FileKind { tag: *b"RECS", version: 7 });
        assert_eq!(&bytes[..20], b"PRECDENTRECS\x07\0\0\0\0\0\x01\0");
        assert_eq!(bytes[20..56], [0; 36]);
        assert_eq!(u64_at(&bytes, 56), xxh3_64(&bytes[..56]));
    }

    #[test]
    fn lengths_that_overflow_are_refused() {
        for (payload_len, block_count) in [(u64::MAX, 0), (u64::MAX - 8, u64::MAX / 8), (0, u64::MAX), (8, 0)]
        {
            assert_eq!(Footer { payload_len, block_count, digest: 0 }.file_bytes(), None);
        }
        assert_eq!(Footer { payload_len: 0, block_count: 0, digest: 0 }.file_bytes(), Some(128));
        assert_eq!(
            Footer { payload_len: 65530, block_count: 1, digest: 0 }.file_bytes(),
            Some(65536 + 8 + 128)
        );
    }
}
