//! From a report to its reading.

use crate::Lexicon;
use precedent_model::{Assertion, Reading, Report, SectionKind, Span};
use std::sync::Arc;

/// Reads reports by a lexicon. Cheap to share.
pub struct ReportReader {
    lexicon: Arc<Lexicon>,
}

impl ReportReader {
    /// A reader by that lexicon.
    pub fn new(lexicon: Arc<Lexicon>) -> Self {
        Self { lexicon }
    }

    /// The lexicon that it reads by.
    pub fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }

    /// What a report says.
    pub fn read(&self, report: &Report) -> Reading {
        let _ = report;
        Reading::default()
    }

    /// What a text says: free text, or the words of a query. Sentences are of section 0, of the kind `given` until a
    /// heading says otherwise.
    pub fn read_text(&self, given: SectionKind, text: &str) -> Reading {
        let _ = (given, text);
        Reading::default()
    }

    /// What a sentence says about a span of it, in the lexicon or not. A span outside the sentence is cut to it.
    pub fn assert(&self, sentence: &str, span: Span) -> Assertion {
        let _ = (sentence, span);
        Assertion::Present
    }
}
