//! The bytes of a segment: tantivy's files and our token counts in one bundle.
//!
//! All numbers are little-endian. `n` is the number of documents, `m` of files, and 7 fields have token counts (`text`,
//! `indication`, `comparison`, `technique`, `findings`, `impression`, `body`, in this order).
//!
//! ```text
//! offset  bytes  content
//!      0      8  magic "PRLEXIC1"
//!      8      4  format version, u32: 3; versions 1 and 2 are read too
//!     12      4  analyzer version, u32: 2; version 1 is read too
//!     16      4  documents n, u32
//!     20      4  documents with at least one token in any field, u32
//!     24      4  fields with token counts, u32: 7
//!     28      4  files m, u32
//!     32      8  length of the whole bundle, u64
//!     40      8  offset of the token counts, u64
//!     48     56  per field: tokens in all documents, u64
//!    104  32 * m  per file: name (16 bytes of ASCII, then zeros), offset u64, length u64
//!     ..         the files, in the order of the table, each from a multiple of 8, zeros between
//!     ..  28 * n  from a multiple of 8: per field, in order: per document, in order: tokens, u32
//! ```
//!
//! The files are those that tantivy 0.27 wrote for one segment: `meta.json`, and by their extension `fieldnorm`, `term`,
//! `idx`, `pos`, `fast`, `store`. The random id that tantivy gave the segment is replaced by a fixed one, so equal
//! documents give equal bytes. Checksums are the matter of the file that holds the bundle.
//!
//! The versions differ in what tantivy's files hold. Version 1 has those 7 fields. In version 2 seven more follow:
//! `present`, `uncertain`, `absent`, `historical`, `hypothetical`, `other_person` and `finding`. They are parts of `text`
//! and have its token counts. Version 3 has another file, `words`, which `vocabulary` describes.

use crate::analyzer::{ANALYZER_VERSION, OLDEST_ANALYZER};
use crate::schema::MEASURED_COUNT;
use crate::{LexicalError, OwnedBytes, Pages};
use std::ops::Range;

/// Version of the byte format that is written. Every version from 1 up to it is read.
pub const BUNDLE_VERSION: u32 = 3;
const OLDEST_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"PRLEXIC1";
const FIXED_BYTES: usize = 48 + 8 * MEASURED_COUNT;
const NAME_BYTES: usize = 16;
const ENTRY_BYTES: usize = NAME_BYTES + 16;
/// Eight are written; more than these are a damaged number.
const MAX_FILES: u32 = 32;
const ALIGNMENT: usize = 8;

/// What the head of a bundle says.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) version: u32,
    pub(crate) documents: u32,
    pub(crate) documents_with_words: u32,
    pub(crate) tokens: [u64; MEASURED_COUNT],
    /// Names and places of the files.
    pub(crate) files: Vec<(String, Range<usize>)>,
    counts: usize,
}

impl Header {
    /// The bytes of the token counts of a field with counts.
    pub(crate) fn counts(&self, field: usize) -> Range<usize> {
        let bytes = self.documents as usize * 4;
        let start = self.counts + field * bytes;
        start..start + bytes
    }

    /// Reads and checks the head.
    pub(crate) fn read(pages: &dyn Pages) -> Result<Self, LexicalError> {
        let length = pages.len();
        if length < FIXED_BYTES {
            return Err(damaged(
                "length",
                0,
                format!("at least {FIXED_BYTES} bytes"),
                format!("{length} bytes"),
            ));
        }
        let head = pages.owned(0..FIXED_BYTES).map_err(LexicalError::read("header"))?;
        if head.get(..8) != Some(&MAGIC[..]) {
            return Err(damaged("magic", 0, "PRLEXIC1".into(), "something else".into()));
        }
        let version = u32_at(&head, 8);
        for (part, offset, oldest, expected) in [
            ("format version", 8, OLDEST_VERSION, BUNDLE_VERSION),
            ("analyzer version", 12, OLDEST_ANALYZER, ANALYZER_VERSION),
        ] {
            let found = u32_at(&head, offset);
            if !(oldest..=expected).contains(&found) {
                return Err(LexicalError::Version { part, offset: offset as u64, expected, found });
            }
        }
        let (documents, documents_with_words) = (u32_at(&head, 16), u32_at(&head, 20));
        check(
            "documents with tokens",
            20,
            documents_with_words <= documents,
            documents,
            documents_with_words,
        )?;
        let fields = u32_at(&head, 24);
        check("number of fields", 24, fields as usize == MEASURED_COUNT, MEASURED_COUNT as u32, fields)?;
        let file_count = u32_at(&head, 28);
        check("number of files", 28, file_count <= MAX_FILES, MAX_FILES, file_count)?;
        let stated = u64_at(&head, 32);
        check("length", 32, stated == length as u64, length as u64, stated)?;

        let head_bytes = FIXED_BYTES + ENTRY_BYTES * file_count as usize;
        let counts_bytes = 4 * MEASURED_COUNT as u64 * u64::from(documents);
        let counts = place("token counts", 40, u64_at(&head, 40), counts_bytes, head_bytes..length)?.start;
        let tokens = std::array::from_fn(|field| u64_at(&head, 48 + 8 * field));
        let files = read_files(pages, head_bytes..length, file_count as usize)?;
        Ok(Self { version, documents, documents_with_words, tokens, files, counts })
    }
}

fn read_files(
    pages: &dyn Pages,
    room: Range<usize>,
    count: usize,
) -> Result<Vec<(String, Range<usize>)>, LexicalError> {
    if room.start > room.end {
        return Err(damaged("table of files", 28, format!("{} bytes", room.start), format!("{}", room.end)));
    }
    let table = pages.owned(FIXED_BYTES..room.start).map_err(LexicalError::read("table of files"))?;
    let mut files: Vec<(String, Range<usize>)> = Vec::with_capacity(count);
    for index in 0..count {
        let at = index * ENTRY_BYTES;
        let offset = (FIXED_BYTES + at) as u64;
        let name = table.get(at..at + NAME_BYTES).map(|name| {
            let end = name.iter().position(|&byte| byte == 0).unwrap_or(NAME_BYTES);
            name.iter().take(end).map(|&byte| char::from(byte)).collect::<String>()
        });
        let name = name
            .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()))
            .filter(|name| files.iter().all(|(known, _)| known != name));
        let Some(name) = name else {
            return Err(damaged("name of a file", offset, "a new ASCII name".into(), "another".into()));
        };
        let range =
            place("file", offset + 16, u64_at(&table, at + 16), u64_at(&table, at + 24), room.clone())?;
        files.push((name, range));
    }
    Ok(files)
}

/// A part that must lie in `room`.
fn place(
    part: &'static str,
    offset: u64,
    start: u64,
    bytes: u64,
    room: Range<usize>,
) -> Result<Range<usize>, LexicalError> {
    let end = start.checked_add(bytes);
    match end {
        Some(end) if start >= room.start as u64 && end <= room.end as u64 => Ok(start as usize..end as usize),
        _ => {
            let expected = format!("a range in {} to {}", room.start, room.end);
            Err(damaged(part, offset, expected, format!("{bytes} bytes from {start}")))
        }
    }
}

fn check<T: ToString>(
    part: &'static str,
    offset: u64,
    holds: bool,
    expected: T,
    found: T,
) -> Result<(), LexicalError> {
    if holds { Ok(()) } else { Err(damaged(part, offset, expected.to_string(), found.to_string())) }
}

pub(crate) fn damaged(part: &'static str, offset: u64, expected: String, found: String) -> LexicalError {
    LexicalError::Damaged { part, offset, expected, found }
}

/// Zero beyond the end; every caller has checked the length.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

/// Token counts of every document, by field with counts.
pub(crate) type Counts = [Vec<u32>; MEASURED_COUNT];

/// Writes a bundle. `counts` has as many rows in every field as there are documents.
pub(crate) fn write(version: u32, files: &[(&str, OwnedBytes)], counts: &Counts) -> Vec<u8> {
    let documents = counts[0].len();
    let with_words = (0..documents).filter(|&row| counts.iter().any(|field| field[row] > 0)).count();
    let mut out = Vec::new();
    out.extend(MAGIC);
    let numbers = [version, ANALYZER_VERSION, documents as u32, with_words as u32, MEASURED_COUNT as u32];
    for number in numbers.into_iter().chain([files.len() as u32]) {
        out.extend(number.to_le_bytes());
    }
    let mut ranges = Vec::with_capacity(files.len());
    let mut end = FIXED_BYTES + ENTRY_BYTES * files.len();
    for (_, bytes) in files {
        let start = end.next_multiple_of(ALIGNMENT);
        end = start + bytes.len();
        ranges.push(start..end);
    }
    let counts_start = end.next_multiple_of(ALIGNMENT);
    let length = counts_start + 4 * MEASURED_COUNT * documents;
    out.reserve_exact(length - out.len());
    out.extend((length as u64).to_le_bytes());
    out.extend((counts_start as u64).to_le_bytes());
    for field in counts {
        out.extend(field.iter().map(|&count| u64::from(count)).sum::<u64>().to_le_bytes());
    }
    for ((name, _), range) in files.iter().zip(&ranges) {
        let start = out.len();
        out.extend(name.as_bytes());
        out.resize(start + NAME_BYTES, 0);
        out.extend((range.start as u64).to_le_bytes());
        out.extend((range.len() as u64).to_le_bytes());
    }
    for ((_, bytes), range) in files.iter().zip(&ranges) {
        out.resize(range.start, 0);
        out.extend_from_slice(bytes);
    }
    out.resize(counts_start, 0);
    out.extend(counts.iter().flatten().flat_map(|count| count.to_le_bytes()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn sample(documents: usize) -> Vec<u8> {
        let files = [("idx", OwnedBytes::new(vec![1, 2, 3])), ("meta.json", OwnedBytes::new(vec![4; 9]))];
        let counts = std::array::from_fn(|field| (0..documents).map(|row| (row * field) as u32).collect());
        write(BUNDLE_VERSION, &files, &counts)
    }

    fn read(bytes: Vec<u8>) -> Result<Header, LexicalError> {
        Header::read(&OwnedBytes::new(bytes))
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = sample(3);
        let header = read(bytes.clone()).unwrap();
        assert_eq!((header.version, header.documents, header.documents_with_words), (3, 3, 2));
        assert_eq!(header.tokens, [0, 3, 6, 9, 12, 15, 18]);
        assert_eq!(
            header.files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["idx", "meta.json"]
        );
        assert_eq!(&bytes[header.files[0].1.clone()], [1, 2, 3]);
        assert_eq!(&bytes[header.files[1].1.clone()], [4; 9]);
        assert_eq!(&bytes[header.counts(2)], [0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0]);
        assert_eq!(header.counts(6).end, bytes.len());
        assert!(header.files.iter().all(|(_, range)| range.start % 8 == 0));
    }

    #[test]
    fn versions_and_lengths_are_named() {
        let mut bytes = sample(1);
        for unknown in [0, 9] {
            bytes[8] = unknown;
            let error = read(bytes.clone()).unwrap_err().to_string();
            assert!(error.contains(&format!("format version is {unknown}, this program reads 3")), "{error}");
        }
        (bytes[8], bytes[12]) = (1, 1);
        assert_eq!(read(bytes.clone()).unwrap().version, 1);
        bytes[12] = 7;
        assert!(read(bytes).unwrap_err().to_string().contains("offset 12: analyzer version is 7"));
        let mut bytes = sample(1);
        bytes.push(0);
        assert!(read(bytes).unwrap_err().to_string().contains("offset 32: length"));
        assert!(read(vec![]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..Default::default() })]

        /// Whatever a header says, every range that is handed out lies inside the bundle.
        #[test]
        fn damaged_headers_give_no_range_outside(
            changes in proptest::collection::vec((0_usize..168, any::<u8>()), 1..4),
            cut in 0_usize..300,
        ) {
            let mut bytes = sample(2);
            for (at, value) in changes {
                bytes[at] = value;
            }
            bytes.truncate(bytes.len().min(cut + 60));
            let length = bytes.len();
            if let Ok(header) = read(bytes) {
                prop_assert!((0..MEASURED_COUNT).all(|field| header.counts(field).end <= length));
                prop_assert!(header.files.iter().all(|(_, range)| range.start <= range.end && range.end <= length));
            }
        }
    }
}
