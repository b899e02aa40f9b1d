//! From a report to its reading.

use crate::assertion::{Marks, mark, of_words, runs};
use crate::correction::{Origin, override_contradicted};
use crate::language::{Foreign, Shown, settle};
use crate::lexicon::{Cue, Found, Lexicon, Meaning};
use crate::markup::unmarked;
use crate::measure::sizes;
use crate::mention::mentions;
use crate::section::{Part, parts};
use crate::sentence::sentences;
use crate::token::Token;
use precedent_model::{Assertion, Reading, Report, SectionKind, Sentence, Span};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Words that take up what the sentence before spoke of, and how far from its start they are looked for, in tokens.
const PRONOUNS: [&str; 4] = ["it", "they", "this", "these"];
const SUBJECT: usize = 6;
/// Words that say of it that it came to an end.
const GONE: [&str; 7] = ["gone", "resolved", "cleared", "disappeared", "vanished", "longer", "anymore"];

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
        let sections: Vec<(SectionKind, Cow<'_, str>)> =
            report.sections().iter().map(|section| (section.kind, unmarked(&section.text))).collect();
        self.read_sections(&sections)
    }

    /// What a text says: free text, or the words of a query. Sentences are of section 0, of the kind `given` until a
    /// heading says otherwise.
    pub fn read_text(&self, given: SectionKind, text: &str) -> Reading {
        self.read_sections(&[(given, unmarked(text))])
    }

    /// The words of a text that say on which side, where, how severe, how large, since when or compared with what, ascending.
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
                    | Meaning::Comparison
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
        let read = unmarked(sentence);
        let sentence = &*read;
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

    fn read_sections(&self, sections: &[(SectionKind, Cow<'_, str>)]) -> Reading {
        let mut said = Said::default();
        for (place, (given, text)) in sections.iter().enumerate() {
            self.read_section(place, *given, text, &mut said);
        }
        let Said { mut reading, origins, unread } = said;
        let texts: Vec<&str> = sections.iter().map(|(_, text)| &**text).collect();
        override_contradicted(&self.lexicon, &texts, &origins, &mut reading);
        reading.warnings.extend(unread.into_iter().map(|(foreign, count)| {
            let (sentences, were) = if count == 1 { ("sentence", "was") } else { ("sentences", "were") };
            let language = self.lexicon.languages().name(foreign);
            format!(
                "{count} {sentences} in {language} {were} not read: findings are read in English text only"
            )
        }));
        reading
    }

    fn read_section(&self, section: usize, given: SectionKind, text: &str, said: &mut Said) {
        let parts = parts(text, given, self.lexicon.headings());
        let entries: Vec<(&Part, Range<usize>)> = (parts.iter())
            .flat_map(|part| {
                let ranges = sentences(text, part.range.clone(), self.lexicon.abbreviations());
                ranges.into_iter().map(move |range| (part, range))
            })
            .collect();
        let languages = self.lexicon.languages();
        let shown: Vec<Shown> = entries.iter().map(|(_, range)| languages.of(text, range.clone())).collect();
        // Until the end of the part, where a sentence says no more than that what was said is wrong.
        let mut corrects: Option<&Part> = None;
        // Where the last entry ended of a list whose entries are denied.
        let mut list: Option<(&Part, usize)> = None;
        for ((part, range), foreign) in entries.into_iter().zip(settle(&shown)) {
            let mut sentence = empty(section, part, range.clone());
            let mut from = corrects.filter(|of| std::ptr::eq(*of, part)).map(|_| sentence.span.start);
            match foreign {
                Some(foreign) => said.count_unread(foreign),
                None => {
                    let last = said.reading.sentences.last_mut();
                    let before =
                        last.filter(|last| last.section == section && last.addendum == (part.addendum > 0));
                    let listed = list
                        .is_some_and(|(of, end)| std::ptr::eq(of, part) && is_entry(&text[end..range.start]));
                    let end = range.end;
                    let told = self.read_sentence(part, text, range, listed, &mut sentence, before);
                    list = (listed || told.announces_denied).then_some((part, end));
                    let own = told.corrects_from;
                    if own
                        .is_some_and(|from| sentence.mentions.iter().all(|mention| mention.span.start < from))
                    {
                        corrects = Some(part);
                    }
                    from = from.or(own);
                }
            }
            said.origins.push(Origin { addendum: part.addendum, corrects_from: from });
            said.reading.sentences.push(sentence);
        }
    }

    /// Reads a sentence, one of a list of what is denied if `listed`.
    fn read_sentence(
        &self,
        part: &Part,
        text: &str,
        range: Range<usize>,
        listed: bool,
        sentence: &mut Sentence,
        before: Option<&mut Sentence>,
    ) -> Told {
        let tokens = self.lexicon.tokens(text, range.clone());
        let found = self.lexicon.find_phrases(text, &tokens);
        let mut marks = mark(&self.lexicon, text, &tokens, &found, 0..0);
        if part.doubtful {
            marks.iter_mut().for_each(Marks::doubt);
        }
        if listed {
            marks.iter_mut().for_each(Marks::deny);
        }
        let mentions = mentions(&self.lexicon, text, &tokens, &found, &marks);
        if mentions.is_empty() && takes_up(text, &tokens, &marks) {
            before.into_iter().for_each(resolve);
        }
        let has = |wanted: fn(&Meaning) -> bool| {
            found.iter().any(|&found: &Found| wanted(self.lexicon.meaning(found)))
        };
        let denied = |assertion: Assertion| assertion == Assertion::Absent;
        let says_normal = has(|meaning| *meaning == Meaning::Normal) || !mentions.is_empty();
        sentence.comparison = has(|meaning| *meaning == Meaning::Comparison);
        sentence.boilerplate = says_normal && mentions.iter().all(|mention| denied(mention.assertion));
        sentence.runs = runs(text, &tokens, &marks);
        sentence.mentions = mentions;
        let corrects_from = found.iter().find_map(|&found| match self.lexicon.meaning(found) {
            Meaning::Correction { addendum: true, .. } if !sentence.addendum => None,
            Meaning::Correction { whole: true, .. } => Some(sentence.span.start),
            Meaning::Correction { whole: false, .. } => Some(tokens[found.last as usize].end),
            _ => None,
        });
        let colon = text[sentence.span.range()].ends_with(':');
        let announces = |found: &Found| {
            let denies = Cue::is_denial_after(self.lexicon.meaning(*found));
            denies && found.last as usize + 2 >= tokens.len()
        };
        Told { corrects_from, announces_denied: colon && found.iter().any(announces) }
    }
}

/// What a sentence says of others.
struct Told {
    /// The byte behind which it takes back what was said before.
    corrects_from: Option<u32>,
    /// It ends with a denial and a colon, "No evidence of:", so that the entries of the list behind it are denied.
    announces_denied: bool,
}

/// Whether the next entry of a list follows, and no blank line, when that stands between two sentences.
fn is_entry(between: &str) -> bool {
    let breaks = between.matches('\n').count().max(between.matches('\r').count());
    breaks < 2 && !between.trim().is_empty()
}

/// What was read so far.
#[derive(Default)]
struct Said {
    reading: Reading,
    /// By sentence.
    origins: Vec<Origin>,
    /// How many sentences were left alone, by their language.
    unread: Vec<(Foreign, usize)>,
}

impl Said {
    fn count_unread(&mut self, foreign: Foreign) {
        match self.unread.iter_mut().find(|(known, _)| *known == foreign) {
            Some((_, count)) => *count += 1,
            None => self.unread.push((foreign, 1)),
        }
    }
}

/// Whether a sentence denies what the one before spoke of: "It is gone", "On Monday it has resolved".
fn takes_up(text: &str, tokens: &[Token], marks: &[Marks]) -> bool {
    let subject = (tokens.iter().zip(marks).take(SUBJECT))
        .take_while(|(_, mark)| !mark.is_cue())
        .find(|(token, _)| PRONOUNS.iter().any(|pronoun| text[token.range()].eq_ignore_ascii_case(pronoun)));
    // "It is not seen on the lateral view" says less.
    let ended =
        || tokens.iter().any(|token| GONE.iter().any(|word| text[token.range()].eq_ignore_ascii_case(word)));
    subject.is_some_and(|(_, mark)| mark.assertion() == Assertion::Absent) && ended()
}

/// Makes the last finding of a sentence one that is gone, with its words.
fn resolve(sentence: &mut Sentence) {
    let Some(mention) =
        sentence.mentions.last_mut().filter(|mention| mention.assertion == Assertion::Present)
    else {
        return;
    };
    mention.assertion = Assertion::Absent;
    let span = mention.span;
    let alone = sentence.mentions.len() == 1;
    for run in sentence.runs.iter_mut().filter(|run| alone && run.span.overlaps(span)) {
        run.assertion = Assertion::Absent;
    }
}

/// A sentence of which nothing is read.
fn empty(section: usize, part: &Part, range: Range<usize>) -> Sentence {
    Sentence {
        section,
        kind: part.kind,
        span: Span::new(range),
        addendum: part.addendum > 0,
        comparison: false,
        boilerplate: false,
        runs: Vec::new(),
        mentions: Vec::new(),
    }
}
