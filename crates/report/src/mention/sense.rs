//! In which sense a sentence names a finding: words that are of something else, and what is called normal in a list.

use super::words::Role;
use super::{Named, Scene, denied};
use crate::assertion::of_words;
use crate::lexicon::{Found, Meaning};
use precedent_model::Assertion;

/// Words that may stand between a part of the body and a finding of it: "knee joint effusion", "subcutaneous tissue edema".
const BETWEEN: usize = 1;
/// How far a part of the body may stand behind: "edema of the soft tissues of the left lower leg".
const BEHIND: usize = 9;

/// Prepositions that say of what, or where, a finding is.
const WITHIN: [&str; 5] = ["of", "in", "within", "at", "involving"];

/// Whether the words name something else: a finding of another part of the body ("knee effusion", "opacified sinus",
/// "mass in the right lobe of the liver"), or part of a name ("tuberculosis clinic").
pub(super) fn is_of_something_else(scene: &Scene<'_>, named: &Named) -> bool {
    let next = named.last() + 1;
    if begins(scene, next, |meaning| *meaning == Meaning::Name) {
        return true;
    }
    let entry = scene.lexicon.entry(named.index);
    let anywhere = entry.anywhere || scene.lexicon.is_device(named.index);
    let beside = || begins(scene, next, |meaning| *meaning == Meaning::Elsewhere);
    !anywhere && (stands_before(scene, named.first()) || beside() || stands_behind(scene, next))
}

fn begins(scene: &Scene<'_>, at: usize, wanted: fn(&Meaning) -> bool) -> bool {
    from(scene, at)
        .iter()
        .take_while(|found| found.first as usize == at)
        .any(|&found| wanted(scene.lexicon.meaning(found)))
}

/// The phrases from a token on.
fn from<'a>(scene: &Scene<'a>, at: usize) -> &'a [Found] {
    let begin = scene.found.partition_point(|found| (found.first as usize) < at);
    &scene.found[begin..]
}

/// "knee effusion", "knee joint effusion".
fn stands_before(scene: &Scene<'_>, first: usize) -> bool {
    let is_near = |found: &Found| {
        let last = found.last as usize;
        let between = (last + 1..first).all(|at| {
            let full_stop = &scene.text[scene.tokens[at].range()] == ".";
            full_stop || scene.words.role(at) == Role::Plain && !is_side(scene, at)
        });
        last < first && first - last <= BETWEEN + 1 && between
    };
    let near = from(scene, first.saturating_sub(2 * BEHIND))
        .iter()
        .take_while(|found| (found.first as usize) < first);
    near.filter(|&&found| *scene.lexicon.meaning(found) == Meaning::Elsewhere).any(is_near)
}

/// "edema of the soft tissues", "mass in the right lobe of the liver": a preposition, then no clause and no list before
/// the part of the body.
fn stands_behind(scene: &Scene<'_>, next: usize) -> bool {
    let Some(token) = scene.tokens.get(next) else { return false };
    let word = &scene.text[token.range()];
    if !WITHIN.iter().any(|preposition| word.eq_ignore_ascii_case(preposition)) {
        return false;
    }
    let end = (next..scene.words.len().min(next + BEHIND))
        .find(|&at| !matches!(scene.words.role(at), Role::Plain | Role::Number | Role::Preposition))
        .unwrap_or(scene.words.len().min(next + BEHIND));
    let here = from(scene, next).iter().take_while(|found| (found.first as usize) < end);
    here.filter(|found| (found.last as usize) < end)
        .any(|&found| *scene.lexicon.meaning(found) == Meaning::Elsewhere)
}

fn is_side(scene: &Scene<'_>, at: usize) -> bool {
    begins(scene, at, |meaning| matches!(meaning, Meaning::Side(_) | Meaning::Place(_)))
}

/// What a sentence calls normal: "heart, vessels and mediastinum are within normal limits" denies of each what would make
/// it abnormal. What a phrase of the finding has said already is left out.
pub(super) fn normal_subjects(scene: &Scene<'_>, named: &[Named]) -> Vec<(Named, Assertion)> {
    let mut normal: Vec<(Named, Assertion)> = Vec::new();
    for &predicate in scene.found.iter().filter(|&&found| *scene.lexicon.meaning(found) == Meaning::Normal) {
        if !says_normal(scene, predicate) {
            continue;
        }
        let said = denied(of_words(scene.marks, predicate.first as usize..predicate.last as usize + 1));
        for range in [before(scene, predicate, named), behind(scene, predicate, named)] {
            for (found, index) in subjects(scene, range) {
                let twice = |other: &Named| {
                    other.index == index && other.found.first <= found.last && found.first <= other.found.last
                };
                let known = named.iter().any(twice) || normal.iter().any(|(other, _)| twice(other));
                if !known {
                    normal.push((Named { found, index, denied: true }, said));
                }
            }
        }
    }
    normal
}

/// "normal", "unremarkable", "within normal limits": not "no acute" or "clear", which say less.
fn says_normal(scene: &Scene<'_>, predicate: Found) -> bool {
    let first = &scene.text[scene.tokens[predicate.first as usize].range()];
    ["normal", "unremarkable", "within"].iter().any(|word| first.eq_ignore_ascii_case(word))
}

fn subjects(scene: &Scene<'_>, range: std::ops::Range<usize>) -> impl Iterator<Item = (Found, usize)> {
    let found: Vec<(Found, usize)> = from(scene, range.start)
        .iter()
        .take_while(|found| (found.first as usize) < range.end)
        .filter(|found| (found.last as usize) < range.end)
        .filter_map(|&found| match scene.lexicon.meaning(found) {
            Meaning::Subject(index) => Some((found, *index)),
            _ => None,
        })
        .collect();
    found.into_iter()
}

/// The words that a predicate speaks of: from the last statement or finding up to it, over its own verb.
fn before(scene: &Scene<'_>, predicate: Found, named: &[Named]) -> std::ops::Range<usize> {
    let first = predicate.first as usize;
    let verb = (first.saturating_sub(3)..first).rev().find(|&at| scene.words.role(at) == Role::Verb);
    let end = verb.unwrap_or(first);
    let parts = |at: usize| {
        matches!(scene.words.role(at), Role::Stop | Role::But | Role::Denial | Role::Verb | Role::Relative)
            || named.iter().any(|named| named.found.holds(at) && !named.denied)
    };
    let start = (0..end).rev().find(|&at| parts(at)).map_or(0, |at| at + 1);
    // Without a verb the subject stands right before: "heart and mediastinum normal".
    let ends_list = verb.is_some()
        || predicate.last as usize + 1 >= scene.words.len()
        || is_end(scene, predicate.last as usize + 1);
    if ends_list { start..end } else { end..end }
}

fn is_end(scene: &Scene<'_>, at: usize) -> bool {
    matches!(scene.words.role(at), Role::Stop | Role::Comma | Role::OtherMark | Role::Preposition)
}

/// "Normal heart, mediastinum and vessels": the list behind a predicate that stands before its nouns.
fn behind(scene: &Scene<'_>, predicate: Found, named: &[Named]) -> std::ops::Range<usize> {
    let next = predicate.last as usize + 1;
    let first = &scene.text[scene.tokens[predicate.first as usize].range()];
    let follows_verb =
        (predicate.first as usize).checked_sub(1).is_some_and(|at| scene.words.role(at) == Role::Verb);
    if follows_verb || first.eq_ignore_ascii_case("within") {
        return next..next;
    }
    let goes_on = |at: usize| {
        matches!(scene.words.role(at), Role::Plain | Role::Comma | Role::And | Role::Or)
            && !named.iter().any(|named| named.found.holds(at) && !named.denied)
    };
    let end = (next..scene.words.len()).find(|&at| !goes_on(at)).unwrap_or(scene.words.len());
    // What has a predicate of its own, "normal heart, lungs are clear", is no part of the list.
    let end = if end < scene.words.len() && scene.words.role(end) == Role::Verb {
        (next..end).rev().find(|&at| scene.words.role(at) != Role::Plain).unwrap_or(next)
    } else {
        end
    };
    next..end
}
