//! The natural language in a query: its words in order, without the surrounding query syntax.
//!
//! "no effusion -pneumothorax" does not deny the pneumothorax twice, and in "mass absent:effusion" the word before the colon says
//! nothing about the mass. The report reader does not know such syntax, so it is removed first.

use precedent_model::{Assertion, SectionKind};

/// One byte that ends the scope of what was said before it.
const STOP: &str = ";";

/// A text of the same length in bytes, with every word of natural language in its place:
///
/// - `+` and `-` before words are removed; a change of sign ends the scope of what was said before it;
/// - words with a prefix (`absent:`, `impression:`, `text:`), which are searched as written, are removed;
/// - quotation marks are removed; what is said inside them does not reach beyond them.
///
/// The syntax is that of [`precedent_lexical::TextQuery`].
pub(crate) fn spoken(text: &str) -> String {
    let mut spoken = Spoken { out: String::with_capacity(text.len()), before: None };
    let mut rest = text;
    let mut separated = true;
    loop {
        let trimmed = rest.trim_start();
        let space = &rest[..rest.len() - trimmed.len()];
        spoken.out.push_str(space);
        separated |= !space.is_empty();
        if trimmed.is_empty() {
            return spoken.out;
        }
        rest = spoken.one(trimmed, separated);
        separated = false;
    }
}

struct Spoken {
    out: String,
    /// The sign of the previous word, or a blank for none.
    before: Option<char>,
}

impl Spoken {
    /// Takes one word or quoted phrase; returns the rest of the text.
    fn one<'a>(&mut self, text: &'a str, separated: bool) -> &'a str {
        let signed = ['+', '-'].into_iter().filter(|_| separated).find_map(|sign| signed(text, sign));
        let (sign, unsigned) = signed.unwrap_or((' ', text));
        if let Some(named) = Some(unsigned).filter(|_| separated).and_then(after_name) {
            let (_, _, rest) = piece(named);
            self.blank(text.len() - rest.len());
            self.before = None;
            return rest;
        }
        match self.before {
            Some(before) if before != sign => self.stop(sign != ' '),
            _ if sign != ' ' => self.out.push(' '),
            _ => {}
        }
        self.before = Some(sign);
        let (mark, words, rest) = piece(unsigned);
        if mark == 0 {
            self.out.push_str(words);
        } else {
            self.out.push_str(&" ".repeat(mark));
            self.out.push_str(words);
            self.blank(unsigned.len() - rest.len() - mark - words.len());
        }
        rest
    }

    /// A stop and blanks, `bytes` in all.
    fn blank(&mut self, bytes: usize) {
        self.out.push_str(STOP);
        self.out.push_str(&" ".repeat(bytes - STOP.len()));
    }

    /// A stop in place of the next sign, or of the white space before the word.
    fn stop(&mut self, is_signed: bool) {
        if is_signed {
            self.out.push_str(STOP);
        } else if let Some(space) = self.out.pop() {
            match space.is_whitespace() {
                true => self.blank(space.len_utf8()),
                false => self.out.push(space),
            }
        }
    }
}

fn signed(text: &str, sign: char) -> Option<(char, &str)> {
    let unsigned = text.strip_prefix(sign)?;
    unsigned.starts_with(|c: char| !c.is_whitespace()).then_some((sign, unsigned))
}

/// What follows the name of a section or assertion and its colon.
fn after_name(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once(':')?;
    let known =
        name == "text" || SectionKind::from_name(name).is_some() || Assertion::from_name(name).is_some();
    (known && rest.starts_with(|c: char| !c.is_whitespace())).then_some(rest)
}

/// The bytes of an opening quotation mark, the words after it, and the rest after the closing mark; without marks, the word and
/// the rest.
fn piece(text: &str) -> (usize, &str, &str) {
    let mark = text.chars().next().filter(|&c| is_quote(c)).map_or(0, char::len_utf8);
    let inside = &text[mark..];
    match inside.char_indices().find(|&(_, c)| is_quote(c)) {
        Some((end, closing)) if mark > 0 => (mark, &inside[..end], &inside[end + closing.len_utf8()..]),
        _ => {
            let (word, rest) = text.split_at(word_end(text));
            (0, word, rest)
        }
    }
}

/// Where a word ends: before white space, or before a quotation mark that does not follow a letter or digit.
fn word_end(text: &str) -> usize {
    let mut before = 'a';
    for (at, c) in text.char_indices() {
        if c.is_whitespace() || (at > 0 && is_quote(c) && !before.is_alphanumeric()) {
            return at;
        }
        before = c;
    }
    text.len()
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(spoken(text), expected, "{text}");
    }

    #[test]
    fn language_stays_as_it_is() {
        for text in [
            "no pneumothorax, small left effusion",
            "x-ray 2.5 cm - new",
            "impression: mass",
            "2\" drain",
            "\"open",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn signs_go_and_a_change_of_sign_is_a_stop() {
        check("no effusion -pneumothorax", "no effusion ;pneumothorax");
        check("-pneumothorax no effusion", " pneumothorax;no effusion");
        check("+pleural +effusion", " pleural  effusion");
        check("+mass -nodule", " mass ;nodule");
        check("+mass\u{a0}nodule", " mass; nodule");
    }

    #[test]
    fn words_with_a_name_go() {
        check("mass absent:effusion", "mass ;              ");
        check("no +text:\"no mass\" nodule", "no ;               nodule");
        check("finding:mass", "finding:mass");
    }

    #[test]
    fn quotation_marks_go_and_the_closing_one_is_a_stop() {
        check("\"no effusion\" mass", " no effusion; mass");
        check("no \u{201c}small mass\u{201d} seen", "no    small mass;   seen");
        check("-\"acute disease\" mass", "  acute disease;;mass");
    }

    proptest! {
        /// Whatever remains keeps its position.
        #[test]
        fn every_character_keeps_its_place(text in "([a-zé🫁;. \"+:-]|absent:|text:|“|\u{a0}){0,40}") {
            let spoken = spoken(&text);
            prop_assert_eq!(spoken.len(), text.len());
            for (at, c) in spoken.char_indices().filter(|&(_, c)| c != ' ' && c != ';') {
                prop_assert_eq!(text.get(at..).and_then(|rest| rest.chars().next()), Some(c));
            }
        }
    }
}
