//! Side, place, size, severity and time of the findings of a sentence.
//!
//! What describes a finding stands around it, up to the next finding, a new statement or a new clause. Between two
//! findings, "left effusion and small right pneumothorax", what stands before the joint is of the first, what stands behind
//! it is of the second. Then findings that a sentence joins share a side: "left effusion and atelectasis", "atelectasis or
//! scarring in the left base", "left opacity that may be pneumonia".

use super::halves::{Halves, Splitting};
use super::share::Sharing;
use super::words::Role;
use super::{Named, Scene};
use crate::lexicon::{Found, Meaning};
use precedent_model::{Assertion, Laterality, Place, Size, Span};
use std::ops::Range;
use std::sync::Arc;

/// How many tokens before a finding and behind it may describe it.
const BEFORE: usize = 14;
const BEHIND: usize = 16;
/// A clause names its subject within so many words.
const SUBJECT: usize = 6;

/// What is said of a finding.
#[derive(Debug, Clone, Default)]
pub(super) struct Described {
    pub laterality: Option<Laterality>,
    pub larger: Option<Laterality>,
    pub places: Vec<Place>,
    pub size: Option<Size>,
    pub severity: Option<Arc<str>>,
    pub times: Vec<Arc<str>>,
    /// Whether the side stands before the finding, behind it, or was shared so.
    pub side_before: bool,
    pub side_behind: bool,
    /// What the sentence says of this side alone.
    pub said: Option<Assertion>,
}

/// What is said of each finding, by what is said of its being there. Mostly once; twice where each side has its own
/// severity or size, "large left and small right effusions", or is denied alone, "a right but no left effusion".
pub(super) fn describe(
    scene: &Scene<'_>,
    named: &[Named],
    said: &[Assertion],
    sizes: &[Size],
) -> Vec<Vec<Described>> {
    let describing = Describing { scene, sizes };
    let splitting = Splitting { scene, named, said };
    let mut parts: Vec<Vec<Described>> = (0..named.len())
        .map(|place| match splitting.halves(place) {
            Some(halves) => describing.halves(&named[place], &halves),
            None => describing.parts(named, place),
        })
        .collect();
    let sharing = Sharing { scene, named, said };
    for place in 1..named.len() {
        let (before, behind) = parts.split_at_mut(place);
        if let ([.., from], [to, ..]) = (before, behind) {
            sharing.forward(place, from, to);
        }
    }
    for place in (1..named.len()).rev() {
        let (before, behind) = parts.split_at_mut(place);
        if let ([.., to], [from, ..]) = (before, behind) {
            sharing.backward(place, from, to);
        }
    }
    parts
}

/// A word that describes, with its tokens.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    first: usize,
    last: usize,
    meaning: &'a Meaning,
}

struct Describing<'a> {
    scene: &'a Scene<'a>,
    sizes: &'a [Size],
}

impl<'a> Describing<'a> {
    fn parts(&self, named: &[Named], place: usize) -> Vec<Described> {
        let this = &named[place];
        let window = self.window(named, place);
        let words = self.words(this, window.clone());
        let sizes = self.sizes_in(this, window);
        if let Some(pairs) = self.by_side(this, &words, &sizes) {
            return pairs;
        }
        let mut described = Described { size: sizes.first().copied(), ..Described::default() };
        for word in &words {
            self.add(this, word, &mut described);
        }
        vec![described]
    }

    /// What is said of each side, where one of them is denied. What is not there has no severity and no size.
    fn halves(&self, this: &Named, halves: &Halves) -> Vec<Described> {
        let part =
            |(side, said)| Described { laterality: Some(side), said: Some(said), ..Described::default() };
        let mut parts: Vec<Described> = halves.sides.into_iter().map(part).collect();
        let absent = halves.sides.map(|(_, said)| said == Assertion::Absent);
        for word in self.words(this, halves.words.clone()) {
            for owner in halves.owners(word.first) {
                match word.meaning {
                    Meaning::Side(_) | Meaning::Larger(_) => {}
                    Meaning::Severity(_) if absent[owner] => {}
                    _ => self.add(this, &word, &mut parts[owner]),
                }
            }
        }
        for size in self.sizes_in(this, halves.words.clone()) {
            let at = self.scene.tokens.partition_point(|token| token.end <= size.span.start);
            for owner in halves.owners(at).filter(|owner| !absent[*owner]) {
                parts[owner].size = parts[owner].size.or(Some(size));
            }
        }
        parts
    }

    fn add(&self, this: &Named, word: &Word<'a>, described: &mut Described) {
        match word.meaning {
            Meaning::Side(side) => {
                described.laterality = Some(match described.laterality {
                    Some(other) if other != *side => Laterality::Bilateral,
                    _ => *side,
                });
                described.side_before |= word.first < this.first();
                described.side_behind |= word.first > this.last();
            }
            Meaning::Larger(side) => {
                described.larger = Some(*side);
                described.laterality = Some(Laterality::Bilateral);
            }
            Meaning::Place(id) => {
                let span = self.scene.span(word.first, word.last);
                add_place(&mut described.places, Place { id: Arc::clone(id), span });
            }
            Meaning::Time(id) if !described.times.contains(id) => described.times.push(Arc::clone(id)),
            Meaning::Severity(id) if word.first < this.first() || described.severity.is_none() => {
                described.severity = Some(Arc::clone(id));
            }
            _ => {}
        }
        if described.larger.is_some() {
            described.laterality = Some(Laterality::Bilateral);
        }
    }

    /// The words in a window that describe, ascending.
    fn words(&self, this: &Named, window: Range<usize>) -> Vec<Word<'a>> {
        let midline = self.scene.lexicon.entry(this.index).midline;
        let begin = self.scene.found.partition_point(|found| (found.first as usize) < window.start);
        let here: Vec<Found> = (self.scene.found[begin..].iter())
            .take_while(|found| (found.first as usize) < window.end)
            .filter(|found| (found.last as usize) < window.end)
            .copied()
            .collect();
        // What has no side may say one itself: "scoliosis convex to the left".
        let own = |found: Found| this.first() <= found.first as usize && found.last as usize <= this.last();
        (here.iter())
            .map(|&found| (found, self.scene.lexicon.meaning(found)))
            .filter(|&(found, meaning)| match meaning {
                Meaning::Side(_) | Meaning::Larger(_) => {
                    (!midline || own(found)) && !self.is_of_something_else(this, found, &here)
                }
                Meaning::Place(_) => !midline,
                Meaning::Time(_) | Meaning::Severity(_) => true,
                _ => false,
            })
            .map(|(found, meaning)| Word { first: found.first as usize, last: found.last as usize, meaning })
            .collect()
    }

    /// Whether a word for a side, among the phrases around it, is of something else: part of "right atrium", unless the
    /// finding's own phrase shares a word with that, or behind the tip of a device.
    fn is_of_something_else(&self, this: &Named, side: Found, here: &[Found]) -> bool {
        let device = self.scene.lexicon.is_device(this.index);
        let tip = |at: usize| self.scene.words.role(at) == Role::Tip;
        if device && (this.last() + 1..side.first as usize).any(tip) {
            return true;
        }
        let is_side = matches!(self.scene.lexicon.meaning(side), Meaning::Side(_));
        let hides = |other: &Found| match self.scene.lexicon.meaning(*other) {
            Meaning::Sideless => is_side,
            // "Left greater than right" holds "greater than right".
            Meaning::Larger(_) => !is_side,
            _ => false,
        };
        let longer = |other: &Found| {
            other.first <= side.first && side.last <= other.last && other.words() > side.words()
        };
        let own = |other: &Found| {
            !device && other.first as usize <= this.last() && this.first() <= other.last as usize
        };
        here.iter().any(|other| hides(other) && longer(other) && !own(other))
    }

    /// Sizes in a window. A number beside a device is a distance.
    fn sizes_in(&self, this: &Named, window: Range<usize>) -> Vec<Size> {
        if self.scene.lexicon.is_device(this.index) || window.is_empty() {
            return Vec::new();
        }
        let span = self.scene.span(window.start, window.end - 1);
        let begin = self.sizes.partition_point(|size| size.span.start < span.start);
        self.sizes[begin..].iter().take_while(|size| size.span.end <= span.end).copied().collect()
    }

    /// One part for each side, where each has a severity or a size of its own: "large left and small right effusions",
    /// "effusions, left small, right moderate".
    fn by_side(&self, this: &Named, words: &[Word<'a>], sizes: &[Size]) -> Option<Vec<Described>> {
        let sides: Vec<&Word<'a>> = (words.iter())
            .filter(|word| matches!(word.meaning, Meaning::Side(Laterality::Left | Laterality::Right)))
            .collect();
        let [one, other] = sides.as_slice() else { return None };
        if one.meaning == other.meaning || words.iter().any(|word| matches!(word.meaning, Meaning::Larger(_)))
        {
            return None;
        }
        let at = |size: &Size| self.scene.tokens.partition_point(|token| token.end <= size.span.start);
        let severities = words.iter().filter(|word| matches!(word.meaning, Meaning::Severity(_)));
        let measures: Vec<usize> = severities.map(|word| word.first).chain(sizes.iter().map(at)).collect();
        // Measure, side, measure, side, or side, measure, side, measure.
        let leads = measures.iter().any(|&at| at < one.first && one.first - at <= SUBJECT);
        let between = measures.iter().any(|&at| one.first < at && at < other.first);
        let trails = measures.iter().any(|&at| other.first < at && at < other.first + SUBJECT);
        let first_is_measure = match (leads, between, trails) {
            (true, true, _) => true,
            (false, true, true) => false,
            _ => return None,
        };
        let owner = |at: usize| {
            if first_is_measure { usize::from(at > one.first) } else { usize::from(at > other.first) }
        };
        let mut parts = vec![Described::default(), Described::default()];
        for word in words {
            let near = usize::from(word.first.abs_diff(other.first) < word.first.abs_diff(one.first));
            let targets = match word.meaning {
                Meaning::Side(Laterality::Bilateral) => continue,
                Meaning::Side(_) => vec![usize::from(word.first == other.first)],
                Meaning::Severity(_) if word.first < one.first && !first_is_measure => continue,
                Meaning::Severity(_) => vec![owner(word.first)],
                Meaning::Place(_) => vec![near],
                _ => vec![0, 1],
            };
            targets.into_iter().for_each(|target| self.add(this, word, &mut parts[target]));
        }
        for size in sizes {
            let part = &mut parts[owner(at(size))];
            part.size = part.size.or(Some(*size));
        }
        Some(parts)
    }

    /// The tokens that may describe a finding, itself among them.
    fn window(&self, named: &[Named], place: usize) -> Range<usize> {
        let (first, last) = (named[place].first(), named[place].last());
        let from = named[..place].iter().rev().map(Named::last).find(|&before| before < first);
        let until = named[place + 1..].iter().map(Named::first).find(|&next| next > last);
        let low = from.map_or(0, |from| from + 1).max(first.saturating_sub(BEFORE));
        let stop = (low..first).rev().find(|&at| self.parts_statements(at));
        let low = self.behind_normal(stop.map_or(low, |at| at + 1), first);
        let end = self.scene.tokens.len();
        let high = until.unwrap_or(end).min(last + 1 + BEHIND);
        let ends = |at: usize| {
            self.parts_statements(at) || self.scene.words.role(at) == Role::Denial || self.begins_clause(at)
        };
        let high = (last + 1..high).find(|&at| ends(at)).unwrap_or(high);
        let low = if from.is_some() && stop.is_none() {
            let denial = (low..first).rev().find(|&at| self.scene.words.role(at) == Role::Denial);
            self.joint(low..first).max(denial).map_or(low, |at| at + 1)
        } else {
            low
        };
        let high = if until.is_some_and(|until| until <= high) {
            let explained = || (last + 1..high).rev().find(|&at| self.scene.words.role(at) == Role::Hedge);
            self.joint(last + 1..high).or_else(explained).unwrap_or(high)
        } else {
            high
        };
        low..high
    }

    fn parts_statements(&self, at: usize) -> bool {
        matches!(self.scene.words.role(at), Role::Stop | Role::But)
    }

    /// The joint that parts two findings with these tokens between them: the last one, but the first where "and" stands
    /// right behind the one and only a list of words before the other, "effusion and large, loculated pneumothorax".
    fn joint(&self, between: Range<usize>) -> Option<usize> {
        let role = |at: usize| self.scene.words.role(at);
        let first = between.start;
        let listed = |at: usize| {
            matches!(role(at), Role::Plain | Role::Number | Role::Comma | Role::And | Role::Everywhere)
        };
        let adjacent = !between.is_empty() && matches!(role(first), Role::And | Role::Or | Role::With);
        if adjacent && (first + 1..between.end).all(listed) {
            return Some(first);
        }
        between.rev().find(|&at| role(at).joins())
    }

    /// Behind a clause that says something normal: "the lungs are clear bilaterally without" an effusion on no side.
    fn behind_normal(&self, low: usize, first: usize) -> usize {
        let begin = self.scene.found.partition_point(|found| (found.first as usize) < low);
        let normal = (self.scene.found[begin..].iter())
            .take_while(|found| (found.first as usize) < first)
            .filter(|found| (found.last as usize) < first)
            .filter(|&&found| *self.scene.lexicon.meaning(found) == Meaning::Normal)
            // "No focal" says nothing of the words before it.
            .filter(|found| self.scene.words.role(found.first as usize) != Role::Denial)
            .map(|found| found.last as usize)
            .max();
        let Some(normal) = normal else { return low };
        let joint = |at: &usize| {
            let role = self.scene.words.role(*at);
            role.joins() || role == Role::Denial
        };
        (normal + 1..first).find(joint).unwrap_or(low)
    }

    /// A comma or "and" with a subject and a predicate behind it: "effusion, and the left lung is clear".
    fn begins_clause(&self, at: usize) -> bool {
        if !matches!(self.scene.words.role(at), Role::Comma | Role::And | Role::With) {
            return false;
        }
        let end = self.scene.tokens.len().min(at + 1 + SUBJECT);
        let mut words = at + 1..end;
        let predicate = words.find(|&next| {
            let role = self.scene.words.role(next);
            role == Role::Verb
                || role == Role::Relative
                || role == Role::Stop
                || role.joins()
                || self.is_normal(next)
        });
        predicate.is_some_and(|next| {
            next > at + 1 && (self.scene.words.role(next) == Role::Verb || self.is_normal(next))
        })
    }

    fn is_normal(&self, at: usize) -> bool {
        let begin = self.scene.found.partition_point(|found| (found.first as usize) < at);
        (self.scene.found[begin..].iter())
            .take_while(|found| found.first as usize == at)
            .any(|&found| *self.scene.lexicon.meaning(found) == Meaning::Normal)
    }
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
