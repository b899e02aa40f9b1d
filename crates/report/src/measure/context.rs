//! What the words around a row of numbers make of it.

use super::number::Row;

/// When a size holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Now,
    /// "now 8 mm".
    SaidNow,
    /// Before, and what it is now: "from 5 mm to 8 mm".
    Change,
    /// Before: "previously 5 mm".
    Earlier,
    /// Before, where the sentence also says what it is now: "8 mm, was 5 mm".
    Past,
}

/// How many words around a row are looked at.
const REACH: usize = 5;
/// Words between a row and what is said of it.
const FILLERS: [&str; 27] = [
    "a",
    "about",
    "an",
    "and",
    "approximately",
    "approx",
    "around",
    "at",
    "being",
    "diameter",
    "in",
    "it",
    "maximal",
    "maximum",
    "measure",
    "measured",
    "measurement",
    "measures",
    "measuring",
    "nearly",
    "of",
    "only",
    "roughly",
    "size",
    "some",
    "the",
    "to",
];
const PREVIOUS: [&str; 10] = [
    "previously",
    "previous",
    "prior",
    "formerly",
    "earlier",
    "initially",
    "originally",
    "before",
    "last",
    "baseline",
];
/// Behind a distance: "4 cm above".
const APART: [&str; 10] =
    ["above", "below", "beyond", "away", "cephalad", "caudad", "past", "apart", "short", "into"];
/// Behind a distance with "to": "2 cm superior to".
const DIRECTIONS: [&str; 12] = [
    "superior",
    "inferior",
    "proximal",
    "distal",
    "lateral",
    "medial",
    "anterior",
    "posterior",
    "cranial",
    "caudal",
    "deep",
    "close",
];
/// Of a movement or a distance, before it: "retracted 2 cm", "at a distance of 3 cm".
const MOVED: [&str; 9] =
    ["advanc", "retract", "withdraw", "pull", "reposition", "distance", "spac", "interval", "thickness"];
const SLICES: [&str; 9] =
    ["slice", "slices", "section", "sections", "cut", "cuts", "collimation", "increments", "intervals"];
const CHANGES: [&str; 9] =
    ["increas", "decreas", "grow", "grew", "enlarg", "chang", "shrunk", "progress", "reduc"];

/// What a row says, by the text of the sentence before and behind it; nothing if it is no size.
pub(super) fn holds(before: &str, behind: &str, row: &Row) -> Option<Holds> {
    let before = Before::of(before);
    let behind = Behind::of(behind);
    if before.is_distance() || behind.is_distance(&before) {
        return None;
    }
    if row.is_change || row.is_range && before.changes() {
        return Some(Holds::Change);
    }
    if before.head == "from" && !row.is_range && !before.has(&["rang"]) {
        return Some(Holds::Earlier);
    }
    if is_one_of(before.head, &["now", "currently", "today", "presently"]) {
        return Some(Holds::SaidNow);
    }
    if is_one_of(before.head, &PREVIOUS) || behind.is_previous() {
        return Some(Holds::Earlier);
    }
    let compared =
        is_one_of(before.head, &["was", "were", "versus", "vs", "than"]) || before.has(&["compared"]);
    Some(if compared { Holds::Past } else { Holds::Now })
}

/// Whether what follows is at most so large.
pub(super) fn is_upper_bound(before: &str) -> bool {
    let words = last_words(before);
    let than = |word: &str| is_one_of(word, &["less", "smaller", "shorter", "below", "under"]);
    match words.as_slice() {
        [.., "<"] => true,
        [.., word, "than"] => than(word),
        [.., word] => is_one_of(word, &["below", "under"]),
        [] => false,
    }
}

/// Whether the text says of a number behind it that it was so before.
pub(super) fn is_previous(before: &str) -> bool {
    let head = Before::of(before).head;
    is_one_of(head, &PREVIOUS) || is_one_of(head, &["was", "were"])
}

/// The words before a row, the last of them first, and the first that is no filler.
struct Before<'a> {
    words: Vec<&'a str>,
    head: &'a str,
}

impl<'a> Before<'a> {
    fn of(text: &'a str) -> Self {
        let words = last_words(text);
        let filler = |word: &&&str| !is_one_of(word, &FILLERS) && is_word(word);
        let head = words.iter().rev().find(filler).copied().unwrap_or_default();
        Self { words, head }
    }

    fn has(&self, stems: &[&str]) -> bool {
        self.words.iter().any(|word| begins_with(word, stems))
    }

    fn is_distance(&self) -> bool {
        let last = self.words.last().copied().unwrap_or_default();
        is_one_of(last, &["by", "within"])
            || begins_with(self.head, &MOVED) && !begins_with(self.head, &["spaced"])
    }

    /// "from 5 to 8 mm" changes, unless it says how far something ranges.
    fn changes(&self) -> bool {
        let ranges = self.has(&["rang", "vary", "vari", "siz", "between"]);
        self.head == "from" && !ranges || begins_with(self.head, &CHANGES)
    }
}

/// The words behind a row.
struct Behind<'a> {
    words: Vec<&'a str>,
}

impl<'a> Behind<'a> {
    fn of(text: &'a str) -> Self {
        Self { words: pieces(text).take(REACH).collect() }
    }

    fn is_distance(&self, before: &Before<'_>) -> bool {
        let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        match self.words.as_slice() {
            [first, ..] if is_one_of(first, &APART) || is_one_of(first, &SLICES) => true,
            ["axial", second, ..] | ["thick", second, ..] => is_one_of(second, &SLICES),
            [first, "to", ..] if is_one_of(first, &DIRECTIONS) => true,
            ["from", second, ..] => !number(second) && !before.has(&["measur"]),
            ["to", "the", ..] => true,
            _ => false,
        }
    }

    /// "5 mm previously", "5 mm on the prior study": not where that is of the next number, "8 mm, previously 5 mm".
    fn is_previous(&self) -> bool {
        let reach = self
            .words
            .iter()
            .position(|word| !is_word(word) && !word.starts_with('%'))
            .unwrap_or(self.words.len());
        let near = &self.words[..reach];
        match near {
            [first, ..] if is_one_of(first, &["previously", "before", "earlier", "formerly"]) => true,
            [on, rest @ ..] if is_one_of(on, &["on", "in", "at"]) => {
                let the = |word: &&&str| !is_one_of(word, &["the", "her", "his", "a"]);
                rest.iter().find(the).is_some_and(|word| {
                    is_one_of(word, &["prior", "previous", "last", "earlier", "comparison"])
                })
            }
            _ => false,
        }
    }
}

/// The last words and marks of a text, in their order.
fn last_words(text: &str) -> Vec<&str> {
    let start = text.char_indices().rev().nth(60).map_or(0, |(at, _)| at);
    let words: Vec<&str> = pieces(&text[start..]).collect();
    let reach = words.len().saturating_sub(REACH + 1);
    // Behind a mark that parts statements only.
    let stop = words.iter().rposition(|word| matches!(*word, ";" | "." | "!" | "?")).map_or(0, |at| at + 1);
    words[reach.max(stop)..].to_vec()
}

/// Words and marks; numbers are words.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let length = match rest.find(|c: char| !c.is_alphanumeric()) {
            Some(0) => first.len_utf8(),
            Some(length) => length,
            None => rest.len(),
        };
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        Some(piece)
    })
}

fn is_word(piece: &str) -> bool {
    piece.starts_with(char::is_alphanumeric)
}

fn is_one_of(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn begins_with(word: &str, stems: &[&str]) -> bool {
    stems.iter().any(|stem| word.get(..stem.len()).is_some_and(|start| start.eq_ignore_ascii_case(stem)))
}
