//! Answers to labels: "Pneumothorax: none", "Effusion | No", "Edema (-)", a box that is ticked or not.

use crate::lexicon::{Cue, Found, Lexicon, Meaning, is_mark};
use crate::sentence::is_row_label;
use crate::token::{NUMBER, Token, is_bullet};
use precedent_model::Assertion;
use std::ops::Range;

/// Longest label, in tokens, and longest one that follows an answer without a mark between.
const LABEL: usize = 8;
const NEXT_LABEL: usize = 5;
/// How far a sign beside another is looked for, in tokens.
const MOST_SIGNS: usize = 64;
/// Widest phrase that is looked for, in tokens.
const WIDEST: usize = 16;

/// What a label is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub assertion: Assertion,
    /// The tokens of the label.
    pub label: Range<usize>,
    /// The marks behind the label and the words of the answer.
    pub words: Range<usize>,
}

/// The answers in a sentence, ascending and apart.
pub(crate) fn answers(lexicon: &Lexicon, text: &str, tokens: &[Token], found: &[Found]) -> Vec<Answer> {
    let mut row = Row { text, tokens, boxes: Boxes::of(text, tokens), joint: None };
    let mut given: Vec<(Range<usize>, Assertion)> = (found.iter())
        .filter_map(|found| match lexicon.meaning(*found) {
            Meaning::Cue(Cue::Answer(said)) => Some((found.first as usize..found.last as usize + 1, *said)),
            _ => None,
        })
        .collect();
    given.extend((0..tokens.len()).filter_map(|at| Some((at..at + 1, row.digit(at)?))));
    given.sort_by_key(|(words, _)| words.start);
    row.joint = row.find_joint(&given);
    row.read_boxes(&mut given);
    if given.is_empty() {
        return Vec::new();
    }
    // The longest at a place: "not seen", not "not".
    given.sort_by_key(|(words, _)| (words.start, std::cmp::Reverse(words.end)));
    // "Effusion yes, edema no": without a mark, right behind a finding.
    let bare = |words: &Range<usize>| {
        let begin = found.partition_point(|found| found.first as usize + WIDEST < words.start);
        let near = found[begin..].iter().take_while(|found| (found.first as usize) < words.start);
        let names = |found: &&Found| matches!(lexicon.meaning(**found), Meaning::Finding { .. });
        let mut before = near.filter(names).filter(|found| found.last as usize + 1 == words.start);
        let stands_bare = row.is_boxed(words) || words.len() == 1 && row.is_bare(words.start);
        let found = before.next().filter(|_| stands_bare)?;
        Some(found.first as usize..words.start)
    };
    let mut answers: Vec<Answer> = Vec::new();
    // Where the last answer ended that a label was given.
    let mut after = 0;
    for (words, assertion) in &given {
        let taken = answers.last().map_or(0, |answer| answer.words.end);
        let boxed = row.is_boxed(words);
        if words.start < taken || !boxed && !row.closes(words.end) {
            continue;
        }
        if boxed && row.box_before(words.end).is_some_and(|(length, ticked)| !ticked && length < words.len())
        {
            // "Yes [ ]" is a choice that was not made.
            answers.push(Answer {
                assertion: *assertion,
                label: words.start..words.start,
                words: words.clone(),
            });
            continue;
        }
        let Some(label) = row.label(words, after, &given).or_else(|| bare(words)) else {
            continue;
        };
        // Found ascends by first token, so only a part of it is looked at.
        let begin = found.partition_point(|found| (found.first as usize) + WIDEST < label.start);
        let near = || found[begin..].iter().take_while(|found| (found.first as usize) < words.end);
        let held = |found: &&Found| words.clone().any(|at| found.holds(at));
        let names = |found: &&Found| matches!(lexicon.meaning(**found), Meaning::Finding { .. });
        // "Heart: normal" names a finding with its answer; "Lungs: clear" denies nothing.
        let normal = near().filter(held).any(|found| *lexicon.meaning(*found) == Meaning::Normal);
        let named = || near().filter(names).any(|found| label.contains(&(found.last as usize)));
        if near().filter(held).any(|found| names(&found)) || normal && !named() {
            continue;
        }
        after = words.end;
        answers.push(Answer { assertion: *assertion, words: label.end..words.end, label });
    }
    answers
}

/// Whether token `at` is part of an answer. `given` ascends by first token.
fn is_given(given: &[(Range<usize>, Assertion)], at: usize) -> bool {
    let until = given.partition_point(|(words, _)| words.start <= at);
    given[until.saturating_sub(LABEL)..until].iter().any(|(words, _)| words.contains(&at))
}

/// Whether a box for a tick stands at token `at`: how many tokens it has, and whether it is ticked.
pub(crate) fn tick_box(text: &str, tokens: &[Token], at: usize) -> Option<(usize, bool)> {
    let mark = |at: usize| tokens.get(at).map(|token| &text[token.range()]);
    match (mark(at)?, mark(at + 1)) {
        ("☐", _) => Some((1, false)),
        ("☑" | "☒", _) => Some((1, true)),
        ("[", Some("]")) | ("(", Some(")")) => Some((2, false)),
        ("[", Some("y" | "Y")) if mark(at + 2) == Some("]") => Some((3, true)),
        ("[", Some("n" | "N")) if mark(at + 2) == Some("]") => Some((3, false)),
        ("[" | "(", Some(inside)) if matches!(mark(at + 2), Some("]" | ")")) => match inside {
            "x" | "X" | "✓" | "✔" | "✗" | "+" | "*" => Some((3, true)),
            "_" | "-" => Some((3, false)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether white space such as between the cells of a table stands before token `at`.
pub(crate) fn cell_begins(text: &str, tokens: &[Token], at: usize) -> bool {
    at > 0 && text[tokens[at - 1].end as usize..tokens[at].start as usize].contains('\t')
}

/// On which side of its boxes a row has their labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Boxes {
    /// "[x] Effusion [ ] Edema", from the first word on.
    Before,
    /// "Effusion [x] Edema [ ]", to the last word.
    Behind,
    /// No box, or one amid other words.
    Elsewhere,
}

impl Boxes {
    fn of(text: &str, tokens: &[Token]) -> Self {
        let end = |token: &&Token| matches!(&text[token.range()], "." | "," | ";" | "|");
        let last = tokens.len() - tokens.iter().rev().take_while(end).count();
        let first = tokens.iter().take_while(|token| &text[token.range()] == "|").count();
        if tick_box(text, tokens, first).is_some() {
            Self::Before
        } else if box_before(text, tokens, last).is_some() {
            Self::Behind
        } else {
            Self::Elsewhere
        }
    }
}

/// The box that ends before token `end`, if one does: how many tokens it has, and whether it is ticked.
fn box_before(text: &str, tokens: &[Token], end: usize) -> Option<(usize, bool)> {
    let ends = |length: &usize| *length <= end;
    (1..=3)
        .filter(ends)
        .find_map(|length| tick_box(text, tokens, end - length).filter(|(found, _)| *found == length))
}

/// What joins labels and answers in a row where it stands before every answer or is all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// "Edema/No Effusion/Yes".
    Slash,
    /// "Edema - Effusion +".
    Sign,
}

struct Row<'a> {
    text: &'a str,
    tokens: &'a [Token],
    boxes: Boxes,
    joint: Option<Joint>,
}

impl Row<'_> {
    fn word(&self, at: usize) -> &str {
        &self.text[self.tokens[at].range()]
    }

    /// Whether an answer needs no mark before it. A minus does, unless a plus stands elsewhere.
    fn is_bare(&self, at: usize) -> bool {
        match self.word(at) {
            "-" => (0..self.tokens.len().min(MOST_SIGNS)).any(|at| self.word(at) == "+"),
            word => ["no", "yes", "n", "y", "+"].iter().any(|known| word.eq_ignore_ascii_case(known)),
        }
    }

    /// A digit that says yes or no behind a colon or in a cell.
    fn digit(&self, at: usize) -> Option<Assertion> {
        let answers = self.tokens[at].word == NUMBER && at + 1 == self.tokens.len();
        let told = answers && at > 0 && (matches!(self.word(at - 1), ":" | "=" | "|") || self.gap(at));
        match self.word(at) {
            "0" if told => Some(Assertion::Absent),
            "1" if told => Some(Assertion::Present),
            _ => None,
        }
    }

    /// What joins the labels and answers of the row, if the row ends with an answer so joined. `given` ascends.
    fn find_joint(&self, given: &[(Range<usize>, Assertion)]) -> Option<Joint> {
        let end = self.tokens.len() - usize::from(self.ends_with("."));
        let count = |sign: &str| (0..self.tokens.len()).filter(|&at| self.word(at) == sign).count();
        if end > 2 && matches!(self.word(end - 1), "+" | "-") {
            let signs = !matches!(self.word(0), "+" | "-") && count("+") > 0 && count("-") > 0;
            return signs.then_some(Joint::Sign);
        }
        let slashed = |words: &&Range<usize>| words.start > 0 && self.word(words.start - 1) == "/";
        let mut answers: Vec<&Range<usize>> = given.iter().map(|(words, _)| words).filter(slashed).collect();
        answers.dedup_by_key(|words| words.start);
        let last = answers.last().is_some_and(|words| words.end == end && words.start > 1);
        (last && answers.len() == count("/")).then_some(Joint::Slash)
    }

    fn ends_with(&self, mark: &str) -> bool {
        self.tokens.len().checked_sub(1).is_some_and(|last| self.word(last) == mark)
    }

    /// Adds the boxes that stand behind what they answer, and takes away what is no answer of its own: the sign inside
    /// a box before its label, and the word that a box ticks, "Yes [x]", without it.
    fn read_boxes(&self, given: &mut Vec<(Range<usize>, Assertion)>) {
        if self.boxes == Boxes::Before {
            given.retain(|(words, _)| {
                words.start == 0
                    || tick_box(self.text, self.tokens, words.start - 1).is_none_or(|(length, _)| length < 3)
            });
        }
        let words = given.len();
        for at in 1..self.tokens.len() {
            let Some((length, ticked)) = tick_box(self.text, self.tokens, at) else { continue };
            let end = at + length;
            let behind = self.boxes == Boxes::Behind;
            if !behind && end != self.tokens.len() {
                continue;
            }
            let near = given[..words].partition_point(|(words, _)| words.start + WIDEST < at)
                ..given[..words].partition_point(|(words, _)| words.start < at);
            let mut chosen = given[near].iter_mut().filter(|(words, _)| behind && words.end == at).peekable();
            if chosen.peek().is_none() {
                drop(chosen);
                given.push((at..end, if ticked { Assertion::Present } else { Assertion::Absent }));
            } else {
                chosen.for_each(|(words, _)| words.end = end);
            }
        }
    }

    /// Whether a box behind its label ends these words of an answer.
    fn is_boxed(&self, words: &Range<usize>) -> bool {
        self.boxes == Boxes::Behind
            && self.box_before(words.end).is_some_and(|(length, _)| length <= words.len())
    }

    /// Whether wide white space stands before token `at`.
    fn gap(&self, at: usize) -> bool {
        let between = &self.text[self.tokens[at - 1].end as usize..self.tokens[at].start as usize];
        between.contains('\t') || between.len() > 1 && between.bytes().all(|byte| byte == b' ')
    }

    /// Whether the comma or semicolon at token `at` parts two cells of a table, the second with these words alone:
    /// "Effusion;No;;", "Effusion,No" or, in quotation marks, "'Effusion', 'No'".
    fn parts_cells(&self, at: usize, words: &Range<usize>) -> bool {
        let joined = |at: usize| self.tokens[at].end == self.tokens[at + 1].start;
        let quote = |at: usize| matches!(self.word(at), "\"" | "'" | "\u{2019}" | "\u{201d}");
        if at + 1 < words.start {
            return at > 0 && quote(at - 1) && at + 2 == words.start;
        }
        let semicolon = self.word(at) == ";";
        let last =
            (words.end..self.tokens.len()).take(MOST_SIGNS).all(|at| matches!(self.word(at), ";" | ","));
        let inside = || {
            words.end < self.tokens.len() && self.word(words.end) == self.word(at) && joined(words.end - 1)
        };
        joined(at) && (last || inside()) || semicolon && last
    }

    /// Whether the words stand alone on the line below a label that begins at token `after`.
    fn stands_below(&self, words: &Range<usize>, after: usize) -> bool {
        let breaks = |at: usize| {
            let Some(token) = self.tokens.get(at) else { return true };
            self.text[self.tokens[at - 1].end as usize..token.start as usize].contains(['\n', '\r'])
        };
        let label = self.tokens[after].start as usize..self.tokens[words.start - 1].end as usize;
        words.start - after <= LABEL
            && breaks(words.start)
            && (breaks(words.end) || matches!(self.word(words.end), "."))
            && is_row_label(&self.text[label])
    }

    /// Whether nothing follows that an answer could be a part of.
    fn closes(&self, end: usize) -> bool {
        end >= self.tokens.len()
            || matches!(
                self.word(end),
                "." | "|"
                    | ")"
                    | "]"
                    | "}"
                    | ","
                    | ";"
                    | "*"
                    | "_"
                    | ">"
                    | "\""
                    | "\u{201d}"
                    | "'"
                    | "\u{2019}"
            )
            || self.gap(end)
            || self.joint == Some(Joint::Slash) && end >= 2 && self.word(end - 2) == "/"
            || self.joint == Some(Joint::Sign) && matches!(self.word(end - 1), "-" | "+")
            || tick_box(self.text, self.tokens, end).is_some()
            || self.labels(end)
    }

    /// Whether the next label stands there: "Effusion: No Edema: Yes".
    fn labels(&self, at: usize) -> bool {
        let dotted = |at: usize| {
            self.tokens.get(at + 1).is_some_and(|_| self.word(at) == "." && self.word(at + 1) == ".")
        };
        self.word(at).starts_with(char::is_uppercase)
            && (at + 1..self.tokens.len().min(at + NEXT_LABEL))
                .find(|&at| is_mark(self.text, self.tokens[at]))
                .is_some_and(|at| matches!(self.word(at), ":" | "=" | "?" | "\u{2026}") || dotted(at))
    }

    /// The label that stands before an answer at token `first` and behind `after`.
    fn label(
        &self,
        words: &Range<usize>,
        after: usize,
        given: &[(Range<usize>, Assertion)],
    ) -> Option<Range<usize>> {
        let first = words.start;
        let mut end = first;
        // "-ve" and a box need no mark before them.
        let (mut dots, mut marked) = (0, matches!(self.word(first), "-" | "+" | "[" | "(" | "☐" | "☑" | "☒"));
        let alone = marked && self.word(first) == "-" && self.closes(first + 1);
        marked &= !alone;
        while end > after {
            if let Some((length, _)) = self.box_before(end) {
                (end, marked) = (end - length, true);
                continue;
            }
            let at = end - 1;
            match self.word(at) {
                ":" | "=" | "?" | "|" | "-" | "\u{2013}" | "\u{2014}" | "(" | "[" | "{" | "\u{2026}"
                | "<" | ">" => marked = true,
                "\"" | "\u{201c}" | "*" | "_" => marked = true,
                // "Effusion: 'No'"; in "a 'no' of old" it parts nothing.
                "'" | "\u{2018}" => {}
                word if is_bullet(word) => marked = true,
                ";" | "," if self.parts_cells(at, words) => marked = true,
                "/" if self.joint == Some(Joint::Slash) => marked = true,
                "." => dots += 1,
                "/" | "]" | ")" if marked => {}
                _ if marked && is_given(given, at) => {}
                _ => break,
            }
            end = at;
        }
        // "[ ] Yes" is no answer; in "Yes [ ] No [x]" the box belongs to the word before it.
        let unticked =
            self.boxes != Boxes::Behind && self.box_before(first).is_some_and(|(_, ticked)| !ticked);
        let gap = end == first && end > after && (self.gap(first) || self.stands_below(words, after));
        let apart = marked || dots > 1 || gap;
        if !apart || unticked || end == after || is_mark(self.text, self.tokens[end - 1]) {
            return None;
        }
        let low = after.max(end.saturating_sub(LABEL));
        let parts = |at: usize| {
            matches!(self.word(at), "|" | ";" | "." | ":" | "]" | ")")
                || cell_begins(self.text, self.tokens, at + 1)
        };
        let start = (low..end.saturating_sub(1)).rev().find(|&at| parts(at)).map_or(low, |at| at + 1);
        Some(start..end)
    }

    fn box_before(&self, end: usize) -> Option<(usize, bool)> {
        box_before(self.text, self.tokens, end)
    }
}
