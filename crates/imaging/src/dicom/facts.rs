//! What a DICOM header says about study and patient.

use super::header::Header;
use crate::facts::{HeaderFacts, age_years, laterality, sex, study_date};
use dicom_dictionary_std::tags;

impl Header<'_> {
    /// What the header says about study and patient. Values that cannot be read are left out.
    pub(crate) fn facts(&self, syntax: Option<&str>) -> HeaderFacts {
        let side = |tag| self.code(tag).and_then(|code| laterality(&code));
        HeaderFacts {
            modality: self.code(tags::MODALITY),
            body_part: self.code(tags::BODY_PART_EXAMINED),
            view_position: self.code(tags::VIEW_POSITION),
            laterality: side(tags::IMAGE_LATERALITY).or_else(|| side(tags::LATERALITY)),
            manufacturer: self.text(tags::MANUFACTURER),
            sex: self.code(tags::PATIENT_SEX).and_then(|code| sex(&code)),
            age_years: self.code(tags::PATIENT_AGE).and_then(|age| age_years(&age)),
            study_date: self.text(tags::STUDY_DATE).and_then(|date| study_date(&date)),
            study_uid: self.text(tags::STUDY_INSTANCE_UID),
            series_uid: self.text(tags::SERIES_INSTANCE_UID),
            sop_uid: self.text(tags::SOP_INSTANCE_UID),
            accession: self.identifier(tags::ACCESSION_NUMBER),
            patient_id: self.identifier(tags::PATIENT_ID),
            patient_id_issuer: self.identifier(tags::ISSUER_OF_PATIENT_ID),
            photometric: self.code(tags::PHOTOMETRIC_INTERPRETATION),
            bits: self.bits(),
            transfer_syntax: syntax.map(str::to_owned),
        }
    }
}
