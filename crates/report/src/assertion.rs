//! What a sentence says about each of its words: cues and how far they reach.
//!
//! In the manner of NegEx (Chapman et al., J Biomed Inform 2001) and ConText (Harkema et al., J Biomed Inform 2009): a cue
//! asserts something of the words after or before it, up to the next word that ends its scope. The cues are data of the
//! lexicon; here are only the rules of scope:
//!
//! - the longest cue at a place counts, and phrases that only look like cues hide the cues inside them;
//! - a scope after a cue ends at a stop, at its reach, or at the end of the sentence;
//! - a scope before a cue begins behind the last stop or the last cue that speaks of the words after it;
//! - a cue in parentheses speaks of nothing outside them, and what stands in parentheses ends no scope outside;
//! - where several scopes cover a word, denial counts most, see [`Marks::assertion`].

use crate::lexicon::{Cue, Found, Lexicon, Meaning, is_mark};
use crate::token::Token;
use precedent_model::{Assertion, Run, Span};
use std::cmp::Reverse;
use std::ops::Range;

/// Deeper parentheses count as this deep: nobody writes so, and a scope would look past all of them.
const LABEL: usize = 8;
const MOST_DEPTH: u16 = 4;

/// What was said of one token, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks(u8);

impl Marks {
    const CUE: Self = Self(1 << 6);

    const fn of(assertion: Assertion) -> Self {
        Self(match assertion {
            Assertion::Present => 0,
            Assertion::Absent => 1,
            Assertion::OtherPerson => 1 << 1,
            Assertion::Hypothetical => 1 << 2,
            Assertion::Historical => 1 << 3,
            Assertion::Uncertain => 1 << 4,
        })
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The word is part of a cue or a stop and asserts nothing of itself.
    pub fn is_cue(self) -> bool {
        self.has(Self::CUE)
    }

    /// The one assertion that counts: what is denied is denied whoever's and whenever; then whose it is, whether it
    /// is real, when it was, and last whether it is certain.
    pub fn assertion(self) -> Assertion {
        [
            Assertion::Absent,
            Assertion::OtherPerson,
            Assertion::Hypothetical,
            Assertion::Historical,
            Assertion::Uncertain,
        ]
        .into_iter()
        .find(|&assertion| self.has(Self::of(assertion)))
        .unwrap_or(Assertion::Present)
    }
}

#[derive(Debug, Clone, Copy)]
struct Placed {
    cue: Cue,
    first: usize,
    last: usize,
    /// Open parentheses around it.
    depth: u16,
}

/// The marks of every token of a sentence. Cues with a word among the tokens `asked` say nothing: who asks about "no
/// effusion" as a whole asks what the words around it say.
pub(crate) fn mark(
    lexicon: &Lexicon,
    text: &str,
    tokens: &[Token],
    found: &[Found],
    asked: Range<usize>,
) -> Vec<Marks> {
    let mut marks = vec![Marks::default(); tokens.len()];
    let candidates = candidates(lexicon, found, asked);
    if candidates.is_empty() {
        return marks;
    }
    let depths = depths(text, tokens);
    let cues = placed(candidates, &depths, &|at| is_joint(text, tokens[at]));
    for (place, placed) in cues.iter().enumerate() {
        if placed.cue == Cue::Nothing {
            continue;
        }
        for mark in &mut marks[placed.first..=placed.last] {
            mark.add(Marks::CUE);
        }
        let Cue::Says { assertion, of, reach } = placed.cue else { continue };
        if of.after && assertion == Assertion::Absent && answers(text, tokens, placed) {
            // The label goes back to the stop before its own colon, no farther than a label is long.
            let low = placed.first.saturating_sub(LABEL);
            let start = (cues[..place].iter().rev())
                .take_while(|stop| stop.last >= low)
                .find(|stop| stop.last + 1 < placed.first && matches!(stop.cue, Cue::Stop { .. }))
                .map_or(low, |stop| stop.last + 1);
            (start..placed.first).for_each(|at| marks[at].add(Marks::of(assertion)));
            continue;
        }
        if of.after {
            let end = end_after(&cues, place, tokens.len()).min((placed.last + 1).saturating_add(reach));
            let within = (placed.last + 1..end).take_while(|&at| depths[at] >= placed.depth);
            within.for_each(|at| marks[at].add(Marks::of(assertion)));
        }
        if of.before {
            let start = start_before(&cues, place).max(placed.first.saturating_sub(reach));
            let start = if of.after { start } else { clause(text, tokens, start..placed.first) };
            let within = (start..placed.first).rev().take_while(|&at| depths[at] >= placed.depth);
            within.for_each(|at| marks[at].add(Marks::of(assertion)));
        }
    }
    marks
}

/// By token: how many parentheses are open around it, the marks themselves inside.
fn depths(text: &str, tokens: &[Token]) -> Vec<u16> {
    let mut depth = 0_u16;
    let mut depths = Vec::with_capacity(tokens.len());
    for token in tokens {
        match &text[token.range()] {
            "(" | "[" => {
                depth = depth.saturating_add(1);
                depths.push(depth.min(MOST_DEPTH));
            }
            ")" | "]" => {
                depths.push(depth.min(MOST_DEPTH));
                depth = depth.saturating_sub(1);
            }
            _ => depths.push(depth.min(MOST_DEPTH)),
        }
    }
    depths
}

fn candidates(lexicon: &Lexicon, found: &[Found], asked: Range<usize>) -> Vec<(Found, Cue)> {
    // What follows the joint of a stop, ", mild", is text and may be asked about.
    let outside = |found: Found, cue: Cue| match cue {
        Cue::Stop { .. } => !asked.contains(&(found.first as usize)),
        _ => (found.last as usize) < asked.start || (found.first as usize) >= asked.end,
    };
    (found.iter())
        .filter_map(|&found| match lexicon.meaning(found) {
            Meaning::Cue(cue) if outside(found, *cue) => Some((found, *cue)),
            _ => None,
        })
        .collect()
}

/// The cues that count, ascending and apart: from the left, the longest at a place.
fn placed(mut candidates: Vec<(Found, Cue)>, depths: &[u16], joint: &dyn Fn(usize) -> bool) -> Vec<Placed> {
    candidates.sort_by_key(|(found, _)| (found.first, Reverse(found.last)));
    let mut cues: Vec<Placed> = Vec::with_capacity(candidates.len());
    for (found, cue) in candidates {
        let first = found.first as usize;
        // Of a stop that begins with a joint, ", mild" or "and the", only the joint is the cue; the rest is text.
        let last = if matches!(cue, Cue::Stop { .. }) && joint(first) { first } else { found.last as usize };
        if cues.last().is_none_or(|before| before.last < first) {
            cues.push(Placed { cue, first, last, depth: depths[first] });
        }
    }
    cues
}

/// Where the scope after cue `place` ends: before the next stop, or the next cue of the same kind in that direction.
fn end_after(cues: &[Placed], place: usize, end: usize) -> usize {
    let Cue::Says { assertion, .. } = cues[place].cue else { return end };
    (cues[place + 1..].iter())
        .filter(|next| next.depth <= cues[place].depth)
        .find(|next| match next.cue {
            Cue::Stop { of, ends } => of.after && ends.has(assertion),
            Cue::Says { assertion: other, of, .. } => other == assertion && of.after,
            Cue::Nothing => false,
        })
        .map_or(end, |next| next.first)
}

/// Where the scope before cue `place` begins: behind a stop, or behind a cue that speaks of the words between or has
/// said the same of the words before.
fn start_before(cues: &[Placed], place: usize) -> usize {
    let Cue::Says { assertion, .. } = cues[place].cue else { return 0 };
    (cues[..place].iter().rev())
        .filter(|before| before.depth <= cues[place].depth)
        .find(|before| match before.cue {
            Cue::Stop { of, ends } => of.before && ends.has(assertion),
            Cue::Says { assertion: other, of, .. } => of.after || other == assertion,
            Cue::Nothing => false,
        })
        .map_or(0, |before| before.last + 1)
}

fn is_joint(text: &str, token: Token) -> bool {
    is_mark(text, token) || text[token.range()].eq_ignore_ascii_case("and")
}

/// Whether a denial answers a label: "pneumothorax: no".
fn answers(text: &str, tokens: &[Token], placed: &Placed) -> bool {
    let label = placed.first > 0 && matches!(&text[tokens[placed.first - 1].range()], ":" | "-");
    label && tokens.get(placed.last + 1).is_none_or(|next| is_mark(text, *next))
}

/// Where the clause begins that a cue behind `range` speaks of: behind its last comma, unless the comma is of a list
/// ("effusion, edema and mass are not seen") or stands right before the cue ("effusion, seen before, is not seen").
fn clause(text: &str, tokens: &[Token], range: Range<usize>) -> usize {
    let is = |at: usize, words: &[&str]| {
        words.iter().any(|word| text[tokens[at].range()].eq_ignore_ascii_case(word))
    };
    let Some(comma) = range.clone().rev().find(|&at| is(at, &[","])) else { return range.start };
    let listed = (comma + 1..range.end).any(|at| is(at, &["and", "or", "nor", "/"]));
    if listed || comma + 1 == range.end { range.start } else { comma + 1 }
}

/// The words of a sentence by assertion; words of cues are in no run.
pub(crate) fn runs(text: &str, tokens: &[Token], marks: &[Marks]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    for (token, mark) in tokens.iter().zip(marks) {
        if is_mark(text, *token) {
            continue;
        }
        if mark.is_cue() {
            open = false;
            continue;
        }
        let assertion = mark.assertion();
        match runs.last_mut().filter(|run| open && run.assertion == assertion) {
            Some(run) => run.span.end = token.end,
            None => {
                let span = Span { start: token.start, end: token.end };
                runs.push(Run { span, assertion, overridden: false });
            }
        }
        open = true;
    }
    runs
}

/// What is said of these tokens: of the last of them that is in no cue, because the head of an English noun phrase
/// stands last.
pub(crate) fn of_words(marks: &[Marks], words: impl DoubleEndedIterator<Item = usize> + Clone) -> Assertion {
    let head = words.clone().rev().find(|&at| !marks[at].is_cue()).or_else(|| words.clone().next_back());
    head.map_or(Assertion::Present, |at| marks[at].assertion())
}
