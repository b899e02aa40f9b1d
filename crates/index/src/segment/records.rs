//! `records`: the cases, in the order of their ordinals.
//!
//! ```text
//! records    the bytes of every case, one behind the other
//! offsets    u64 x (cases + 1), aligned to 8: where each begins, and where the last ends
//! checksums  u64 x cases: XXH3 of each; not in segments of format 7 and before
//! trailer    u64 x 2: where the offsets begin, number of cases
//! ```
//!
//! A block of the file is verified when first read, and trusted from then on. Cases that are shown are verified each time, by the
//! checksum of the single case, which takes a fraction of a microsecond: memory and disks also decay under a running server.

use super::table::{TableFile, write_bytes, write_table};
use crate::IndexError;
use crate::record::{RecordError, decode_case, decode_id, decode_patient, decode_without_report};
use precedent_model::{Case, CaseId, PatientKey};
use precedent_storage::{FileEntry, SealedFile, SealedWriter};
use precedent_vector::prefetch;
use xxhash_rust::xxh3::xxh3_64;

pub(crate) struct RecordsWriter {
    writer: SealedWriter,
    offsets: Vec<u64>,
    checksums: Vec<u64>,
}

impl RecordsWriter {
    pub fn new(writer: SealedWriter) -> Self {
        Self { writer, offsets: vec![0], checksums: Vec::new() }
    }

    pub fn push(&mut self, record: &[u8]) -> Result<(), IndexError> {
        write_bytes(&mut self.writer, record)?;
        self.offsets.push(self.writer.position());
        self.checksums.push(xxh3_64(record));
        Ok(())
    }

    pub fn finish(mut self) -> Result<FileEntry, IndexError> {
        let offset = write_table(&mut self.writer, &self.offsets)?;
        write_table(&mut self.writer, &self.checksums)?;
        write_table(&mut self.writer, &[offset, self.offsets.len() as u64 - 1])?;
        Ok(self.writer.finish()?)
    }
}

#[derive(Debug)]
pub(crate) struct Records {
    file: TableFile,
    offsets: usize,
    /// Where the checksums begin, if there are any.
    checksums: Option<usize>,
    cases: usize,
}

impl Records {
    pub fn open(file: TableFile) -> Result<Self, IndexError> {
        let trailer = file.trailer(2)?;
        let (offsets, cases) = (trailer[0] as usize, trailer[1] as usize);
        let behind = cases.saturating_add(1).saturating_mul(size_of::<u64>()).saturating_add(offsets);
        let checksums = (behind < file.len() - 2 * size_of::<u64>()).then_some(behind);
        Ok(Self { file, offsets, checksums, cases })
    }

    pub fn sealed(&self) -> &SealedFile {
        self.file.sealed()
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    pub fn bytes(&self, ordinal: u32) -> Result<&[u8], IndexError> {
        if ordinal as usize >= self.cases {
            return Err(self.file.damaged(format!("it has no case {ordinal}")));
        }
        self.file.bytes(self.file.span::<u64>(self.offsets, ordinal as usize)?)
    }

    /// The bytes of a record, verified to be those written.
    pub fn checked(&self, ordinal: u32) -> Result<&[u8], IndexError> {
        let record = self.bytes(ordinal)?;
        if let Some(checksums) = self.checksums
            && self.file.value::<u64>(checksums, ordinal as usize)? != xxh3_64(record)
        {
            return Err(self.file.damaged(format!("case {ordinal} is not what was written")));
        }
        Ok(record)
    }

    /// Prefetches the offsets of a record; call [`Records::prefetch`] next.
    pub fn prefetch_place(&self, ordinal: u32) {
        let place = self.offsets.saturating_add(ordinal as usize * size_of::<u64>());
        if let Ok(offsets) = self.file.slice::<u64>(place, 2) {
            prefetch(offsets);
        }
    }

    /// Prefetches the record of a case that will be read soon. Damage is reported to whoever reads it.
    pub fn prefetch(&self, ordinal: u32) {
        if let Ok(record) = self.bytes(ordinal) {
            prefetch(record);
        }
    }

    pub fn case(&self, ordinal: u32) -> Result<Case, IndexError> {
        self.decoded(ordinal, self.checked(ordinal)?)
    }

    /// Decodes the case in its record.
    pub fn decoded(&self, ordinal: u32, record: &[u8]) -> Result<Case, IndexError> {
        decode_case(record).map_err(|error| self.unreadable(ordinal, &error))
    }

    pub fn case_without_report(&self, ordinal: u32) -> Result<Case, IndexError> {
        decode_without_report(self.checked(ordinal)?).map_err(|error| self.unreadable(ordinal, &error))
    }

    pub fn case_id(&self, ordinal: u32) -> Result<CaseId, IndexError> {
        self.decoded_id(ordinal, self.checked(ordinal)?)
    }

    /// Decodes the id in the record of a case.
    pub fn decoded_id(&self, ordinal: u32, record: &[u8]) -> Result<CaseId, IndexError> {
        decode_id(record).map_err(|error| self.unreadable(ordinal, &error))
    }

    pub fn patient(&self, ordinal: u32) -> Result<Option<PatientKey>, IndexError> {
        decode_patient(self.bytes(ordinal)?).map_err(|error| self.unreadable(ordinal, &error))
    }

    fn unreadable(&self, ordinal: u32, error: &RecordError) -> IndexError {
        self.file.damaged(format!("case {ordinal} cannot be read: {error}"))
    }
}
