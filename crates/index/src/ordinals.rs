//! Sets of dense numbers of one segment: of cases, or of nodes.

use fixedbitset::FixedBitSet;

/// A set of ordinals below a fixed number of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdinalSet(FixedBitSet);

impl OrdinalSet {
    /// No case out of `cases`.
    pub fn none(cases: usize) -> Self {
        Self(FixedBitSet::with_capacity(cases))
    }

    /// Every case out of `cases`.
    pub fn all(cases: usize) -> Self {
        let mut set = Self::none(cases);
        set.0.insert_range(..);
        set
    }

    /// How many cases the segment has.
    pub fn cases(&self) -> usize {
        self.0.len()
    }

    /// How many are in the set.
    pub fn count(&self) -> usize {
        self.0.count_ones(..)
    }

    /// Whether a case is in the set; one that the segment does not have is not.
    #[inline]
    pub fn contains(&self, ordinal: u32) -> bool {
        self.0.contains(ordinal as usize)
    }

    /// Adds a case. One that the segment does not have is ignored.
    pub fn insert(&mut self, ordinal: u32) {
        if (ordinal as usize) < self.0.len() {
            self.0.insert(ordinal as usize);
        }
    }

    /// Takes a case out.
    pub fn remove(&mut self, ordinal: u32) {
        if (ordinal as usize) < self.0.len() {
            self.0.remove(ordinal as usize);
        }
    }

    /// Keeps what is in both.
    pub fn intersect(&mut self, other: &Self) {
        self.0.intersect_with(&other.0);
    }

    /// Adds what is in the other.
    pub fn unite(&mut self, other: &Self) {
        self.0.union_with(&other.0);
    }

    /// Takes out what is in the other.
    pub fn subtract(&mut self, other: &Self) {
        self.0.difference_with(&other.0);
    }

    /// The ordinals, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.ones().map(|ordinal| ordinal as u32)
    }
}
