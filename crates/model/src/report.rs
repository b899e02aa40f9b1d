//! The signed text.

use crate::ModelError;
use std::fmt;

/// Longest report, all sections together, in bytes. The longest of the 3,955 Open-i reports has under 4 kB; a text of
/// a megabyte is a broken export, not a report.
pub const MAX_REPORT_BYTES: usize = 1 << 20;

/// What a heading part of a report is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SectionKind {
    /// Why the examination was asked for.
    Indication,
    /// Which earlier studies were looked at.
    Comparison,
    /// How it was acquired.
    Technique,
    /// What was seen.
    Findings,
    /// What it means: the conclusion.
    Impression,
    /// Text without a heading.
    Body,
}

impl SectionKind {
    /// Every kind, in the order in which a report is read.
    pub const ALL: [Self; 6] =
        [Self::Indication, Self::Comparison, Self::Technique, Self::Findings, Self::Impression, Self::Body];

    /// The name in manifests, queries and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Indication => "indication",
            Self::Comparison => "comparison",
            Self::Technique => "technique",
            Self::Findings => "findings",
            Self::Impression => "impression",
            Self::Body => "body",
        }
    }

    /// Whether the part holds what was seen and concluded. The others hold questions, history and method: "rule out
    /// pneumothorax" is no finding.
    pub const fn is_reported(self) -> bool {
        match self {
            Self::Findings | Self::Impression | Self::Body => true,
            Self::Indication | Self::Comparison | Self::Technique => false,
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One heading part with its text, as signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Section {
    /// What the part is for.
    pub kind: SectionKind,
    /// Its text, byte for byte as given.
    pub text: String,
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Section({}, {} bytes hidden)", self.kind.name(), self.text.len())
    }
}

/// A signed text in sections, in the order given. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    sections: Vec<Section>,
}

impl Report {
    /// A report of the sections that hold more than white space.
    ///
    /// # Errors
    /// No text at all, or more than [`MAX_REPORT_BYTES`] of it.
    pub fn new<T: Into<String>>(
        sections: impl IntoIterator<Item = (SectionKind, T)>,
    ) -> Result<Self, ModelError> {
        let sections: Vec<Section> = sections
            .into_iter()
            .map(|(kind, text)| Section { kind, text: text.into() })
            .filter(|section| !section.text.trim().is_empty())
            .collect();
        let bytes: usize = sections.iter().map(|section| section.text.len()).sum();
        if sections.is_empty() {
            return Err(ModelError::new("report", "holds no text", "leave it out or give its text"));
        }
        if bytes > MAX_REPORT_BYTES {
            let problem = format!("has {bytes} bytes, the limit is {MAX_REPORT_BYTES}");
            return Err(ModelError::new("report", problem, "give one report per case"));
        }
        Ok(Self { sections })
    }

    /// The sections, in the order given.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The sections as such, in the order given.
    pub fn into_sections(self) -> Vec<Section> {
        self.sections
    }

    /// The text of the first section of that kind.
    pub fn section(&self, kind: SectionKind) -> Option<&str> {
        self.sections.iter().find(|section| section.kind == kind).map(|section| section.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_sections_are_dropped_and_order_kept() {
        let report = Report::new([
            (SectionKind::Impression, "Normal."),
            (SectionKind::Findings, "  \n"),
            (SectionKind::Indication, "Cough"),
        ])
        .unwrap();
        let kinds: Vec<_> = report.sections().iter().map(|section| section.kind).collect();
        assert_eq!(kinds, [SectionKind::Impression, SectionKind::Indication]);
    }

    #[test]
    fn no_text_and_ten_megabytes_are_refused() {
        assert!(Report::new([(SectionKind::Body, " ")]).is_err());
        let error = Report::new([(SectionKind::Body, "x".repeat(10 << 20))]).unwrap_err();
        assert!(error.to_string().contains("report: has 10485760 bytes, the limit is 1048576"), "{error}");
    }

    #[test]
    fn names_round_trip() {
        for kind in SectionKind::ALL {
            assert_eq!(SectionKind::from_name(kind.name()), Some(kind));
        }
    }
}
