//! Which text of a report goes to which field.
//!
//! `text` is what a query searches when it names no section: what was reported, that is findings, impression and text
//! without a heading. It leaves out indication, comparison and technique, because "rule out pneumothorax" is a question
//! and no finding. Every section has a field of its own besides, so findings, impression and body are indexed twice.
//! That costs disk, not time: one list per word is read for a plain word, and a section's statistics are its own.
//!
//! Positions are kept for phrases. Sections of one field lie a position apart, so no phrase runs from one into the
//! next. Nothing is stored, and tantivy's length norms are off: they are quantised, so we keep exact counts ourselves.

use crate::analyzer::ANALYZER_NAME;
use precedent_model::SectionKind;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};

/// Number of fields: `text` and one per section.
pub(crate) const FIELD_COUNT: usize = 1 + SectionKind::ALL.len();

/// A field of the index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum LexicalField {
    /// What was reported.
    Text,
    /// One section alone.
    Section(SectionKind),
}

impl LexicalField {
    /// Every field, in the order of the schema.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Text).chain(SectionKind::ALL.into_iter().map(Self::Section))
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
        }
    }

    /// The same field for tantivy, which numbers fields in the order of the schema.
    pub(crate) fn tantivy(self) -> Field {
        Field::from_field_id(self.index() as u32)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Section(kind) => kind.name(),
        }
    }
}

/// The schema of every segment.
pub(crate) fn schema() -> Schema {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(ANALYZER_NAME)
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let mut builder = Schema::builder();
    for field in LexicalField::all() {
        builder.add_text_field(field.name(), TextOptions::default().set_indexing_options(indexing.clone()));
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_where_their_index_says() {
        let schema = schema();
        assert_eq!(schema.fields().count(), FIELD_COUNT);
        for (place, field) in LexicalField::all().enumerate() {
            assert_eq!(field.index(), place);
            assert_eq!(schema.get_field(field.name()).unwrap(), field.tantivy());
        }
    }
}
