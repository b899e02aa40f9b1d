//! What a report was understood to say: plain data, laid over the signed text and never in its place.

use crate::{Report, SectionKind};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A range of bytes in the text of one section. Both ends lie on character borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One behind the last byte.
    pub end: u32,
}

impl Span {
    /// The span of a range; a text of a section is shorter than 4 GiB, so larger numbers are cut there.
    pub fn new(range: Range<usize>) -> Self {
        let cut = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: cut(range.start), end: cut(range.end) }
    }

    /// The range for slicing.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether the span holds that byte.
    pub fn contains(self, at: usize) -> bool {
        self.range().contains(&at)
    }

    /// Whether the two have a byte in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// What the author says about a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Assertion {
    /// It is there now, in this patient.
    Present,
    /// It may be there.
    Uncertain,
    /// It is not there.
    Absent,
    /// It was there, or happened, before this examination.
    Historical,
    /// It is feared, asked about or to be watched for, not seen: "evaluate for", "return if".
    Hypothetical,
    /// It is somebody else's: "mother had".
    OtherPerson,
}

impl Assertion {
    /// Every assertion. Where a case says several things of one finding, the first of them here stands for the case.
    pub const ALL: [Self; 6] = [
        Self::Present,
        Self::Uncertain,
        Self::Absent,
        Self::Historical,
        Self::Hypothetical,
        Self::OtherPerson,
    ];

    /// The name in filters, queries and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Uncertain => "uncertain",
            Self::Absent => "absent",
            Self::Historical => "historical",
            Self::Hypothetical => "hypothetical",
            Self::OtherPerson => "other_person",
        }
    }

    /// The assertion of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assertion| assertion.name() == name)
    }
}

/// Side of the body, as the text says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Laterality {
    /// Left.
    Left,
    /// Right.
    Right,
    /// Both sides.
    Bilateral,
}

impl Laterality {
    /// The name in replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Bilateral => "bilateral",
        }
    }
}

/// A size as written, in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// The largest of the numbers that hold now, in millimetres.
    pub longest_mm: f32,
    /// The largest of those that held before, where the text compares: 5 in "from 5 mm to 8 mm".
    pub earlier_mm: Option<f32>,
    /// Where it stands.
    pub span: Span,
}

/// A part of the body that the text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which: an id of the lexicon such as `lower` or `apex`, whatever the words.
    pub id: Arc<str>,
    /// The words that say so.
    pub span: Span,
}

/// The stable id of a finding of the lexicon, such as `pleural-effusion`. Cheap to clone.
pub type FindingId = Arc<str>;

/// One place where the text speaks of a finding of the lexicon.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// Which finding.
    pub finding: FindingId,
    /// The words that say so.
    pub span: Span,
    /// What the author says about it.
    pub assertion: Assertion,
    /// On which side, where said.
    pub laterality: Option<Laterality>,
    /// On which of both sides it is larger, where said: "larger on the left".
    pub larger: Option<Laterality>,
    /// Where, as far as said, in the order of the text.
    pub places: Vec<Place>,
    /// How large, where said.
    pub size: Option<Size>,
    /// How severe: an id of the lexicon such as `mild`, where said.
    pub severity: Option<Arc<str>>,
    /// Since when, and how it changed: ids of the lexicon such as `new` or `increased`, as far as said, each once.
    pub times: Vec<Arc<str>>,
    /// A later addendum or correction says otherwise. It stays part of the signed text and says nothing of the case.
    pub overridden: bool,
}

/// Words of a sentence under one assertion. Words that only assert ("no", "without") are in no run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The words.
    pub span: Span,
    /// What the author says about them.
    pub assertion: Assertion,
    /// A later addendum or correction says otherwise, see [`Mention::overridden`].
    pub overridden: bool,
}

/// One sentence, or one entry of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Sentence {
    /// Which of the report's sections, by place.
    pub section: usize,
    /// What the part of the report around it is for: a heading inside the text counts.
    pub kind: SectionKind,
    /// Where it stands in the text of that section, without white space around it.
    pub span: Span,
    /// It stands in an addendum to the report.
    pub addendum: bool,
    /// It compares with an earlier study ("unchanged").
    pub comparison: bool,
    /// It says that something is normal, in words that many reports share.
    pub boilerplate: bool,
    /// Its words by assertion, ascending and apart.
    pub runs: Vec<Run>,
    /// What it speaks of, ascending by start.
    pub mentions: Vec<Mention>,
}

impl Sentence {
    /// Its words, in the report that it was read in.
    ///
    /// # Panics
    /// If it was read in another report, which has no such section or ends before it.
    pub fn text_in<'a>(&self, report: &'a Report) -> &'a str {
        &report.sections()[self.section].text[self.span.range()]
    }

    /// Whether a later addendum or correction takes back something that it says.
    pub fn is_overridden(&self) -> bool {
        self.mentions.iter().any(|mention| mention.overridden)
    }
}

/// What a report was understood to say. Sentences in the order of the text, apart from each other.
#[derive(Clone, PartialEq, Default)]
pub struct Reading {
    /// The sentences. Headings are in none of them.
    pub sentences: Vec<Sentence>,
    /// What looked wrong with the text: never its words.
    pub warnings: Vec<String>,
}

impl Reading {
    /// The mentions that count for the case, in the order of the text: those in findings, impression or text without a
    /// heading that no addendum takes back.
    pub fn standing_mentions(&self) -> impl Iterator<Item = &Mention> {
        (self.sentences.iter())
            .filter(|sentence| sentence.kind.is_reported())
            .flat_map(|sentence| &sentence.mentions)
            .filter(|mention| !mention.overridden)
    }

    /// What the report as a whole says of each finding that it names in findings, impression or text without a
    /// heading: the first of [`Assertion::ALL`] that any mention has. Ascending by id.
    pub fn findings(&self) -> Vec<(FindingId, Assertion)> {
        let mut found: Vec<(FindingId, Assertion)> =
            (self.standing_mentions()).map(|mention| (mention.finding.clone(), mention.assertion)).collect();
        found.sort_unstable();
        found.dedup_by(|later, earlier| later.0 == earlier.0);
        found
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reading({} sentences, {} warnings)", self.sentences.len(), self.warnings.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(kind: SectionKind, mentions: &[(&str, Assertion)]) -> Sentence {
        let mention = |&(finding, assertion): &(&str, Assertion)| Mention {
            finding: finding.into(),
            span: Span { start: 0, end: 1 },
            assertion,
            laterality: None,
            larger: None,
            places: Vec::new(),
            size: None,
            severity: None,
            times: Vec::new(),
            overridden: false,
        };
        Sentence {
            section: 0,
            kind,
            span: Span { start: 0, end: 1 },
            addendum: false,
            comparison: false,
            boilerplate: false,
            runs: Vec::new(),
            mentions: mentions.iter().map(mention).collect(),
        }
    }

    #[test]
    fn the_strongest_assertion_stands_for_the_case() {
        use Assertion::{Absent, Historical, Present, Uncertain};
        let reading = Reading {
            sentences: vec![
                sentence(SectionKind::Indication, &[("mass", Present)]),
                sentence(
                    SectionKind::Findings,
                    &[("effusion", Absent), ("edema", Uncertain), ("edema", Absent)],
                ),
                sentence(SectionKind::Impression, &[("effusion", Present), ("fracture", Historical)]),
            ],
            warnings: Vec::new(),
        };
        let found = reading.findings();
        let found: Vec<_> = found.iter().map(|(id, assertion)| (&**id, *assertion)).collect();
        assert_eq!(found, [("edema", Uncertain), ("effusion", Present), ("fracture", Historical)]);
    }

    #[test]
    fn what_an_addendum_takes_back_is_not_said_of_the_case() {
        let mut first = sentence(SectionKind::Findings, &[("pneumothorax", Assertion::Present)]);
        first.mentions[0].overridden = true;
        let later = sentence(SectionKind::Findings, &[("pneumothorax", Assertion::Absent)]);
        assert!(first.is_overridden() && !later.is_overridden());
        let reading = Reading { sentences: vec![first, later], warnings: Vec::new() };
        assert_eq!(reading.findings(), [("pneumothorax".into(), Assertion::Absent)]);
    }

    #[test]
    fn spans_hold_and_overlap() {
        let span = Span::new(2..5);
        assert!(span.contains(2) && !span.contains(5));
        assert!(span.overlaps(Span::new(4..9)) && !span.overlaps(Span::new(5..9)));
        assert_eq!(&"abcdef"[span.range()], "cde");
    }

    #[test]
    fn names_round_trip() {
        for assertion in Assertion::ALL {
            assert_eq!(Assertion::from_name(assertion.name()), Some(assertion));
        }
    }
}
