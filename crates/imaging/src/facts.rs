//! What the header of a picture says about study and patient.

use precedent_model::{Laterality, PartialDate};
use std::fmt;
use std::ops::RangeInclusive;

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

/// Ages above this are no ages: writers put 999 where they know none.
const MOST_YEARS: f64 = 150.0;
/// Years of study dates that can be.
const YEARS: RangeInclusive<u16> = 1890..=2199;

/// Years of an age string: digits and a unit of `D`, `W`, `M` or `Y` (DICOM PS3.5 section 6.2, AS). Years are also what a
/// number without a unit means; spaces, lower case and a fraction are read, too.
pub(crate) fn age_years(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_uppercase();
    let (number, unit) = match text.strip_suffix(['D', 'W', 'M', 'Y']) {
        Some(number) => (number.trim_end(), text.get(number.len()..)?),
        None => (text.as_str(), "Y"),
    };
    let number = number.replace(',', ".");
    let starts_with_digit = number.starts_with(|c: char| c.is_ascii_digit());
    if !starts_with_digit || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    let years = match unit {
        "M" => number / 12.0,
        "W" => number * 7.0 / 365.25,
        "D" => number / 365.25,
        _ => number,
    };
    (years <= MOST_YEARS).then_some(years)
}

/// Code of a sex: `M`, `F` or `O`, also where the word is written out.
pub(crate) fn sex(code: &str) -> Option<String> {
    let letter = match code {
        "M" | "MALE" | "MAN" => "M",
        "F" | "FEMALE" | "WOMAN" => "F",
        "O" | "OTHER" => "O",
        _ => return None,
    };
    Some(letter.to_owned())
}

/// A date of a year, a month or a day, with or without marks between its parts, and whatever time stands behind it.
pub(crate) fn study_date(text: &str) -> Option<PartialDate> {
    let text = text.trim();
    let end = text.find(['T', ' ', '+']).unwrap_or(text.len());
    let (date, _time) = text.split_at(end);
    let date: String = match date.find(|c: char| !c.is_ascii_digit()) {
        // 1997-04-05, 1997.04 and their like.
        Some(4) => {
            let mark = date.get(4..5).filter(|mark| matches!(*mark, "-" | "." | "/"))?;
            date.replace(mark, "-")
        }
        // A fraction of a second behind a time, or the end of the date.
        Some(14) | None => {
            let digits = date.get(..date.len().min(14))?;
            match digits.len() {
                4 => digits.to_owned(),
                6 => format!("{}-{}", digits.get(..4)?, digits.get(4..)?),
                8 | 10 | 12 | 14 => digits.get(..8)?.to_owned(),
                _ => return None,
            }
        }
        Some(_) => return None,
    };
    let year: u16 = date.get(..4)?.parse().ok()?;
    YEARS.contains(&year).then(|| PartialDate::parse("study_date", &date).ok()).flatten()
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
    fn ages_as_people_write_them() {
        for text in ["063", "63", " 63 ", "63.0", "63,0Y", "063y", "0063Y", "063 Y"] {
            assert_eq!(age_years(text), Some(63.0), "{text}");
        }
        assert_eq!(age_years("63.5Y"), Some(63.5));
    }

    #[test]
    fn ages_of_another_form_are_no_ages() {
        for text in ["", "Y", "-63Y", "063Ä", "63YY", "6.3.1", ".5Y", "999", "999Y", "sixty", "1e2"] {
            assert_eq!(age_years(text), None, "{text}");
        }
    }

    #[test]
    fn sexes_by_letter_and_word() {
        for (text, code) in [
            ("M", Some("M")),
            ("MALE", Some("M")),
            ("FEMALE", Some("F")),
            ("OTHER", Some("O")),
            ("U", None),
            ("", None),
        ] {
            assert_eq!(sex(text).as_deref(), code, "{text}");
        }
    }

    #[test]
    fn dates_as_writers_leave_them() {
        for (text, expected) in [
            ("19970405", Some("1997-04-05")),
            ("1997.04.05", Some("1997-04-05")),
            ("1997-04-05", Some("1997-04-05")),
            ("1997/04/05", Some("1997-04-05")),
            ("19970405120000", Some("1997-04-05")),
            ("19970405120000.123456+0100", Some("1997-04-05")),
            ("19970405 120000", Some("1997-04-05")),
            ("1997-04-05T12:00:00", Some("1997-04-05")),
            ("199704", Some("1997-04")),
            ("1997-04", Some("1997-04")),
            ("1997", Some("1997")),
            ("19971305", None),
            ("199713", None),
            ("05041997", None),
            ("05.04.1997", None),
            ("970405", None),
            ("00010101", None),
            ("1997040", None),
            ("April", None),
            ("", None),
        ] {
            let expected = expected.map(|date| PartialDate::parse("", date).unwrap());
            assert_eq!(study_date(text), expected, "{text}");
        }
    }

    #[test]
    fn debug_hides_everything() {
        let facts = HeaderFacts { patient_id: Some("4711".to_owned()), ..HeaderFacts::default() };
        assert_eq!(format!("{facts:?}"), "HeaderFacts(hidden)");
    }
}
