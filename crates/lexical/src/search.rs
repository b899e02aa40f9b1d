//! The two questions to a snapshot: which documents are best, and how good are these.
//!
//! A document's score is the sum over the clauses in the order of the query, and the frequency of a clause the sum over
//! its alternatives in their order, in `top` and in `score`, in every segment. Floating-point addition depends on its
//! order, so one fixed order is what makes scores equal bit by bit. An alternative that a segment lacks adds nothing, and
//! adding zero changes no bit.

use crate::LexicalError;
use crate::pass::{Pass, Scratch};
use crate::query::TextQuery;
use crate::ranking::{Best, Collect, Every, Top};
use crate::snapshot::LexicalSnapshot;
use crate::walk::{open, score_one};

impl LexicalSnapshot {
    /// The best `k` live documents that match the query and are accepted, best first.
    ///
    /// `accepted` says which of 64 neighbouring documents of a segment are accepted: of word `w` those from `64 w` on, by bits from the
    /// lowest on. Equal scores go by `order`, which is asked with segment and ordinal, smaller first. `stop` is asked every few
    /// thousand documents; when it says so, what was found up to then is given.
    ///
    /// # Errors
    /// A failed read.
    pub fn top(
        &self,
        query: &TextQuery,
        k: usize,
        accepted: &dyn Fn(usize, usize) -> u64,
        order: &dyn Fn(usize, u32) -> u64,
        stop: &dyn Fn() -> bool,
    ) -> Result<Top, LexicalError> {
        if k == 0 || !query.is_searchable() {
            return Ok(Top::default());
        }
        let mut best = Best::new(k, order);
        let (scored, ended) = self.collect(query, accepted, &mut best, stop)?;
        Ok(Top { hits: best.into_hits(), scored, stopped: !ended })
    }

    /// Shows segment, ordinal and score of every live accepted document that matches the query with a score from `least` on; whether it came
    /// to the end. `accepted` and `stop` are as in [`Self::top`].
    ///
    /// # Errors
    /// A failed read.
    pub fn each(
        &self,
        query: &TextQuery,
        least: f32,
        accepted: &dyn Fn(usize, usize) -> u64,
        show: &mut dyn FnMut(usize, u32, f32),
        stop: &dyn Fn() -> bool,
    ) -> Result<bool, LexicalError> {
        if !query.is_searchable() {
            return Ok(true);
        }
        Ok(self.collect(query, accepted, &mut Every { least, show }, stop)?.1)
    }

    /// How many documents were scored, and whether it came to the end.
    fn collect(
        &self,
        query: &TextQuery,
        accepted: &dyn Fn(usize, usize) -> u64,
        collect: &mut impl Collect,
        stop: &dyn Fn() -> bool,
    ) -> Result<(usize, bool), LexicalError> {
        let Some(weights) = self.weights(query, stop)? else { return Ok((0, false)) };
        let mut scored = 0;
        let mut scratch = Scratch::new();
        for (number, part) in self.parts().iter().enumerate() {
            let Some(walks) = open(part, query, &weights)? else { continue };
            let accepted = |word: usize| accepted(number, word);
            let mut pass = Pass::new(number, part, walks, &accepted, &mut scratch);
            let ended = pass.run(collect, stop);
            scored += pass.scored();
            if !ended {
                return Ok((scored, false));
            }
        }
        Ok((scored, true))
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
