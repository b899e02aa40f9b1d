//! The two questions to a snapshot: which documents are best, and how good are these.
//!
//! Every matching document is scored. tantivy skips blocks of a posting list whose best score cannot enter the top,
//! but the bounds that it keeps per block (one length and one frequency) are those that were best under the average
//! length of the segment alone. Under the average of the snapshot another document of the block may score higher, so
//! the bound is none and a hit could be lost.
//!
//! A document's score is the sum over the clauses in the order of the query, and the frequency of a clause the sum over
//! its alternatives in their order, in `top` and in `score`, in every segment. Floating-point addition depends on its
//! order, so one fixed order is what makes scores equal bit by bit. An alternative that a segment lacks adds nothing, and
//! adding zero changes no bit.

use crate::LexicalError;
use crate::clause::{Clause, Occur};
use crate::cursor::{Cursor, END};
use crate::query::TextQuery;
use crate::ranking::{Best, LexicalHit, Top};
use crate::reader::Lengths;
use crate::snapshot::{LexicalSnapshot, Part};
use crate::statistics::Weight;
use crate::window::{WINDOW, Window};

impl LexicalSnapshot {
    /// The best `k` live documents that match the query and are accepted, best first.
    ///
    /// `accept` is asked with segment and ordinal, and only about documents that would be among the best. Equal scores
    /// go by `order`, smaller first. `stop` is asked every few thousand documents; when it says so, what was found up
    /// to then is given.
    ///
    /// # Errors
    /// A failed read.
    pub fn top(
        &self,
        query: &TextQuery,
        k: usize,
        accept: &dyn Fn(usize, u32) -> bool,
        order: &dyn Fn(usize, u32) -> u64,
        stop: &dyn Fn() -> bool,
    ) -> Result<Top, LexicalError> {
        if k == 0 || !query.is_searchable() {
            return Ok(Top::default());
        }
        let Some(weights) = self.weights(query, stop)? else {
            return Ok(Top { stopped: true, ..Top::default() });
        };
        let mut best = Best::new(k, accept, order);
        let (mut scored, mut stopped) = (0, false);
        let mut window = Window::new();
        for (number, part) in self.parts().iter().enumerate() {
            let Some(mut walks) = open(part, query, &weights)? else { continue };
            stopped = !walk(part, &mut walks, &mut window, stop, |ordinal, score| {
                scored += 1;
                if score >= best.least {
                    best.offer(LexicalHit { segment: number, ordinal, score });
                }
            });
            if stopped {
                break;
            }
        }
        Ok(Top { hits: best.into_hits(), scored, stopped })
    }

    /// The scores of given documents of a segment, in the order given: those that `top` gives, or `None` where a
    /// document does not match, is deleted or is not there.
    ///
    /// # Errors
    /// A failed read.
    pub fn score(
        &self,
        query: &TextQuery,
        segment: usize,
        ordinals: &[u32],
    ) -> Result<Vec<Option<f32>>, LexicalError> {
        let mut scores = vec![None; ordinals.len()];
        let Some(part) = self.parts().get(segment).filter(|_| query.is_searchable()) else {
            return Ok(scores);
        };
        let Some(weights) = self.weights(query, &|| false)? else { return Ok(scores) };
        let Some(mut walks) = open(part, query, &weights)? else { return Ok(scores) };
        // Walks only go forward.
        let mut ascending: Vec<usize> = (0..ordinals.len()).collect();
        ascending.sort_unstable_by_key(|&place| ordinals[place]);
        for place in ascending {
            let ordinal = ordinals[place];
            if ordinal < part.segment.document_count() && !part.is_deleted(ordinal) {
                scores[place] = score_one(&mut walks, ordinal);
            }
        }
        Ok(scores)
    }
}

/// A clause in a segment.
struct Walk {
    occur: Occur,
    weight: Weight,
    lengths: Lengths,
    /// The alternatives that the segment holds, in the order of the clause, with their boosts. Never none.
    cursors: Vec<(f32, Cursor)>,
}

impl Walk {
    fn open(part: &Part, clause: &Clause, weight: Weight) -> Result<Option<Self>, LexicalError> {
        let known = part.segment.knows_assertions() || clause.fallback.is_none();
        let alternatives = if known { &clause.alternatives[..] } else { clause.fallback.as_slice() };
        let mut cursors = Vec::with_capacity(alternatives.len());
        for alternative in alternatives {
            let cursor = Cursor::open(&part.segment, alternative.field, &alternative.words)?;
            cursors.extend(cursor.map(|cursor| (alternative.boost.value(), cursor)));
        }
        if cursors.is_empty() {
            return Ok(None);
        }
        let lengths = part.segment.lengths(clause.field())?;
        Ok(Some(Self { occur: clause.occur, weight, lengths, cursors }))
    }

    /// The first document that any alternative stands at, or [`END`].
    fn document(&self) -> u32 {
        self.cursors.iter().map(|(_, cursor)| cursor.document()).min().unwrap_or(END)
    }

    /// The frequency in a document from where the walk stands on, if any alternative is in it.
    fn frequency(&mut self, document: u32) -> Option<f32> {
        let mut sum = None;
        for (boost, cursor) in &mut self.cursors {
            cursor.seek(document);
            if cursor.document() == document {
                sum = Some(sum.unwrap_or(0.0) + *boost * cursor.frequency() as f32);
            }
        }
        sum
    }
}

/// The clauses that a segment holds, in the order of the query, or `None` where nothing can match.
fn open(part: &Part, query: &TextQuery, weights: &[Weight]) -> Result<Option<Vec<Walk>>, LexicalError> {
    let mut walks = Vec::with_capacity(weights.len());
    for (clause, &weight) in query.clauses().iter().zip(weights) {
        match Walk::open(part, clause, weight)? {
            Some(walk) => walks.push(walk),
            None if clause.occur == Occur::Must => return Ok(None),
            None => {}
        }
    }
    Ok(walks.iter().any(|walk| walk.occur != Occur::MustNot).then_some(walks))
}

fn score_one(walks: &mut [Walk], ordinal: u32) -> Option<f32> {
    let mut score = None;
    for walk in walks {
        match (walk.occur, walk.frequency(ordinal)) {
            (Occur::MustNot, Some(_)) | (Occur::Must, None) => return None,
            (Occur::Should | Occur::Must, Some(frequency)) => {
                let added = walk.weight.score(frequency, walk.lengths.of(ordinal));
                score = Some(score.unwrap_or(0.0) + added);
            }
            (Occur::MustNot | Occur::Should, None) => {}
        }
    }
    score
}

/// Scores window after window; `false` when told to stop, without the window it was in.
fn walk(
    part: &Part,
    walks: &mut [Walk],
    window: &mut Window,
    stop: &dyn Fn() -> bool,
    mut each: impl FnMut(u32, f32),
) -> bool {
    loop {
        let base = next_match(walks);
        if base == END {
            return true;
        }
        let base = base / 64 * 64;
        window.move_to(base);
        for walk in &mut *walks {
            if stop() {
                return false;
            }
            add_clause(walk, window, base);
        }
        window.matches(|word| part.deleted_bits(word), &mut each);
    }
}

/// The first document that could match, from where the walks stand.
fn next_match(walks: &[Walk]) -> u32 {
    let at = |occur: Occur| walks.iter().filter(move |walk| walk.occur == occur).map(Walk::document);
    at(Occur::Must).max().or_else(|| at(Occur::Should).min()).unwrap_or(END)
}

fn add_clause(walk: &mut Walk, window: &mut Window, base: u32) {
    let Walk { occur, weight, lengths, cursors } = walk;
    let lengths = lengths.as_slice();
    let end = base.saturating_add(WINDOW);
    let score = |document: u32, frequency: f32| {
        let tokens = lengths.get(document as usize).map_or(0, |bytes| u32::from_le_bytes(*bytes));
        weight.score(frequency, tokens)
    };
    cursors.iter_mut().for_each(|(_, cursor)| cursor.seek(base));
    let mut bits = [0; WINDOW as usize / 64];
    match (&mut cursors[..], *occur) {
        (cursors, Occur::MustNot) => {
            for (_, cursor) in cursors {
                cursor.visit(end, |document, _| window.mark(&mut bits, document));
            }
            window.exclude(&bits);
        }
        // The frequency of the only alternative is the sum.
        ([(boost, cursor)], Occur::Should) => {
            let boost = *boost;
            cursor.visit(end, |document, frequency| {
                window.add(document, score(document, boost * frequency as f32));
            });
        }
        (cursors, occur) => {
            for (boost, cursor) in cursors {
                let boost = *boost;
                cursor.visit(end, |document, frequency| {
                    window.weigh(&mut bits, document, boost * frequency as f32);
                });
            }
            window.add_weighed(&bits, score);
            if occur == Occur::Must {
                window.require(&bits);
            }
        }
    }
}
