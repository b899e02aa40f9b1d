//! Whose study it is, and when two keys may be one person's.
//!
//! [`PatientKey::may_be`] is the one rule for "the same patient": the write path, the guard that leaves a patient's own
//! cases out, one hit per patient, filters on `patient_id` and the files of a case all go by it.

use crate::ModelError;
use std::fmt;

/// Longest patient identifier or issuer, in bytes. DICOM allows 64 characters (LO) of up to 4 bytes each.
const MAX_BYTES: usize = 256;

/// A patient identifier with the authority that issued it; two sites may use the same number for two people.
///
/// Keys are equal only if they are written alike. Whether two of them may be one person's is [`Self::may_be`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatientKey {
    issuer: Option<String>,
    id: String,
}

impl PatientKey {
    /// A key from an identifier and, where known, its issuer. Surrounding white space is not part of either.
    ///
    /// # Errors
    /// An empty identifier, one above 256 bytes, or control characters in it.
    pub fn new(id: &str, issuer: Option<&str>) -> Result<Self, ModelError> {
        let id = checked("patient_id", id)?;
        let issuer = match issuer.map(str::trim) {
            None | Some("") => None,
            Some(text) => Some(checked("patient_id_issuer", text)?),
        };
        Ok(Self { issuer, id })
    }

    /// The identifier.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The issuer, where one was given.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Whether two keys may be one person's: the identifiers are equal folded ([`fold_patient_id`]), and so are the
    /// issuers, or one is missing. A missing issuer may be any, so this does not carry over from one pair to the next:
    /// `17` may be `17` of north and `17` of south, which are two people.
    pub fn may_be(&self, other: &Self) -> bool {
        let same_issuer = match (&self.issuer, &other.issuer) {
            (Some(one), Some(two)) => fold_patient_id(one) == fold_patient_id(two),
            _ => true,
        };
        same_issuer && self.folded_id() == other.folded_id()
    }

    /// The identifier as identifiers are compared.
    pub fn folded_id(&self) -> String {
        fold_patient_id(&self.id)
    }

    /// Of two keys that may be one person's, the one that says more: one with an issuer goes before one without.
    pub fn fuller<'a>(&'a self, other: &'a Self) -> &'a Self {
        if self.issuer.is_none() && other.issuer.is_some() { other } else { self }
    }

    /// The same identifier without its issuer.
    pub fn without_issuer(self) -> Self {
        Self { issuer: None, ..self }
    }

    /// One string for both parts, equal only for equal keys: neither part holds the control character between them.
    pub fn joined(&self) -> String {
        match &self.issuer {
            None => self.id.clone(),
            Some(issuer) => format!("{issuer}\u{1f}{}", self.id),
        }
    }
}

/// The form under which identifiers and issuers are compared: without regard to case, to white space and invisible
/// characters anywhere in it, and to whether letters and digits are of full width, as East Asian keyboards write them.
pub fn fold_patient_id(text: &str) -> String {
    let visible = text.chars().map(half_width).filter(|&c| !c.is_whitespace() && !is_invisible(c));
    // By way of upper case, so that letters with two small forms fold to one.
    visible.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// The ASCII character of which this is the full-width form, or the character itself.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    }
}

/// Characters without a shape of their own: soft hyphen, zero-width space and joiners, direction marks, byte order mark.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn checked(field: &str, text: &str) -> Result<String, ModelError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ModelError::new(field, "is empty", "leave it out or give the identifier"));
    }
    if text.len() > MAX_BYTES {
        let problem = format!("has {} bytes, the limit is {MAX_BYTES}", text.len());
        return Err(ModelError::new(field, problem, "give the identifier alone"));
    }
    if text.chars().any(char::is_control) {
        return Err(ModelError::new(field, "holds a control character", "remove it"));
    }
    Ok(text.to_owned())
}

impl fmt::Debug for PatientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuer_separates_equal_numbers() {
        let a = PatientKey::new("17", Some("north")).unwrap();
        let b = PatientKey::new("17", Some("south")).unwrap();
        assert_ne!(a, b);
        assert_ne!(a.joined(), b.joined());
        assert_eq!(PatientKey::new(" 17 ", Some(" ")).unwrap(), PatientKey::new("17", None).unwrap());
    }

    #[track_caller]
    fn check_same(one: (&str, &str), two: (&str, &str), same: bool) {
        let key = |(id, issuer): (&str, &str)| PatientKey::new(id, Some(issuer)).unwrap();
        let (one, two) = (key(one), key(two));
        assert_eq!((one.may_be(&two), two.may_be(&one)), (same, same));
        assert!(one.may_be(&one) && two.may_be(&two));
    }

    #[test]
    fn keys_written_otherwise_may_be_one_persons() {
        check_same(("ab12", "north"), ("AB12", "NORTH"), true);
        check_same(("AB 12", "North Hospital"), ("ab12", " north  hospital"), true);
        check_same(("\u{ff21}\u{ff22}\u{ff11}\u{ff12}", "n"), ("ab12", "\u{ff2e}"), true);
        check_same(("ab\u{a0}1\u{200b}2", ""), ("AB12", ""), true);
        check_same(("STRASSE-1", ""), ("stra\u{df}e-1", ""), true);
        check_same(("\u{39f}\u{394}\u{39f}\u{3a3}", ""), ("\u{3bf}\u{3b4}\u{3bf}\u{3c2}", ""), true);
        check_same(("ab12", "north"), ("ab12", "south"), false);
        check_same(("ab12", "north"), ("ab13", "north"), false);
        check_same(("ab-12", ""), ("ab12", ""), false);
        check_same(("012", ""), ("12", ""), false);
    }

    #[test]
    fn a_missing_issuer_may_be_any() {
        check_same(("17", ""), ("17", "north"), true);
        check_same(("17", ""), ("17", "south"), true);
        check_same(("17", ""), ("18", "north"), false);
    }

    #[test]
    fn the_fuller_of_two_keys_names_an_issuer() {
        let (bare, full) = (PatientKey::new("17", None).unwrap(), PatientKey::new("17", Some("n")).unwrap());
        assert_eq!((bare.fuller(&full), full.fuller(&bare), bare.fuller(&bare)), (&full, &full, &bare));
        assert_eq!(full.clone().without_issuer(), bare);
    }

    #[test]
    fn debug_hides_the_identifier() {
        assert!(!format!("{:?}", PatientKey::new("Jane^Doe", None).unwrap()).contains("Jane"));
    }

    #[test]
    fn empty_long_and_control_are_refused() {
        assert!(PatientKey::new("  ", None).unwrap_err().to_string().contains("patient_id: is empty"));
        assert!(PatientKey::new(&"x".repeat(257), None).is_err());
        assert!(PatientKey::new("a\u{1f}b", None).is_err());
    }
}
