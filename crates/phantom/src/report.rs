//! Signed texts in the manner of several houses.

use crate::date::Day;
use crate::finding::Finding;
use crate::scene::Projection;
use precedent_model::SectionKind;

/// A manner of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Style {
    /// Findings by organ, each with its label.
    Structured,
    /// Whole sentences under headings.
    Prose,
    /// A few words; often a conclusion alone.
    Terse,
    /// Sentences, then a numbered conclusion.
    Numbered,
    /// An old dictation in one piece, words taken out by de-identification read XXXX.
    Dictation,
    /// British spelling, clinical details and opinion, headings inside the text.
    British,
}

impl Style {
    /// Every style.
    pub const ALL: [Self; 6] =
        [Self::Structured, Self::Prose, Self::Terse, Self::Numbered, Self::Dictation, Self::British];

    /// The id in the truth file.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Structured => "structured",
            Self::Prose => "prose",
            Self::Terse => "terse",
            Self::Numbered => "numbered",
            Self::Dictation => "dictation",
            Self::British => "british",
        }
    }
}

/// What a report does with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// Says that it is there.
    Stated,
    /// Says that it may be there.
    Hedged,
    /// Says nothing of it, on purpose: reports leave things out.
    Omitted,
}

impl Told {
    /// The name in the truth file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Hedged => "hedged",
            Self::Omitted => "omitted",
        }
    }
}

/// A signed text.
#[derive(Clone, PartialEq, Eq)]
pub struct PhantomReport {
    /// Its parts, in the order in which they were written. Never empty.
    pub sections: Vec<(SectionKind, String)>,
    /// The whole as one text, where the house hands it out so.
    pub flat: Option<String>,
    /// What it does with each finding of the truth, in the same order.
    pub told: Vec<Told>,
}

impl std::fmt::Debug for PhantomReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhantomReport({} sections, hidden)", self.sections.len())
    }
}

/// What a report is written from.
pub(crate) struct Facts<'a> {
    pub findings: &'a [Finding],
    /// The study before, where there was one.
    pub before: Option<(Day, &'a [Finding])>,
    pub projections: &'a [Projection],
    pub female: bool,
    pub age: u32,
    pub style: Style,
}
