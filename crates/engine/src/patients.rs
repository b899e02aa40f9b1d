//! One case per patient.

use crate::EngineError;
use crate::fusion::Fused;
use precedent_archive::{CasePlace, Generation};
use std::collections::HashMap;

/// The best case stands for its patient; a case without a patient stands for itself. Going from the best down, a case is dropped
/// if it may belong to the patient of any case kept so far: a key without an issuer matches one of any issuer, so only an order
/// decides which case stands for which. Nothing is checked beyond the limit.
pub(crate) fn keep_one_per_patient(
    snapshot: &dyn Generation,
    fused: &mut Vec<Fused>,
    limit: usize,
) -> Result<(), EngineError> {
    let mut patients = Patients::default();
    let mut kept = Vec::with_capacity(fused.len().min(limit));
    for case in fused.drain(..) {
        if kept.len() == limit {
            break;
        }
        if patients.add(snapshot, case.place)? {
            kept.push(case);
        }
    }
    *fused = kept;
    Ok(())
}

/// The patients of the cases kept so far.
#[derive(Default)]
pub(crate) struct Patients(HashMap<u64, Vec<CasePlace>>);

impl Patients {
    /// Adds a case, unless it may belong to the patient of one already added.
    pub fn add(&mut self, snapshot: &dyn Generation, case: CasePlace) -> Result<bool, EngineError> {
        let Some(number) = snapshot.patient_number(case)? else { return Ok(true) };
        let others = self.0.entry(number).or_default();
        for &other in &*others {
            if snapshot.same_patient(other, case)? {
                return Ok(false);
            }
        }
        others.push(case);
        Ok(true)
    }
}
