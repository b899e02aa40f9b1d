//! How far the cues of a sentence reach.
//!
//! - A scope after a cue ends at a stop, at its reach, or at the end of the sentence;
//! - a scope before a cue begins behind the last stop or the last cue that speaks of the words after it;
//! - a cue that speaks of either side speaks of the words before it, unless a word that it may describe follows it:
//!   "edema suspected", "suspected edema";
//! - marks that part statements, such as "|" and a dash with blanks around it, end scopes;
//! - a cue in parentheses speaks of nothing outside them, and what stands in parentheses ends no scope outside.

use crate::answer::{cell_begins, tick_box};
use crate::lexicon::{Assertions, Cue, Direction, is_mark};
use crate::token::{NUMBER, Token, is_bullet};
use std::cmp::Reverse;
use std::ops::Range;

/// Deeper parentheses count as this deep: nobody writes so, and a scope would look past all of them.
const MOST_DEPTH: u16 = 4;
/// How far ahead the end of a list, and the verb of a clause, is looked for, in tokens.
const LIST: usize = 10;
const CLAUSE: usize = 7;
/// Words that no cue describes: "suspected in the left lung" speaks of what stands before.
const FUNCTION_WORDS: [&str; 46] = [
    "again",
    "also",
    "although",
    "and",
    "are",
    "as",
    "at",
    "based",
    "bilaterally",
    "both",
    "but",
    "by",
    "clinically",
    "currently",
    "due",
    "during",
    "for",
    "from",
    "given",
    "had",
    "has",
    "have",
    "here",
    "however",
    "if",
    "in",
    "is",
    "now",
    "of",
    "on",
    "or",
    "per",
    "presently",
    "since",
    "than",
    "that",
    "though",
    "to",
    "today",
    "versus",
    "was",
    "were",
    "which",
    "while",
    "with",
    "within",
];

/// A cue in its place. One of no width ends where it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub cue: Cue,
    /// Its first token, and the one behind its last.
    pub first: usize,
    pub end: usize,
    /// Open parentheses around it.
    pub depth: u16,
}

/// The cues of a sentence with what is needed to say how far they reach.
pub(crate) struct Scopes<'a> {
    text: &'a str,
    tokens: &'a [Token],
    depths: Vec<u16>,
    cues: Vec<Placed>,
}

impl<'a> Scopes<'a> {
    /// The scopes of those of the candidates that count: from the left, the longest at a place.
    pub fn new(text: &'a str, tokens: &'a [Token], candidates: Vec<Placed>) -> Self {
        let mut scopes = Self { text, tokens, depths: depths(text, tokens), cues: Vec::new() };
        scopes.cues = scopes.with_separators(scopes.placed(candidates));
        scopes
    }

    /// The cues that count, ascending and apart.
    pub fn cues(&self) -> &[Placed] {
        &self.cues
    }

    /// The tokens before and after the cue in that place of which it speaks.
    pub fn of(&self, place: usize) -> [Range<usize>; 2] {
        let placed = &self.cues[place];
        let nothing = placed.first..placed.first;
        let Cue::Says { of, reach, .. } = placed.cue else { return [nothing.clone(), nothing] };
        let of = self.direction(placed, of);
        let inside = |at: &usize| self.depths[*at] >= placed.depth;
        let mut after = nothing.clone();
        if of.after {
            let end = self.end_after(place).min(placed.end.saturating_add(reach));
            after = placed.end..(placed.end..end).find(|at| !inside(at)).unwrap_or(end);
        }
        let mut before = nothing;
        if of.before {
            let start = self.start_before(place).max(placed.first.saturating_sub(reach));
            let start = if of.after { start } else { self.clause(start..placed.first) };
            before.start = (start..placed.first).rev().find(|at| !inside(at)).map_or(start, |at| at + 1);
        }
        [before, after]
    }

    fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| &self.text[token.range()])
    }

    fn is(&self, at: usize, words: &[&str]) -> bool {
        let word = self.word(at);
        words.iter().any(|known| word.eq_ignore_ascii_case(known))
    }

    fn is_mark(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| is_mark(self.text, *token))
    }

    /// Whether a word stands there that a cue before it may describe.
    fn is_content(&self, at: usize) -> bool {
        at < self.tokens.len() && !self.is_mark(at) && !self.is(at, &FUNCTION_WORDS)
    }

    fn placed(&self, mut candidates: Vec<Placed>) -> Vec<Placed> {
        candidates.sort_by_key(|placed| (placed.first, Reverse(placed.end)));
        let mut cues: Vec<Placed> = Vec::with_capacity(candidates.len() + 2);
        for Placed { cue, first, end, .. } in candidates {
            // Of a stop that begins with a joint, ", mild" or "and the", only the joint is the cue; the rest is text.
            let joint = matches!(cue, Cue::Stop { .. }) && (self.is_mark(first) || self.is(first, &["and"]));
            if cues.last().is_none_or(|before| before.end <= first) {
                cues.push(Placed {
                    cue,
                    first,
                    end: if joint { first + 1 } else { end },
                    depth: self.depths[first],
                });
            }
        }
        cues
    }

    /// The cues, and a stop at every mark between them that parts statements.
    fn with_separators(&self, cues: Vec<Placed>) -> Vec<Placed> {
        let mut all: Vec<Placed> = Vec::with_capacity(cues.len() + 1);
        let mut rest = cues.into_iter().peekable();
        let bars = (0..self.tokens.len()).filter(|&at| self.word(at) == "|").count();
        for at in 1..self.tokens.len() {
            while let Some(cue) = rest.next_if(|cue| cue.first < at) {
                all.push(cue);
            }
            let taken = rest.peek().is_some_and(|cue| cue.first == at);
            let width = if taken { self.cell_begins(at) } else { self.separator(at) };
            // "No" in a cell before that of the finding speaks of it.
            let first_cell =
                |cue: &Placed| cue.first == 0 && cue.end == at && matches!(cue.cue, Cue::Says { .. });
            let two_cells = || self.word(at) == "|" && bars == 1;
            let width =
                width.filter(|&width| width > 0 && !two_cells() || !all.last().is_some_and(first_cell));
            if let Some(width) = width.filter(|_| all.last().is_none_or(|cue| cue.end <= at)) {
                all.push(Placed { cue: Cue::STOP, first: at, end: at + width, depth: self.depths[at] });
            }
        }
        all.extend(rest);
        all
    }

    /// A stop of no width where a cell of a table begins.
    fn cell_begins(&self, at: usize) -> Option<usize> {
        cell_begins(self.text, self.tokens, at).then_some(0)
    }

    /// By how many tokens statements are parted at token `at`, if they are.
    fn separator(&self, at: usize) -> Option<usize> {
        let word = self.word(at);
        if word.starts_with(char::is_alphanumeric) {
            return self.cell_begins(at);
        }
        let apart =
            |at: usize| self.tokens.get(at).is_some_and(|token| token.start > self.tokens[at - 1].end);
        let spaced = || apart(at) && apart(at + 1);
        // "no mass - or effusion" goes on, and "~ 5 mm" is no separator.
        let goes_on = || {
            self.is(at + 1, &["or", "nor", "and", "including", "no"])
                || self.tokens.get(at + 1).is_none_or(|next| next.word == NUMBER)
        };
        let titled = || {
            let mut next = self.word(at + 1).chars();
            next.next().is_some_and(char::is_uppercase) && next.next().is_some_and(char::is_lowercase)
        };
        let next = self.word(at + 1);
        match word {
            "|" | "\\" | "^" => Some(1),
            "-" | "/" | ":" | "~" | "=" | ">" if next == word || next == ">" && !apart(at + 1) => Some(2),
            "\u{2013}" | "\u{2014}" | "-" | "*" | "~" if spaced() && !goes_on() => Some(1),
            // "no mass -large heart"
            "-" if apart(at) && next.len() > 3 && next.starts_with(char::is_alphabetic) => Some(1),
            "#" if apart(at) => Some(1),
            "/" | "+" | "=" | ">" | "&" if spaced() && titled() => Some(1),
            "," if self.clause_begins(at + 1) => Some(1),
            _ if is_bullet(word) => Some(1),
            _ => self.cell_begins(at),
        }
    }

    /// Whether a clause of its own begins there, "no mass, cardiomegaly is stable", and no list goes on.
    fn clause_begins(&self, at: usize) -> bool {
        const VERBS: [&str; 4] = ["is", "are", "remains", "remain"];
        const SAYS: [&str; 14] = [
            "again",
            "also",
            "borderline",
            "enlarged",
            "increased",
            "mild",
            "mildly",
            "moderate",
            "noted",
            "present",
            "prominent",
            "stable",
            "still",
            "unchanged",
        ];
        let first = at + usize::from(self.is(at, &["and"]));
        let verb = (first..self.tokens.len().min(first + CLAUSE))
            .take_while(|&at| !self.is_mark(at) && !self.is(at, &["or", "nor", "and"]))
            .find(|&at| self.is(at, &VERBS));
        verb.is_some_and(|verb| verb > first && self.is(verb + 1, &SAYS))
    }

    /// Of which words the cue speaks here.
    fn direction(&self, placed: &Placed, of: Direction) -> Direction {
        let back = if self.word(placed.first) == "?" {
            // "pneumonia?" and "pneumonia ?", not "? pneumonia".
            let attached = placed.first > 0
                && !self.is_mark(placed.first - 1)
                && self.tokens[placed.first - 1].end == self.tokens[placed.first].start;
            attached || placed.end >= self.tokens.len() || self.is_mark(placed.end)
        } else if of.either {
            !self.is_content(placed.end)
        } else {
            return of;
        };
        Direction { after: !back, before: back, either: false }
    }

    /// Where the scope after cue `place` ends: before the next stop, or the next cue of the same kind in that direction.
    fn end_after(&self, place: usize) -> usize {
        let end = self.tokens.len();
        let Cue::Says { assertion, .. } = self.cues[place].cue else { return end };
        (self.cues[place + 1..].iter())
            .filter(|next| next.depth <= self.cues[place].depth)
            .find(|next| match next.cue {
                Cue::Stop { of, ends } => {
                    let listed = ends != Assertions::ALL && self.word(next.first) == ",";
                    of.after && ends.has(assertion) && !(listed && self.list_goes_on(next.end))
                }
                Cue::Says { assertion: other, of, .. } => {
                    other == assertion && self.direction(next, of).after
                }
                Cue::Nothing | Cue::Answer(_) => false,
            })
            .map_or(end, |next| next.first)
    }

    /// Whether a list that began before goes on behind token `at`: "no mass, moderate effusion, or edema".
    fn list_goes_on(&self, at: usize) -> bool {
        const ENDS: [&str; 8] = [";", ".", ":", "is", "are", "was", "were", "with"];
        (at + 1..self.tokens.len().min(at + LIST))
            .take_while(|&at| !self.is(at, &ENDS))
            .any(|at| self.word(at - 1) == "," && self.is(at, &["or", "nor"]))
    }

    /// Where the scope before cue `place` begins: behind a stop, or behind a cue that speaks of the words between or has
    /// said the same of the words before.
    fn start_before(&self, place: usize) -> usize {
        let placed = &self.cues[place];
        let Cue::Says { assertion, .. } = placed.cue else { return 0 };
        (self.cues[..place].iter().rev())
            .filter(|before| before.depth <= placed.depth && !self.is_bare(before, placed))
            .find(|before| match before.cue {
                Cue::Stop { of, ends } => of.before && ends.has(assertion),
                Cue::Says { assertion: other, of, .. } => {
                    self.direction(before, of).after || other == assertion
                }
                Cue::Nothing | Cue::Answer(_) => false,
            })
            .map_or(0, |before| before.end)
    }

    /// Whether a mark parts the cue from all that it can speak of: "effusion previously; not seen now".
    fn is_bare(&self, stop: &Placed, placed: &Placed) -> bool {
        let parts = matches!(stop.cue, Cue::Stop { .. }) && stop.end == placed.first && stop.first < stop.end;
        parts && self.is_mark(stop.first) && !self.is_content(placed.end)
    }

    /// Where the clause begins that a cue behind `range` speaks of: behind its last comma, unless the comma is of a list
    /// ("effusion, edema and mass are not seen") or stands right before the cue ("effusion, seen before, is not seen").
    fn clause(&self, range: Range<usize>) -> usize {
        let Some(comma) = range.clone().rev().find(|&at| self.word(at) == ",") else { return range.start };
        let listed = (comma + 1..range.end).any(|at| self.is(at, &["and", "or", "nor", "/"]));
        if listed || comma + 1 == range.end { range.start } else { comma + 1 }
    }
}

/// By token: how many parentheses are open around it, the marks themselves inside. Boxes for a tick are none: they speak
/// of what stands behind them.
fn depths(text: &str, tokens: &[Token]) -> Vec<u16> {
    let mut depth = 0_u16;
    let mut depths = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        if depths.len() > at {
            continue;
        }
        match &text[token.range()] {
            "(" | "[" => match tick_box(text, tokens, at) {
                Some((length, _)) => depths.extend(std::iter::repeat_n(depth.min(MOST_DEPTH), length)),
                None => {
                    depth = depth.saturating_add(1);
                    depths.push(depth.min(MOST_DEPTH));
                }
            },
            ")" | "]" => {
                depths.push(depth.min(MOST_DEPTH));
                depth = depth.saturating_sub(1);
            }
            _ => depths.push(depth.min(MOST_DEPTH)),
        }
    }
    depths
}
