//! Spelling correction: words of a query that no report contains and the lexicon does not know, and their replacements.
//!
//! A word is known if a live report contains it, in any section and with any ending, or if it is part of a phrase or name of the
//! lexicon. An unknown word is replaced by a known one of similar spelling ([`precedent_lexical::Spelling`]): by the nearest; of
//! those, by one that reports contain with any ending; of those, by the one in most reports; of those, by one of the lexicon.
//! Words to be searched as written (in quotation marks, or after the name of a section or an assertion) stay, as do words with a
//! digit and words of fewer than four letters. Words after `+` and `-` are corrected like any other.
//!
//! The corrected text is then read as if it had been typed.

use crate::EngineError;
use precedent_archive::Generation;
use precedent_lexical::{Neighbour, Spelling, TextQuery};
use precedent_model::fold_word;
use precedent_query::{Correction, Warning, WarningCode};
use precedent_report::Lexicon;
use std::cmp::Reverse;
use std::collections::HashSet;

/// Most words of one query that are looked up: each lookup scans some thousand words of the archive.
const MOST_LOOKUPS: usize = 8;
/// Most candidates of the archive that are checked against live reports.
const MOST_CANDIDATES: usize = 16;

/// Most bytes of a word that is taken as the unit of the number before it, such as "mm", whether or not a report contains it.
const LONGEST_UNIT: usize = 3;

/// A text with its unknown words replaced.
#[derive(Default)]
pub(crate) struct Corrected {
    /// The text to search.
    pub text: String,
    /// In the order of the text.
    pub corrections: Vec<Correction>,
    /// Words that are unknown and resemble no known word, without duplicates.
    pub unknown: Vec<String>,
}

impl Corrected {
    /// The text as typed.
    pub fn literal(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Warnings for the caller.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if !self.corrections.is_empty() {
            let each = |word: &Correction| format!("`{}` for `{}`", word.searched, word.written);
            let words: Vec<String> = self.corrections.iter().map(each).collect();
            let message = format!(
                "searched {}, which no report and no lexicon knows; ask for literal text to search as written",
                words.join(", ")
            );
            warnings.push(Warning { code: WarningCode::Spelling, message });
        }
        if !self.unknown.is_empty() {
            let words: Vec<String> = self.unknown.iter().map(|word| format!("`{word}`")).collect();
            let message = format!("no report and no lexicon knows {}", words.join(", "));
            warnings.push(Warning { code: WarningCode::UnknownWord, message });
        }
        warnings
    }
}

/// Replaces the unknown words of a query's text. An archive without any words knows none, so nothing is replaced.
pub(crate) fn correct(snapshot: &dyn Generation, text: &str) -> Result<Corrected, EngineError> {
    let mut corrected = Corrected::default();
    let mut end = 0;
    let mut lookups = 0;
    let mut after_number = false;
    for written in TextQuery::words(text) {
        let word = text.get(written.span.range()).unwrap_or_default();
        let folded = folded(word);
        let is_unit =
            std::mem::replace(&mut after_number, is_number(&folded)) && folded.len() <= LONGEST_UNIT;
        if is_unit || is_known(snapshot, &folded)? {
            continue;
        }
        let found = if written.as_written || lookups == MOST_LOOKUPS {
            None
        } else {
            lookups += 1;
            nearest(snapshot, snapshot.reader().lexicon(), &folded)?
        };
        match found {
            Some(searched) => {
                corrected.text.push_str(text.get(end..written.span.range().start).unwrap_or_default());
                corrected.text.push_str(&searched);
                end = written.span.range().end;
                let (span, written) = (written.span, word.to_owned());
                corrected.corrections.push(Correction { span, written, searched });
            }
            None if !corrected.unknown.iter().any(|known| known == word) => {
                corrected.unknown.push(word.to_owned());
            }
            None => {}
        }
    }
    corrected.text.push_str(text.get(end..).unwrap_or_default());
    Ok(corrected)
}

fn is_number(folded: &str) -> bool {
    folded.chars().all(char::is_numeric)
}

fn folded(word: &str) -> String {
    let mut folded = String::new();
    fold_word(word, &mut folded);
    folded
}

/// Whether a word needs no correction. The spelling of numbers and single letters says nothing.
fn is_known(snapshot: &dyn Generation, folded: &str) -> Result<bool, EngineError> {
    let is_word = folded.chars().nth(1).is_some() && folded.chars().all(char::is_alphabetic);
    if !is_word || !snapshot.has_words() {
        return Ok(true);
    }
    // Most words occur in a report, and that is the cheapest check.
    Ok(snapshot.knows_word(folded)? || snapshot.reader().lexicon().knows(folded))
}

/// The known word of the most similar spelling.
fn nearest(
    snapshot: &dyn Generation,
    lexicon: &Lexicon,
    folded: &str,
) -> Result<Option<String>, EngineError> {
    let Some(spelling) = Spelling::of(folded) else { return Ok(None) };
    let of_lexicon: HashSet<&str> =
        lexicon.words().filter(|word| spelling.distance(word).is_some()).collect();
    let mut found = snapshot.words_like(&spelling)?;
    found.truncate(MOST_CANDIDATES);
    for word in &of_lexicon {
        if let Some(distance) = spelling.distance(word)
            && !found.iter().any(|found| found.word == **word)
        {
            found.push(Neighbour { word: (*word).to_owned(), distance, documents: 0 });
        }
    }
    let mut best = None;
    for Neighbour { word, distance, documents } in found {
        // The word list of an archive also contains words of deleted reports.
        let held = snapshot.knows_word(&word)?;
        let of_lexicon = of_lexicon.contains(word.as_str());
        let order = (distance, !held, Reverse(documents), !of_lexicon, word);
        if (held || of_lexicon) && best.as_ref().is_none_or(|best| order < *best) {
            best = Some(order);
        }
    }
    Ok(best.map(|(.., word)| word))
}
