//! `grids` and `thumbnails`: bytes of images, in the order of (ordinal, image).
//!
//! ```text
//! bytes      those of every image, one behind the other, from byte 0
//! facts      u32 x facts of one x rows
//! images     u32 x rows: the index of the image in its case
//! case_rows  u32 x (cases + 1): which rows a case has
//! checksums  u64 x rows: XXH3 of the bytes, with that of ordinal, image and facts as seed
//! offsets    u64 x (rows + 1): where the bytes of each begin, and where the last end; left out where all are as long
//! trailer    u64 x 9: places of the five tables (0 for offsets left out), rows, cases, bytes of each (0 where there are offsets), 9
//! ```
//!
//! Grids of one shape are as long, so that thousands of them can be read without a look at their offsets. A row that is read is
//! verified each time, by its own checksum, which takes some hundred nanoseconds for a grid.

use super::beside::ImagePart;
use super::table::{TableFile, long_trailer, write_bytes, write_table};
use crate::IndexError;
use crate::parts::Part;
use precedent_storage::{FileEntry, SealedFile, SealedWriter, Storage};
use std::ops::Range;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Numbers of the trailer.
const TRAILER: usize = 9;

pub(crate) struct ImagePartsWriter<'a, const FACTS: usize> {
    storage: &'a dyn Storage,
    path: String,
    part: Part,
    /// From the first row on: a segment without any has no file.
    writer: Option<SealedWriter>,
    facts: Vec<[u32; FACTS]>,
    images: Vec<u32>,
    case_rows: Vec<u32>,
    checksums: Vec<u64>,
    offsets: Vec<u64>,
}

impl<'a, const FACTS: usize> ImagePartsWriter<'a, FACTS> {
    pub fn new(storage: &'a dyn Storage, folder: &str, part: Part) -> Self {
        Self {
            storage,
            path: format!("{folder}/{}", part.name),
            part,
            writer: None,
            facts: Vec::new(),
            images: Vec::new(),
            case_rows: vec![0],
            checksums: Vec::new(),
            offsets: vec![0],
        }
    }

    /// Adds the next case with its rows, sorted by image.
    pub fn push(&mut self, rows: &[ImagePart<'_, FACTS>]) -> Result<(), IndexError> {
        let ordinal = self.case_rows.len() as u32 - 1;
        for row in rows {
            let writer = match &mut self.writer {
                Some(writer) => writer,
                None => self.writer.insert(SealedWriter::create(self.storage, &self.path, self.part.kind)?),
            };
            write_bytes(writer, row.bytes)?;
            self.offsets.push(writer.position());
            self.facts.push(row.facts);
            self.images.push(row.image);
            self.checksums.push(checksum(ordinal, row));
        }
        self.case_rows.push(self.images.len() as u32);
        Ok(())
    }

    /// Bytes of all rows so far.
    pub fn bytes(&self) -> u64 {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// The file, if there is a row.
    pub fn finish(self) -> Result<Option<FileEntry>, IndexError> {
        let Some(mut writer) = self.writer else { return Ok(None) };
        let facts = write_table(&mut writer, self.facts.as_flattened())?;
        let images = write_table(&mut writer, &self.images)?;
        let case_rows = write_table(&mut writer, &self.case_rows)?;
        let checksums = write_table(&mut writer, &self.checksums)?;
        let length = self.offsets.get(1).copied().unwrap_or(0);
        let is_even = self.offsets.windows(2).all(|pair| pair[1] - pair[0] == length);
        let (offsets, length) = match is_even {
            true => (0, length),
            false => (write_table(&mut writer, &self.offsets)?, 0),
        };
        let (rows, cases) = (self.images.len() as u64, self.case_rows.len() as u64 - 1);
        let trailer = [facts, images, case_rows, checksums, offsets, rows, cases, length, TRAILER as u64];
        write_table(&mut writer, &trailer)?;
        Ok(Some(writer.finish()?))
    }
}

fn checksum<const FACTS: usize>(ordinal: u32, row: &ImagePart<'_, FACTS>) -> u64 {
    let mut head = Vec::with_capacity(4 * (2 + FACTS));
    for number in [ordinal, row.image].iter().chain(&row.facts) {
        head.extend(number.to_le_bytes());
    }
    xxh3_64_with_seed(row.bytes, xxh3_64(&head))
}

/// The rows of a segment.
#[derive(Debug)]
pub(crate) struct ImageParts<const FACTS: usize> {
    file: TableFile,
    facts: usize,
    images: usize,
    case_rows: usize,
    checksums: usize,
    offsets: usize,
    rows: usize,
    cases: usize,
    length: usize,
}

impl<const FACTS: usize> ImageParts<FACTS> {
    pub fn open(file: TableFile) -> Result<Self, IndexError> {
        let trailer = long_trailer(&file, TRAILER)?;
        let at = |index: usize| trailer[index] as usize;
        let parts = Self {
            facts: at(0),
            images: at(1),
            case_rows: at(2),
            checksums: at(3),
            offsets: at(4),
            rows: at(5),
            cases: at(6),
            length: at(7),
            file,
        };
        if parts.rows.checked_mul(parts.length).is_none_or(|bytes| bytes > parts.facts) {
            return Err(parts.file.damaged(format!("{} rows do not fit in it", parts.rows)));
        }
        Ok(parts)
    }

    pub fn sealed(&self) -> &SealedFile {
        self.file.sealed()
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    /// The rows of a case, each verified to be what was written.
    pub fn of_case(&self, ordinal: u32) -> Result<Vec<ImagePart<'_, FACTS>>, IndexError> {
        self.rows_of(ordinal)?.map(|row| self.row(ordinal, row)).collect()
    }

    /// The row of an image of a case.
    pub fn of_image(&self, ordinal: u32, image: u32) -> Result<Option<ImagePart<'_, FACTS>>, IndexError> {
        for row in self.rows_of(ordinal)? {
            if self.file.value::<u32>(self.images, row)? == image {
                return self.row(ordinal, row).map(Some);
            }
        }
        Ok(None)
    }

    /// Number of rows of a case.
    pub fn count_of(&self, ordinal: u32) -> Result<usize, IndexError> {
        Ok(self.rows_of(ordinal)?.len())
    }

    fn rows_of(&self, ordinal: u32) -> Result<Range<usize>, IndexError> {
        if ordinal as usize >= self.cases {
            return Err(self.file.damaged(format!("it has no case {ordinal}")));
        }
        let rows = self.file.span::<u32>(self.case_rows, ordinal as usize)?;
        if rows.end > self.rows {
            return Err(self.file.damaged(format!("it has no rows {rows:?}")));
        }
        Ok(rows)
    }

    fn row(&self, ordinal: u32, row: usize) -> Result<ImagePart<'_, FACTS>, IndexError> {
        let place = match self.offsets {
            0 => row * self.length..(row + 1) * self.length,
            offsets => self.file.span::<u64>(offsets, row)?,
        };
        let image = self.file.value(self.images, row)?;
        let mut facts = [0; FACTS];
        facts.copy_from_slice(self.file.slice(self.facts + row * size_of::<[u32; FACTS]>(), FACTS)?);
        let part = ImagePart { image, facts, bytes: self.file.bytes(place)? };
        if checksum(ordinal, &part) != self.file.value::<u64>(self.checksums, row)? {
            return Err(self.file.damaged(format!("row {row} is not what was written")));
        }
        Ok(part)
    }

    /// The error for a row that is sound and says what cannot be.
    pub fn impossible(&self, ordinal: u32, problem: &str) -> IndexError {
        self.file.damaged(format!("a row of case {ordinal} cannot be read: {problem}"))
    }
}
