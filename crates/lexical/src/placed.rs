//! Words with their places, from the analyser to the index.
//!
//! A text is analysed once, but its words go to several fields. What a field of a document gets is one string: every
//! zero byte in it is a step to the next place, and between zeros stands a word as it is indexed. So nothing is
//! analysed, copied word by word or parsed a second time.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// No word holds it: words are of letters and digits, and ids of findings have no control characters.
const STEP: char = '\0';

/// The words of a field of one document, in order of their places.
#[derive(Default)]
pub(crate) struct PlacedWords {
    text: String,
    place: u32,
    count: u32,
}

impl PlacedWords {
    /// Adds a word at a place behind the one before it. A word of no letters only takes its place.
    pub(crate) fn push(&mut self, place: u32, word: impl FnOnce(&mut String)) {
        debug_assert!(self.count == 0 || place > self.place, "places ascend");
        let steps = place.saturating_sub(self.place) as usize;
        self.text.extend(std::iter::repeat_n(STEP, steps));
        let before = self.text.len();
        word(&mut self.text);
        self.place = place;
        self.count += u32::from(self.text.len() > before);
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }

    /// As the tokenizer reads them.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Makes room for the next document.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        (self.place, self.count) = (0, 0);
    }
}

/// Gives tantivy the words of a [`PlacedWords`].
#[derive(Clone, Default)]
pub(crate) struct PlacedTokenizer {
    token: Token,
}

impl Tokenizer for PlacedTokenizer {
    type TokenStream<'a> = PlacedStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> PlacedStream<'a> {
        self.token.reset();
        PlacedStream { text, at: 0, place: 0, token: &mut self.token }
    }
}

pub(crate) struct PlacedStream<'a> {
    text: &'a str,
    /// Where the next word or step begins, in bytes.
    at: usize,
    place: usize,
    token: &'a mut Token,
}

impl TokenStream for PlacedStream<'_> {
    fn advance(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = rest.trim_start_matches(STEP);
        let steps = rest.len() - word.len();
        let word = word.find(STEP).map_or(word, |end| &word[..end]);
        let start = self.at + steps;
        self.place += steps;
        self.at = start + word.len();
        self.token.text.clear();
        self.token.text.push_str(word);
        (self.token.offset_from, self.token.offset_to) = (start, self.at);
        (self.token.position, self.token.position_length) = (self.place, 1);
        !word.is_empty()
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

    fn check(words: &[(u32, &str)]) {
        let mut placed = PlacedWords::default();
        for _ in 0..2 {
            placed.clear();
            for &(place, word) in words {
                placed.push(place, |text| text.push_str(word));
            }
        }
        let mut seen = Vec::new();
        PlacedTokenizer::default()
            .token_stream(placed.as_str())
            .process(&mut |token| seen.push((token.position as u32, token.text.clone())));
        let expected: Vec<_> = words.iter().map(|&(place, word)| (place, word.to_owned())).collect();
        assert_eq!((seen, placed.count() as usize), (expected, words.len()));
    }

    #[test]
    fn words_keep_their_places() {
        check(&[]);
        check(&[(0, "pleural"), (1, "effus")]);
        check(&[(3, "肺炎"), (4, "x"), (400, "present/pleural-effusion")]);
    }
}
