//! What the header of a picture says about study and patient.

use precedent_model::{Laterality, PartialDate};
use std::fmt;

/// What the header of a picture says. Empty values and values that break their form are `None`; text is decoded by the
/// file's character set.
#[derive(Clone, Default, PartialEq)]
pub struct HeaderFacts {
    /// Modality (0008,0060), such as `DX`.
    pub modality: Option<String>,
    /// Body Part Examined (0018,0015).
    pub body_part: Option<String>,
    /// View Position (0018,5101), such as `PA`.
    pub view_position: Option<String>,
    /// Image Laterality (0020,0062), or else Laterality (0020,0060).
    pub laterality: Option<Laterality>,
    /// Manufacturer (0008,0070).
    pub manufacturer: Option<String>,
    /// Patient's Sex (0010,0040): `M`, `F` or `O`.
    pub sex: Option<String>,
    /// Patient's Age (0010,1010) in years; a month is 1/12, a week 7/365.25, a day 1/365.25 of one.
    pub age_years: Option<f64>,
    /// Study Date (0008,0020).
    pub study_date: Option<PartialDate>,
    /// Study Instance UID (0020,000D).
    pub study_uid: Option<String>,
    /// Series Instance UID (0020,000E).
    pub series_uid: Option<String>,
    /// SOP Instance UID (0008,0018).
    pub sop_uid: Option<String>,
    /// Accession Number (0008,0050).
    pub accession: Option<String>,
    /// Patient ID (0010,0020).
    pub patient_id: Option<String>,
    /// Issuer of Patient ID (0010,0021).
    pub patient_id_issuer: Option<String>,
    /// Photometric Interpretation (0028,0004).
    pub photometric: Option<String>,
    /// Bits Stored (0028,0101), or bits per channel of a PNG or JPEG.
    pub bits: Option<u16>,
    /// UID of the transfer syntax, where the file names it.
    pub transfer_syntax: Option<String>,
}

impl fmt::Debug for HeaderFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeaderFacts(hidden)")
    }
}

/// Years of an age string: three digits and a unit of `D`, `W`, `M` or `Y` (DICOM PS3.5 section 6.2, AS).
pub(crate) fn age_years(text: &str) -> Option<f64> {
    let unit_at = text.len().checked_sub(1)?;
    let (number, unit) = (text.get(..unit_at)?, text.get(unit_at..)?);
    if number.is_empty() || number.len() > 3 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    match unit {
        "Y" => Some(number),
        "M" => Some(number / 12.0),
        "W" => Some(number * 7.0 / 365.25),
        "D" => Some(number / 365.25),
        _ => None,
    }
}

/// Side of a code of Image Laterality or Laterality.
pub(crate) fn laterality(code: &str) -> Option<Laterality> {
    match code {
        "L" => Some(Laterality::Left),
        "R" => Some(Laterality::Right),
        "B" => Some(Laterality::Bilateral),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_in_every_unit() {
        for (text, years) in
            [("063Y", 63.0), ("012M", 1.0), ("006M", 0.5), ("000D", 0.0), ("105Y", 105.0), ("63Y", 63.0)]
        {
            assert_eq!(age_years(text), Some(years), "{text}");
        }
        assert!((age_years("052W").unwrap() - 0.9966).abs() < 1e-4);
        assert!((age_years("030D").unwrap() - 0.0821).abs() < 1e-4);
    }

    #[test]
    fn ages_of_another_form_are_no_ages() {
        for text in ["", "Y", "63", "0063Y", "06 Y", "-63Y", "063y", "063Ä", "6.3Y"] {
            assert_eq!(age_years(text), None, "{text}");
        }
    }

    #[test]
    fn debug_hides_everything() {
        let facts = HeaderFacts { patient_id: Some("4711".to_owned()), ..HeaderFacts::default() };
        assert_eq!(format!("{facts:?}"), "HeaderFacts(hidden)");
    }
}
