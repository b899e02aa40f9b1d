//! The two questions to a snapshot: which documents are best, and how good are these.
//!
//! A document's score is the sum over the clauses in the order of the query, and the frequency of a clause the sum over
//! its alternatives in their order, in `top` and in `score`, in every segment. Floating-point addition depends on its
//! order, so one fixed order is what makes scores equal bit by bit. An alternative that a segment lacks adds nothing, and
//! adding zero changes no bit.

use crate::LexicalError;
use crate::pass::{Pass, Scratch};
use crate::query::TextQuery;
use crate::ranking::{Best, Top};
use crate::snapshot::LexicalSnapshot;
use crate::walk::{open, score_one};

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
        let mut scratch = Scratch::new();
        for (number, part) in self.parts().iter().enumerate() {
            let Some(walks) = open(part, query, &weights)? else { continue };
            let mut pass = Pass::new(number, part, walks, &mut scratch);
            stopped = !pass.run(&mut best, stop);
            scored += pass.scored();
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
