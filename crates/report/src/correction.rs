//! What a later addendum or correction takes back.
//!
//! A mention in an addendum, or behind words such as "should read", contradicts an earlier one of the same finding, on the
//! same side and in the same place as far as both are said, if one denies what the other holds for true or possible. What
//! is denied is denied of every kind of it. It also contradicts one on the other side, where it corrects ("should read right
//! effusion") or speaks of the known finding ("the effusion is on the right"), and then one of another size, too ("the nodule
//! measures 8 mm"), unless several sizes were said. The earlier mention and its words are marked; both stay in the reading.

use crate::lexicon::Lexicon;
use precedent_model::{Assertion, FindingId, Laterality, Mention, Reading, Run, Sentence, Span};

/// More than the addenda of any report correct. The bound keeps time linear.
const MOST_CORRECTIONS: usize = 256;

/// Words between "the" and a finding that describe it.
const DESCRIBING: usize = 5;

/// Where a sentence comes from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Origin {
    /// In which addendum of its section it stands, from 1 on; 0 is the report itself.
    pub addendum: u32,
    /// The byte behind which it corrects what was said before.
    pub corrects_from: Option<u32>,
}

/// Marks what addenda and corrections take back. `texts` are those of the report's sections, `origins` are by sentence.
pub(crate) fn override_contradicted(
    lexicon: &Lexicon,
    texts: &[&str],
    origins: &[Origin],
    reading: &mut Reading,
) {
    let sentences = &reading.sentences;
    if origins.iter().all(|origin| origin.addendum == 0 && origin.corrects_from.is_none()) {
        return;
    }
    // Addenda before the report may stand in any order, so none of them is later than another.
    let report_first = origins.first().is_some_and(|origin| origin.addendum == 0);
    let age = |place: usize| match origins[place].addendum {
        0 => (false, place as u32),
        number => (true, if report_first { number } else { 0 }),
    };
    let mut taken: Vec<(usize, usize)> = Vec::new();
    let reported = sentences.iter().enumerate().filter(|(_, sentence)| sentence.kind.is_reported());
    let corrections = reported.flat_map(|(later, sentence)| {
        let from = origins[later].corrects_from;
        let mentions = sentence.mentions.iter();
        let said =
            mentions.map(move |mention| (later, from.filter(|from| *from <= mention.span.start), mention));
        said.filter(|(_, from, _)| sentence.addendum || from.is_some())
    });
    for (later, corrects, mention) in corrections.take(MOST_CORRECTIONS) {
        let text = texts.get(sentences[later].section).copied().unwrap_or_default();
        let moves = corrects.is_some() || is_known(text, mention, 0);
        let resizes = corrects.is_some() || is_known(text, mention, DESCRIBING);
        let Some(contradiction) = Contradiction::of(lexicon, mention, moves) else { continue };
        // A correction also takes back what its own addendum or sentence said before.
        let before = |earlier: usize, known: &Mention| match earlier == later {
            true => corrects.is_some_and(|from| known.span.end <= from),
            false => {
                age(earlier) < age(later)
                    || corrects.is_some() && earlier < later && age(earlier) == age(later)
            }
        };
        for (earlier, old) in sentences.iter().enumerate() {
            let known = old.mentions.iter().enumerate();
            let contradicted =
                known.filter(|(_, known)| before(earlier, known) && contradiction.holds(known));
            taken.extend(contradicted.map(|(number, _)| (earlier, number)));
        }
        if resizes {
            taken.extend(resized(lexicon, mention, sentences, before));
        }
    }
    for (place, number) in taken {
        reading.sentences[place].mentions[number].overridden = true;
    }
    for sentence in reading.sentences.iter_mut().filter(|sentence| sentence.is_overridden()) {
        if let Some(text) = texts.get(sentence.section) {
            mark_runs(text, sentence);
        }
    }
}

/// What a later mention contradicts.
struct Contradiction<'a> {
    lexicon: &'a Lexicon,
    mention: &'a Mention,
    /// Who denies, denies every kind; who sees one, has seen all that it is a kind of.
    findings: Vec<FindingId>,
    denies: bool,
    /// It says on which side the finding is that was said to be on the other.
    moves: bool,
}

impl<'a> Contradiction<'a> {
    fn of(lexicon: &'a Lexicon, mention: &'a Mention, moves: bool) -> Option<Self> {
        let denies = mention.assertion == Assertion::Absent;
        let findings = match mention.assertion {
            Assertion::Absent => lexicon.narrower(&mention.finding),
            Assertion::Present | Assertion::Uncertain => lexicon.broader(&mention.finding),
            _ => return None,
        };
        Some(Self { lexicon, mention, findings, denies, moves })
    }

    /// Whether it contradicts what was said before.
    fn holds(&self, earlier: &Mention) -> bool {
        if self.moves && other_side(self.mention, earlier) {
            return self.findings.contains(&earlier.finding);
        }
        let opposed = match earlier.assertion {
            Assertion::Absent => !self.denies,
            Assertion::Present | Assertion::Uncertain => self.denies,
            _ => false,
        };
        opposed
            && self.findings.contains(&earlier.finding)
            && same_side(self.mention, earlier)
            && same_place(self.lexicon, self.mention, earlier)
    }
}

/// Whether the later mention speaks of a finding that is known: "the effusion", with at most so many words between that
/// describe it: "the right apical nodule".
fn is_known(text: &str, mention: &Mention, describing: usize) -> bool {
    let before = text.get(..mention.span.range().start).unwrap_or_default();
    let of_another = |word: &str| {
        ["a", "an", "no", "and", "or", "in", "of", "on", "at", "with"]
            .iter()
            .any(|joint| word.eq_ignore_ascii_case(joint))
    };
    let marks = |c: char| !c.is_alphanumeric();
    (before.split_whitespace().rev().take(describing + 1))
        .take_while(|word| word.ends_with(char::is_alphanumeric) && !of_another(word))
        .any(|word| word.trim_start_matches(marks).eq_ignore_ascii_case("the"))
}

/// The earlier mentions of the same finding, side and place that have one other size. Where several were said, nobody
/// knows which of them is meant; and one that has grown was right before.
fn resized(
    lexicon: &Lexicon,
    later: &Mention,
    sentences: &[Sentence],
    before: impl Fn(usize, &Mention) -> bool,
) -> Vec<(usize, usize)> {
    let Some(size) = later.size.filter(|size| size.earlier_mm.is_none() && is_there(later)) else {
        return Vec::new();
    };
    let mut taken = Vec::new();
    let mut known_mm = None;
    for (place, sentence) in sentences.iter().enumerate() {
        for (number, known) in sentence.mentions.iter().enumerate() {
            let same = known.finding == later.finding && is_there(known) && before(place, known);
            let here = same && same_side(later, known) && same_place(lexicon, later, known);
            let Some(old) = known.size.filter(|_| here) else { continue };
            if old.longest_mm == size.longest_mm || known_mm.is_some_and(|known| known != old.longest_mm) {
                return Vec::new();
            }
            known_mm = Some(old.longest_mm);
            taken.push((place, number));
        }
    }
    taken
}

fn is_there(mention: &Mention) -> bool {
    matches!(mention.assertion, Assertion::Present | Assertion::Uncertain)
}

/// Whether both are there, one on the left and one on the right.
fn other_side(later: &Mention, earlier: &Mention) -> bool {
    let sides = (later.laterality, earlier.laterality);
    let apart = [(Laterality::Left, Laterality::Right), (Laterality::Right, Laterality::Left)];
    is_there(later)
        && is_there(earlier)
        && apart.iter().any(|&(one, other)| sides == (Some(one), Some(other)))
}

/// Whether both may be on one side. What is denied of one side leaves the other side of "bilateral" as it is.
fn same_side(later: &Mention, earlier: &Mention) -> bool {
    match (later.laterality, earlier.laterality) {
        (None, _) | (_, None) | (Some(Laterality::Bilateral), _) => true,
        (one, other) => one == other,
    }
}

/// Whether both may be in one place.
fn same_place(lexicon: &Lexicon, later: &Mention, earlier: &Mention) -> bool {
    if later.places.is_empty() || earlier.places.is_empty() {
        return true;
    }
    let within = |inner: &str, outer: &str| lexicon.places().inside(outer).iter().any(|id| **id == *inner);
    later.places.iter().any(|one| {
        earlier.places.iter().any(|other| within(&one.id, &other.id) || within(&other.id, &one.id))
    })
}

/// Marks the words around the mentions that are taken back: those up to the next joint, comma or other mention.
fn mark_runs(text: &str, sentence: &mut Sentence) {
    let mut runs: Vec<Run> = Vec::with_capacity(sentence.runs.len() + 2);
    for run in &sentence.runs {
        let inside: Vec<&Mention> =
            sentence.mentions.iter().filter(|mention| mention.span.overlaps(run.span)).collect();
        if !inside.iter().any(|mention| mention.overridden) {
            runs.push(*run);
        } else if inside.iter().all(|mention| mention.overridden) {
            runs.push(Run { overridden: true, ..*run });
        } else {
            split(text, run, &inside, &mut runs);
        }
    }
    sentence.runs = runs;
}

/// The pieces of a run between its joints, each taken back or not.
fn split(text: &str, run: &Run, mentions: &[&Mention], out: &mut Vec<Run>) {
    let mut start = run.span.start;
    let mut pieces: Vec<Span> = Vec::new();
    for (at, word) in words(text, run.span) {
        let joins = ["and", "or", "with", "but"].iter().any(|joint| word.eq_ignore_ascii_case(joint));
        let behind_mark = text[start as usize..at].trim_end().ends_with([',', ';', '/']);
        let at = at as u32;
        // No piece begins inside a mention.
        let free = mentions.iter().all(|mention| at <= mention.span.start || mention.span.end <= at);
        if (joins || behind_mark) && at > start && free {
            pieces.push(Span { start, end: at });
            start = at;
        }
    }
    pieces.push(Span { start, end: run.span.end });
    for piece in pieces {
        let inside = || mentions.iter().filter(|mention| mention.span.overlaps(piece));
        let overridden = inside().next().is_some() && inside().all(|mention| mention.overridden);
        let trimmed = text[piece.range()].trim_end_matches(|c: char| !c.is_alphanumeric());
        let end = piece.start + trimmed.len() as u32;
        if end == piece.start {
            continue;
        }
        match out.last_mut().filter(|last| last.overridden == overridden && last.span.start >= run.span.start)
        {
            Some(last) => last.span.end = end,
            None => out.push(Run { span: Span { start: piece.start, end }, overridden, ..*run }),
        }
    }
}

/// The words of a span with their places.
fn words(text: &str, span: Span) -> impl Iterator<Item = (usize, &str)> {
    let inside = &text[span.range()];
    let start = span.range().start;
    let is_word = char::is_alphanumeric;
    inside.split(move |c: char| !is_word(c)).filter(|word| !word.is_empty()).map(move |word| {
        // Where a piece of a text stands in it.
        (start + word.as_ptr() as usize - inside.as_ptr() as usize, word)
    })
}
