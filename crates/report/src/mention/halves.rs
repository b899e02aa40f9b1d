//! A finding that a sentence holds for present on one side and denies on the other.
//!
//! "There is a right but no left effusion", "pneumothorax: right none, left small", "the effusion on the right has
//! resolved, that on the left is unchanged". Two words for a side, and a joint between what is said of each. A sentence is
//! read so only where it has no other words there, and where the sides differ: everything else is said of the finding as a
//! whole.

use super::words::Role;
use super::{Named, Scene};
use crate::lexicon::{Found, Meaning};
use precedent_model::{Assertion, Laterality};
use std::ops::Range;

/// How far from the finding the sides stand, in tokens.
const REACH: usize = 16;
/// Adjectives between a side and the finding behind it.
const ADJECTIVES: usize = 3;

/// What the sentence says of each of two sides.
#[derive(Debug)]
pub(super) struct Halves {
    pub sides: [(Laterality, Assertion); 2],
    /// The tokens in which all this is said.
    pub words: Range<usize>,
    /// Where the first words are that are of the first side alone, of the second side alone, and of both again.
    from: [usize; 3],
}

impl Halves {
    /// The sides of which a word at that token speaks.
    pub fn owners(&self, at: usize) -> Range<usize> {
        let [first, second, both] = self.from;
        match at {
            at if at < first || at >= both => 0..2,
            at if at < second => 0..1,
            _ => 1..2,
        }
    }
}

/// What a token says of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Denies,
    Affirms,
    /// "On the", "is": it says nothing of itself.
    Neutral,
    Joint,
    /// It may speak of something else.
    Other,
}

/// A word for a side with its tokens.
#[derive(Debug, Clone, Copy)]
struct Side {
    first: usize,
    last: usize,
    side: Laterality,
}

/// Where the finding stands: behind both sides, between them, or before both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Behind,
    Between,
    Before,
}

/// The findings of a sentence whose halves are looked for.
pub(super) struct Splitting<'a> {
    pub scene: &'a Scene<'a>,
    pub named: &'a [Named],
    pub said: &'a [Assertion],
}

impl Splitting<'_> {
    /// The two halves of the finding at `place`, if the sentence denies one and not the other.
    pub fn halves(&self, place: usize) -> Option<Halves> {
        let this = &self.named[place];
        if self.scene.lexicon.entry(this.index).midline || self.scene.lexicon.is_device(this.index) {
            return None;
        }
        let around = self.around(place);
        let sides = self.sides(around.clone());
        let before = sides.iter().filter(|side| side.last < this.first()).count();
        let behind = sides.iter().position(|side| side.first > this.last()).unwrap_or(sides.len());
        let (order, one, other) = match (before, sides.get(behind), sides.get(behind + 1)) {
            (2, None, _) => (Order::Behind, sides[0], sides[1]),
            (1, Some(other), _) => (Order::Between, sides[0], *other),
            (0, Some(one), Some(other)) => (Order::Before, *one, *other),
            _ => return None,
        };
        let apart = matches!(
            (one.side, other.side),
            (Laterality::Left, Laterality::Right) | (Laterality::Right, Laterality::Left)
        );
        if !apart {
            return None;
        }
        match order {
            Order::Behind => self.behind(place, one, other),
            _ => self.before(place, order, one, other, around.end),
        }
    }

    /// "A right but no left effusion": the sides stand before the finding, and nothing but adjectives behind them.
    fn behind(&self, place: usize, one: Side, other: Side) -> Option<Halves> {
        let this = &self.named[place];
        // "A right, not left, effusion".
        let comma = self.scene.words.role(this.first() - 1) == Role::Comma;
        let adjectives = other.last + 1..this.first() - usize::from(comma);
        if !self.is_adjective(adjectives) || self.is_where_to(one.first) {
            return None;
        }
        let between = one.last + 1..other.first;
        let joint = between.clone().find(|&at| self.tone(at) != Tone::Neutral)?;
        let joins = matches!(self.scene.words.role(joint), Role::Comma | Role::And | Role::But | Role::With);
        if !joins && self.tone(joint) != Tone::Denies {
            return None;
        }
        let second = self.tone_of(joint..other.first)?;
        let first = self.scene.marks[one.first].assertion();
        let sides = [(one.side, first), (other.side, self.assertion(second, place))];
        let start = (one.first.saturating_sub(ADJECTIVES)..one.first)
            .rev()
            .take_while(|&at| self.tone(at) == Tone::Affirms)
            .last()
            .unwrap_or(one.first);
        differ(sides).then_some(Halves {
            sides,
            words: start..this.last() + 1,
            from: [start, joint, other.last + 1],
        })
    }

    /// "Effusion: right none, left small": the second side, and perhaps the first, stands behind the finding.
    fn before(&self, place: usize, order: Order, one: Side, other: Side, end: usize) -> Option<Halves> {
        let this = &self.named[place];
        let behind = this.last() + 1;
        let (lead, between) = match order {
            Order::Between => {
                let near = self.is_adjective(one.last + 1..this.first());
                (near.then_some(behind..behind)?, behind..other.first)
            }
            _ => (behind..one.first, one.last + 1..other.first),
        };
        let leading = self.tone_of(lead.clone())?;
        let (first, joint) = self.parted(between, other.last + 1)?;
        let (trailing, until) = self.trail(other.last + 1, end)?;
        let middle = self.tone_of(joint..other.first)?;
        // "Not on the left but on the right" says it of the right.
        let turned = leading == Tone::Denies && self.scene.words.role(joint) == Role::But;
        let second = [middle, trailing].into_iter().find(|tone| *tone != Tone::Neutral);
        let second = second.or(turned.then_some(Tone::Affirms))?;
        let said = match [first, leading].into_iter().find(|tone| *tone != Tone::Neutral) {
            Some(tone) => self.assertion(tone, place),
            None => self.said[place],
        };
        // What the sentence says between the two: "left effusion, the right is clear" answers nothing there.
        if first == Tone::Neutral && middle == Tone::Neutral && !turned {
            return None;
        }
        let sides = [(one.side, said), (other.side, self.assertion(second, place))];
        let start = if order == Order::Between { one.first } else { behind };
        let low = (this.first().saturating_sub(ADJECTIVES)..this.first())
            .rev()
            .take_while(|&at| self.tone(at) == Tone::Affirms)
            .last();
        let low = low.unwrap_or(this.first()).min(start);
        differ(sides).then_some(Halves { sides, words: low..until, from: [start, joint, until] })
    }

    /// What the words between two sides say of the first, and where those of the second begin.
    fn parted(&self, between: Range<usize>, behind: usize) -> Option<(Tone, usize)> {
        let joins = |at: &usize| self.tone(*at) == Tone::Joint;
        let Some(last) = between.clone().rev().find(joins) else {
            // "R+ L-", "right: none left: small": what follows the second side shows to which side an answer belongs.
            let answers = !matches!(self.tone_behind(behind), Tone::Neutral | Tone::Other);
            let joint = if answers { between.end } else { between.start };
            return Some((self.tone_of(between.start..joint)?, joint));
        };
        let first = (between.start..last).rev().take_while(joins).last().unwrap_or(last);
        Some((self.tone_of(between.start..first)?, first))
    }

    /// What the first word behind a side says that says anything.
    fn tone_behind(&self, from: usize) -> Tone {
        let tones = (from..self.scene.tokens.len()).map(|at| self.tone(at));
        tones.into_iter().find(|tone| *tone != Tone::Neutral).unwrap_or(Tone::Neutral)
    }

    /// What is said behind the second side, and where it ends; nothing if that may be of something else.
    fn trail(&self, from: usize, end: usize) -> Option<(Tone, usize)> {
        let until = (from..end).find(|&at| self.tone(at) == Tone::Joint).unwrap_or(end);
        // What hangs on the next finding is not of this one.
        if until == end && end < self.scene.tokens.len() {
            return None;
        }
        Some((self.tone_of(from..until)?, until))
    }

    /// What words say together: nothing if one of them may be of something else. Joints count for nothing.
    fn tone_of(&self, words: Range<usize>) -> Option<Tone> {
        let mut told = Tone::Neutral;
        for at in words {
            told = match (self.tone(at), told) {
                (Tone::Other, _) => return None,
                // "Has not resolved" says that it is there.
                (Tone::Denies, Tone::Denies) if self.has_ended(at) => Tone::Affirms,
                (Tone::Denies, _) => Tone::Denies,
                (Tone::Affirms, Tone::Neutral) => Tone::Affirms,
                (_, told) => told,
            };
        }
        Some(told)
    }

    fn tone(&self, at: usize) -> Tone {
        let word = self.scene.text[self.scene.tokens[at].range()].to_ascii_lowercase();
        let behind_side = || at > 0 && self.side_at(at - 1);
        match (word.as_str(), self.scene.words.role(at)) {
            ("+", _) if behind_side() => Tone::Affirms,
            ("-" | "\u{2212}", _) if behind_side() && !self.is_attached(at) => Tone::Denies,
            ("none" | "nil" | "absent" | "negative" | "neg" | "gone" | "disappeared" | "n", _) => {
                Tone::Denies
            }
            (
                "yes" | "y" | "present" | "positive" | "pos" | "seen" | "noted" | "visible" | "persists"
                | "persist" | "remains" | "remain" | "larger" | "smaller" | "worse" | "residual",
                _,
            ) => Tone::Affirms,
            (
                "only" | "side" | "sided" | "one" | "ones" | "those" | "there" | "a" | "an" | "the" | "been"
                | "now" | "just" | "completely" | "fully" | ":" | "=" | "-" | "\u{2013}" | "." | "(" | ")",
                _,
            ) => Tone::Neutral,
            ("of" | "on" | "in" | "at" | "to" | "that", _) => Tone::Neutral,
            (_, Role::Denial) => Tone::Denies,
            (_, Role::Verb) => Tone::Neutral,
            (_, Role::Comma | Role::And | Role::But | Role::Stop) => Tone::Joint,
            _ => self.measure(at),
        }
    }

    /// What the lexicon knows of a word: "small", "unchanged", "resolved".
    fn measure(&self, at: usize) -> Tone {
        let tones = self.found_at(at).filter_map(|found| match self.scene.lexicon.meaning(found) {
            Meaning::Severity(_) => Some(Tone::Affirms),
            Meaning::Time(id) if &**id == "resolved" => Some(Tone::Denies),
            Meaning::Time(id) if &**id != "removed" => Some(Tone::Affirms),
            _ => None,
        });
        tones.last().unwrap_or(Tone::Other)
    }

    /// Whether a word says that the finding has ended, so that a denial of it says the opposite.
    fn has_ended(&self, at: usize) -> bool {
        let word = &self.scene.text[self.scene.tokens[at].range()];
        ["resolved", "cleared", "gone", "disappeared"].iter().any(|ended| word.eq_ignore_ascii_case(ended))
    }

    fn assertion(&self, tone: Tone, place: usize) -> Assertion {
        match (tone, self.said[place]) {
            (Tone::Denies, _) => Assertion::Absent,
            (_, Assertion::Absent) => Assertion::Present,
            (_, said) => said,
        }
    }

    /// The tokens around a finding up to the next ones, or to where it may have sides no more.
    fn around(&self, place: usize) -> Range<usize> {
        let (first, last) = (self.named[place].first(), self.named[place].last());
        let from = self.named[..place].iter().rev().map(Named::last).find(|&before| before < first);
        let until = self.named[place + 1..].iter().map(Named::first).find(|&next| next > last);
        let low = from.map_or(0, |from| from + 1).max(first.saturating_sub(REACH));
        // A clause that ended before the finding is of something else.
        let low = (low..first)
            .rev()
            .find(|&at| self.scene.words.role(at) == Role::Stop)
            .map_or(low, |stop| stop + 1);
        let end = self.scene.tokens.len().min(last + 1 + 2 * REACH);
        low..until.map_or(end, |until| until.min(end))
    }

    /// The words for a side, the longest at each place, without those of something else.
    fn sides(&self, around: Range<usize>) -> Vec<Side> {
        let mut sides: Vec<Side> = Vec::new();
        let mut at = around.start;
        while at < around.end {
            let longest = self.found_at(at).filter_map(|found| match self.scene.lexicon.meaning(found) {
                Meaning::Side(side) if found.first as usize == at => Some((found.last as usize, *side)),
                _ => None,
            });
            match longest.max_by_key(|(last, _)| *last) {
                Some((last, side)) => {
                    sides.push(Side { first: at, last, side });
                    at = last + 1;
                }
                None => at += 1,
            }
        }
        sides
    }

    fn side_at(&self, at: usize) -> bool {
        self.found_at(at).any(|found| matches!(self.scene.lexicon.meaning(found), Meaning::Side(_)))
    }

    /// The phrases that hold a token.
    fn found_at(&self, at: usize) -> impl Iterator<Item = Found> + '_ {
        let begin = self.scene.found.partition_point(|found| (found.first as usize) + REACH < at);
        (self.scene.found[begin..].iter())
            .take_while(move |found| found.first as usize <= at)
            .filter(move |found| found.holds(at))
            .copied()
    }

    /// Whether a mark stands right before a word: "left-sided".
    fn is_attached(&self, at: usize) -> bool {
        let behind = &self.scene.text[self.scene.tokens[at].end as usize..];
        behind.starts_with(char::is_alphanumeric)
    }

    /// Whether a side stands behind a preposition, so that something else has it: "turned to the left, no right effusion".
    fn is_where_to(&self, side: usize) -> bool {
        let before = |at: usize| &self.scene.text[self.scene.tokens[at].range()];
        let article = side > 0 && before(side - 1).eq_ignore_ascii_case("the");
        let at = side - usize::from(article);
        at > 0
            && self.scene.words.role(at - 1) == Role::Preposition
            && (article || !before(at - 1).eq_ignore_ascii_case("of"))
    }

    fn is_adjective(&self, words: Range<usize>) -> bool {
        words.len() <= ADJECTIVES
            && words.clone().all(|at| {
                let role = self.scene.words.role(at);
                role == Role::Plain || role == Role::OtherMark
            })
    }
}

/// Whether one side is denied and the other is not.
fn differ(sides: [(Laterality, Assertion); 2]) -> bool {
    let [one, other] = sides.map(|(_, said)| said == Assertion::Absent);
    one != other
}
