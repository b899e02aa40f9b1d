//! The words of a report, each with what its reading says of it. The index and the highlights are both made of these,
//! so what is found is what is shown.

use crate::schema::LexicalField;
use precedent_model::{Assertion, Reading, Report, SectionKind, Sentence, Span};
use tantivy::tokenizer::TextAnalyzer;

/// A word where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Standing {
    /// Which section of the report.
    pub(crate) section: usize,
    /// Where in its text.
    pub(crate) span: Span,
    /// Which word of the report. Headings count, and sections lie one apart, so words in a row are words in a row.
    pub(crate) place: u32,
    /// What the part of the report around it is for.
    pub(crate) kind: SectionKind,
    /// What is said about it; `None` for a word that itself asserts, and for one that an addendum takes back.
    pub(crate) assertion: Option<Assertion>,
}

impl Standing {
    /// The fields that hold the word.
    pub(crate) fn fields(self) -> impl Iterator<Item = LexicalField> {
        let reported = self.kind.is_reported();
        let asserted = self.assertion.filter(|_| reported).map(LexicalField::Asserted);
        [Some(LexicalField::Section(self.kind)), reported.then_some(LexicalField::Text), asserted]
            .into_iter()
            .flatten()
    }

    /// Whether that field holds the word.
    pub(crate) fn is_in(self, field: LexicalField) -> bool {
        match field {
            LexicalField::Text => self.kind.is_reported(),
            LexicalField::Section(kind) => kind == self.kind,
            LexicalField::Asserted(assertion) => self.kind.is_reported() && self.assertion == Some(assertion),
            LexicalField::Finding => false,
        }
    }
}

/// Gives every word of a report, as it is indexed, in order.
///
/// Words in no sentence (headings, the numbers of a list, a section that was not understood) have no assertion and are
/// parts of the section that the report names, so that nothing is lost to who asks for it as it stands.
pub(crate) fn each_word(
    analyzer: &mut TextAnalyzer,
    report: &Report,
    reading: &Reading,
    mut each: impl FnMut(Standing, &str),
) {
    let mut base = 0;
    for (section, part) in report.sections().iter().enumerate() {
        let mut said = Said::new(section, part.kind, reading);
        let mut next = base;
        analyzer.token_stream(&part.text).process(&mut |token| {
            let span = Span::new(token.offset_from..token.offset_to);
            let place = base + token.position as u32;
            next = place + 1;
            let (kind, assertion) = said.of(span.start);
            each(Standing { section, span, place, kind, assertion }, &token.text);
        });
        base = next + 1;
    }
}

/// The reading of one section, walked through with its text.
struct Said<'a> {
    /// The kind that the report gives the section.
    given: SectionKind,
    /// The sentence at hand and those behind it.
    sentences: &'a [Sentence],
    sentence: usize,
    run: usize,
}

impl<'a> Said<'a> {
    fn new(section: usize, given: SectionKind, reading: &'a Reading) -> Self {
        // In the order of the text, so in that of the sections.
        let all = &reading.sentences[..];
        let first = all.partition_point(|sentence| sentence.section < section);
        let behind = all.partition_point(|sentence| sentence.section <= section);
        let sentences = all.get(first..behind).unwrap_or_default();
        Self { given, sentences, sentence: 0, run: 0 }
    }

    /// What the reading says of a byte. Bytes are asked for in ascending order.
    fn of(&mut self, at: u32) -> (SectionKind, Option<Assertion>) {
        while self.sentences.get(self.sentence).is_some_and(|sentence| sentence.span.end <= at) {
            self.sentence += 1;
            self.run = 0;
        }
        let Some(sentence) = self.sentences.get(self.sentence).filter(|sentence| sentence.span.start <= at)
        else {
            return (self.given, None);
        };
        while sentence.runs.get(self.run).is_some_and(|run| run.span.end <= at) {
            self.run += 1;
        }
        let run = sentence.runs.get(self.run).filter(|run| run.span.start <= at);
        (sentence.kind, run.filter(|run| !run.overridden).map(|run| run.assertion))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyzer::analyzer;
    use crate::simple::read;
    use std::collections::BTreeMap;

    /// What every field holds, as words with their places.
    fn fields(report: &Report, reading: &Reading) -> BTreeMap<&'static str, String> {
        let mut fields: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        each_word(&mut analyzer(), report, reading, |standing, word| {
            for field in LexicalField::all() {
                assert_eq!(standing.is_in(field), standing.fields().any(|holding| holding == field));
            }
            for field in standing.fields() {
                fields.entry(field.name()).or_default().push(format!("{word}{}", standing.place));
            }
            let written = &report.sections()[standing.section].text[standing.span.range()];
            assert!(written.to_lowercase().starts_with(&word[..1]), "{written} {word}");
        });
        fields.into_iter().map(|(field, words)| (field, words.join(" "))).collect()
    }

    fn check(sections: &[(SectionKind, &str)], expected: &[(&str, &str)]) {
        let report = Report::new(sections.iter().copied()).unwrap();
        let expected = expected.iter().map(|&(field, words)| (field, words.to_owned())).collect();
        assert_eq!(fields(&report, &read(&report)), expected, "{sections:?}");
    }

    #[test]
    fn words_go_to_their_section_their_assertion_and_the_text() {
        check(
            &[(SectionKind::Findings, "Clear lungs. No mass."), (SectionKind::Impression, "May scar")],
            &[
                ("absent", "mass3"),
                ("findings", "clear0 lung1 no2 mass3"),
                ("impression", "may5 scar6"),
                ("present", "clear0 lung1"),
                ("text", "clear0 lung1 no2 mass3 may5 scar6"),
                ("uncertain", "scar6"),
            ],
        );
    }

    #[test]
    fn questions_are_in_their_section_alone() {
        check(
            &[(SectionKind::Indication, "Mass"), (SectionKind::Body, "x")],
            &[("body", "x2"), ("indication", "mass0"), ("present", "x2"), ("text", "x2")],
        );
    }

    /// The headings themselves belong to what they stand in.
    #[test]
    fn headings_inside_a_text_say_which_section_it_is() {
        check(
            &[(SectionKind::Body, "INDICATION: cough FINDINGS: clear IMPRESSION: no mass")],
            &[
                ("absent", "mass6"),
                ("body", "indic0 find2 impress4"),
                ("findings", "clear3"),
                ("impression", "no5 mass6"),
                ("indication", "cough1"),
                ("present", "clear3"),
                ("text", "indic0 find2 clear3 impress4 no5 mass6"),
            ],
        );
    }

    #[test]
    fn a_section_that_was_not_understood_keeps_its_words() {
        let sections =
            [(SectionKind::Findings, "a b"), (SectionKind::Technique, "c"), (SectionKind::Body, "d")];
        let report = Report::new(sections).unwrap();
        let mut reading = read(&report);
        reading.sentences.retain(|sentence| sentence.section == 2);
        let expected = [
            ("body", "d5"),
            ("findings", "a0 b1"),
            ("present", "d5"),
            ("technique", "c3"),
            ("text", "a0 b1 d5"),
        ];
        assert_eq!(
            fields(&report, &reading),
            expected.map(|(field, words)| (field, words.to_owned())).into()
        );
    }

    #[test]
    fn words_above_the_limit_keep_their_place() {
        let long = format!("a {} b", "x".repeat(65));
        check(&[(SectionKind::Technique, &long)], &[("technique", "a0 b2")]);
    }
}
