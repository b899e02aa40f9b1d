//! Identifiers that stand for nobody.

use crate::{PatientKey, fold_patient_id};
use std::collections::BTreeSet;

/// What programs and people write where they have no identifier, unless an index definition lists its own.
const USUAL: [&str; 35] = [
    "0",
    "anon",
    "anonymised",
    "anonymized",
    "anonymous",
    "blank",
    "deidentified",
    "dummy",
    "empty",
    "inf",
    "missing",
    "na",
    "nan",
    "nat",
    "nil",
    "no id",
    "no patient id",
    "none",
    "not available",
    "not known",
    "not provided",
    "null",
    "patient",
    "pseudonymized",
    "redacted",
    "removed",
    "tba",
    "tbd",
    "undefined",
    "unidentified",
    "unk",
    "unknown",
    "unknown patient",
    "unspecified",
    "xxx",
];

/// Identifiers that are no patient: `nan`, `unknown`, `0`. Cases that share one have nothing in common, so under one of
/// these a case has no patient, and an issuer of such a name is no issuer.
///
/// Compared are letters and digits alone, folded as identifiers are, so that `n/a`, `N.A.` and `<NA>` are `na`. An
/// identifier without a letter or digit is nobody's whatever the list; `0` stands for any number of zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceholderIds {
    texts: Vec<String>,
    forms: BTreeSet<String>,
}

impl Default for PlaceholderIds {
    /// What is usual: see `[patients]` in `index/chest-xray.toml`.
    fn default() -> Self {
        Self::new(USUAL.map(str::to_owned))
    }
}

impl PlaceholderIds {
    /// Exactly these texts, and none of the usual ones.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let texts: Vec<String> = texts.into_iter().collect();
        let forms = texts.iter().map(|text| form(text)).collect();
        Self { texts, forms }
    }

    /// The texts as they were listed.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether an identifier or issuer stands for nobody.
    pub fn contains(&self, text: &str) -> bool {
        let form = form(text);
        form.is_empty() || self.forms.contains(&form)
    }

    /// The key, if it is a patient's, without an issuer that is a placeholder.
    pub fn patient(&self, key: PatientKey) -> Option<PatientKey> {
        if self.contains(key.id()) {
            return None;
        }
        let no_issuer = key.issuer().is_some_and(|issuer| self.contains(issuer));
        Some(if no_issuer { key.without_issuer() } else { key })
    }
}

/// What of a text is compared.
fn form(text: &str) -> String {
    let letters: String = fold_patient_id(text).chars().filter(|c| c.is_alphanumeric()).collect();
    if !letters.is_empty() && letters.bytes().all(|b| b == b'0') { "0".to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_every_spelling_are_nobody() {
        let usual = PlaceholderIds::default();
        for text in [
            "nan",
            "NaN",
            "unknown",
            "UNKNOWN",
            "none",
            "NULL",
            "n/a",
            "N.A.",
            "<NA>",
            "#N/A",
            "0",
            "000",
            "0.0",
            "-",
            "--",
            "?",
            "anonymous",
            "Anonymized",
            "de-identified",
            "Not Available",
            "\u{ff2e}\u{ff41}\u{ff2e}",
            "\u{200b}",
            "(unknown)",
            "XXX",
        ] {
            assert!(usual.contains(text), "{text}");
        }
        for text in ["P1", "NAN-17", "10", "1", "None of these", "Anna", "na12", "\u{60a3}\u{8005}"] {
            assert!(!usual.contains(text), "{text}");
        }
    }

    #[test]
    fn a_placeholder_has_no_patient_and_one_as_issuer_is_left_out() {
        let usual = PlaceholderIds::default();
        let patient = |id: &str, issuer: &str| usual.patient(PatientKey::new(id, Some(issuer)).unwrap());
        assert_eq!(patient("nan", "north"), None);
        assert_eq!(patient("17", "nan"), Some(PatientKey::new("17", None).unwrap()));
        assert_eq!(patient("17", "north").unwrap().issuer(), Some("north"));
    }

    #[test]
    fn a_list_of_the_sites_own_takes_the_place_of_the_usual_one() {
        let own = PlaceholderIds::new(["Test-Patient".to_owned()]);
        assert!(
            own.contains("TEST PATIENT") && own.contains("--") && !own.contains("nan") && !own.contains("0")
        );
        assert_eq!(own.texts(), ["Test-Patient"]);
    }
}
