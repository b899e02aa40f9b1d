//! One study with its report and images.

use crate::{Fields, ModelError, PatientKey, Report};
use std::fmt;

/// Longest case id, in bytes.
pub const MAX_CASE_ID_BYTES: usize = 256;
/// Most images of one case.
pub const MAX_IMAGES: usize = 64;

/// The stable name of a case. The same name again replaces the case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseId(String);

impl CaseId {
    /// A case id. Surrounding white space is not part of it.
    ///
    /// # Errors
    /// Empty, above [`MAX_CASE_ID_BYTES`], or with control characters.
    pub fn new(text: &str) -> Result<Self, ModelError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ModelError::new("case_id", "is empty", "give every case an id of its own"));
        }
        if text.len() > MAX_CASE_ID_BYTES {
            let problem = format!("has {} bytes, the limit is {MAX_CASE_ID_BYTES}", text.len());
            return Err(ModelError::new("case_id", problem, "give a shorter id"));
        }
        if text.chars().any(char::is_control) {
            return Err(ModelError::new("case_id", "holds a control character", "remove it"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as text of its own.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A site's case ids may be accession numbers, which lead to a person, so they are hidden like patient identifiers.
impl fmt::Debug for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaseId(hidden)")
    }
}

/// One picture of a case. Its embedding travels beside the case, its pixels stay where they are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// How the site finds the picture again: a file name or an instance UID. May be empty.
    pub name: String,
    /// The projection, such as `PA` or `LATERAL`.
    pub view: Option<String>,
}

/// Names may be instance UIDs.
impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Image(hidden)")
    }
}

/// One study with its report and its images.
#[derive(Clone, PartialEq)]
pub struct Case {
    /// The stable id.
    pub id: CaseId,
    /// Whose study it is, where known.
    pub patient: Option<PatientKey>,
    /// What a filter can ask for.
    pub fields: Fields,
    /// The signed text, where there is one.
    pub report: Option<Report>,
    /// The pictures, in the order of their embeddings.
    pub images: Vec<Image>,
}

impl Case {
    /// A case with an id and nothing else yet.
    pub fn new(id: CaseId) -> Self {
        Self { id, patient: None, fields: Fields::new(), report: None, images: Vec::new() }
    }

    /// Whether there is nothing in it that a search could find: no report, image or field.
    pub fn is_bare(&self) -> bool {
        self.report.is_none() && self.fields.is_empty() && self.images.is_empty()
    }
}

/// Shape only: fields may hold accession numbers, image names instance UIDs.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections = self.report.as_ref().map_or(0, |report| report.sections().len());
        write!(f, "Case({} fields, {sections} sections, {} images)", self.fields.len(), self.images.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_ids_are_trimmed_and_bounded() {
        assert_eq!(CaseId::new(" CXR1 ").unwrap().as_str(), "CXR1");
        assert!(CaseId::new(" ").is_err());
        assert!(CaseId::new(&"x".repeat(257)).is_err());
        assert!(CaseId::new("a\nb").is_err());
    }
}
