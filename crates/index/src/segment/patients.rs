//! The patients of a segment's cases, by the rule of [`PatientKey::may_be`].
//!
//! None of this is on disk: ids come from the column `patient_id` and issuers from the records, so that the current rule and the
//! placeholders of the index also apply to older segments.

use super::columns::{Columns, PATIENT_ID};
use super::keys::patient_hash;
use super::open::Segment;
use crate::IndexError;
use precedent_model::{PatientKey, PlaceholderIds, fold_patient_id};
use xxhash_rust::xxh3::xxh3_64;

/// For each case, a number that is equal for two cases whose folded patient ids are equal; 0 for a case without a patient. Among
/// 10^7 patients, two share a number by chance in three archives out of a million; their keys then tell them apart.
#[derive(Debug)]
pub(crate) struct Patients {
    numbers: Vec<u64>,
}

impl Patients {
    fn of(columns: &Columns, placeholders: &PlaceholderIds) -> Result<Self, IndexError> {
        let mut numbers = vec![0; columns.cases()];
        columns.each_keyword(PATIENT_ID, |id, ordinals| {
            if placeholders.contains(id) {
                return;
            }
            let number = xxh3_64(fold_patient_id(id).as_bytes()).max(1);
            for &ordinal in ordinals {
                if let Some(place) = numbers.get_mut(ordinal as usize) {
                    *place = number;
                }
            }
        })?;
        Ok(Self { numbers })
    }
}

impl Segment {
    /// A number that is equal for two cases whose folded patient ids are equal; `None` for a case without a patient.
    pub fn patient_number(&self, ordinal: u32) -> Result<Option<u64>, IndexError> {
        Ok(self.numbers()?.numbers.get(ordinal as usize).copied().filter(|&number| number > 0))
    }

    /// The patient of a case, ignoring placeholders.
    pub fn patient(&self, ordinal: u32) -> Result<Option<PatientKey>, IndexError> {
        Ok(self.records.patient(ordinal)?.and_then(|key| self.placeholders.patient(key)))
    }

    /// The ordinals of cases that may be the patient's: excluding too much is safer than showing a patient's own case.
    pub fn of_patient(&self, patient: &PatientKey) -> Result<Vec<u32>, IndexError> {
        let Some(patient) = self.placeholders.patient(patient.clone()) else { return Ok(Vec::new()) };
        let same_id = self.columns.with_patient_id(&patient.folded_id())?;
        if patient.issuer().is_none() {
            return Ok(same_id);
        }
        let hash = patient_hash(&patient);
        let mut ordinals = Vec::new();
        for ordinal in same_id {
            // If the keys are written in the same way, there is no need to read the record.
            let alike = self.keys.patient(ordinal)? == hash;
            if alike || self.patient(ordinal)?.is_some_and(|known| known.may_be(&patient)) {
                ordinals.push(ordinal);
            }
        }
        Ok(ordinals)
    }

    /// Computes what the first search would.
    pub fn number_patients(&self) -> Result<(), IndexError> {
        self.numbers().map(|_| ())
    }

    fn numbers(&self) -> Result<&Patients, IndexError> {
        if let Some(patients) = self.patients.get() {
            return Ok(patients);
        }
        let patients = Patients::of(&self.columns, &self.placeholders)?;
        Ok(self.patients.get_or_init(|| patients))
    }
}
