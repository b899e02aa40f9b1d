//! Sets of consecutive numbers in a segment: of cases, or of nodes.

use fixedbitset::FixedBitSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A set of ordinals below a fixed number of cases. Clones share their bits until one of them changes: every search starts from
/// the live cases, and most searches exclude none.
#[derive(Debug)]
pub struct OrdinalSet {
    bits: Arc<FixedBitSet>,
    /// The size of the set, or [`UNCOUNTED`]: planning asks for it several times, and counting a million bits takes as long as a
    /// walk through a graph.
    counted: AtomicUsize,
}

/// The set has changed since it was counted.
const UNCOUNTED: usize = usize::MAX;

impl Clone for OrdinalSet {
    fn clone(&self) -> Self {
        Self { bits: Arc::clone(&self.bits), counted: AtomicUsize::new(self.counted.load(Relaxed)) }
    }
}

impl PartialEq for OrdinalSet {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl Eq for OrdinalSet {}

impl OrdinalSet {
    /// The empty set, out of `cases` cases.
    pub fn none(cases: usize) -> Self {
        Self { bits: Arc::new(FixedBitSet::with_capacity(cases)), counted: AtomicUsize::new(0) }
    }

    /// The set of all `cases` cases.
    pub fn all(cases: usize) -> Self {
        let mut bits = FixedBitSet::with_capacity(cases);
        bits.insert_range(..);
        Self { bits: Arc::new(bits), counted: AtomicUsize::new(cases) }
    }

    /// The number of cases in the segment.
    pub fn cases(&self) -> usize {
        self.bits.len()
    }

    /// The number of cases in the set.
    pub fn count(&self) -> usize {
        let known = self.counted.load(Relaxed);
        if known != UNCOUNTED {
            return known;
        }
        let count = self.bits.count_ones(..);
        self.counted.store(count, Relaxed);
        count
    }

    fn changed(&mut self) -> &mut FixedBitSet {
        *self.counted.get_mut() = UNCOUNTED;
        Arc::make_mut(&mut self.bits)
    }

    /// Whether a case is in the set; never true of a case that the segment does not have.
    #[inline]
    pub fn contains(&self, ordinal: u32) -> bool {
        self.bits.contains(ordinal as usize)
    }

    /// Which of 64 neighbouring ordinals are in the set, starting with `64 * index` in the lowest bit.
    #[inline]
    pub fn word(&self, index: usize) -> u64 {
        const PARTS: usize = 64 / usize::BITS as usize;
        let (parts, start) = (self.bits.as_slice(), index * PARTS);
        let here = parts.get(start..parts.len().min(start + PARTS)).unwrap_or_default();
        here.iter().rev().fold(0, |word, &part| word << (usize::BITS % 64) | part as u64)
    }

    /// Adds a case; ignores it if the segment does not have it.
    pub fn insert(&mut self, ordinal: u32) {
        if (ordinal as usize) < self.bits.len() {
            self.changed().insert(ordinal as usize);
        }
    }

    /// Adds cases; ignores those that the segment does not have.
    pub fn insert_all(&mut self, ordinals: &[u32]) {
        let bits = self.changed();
        for &ordinal in ordinals {
            if (ordinal as usize) < bits.len() {
                bits.insert(ordinal as usize);
            }
        }
    }

    /// Removes a case.
    pub fn remove(&mut self, ordinal: u32) {
        if (ordinal as usize) < self.bits.len() {
            self.changed().remove(ordinal as usize);
        }
    }

    /// Keeps the cases that are in both sets.
    pub fn intersect(&mut self, other: &Self) {
        self.changed().intersect_with(&other.bits);
    }

    /// Adds the cases of the other set.
    pub fn unite(&mut self, other: &Self) {
        self.changed().union_with(&other.bits);
    }

    /// Removes the cases of the other set.
    pub fn subtract(&mut self, other: &Self) {
        self.changed().difference_with(&other.bits);
    }

    /// The ordinals in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.bits.ones().map(|ordinal| ordinal as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_that_of_the_set_as_it_is() {
        let mut set = OrdinalSet::all(130);
        assert_eq!((set.count(), OrdinalSet::none(7).count()), (130, 0));
        set.remove(129);
        set.remove(400);
        assert_eq!((set.count(), set.clone().count()), (129, 129));
        let mut few = OrdinalSet::none(130);
        few.insert(3);
        few.insert(129);
        few.insert(500);
        assert_eq!(few.count(), 2);
        let mut same = OrdinalSet::none(130);
        same.insert_all(&[3, 500, 129, 3]);
        assert_eq!((same.count(), same == few), (2, true));
        assert_eq!([set.word(0), set.word(1), set.word(2), set.word(3)], [u64::MAX, u64::MAX, 1, 0]);
        assert_eq!([few.word(0), few.word(2)], [8, 2]);
        let copy = set.clone();
        set.intersect(&few);
        assert_eq!(set.count(), 1);
        set.unite(&few);
        assert_eq!((set.count(), set == few), (2, true));
        set.subtract(&copy);
        assert_eq!(set.count(), 1);
    }
}
