//! Sentences and list entries.
//!
//! One pass over the bytes. Every place looks back and ahead by a fixed number of bytes at most, or over one run of
//! white space, so that time is linear in the text whatever it holds.

mod row;

use crate::lexicon_file::LexiconError;
use rustc_hash::FxHashMap;
use std::ops::Range;

pub(crate) use row::is_row_label;

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
        } else if matches!(next, ',' | ';' | ':' | ')' | ']' | '}' | '/' | '%')
            || (asks || ellipsis) && gap.breaks == 0 && self.is_answer(gap.end)
            || asks && self.is_answer_alone(gap.end)
        {
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
        if gap.breaks == 1 && self.is_answered_below(at, gap.end) {
            return false;
        }
        if gap.breaks > 1 || self.bullet(gap.end).is_some() {
            return true;
        }
        if self.ends_row(at, gap.end) || self.tick_box(gap.end) {
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

    /// Whether a box for a tick stands at `at`.
    fn tick_box(&self, at: usize) -> bool {
        let text = &self.text[at..self.end];
        let inside = text.strip_prefix(['[', '(']).map(str::trim_start);
        let ticks = ['x', 'X', '\u{2713}', '\u{2714}', '+', '-', '_', '*'];
        let ticked = inside.map(|inside| inside.strip_prefix(ticks).unwrap_or(inside));
        let lettered = text.strip_prefix('[').and_then(|inside| inside.strip_prefix(['n', 'N', 'y', 'Y']));
        ticked.is_some_and(|rest| rest.trim_start().starts_with([']', ')']))
            || lettered.is_some_and(|rest| rest.starts_with(']'))
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
mod tests;
