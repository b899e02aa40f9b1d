//! Which patient the headers of several files name.

use precedent_imaging::HeaderFacts;
use precedent_model::{PatientKey, PlaceholderIds};

/// A patient and the position of the file that names it.
pub(crate) type NamedPatient = (usize, PatientKey);

/// The position of a file that names another patient than an earlier one, and the position of that one.
pub(crate) type OtherPatient = (usize, usize);

/// The patient in a header, if it is readable; also a placeholder.
pub(crate) fn key(facts: &HeaderFacts) -> Option<PatientKey> {
    let (id, issuer) = (facts.patient_id.as_deref()?, facts.patient_id_issuer.as_deref());
    // An unreadable issuer counts as none; a patient without an issuer may be anyone with that number.
    PatientKey::new(id, issuer).or_else(|_| PatientKey::new(id, None)).ok()
}

/// The one patient that the headers name; of several keys, the most complete. Placeholders are ignored.
///
/// # Errors
/// Every file that names another patient than those before it. Two people in one study would become each other's precedents.
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

    /// For headers with these keys: the most complete key, or the files of other patients.
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
