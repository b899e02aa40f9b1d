//! Which words of a report go to which field.
//!
//! - `text` is everything that was reported: findings, impression and text without a heading. It leaves out indication,
//!   comparison and technique, because "rule out pneumothorax" is a question and no finding.
//! - Every kind of section has a field of its own: `impression:effusion` has a list and statistics of its own.
//! - Every assertion has one: the words of what was reported that stand under it. "no" and its like are in none.
//! - `finding` has a term per mention in what was reported, two in the impression: assertion and finding, such as
//!   `present/pleural-effusion`; and as many for each detail of the mention, such as `present/pleural-effusion@left`
//!   (`detail.rs`).
//!
//! So a word of the findings stands in three fields. That costs disk, not time: a query reads only the lists it names.
//!
//! A word has the same position in every field: its place in the report. Headings and words that only assert have a
//! place too, and sections lie a place apart, so a phrase holds where words are truly in a row and nowhere else.
//! Nothing is stored, and tantivy's length norms are off: they are quantised, so we keep exact counts ourselves.
//!
//! Version 1 had `text` and the sections only.

use crate::analyzer::ANALYZER_NAME;
use precedent_model::{Assertion, SectionKind};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};

/// Number of fields: `text`, one per section, one per assertion, `finding`.
pub(crate) const FIELD_COUNT: usize = MEASURED_COUNT + Assertion::ALL.len() + 1;
/// Number of fields with a length of their own: `text` and one per section, the first ones.
pub(crate) const MEASURED_COUNT: usize = 1 + SectionKind::ALL.len();

/// A field of the index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum LexicalField {
    /// What was reported.
    Text,
    /// One section alone.
    Section(SectionKind),
    /// What was reported under one assertion.
    Asserted(Assertion),
    /// What was found, with its assertion.
    Finding,
}

impl LexicalField {
    /// Every field, in the order of the schema.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::measured().chain(Assertion::ALL.into_iter().map(Self::Asserted)).chain([Self::Finding])
    }

    /// The fields with a length of their own, in the order of the schema.
    pub(crate) fn measured() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Text).chain(SectionKind::ALL.into_iter().map(Self::Section))
    }

    /// The field of that name, as it stands before a colon in a query. `finding` is none of them: its terms are no
    /// words.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|field| *field != Self::Finding && field.name() == name)
    }

    /// Place in the schema and in every table by field.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Text => 0,
            Self::Section(SectionKind::Indication) => 1,
            Self::Section(SectionKind::Comparison) => 2,
            Self::Section(SectionKind::Technique) => 3,
            Self::Section(SectionKind::Findings) => 4,
            Self::Section(SectionKind::Impression) => 5,
            Self::Section(SectionKind::Body) => 6,
            Self::Asserted(Assertion::Present) => 7,
            Self::Asserted(Assertion::Uncertain) => 8,
            Self::Asserted(Assertion::Absent) => 9,
            Self::Asserted(Assertion::Historical) => 10,
            Self::Asserted(Assertion::Hypothetical) => 11,
            Self::Asserted(Assertion::OtherPerson) => 12,
            Self::Finding => 13,
        }
    }

    /// Place in the table of lengths. The fields by assertion and of findings are parts of one text, and have its length.
    pub(crate) const fn length_index(self) -> usize {
        match self {
            Self::Text | Self::Section(_) => self.index(),
            Self::Asserted(_) | Self::Finding => Self::Text.index(),
        }
    }

    /// Where a segment of that version has what this field holds, if anywhere. Version 1 knows no assertions: what it
    /// holds counts as present.
    pub(crate) const fn in_version(self, version: u32) -> Option<Self> {
        match self {
            Self::Asserted(Assertion::Present) if version == 1 => Some(Self::Text),
            Self::Asserted(_) | Self::Finding if version == 1 => None,
            _ => Some(self),
        }
    }

    /// The same field for tantivy, which numbers fields in the order of the schema.
    pub(crate) fn tantivy(self) -> Field {
        Field::from_field_id(self.index() as u32)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Section(kind) => kind.name(),
            Self::Asserted(assertion) => assertion.name(),
            Self::Finding => "finding",
        }
    }
}

/// How many terms of `finding` a mention makes: the impression says what the author holds to matter, so it counts twice.
pub(crate) const fn finding_terms(kind: SectionKind) -> usize {
    match kind {
        SectionKind::Impression => 2,
        _ => 1,
    }
}

/// The term of `finding` for a mention, behind what stands in `term` already.
pub(crate) fn push_finding_term(term: &mut String, assertion: Assertion, finding: &str) {
    term.push_str(assertion.name());
    term.push('/');
    term.push_str(finding);
}

/// The schema of every segment of a version.
pub(crate) fn schema(version: u32) -> Schema {
    let mut builder = Schema::builder();
    for field in LexicalField::all().filter(|field| field.in_version(version) == Some(*field)) {
        let record = match field {
            LexicalField::Finding => IndexRecordOption::WithFreqs,
            _ => IndexRecordOption::WithFreqsAndPositions,
        };
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(ANALYZER_NAME)
            .set_fieldnorms(false)
            .set_index_option(record);
        builder.add_text_field(field.name(), TextOptions::default().set_indexing_options(indexing));
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_where_their_index_says() {
        for (version, count) in [(1, MEASURED_COUNT), (2, FIELD_COUNT), (3, FIELD_COUNT)] {
            let schema = schema(version);
            assert_eq!(schema.fields().count(), count);
            for (place, field) in LexicalField::all().enumerate().take(count) {
                assert_eq!(field.index(), place);
                assert_eq!(schema.get_field(field.name()).unwrap(), field.tantivy());
            }
        }
        assert!(LexicalField::measured().enumerate().all(|(place, field)| field.length_index() == place));
    }

    #[test]
    fn fields_for_queries_have_names_and_findings_none() {
        assert_eq!(LexicalField::from_name("absent"), Some(LexicalField::Asserted(Assertion::Absent)));
        assert_eq!(LexicalField::from_name("text"), Some(LexicalField::Text));
        assert_eq!(LexicalField::from_name("finding"), None);
    }

    #[test]
    fn version_1_holds_what_is_present_in_its_text() {
        let in_1 = |assertion| LexicalField::Asserted(assertion).in_version(1);
        assert_eq!(in_1(Assertion::Present), Some(LexicalField::Text));
        assert!(Assertion::ALL[1..].iter().all(|&assertion| in_1(assertion).is_none()));
        assert_eq!(LexicalField::Finding.in_version(1), None);
    }
}
