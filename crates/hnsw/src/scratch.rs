//! The memory of a search, kept from one search to the next.

use crate::frontier::Frontier;
use crate::settle::Measured;
use precedent_vector::{NodeSet, PreparedQuery, SortedKeys};
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Working memory of one search: a bit per node, the keys that are held, and the query in the form of the codes. After a
/// first search a second one of the same size allocates only its result.
#[derive(Default)]
pub struct Scratch {
    pub(crate) visited: NodeSet,
    /// What a walk or a scan found, by estimate.
    pub(crate) held: SortedKeys,
    /// Where a walk over blocks may go on.
    pub(crate) frontier: Frontier,
    /// The accepted ones of these, where a walk looked for such.
    pub(crate) accepted: SortedKeys,
    /// What a scan found.
    pub(crate) scanned: Vec<u64>,
    pub(crate) query: PreparedQuery,
    /// Nodes whose codes are compared next.
    pub(crate) batch: Vec<u32>,
    pub(crate) links: Vec<u32>,
    /// Keys by the estimate from both codes.
    pub(crate) refined: Vec<u64>,
    /// Keys by the distance that was measured, of the nearest so far.
    pub(crate) exact: SortedKeys,
    /// What was measured.
    pub(crate) measured: Vec<Measured>,
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
}
