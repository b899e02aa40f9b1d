//! Words, numbers and marks of a sentence, each with its place and the number that the lexicon gives it.
//!
//! A word is a run of letters and digits. Apostrophes inside are left out ("doesn't" is `doesnt`), a hyphen inside only
//! separates ("air-space" is two words), short words joined by a slash are one ("w/o"). A word that a line break parts
//! at a hyphen is one if the lexicon knows it whole. Accents and invisible characters inside a word belong to it, and words
//! that look alike are one ([`precedent_model::fold_word`]). Every other mark that is not white space is a token of its
//! own.

use precedent_model::{continues_word, fold_word, is_hyphen, is_invisible};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// The number of a word in a [`Vocabulary`].
pub(crate) type WordId = u32;

/// A word that no lexicon entry holds.
pub(crate) const UNKNOWN: WordId = 0;
/// Any number.
pub(crate) const NUMBER: WordId = 1;

/// Longest rest of a word that a line break parts, and deepest indent before it, in bytes.
const MAX_REJOINED: usize = 24;

/// A token with its bytes in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub start: u32,
    pub end: u32,
    pub word: WordId,
}

impl Token {
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The words of a lexicon. A word and its regular plural have one number.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    ids: FxHashMap<Box<str>, WordId>,
    next: WordId,
}

impl Vocabulary {
    pub fn new() -> Self {
        Self { ids: FxHashMap::default(), next: NUMBER + 1 }
    }

    /// The number of a word, given now if it has none. The word is in lower case, as [`tokenize`] makes it.
    pub fn add(&mut self, word: &str) -> WordId {
        if let Some(&id) = self.ids.get(word) {
            return id;
        }
        let forms = forms(word);
        let known = forms.iter().find_map(|form| self.ids.get(form.as_str()).copied());
        let id = known.unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        });
        for form in forms {
            self.ids.entry(form.into()).or_insert(id);
        }
        id
    }

    /// The number of a word in several spellings, the first of them its own; one number for all.
    pub fn add_spelled(&mut self, spellings: &[String]) -> WordId {
        let known = spellings.iter().find_map(|word| self.ids.get(word.as_str()).copied());
        let Some((own, others)) = spellings.split_first() else { return UNKNOWN };
        let id = known.unwrap_or_else(|| self.add(own));
        for form in std::iter::once(own).chain(others).flat_map(|word| forms(word)) {
            self.ids.entry(form.into()).or_insert(id);
        }
        id
    }

    /// The number of a word, [`UNKNOWN`] for one that was never added.
    pub fn get(&self, word: &str) -> WordId {
        self.ids.get(word).copied().unwrap_or(UNKNOWN)
    }

    /// Every word that has a number, in no order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.ids.keys().map(|word| &**word)
    }

    /// One above the largest number given.
    pub fn len(&self) -> usize {
        self.next as usize
    }
}

/// The word with its regular plural or plurals.
fn forms(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return forms;
    }
    if let Some(stem) = word.strip_suffix("is") {
        forms.push(format!("{stem}es"));
    } else if word.ends_with(['s', 'x', 'z']) || word.ends_with("ch") || word.ends_with("sh") {
        forms.push(format!("{word}es"));
    } else if let Some(stem) = word.strip_suffix('y') {
        forms.push(format!("{stem}ies"));
        forms.push(format!("{word}s"));
    } else {
        forms.push(format!("{word}s"));
    }
    if let Some(stem) = word.strip_suffix("um") {
        forms.push(format!("{stem}a"));
    }
    forms
}

/// Appends the tokens of `text[range]` to `out`.
pub(crate) fn tokenize(text: &str, range: Range<usize>, vocabulary: &Vocabulary, out: &mut Vec<Token>) {
    let mut word = String::with_capacity(24);
    let mut at = range.start;
    let end = range.end;
    while at < end {
        let Some(first) = text[at..end].chars().next() else { break };
        if !first.is_alphanumeric() || continues_word(first) {
            let next = at + first.len_utf8();
            let silent = first.is_whitespace() || continues_word(first);
            if !silent && !is_inner_hyphen(text, at, next, range.start, end) {
                word.clear();
                word.push(if first == '&' { '+' } else { first });
                out.push(Token { start: at as u32, end: next as u32, word: vocabulary.get(&word) });
            }
            at = next;
            continue;
        }
        let mut stop = word_end(text, at, end);
        let id = if text.as_bytes()[at].is_ascii_digit()
            && text.as_bytes()[at..stop].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        {
            NUMBER
        } else {
            normalise(&text[at..stop], &mut word);
            let whole = rejoined(&text[stop..end]).and_then(|(length, rest)| {
                let known = vocabulary.get(&format!("{word}{rest}"));
                (known != UNKNOWN).then_some((length, known))
            });
            match whole {
                Some((length, known)) => {
                    stop += length;
                    known
                }
                None => vocabulary.get(&word),
            }
        };
        out.push(Token { start: at as u32, end: stop as u32, word: id });
        at = stop;
    }
}

/// The word in the form that vocabularies hold.
pub(crate) fn normalise(text: &str, word: &mut String) {
    word.clear();
    if text.is_ascii() {
        word.extend(text.bytes().filter(|&byte| byte != b'\'').map(|byte| byte.to_ascii_lowercase() as char));
    } else {
        let plain: String = text.chars().filter(|&c| !is_apostrophe(c)).collect();
        match plain.as_str() {
            // As a word of its own it is a sign and no letter: "ø effusion" says that there is none.
            "\u{f8}" | "\u{d8}" => word.push('\u{f8}'),
            plain => fold_word(plain, word),
        }
    }
}

/// A short word of ASCII in lower case, in the place given; `None` where it is another or does not fit.
pub(crate) fn ascii_lower_case<'a>(word: &str, place: &'a mut [u8]) -> Option<&'a str> {
    let lower = place.get_mut(..word.len()).filter(|_| word.is_ascii())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).ok()
}

/// Whether the character stands for an apostrophe. U+0092 is one of Windows that was read as Latin-1.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2bc}' | '\u{92}')
}

/// The rest of a word behind a hyphen and a line break, "pneu-\nmothorax", and how many bytes it takes with them.
fn rejoined(behind: &str) -> Option<(usize, String)> {
    let line = behind.strip_prefix(['-', '\u{2010}', '\u{ad}'])?;
    // One line break: a blank line ends more than a word.
    let line = line.strip_prefix("\r\n").or_else(|| line.strip_prefix(['\n', '\r']))?;
    let rest = line.trim_start_matches([' ', '\t']);
    let length = rest.bytes().take(MAX_REJOINED).take_while(u8::is_ascii_lowercase).count();
    (length > 0 && line.len() - rest.len() <= MAX_REJOINED)
        .then(|| (behind.len() - rest.len() + length, rest[..length].to_owned()))
}

fn is_inner_hyphen(text: &str, at: usize, next: usize, start: usize, end: usize) -> bool {
    text[at..next].starts_with(is_hyphen)
        && text[start..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || continues_word(c))
        && text[next..end].chars().next().is_some_and(char::is_alphanumeric)
}

/// Where the word that begins at `at` ends: behind its last visible character.
fn word_end(text: &str, at: usize, end: usize) -> usize {
    let run = text.get(at..run_end(text, at, end)).unwrap_or_default();
    at + run.trim_end_matches(is_invisible).len()
}

/// Where the letters, digits and what joins them end.
fn run_end(text: &str, at: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    let mut stop = at;
    loop {
        while stop < end && bytes[stop].is_ascii_alphanumeric() {
            stop += 1;
        }
        if stop == end {
            return stop;
        }
        let alphanumeric_at = |at: usize| at < end && bytes[at].is_ascii_alphanumeric();
        let joined = match bytes[stop] {
            b'\'' => alphanumeric_at(stop + 1),
            b'.' => {
                stop > at
                    && bytes[stop - 1].is_ascii_digit()
                    && stop + 1 < end
                    && bytes[stop + 1].is_ascii_digit()
            }
            b'/' => is_short_pair(&bytes[at..end], stop - at),
            0x80.. => match text[stop..end].chars().next() {
                Some(c) if c.is_alphanumeric() || is_apostrophe(c) || continues_word(c) => {
                    stop += c.len_utf8();
                    continue;
                }
                _ => false,
            },
            _ => false,
        };
        if !joined {
            return stop;
        }
        stop += 1;
    }
}

/// "w/o", "s/p", "c/w": one or two letters on both sides of the slash.
fn is_short_pair(bytes: &[u8], slash: usize) -> bool {
    let letters = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let behind = letters(&bytes[slash + 1..]);
    let word_goes_on = bytes.get(slash + 1 + behind).is_some_and(u8::is_ascii_alphanumeric);
    slash <= 2 && letters(&bytes[..slash]) == slash && (1..=2).contains(&behind) && !word_goes_on
}

/// Whether a mark is a sign that begins entries: of those beyond ASCII all but quotation marks and signs of measures.
pub(crate) fn is_bullet(word: &str) -> bool {
    let beside = |c: char| {
        matches!(
            c,
            '\u{2018}'
                ..='\u{201f}'
                    | '\u{2032}'
                    | '\u{2033}'
                    | '…'
                    | '°'
                    | '±'
                    | '×'
                    | '≤'
                    | '≥'
                    | '≈'
                    | '«'
                    | '»'
                    | '∅'
                    | '−'
                    | '✓'
                    | '✔'
                    | '✗'
                    | '✘'
        ) || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2610}'..='\u{2612}' | '²' | '³' | '½' | '¼' | '¾' | '®' | '©' | '™')
    };
    word.chars().next().is_some_and(|c| !c.is_ascii() && !c.is_alphanumeric() && !beside(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens, known words by their first form, unknown ones in brackets.
    fn check(text: &str, known: &[&str], expected: &str) {
        let mut vocabulary = Vocabulary::new();
        for word in known {
            vocabulary.add(word);
        }
        let mut tokens = Vec::new();
        tokenize(text, 0..text.len(), &vocabulary, &mut tokens);
        let shown: Vec<String> = (tokens.iter())
            .map(|token| match token.word {
                UNKNOWN => format!("[{}]", &text[token.range()]),
                NUMBER => format!("#{}", &text[token.range()]),
                id => known.iter().find(|word| vocabulary.get(word) == id).unwrap().to_string(),
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "{text}");
    }

    #[test]
    fn words_marks_and_numbers() {
        check("No acute disease.", &["no", "disease"], "no [acute] disease [.]");
        check("2.5 cm, T12; 3.", &["cm", ",", "t12"], "#2.5 cm , t12 [;] #3 [.]");
        check("air-space w/o - and/or", &["air", "space", "w/o", "and"], "air space w/o [-] and [/] [or]");
        check("doesn't doesn’t Größe", &["doesnt", "grosse"], "doesnt doesnt grosse");
        check("heart & lungs", &["+"], "[heart] + [lungs]");
    }

    #[test]
    fn words_that_look_alike_are_one() {
        let known = &["fibrosis", "pneumothorax", "oedeme", "air", "space"];
        check("\u{fb01}brosis, pneumo\u{ad}thorax", known, "fibrosis [,] pneumothorax");
        check("œde\u{300}me \u{200b}pneumothorax\u{feff}", known, "oedeme pneumothorax");
        check("ｐｎｅｕｍｏｔｈｏｒａｘ air\u{2011}space", known, "pneumothorax air space");
    }

    #[test]
    fn what_only_a_typesetter_sees_is_no_matter() {
        check(
            "pneumo\u{ad}thorax, ef\u{200b}fusion",
            &["pneumothorax", "effusion"],
            "pneumothorax [,] effusion",
        );
        check("e\u{fb00}usion œdema oede\u{301}ma", &["effusion", "oedema"], "effusion oedema oedema");
        check("\u{feff}effusion \u{feff} EFFUSİON", &["effusion"], "effusion effusion");
        check("isn\u{92}t", &["isnt"], "isnt");
        check("ø effusion o", &["ø", "effusion"], "ø effusion [o]");
    }

    #[test]
    fn a_word_parted_at_the_line_is_one() {
        check("pneu-\nmothorax air-\nspace", &["pneumothorax", "air", "space"], "pneumothorax air [-] space");
        check("pneu-\r\n  mothorax", &["pneumothorax"], "pneumothorax");
        check("pneu-\n\nmothorax", &["pneumothorax"], "[pneu] [-] [mothorax]");
    }

    #[test]
    fn a_plural_is_the_same_word() {
        check(
            "opacities masses effusions atelectases bases crises",
            &["opacity", "mass", "effusion", "atelectasis", "base"],
            "opacity mass effusion atelectasis base [crises]",
        );
    }
}
