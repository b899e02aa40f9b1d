//! Whose study it is.

use crate::ModelError;
use std::fmt;

/// Longest patient identifier or issuer, in bytes. DICOM allows 64 characters (LO) of up to 4 bytes each.
const MAX_BYTES: usize = 256;

/// A patient identifier with the authority that issued it; two sites may use the same number for two people.
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

    /// One string for both parts, equal only for equal keys: neither part holds the control character between them.
    pub fn joined(&self) -> String {
        match &self.issuer {
            None => self.id.clone(),
            Some(issuer) => format!("{issuer}\u{1f}{}", self.id),
        }
    }
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
