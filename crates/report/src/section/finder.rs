//! Where headings stand in a text.
//!
//! One pass over the words. A heading is looked for only where a line, a sentence or a part begins, and at words in
//! capitals; the look ahead is [`MAX_WORDS`] words on one line, so that time is linear in the text.

use super::headings::{Heading, Headings, MAX_WORDS, Made, is_digit, is_word, lower};
use crate::sentence::is_joining;
use precedent_model::SectionKind;
use std::ops::Range;

/// Farthest look ahead, in bytes.
const MAX_BYTES: usize = 120;
/// Shortest heading without colon, dash or line of its own, in bytes: not "EXAM" and "REPORT".
const MIN_UNMARKED: usize = 7;

/// What a heading may stand in.
const BRACKETS: [char; 4] = ['[', '{', '<', '【'];

/// A heading in the text.
#[derive(Debug)]
pub(super) struct Place {
    pub start: usize,
    /// Behind its colon or line.
    pub end: usize,
    pub heading: Heading,
}

/// What stands before a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// The line begins; whether something new surely begins with it.
    Line { fresh: bool },
    /// A sentence ended.
    End,
    /// A heading ended.
    Heading,
    /// A sentence goes on.
    Middle,
}

/// What ends a row of words that may be a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Colon,
    Dash,
    Line,
    /// The marks of bold type, or a bracket.
    Bold,
    /// A full stop, a semicolon, or the end of a cell.
    Point,
    /// Anything else, or too many words.
    Other,
}

/// A row of words up to what may end a heading.
#[derive(Debug)]
struct Row {
    words: Vec<Range<usize>>,
    /// The words outside parentheses, in lower case.
    lower: Vec<String>,
    stop: Stop,
    /// Behind the stop.
    end: usize,
}

/// Where a word stands that may begin a heading.
#[derive(Debug, Clone, Copy)]
struct Start {
    at: usize,
    /// Behind the word before it, but for the marker of a list.
    behind: usize,
    before: Before,
    /// Marks of bold type or of a heading stand before it.
    decorated: bool,
    /// A bracket stands before it.
    bracketed: bool,
}

/// The headings in the text, ascending and apart.
pub(super) fn find(text: &str, given: SectionKind, headings: &Headings) -> Vec<Place> {
    let mixed = text.contains(char::is_lowercase);
    Finder { text, given, headings, found: Vec::new(), opened: false, mixed }.find()
}

struct Finder<'a> {
    text: &'a str,
    given: SectionKind,
    headings: &'a Headings,
    found: Vec<Place>,
    /// Whether a place other than a label was found.
    opened: bool,
    /// Whether the text has letters in lower case, so that capitals say something.
    mixed: bool,
}

impl<'a> Finder<'a> {
    fn find(mut self) -> Vec<Place> {
        let (mut at, mut behind, mut after_marker) = (0, 0, false);
        while let Some(start) = self.text[at..].find(is_word).map(|skipped| at + skipped) {
            at = word_end(self.text, start);
            if let Some(place) = self.heading(start, at, behind) {
                (at, behind, after_marker) = (place.end, place.end, false);
                self.opened |= place.heading != Heading::Label;
                self.found.push(place);
                continue;
            }
            // The marker of a list stays between the words, so that "2. FINDINGS:" begins a line.
            after_marker = !after_marker && is_marker(self.text, start..at);
            if !after_marker {
                behind = at;
            }
        }
        self.found
    }

    /// The heading that begins with the word at `at`.
    fn heading(&self, at: usize, end: usize, behind: usize) -> Option<Place> {
        let word = &self.text[at..end];
        let first = word.chars().next().filter(|c| c.is_alphabetic())?;
        let between = &self.text[behind..at];
        let before = self.before(behind, between);
        let known = || self.headings.may_begin(word);
        let may_be = match before {
            // A heading begins with a word that begins one; only a label in capitals may end with it instead.
            Before::Line { .. } => first.is_uppercase() && !word.contains(char::is_lowercase) || known(),
            Before::End | Before::Heading => first.is_uppercase() && known(),
            Before::Middle => {
                let apart = |c: char| c.is_whitespace() || c == '*' || BRACKETS.contains(&c);
                first.is_uppercase() && between.ends_with(apart) && known()
            }
        };
        if !may_be {
            return None;
        }
        let decorated = between.trim_end().ends_with(['*', '_', '#']);
        let bracketed = between.ends_with(BRACKETS);
        let start = Start { at, behind, before, decorated, bracketed };
        let row = self.row(start);
        let (heading, end) = (self.accept(&row, start).map(|heading| (heading, row.end)))
            .or_else(|| self.addendum(&row, start))
            .or_else(|| self.unmarked(&row, start))?;
        let end = if heading == Heading::Label { end } else { end + closing(&self.text[end..], decorated) };
        let lead = if behind == 0 { 0 } else { lead(between) };
        Some(Place { start: behind + lead, end, heading })
    }

    fn before(&self, behind: usize, between: &str) -> Before {
        let last = self.found.last().filter(|last| last.end == behind && last.heading != Heading::Label);
        let said = between.trim_end().trim_end_matches(['*', '_', '#']).trim_end();
        let marks = ['.', '?', '!'];
        let ended = said.trim_start_matches([')', ']', '"', '*', '_']).starts_with(marks)
            || said.ends_with(marks)
            || said == ";";
        let breaks = between.matches('\n').count().max(between.matches('\r').count());
        if behind == 0 || breaks > 0 {
            let fresh = behind == 0 || breaks > 1 || ended || said.starts_with(':') || last.is_some();
            Before::Line { fresh }
        } else if last.is_some() {
            Before::Heading
        } else if ended {
            Before::End
        } else {
            Before::Middle
        }
    }

    /// The words from `start` on up to what may end a heading.
    fn row(&self, start: Start) -> Row {
        let mut row = Row { words: Vec::new(), lower: Vec::new(), stop: Stop::Other, end: start.at };
        let mut depth = 0;
        let mut at = start.at;
        while row.words.len() <= MAX_WORDS && at - start.at <= MAX_BYTES {
            let end = word_end(self.text, at);
            if end > at {
                row.words.push(at..end);
                if depth == 0 {
                    row.lower.push(lower(&self.text[at..end]));
                }
                at = end;
            }
            let rest = &self.text[at..];
            let Some(c) = rest.chars().next() else {
                (row.stop, row.end) = (Stop::Line, at);
                return row;
            };
            let next = at + c.len_utf8();
            let after = self.text[next..].chars().next();
            row.end = next;
            match c {
                '\n' | '\r' => {
                    (row.stop, row.end) = (Stop::Line, at);
                    return row;
                }
                ':' | '：' => {
                    let time = self.text[..at].ends_with(is_digit) && after.is_some_and(is_digit);
                    row.stop = if time { Stop::Other } else { Stop::Colon };
                    return row;
                }
                '*' | '_' if start.decorated && depth == 0 => {
                    // "**Findings**:" has its colon behind the marks.
                    let behind = rest.trim_start_matches(['*', '_', ' ']);
                    row.stop = match behind.chars().next() {
                        Some(':') => Stop::Colon,
                        None | Some('\n' | '\r') => Stop::Line,
                        Some(_) => Stop::Bold,
                    };
                    row.end = self.text.len() - behind.len() + usize::from(row.stop == Stop::Colon);
                    return row;
                }
                ']' | '}' | '>' | '】' if start.bracketed && depth == 0 => {
                    let colon = self.text[next..].starts_with(':');
                    row.stop = if colon { Stop::Colon } else { Stop::Bold };
                    row.end = next + usize::from(colon);
                    return row;
                }
                '.' | ';' if after.is_none_or(char::is_whitespace) => {
                    row.stop = Stop::Point;
                    return row;
                }
                // The next cell of a table.
                '\t' | '|' | '=' if !ends_line(&self.text[next..]) => {
                    row.stop = Stop::Point;
                    return row;
                }
                '-' | '–' | '—' if after.is_none_or(char::is_whitespace) => {
                    row.stop = Stop::Dash;
                    return row;
                }
                '(' | '[' => depth += 1,
                ')' | ']' if depth > 0 => depth -= 1,
                ' ' | '\t' | '\u{a0}' | '/' | '&' | ',' | '-' | '#' | '+' | '*' | '=' | '_' => {}
                _ => return row,
            }
            at = next;
        }
        row
    }

    /// What the row says as a heading, up to its stop.
    fn accept(&self, row: &Row, start: Start) -> Option<Heading> {
        let capitals = self.in_capitals(&row.words);
        let titled = is_titled(&self.text[start.at..]);
        let free = self.given == SectionKind::Body;
        let last = last_word(&self.text[..start.behind]);
        let whole = || self.headings.made(&row.lower).and_then(Made::heading);
        let clear = |heading: &Heading| capitals || !self.is_doubtful(*heading);
        let opens = |heading: &Heading| *heading != Heading::Label;
        match (row.stop, start.before) {
            (Stop::Colon, Before::Line { fresh }) => {
                let heading = whole().or_else(|| self.headings.around(&row.lower).filter(|_| capitals))?;
                let sure = if start.behind == 0 { clear(&heading) } else { titled || fresh };
                sure.then_some(heading)
            }
            (Stop::Colon, Before::End) => whole().filter(clear),
            (Stop::Colon, Before::Heading) => whole().filter(clear).filter(opens),
            (Stop::Colon, Before::Middle) => {
                // In a text without full stops the first heading shows that others may follow.
                let running = free && self.opened;
                let apart = !is_titled(last) || is_hole(last);
                let titles = |heading: &Heading| heading.is_technique() && !last.contains(char::is_lowercase);
                let heading = whole().filter(opens).filter(|heading| !titles(heading));
                heading.filter(|_| !is_joining(last) && (capitals || running && apart))
            }
            (Stop::Dash, Before::Line { .. }) => {
                whole().filter(opens).filter(|_| titled && (free || capitals))
            }
            (Stop::Dash, Before::End | Before::Heading) => whole().filter(opens).filter(|_| free),
            (Stop::Dash, Before::Middle) => whole()
                .filter(opens)
                .filter(|_| free && capitals && self.opened && self.mixed && !is_joining(last)),
            (Stop::Line, Before::Line { fresh }) => {
                let made = self.headings.made(&row.lower).filter(|made| !made.labels && !made.numbered)?;
                let goes_on = !fresh && is_joining(last);
                let marked = start.decorated || is_underline(next_line(&self.text[row.end..]));
                let alone = free && titled && fresh && !self.text[row.end..].trim_start().is_empty();
                made.heading().filter(|_| marked || alone || capitals && !goes_on)
            }
            (Stop::Bold, Before::Line { .. } | Before::End | Before::Heading) => whole().filter(opens),
            (Stop::Bold, Before::Middle) => whole().filter(opens).filter(|_| capitals),
            (Stop::Point, Before::Line { .. } | Before::End | Before::Heading) => {
                let long = row.end - start.at > MIN_UNMARKED;
                let shown =
                    |heading: &Heading| *heading == Heading::Addendum || capitals && long && self.mixed;
                let made = self.headings.made(&row.lower).filter(|made| !made.numbered);
                made.and_then(Made::heading).filter(opens).filter(|heading| free && shown(heading))
            }
            _ => None,
        }
    }

    /// Whether a heading without capitals may be a quotation: a doctor's "Impression:" in the indication.
    fn is_doubtful(&self, heading: Heading) -> bool {
        matches!(heading, Heading::Section(kind) if kind.is_reported()) && !self.given.is_reported()
    }

    /// An addendum with words about itself, "Addendum by Dr. Smith on 1/2/2019:", and where they end.
    fn addendum(&self, row: &Row, start: Start) -> Option<(Heading, usize)> {
        let (length, heading) = self.headings.longest(&row.lower)?;
        if heading != Heading::Addendum || start.before == Before::Middle {
            return None;
        }
        let next = row.lower.get(length)?;
        let about = [
            "added",
            "after",
            "at",
            "begins",
            "by",
            "created",
            "dated",
            "date",
            "dictated",
            "entered",
            "from",
            "made",
            "no",
            "number",
            "on",
            "per",
            "regarding",
            "signed",
            "to",
        ];
        if !about.contains(&next.as_str()) && !next.chars().all(is_digit) {
            return None;
        }
        // Up to its colon, or to the end of its line if that is near and ends no sentence.
        let mut last = ' ';
        for (place, c) in self.text[start.at..].char_indices().take(MAX_BYTES) {
            let behind = start.at + place + c.len_utf8();
            if c == ':' && self.text[behind..].chars().next().is_none_or(char::is_whitespace) {
                return Some((heading, behind));
            }
            if matches!(c, '\n' | '\r') {
                return (last != '.').then_some((heading, start.at + place));
            }
            last = if c.is_whitespace() { last } else { c };
        }
        let ends = self.text.len() - start.at <= MAX_BYTES && last != '.';
        ends.then_some((heading, self.text.len()))
    }

    /// A heading in capitals with nothing behind it but the text: "IMPRESSION No acute disease".
    fn unmarked(&self, row: &Row, start: Start) -> Option<(Heading, usize)> {
        let (length, heading) = self.headings.longest(&row.lower)?;
        let (last, next) = (row.words.get(length - 1)?, row.words.get(length)?);
        let next_word = &self.text[next.clone()];
        let in_text = is_titled(next_word) && next_word.contains(char::is_lowercase)
            || next_word.chars().all(is_digit) && is_marker(self.text, next.clone());
        let spaced = self.text[last.end..next.start].chars().all(char::is_whitespace);
        let clear = self.given == SectionKind::Body
            && start.before != Before::Middle
            && matches!(heading, Heading::Section(_))
            && last.end - start.at >= MIN_UNMARKED
            && self.in_capitals(&row.words[..length]);
        (clear && in_text && spaced).then_some((heading, last.end))
    }

    /// Whether no word has a letter in lower case.
    fn in_capitals(&self, words: &[Range<usize>]) -> bool {
        words.iter().all(|word| !self.text[word.clone()].contains(char::is_lowercase))
    }
}

/// Whether only blanks, marks of tables and underlines follow in the line.
fn ends_line(rest: &str) -> bool {
    rest.trim_start_matches([' ', '\t', '|', '=']).chars().next().is_none_or(|c| matches!(c, '\n' | '\r'))
}

/// Whether the text begins with a capital letter.
pub(super) fn is_titled(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

fn is_hole(word: &str) -> bool {
    word.len() >= 2 && word.bytes().all(|byte| byte == b'X')
}

fn word_end(text: &str, at: usize) -> usize {
    text[at..].find(|c| !is_word(c)).map_or(text.len(), |length| at + length)
}

/// The last letters and digits of a text, at most 24 of them.
fn last_word(text: &str) -> &str {
    let length = text.chars().rev().take(24).take_while(|&c| is_word(c)).map(char::len_utf8).sum::<usize>();
    &text[text.len() - length..]
}

/// Whether the word numbers a list entry: "2.", "b)", "IV.".
fn is_marker(text: &str, word: Range<usize>) -> bool {
    let marked = text[word.end..].starts_with(['.', ')']);
    let word = &text[word];
    let number = word.len() <= 2 && word.chars().all(is_digit);
    let roman = word.len() <= 4 && word.chars().all(|c| matches!(c, 'I' | 'V' | 'X'));
    marked && (number || roman || word.len() == 1)
}

/// How much of what stands between two words belongs to the first: all up to the white space or the line break behind
/// it. What follows, such as the marker of a list, belongs to the heading.
fn lead(between: &str) -> usize {
    let line = between.rfind(['\n', '\r']).map(|place| place + 1);
    let own = line.unwrap_or_else(|| between.find(char::is_whitespace).unwrap_or(between.len()));
    let rest = &between[own..];
    let blank = rest.len() - rest.trim_start().len();
    // "grade 2. FINDINGS:": the number is no marker of ours.
    let numbered = rest.contains(is_digit) && line.is_none() && !between.starts_with(['.', '?', '!', ')']);
    if numbered { between.trim_end().len() } else { own + blank }
}

/// How many bytes behind a heading still belong to it: marks of bold type, a dash behind a colon, the line below.
fn closing(rest: &str, decorated: bool) -> usize {
    let marks =
        |c: char| matches!(c, ' ' | '\t' | '\u{a0}') || decorated && matches!(c, '*' | '_' | '#' | '=' | '~');
    let mut behind = rest.trim_start_matches(marks);
    if let Some(text) = behind.strip_prefix(['-', '–', '—'])
        && behind.len() == rest.len()
        && text.starts_with(char::is_whitespace)
    {
        behind = text.trim_start_matches(marks);
    }
    let line = next_line(behind);
    if behind.starts_with(['\n', '\r']) && is_underline(line) {
        let start = behind.find(line).unwrap_or(0);
        behind = &behind[start + line.len()..];
    }
    rest.len() - behind.len()
}

/// The line behind the next line break, when only white space stands before that.
fn next_line(text: &str) -> &str {
    let Some(rest) = text.trim_start_matches([' ', '\t']).strip_prefix(['\n', '\r']) else { return "" };
    let rest = rest.strip_prefix('\n').unwrap_or(rest);
    &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())]
}

fn is_underline(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.chars().all(|c| matches!(c, '-' | '=' | '_' | '~' | '*'))
}
