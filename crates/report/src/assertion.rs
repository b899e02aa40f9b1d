//! What a sentence says about each of its words: cues and how far they reach.
//!
//! In the manner of NegEx (Chapman et al., J Biomed Inform 2001) and ConText (Harkema et al., J Biomed Inform 2009): a cue
//! asserts something of the words after or before it, up to the next word that ends its scope. The cues are data of the
//! lexicon; here are only the rules:
//!
//! - the longest cue at a place counts, and phrases that only look like cues hide the cues inside them;
//! - an answer to a label ("Pneumothorax: none") speaks of the label alone, see [`crate::answer`];
//! - how far a cue reaches, and to which side, says [`crate::scope`];
//! - where several scopes cover a word, denial counts most, see [`Marks::assertion`].

use crate::answer::{Answer, answers, tick_box};
use crate::lexicon::{Cue, Direction, Found, Lexicon, Meaning, is_mark};
use crate::scope::{Placed, Scopes};
use crate::token::Token;
use precedent_model::{Assertion, Run, Span};
use std::ops::Range;

/// Longest entry behind a box for a tick, in tokens.
const ENTRY: usize = 12;

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

    /// The word stands in a list of what is denied.
    pub fn deny(&mut self) {
        self.add(Self::of(Assertion::Absent));
    }

    /// The word stands in a list of what may be there.
    pub fn doubt(&mut self) {
        self.add(Self::of(Assertion::Uncertain));
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
    let mut answers = answers(lexicon, text, tokens, found);
    answers.retain(|answer| !answer.words.clone().any(|at| asked.contains(&at)));
    for Answer { assertion, label, words } in &answers {
        label.clone().for_each(|at| marks[at].add(Marks::of(*assertion)));
        words.clone().for_each(|at| marks[at].add(Marks::CUE));
    }
    let mut candidates = candidates(lexicon, found, asked, &answers);
    candidates.extend(boxes(text, tokens, &answers));
    if candidates.is_empty() {
        return marks;
    }
    let scopes = Scopes::new(text, tokens, candidates);
    for (place, placed) in scopes.cues().iter().enumerate() {
        if placed.cue == Cue::Nothing {
            continue;
        }
        for mark in &mut marks[placed.first..placed.end] {
            mark.add(Marks::CUE);
        }
        let Cue::Says { assertion, .. } = placed.cue else { continue };
        let [before, after] = scopes.of(place);
        before.chain(after).for_each(|at| marks[at].add(Marks::of(assertion)));
    }
    marks
}

/// The cues of a sentence, longest first at a place, without those that say nothing here. An answer ends every scope.
fn candidates(lexicon: &Lexicon, found: &[Found], asked: Range<usize>, answers: &[Answer]) -> Vec<Placed> {
    // What follows the joint of a stop, ", mild", is text and may be asked about.
    let outside = |found: Found, cue: Cue| match cue {
        Cue::Stop { .. } => !asked.contains(&(found.first as usize)),
        _ => (found.last as usize) < asked.start || (found.first as usize) >= asked.end,
    };
    let answered = |found: Found| {
        let (first, last) = (found.first as usize, found.last as usize);
        let near = answers.partition_point(|answer| answer.words.end <= first);
        answers.get(near).is_some_and(|answer| answer.words.start <= last)
    };
    let placed = |cue: Cue, words: Range<usize>| Placed { cue, first: words.start, end: words.end, depth: 0 };
    let mut candidates: Vec<Placed> = (found.iter())
        .filter_map(|&found| match lexicon.meaning(found) {
            Meaning::Cue(Cue::Answer(_)) => None,
            Meaning::Cue(cue) if outside(found, *cue) && !answered(found) => {
                Some(placed(*cue, found.first as usize..found.last as usize + 1))
            }
            _ => None,
        })
        .collect();
    if !candidates.is_empty() {
        candidates.extend(answers.iter().map(|answer| placed(Cue::STOP, answer.words.clone())));
    }
    candidates
}

/// Boxes for a tick before an entry: one without denies the entry, one with ends what another box says.
fn boxes(text: &str, tokens: &[Token], answers: &[Answer]) -> Vec<Placed> {
    let mut boxes = Vec::new();
    for at in 0..tokens.len() {
        let Some((length, ticked)) = tick_box(text, tokens, at) else { continue };
        let near = answers.partition_point(|answer| answer.words.end <= at);
        if answers.get(near).is_some_and(|answer| answer.words.contains(&at)) {
            continue;
        }
        let of = Direction { after: true, before: false, either: false };
        let denies = Cue::Says { assertion: Assertion::Absent, of, reach: ENTRY };
        let cue = if ticked { Cue::STOP } else { denies };
        boxes.push(Placed { cue, first: at, end: at + length, depth: 0 });
    }
    boxes
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
