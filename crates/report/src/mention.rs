//! Findings in a sentence, with side, place, size and severity.

mod describe;
mod halves;
mod sense;
mod share;
mod words;

use crate::assertion::{Marks, of_words};
use crate::lexicon::{Found, Lexicon, Meaning};
use crate::measure::sizes;
use crate::token::Token;
use describe::{Described, describe};
use precedent_model::{Assertion, Mention, Span};
use sense::{is_of_something_else, normal_subjects};
use std::cmp::Reverse;
use words::Words;

/// A finding's phrase in the tokens.
#[derive(Debug, Clone, Copy)]
struct Named {
    found: Found,
    index: usize,
    denied: bool,
}

impl Named {
    fn first(&self) -> usize {
        self.found.first as usize
    }

    fn last(&self) -> usize {
        self.found.last as usize
    }

    fn words(&self) -> impl DoubleEndedIterator<Item = usize> + Clone {
        let found = self.found;
        (self.first()..=self.last()).filter(move |&at| found.holds(at))
    }
}

/// A sentence as its findings are looked for.
struct Scene<'a> {
    lexicon: &'a Lexicon,
    text: &'a str,
    tokens: &'a [Token],
    found: &'a [Found],
    marks: &'a [Marks],
    words: Words,
}

impl Scene<'_> {
    fn span(&self, first: usize, last: usize) -> Span {
        Span { start: self.tokens[first].start, end: self.tokens[last].end }
    }

    /// What is said of a finding.
    fn assertion(&self, named: &Named) -> Assertion {
        let said = of_words(self.marks, named.words());
        let said = if named.denied { denied(said) } else { said };
        // Who once had a bypass has it.
        let lasting = said == Assertion::Historical && self.lexicon.entry(named.index).lasting;
        if lasting { Assertion::Present } else { said }
    }
}

/// The findings that a sentence mentions, ascending by start.
pub(crate) fn mentions(
    lexicon: &Lexicon,
    text: &str,
    tokens: &[Token],
    found: &[Found],
    marks: &[Marks],
) -> Vec<Mention> {
    let mut named = named(lexicon, tokens, found);
    let has_subject = found.iter().any(|&found| matches!(lexicon.meaning(found), Meaning::Subject(_)));
    if named.is_empty() && !has_subject {
        return Vec::new();
    }
    let scene = Scene { lexicon, text, tokens, found, marks, words: Words::of(text, tokens) };
    named.retain(|named| !is_of_something_else(&scene, named));
    let normal = if has_subject { normal_subjects(&scene, &named) } else { Vec::new() };
    let mut mentions = described(&scene, &named);
    if !normal.is_empty() {
        let plain = |(named, said): (Named, Assertion)| mention(&scene, &named, said, Described::default());
        mentions.extend(normal.into_iter().map(plain));
        mentions.sort_by_key(|mention| mention.span.start);
    }
    mentions
}

fn described(scene: &Scene<'_>, named: &[Named]) -> Vec<Mention> {
    if named.is_empty() {
        return Vec::new();
    }
    let said: Vec<Assertion> = named.iter().map(|named| scene.assertion(named)).collect();
    let sizes = sizes(scene.text, scene.tokens);
    let described = describe(scene, named, &said, &sizes);
    (named.iter().zip(said).zip(described))
        .flat_map(|((named, said), parts)| {
            parts.into_iter().map(move |described| mention(scene, named, said, described))
        })
        .collect()
}

fn mention(scene: &Scene<'_>, named: &Named, assertion: Assertion, described: Described) -> Mention {
    Mention {
        finding: scene.lexicon.id(named.index).clone(),
        span: scene.span(named.first(), named.last()),
        assertion: described.said.unwrap_or(assertion),
        laterality: described.laterality,
        larger: described.larger,
        places: described.places,
        size: described.size,
        severity: described.severity,
        times: described.times,
        overridden: false,
    }
}

/// What is said of a finding whose phrase says "normal": what the sentence says of "normal", turned around.
fn denied(said: Assertion) -> Assertion {
    match said {
        Assertion::Present => Assertion::Absent,
        // "Not normal" leaves open what it is.
        Assertion::Absent => Assertion::Uncertain,
        other => other,
    }
}

/// The phrases that count: the one with more words takes its words; a phrase that is no finding takes them, too. Two
/// findings of the same words both count, and two that share only a part of the body do, if each has a word of its own.
fn named(lexicon: &Lexicon, tokens: &[Token], found: &[Found]) -> Vec<Named> {
    let mut candidates: Vec<(Found, Option<(usize, bool)>)> = (found.iter())
        .filter_map(|&found| match lexicon.meaning(found) {
            Meaning::Finding { index, denied } => Some((found, Some((*index, *denied)))),
            Meaning::Except => Some((found, None)),
            _ => None,
        })
        .collect();
    if candidates.is_empty() {
        return Vec::new();
    }
    // More words first, then the tighter phrase, then what is a finding, then the left one.
    candidates.sort_by_key(|(found, named)| {
        (Reverse(found.words()), found.last - found.first, named.is_none(), found.first)
    });
    let mut taken: Vec<Option<(u32, u64)>> = vec![None; tokens.len()];
    let mut kept = Vec::new();
    for (found, named) in candidates {
        let own = Some((found.first, found.mask));
        let words = (found.first as usize..=found.last as usize).filter(|&at| found.holds(at));
        let nobodys = Some((u32::MAX, 0));
        let free = |at: usize| taken[at].is_none() || (named.is_some() && taken[at] == own);
        let shared =
            |at: usize| named.is_some() && taken[at] != nobodys && lexicon.is_shared(tokens[at].word);
        if !words.clone().all(|at| free(at) || shared(at)) || !words.clone().any(free) {
            continue;
        }
        // The words of what is no finding are nobody's.
        let taker = if named.is_some() { own } else { nobodys };
        let own_words: Vec<usize> = words.filter(|&at| free(at)).collect();
        for at in own_words {
            taken[at] = taker;
        }
        kept.extend(named.map(|(index, denied)| Named { found, index, denied }));
    }
    kept.sort_by_key(|named| (named.found.first, named.found.last, named.index));
    // The same words by two phrases of one finding.
    kept.dedup_by_key(|named| (named.found.first, named.found.mask, named.index));
    kept
}
