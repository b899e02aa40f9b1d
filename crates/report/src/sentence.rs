//! Sentences and list entries.
//!
//! One pass over the bytes. Every place looks back and ahead by a fixed number of bytes at most, or over one run of
//! white space, so that time is linear in the text whatever it holds.

use crate::lexicon::LexiconError;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Longest abbreviation looked up, in bytes, and longest label at the start of a line.
const MAX_ABBREVIATION: usize = 16;
const MAX_LABEL: usize = 40;
/// No house wraps lines narrower than this; a shorter line was ended on purpose.
const MIN_WIDTH: usize = 40;
/// How much room is left, in bytes, in a line that was surely ended on purpose.
const SPARE: usize = 12;

/// Words that end no sentence and no line: what belongs to them follows.
const JOINING: [&str; 36] = [
    "a", "above", "an", "and", "are", "as", "at", "be", "below", "but", "by", "for", "from", "her", "his",
    "in", "is", "no", "of", "on", "or", "our", "per", "see", "than", "that", "the", "this", "to", "versus",
    "was", "were", "which", "with", "within", "without",
];
/// Words that begin a sentence even after a single letter: "hepatitis C. No change".
const STARTING: [&str; 10] = ["in", "is", "it", "no", "the", "there", "these", "they", "this", "we"];
/// Words that a number follows, so that it is no list entry: "grade 2. Mild".
const COUNTED: [&str; 12] = [
    "category", "class", "grade", "image", "level", "phase", "rib", "score", "segment", "stage", "type",
    "zone",
];

/// Words that answer a label or a question alone: "Pneumothorax? No".
const ANSWERS: [&str; 12] =
    ["absent", "n", "neg", "negative", "nil", "no", "none", "positive", "present", "unlikely", "y", "yes"];
/// What stands behind a full stop in addresses and file names: "example.info".
const SUFFIXES: [&str; 8] = ["html", "info", "jpeg", "docx", "tiff", "json", "email", "health"];

/// Whether the word leans on the next one.
pub(crate) fn is_joining(word: &str) -> bool {
    is_in(&JOINING, word)
}

fn is_in(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Before what the full stop of an abbreviation ends no sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Anything,
    Number,
    LowerCase,
}

/// Words whose full stop ends no sentence.
#[derive(Debug, Default)]
pub(crate) struct Abbreviations {
    words: FxHashMap<Box<str>, Before>,
}

impl Abbreviations {
    /// From a list of words: "dr", or "no #" for one that is an abbreviation only before a number, or "etc a" for one
    /// that is only before a word in lower case. Inner full stops are written: "e.g".
    ///
    /// # Errors
    /// An entry of another form.
    pub fn new<T: AsRef<str>>(entries: &[T]) -> Result<Self, LexiconError> {
        let mut words = FxHashMap::default();
        for entry in entries {
            let entry = entry.as_ref();
            let (word, before) = match entry.split_once(' ') {
                None => (entry, Before::Anything),
                Some((word, "#")) => (word, Before::Number),
                Some((word, "a")) => (word, Before::LowerCase),
                Some(_) => ("", Before::Anything),
            };
            let word = word.to_lowercase();
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
            let sound = word.bytes().all(letters) && word.len() <= MAX_ABBREVIATION && !word.ends_with('.');
            if word.is_empty() || !sound {
                return Err(LexiconError::Entry {
                    entry: format!("abbreviation {entry:?}"),
                    problem: "is no word of letters, alone or with ` #` or ` a` behind it; leave out its last full stop"
                        .to_owned(),
                });
            }
            words.insert(word.into(), before);
        }
        Ok(Self { words })
    }

    fn get(&self, word: &str) -> Option<Before> {
        if word.len() > MAX_ABBREVIATION {
            return None;
        }
        self.words.get(word.to_ascii_lowercase().as_str()).copied()
    }
}

/// The sentences and list entries of `text[range]`, trimmed and ascending. Every byte that is not white space is in one
/// of them, except markers of list entries.
pub(crate) fn sentences(text: &str, range: Range<usize>, abbreviations: &Abbreviations) -> Vec<Range<usize>> {
    let Some(inside) = text.get(range.clone()) else { return Vec::new() };
    let width = inside.split(is_break).map(str::len).max().unwrap_or(0).max(MIN_WIDTH);
    let mut cutter = Cutter { text, first: range.start, end: range.end, abbreviations, width, list: None };
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = range.start;
    loop {
        let start = cutter.skip_markers(at);
        if start == range.end {
            return found;
        }
        let marks = cutter.skip(start, is_end);
        let alone = marks > start && cutter.char_at(marks).is_none_or(char::is_whitespace);
        if let Some(last) = found.last_mut().filter(|_| alone) {
            // "Normal. ." is one sentence.
            last.end = marks;
            at = marks;
            continue;
        }
        let (stop, next) = cutter.find_end(start);
        found.push(start..stop);
        at = next;
    }
}

fn is_end(c: char) -> bool {
    matches!(c, '.' | '?' | '!' | '…') || is_wide_end(c)
}

/// The full stop of Chinese and Japanese, which no blank follows.
fn is_wide_end(c: char) -> bool {
    matches!(c, '\u{3002}' | '\u{ff01}' | '\u{ff1f}')
}

fn is_closer(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '"' | '\'' | '*' | '_' | '\u{201d}' | '\u{2019}' | '»')
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A hole that de-identification left.
fn is_hole(word: &str) -> bool {
    word.len() >= 2 && word.bytes().all(|byte| byte == b'X')
}

/// A number or a letter that begins a list entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marker {
    style: Style,
    number: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Style {
    opened: bool,
    letter: bool,
    closed: bool,
    /// Its mark, where that is none that every list has: a dash, a slash or a colon.
    odd: Option<u8>,
}

/// White space between two words.
struct Gap {
    end: usize,
    breaks: usize,
}

struct Cutter<'a> {
    text: &'a str,
    first: usize,
    end: usize,
    abbreviations: &'a Abbreviations,
    width: usize,
    /// The last entry of the list that we are in.
    list: Option<Marker>,
}

impl<'a> Cutter<'a> {
    fn char_at(&self, at: usize) -> Option<char> {
        self.text[at..self.end].chars().next()
    }

    fn char_before(&self, at: usize) -> Option<char> {
        self.text[self.first..at].chars().next_back()
    }

    fn skip(&self, at: usize, wanted: impl Fn(char) -> bool) -> usize {
        let rest = &self.text[at..self.end];
        at + rest.find(|c| !wanted(c)).unwrap_or(rest.len())
    }

    fn gap(&self, at: usize) -> Gap {
        let end = self.skip(at, char::is_whitespace);
        let text = &self.text[at..end];
        // A carriage return with its line feed is one break.
        let pairs = text.matches("\r\n").count();
        Gap { end, breaks: text.chars().filter(|&c| is_break(c)).count() - pairs }
    }

    /// The letters and digits, and what `also` allows, that end at `at`; at most 24 bytes of them.
    fn word_before(&self, at: usize, also: impl Fn(char) -> bool) -> &'a str {
        let text = &self.text[self.first..at];
        let mut start = text.len();
        for (place, c) in text.char_indices().rev().take(24) {
            if !c.is_alphanumeric() && !also(c) {
                break;
            }
            start = place;
        }
        &text[start..]
    }

    /// The letters and digits from `at` on, at most 24 characters of them.
    fn word_at(&self, at: usize) -> &'a str {
        let text = &self.text[at..self.end];
        let length = text.chars().take(24).take_while(|c| c.is_alphanumeric()).map(char::len_utf8).sum();
        &text[..length]
    }

    /// The start of the sentence behind white space and markers from `at` on.
    fn skip_markers(&mut self, mut at: usize) -> usize {
        let mut last = None;
        loop {
            let gap = self.gap(at);
            let start = gap.end;
            if start == self.end {
                // A marker with nothing behind it is what the text says there.
                return last.unwrap_or(start);
            }
            at = if let Some(behind) = self.bullet(start) {
                behind
            } else if let Some((behind, marker)) =
                self.marker(start).filter(|(_, marker)| self.may_begin(*marker))
            {
                self.list = Some(marker);
                behind
            } else {
                return start;
            };
            last = Some(start);
        }
    }

    /// Behind the bullet at `at`.
    fn bullet(&self, at: usize) -> Option<usize> {
        let mut rest = self.text[at..self.end].chars();
        let (first, second) = (rest.next()?, rest.next());
        let always = matches!(
            first,
            '•' | '‣' | '●' | '○' | '▪' | '■' | '□' | '◦' | '·' | '∙' | '►' | '➢' | '\u{f0b7}'
        );
        let spaced = matches!(first, '-' | '–' | '—' | '*') && second.is_none_or(char::is_whitespace)
            || first == '>' && second == Some(' ') && rest.next().is_some_and(char::is_alphabetic);
        (always || spaced).then_some(at + first.len_utf8())
    }

    /// A marker such as "1.", "2)", "(3)", "(a)" or "1-" at `at`, and where it ends.
    fn marker(&self, at: usize) -> Option<(usize, Marker)> {
        let bytes = &self.text.as_bytes()[at..self.end];
        let opened = bytes.first() == Some(&b'(');
        let body = &bytes[usize::from(opened)..];
        let digits = body.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
        let letter = digits == 0 && body.first()?.is_ascii_alphabetic();
        let (length, number) = match digits {
            0 if letter => (1, u32::from(body[0].to_ascii_lowercase() - b'a') + 1),
            1 | 2 => (digits, body[..digits].iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'))),
            _ => return None,
        };
        let (closed, mark) = match body[length..] {
            [b')', ..] => (true, 1),
            [b'.', b')', ..] => (true, 2),
            [b'.' | b'-' | b'/' | b':', ..] => (false, 1),
            _ => return None,
        };
        if number == 0 || (opened || letter) && !closed {
            return None;
        }
        let odd = Some(body[length]).filter(|mark| matches!(mark, b'-' | b'/' | b':'));
        let behind = at + usize::from(opened) + length + mark;
        let follows = match self.char_at(behind) {
            None => odd.is_none(),
            Some(c) if odd.is_some() => {
                let spaced = c.is_whitespace() || odd == Some(b'-');
                spaced && self.char_at(self.gap(behind).end).is_some_and(char::is_uppercase)
            }
            Some(c) => c.is_whitespace() || c.is_uppercase() || closed && c.is_alphabetic(),
        };
        follows.then_some((behind, Marker { style: Style { opened, letter, closed, odd }, number }))
    }

    /// Whether the marker is the next of the list.
    fn is_next(&self, marker: Marker) -> bool {
        self.list.is_some_and(|last| last.style == marker.style && last.number + 1 == marker.number)
    }

    /// Whether a marker at the start of a sentence is one: "(R) lung" is not.
    fn may_begin(&self, marker: Marker) -> bool {
        !(marker.style.letter || marker.style.odd.is_some()) || marker.number == 1 || self.is_next(marker)
    }

    /// The marker at `at` is the next of the list, with an entry behind it.
    fn next_entry(&self, at: usize) -> bool {
        self.marker(at).is_some_and(|(behind, marker)| {
            let entry = self.char_at(self.gap(behind).end);
            self.is_next(marker) && entry.is_some_and(|c| marker.style.closed || !c.is_lowercase())
        })
    }

    /// Where the sentence that begins at `start` ends, and where to go on.
    fn find_end(&self, start: usize) -> (usize, usize) {
        let mut at = start;
        let mut has_word = false;
        while let Some(c) = self.char_at(at) {
            if is_end(c) {
                let behind = self.skip(at, is_end);
                if let Some(cut) = self.cut_at_mark(start, at..behind, has_word) {
                    return cut;
                }
                at = behind;
            } else if c.is_whitespace() {
                let gap = self.gap(at);
                let only_marks = !has_word && gap.breaks > 0;
                if gap.end == self.end || only_marks || self.cut_at_gap(at, &gap) {
                    return (at, gap.end);
                }
                at = gap.end;
            } else {
                has_word |= c.is_alphanumeric();
                at += c.len_utf8();
            }
        }
        (self.end, self.end)
    }

    /// The end of the sentence, and where to go on, if the full stops and marks in `marks` end it.
    fn cut_at_mark(&self, start: usize, marks: Range<usize>, has_word: bool) -> Option<(usize, usize)> {
        let stop = self.skip(marks.end, is_closer);
        let Some(next) = self.char_at(stop) else { return Some((self.end, self.end)) };
        if !has_word {
            return None;
        }
        let signs = &self.text[marks.clone()];
        if signs.contains(is_wide_end) {
            return Some((stop, self.gap(stop).end));
        }
        let asks = signs.starts_with(['?', '!']);
        let ellipsis = signs.starts_with("...") || signs.contains('…');
        if asks && self.char_before(marks.start).is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '/')) {
            // "? pneumonia" asks, and the question follows.
            return None;
        }
        if !next.is_whitespace() {
            let cuts = stop == marks.end && !ellipsis && self.cuts_attached(marks, asks, next);
            return cuts.then_some((stop, stop));
        }
        let gap = self.gap(stop);
        let Some(next) = self.char_at(gap.end).filter(|_| gap.breaks < 2) else {
            return Some((stop, gap.end));
        };
        let ends = if self.next_entry(gap.end) {
            true
        } else if (asks || ellipsis) && gap.breaks == 0 && self.is_answer(gap.end) {
            false
        } else if matches!(next, ',' | ';' | ':' | ')' | ']' | '}' | '/' | '%') {
            false
        } else if ellipsis {
            !next.is_lowercase()
        } else if signs == "." && stop == marks.end {
            self.ends_word(start, marks.start, gap.end, next)
        } else {
            true
        };
        ends.then_some((stop, gap.end))
    }

    /// Whether the full stop at `stop` ends a sentence, and not only the word before it. White space follows, then
    /// `next` at `behind`.
    fn ends_word(&self, start: usize, stop: usize, behind: usize, next: char) -> bool {
        let word = self.word_before(stop, |c| matches!(c, '.' | '/'));
        match self.abbreviations.get(word) {
            Some(Before::Anything) => return false,
            Some(Before::Number) => return !(next.is_numeric() || next == '#'),
            Some(Before::LowerCase) => return !next.is_lowercase(),
            None => {}
        }
        let dotted = word.contains('.') && word.split('.').all(|part| part.len() == 1 && !is_digit(part));
        if dotted {
            return !next.is_lowercase();
        }
        if word.len() != 1 || !word.starts_with(|c: char| c.is_ascii_uppercase()) {
            return true;
        }
        // A single letter: the initial of a name, or the end of "hepatitis C".
        let letter = stop - 1;
        let before = self.text[self.first..letter].trim_end();
        let word = self.word_before(self.first + before.len(), |_| false);
        let named = letter == start
            || before.ends_with('.')
            || word.starts_with(char::is_uppercase)
            || is_joining(word);
        !next.is_numeric() && (is_in(&STARTING, self.word_at(behind)) || !named)
    }

    /// Whether marks with `next` right behind them end a sentence.
    fn cuts_attached(&self, marks: Range<usize>, asks: bool, next: char) -> bool {
        let before = self.char_before(marks.start);
        let word = self.word_before(marks.start, |_| false);
        if asks || marks.len() == 2 {
            return before.is_some_and(char::is_alphanumeric)
                && next.is_alphabetic()
                && (!asks || next.is_uppercase());
        }
        if self.next_entry(marks.end) && before.is_some_and(|c| !c.is_ascii_digit()) {
            return true;
        }
        if !next.is_alphabetic() || self.abbreviations.get(word) == Some(Before::Anything) {
            return false;
        }
        if is_hole(word) || before == Some(')') {
            return next.is_alphabetic() && (is_hole(word) || next.is_uppercase());
        }
        let after = self.word_at(marks.end);
        let lower = word.chars().all(char::is_lowercase);
        let one_case = lower || word.chars().all(char::is_uppercase);
        let numbered = word.ends_with(|c: char| c.is_ascii_digit());
        let run_on =
            lower && word.len() > 4 && after.len() > 3 && after.bytes().all(|byte| byte.is_ascii_lowercase());
        if run_on && !is_in(&SUFFIXES, after) {
            // "no effusion.cardiomegaly.small nodule"
            return true;
        }
        let capital = next.is_uppercase();
        let titled = capital && after.chars().nth(1).is_some_and(char::is_lowercase);
        capital
            && (one_case && word.chars().count() >= 2 && after.chars().count() >= 2
                || lower && word.chars().count() >= 3
                || numbered && titled)
    }

    /// Whether a sentence ends at the white space at `at`, where no mark ends it.
    fn cut_at_gap(&self, at: usize, gap: &Gap) -> bool {
        let word = self.word_before(at, |_| false);
        let before = self.char_before(at);
        if gap.breaks == 0 {
            return self.next_entry(gap.end) && !is_in(&COUNTED, word);
        }
        if gap.breaks > 1 || self.bullet(gap.end).is_some() {
            return true;
        }
        if self.ends_row(at, word) || self.tick_box(gap.end) {
            return true;
        }
        // "N/A" ends with no article.
        let halved = self.text[self.first..at - word.len()].ends_with('/');
        let open = is_joining(word) && !halved
            || before.is_some_and(|c| matches!(c, ',' | '(' | '/' | '&' | '.' | '+'));
        let roomy = self.had_room(at, gap.end);
        if let Some((_, marker)) = self.marker(gap.end) {
            let first = marker.number == 1;
            return self.is_next(marker) || !open && self.may_begin(marker) && (roomy || first);
        }
        let Some(next) = self.char_at(gap.end) else { return true };
        if open {
            return false;
        }
        let dashed = next == '-' && self.char_at(gap.end + 1).is_some_and(char::is_uppercase);
        let labelled = self.is_label(gap.end) && (next.is_uppercase() || roomy);
        let ended = before.is_some_and(|c| !matches!(c, ':' | ';' | '-'));
        dashed || labelled || ended && roomy && (next.is_uppercase() || self.lists_in_lower_case(at, gap.end))
    }

    /// Whether the word that ends at `at` answers the label before it, "Pneumothorax: no", so that its line ends there.
    fn ends_row(&self, at: usize, word: &str) -> bool {
        if !is_in(&ANSWERS, word) {
            return false;
        }
        let label = &self.text[self.first..at - word.len()];
        let wide = label.ends_with('\t') || label.ends_with("  ");
        const MARKS: [char; 16] = [
            ':', '=', '?', '|', ';', '-', '>', '_', '*', '"', ',', ']', '\u{2013}', '\u{2026}', '\u{2610}',
            '\u{2612}',
        ];
        let marked = label.trim_end_matches(' ').ends_with(MARKS) || label.trim_end().ends_with("..");
        (wide || marked) && label.ends_with(|c| !is_break(c)) && label.trim_end().len() > 1
    }

    /// Whether an answer and nothing else of its line stands at `at`.
    fn is_answer(&self, at: usize) -> bool {
        let word = self.word_at(at);
        let behind = self.skip(at + word.len(), |c| matches!(c, '.' | ' ' | '\t'));
        let stopped = self.text[at + word.len()..behind].contains('.');
        is_in(&ANSWERS, word) && (stopped || self.char_at(behind).is_none_or(|c| is_break(c) || c == ','))
    }

    /// Whether a box for a tick stands at `at`.
    fn tick_box(&self, at: usize) -> bool {
        let text = &self.text[at..self.end];
        let inside = text.strip_prefix(['[', '(']).map(str::trim_start);
        let ticks = ['x', 'X', '\u{2713}', '\u{2714}', '+', '-', '_', '*'];
        let ticked = inside.map(|inside| inside.strip_prefix(ticks).unwrap_or(inside));
        ticked.is_some_and(|rest| rest.trim_start().starts_with([']', ')']))
            || text.starts_with(['☐', '☑', '☒'])
    }

    /// Whether the lines around are entries of their own though they begin in lower case: the one that ends at `at` does
    /// so, too, and is far from full.
    fn lists_in_lower_case(&self, at: usize, next: usize) -> bool {
        let line = self.line(at);
        let room = line.len() + SPARE + self.word_at(next).len() <= self.width;
        room && line.trim_start().starts_with(char::is_lowercase)
    }

    /// The line up to `at`.
    fn line(&self, at: usize) -> &'a str {
        let text = &self.text[self.first..at];
        &text[text
            .rfind(is_break)
            .map_or(0, |place| place + text[place..].chars().next().map_or(1, char::len_utf8))..]
    }

    /// Whether the line that ends at `at` had room for the word at `next`: then it was ended on purpose.
    fn had_room(&self, at: usize, next: usize) -> bool {
        self.line(at).len() + 1 + self.word_at(next).len() <= self.width
    }

    /// Whether a label such as "Lungs:" stands at `at`.
    fn is_label(&self, at: usize) -> bool {
        let text = &self.text[at..self.end];
        let mut words = 1;
        for (place, c) in text.char_indices().take(MAX_LABEL) {
            match c {
                ':' => return place > 1 && text[place + 1..].chars().next().is_none_or(char::is_whitespace),
                ' ' => words += 1,
                '/' | '&' | ',' | '(' | ')' | '-' | '\'' => {}
                _ if c.is_alphanumeric() => {}
                _ => return false,
            }
            if words > 5 {
                return false;
            }
        }
        false
    }
}

fn is_digit(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn abbreviations() -> Abbreviations {
        Abbreviations::new(&[
            "dr", "approx", "vs", "e.g", "i.e", "no #", "fig #", "etc a", "cm a", "st", "vit",
        ])
        .unwrap()
    }

    fn cut(text: &str) -> Vec<&str> {
        sentences(text, 0..text.len(), &abbreviations()).into_iter().map(|range| &text[range]).collect()
    }

    fn check(text: &str, expected: &str) {
        let shown = cut(text).join(" | ").replace('\n', "/");
        assert_eq!(shown, expected, "{text:?}");
    }

    #[test]
    fn marks_end_sentences() {
        check("", "");
        check(" \n ", "");
        check("Clear lungs. Normal heart.", "Clear lungs. | Normal heart.");
        check("No effusion", "No effusion");
        check("Murmur? Cough! fever.", "Murmur? | Cough! | fever.");
        check("Lungs clear; heart normal.", "Lungs clear; heart normal.");
        check("No pneumothoraces. cardiomegaly is mild.", "No pneumothoraces. | cardiomegaly is mild.");
        check("Lungs clear. 5 mm nodule.", "Lungs clear. | 5 mm nodule.");
        check("Normal (limited view.) Heart ok.", "Normal (limited view.) | Heart ok.");
        check("He said \"stable.\" No change.", "He said \"stable.\" | No change.");
        check("Clear.\u{a0}Heart normal.", "Clear. | Heart normal.");
        check("Normal .  Heart large .", "Normal . | Heart large .");
        check("At 8 p.m. The lungs clear.", "At 8 p.m. | The lungs clear.");
        check("At 8 p.m. and later, p.m., no.", "At 8 p.m. and later, p.m., no.");
    }

    #[test]
    fn question_marks_before_a_word_ask() {
        check("? pneumonia", "? pneumonia");
        check("Cough, ? pneumonia ?effusion.", "Cough, ? pneumonia ?effusion.");
        check("Pneumonia? Effusion?", "Pneumonia? | Effusion?");
        check("Fever?Cough", "Fever? | Cough");
    }

    #[test]
    fn repeated_marks_are_one_end() {
        check("No effusion.. Heart normal..", "No effusion.. | Heart normal..");
        check("Venous congestion. . Heart normal. .", "Venous congestion. . | Heart normal. .");
        check(". Degenerative changes.", ". Degenerative changes.");
        check("Pain ... worse at night", "Pain ... worse at night");
        check("Pain... Heart normal", "Pain... | Heart normal");
        check("Pain\u{2026} worse", "Pain\u{2026} worse");
        check("pain..no fever", "pain.. | no fever");
    }

    #[test]
    fn abbreviations_end_nothing() {
        check("Seen by Dr. Smith. Normal.", "Seen by Dr. Smith. | Normal.");
        check("Atelectasis vs. pneumonia, approx. 3 cm.", "Atelectasis vs. pneumonia, approx. 3 cm.");
        check("Device, e.g. a pacer. None.", "Device, e.g. a pacer. | None.");
        check("Image no. 3 is blurred.", "Image no. 3 is blurred.");
        check("Effusion? No. Normal heart.", "Effusion? No. | Normal heart.");
        check("Effusion: No.", "Effusion: No.");
        check(
            "A mass of 2 cm. is seen. It grew by 2 cm. No other.",
            "A mass of 2 cm. is seen. | It grew by 2 cm. | No other.",
        );
        check("Lines, tubes, etc. are gone, etc. No clips.", "Lines, tubes, etc. are gone, etc. | No clips.");
        check("DR. SMITH WAS CALLED. OK.", "DR. SMITH WAS CALLED. | OK.");
        check("Called Dr.\nSmith today.", "Called Dr./Smith today.");
        check("Read by J. Smith and A. B. Jones. Done.", "Read by J. Smith and A. B. Jones. | Done.");
        check("History of hepatitis C. No change.", "History of hepatitis C. | No change.");
        check("Known hepatitis C. Lungs clear.", "Known hepatitis C. | Lungs clear.");
        check("Worse S.O.B. Heart large.", "Worse S.O.B. | Heart large.");
    }

    #[test]
    fn numbers_hold_together() {
        check(
            "A 2.5 cm mass, T.12, on 1.2.2019 at 10.30, 16.2/24.7.",
            "A 2.5 cm mass, T.12, on 1.2.2019 at 10.30, 16.2/24.7.",
        );
        check("Measures .5 cm. Stable.", "Measures .5 cm. | Stable.");
        check("Ends at L2. Normal T12. There is", "Ends at L2. | Normal T12. | There is");
        check("Software 2.4.1 was used.", "Software 2.4.1 was used.");
    }

    #[test]
    fn a_missing_space_is_no_matter() {
        check("Left effusion.No pneumothorax.", "Left effusion. | No pneumothorax.");
        check("At the apex.There is", "At the apex. | There is");
        check("Chest pain.PT scan", "Chest pain. | PT scan");
        check("Left effusion.A small mass", "Left effusion. | A small mass");
        check("Fracture of L1.There is", "Fracture of L1. | There is");
        check("Normal (old).The heart", "Normal (old). | The heart");
        check("Device, e.g.No, i.e.Yes, Ph.D, S.O.B", "Device, e.g.No, i.e.Yes, Ph.D, S.O.B");
        check("Dr.Smith and vit.D", "Dr.Smith and vit.D");
        check("See www.example.org and a.txt", "See www.example.org and a.txt");
    }

    #[test]
    fn rows_of_tables_and_templates() {
        check("Effusion\tNo\nEdema\tYes", "Effusion\tNo | Edema\tYes");
        check("Effusion   No\nEdema   Yes", "Effusion   No | Edema   Yes");
        check("Effusion? N\nEdema? Y", "Effusion? N | Edema? Y");
        check("Effusion... No\nEdema ..... None", "Effusion... No | Edema ..... None");
        check("Effusion; No\nEdema; Yes", "Effusion; No | Edema; Yes");
        check(
            "[ ] Effusion\n[x] edema\n( ) mass\n\u{2610} cyst",
            "[ ] Effusion | [x] edema | ( ) mass | \u{2610} cyst",
        );
        check("There is no\nEffusion", "There is no/Effusion");
        check("Effusion? Not now. Edema... No more", "Effusion? | Not now. | Edema... | No more");
    }

    #[test]
    fn entries_in_lower_case() {
        check("no effusion\nlarge heart\nold scar", "no effusion | large heart | old scar");
        check("no effusion.large heart.small scar", "no effusion. | large heart. | small scar");
        check("1-No effusion\n2-Large heart 3- Scar", "No effusion | Large heart | Scar");
        check("2-View chest, 5- 10 mm", "2-View chest, 5- 10 mm");
        check("No effusion\u{3002}Large heart\u{3002}", "No effusion\u{3002} | Large heart\u{3002}");
        check("See the-report.info and someone.health here", "See the-report.info and someone.health here");
    }

    #[test]
    fn holes_are_words() {
        check("Normal XXXX. XXXX heart.", "Normal XXXX. | XXXX heart.");
        check("XXXX-year-old. Chest pain.", "XXXX-year-old. | Chest pain.");
        check("Stable. .XXXX opacity.", "Stable. | .XXXX opacity.");
        check("Stable XXXX.please call XXXX.In", "Stable XXXX. | please call XXXX. | In");
        check("Dr. XXXX at XXXX. XXXX.", "Dr. XXXX at XXXX. | XXXX.");
    }

    #[test]
    fn numbered_lists() {
        check("1. Low volumes 2. Mild edema", "Low volumes | Mild edema");
        check("1. Low volumes. 2. Mild edema. 3. None", "Low volumes. | Mild edema. | None");
        check("1) Low volumes 2) mild edema", "Low volumes | mild edema");
        check("(1) Low volumes (2) mild edema", "Low volumes | mild edema");
        check("(a) Low volumes; (b) mild edema", "Low volumes; | mild edema");
        check("1.Severe edema.2.Mild", "Severe edema. | Mild");
        check("1. Grade 2. 2. Mild", "Grade 2. | Mild");
        check("1. Listhesis of grade 2. Mild", "Listhesis of grade 2. | Mild");
        check(
            "1. Low\n2. Mild edema of the\n   left lung\n3. None",
            "Low | Mild edema of the/   left lung | None",
        );
        check("Grew to 2. 5 and 3. Mild", "Grew to 2. | 5 and 3. | Mild");
        check("1. 8 mm nodule. 2. 2.5 cm mass", "8 mm nodule. | 2.5 cm mass");
        check("malignancy? 2. Mild", "malignancy? | Mild");
        check("2.5 cm mass", "2.5 cm mass");
        check("(R) lung clear. (L) lung clear.", "(R) lung clear. | (L) lung clear.");
        check("1.", "1.");
        check("12. 13.", "13.");
    }

    #[test]
    fn bullets() {
        check("- Low volumes\n- mild edema\n\u{2022} none", "Low volumes | mild edema | none");
        check("\u{2022}Low volumes\n*  mild edema", "Low volumes | mild edema");
        check("-No effusion\n-No mass", "-No effusion | -No mass");
        check("Normal.\n-----\nHeart", "Normal. | ----- | Heart");
        check("Lungs - clear - heart - normal", "Lungs - clear - heart - normal");
    }

    #[test]
    fn line_breaks() {
        check("Mild edema of\nthe left lung.", "Mild edema of/the left lung.");
        check("Mild edema\n\nleft lung", "Mild edema | left lung");
        check("Mild edema\r\nleft lung\r\n\r\nheart", "Mild edema\r/left lung | heart");
        check("Mild edema.\nno effusion.", "Mild edema. | no effusion.");
        check("Lungs: clear\nHeart: normal", "Lungs: clear | Heart: normal");
        check("LUNGS AND PLEURA:\nClear lungs", "LUNGS AND PLEURA:/Clear lungs");
        check(
            "No pneumothorax\nHeart size normal\nLungs clear",
            "No pneumothorax | Heart size normal | Lungs clear",
        );
        check("No evidence of\nPneumothorax", "No evidence of/Pneumothorax");
        check("Mild edema,\nSmall effusion", "Mild edema,/Small effusion");
        check("Mild edema\u{2028}no effusion", "Mild edema\u{2028}no effusion");
    }

    #[test]
    fn a_full_line_goes_on_in_the_next() {
        let long = "There is a small opacity in the left lower lobe, seen by the team of the";
        check(&format!("{long} mobile\nXray unit"), &format!("{long} mobile/Xray unit"));
        check(
            &format!("{long} mobile unit.\nMild edema\nHeart normal"),
            &format!("{long} mobile unit. | Mild edema | Heart normal"),
        );
    }

    #[test]
    fn only_the_range_is_cut() {
        let text = "FINDINGS: Clear. Normal. IMPRESSION";
        let found = sentences(text, 10..24, &abbreviations());
        let found: Vec<_> = found.into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["Clear.", "Normal."]);
    }

    #[test]
    fn malformed_abbreviations_are_refused() {
        for entry in ["", "dr.", "no 3", "a b", "very-long-word-here", "\u{e9}d", " #"] {
            assert!(Abbreviations::new(&[entry]).is_err(), "{entry}");
        }
    }

    #[test]
    fn large_texts_of_one_kind() {
        for (piece, most) in
            [("x", 1), (" ", 0), (".", 1), ("1. ", 1), ("A: ", 1), ("A. ", 1), ("\n", 0), ("a\u{2028}", 1)]
        {
            let text = piece.repeat((1 << 20) / piece.len());
            assert!(cut(&text).len() <= most, "{piece:?}");
        }
        for piece in ["a\n", "a. ", "?", "Aa.", "- \n", "(a) ", ".)", "a.\n\n"] {
            let text = piece.repeat((1 << 18) / piece.len());
            assert!(cut(&text).len() <= text.len());
        }
    }

    /// Every byte that is not white space is in one sentence, or a marker.
    fn check_cover(text: &str) {
        let mut at = 0;
        for range in sentences(text, 0..text.len(), &abbreviations()) {
            assert!(at <= range.start && range.start < range.end, "order");
            let sentence = &text[range.clone()];
            assert_eq!(sentence, sentence.trim(), "trimmed");
            check_left_out(&text[at..range.start]);
            at = range.end;
        }
        check_left_out(&text[at..]);
    }

    fn check_left_out(text: &str) {
        let marker = |word: &str| {
            let core = word.trim_matches(|c| "().-\u{2013}\u{2014}*\u{2022}\u{b7}".contains(c));
            core.len() <= 2 && core.chars().all(|c| c.is_ascii_alphanumeric())
        };
        for word in text.split_whitespace() {
            assert!(
                word.len() <= 12 && word.split_inclusive(['.', ')']).all(marker),
                "left out {word:?} of {text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_covered(text in any::<String>()) {
            check_cover(&text);
        }

        #[test]
        fn any_report_like_text_is_covered(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "1.", "2)", "(a)", "(b)", "-", "\u{2022}", " ", " ", "\n", "\r\n", "\n\n", ".", "..", "?", "Dr", "No",
                    "effusion", "XXXX", "2.5", "cm", ":", "Heart", "\u{a0}", "\u{e4}", ")", "\"", "S.O.B", ",", "\u{2026}",
                ]),
                0..40,
            ),
        ) {
            check_cover(&pieces.concat());
        }
    }
}
