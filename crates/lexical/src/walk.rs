//! The clauses of a query in one segment, each a walk over its documents.

use crate::LexicalError;
use crate::clause::{Clause, Occur};
use crate::cursor::{Cursor, END};
use crate::query::TextQuery;
use crate::reader::Lengths;
use crate::snapshot::LivePart;
use crate::statistics::Weight;
use crate::window::{Lane, Marks, Tokens, WINDOW};

/// Of so many documents in a window, going over all of it is faster than over them alone.
const DENSE: usize = WINDOW as usize / 8;

/// A clause in a segment.
pub(crate) struct Walk {
    pub(crate) occur: Occur,
    pub(crate) weight: Weight,
    lengths: Lengths,
    /// The alternatives that the segment holds, in the order of the clause, with their boosts. Never none.
    cursors: Vec<(f32, Cursor)>,
}

impl Walk {
    fn open(part: &LivePart, clause: &Clause, weight: Weight) -> Result<Option<Self>, LexicalError> {
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
    pub(crate) fn document(&self) -> u32 {
        self.cursors.iter().map(|(_, cursor)| cursor.document()).min().unwrap_or(END)
    }

    /// Goes to the first document from `target` on; stays where that is behind.
    pub(crate) fn seek(&mut self, target: u32) {
        self.cursors.iter_mut().for_each(|(_, cursor)| cursor.seek(target));
    }

    /// How many documents of a window the clause holds for, on average.
    pub(crate) fn documents_in_a_window(&self, part: &LivePart) -> usize {
        self.listed_in_a_window(part).sum()
    }

    /// The same for each alternative.
    pub(crate) fn listed_in_a_window(&self, part: &LivePart) -> impl Iterator<Item = usize> {
        let all = u64::from(part.segment.document_count().max(WINDOW));
        let of_cursor = move |cursor: &Cursor| u64::from(cursor.document_count()) * u64::from(WINDOW) / all;
        self.cursors.iter().map(move |(_, cursor)| of_cursor(cursor) as usize)
    }

    /// What the clause adds to the score of a document from where the walk stands on, if it holds for it.
    pub(crate) fn score(&mut self, document: u32) -> Option<f32> {
        let frequency = self.frequency(document)?;
        Some(self.weight.score(frequency, self.lengths.of(document)))
    }

    /// Fills an empty lane with what the clause adds to the documents of the window from `base` on.
    /// Those that are not accepted may be left out.
    pub(crate) fn fill(&mut self, lane: &mut Lane, base: u32, part: &LivePart, accepted: &Marks) {
        let count: u32 = accepted.iter().map(|marks| marks.count_ones()).sum();
        // Where most are left out it is worth the time to look which.
        let sieve = (count < WINDOW / 2).then_some(accepted);
        let listed = self.documents_in_a_window(part).min(count as usize) < DENSE;
        let Self { weight, lengths, cursors, .. } = self;
        let (weight, end) = (*weight, base.saturating_add(WINDOW));
        let here = lengths.as_slice().get(base as usize..).unwrap_or_default();
        let last;
        let lengths = match here.first_chunk() {
            Some(lengths) => lengths,
            None => {
                last = padded(here);
                &last
            }
        };
        cursors.iter_mut().for_each(|(_, cursor)| cursor.seek(base));
        if let [(boost, cursor)] = &mut cursors[..] {
            // The frequency of the only alternative is the sum.
            let boost = *boost;
            cursor.visit_sieved(end, sieve, |documents, frequencies| {
                lane.put_run(documents, frequencies, lengths, |frequency, tokens| {
                    weight.score(boost * frequency as f32, tokens)
                });
            });
            return;
        }
        for (boost, cursor) in cursors {
            cursor.visit_sieved(end, sieve, |documents, frequencies| {
                lane.add_run(documents, frequencies, *boost, listed);
            });
        }
        lane.convert(lengths, listed, |frequency, tokens| weight.score(frequency, tokens));
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

/// The tokens of the last documents of a segment, followed by none.
fn padded(tokens: &[[u8; 4]]) -> Tokens {
    let mut padded = [[0; 4]; WINDOW as usize];
    padded.iter_mut().zip(tokens).for_each(|(to, from)| *to = *from);
    padded
}

/// The clauses that a segment holds, in the order of the query, or `None` where nothing can match.
pub(crate) fn open(
    part: &LivePart,
    query: &TextQuery,
    weights: &[Weight],
) -> Result<Option<Vec<Walk>>, LexicalError> {
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

/// The score of a document from where the walks stand on, if it matches.
pub(crate) fn score_one(walks: &mut [Walk], ordinal: u32) -> Option<f32> {
    let mut score = None;
    for walk in walks {
        match (walk.occur, walk.score(ordinal)) {
            (Occur::MustNot, Some(_)) | (Occur::Must, None) => return None,
            (Occur::Should | Occur::Must, Some(added)) => score = Some(score.unwrap_or(0.0) + added),
            (Occur::MustNot | Occur::Should, None) => {}
        }
    }
    score
}
