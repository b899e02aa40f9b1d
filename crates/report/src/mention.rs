//! Findings in a sentence, with side, place, size and severity.

use crate::assertion::{Marks, of_words};
use crate::lexicon::{Found, Lexicon, Meaning, is_mark};
use crate::measure::sizes;
use crate::token::Token;
use precedent_model::{Assertion, Laterality, Mention, Place, Size, Span};
use std::cmp::Reverse;
use std::sync::Arc;

/// How many tokens before a finding and behind it may describe it.
const DESCRIBED_BEFORE: usize = 6;
const DESCRIBED_BEHIND: usize = 14;

/// A finding's phrase in the tokens.
#[derive(Debug, Clone, Copy)]
struct Named {
    found: Found,
    index: usize,
    denied: bool,
}

/// The findings that a sentence mentions, ascending by start.
pub(crate) fn mentions(
    lexicon: &Lexicon,
    text: &str,
    tokens: &[Token],
    found: &[Found],
    marks: &[Marks],
) -> Vec<Mention> {
    let named = named(lexicon, found, tokens.len());
    if named.is_empty() {
        return Vec::new();
    }
    let sizes = sizes(text, tokens);
    let describing = Describing { lexicon, text, tokens, found, sizes: &sizes };
    (named.iter().enumerate())
        .map(|(place, this)| {
            let (first, last) = (this.found.first as usize, this.found.last as usize);
            let words = (first..=last).filter(|&at| this.found.holds(at));
            let said = of_words(marks, words);
            let from = named[..place]
                .iter()
                .rev()
                .map(|before| before.found.last as usize)
                .find(|&last| last < first);
            let until =
                named[place + 1..].iter().map(|next| next.found.first as usize).find(|&next| next > last);
            let described = describing.of(first, last, from, until);
            Mention {
                finding: lexicon.id(this.index).clone(),
                span: Span { start: tokens[first].start, end: tokens[last].end },
                assertion: if this.denied { denied(said) } else { said },
                laterality: described.laterality,
                places: described.places,
                size: described.size,
                severity: described.severity,
                times: described.times,
                overridden: false,
            }
        })
        .collect()
}

/// Adds a place, unless longer words there say another: "lung base" hides "base".
fn add_place(places: &mut Vec<Place>, place: Place) {
    let within = |inner: Span, outer: Span| outer.start <= inner.start && inner.end <= outer.end;
    if places.iter().any(|known| within(place.span, known.span)) {
        return;
    }
    places.retain(|known| !within(known.span, place.span) && known.id != place.id);
    places.push(place);
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
/// findings of the same words both count.
fn named(lexicon: &Lexicon, found: &[Found], tokens: usize) -> Vec<Named> {
    let mut candidates: Vec<(Found, Option<(usize, bool)>)> = (found.iter())
        .filter_map(|&found| match lexicon.meaning(found) {
            Meaning::Finding { index, denied } => Some((found, Some((*index, *denied)))),
            Meaning::Except => Some((found, None)),
            _ => None,
        })
        .collect();
    // More words first, then the tighter phrase, then what is a finding, then the left one.
    candidates.sort_by_key(|(found, named)| {
        (Reverse(found.words()), found.last - found.first, named.is_none(), found.first)
    });
    let mut taken: Vec<Option<(u32, u64)>> = vec![None; tokens];
    let mut kept = Vec::new();
    for (found, named) in candidates {
        let own = Some((found.first, found.mask));
        let words = (found.first as usize..=found.last as usize).filter(|&at| found.holds(at));
        let free = |at: usize| taken[at].is_none() || (named.is_some() && taken[at] == own);
        if !words.clone().all(free) {
            continue;
        }
        // The words of what is no finding are nobody's.
        let taker = if named.is_some() { own } else { Some((u32::MAX, 0)) };
        for at in words {
            taken[at] = taker;
        }
        kept.extend(named.map(|(index, denied)| Named { found, index, denied }));
    }
    kept.sort_by_key(|named| (named.found.first, named.found.last, named.index));
    kept
}

#[derive(Default)]
struct Described {
    laterality: Option<Laterality>,
    places: Vec<Place>,
    size: Option<Size>,
    severity: Option<Arc<str>>,
    times: Vec<Arc<str>>,
}

struct Describing<'a> {
    lexicon: &'a Lexicon,
    text: &'a str,
    tokens: &'a [Token],
    found: &'a [Found],
    sizes: &'a [Size],
}

impl Describing<'_> {
    /// What the words around tokens `first..=last` say of them, behind the finding before and before the next one.
    fn of(&self, first: usize, last: usize, from: Option<usize>, until: Option<usize>) -> Described {
        let low = from.map_or(0, |from| from + 1).max(first.saturating_sub(DESCRIBED_BEFORE));
        let low = (low..first).rev().find(|&at| self.ends_description(at)).map_or(low, |at| at + 1);
        let high = until.unwrap_or(self.tokens.len()).min(last + 1 + DESCRIBED_BEHIND);
        let high = (last + 1..high).find(|&at| self.ends_description(at)).unwrap_or(high);
        // Between two findings, "left effusion and small right pneumothorax", what stands before the joint is of the
        // first, what stands behind it is of the second.
        let low = (low..first).rev().find(|&at| from.is_some() && self.joins(at)).map_or(low, |at| at + 1);
        let high = (last + 1..high).find(|&at| until.is_some() && self.joins(at)).unwrap_or(high);
        let mut described = Described::default();
        // Found ascends by first token, so only a part of it is looked at.
        let begin = self.found.partition_point(|found| (found.first as usize) < low);
        for found in self.found[begin..].iter().take_while(|found| (found.first as usize) < high) {
            if found.last as usize >= high {
                continue;
            }
            let span = || Span {
                start: self.tokens[found.first as usize].start,
                end: self.tokens[found.last as usize].end,
            };
            match self.lexicon.meaning(*found) {
                Meaning::Side(side) => {
                    described.laterality = Some(match described.laterality {
                        Some(other) if other != *side => Laterality::Bilateral,
                        _ => *side,
                    });
                }
                Meaning::Place(id) => {
                    add_place(&mut described.places, Place { id: Arc::clone(id), span: span() })
                }
                Meaning::Time(id) if !described.times.contains(id) => described.times.push(Arc::clone(id)),
                Meaning::Severity(word) if (found.first as usize) < first || described.severity.is_none() => {
                    described.severity = Some(Arc::clone(word));
                }
                _ => {}
            }
        }
        let begin = self.tokens[low].start;
        let end = self.tokens[high - 1].end;
        let near = &self.sizes[self.sizes.partition_point(|size| size.span.start < begin)..];
        described.size = near.first().filter(|size| size.span.end <= end).copied();
        described
    }

    /// A word or mark that joins two findings.
    fn joins(&self, at: usize) -> bool {
        let word = &self.text[self.tokens[at].range()];
        [",", "/", "and", "or", "with", "versus", "vs"].iter().any(|joint| word.eq_ignore_ascii_case(joint))
    }

    /// A mark that parts statements; a comma or parenthesis does not.
    fn ends_description(&self, at: usize) -> bool {
        let token = self.tokens[at];
        is_mark(self.text, token) && matches!(&self.text[token.range()], ";" | "." | "?" | "!")
    }
}
