//! The best hits seen so far.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A document that matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LexicalHit {
    /// Which segment of the snapshot, from 0.
    pub segment: usize,
    /// Which document of the segment.
    pub ordinal: u32,
    /// BM25; more is better.
    pub score: f32,
}

/// The answer of a snapshot to a query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Top {
    /// The best accepted matches, best first.
    pub hits: Vec<LexicalHit>,
    /// Live accepted documents that match the query and were looked at. Where few hits are asked for, documents
    /// that could not be among them are passed over.
    pub scored: usize,
    /// Whether the search was told to stop before it had seen everything.
    pub stopped: bool,
}

/// Greater is worse, so that the worst of a heap lies on top. The order is asked for only where scores are equal: it lies somewhere in
/// a table of all documents.
struct Ranked<'a> {
    hit: LexicalHit,
    order: &'a dyn Fn(usize, u32) -> u64,
    known: Cell<Option<u64>>,
}

impl Ranked<'_> {
    fn place(&self) -> (u64, usize, u32) {
        let LexicalHit { segment, ordinal, .. } = self.hit;
        let order = self.known.get().unwrap_or_else(|| (self.order)(segment, ordinal));
        self.known.set(Some(order));
        (order, segment, ordinal)
    }
}

impl Ord for Ranked<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.hit.score.total_cmp(&self.hit.score).then_with(|| self.place().cmp(&other.place()))
    }
}

impl PartialOrd for Ranked<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked<'_> {}

/// What is done with the documents that match.
pub(crate) trait Collect {
    /// Documents with scores below this one are of no use. It never falls.
    fn least(&self) -> f32;

    /// Takes a document of at least that score.
    fn offer(&mut self, hit: LexicalHit);
}

/// Shows every document from a score on.
pub(crate) struct Every<'a> {
    pub(crate) least: f32,
    pub(crate) show: &'a mut dyn FnMut(usize, u32, f32),
}

impl Collect for Every<'_> {
    fn least(&self) -> f32 {
        self.least
    }

    fn offer(&mut self, hit: LexicalHit) {
        (self.show)(hit.segment, hit.ordinal, hit.score);
    }
}

/// Keeps the best `k` of the hits offered.
pub(crate) struct Best<'a> {
    k: usize,
    heap: BinaryHeap<Ranked<'a>>,
    order: &'a dyn Fn(usize, u32) -> u64,
    least: f32,
}

impl Collect for Best<'_> {
    fn least(&self) -> f32 {
        self.least
    }

    fn offer(&mut self, hit: LexicalHit) {
        let ranked = Ranked { hit, order: self.order, known: Cell::new(None) };
        let full = self.heap.len() >= self.k;
        if full && self.heap.peek().is_none_or(|worst| ranked >= *worst) {
            return;
        }
        if full {
            self.heap.pop();
        }
        self.heap.push(ranked);
        if self.heap.len() >= self.k {
            self.least = self.heap.peek().map_or(self.least, |worst| worst.hit.score);
        }
    }
}

impl<'a> Best<'a> {
    pub(crate) fn new(k: usize, order: &'a dyn Fn(usize, u32) -> u64) -> Self {
        // `k` may be far above the number of documents.
        Self { k, heap: BinaryHeap::with_capacity(k.min(1024)), order, least: f32::NEG_INFINITY }
    }

    /// Best first.
    pub(crate) fn into_hits(self) -> Vec<LexicalHit> {
        self.heap.into_sorted_vec().into_iter().map(|ranked| ranked.hit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_and_ties_go_by_order() {
        let hits: Vec<LexicalHit> = (0..40)
            .map(|i| LexicalHit { segment: i % 2, ordinal: i as u32 / 2, score: (i * 7 % 5) as f32 })
            .collect();
        let order = |segment: usize, ordinal: u32| u64::from(1000 - ordinal * 2) - segment as u64;
        let mut expected: Vec<LexicalHit> = hits.clone();
        expected.sort_by(|a, b| {
            b.score.total_cmp(&a.score).then(order(a.segment, a.ordinal).cmp(&order(b.segment, b.ordinal)))
        });
        for k in [0, 1, 5, 26, usize::MAX] {
            let mut best = Best::new(k, &order);
            for &hit in &hits {
                best.offer(hit);
                let worst = best.heap.peek().filter(|_| best.heap.len() == k);
                assert_eq!(best.least(), worst.map_or(f32::NEG_INFINITY, |worst| worst.hit.score));
            }
            assert_eq!(best.into_hits(), expected[..k.min(expected.len())]);
        }
    }
}
