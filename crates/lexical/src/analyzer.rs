//! From text to words. One analyzer for every field and for queries.
//!
//! A word is a run of letters and digits with the accents and invisible characters inside it, such as soft hyphens. Words
//! are folded by [`precedent_model::fold_word`], so that texts that look alike give the same words, and reduced to their
//! English stem (Snowball "English"). Each keeps its bytes in the text as written. There are no stop words: in a report
//! "no" is the finding.
//!
//! Version 1 cut words at every character that is neither letter nor digit, and folded Latin letters alone. Both versions
//! make the same words of ASCII, and of letters with their accents in one character, so segments of either are searched
//! with the same query; what version 1 cut otherwise is found once a merge has analysed it again.

use precedent_model::{continues_word, fold_word};
use std::ops::Range;
use tantivy::tokenizer::{Language, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer};

/// The name under which the analyzer stands in every segment.
pub const ANALYZER_NAME: &str = "precedent_english";
/// Changes with every change of the words that a text gives. Every version from 1 up to it is read.
pub const ANALYZER_VERSION: u32 = 2;
pub(crate) const OLDEST_ANALYZER: u32 = 1;
/// Longest word that is indexed, in bytes as written. Longer ones keep their place in the text but are never found.
pub const MAX_WORD_BYTES: usize = 64;

/// The analyzer.
pub(crate) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(WordTokenizer::default()).filter(Stemmer::new(Language::English)).build()
}

/// Where the first word of `text` from `from` on stands.
pub(crate) fn next_word(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    let start = from + rest.find(|c: char| c.is_alphanumeric() && !continues_word(c))?;
    // A word ends behind its last visible character, so that what follows unseen is in no highlight.
    let mut end = start;
    for (at, c) in text.get(start..)?.char_indices() {
        if c.is_alphanumeric() || (continues_word(c) && !precedent_model::is_invisible(c)) {
            end = start + at + c.len_utf8();
        } else if !continues_word(c) {
            break;
        }
    }
    Some(start..end)
}

/// The words of a text as written.
pub(crate) fn written_words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let word = next_word(text, at)?;
        at = word.end;
        Some(word)
    })
}

/// Cuts a text into folded words.
#[derive(Clone, Default)]
struct WordTokenizer {
    token: Token,
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { text, at: 0, token: &mut self.token }
    }
}

struct WordStream<'a> {
    text: &'a str,
    at: usize,
    token: &'a mut Token,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        while let Some(word) = next_word(self.text, self.at) {
            self.at = word.end;
            self.token.position = self.token.position.wrapping_add(1);
            if word.len() > MAX_WORD_BYTES {
                continue;
            }
            self.token.text.clear();
            fold_word(self.text.get(word.clone()).unwrap_or_default(), &mut self.token.text);
            (self.token.offset_from, self.token.offset_to) = (word.start, word.end);
            if !self.token.text.is_empty() {
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        analyzer().token_stream(text).process(&mut |token| words.push(token.text.clone()));
        words
    }

    #[test]
    fn words_are_folded_and_stemmed_and_none_is_a_stop_word() {
        assert_eq!(words("No effusions, the OPACITIES"), ["no", "effus", "the", "opac"]);
        assert_eq!(words("Élévation x-ray T9/T10"), ["elev", "x", "ray", "t9", "t10"]);
        assert_eq!(words("肺炎 пневмония"), ["肺炎", "пневмония"]);
        assert!(words(" -- !? ").is_empty());
    }

    #[test]
    fn texts_that_look_alike_give_the_same_words() {
        for (text, plain) in [
            ("Pulmonary \u{fb01}brosis", "pulmonary fibrosis"),
            ("Pneumo\u{ad}thorax", "pneumothorax"),
            ("pneumo\u{200b}thorax\u{feff}", "pneumothorax"),
            ("oede\u{300}me", "oedème"),
            ("œdème", "oedeme"),
            ("Ｐｎｅｕｍｏｔｈｏｒａｘ", "pneumothorax"),
            ("Ma\u{df}stab", "massstab"),
            ("S\u{131}n\u{131}r", "sinir"),
            ("air\u{2011}space\u{a0}disease", "air-space disease"),
            ("\u{ad}\u{301}mass", "mass"),
        ] {
            assert_eq!(words(text), words(plain), "{text:?}");
        }
    }

    #[test]
    fn a_word_keeps_its_bytes_without_what_follows_unseen() {
        let text = "No pneumo\u{ad}thora\u{301}x\u{200b}, e\u{301}.";
        let spans: Vec<&str> = written_words(text).map(|word| &text[word]).collect();
        assert_eq!(spans, ["No", "pneumo\u{ad}thora\u{301}x", "e\u{301}"]);
    }

    #[test]
    fn long_words_are_left_out() {
        assert_eq!(words(&format!("a {} b", "x".repeat(64))).len(), 3);
        assert_eq!(words(&format!("a {} b", "x".repeat(65))), ["a", "b"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(29), failure_persistence: None, ..Default::default() })]

        /// Spans lie on the borders of characters, ascend, and each gives its word alone.
        #[test]
        fn any_text_gives_words_on_the_borders_of_characters(
            text in "(\\PC|[a-z -]|\u{ad}|\u{200b}|\u{301}|\u{308}|\u{fb01}|\u{feff}|\u{ff41}){0,60}"
        ) {
            let mut found = Vec::new();
            analyzer().token_stream(&text).process(&mut |token| {
                found.push((token.offset_from..token.offset_to, token.text.clone()));
            });
            let mut before = 0;
            for (span, word) in found {
                prop_assert!(span.start >= before && span.end > span.start);
                before = span.end;
                let written = text.get(span);
                prop_assert!(written.is_some());
                prop_assert_eq!(words(written.unwrap()), [word]);
            }
        }
    }
}
