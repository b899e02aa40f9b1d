//! The headings of a lexicon, and what a row of words is as a heading.

use crate::lexicon_file::{HeadingEntry, LexiconError};
use crate::sentence::is_joining;
use crate::token::ascii_lower_case;
use precedent_model::SectionKind;
use rustc_hash::{FxHashMap, FxHashSet};

/// Longest heading, in words.
pub(super) const MAX_WORDS: usize = 10;
/// Most words that a label may hold before the heading that it ends with: "PERTINENT SURGICAL HISTORY:".
const MAX_UNKNOWN: usize = 3;

/// Words up to this size take no memory of their own when they are looked up, in bytes.
const LOWER_BYTES: usize = 32;

/// What a heading says about the text behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heading {
    /// A part of that kind begins. [`SectionKind::Body`] ends addenda: "ORIGINAL REPORT".
    Section(SectionKind),
    /// An addendum begins.
    Addendum,
    /// What may be there is listed: "DIFFERENTIAL DIAGNOSIS".
    Differential,
    /// A label that belongs to the text: "Lungs:".
    Label,
}

impl Heading {
    /// Whether it says how the images were made: also the end of a title, "CHEST 2 VIEWS".
    pub(super) fn is_technique(self) -> bool {
        self == Self::Section(SectionKind::Technique)
    }
}

/// The headings of a lexicon.
#[derive(Debug, Default)]
pub(crate) struct Headings {
    /// By their words, in lower case, with single spaces.
    phrases: FxHashMap<Box<str>, Heading>,
    /// The words that begin one.
    first: FxHashSet<Box<str>>,
}

impl Headings {
    /// Of two entries for the same words the later one counts.
    ///
    /// # Errors
    /// An unknown kind, or a phrase without words or with too many of them.
    pub fn new(entries: &[HeadingEntry]) -> Result<Self, LexiconError> {
        let mut headings = Self::default();
        for entry in entries {
            let refuse = |phrase: &str, problem: String| LexiconError::Entry {
                entry: format!("heading {phrase:?} of kind {:?}", entry.kind),
                problem,
            };
            let heading = match entry.kind.as_str() {
                "addendum" => Heading::Addendum,
                "differential" => Heading::Differential,
                "none" => Heading::Label,
                kind => SectionKind::from_name(kind).map(Heading::Section).ok_or_else(|| {
                    refuse("", "the kind is no section kind, `addendum`, `differential` or `none`".to_owned())
                })?,
            };
            for phrase in &entry.phrases {
                let words: Vec<String> = words_of(phrase);
                let Some(first) = words.first().filter(|_| words.len() <= MAX_WORDS) else {
                    return Err(refuse(phrase, format!("has no word or more than {MAX_WORDS}")));
                };
                headings.first.insert(first.as_str().into());
                headings.phrases.insert(words.join(" ").into(), heading);
            }
        }
        Ok(headings)
    }

    /// Whether a heading begins with that word.
    pub(super) fn may_begin(&self, word: &str) -> bool {
        let mut place = [0; LOWER_BYTES];
        match ascii_lower_case(word, &mut place).filter(|word| !word.contains('\'')) {
            Some(word) => self.first.contains(word),
            None => self.first.contains(lower(word).as_str()),
        }
    }

    /// What the words are when headings and labels make up all of them: "FINDINGS AND IMPRESSION", "CHEST FINDINGS".
    pub(super) fn made(&self, words: &[String]) -> Option<Made> {
        let mut made =
            Made { section: None, addendum: false, differential: false, labels: false, numbered: false };
        let mut at = 0;
        while let Some(word) = words.get(at) {
            if let Some((length, heading)) = self.longest(&words[at..]) {
                match heading {
                    Heading::Section(kind) => made.section = made.section.or(Some(kind)),
                    Heading::Addendum => made.addendum = true,
                    Heading::Differential => made.differential = true,
                    Heading::Label => made.labels = true,
                }
                at += length;
                continue;
            }
            let number = word.chars().all(is_digit);
            let inside = at > 0 && at + 1 < words.len();
            let joining = matches!(word.as_str(), "and" | "or" | "of" | "the" | "for" | "to" | "with");
            if !(number || inside && joining) {
                return None;
            }
            made.numbered |= number;
            at += 1;
        }
        Some(made)
    }

    /// The longest phrase that the words begin with.
    pub(super) fn longest(&self, words: &[String]) -> Option<(usize, Heading)> {
        if !self.first.contains(words.first()?.as_str()) {
            return None;
        }
        let mut joined = String::with_capacity(words.iter().map(|word| word.len() + 1).sum());
        let mut longest = None;
        for (place, word) in words.iter().enumerate() {
            if place > 0 {
                joined.push(' ');
            }
            joined.push_str(word);
            longest = self.phrases.get(joined.as_str()).map(|heading| (place + 1, *heading)).or(longest);
        }
        longest
    }

    /// What a label in capitals is that ends with a heading, "PERTINENT SURGICAL HISTORY", or begins with one, "FINDINGS
    /// ON CT CHEST". A technique never: behind "PORTABLE AP VIEW:" stand the findings.
    pub(super) fn around(&self, words: &[String]) -> Option<Heading> {
        for skipped in 0..words.len().min(MAX_UNKNOWN + 1) {
            let rest = &words[skipped..];
            let made = self.made(rest).filter(|made| skipped > 0 && !made.labels && !made.numbered);
            if let Some(heading) = made.and_then(Made::heading) {
                return Some(heading).filter(|heading| !heading.is_technique());
            }
            // "CHEST 2 VIEWS" is no technique: what is skipped is neither label nor number.
            let first = &words[skipped];
            if self.longest(rest).is_some() || is_joining(first) || first.chars().all(is_digit) {
                break;
            }
        }
        let (length, heading) = self.longest(words)?;
        let joined = matches!(words.get(length)?.as_str(), "on" | "of" | "for" | "per" | "from" | "by");
        Some(heading).filter(|heading| joined && *heading != Heading::Label && !heading.is_technique())
    }
}

/// What a row of words is made of.
#[derive(Debug)]
pub(super) struct Made {
    section: Option<SectionKind>,
    addendum: bool,
    differential: bool,
    /// With labels such as "CHEST".
    pub labels: bool,
    /// With numbers.
    pub numbered: bool,
}

impl Made {
    /// The heading, if that is one.
    pub fn heading(self) -> Option<Heading> {
        match self.section {
            _ if self.addendum => Some(Heading::Addendum),
            // "CHEST 2 VIEWS: Normal heart" is no technique.
            Some(kind) if self.labels && !kind.is_reported() => None,
            Some(kind) => Some(Heading::Section(kind)),
            None if self.differential => Some(Heading::Differential),
            None => self.labels.then_some(Heading::Label),
        }
    }
}

fn words_of(phrase: &str) -> Vec<String> {
    (phrase.split(|c: char| !is_word(c)).filter(|word| !word.is_empty())).map(lower).collect()
}

/// Whether words hold that character.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '\u{2019}')
}

/// The word as headings hold it.
pub(super) fn lower(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

pub(super) fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}
