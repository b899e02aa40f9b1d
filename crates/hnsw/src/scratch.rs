//! The memory of a search, kept from one search to the next.

use crate::order::Key;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Working memory of one search: marks of visited nodes and the heaps. Two bytes a node plus what the widest search
/// so far needed. After a first search a second one of the same size allocates only its result.
#[derive(Default)]
pub struct Scratch {
    /// The search that visited each node last.
    marks: Vec<u16>,
    epoch: u16,
    pub(crate) open: BinaryHeap<Reverse<Key>>,
    pub(crate) best: BinaryHeap<Key>,
    pub(crate) links: Vec<u32>,
    pub(crate) hop: Vec<u32>,
    /// Rejected nodes that were looked through but not measured, and how many of them were walked on from.
    pub(crate) skipped: Vec<u32>,
    pub(crate) resumed: usize,
}

impl Scratch {
    /// Forgets the last search.
    pub(crate) fn begin(&mut self, nodes: usize) {
        if self.marks.len() < nodes {
            self.marks.resize(nodes, 0);
        }
        // Marks of the first search after a turn of the counter would look like those of 65,535 searches ago.
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.marks.fill(0);
            self.epoch = 1;
        }
        self.open.clear();
        self.best.clear();
        self.links.clear();
        self.skipped.clear();
        self.resumed = 0;
    }

    /// Whether this search has marked a node.
    #[inline]
    pub(crate) fn visited(&self, node: u32) -> bool {
        self.marks.get(node as usize).is_none_or(|mark| *mark == self.epoch)
    }

    /// Marks a node; false when this search has already marked it.
    #[inline]
    pub(crate) fn visit(&mut self, node: u32) -> bool {
        match self.marks.get_mut(node as usize) {
            Some(mark) if *mark != self.epoch => {
                *mark = self.epoch;
                true
            }
            _ => false,
        }
    }
}

/// Scratches that wait for searches. As many are kept as ever ran at once.
#[derive(Default)]
pub struct ScratchPool(Mutex<Vec<Scratch>>);

impl ScratchPool {
    /// A scratch for one search; it returns to the pool when it is dropped.
    pub fn take(&self) -> PooledScratch<'_> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        PooledScratch { scratch: waiting.unwrap_or_default(), pool: self }
    }
}

/// A scratch on loan from its pool.
pub struct PooledScratch<'a> {
    scratch: Scratch,
    pool: &'a ScratchPool,
}

impl Deref for PooledScratch<'_> {
    type Target = Scratch;

    fn deref(&self) -> &Scratch {
        &self.scratch
    }
}

impl DerefMut for PooledScratch<'_> {
    fn deref_mut(&mut self) -> &mut Scratch {
        &mut self.scratch
    }
}

impl Drop for PooledScratch<'_> {
    fn drop(&mut self) {
        let scratch = std::mem::take(&mut self.scratch);
        self.pool.0.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_new_once_per_search_also_when_the_counter_turns() {
        let mut scratch = Scratch::default();
        for _ in 0..=u32::from(u16::MAX) + 1 {
            scratch.begin(3);
            assert!(scratch.visit(1));
            assert!(!scratch.visit(1));
            assert!(scratch.visit(2));
        }
        assert!(!scratch.visit(3), "a node outside the graph is never new");
        scratch.begin(5);
        assert!(scratch.visit(4));
    }

    #[test]
    fn a_scratch_comes_back_to_its_pool() {
        let pool = ScratchPool::default();
        {
            let (mut first, second) = (pool.take(), pool.take());
            first.begin(100);
            assert_eq!(second.marks.len(), 0);
        }
        let lengths = [pool.take(), pool.take()].map(|scratch| scratch.marks.len());
        assert_eq!(lengths.iter().sum::<usize>(), 100);
    }
}
