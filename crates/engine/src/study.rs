//! Whose study the headers of several files say it is.

use precedent_imaging::HeaderFacts;
use precedent_model::{PatientKey, PlaceholderIds};

/// A patient and the place of the file that names it.
pub(crate) type NamedPatient = (usize, PatientKey);

/// The place of a file that is of another patient than an earlier one, and the place of that.
pub(crate) type OtherPatient = (usize, usize);

/// The patient of a header, as far as it can be read; a placeholder too.
pub(crate) fn key(facts: &HeaderFacts) -> Option<PatientKey> {
    let (id, issuer) = (facts.patient_id.as_deref()?, facts.patient_id_issuer.as_deref());
    // An issuer that cannot be read is none; a patient without one may be any of that number.
    PatientKey::new(id, issuer).or_else(|_| PatientKey::new(id, None)).ok()
}

/// The one patient whom the headers name: of several keys the fullest. Placeholders are nobody.
///
/// # Errors
/// Every file that is of another patient than those before it. Two people in one study would be each other's precedents.
pub(crate) fn patient<'a>(
    placeholders: &PlaceholderIds,
    headers: impl IntoIterator<Item = (usize, &'a HeaderFacts)>,
) -> Result<Option<NamedPatient>, Vec<OtherPatient>> {
    let mut known: Option<NamedPatient> = None;
    let mut others = Vec::new();
    for (place, facts) in headers {
        let Some(key) = key(facts).and_then(|key| placeholders.patient(key)) else { continue };
        match &known {
            Some((first, patient)) if !patient.may_be(&key) => others.push((place, *first)),
            Some((_, patient)) if *patient.fuller(&key) == *patient => {}
            _ => known = Some((place, key)),
        }
    }
    if others.is_empty() { Ok(known) } else { Err(others) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the headers with these keys: the fullest, or which are of another patient.
    fn named(keys: &[(&str, &str)]) -> Result<Option<(usize, String)>, Vec<OtherPatient>> {
        let headers: Vec<HeaderFacts> = (keys.iter())
            .map(|(id, issuer)| HeaderFacts {
                patient_id: (!id.is_empty()).then(|| (*id).to_owned()),
                patient_id_issuer: (!issuer.is_empty()).then(|| (*issuer).to_owned()),
                ..HeaderFacts::default()
            })
            .collect();
        let named = patient(&PlaceholderIds::default(), headers.iter().enumerate())?;
        Ok(named.map(|(place, key)| (place, key.joined())))
    }

    #[test]
    fn the_fullest_key_of_one_patient_counts() {
        assert_eq!(named(&[]), Ok(None));
        assert_eq!(named(&[("", ""), ("17", "")]), Ok(Some((1, "17".to_owned()))));
        assert_eq!(named(&[("17", ""), ("17", "north")]), Ok(Some((1, "north\u{1f}17".to_owned()))));
        assert_eq!(named(&[("17", "north"), ("17", "")]), Ok(Some((0, "north\u{1f}17".to_owned()))));
        assert_eq!(named(&[("ab1", "north"), ("AB 1", "North")]), Ok(Some((0, "north\u{1f}ab1".to_owned()))));
        assert_eq!(named(&[("nan", "north"), ("17", "unknown")]), Ok(Some((1, "17".to_owned()))));
        assert_eq!(named(&[("nan", ""), ("000", "")]), Ok(None));
    }

    #[test]
    fn two_patients_are_told_by_id_and_by_issuer() {
        assert_eq!(named(&[("17", ""), ("18", "")]), Err(vec![(1, 0)]));
        assert_eq!(named(&[("17", "north"), ("17", "south")]), Err(vec![(1, 0)]));
        assert_eq!(named(&[("17", ""), ("17", "north"), ("17", "south")]), Err(vec![(2, 1)]));
    }
}
