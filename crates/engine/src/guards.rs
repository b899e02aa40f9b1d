//! The guards of a search, completed from the headers of its images.
//!
//! The patient of a DICOM file is excluded as if the request had named the patient. The study date alone limits nothing, because
//! an archive may hold cases without a date, which a limit would exclude, and because later cases are just as good precedents if
//! nobody's reading is being judged. A request has to ask for the limit.

use crate::{Violation, study};
use precedent_imaging::HeaderFacts;
use precedent_model::{PartialDate, PatientKey, PlaceholderIds};
use precedent_query::{Applied, AppliedGuards, Guards, Warning, WarningCode};

/// Completes the guards of a request.
///
/// # Errors
/// Files of two patients; a patient other than the one the request names; no study date, or two limits, if the study date is to
/// be the limit. Each by its field.
pub(crate) fn apply(
    guards: &Guards,
    placeholders: &PlaceholderIds,
    headers: &[(usize, HeaderFacts)],
) -> Result<AppliedGuards, Vec<Violation>> {
    let mut wrong = Vec::new();
    let patient = patient(guards, placeholders, headers, &mut wrong);
    let before = before(guards, headers, &mut wrong);
    if wrong.is_empty() {
        Ok(AppliedGuards { patient, before, example_patients: Vec::new() })
    } else {
        Err(wrong)
    }
}

/// Warnings about the guards.
pub(crate) fn warnings(
    guards: &Guards,
    placeholders: &PlaceholderIds,
    applied: &AppliedGuards,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if guards.patient.as_ref().is_some_and(|key| placeholders.contains(key.id())) {
        warnings.push(Warning {
            code: WarningCode::PlaceholderPatient,
            message: "guards.patient is a placeholder and nobody's id, so it leaves no case out".to_owned(),
        });
    }
    let is_known = applied.patient.is_some() || !applied.example_patients.is_empty();
    if !is_known && !guards.include_same_patient {
        warnings.push(Warning {
            code: WarningCode::NoPatient,
            message: "no patient was named, so the patient's own cases may be among the hits".to_owned(),
        });
    }
    warnings
}

fn content_field(place: usize) -> String {
    format!("images[{place}].content")
}

fn patient(
    guards: &Guards,
    placeholders: &PlaceholderIds,
    headers: &[(usize, HeaderFacts)],
    wrong: &mut Vec<Violation>,
) -> Option<Applied<PatientKey>> {
    let asked = guards.patient.clone().and_then(|key| placeholders.patient(key));
    let named = match study::patient(placeholders, headers.iter().map(|(place, facts)| (*place, facts))) {
        Ok(named) => named,
        Err(others) => {
            wrong.extend(others.into_iter().map(|(place, first)| {
                let problem = format!("is of another patient, by id or issuer, than images[{first}]");
                Violation::new(
                    content_field(place),
                    format!("{problem}; search by the images of one patient"),
                )
            }));
            None
        }
    };
    match (asked, named) {
        (Some(asked), Some((place, named))) if !asked.may_be(&named) => {
            let problem =
                format!("is another patient, by id or issuer, than the header of images[{place}] names");
            let remedy = "correct it, or leave it out to go by the header";
            wrong.push(Violation::new("guards.patient", format!("{problem}; {remedy}")));
            None
        }
        // If only the header names the issuer, the key of the request excludes more.
        (Some(asked), _) => Some(Applied { value: asked, source: "guards.patient".to_owned() }),
        (None, Some((place, named))) => Some(Applied { value: named, source: content_field(place) }),
        (None, None) => None,
    }
}

fn before(
    guards: &Guards,
    headers: &[(usize, HeaderFacts)],
    wrong: &mut Vec<Violation>,
) -> Option<Applied<PartialDate>> {
    if !guards.before_study_date {
        let source = "guards.before".to_owned();
        return guards.before.map(|value| Applied { value, source });
    }
    if guards.before.is_some() {
        let description = "is given beside guards.before; give one of the two";
        wrong.push(Violation::new("guards.before_study_date", description));
        return None;
    }
    let dates = headers.iter().filter_map(|(place, facts)| Some((facts.study_date?, *place)));
    match dates.min_by_key(|(date, _)| date.first_day()) {
        Some((value, place)) => Some(Applied { value, source: content_field(place) }),
        None => {
            let description = "no image names a study date in its header; give guards.before";
            wrong.push(Violation::new("guards.before_study_date", description));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, issuer: &str) -> Option<PatientKey> {
        PatientKey::new(id, Some(issuer)).ok()
    }

    /// The header of a patient's study on a given day.
    fn header(id: &str, issuer: &str, date: &str) -> HeaderFacts {
        let key = key(id, issuer);
        HeaderFacts {
            patient_id: key.as_ref().map(|key| key.id().to_owned()),
            patient_id_issuer: key.as_ref().and_then(|key| key.issuer()).map(str::to_owned),
            study_date: PartialDate::parse("d", date).ok(),
            ..HeaderFacts::default()
        }
    }

    fn applied(guards: &Guards, headers: &[HeaderFacts]) -> Result<AppliedGuards, Vec<String>> {
        let headers: Vec<(usize, HeaderFacts)> = headers.iter().cloned().enumerate().collect();
        apply(guards, &PlaceholderIds::default(), &headers).map_err(|wrong| {
            assert!(wrong.iter().all(|violation| !violation.description.contains("CANARY")));
            wrong.into_iter().map(|violation| violation.field).collect()
        })
    }

    /// The combined key and its source.
    fn patient(
        asked: Option<PatientKey>,
        headers: &[HeaderFacts],
    ) -> Result<Option<(String, String)>, Vec<String>> {
        let guards = Guards { patient: asked, ..Guards::default() };
        Ok(applied(&guards, headers)?.patient.map(|applied| (applied.value.joined(), applied.source)))
    }

    fn of(joined: &str, source: &str) -> Result<Option<(String, String)>, Vec<String>> {
        Ok(Some((joined.to_owned(), source.to_owned())))
    }

    #[test]
    fn the_header_names_the_patient_unless_the_request_does() {
        let header = |id: &str, issuer: &str| header(id, issuer, "2019");
        assert_eq!(patient(None, &[]), Ok(None));
        assert_eq!(patient(None, &[header("", ""), header("P1", "")]), of("P1", "images[1].content"));
        assert_eq!(
            patient(None, &[header("P1", ""), header("p1", "N")]),
            of("N\u{1f}p1", "images[1].content")
        );
        assert_eq!(patient(None, &[header("UNKNOWN", "")]), Ok(None));
        assert_eq!(patient(key("p 1", ""), &[header("P1", "N")]), of("p 1", "guards.patient"));
        assert_eq!(patient(key("nan", ""), &[header("P1", "N")]), of("N\u{1f}P1", "images[0].content"));
    }

    #[test]
    fn contradictions_are_violations_by_field() {
        let header = |id: &str, issuer: &str| header(id, issuer, "2019");
        let refused = |asked, headers: &[HeaderFacts]| patient(asked, headers).unwrap_err();
        assert_eq!(refused(key("CANARY", ""), &[header("P1", "")]), ["guards.patient"]);
        assert_eq!(refused(key("P1", "south"), &[header("P1", "north")]), ["guards.patient"]);
        assert_eq!(refused(None, &[header("P1", ""), header("CANARY", "")]), ["images[1].content"]);
        assert_eq!(refused(None, &[header("P1", "a"), header("P1", "b")]), ["images[1].content"]);
    }

    #[test]
    fn the_study_date_limits_where_the_request_asks_for_it() {
        let headers = [header("P1", "", "20190503"), header("P1", "", "2019-05-01"), header("P1", "", "")];
        assert_eq!(applied(&Guards::default(), &headers).unwrap().before, None);
        let study = Guards { before_study_date: true, ..Guards::default() };
        let before = applied(&study, &headers).unwrap().before.unwrap();
        assert_eq!(
            (before.value.to_string().as_str(), before.source.as_str()),
            ("2019-05-01", "images[1].content")
        );
        assert_eq!(applied(&study, &headers[2..]).unwrap_err(), ["guards.before_study_date"]);
        let both = Guards { before: PartialDate::parse("d", "2018").ok(), ..study };
        assert_eq!(applied(&both, &headers).unwrap_err(), ["guards.before_study_date"]);
        let own = Guards { before_study_date: false, ..both };
        assert_eq!(applied(&own, &headers).unwrap().before.unwrap().source, "guards.before");
    }

    #[test]
    fn a_query_without_a_patient_is_told() {
        let codes = |guards: &Guards, headers: &[HeaderFacts]| -> Vec<&str> {
            let done = applied(guards, headers).unwrap();
            let said = warnings(guards, &PlaceholderIds::default(), &done);
            said.into_iter().map(|warning| warning.code.name()).collect()
        };
        let named = header("P1", "", "2019");
        assert_eq!(codes(&Guards::default(), &[]), ["NO_PATIENT"]);
        assert_eq!(codes(&Guards::default(), &[header("NaN", "", "2019")]), ["NO_PATIENT"]);
        assert!(codes(&Guards::default(), std::slice::from_ref(&named)).is_empty());
        let nobody = Guards { patient: key("nan", ""), ..Guards::default() };
        assert_eq!(codes(&nobody, &[]), ["PLACEHOLDER_PATIENT", "NO_PATIENT"]);
        assert_eq!(codes(&nobody, &[named]), ["PLACEHOLDER_PATIENT"]);
        let any = Guards { include_same_patient: true, ..Guards::default() };
        assert!(codes(&any, &[]).is_empty());
    }
}
