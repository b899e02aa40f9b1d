//! From a report to its reading.

use crate::assertion::{mark, of_words, runs};
use crate::lexicon::{Found, Lexicon, Meaning};
use crate::measure::sizes;
use crate::mention::mentions;
use crate::section::{Part, parts};
use crate::sentence::sentences;
use precedent_model::{Assertion, Reading, Report, SectionKind, Sentence, Span};
use std::ops::Range;
use std::sync::Arc;

/// Reads reports by a lexicon. Cheap to share.
#[derive(Debug)]
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
        let mut reading = Reading::default();
        for (place, section) in report.sections().iter().enumerate() {
            self.read_section(place, section.kind, &section.text, &mut reading);
        }
        reading
    }

    /// What a text says: free text, or the words of a query. Sentences are of section 0, of the kind `given` until a
    /// heading says otherwise.
    pub fn read_text(&self, given: SectionKind, text: &str) -> Reading {
        let mut reading = Reading::default();
        self.read_section(0, given, text, &mut reading);
        reading
    }

    /// The words of a text that say on which side, where, how severe, how large or since when, ascending.
    pub fn details(&self, text: &str) -> Vec<Span> {
        let tokens = self.lexicon.tokens(text, 0..text.len());
        let found = self.lexicon.find_phrases(text, &tokens);
        let detail = |found: &&Found| {
            matches!(
                self.lexicon.meaning(**found),
                Meaning::Side(_)
                    | Meaning::Larger(_)
                    | Meaning::Place(_)
                    | Meaning::Severity(_)
                    | Meaning::Time(_)
            )
        };
        let span = |found: &Found| Span {
            start: tokens[found.first as usize].start,
            end: tokens[found.last as usize].end,
        };
        let mut spans: Vec<Span> = found.iter().filter(detail).map(span).collect();
        spans.extend(sizes(text, &tokens).iter().map(|size| size.span));
        spans.sort_unstable();
        spans
    }

    /// What a sentence says about a span of it, in the lexicon or not. Only the words around the span count: of "no
    /// effusion" as a whole nothing is denied. A span outside the sentence is cut to it; where the text holds several
    /// sentences, the one with the span's start counts.
    pub fn assert(&self, sentence: &str, span: Span) -> Assertion {
        let ranges = sentences(sentence, 0..sentence.len(), self.lexicon.abbreviations());
        let at = span.range().start;
        let range = (ranges.into_iter().find(|range| at < range.end)).unwrap_or(0..sentence.len());
        let tokens = self.lexicon.tokens(sentence, range);
        let found = self.lexicon.find_phrases(sentence, &tokens);
        let first = tokens.partition_point(|token| token.end <= span.start);
        let behind = tokens.partition_point(|token| token.start < span.end).max(first);
        let marks = mark(&self.lexicon, sentence, &tokens, &found, first..behind);
        of_words(&marks, first..behind)
    }

    fn read_section(&self, section: usize, given: SectionKind, text: &str, reading: &mut Reading) {
        for part in parts(text, given, self.lexicon.headings()) {
            for range in sentences(text, part.range.clone(), self.lexicon.abbreviations()) {
                reading.sentences.push(self.read_sentence(section, &part, text, range));
            }
        }
    }

    fn read_sentence(&self, section: usize, part: &Part, text: &str, range: Range<usize>) -> Sentence {
        let tokens = self.lexicon.tokens(text, range.clone());
        let found = self.lexicon.find_phrases(text, &tokens);
        let marks = mark(&self.lexicon, text, &tokens, &found, 0..0);
        let mentions = mentions(&self.lexicon, text, &tokens, &found, &marks);
        let has = |wanted: fn(&Meaning) -> bool| {
            found.iter().any(|&found: &Found| wanted(self.lexicon.meaning(found)))
        };
        let denied = |assertion: Assertion| assertion == Assertion::Absent;
        let says_normal = has(|meaning| *meaning == Meaning::Normal) || !mentions.is_empty();
        Sentence {
            section,
            kind: part.kind,
            span: Span::new(range),
            addendum: part.addendum,
            comparison: has(|meaning| *meaning == Meaning::Comparison),
            boilerplate: says_normal && mentions.iter().all(|mention| denied(mention.assertion)),
            runs: runs(text, &tokens, &marks),
            mentions,
        }
    }
}
