//! Rows of a template: a label and its answer on one line, or on two.

use super::{Cutter, is_break, is_in, is_joining};

/// Words that answer a label or a question alone: "Pneumothorax? No".
const ANSWERS: [&str; 12] =
    ["absent", "n", "neg", "negative", "nil", "no", "none", "positive", "present", "unlikely", "y", "yes"];
/// What a label may end with, so that an answer follows.
const MARKS: [char; 17] = [
    ':', '=', '?', '|', ';', '-', '>', '_', '*', '"', '\'', ',', ']', '\u{2013}', '\u{2026}', '\u{2610}',
    '\u{2612}',
];
/// What says behind "none" and "not" that nothing was found.
const SEEN: [&str; 7] = ["detected", "evident", "identified", "noted", "present", "seen", "visible"];
/// Longest label without a mark behind it, in words and in bytes.
const WORDS: usize = 5;
const BYTES: usize = 48;
/// How many bytes of a line are looked at: more than a row has.
const LINE: usize = 4 * BYTES;
/// How many rows are looked at ahead.
const ROWS: usize = 16;
/// Words of sentences, which no such label holds.
const SENTENCE_WORDS: [&str; 26] = [
    "again", "also", "been", "but", "cannot", "clear", "could", "enlarged", "normal", "stable", "has",
    "have", "is", "it", "likely", "longer", "may", "not", "now", "are", "there", "was", "were", "seen",
    "without", "with",
];

/// Whether the line is a label and no statement: a few words, perhaps with a colon behind them, or a question.
pub(crate) fn is_row_label(line: &str) -> bool {
    let line = line.trim();
    let label = line.strip_suffix([':', '?']).unwrap_or(line).trim_end();
    let inside = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '\'' | '(' | ')');
    if label.len() > BYTES || !label.starts_with(char::is_alphabetic) || !label.chars().all(inside) {
        return false;
    }
    let words = || label.split([' ', '-', '/', '(', ')']).filter(|word| !word.is_empty());
    line.ends_with('?')
        || words().count() <= WORDS
            && !words().any(|word| is_in(&SENTENCE_WORDS, word) || is_in(&ANSWERS, word))
            && words().next_back().is_some_and(|word| !is_joining(word))
}

impl<'a> Cutter<'a> {
    /// Whether the line that ends at `at` ends with the answer to a label before it, "Pneumothorax: no" or
    /// "Pneumothorax No", or is the answer to the label on the line above. The next line begins at `next`.
    pub(super) fn ends_row(&self, at: usize, next: usize) -> bool {
        let text = &self.text[self.first..at];
        // Of a quoted cell, and of cells that were left empty.
        let closed = text.trim_end_matches(['"', '\'', ';', ',', '|', ' ']);
        let end = if closed.len() + BYTES < text.len() { at } else { self.first + closed.len() };
        let word = self.word_before(end, |_| false);
        if !is_in(&ANSWERS, word) {
            return false;
        }
        let label = &self.text[self.first..end - word.len()];
        let wide = label.ends_with('\t') || label.ends_with("  ");
        let marked = label.trim_end_matches(' ').ends_with(MARKS) || label.trim_end().ends_with("..");
        if (wide || marked) && label.ends_with(|c| !is_break(c)) && label.trim_end().len() > 1 {
            return true;
        }
        end == at && (self.stands_below_label(at) || self.is_unmarked_row(at, next))
    }

    /// Whether the line that ends at `at` is a label and an answer without a mark between, and was ended on purpose.
    fn is_unmarked_row(&self, at: usize, next: usize) -> bool {
        let line = self.line(at);
        let Some(answer) = row_answer(line).filter(|_| self.had_room(at, next)) else { return false };
        if self.rows_follow(next) {
            return true;
        }
        // "Effusion No" is no sentence: a denial inside would not begin with a capital letter.
        let titled = |text: &str| {
            let mut chars = text.chars();
            chars.next().is_some_and(char::is_uppercase) && !chars.next().is_some_and(char::is_uppercase)
        };
        let above = self.text[self.first..at - line.len()].trim_end();
        let above = self.line(self.first + above.len());
        let goes_on = is_joining(above.rsplit(' ').next().unwrap_or(above)) && row_answer(above).is_none();
        let below = self.line_at(next);
        titled(unlisted(line)) && titled(answer) && !goes_on && titled(below) && is_row_label(below)
    }

    /// Whether rows follow from `at` on, and no sentence of narrow lines: "small effusion no", "edema no", "mass".
    fn rows_follow(&self, mut at: usize) -> bool {
        let mut last: Option<(&str, &str)> = None;
        for _ in 0..ROWS {
            let line = self.line_at(at);
            let Some(answer) = row_answer(line) else { break };
            if answer == "present" && line.starts_with(char::is_lowercase) {
                return false;
            }
            last = Some((line, answer));
            let gap = self.gap(at + line.len());
            if gap.breaks != 1 || gap.end == self.end {
                return true;
            }
            at = gap.end;
        }
        let below = self.line_at(at);
        last.is_some_and(|(row, answer)| {
            let cased = unlisted(row).starts_with(char::is_uppercase) && row.contains(char::is_lowercase);
            !is_joining(answer)
                || row_answer(below).is_some()
                || cased && !below.starts_with(char::is_lowercase)
        })
    }

    /// Whether the line that ends at `at` is the answer to the label on the line above.
    fn stands_below_label(&self, at: usize) -> bool {
        let start = at - self.line(at).len();
        let above = self.text[self.first..start].trim_end();
        let gap = self.gap(self.first + above.len());
        gap.breaks == 1 && self.is_answered_below(self.first + above.len(), gap.end)
    }

    /// Whether the line that ends at `at` is a label and the line below, which begins at `next`, its answer alone.
    pub(super) fn is_answered_below(&self, at: usize, next: usize) -> bool {
        let line = self.line(at);
        let answer = self.bullet(next).map_or(next, |behind| self.gap(behind).end);
        let alone = self.is_answer_alone(answer) || self.is_box_alone(answer);
        if !alone || !is_row_label(unlisted(line)) {
            return false;
        }
        // Entries of one list answer nothing: "- Effusion", "- None".
        let label = line.trim_start();
        let entries = answer > next && unlisted(line).len() < label.len();
        if entries && self.line(next).len() <= line.len() - label.len() {
            return false;
        }
        // "effusion", "no", "mass" is a sentence of narrow lines.
        let end = answer + self.line_at(answer).len();
        let gap = self.gap(end);
        let below = self.line_at(gap.end);
        let goes_on = is_joining(self.word_at(answer))
            && gap.breaks == 1
            && self.char_before(end) != Some('.')
            && below.starts_with(char::is_lowercase);
        !goes_on || is_row_label(below) && self.is_answer_alone(self.gap(gap.end + below.len()).end)
    }

    /// Whether an answer stands at `at` and nothing else to the end of its line.
    pub(super) fn is_answer_alone(&self, at: usize) -> bool {
        let line = self.line_at(at);
        let line = line.strip_suffix('.').unwrap_or(line);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match rest {
            "" => is_in(&ANSWERS, word),
            rest => is_in(&["none", "not"], word) && is_in(&SEEN, rest),
        }
    }

    fn is_box_alone(&self, at: usize) -> bool {
        let line = self.line_at(at);
        let one_box = line.chars().count() == 1 || line.len() <= "[ x ]".len() && line.ends_with([']', ')']);
        one_box && self.tick_box(at)
    }

    /// Whether an answer and nothing else of its line stands at `at`.
    pub(super) fn is_answer(&self, at: usize) -> bool {
        let word = self.word_at(at);
        let behind = self.skip(at + word.len(), |c| matches!(c, '.' | ' ' | '\t'));
        let stopped = self.text[at + word.len()..behind].contains('.');
        is_in(&ANSWERS, word) && (stopped || self.char_at(behind).is_none_or(|c| is_break(c) || c == ','))
    }

    /// The line from `at` on, as far as it can be a row: a line may be the whole report.
    fn line_at(&self, at: usize) -> &'a str {
        let most = self.text.floor_char_boundary(at.saturating_add(LINE).min(self.end));
        let text = &self.text[at..most.max(at)];
        text[..text.find(is_break).unwrap_or(text.len())].trim_end()
    }
}

/// The answer at the end of a line that is a row of a template.
fn row_answer(line: &str) -> Option<&str> {
    let (label, answer) = line.trim_end().rsplit_once(' ')?;
    (is_in(&ANSWERS, answer) && is_row_label(unlisted(label))).then_some(answer)
}

/// A line without the marker of a list before it.
fn unlisted(line: &str) -> &str {
    let line = line.trim();
    let marker =
        |c: char| c.is_whitespace() || !c.is_alphanumeric() && !matches!(c, '"' | '\'' | '[' | '(' | '|');
    let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let line = if numbered.len() < line.len() && numbered.starts_with(['.', ')']) { numbered } else { line };
    line.trim_start_matches(|c| marker(c) || c == ')')
}
