//! The log, byte by byte. All numbers are little endian.
//!
//! A log is a folder of files `<first sequence, 20 digits>.log`. Each starts with a 64-byte header: 0 magic `PRECDLOG`;
//! 8 version, u32 = 1; 12 zeros; 16 first sequence, u64; 24 salt, u64; 32 zeros; 56 xxh3-64 of bytes 0 to 55.
//!
//! Frames follow, each at a multiple of 8 and with the next sequence:
//!
//! | offset | bytes | holds |
//! |---|---|---|
//! | 0 | 4 | mark: the upper half of the salt, lowest bit set |
//! | 4 | 4 | `n`, bytes of payload |
//! | 8 | 8 | sequence |
//! | 16 | 8 | durable: every frame with a lower sequence was synced before this one was written |
//! | 24 | 8 | xxh3-64, seeded with the salt, of bytes 0 to 23 |
//! | 32 | `n` | payload, then zeros to a multiple of 8, each 8 bytes XORed with the salt, lowest bit set |
//! | 32 + `n` rounded up to 8 | 8 | xxh3-64, seeded with the salt, of all before |
//!
//! The salt is random per file. With it no payload can hold what looks like a frame, by accident or on purpose; and
//! payloads of zeros are not zeros in the file, so that a sector of zeros is one that never reached the disk.

use crate::StorageError;
use crate::layout::{check_seal, seal, u32_at, u64_at};
use std::hash::{BuildHasher, RandomState};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes of payload that a frame may hold at most: 64 MiB.
pub const MAX_FRAME: usize = 64 << 20;
pub(crate) const LOG_HEADER: usize = 64;
const FRAME_HEADER: usize = 32;
const CHECKSUM: usize = 8;
const MAGIC: [u8; 8] = *b"PRECDLOG";
const VERSION: u32 = 1;

/// What the frames of one file are marked and hashed with.
#[derive(Clone, Copy)]
pub(crate) struct Salt(u64);

impl Salt {
    /// Differs from file to file. It need not be secret to the program's owner, only to who sends entries.
    pub fn random() -> Self {
        Self(RandomState::new().hash_one(0_u8))
    }

    fn mark(self) -> u32 {
        (self.0 >> 32) as u32 | 1
    }

    pub fn hash(self, bytes: &[u8]) -> u64 {
        xxh3_64_with_seed(bytes, self.0)
    }

    /// Masks and unmasks.
    fn mask(self, bytes: &mut [u8]) {
        let mask = (self.0 | 1).to_le_bytes();
        for word in bytes.chunks_mut(8) {
            word.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        }
    }
}

/// The header of a log file.
pub(crate) fn file_header(first: u64, salt: Salt) -> [u8; LOG_HEADER] {
    let mut bytes = [0; LOG_HEADER];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&first.to_le_bytes());
    bytes[24..32].copy_from_slice(&salt.0.to_le_bytes());
    seal(&mut bytes);
    bytes
}

/// Checks the header of the file that is named for `first`.
pub(crate) fn read_file_header(file: &str, bytes: &[u8], first: u64) -> Result<Salt, StorageError> {
    let Some(header) = bytes.get(..LOG_HEADER) else {
        let found = format!("{} bytes", bytes.len());
        return Err(StorageError::corrupt(file, 0, format!("a header of {LOG_HEADER} bytes"), found));
    };
    check_seal(file, 0, MAGIC, header)?;
    let found = u32_at(header, 8);
    if found != VERSION {
        return Err(StorageError::UnsupportedVersion { file: file.to_owned(), found, supported: VERSION });
    }
    let named = u64_at(header, 16);
    if named != first {
        return Err(StorageError::corrupt(file, 16, format!("first sequence {first}"), named));
    }
    Ok(Salt(u64_at(header, 24)))
}

/// Bytes of a frame with this much payload.
pub(crate) fn frame_bytes(payload: usize) -> usize {
    FRAME_HEADER + payload.next_multiple_of(8) + CHECKSUM
}

/// Appends a frame to `out`, which may hold other frames. The payload is at most [`MAX_FRAME`].
pub(crate) fn encode(out: &mut Vec<u8>, salt: Salt, sequence: u64, durable: u64, payload: &[u8]) {
    let start = out.len();
    out.reserve(frame_bytes(payload.len()));
    out.extend_from_slice(&salt.mark().to_le_bytes());
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&durable.to_le_bytes());
    let check = salt.hash(&out[start..]);
    out.extend_from_slice(&check.to_le_bytes());
    out.extend_from_slice(payload);
    out.resize(start + FRAME_HEADER + payload.len().next_multiple_of(8), 0);
    salt.mask(&mut out[start + FRAME_HEADER..]);
    let check = salt.hash(&out[start..]);
    out.extend_from_slice(&check.to_le_bytes());
}

/// A frame whose checksums are right.
pub(crate) struct Frame<'a> {
    pub sequence: u64,
    pub durable: u64,
    masked: &'a [u8],
    salt: Salt,
    /// Bytes with header, padding and checksum.
    pub bytes: usize,
}

impl Frame<'_> {
    /// The payload as it went in.
    pub fn payload(&self) -> Vec<u8> {
        let mut bytes = self.masked.to_vec();
        self.salt.mask(&mut bytes);
        bytes
    }
}

/// Why there is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoFrame {
    /// The bytes end before the frame does.
    Short,
    /// The bytes are not what was written.
    Bad,
}

/// The frame at the start of `bytes`.
pub(crate) fn decode(bytes: &[u8], salt: Salt) -> Result<Frame<'_>, NoFrame> {
    let header = bytes.get(..FRAME_HEADER).ok_or(NoFrame::Short)?;
    let len = u32_at(header, 4) as usize;
    if u32_at(header, 0) != salt.mark() || u64_at(header, 24) != salt.hash(&header[..24]) || len > MAX_FRAME {
        return Err(NoFrame::Bad);
    }
    let whole = bytes.get(..frame_bytes(len)).ok_or(NoFrame::Short)?;
    let (body, check) = whole.split_at(whole.len() - CHECKSUM);
    if u64_at(check, 0) != salt.hash(body) {
        return Err(NoFrame::Bad);
    }
    let masked = &body[FRAME_HEADER..FRAME_HEADER + len];
    Ok(Frame { sequence: u64_at(header, 8), durable: u64_at(header, 16), masked, salt, bytes: whole.len() })
}

/// The first frame after the one that should start at `from`, and where it is.
pub(crate) fn next_frame(bytes: &[u8], from: usize, salt: Salt) -> Option<(usize, Frame<'_>)> {
    let mut at = from + 8;
    while at < bytes.len() {
        if let Ok(frame) = decode(&bytes[at..], salt) {
            return Some((at, frame));
        }
        at += 8;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::seeded::cases(64))]
        #[test]
        fn frames_come_back_as_they_went_in(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..8),
            first in 0_u64..u64::MAX / 2,
            salt in any::<u64>(),
        ) {
            let mut bytes = Vec::new();
            for (i, payload) in payloads.iter().enumerate() {
                encode(&mut bytes, Salt(salt), first + i as u64, first, payload);
                prop_assert_eq!(bytes.len() % 8, 0);
            }
            let mut rest = &bytes[..];
            for (i, payload) in payloads.iter().enumerate() {
                let frame = decode(rest, Salt(salt)).map_err(|_| TestCaseError::fail("no frame"))?;
                prop_assert_eq!((frame.sequence, frame.durable), (first + i as u64, first));
                prop_assert_eq!(&frame.payload(), payload);
                rest = &rest[frame.bytes..];
            }
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let mut bytes = Vec::new();
        encode(&mut bytes, Salt(77), 5, 4, b"a payload of some length");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped, Salt(77)).err(), Some(NoFrame::Bad), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len], Salt(77)).err(), Some(NoFrame::Short), "{len} bytes");
        }
    }

    #[test]
    fn a_frame_of_another_file_is_none() {
        let mut bytes = Vec::new();
        encode(&mut bytes, Salt(1 << 40), 5, 4, b"x");
        assert!(decode(&bytes, Salt(1 << 41)).is_err());
        // Even with the same mark.
        assert!(decode(&bytes, Salt((1 << 40) + 1)).is_err());
    }

    #[test]
    fn a_file_header_is_checked() {
        let header = file_header(9, Salt(3));
        assert_eq!(read_file_header("f", &header, 9).map(|salt| salt.0).ok(), Some(3));
        assert!(read_file_header("f", &header, 8).is_err());
        for byte in 0..LOG_HEADER {
            let mut flipped = header;
            flipped[byte] ^= 1;
            assert!(read_file_header("f", &flipped, 9).is_err(), "byte {byte}");
            assert!(read_file_header("f", &header[..byte], 9).is_err());
        }
    }
}
