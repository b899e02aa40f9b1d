//! Numbers, units, and rows of them.

use crate::token::Token;
use precedent_model::{Size, Span};
use std::ops::Range;

/// Numbers in a row that share a size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub start: usize,
    pub end: usize,
    /// The longest before the last "to", and the longest behind it; one and the same without.
    pub first_mm: f32,
    pub last_mm: f32,
    /// Whether "to" or a dash joins its parts.
    pub is_range: bool,
    /// Whether an arrow says that it was the first and is the second.
    pub is_change: bool,
    /// The unit of its last number, in millimetres.
    pub unit: f32,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    value: f32,
    unit: Option<f32>,
    end: usize,
    /// Whether it begins the second half of a range.
    begins_half: bool,
    /// Whether it is what the number before it became.
    is_change: bool,
}

/// How two numbers of a row are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    Times,
    To,
    /// An arrow: "5 mm -> 8 mm".
    Becomes,
}

const UNITS: [(&str, f32); 15] = [
    ("mm", 1.0),
    ("mms", 1.0),
    ("millimeter", 1.0),
    ("millimeters", 1.0),
    ("millimetre", 1.0),
    ("millimetres", 1.0),
    ("cm", 10.0),
    ("cms", 10.0),
    ("centimeter", 10.0),
    ("centimeters", 10.0),
    ("centimetre", 10.0),
    ("centimetres", 10.0),
    ("inch", 25.4),
    ("inches", 25.4),
    ("meter", 1000.0),
];
const NUMBER_WORDS: [&str; 10] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
/// Most numbers of one row.
const MOST_PARTS: usize = 8;

/// The row that begins at `at`, if its numbers have a unit, and where to go on.
pub(super) fn row_at(text: &str, at: usize, range: Range<usize>) -> (Option<Row>, usize) {
    let here = &text[..range.end];
    let begins =
        !here[range.start..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '/'));
    let Some((value, end)) = number(here, at).filter(|_| begins) else {
        return (None, skip_word(here, at));
    };
    let mut parts = vec![part(here, value, end, None)];
    while let Some(next) =
        parts.last().and_then(|last| next_part(here, last.end)).filter(|_| parts.len() < MOST_PARTS)
    {
        parts.push(next);
    }
    // A number behind "to" or a comma that has no unit of its own or of a later one is of something else.
    let Some(last) = parts.iter().rposition(|part| part.unit.is_some()) else {
        return (None, skip_word(here, parts[0].end));
    };
    let trailing = parts[last + 1..].iter().take_while(|part| !part.begins_half).count();
    parts.truncate(last + 1 + trailing);
    let end = parts.last().map_or(end, |part| part.end);
    (Some(row(at, end, &parts)), end)
}

fn row(start: usize, end: usize, parts: &[Part]) -> Row {
    let split = parts.iter().rposition(|part| part.begins_half);
    let longest = |from: usize, to: usize| {
        let unit = |place: usize| {
            let behind = parts[place..].iter().find_map(|part| part.unit);
            behind.or_else(|| parts[..place].iter().rev().find_map(|part| part.unit)).unwrap_or(1.0)
        };
        (from..to).map(|place| parts[place].value * unit(place)).fold(0.0, f32::max)
    };
    let last_mm = longest(split.unwrap_or(0), parts.len());
    let first_mm = split.map_or(last_mm, |split| longest(0, split));
    let is_change = parts.iter().any(|part| part.is_change);
    let unit = parts.iter().rev().find_map(|part| part.unit).unwrap_or(1.0);
    Row { start, end, first_mm, last_mm, is_range: split.is_some(), is_change, unit }
}

/// The number at `at` that has no unit of its own and no word behind it, with that unit.
pub(super) fn bare_row_at(text: &str, at: usize, range: Range<usize>, unit: f32) -> Option<Row> {
    let (value, end) = number(&text[..range.end], at)?;
    let counts = text[end..range.end].trim_start().starts_with(char::is_alphanumeric);
    let part = Part { value, unit: Some(unit), end, begins_half: false, is_change: false };
    (!counts).then(|| row(at, end, &[part]))
}

fn part(text: &str, value: f32, end: usize, join: Option<Join>) -> Part {
    let (unit, end) = match unit_at(text, end) {
        Some((unit, end)) => (Some(unit), end),
        None => (None, end),
    };
    let begins_half = matches!(join, Some(Join::To | Join::Becomes));
    Part { value, unit, end, begins_half, is_change: join == Some(Join::Becomes) }
}

fn next_part(text: &str, at: usize) -> Option<Part> {
    let (join, at) = join_at(text, at)?;
    let (value, end) = number(text, at)?;
    // "3 nodules", "2 to 3rd": a number glued to other letters is none.
    let glued = text[end..].starts_with(char::is_alphanumeric);
    let part = part(text, value, end, Some(join));
    let ends = part.unit.is_some() || !glued || text[end..].starts_with(['x', 'X']);
    ends.then_some(part)
}

/// A joint behind `at`, and where the next number begins.
fn join_at(text: &str, at: usize) -> Option<(Join, usize)> {
    let rest = text[at..].trim_start();
    // "2.5- x 1.5 cm".
    let rest = rest
        .strip_prefix('-')
        .map(str::trim_start)
        .filter(|rest| rest.starts_with(['x', 'X', '×']))
        .unwrap_or(rest);
    let first = rest.chars().next()?;
    if let Some(rest) = rest.strip_prefix("->").or_else(|| rest.strip_prefix('→')) {
        return Some((Join::Becomes, text.len() - rest.trim_start().len()));
    }
    let (join, rest) = match first {
        'x' | 'X' | '×' | '*' => (Join::Times, &rest[first.len_utf8()..]),
        '-' | '–' | '—' | '\u{2010}' | '\u{2011}' => (Join::To, &rest[first.len_utf8()..]),
        _ => {
            let word = &rest[..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())];
            let join = if word.eq_ignore_ascii_case("by") { Join::Times } else { Join::To };
            let known = ["by", "to"].iter().any(|known| word.eq_ignore_ascii_case(known));
            known.then_some((join, &rest[word.len()..]))?
        }
    };
    Some((join, text.len() - rest.trim_start().len()))
}

/// The number that begins at `at`, and where it ends: "5", "5.6", "5,6", ".5", "1/2", "1 1/2", "1½", "½".
fn number(text: &str, at: usize) -> Option<(f32, usize)> {
    let rest = &text[at..];
    if let Some((value, length)) = vulgar(rest) {
        return Some((value, at + length));
    }
    let (whole, length) = decimal(rest)?;
    let behind = &rest[length..];
    if let Some((value, more)) = over(whole, behind) {
        return Some((value, at + length + more));
    }
    let gap = behind.len() - behind.trim_start_matches([' ', '\u{a0}', '-']).len();
    if gap <= 2 {
        let fraction = &behind[gap..];
        let added = vulgar(fraction).or_else(|| {
            let (top, length) = digits(fraction)?;
            over(top, &fraction[length..]).map(|(value, more)| (value, length + more))
        });
        if let Some((value, more)) = added.filter(|(value, _)| *value < 1.0) {
            return Some((whole + value, at + length + gap + more));
        }
    }
    Some((whole, at + length))
}

/// "/2" behind a number, the numerator; a date such as "1/2/13" has no fraction.
fn over(top: f32, rest: &str) -> Option<(f32, usize)> {
    let (bottom, length) = digits(rest.strip_prefix('/')?)?;
    let dated = rest[1 + length..].starts_with('/');
    (!dated && bottom > 0.0).then_some((top / bottom, 1 + length))
}

fn digits(text: &str) -> Option<(f32, usize)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..length].parse().ok()?, length))
}

/// Digits with a decimal point or comma, or a point in front. Three digits behind a comma part thousands, "1,200", unless
/// a zero stands before it.
fn decimal(text: &str) -> Option<(f32, usize)> {
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let behind = &text[whole..];
    let mark = behind.chars().next().filter(|mark| matches!(mark, '.' | ','));
    let places = mark.map_or(0, |_| behind[1..].bytes().take_while(u8::is_ascii_digit).count());
    if places == 0 {
        return Some((text[..whole].parse().ok()?, whole));
    }
    if whole == 0 && mark == Some(',') {
        return None;
    }
    let thousands = mark == Some(',') && places == 3 && text[..whole].bytes().any(|digit| digit != b'0');
    let length = whole + 1 + places;
    let written = text[..length].replace(',', if thousands { "" } else { "." });
    Some((written.parse().ok()?, length))
}

/// A fraction of one character.
fn vulgar(text: &str) -> Option<(f32, usize)> {
    let first = text.chars().next().filter(|c| !c.is_ascii())?;
    let value = match first {
        '½' => 0.5,
        '¼' => 0.25,
        '¾' => 0.75,
        '⅓' => 1.0 / 3.0,
        '⅔' => 2.0 / 3.0,
        '⅛' => 0.125,
        _ => return None,
    };
    Some((value, first.len_utf8()))
}

/// The unit behind a number, in millimetres, and where it ends: "mm", " cm", "-mm".
fn unit_at(text: &str, at: usize) -> Option<(f32, usize)> {
    let rest = text[at..].trim_start();
    let rest = rest.strip_prefix(['-', '\u{2010}', '\u{2011}', '–']).map_or(rest, str::trim_start);
    let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let unit = unit(&rest[..length])?;
    // "cm2" is no length.
    let alone = !rest[length..].starts_with(|c: char| c.is_alphanumeric() || c == '^');
    alone.then_some((unit, text.len() - rest.len() + length))
}

fn unit(word: &str) -> Option<f32> {
    UNITS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, millimetres)| *millimetres)
}

/// Behind the letters, digits and the point or fraction at `at`.
fn skip_word(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(1, char::len_utf8);
    at + length.max(first)
}

/// Sizes in words: "two centimeters", and "subcentimeter", which is below one.
pub(super) fn spelled(text: &str, tokens: &[Token]) -> impl Iterator<Item = Size> {
    let word = |place: usize| &text[tokens[place].range()];
    (0..tokens.len()).filter_map(move |place| {
        let at = |first: usize, longest_mm: f32| {
            let span = Span { start: tokens[first].start, end: tokens[place].end };
            Some(Size { longest_mm, earlier_mm: None, span })
        };
        let this = word(place);
        // Most words are no unit and begin with another letter.
        if !matches!(this.as_bytes().first(), Some(b'c' | b'C' | b'i' | b'I' | b'm' | b'M' | b's' | b'S')) {
            return None;
        }
        if let Some(unit) =
            this.get(..3).filter(|sub| sub.eq_ignore_ascii_case("sub")).and_then(|_| unit(&this[3..]))
        {
            return at(place, unit.next_down());
        }
        let before = place.checked_sub(1)?;
        let unit = unit(this)?;
        if word(before).eq_ignore_ascii_case("sub") {
            return at(before, unit.next_down());
        }
        let number = NUMBER_WORDS.iter().position(|known| known.eq_ignore_ascii_case(word(before)))?;
        at(before, (number + 1) as f32 * unit)
    })
}
