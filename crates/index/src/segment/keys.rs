//! `keys`: what ranking needs of every case, by ordinal.
//!
//! ```text
//! sequences  u64 x cases, ascending: the case's place in the log, which breaks ties
//! patients   2 x u64 x cases: XXH3-128 of the patient key, low half first; 0 for a case without a patient
//! trailer    u64: number of cases
//! ```
//!
//! The hash tells whether two keys are written in the same way: among 2^32 patients, the chance that two different keys share a
//! hash is below 10^-19. Keys written differently may still belong to the same person (`patients.rs`).

use super::table::{TableFile, write_table};
use crate::IndexError;
use precedent_model::PatientKey;
use precedent_storage::{FileEntry, SealedFile, SealedWriter};
use xxhash_rust::xxh3::xxh3_128;

/// The hash of a patient key as written; 0 if there is no patient.
pub(crate) type PatientHash = u128;

/// The hash of a patient key.
pub(crate) fn patient_hash(patient: &PatientKey) -> PatientHash {
    xxh3_128(patient.joined().as_bytes()).max(1)
}

pub(crate) struct KeysWriter {
    writer: SealedWriter,
    sequences: Vec<u64>,
    patients: Vec<[u64; 2]>,
}

impl KeysWriter {
    pub fn new(writer: SealedWriter) -> Self {
        Self { writer, sequences: Vec::new(), patients: Vec::new() }
    }

    pub fn push(&mut self, sequence: u64, patient: Option<&PatientKey>) {
        let hash = patient.map_or(0, patient_hash);
        self.sequences.push(sequence);
        self.patients.push([hash as u64, (hash >> 64) as u64]);
    }

    pub fn finish(mut self) -> Result<FileEntry, IndexError> {
        write_table(&mut self.writer, &self.sequences)?;
        write_table(&mut self.writer, &self.patients)?;
        write_table(&mut self.writer, &[self.sequences.len() as u64])?;
        Ok(self.writer.finish()?)
    }
}

#[derive(Debug)]
pub(crate) struct Keys {
    file: TableFile,
    cases: usize,
}

impl Keys {
    pub fn open(file: TableFile) -> Result<Self, IndexError> {
        let cases = file.trailer(1)?[0] as usize;
        if file.len() != cases.saturating_mul(24).saturating_add(8) {
            return Err(file.damaged(format!("it is not of the length for {cases} cases")));
        }
        Ok(Self { file, cases })
    }

    pub fn sealed(&self) -> &SealedFile {
        self.file.sealed()
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    /// The sequence numbers of all cases.
    pub fn sequences(&self) -> Result<&[u64], IndexError> {
        self.file.slice(0, self.cases)
    }

    /// Verifies what has not been read yet.
    pub fn check_rest(&self) -> Result<(), IndexError> {
        self.file.check_rest()
    }

    /// Prefetches the sequence number and the patient of a case that will be read soon.
    pub fn prefetch(&self, ordinal: u32) {
        let Some(bytes) = self.file.checked() else { return };
        let patients = self.cases * size_of::<u64>();
        for (table, length) in [(0, size_of::<u64>()), (patients, size_of::<PatientHash>())] {
            let start = table + ordinal as usize * length;
            precedent_vector::prefetch(bytes.get(start..start + length).unwrap_or_default());
        }
    }

    /// The sequence number of a case.
    pub fn sequence(&self, ordinal: u32) -> Result<u64, IndexError> {
        self.checked(ordinal)?;
        self.file.value(0, ordinal as usize)
    }

    /// The patient of a case.
    pub fn patient(&self, ordinal: u32) -> Result<PatientHash, IndexError> {
        self.checked(ordinal)?;
        let [low, high]: [u64; 2] = self.file.value(self.cases * 8, ordinal as usize)?;
        Ok(u128::from(low) | u128::from(high) << 64)
    }

    fn checked(&self, ordinal: u32) -> Result<(), IndexError> {
        if (ordinal as usize) < self.cases {
            return Ok(());
        }
        Err(self.file.damaged(format!("it has no case {ordinal}")))
    }
}
