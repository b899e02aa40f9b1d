//! The memory of a search, reused by the next one.

use crate::frontier::Frontier;
use crate::settle::Measured;
use precedent_vector::{NodeSet, PreparedQuery, SortedKeys};
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Working memory of a search: one bit per node, the held keys, and the query prepared for the codes. After the first search, one
/// of the same size allocates only its result.
#[derive(Default)]
pub struct Scratch {
    pub(crate) visited: NodeSet,
    /// What a walk or a scan found, by estimate.
    pub(crate) held: SortedKeys,
    /// Where a walk over blocks may continue.
    pub(crate) frontier: Frontier,
    /// The accepted ones of these, for a walk with a filter.
    pub(crate) accepted: SortedKeys,
    /// What a scan found.
    pub(crate) scanned: Vec<u64>,
    pub(crate) query: PreparedQuery,
    /// Nodes whose codes are compared next.
    pub(crate) batch: Vec<u32>,
    pub(crate) links: Vec<u32>,
    /// Keys by the estimate from both codes.
    pub(crate) refined: Vec<u64>,
    /// Keys by measured distance, of the nearest so far.
    pub(crate) exact: SortedKeys,
    /// What was measured.
    pub(crate) measured: Vec<Measured>,
}

/// Most bytes that an unused scratch may keep, besides one bit per node. A usual search takes less than a megabyte; one that took
/// more returns all of it.
const KEPT_BYTES: usize = 4 << 20;

impl Scratch {
    /// The bytes of everything that grows with the number of nodes wanted.
    fn bytes(&self) -> usize {
        let keys: usize = [&self.held, &self.accepted, &self.exact].map(SortedKeys::bytes).iter().sum();
        let lists = (self.scanned.capacity() + self.refined.capacity()) * size_of::<u64>();
        let measured = self.measured.capacity() * size_of::<Measured>();
        keys + lists + measured + self.frontier.bytes() + self.visited.met_bytes()
    }
}

/// Unused scratches. The pool keeps as many as were ever in use at once, each of a few megabytes at most.
#[derive(Default)]
pub struct ScratchPool(Mutex<Vec<Scratch>>);

impl ScratchPool {
    /// A scratch for one search; it returns to the pool when dropped.
    pub fn take(&self) -> PooledScratch<'_> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        PooledScratch { scratch: waiting.unwrap_or_default(), pool: self }
    }
}

/// A scratch borrowed from its pool.
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
        let mut scratch = std::mem::take(&mut self.scratch);
        if scratch.bytes() > KEPT_BYTES {
            scratch = Scratch::default();
        }
        self.pool.0.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_comes_back_to_its_pool() {
        let pool = ScratchPool::default();
        {
            let (mut first, second) = (pool.take(), pool.take());
            first.batch.resize(100, 0);
            assert_eq!(second.batch.len(), 0);
        }
        let lengths = [pool.take(), pool.take()].map(|scratch| scratch.batch.len());
        assert_eq!(lengths.iter().sum::<usize>(), 100);
    }

    #[test]
    fn a_scratch_that_grew_gives_its_memory_back() {
        let pool = ScratchPool::default();
        let grow: [fn(&mut Scratch, usize); 7] = [
            |scratch, size| scratch.held.reset(size),
            |scratch, size| scratch.accepted.reset(size),
            |scratch, size| scratch.exact.reset(size),
            |scratch, size| scratch.scanned.reserve(size),
            |scratch, size| scratch.refined.reserve(size),
            |scratch, size| scratch.measured.reserve(size),
            |scratch, size| {
                scratch.visited.reset(2 * size);
                (0..2 * size as u32).for_each(|node| assert_eq!(scratch.visited.add(node), Some(true)));
            },
        ];
        for grow in grow {
            for (size, is_kept) in [(100, true), (KEPT_BYTES / 8, false)] {
                grow(&mut pool.take(), size);
                let scratch = pool.take();
                assert!(scratch.bytes() <= KEPT_BYTES);
                assert_eq!(scratch.bytes() > Scratch::default().bytes(), is_kept);
            }
            *pool.take() = Scratch::default();
        }
    }
}
