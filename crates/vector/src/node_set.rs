//! Which nodes a search has met.

use crate::kernel::chosen;
use crate::kernel::codes::CodeKernels;
use crate::query_view::{GROUP, LINE_BYTES};

/// Words of bits in a line.
const WORDS_OF_A_LINE: usize = LINE_BYTES / size_of::<u32>();

/// Which of a number of nodes were met.
#[derive(Clone)]
pub struct NodeSet {
    /// A bit per node.
    words: Vec<u32>,
    /// The nodes that were met, in that order, and behind them room for what a kernel writes.
    met: Vec<u32>,
    count: usize,
    nodes: u32,
    kernels: &'static CodeKernels,
}

impl Default for NodeSet {
    /// Of no nodes.
    fn default() -> Self {
        Self { words: Vec::new(), met: Vec::new(), count: 0, nodes: 0, kernels: &chosen().codes }
    }
}

impl NodeSet {
    /// Empties it, and makes room for a number of nodes.
    pub fn reset(&mut self, nodes: usize) {
        // A line is cleared as a whole in the time of one word elsewhere.
        if self.words.len() / WORDS_OF_A_LINE <= self.count {
            self.words.fill(0);
        } else {
            for &node in &self.met[..self.count] {
                if let Some(word) = self.words.get_mut(node as usize / 32) {
                    *word = 0;
                }
            }
        }
        self.count = 0;
        self.nodes = nodes as u32;
        let words = nodes.div_ceil(32);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
    }

    /// Notes a node; whether it is new. None for a node past the end.
    #[inline]
    pub fn add(&mut self, node: u32) -> Option<bool> {
        if self.holds(node)? {
            return Some(false);
        }
        if self.met.len() < self.count + 1 + GROUP {
            self.met.resize(2 * (self.count + 1 + GROUP), 0);
        }
        self.met[self.count] = node;
        self.count += 1;
        if let Some(word) = self.words.get_mut(node as usize / 32) {
            *word |= 1 << (node % 32);
        }
        Some(true)
    }

    /// Notes nodes, up to the first `u32::MAX`, and gives the new ones, in the order given. None is expected twice; one
    /// that is would be new twice. The first node past the end is an error.
    #[inline]
    pub fn add_all(&mut self, nodes: &[u32]) -> Result<&[u32], u32> {
        let start = self.count;
        if self.met.len() < start + nodes.len() + GROUP {
            self.met.resize(2 * (start + nodes.len() + GROUP), 0);
        }
        let found = (self.kernels.unmet)(&self.words, nodes, self.nodes, &mut self.met[start..])?;
        let new = &self.met[start..start + found];
        for &node in new {
            if let Some(word) = self.words.get_mut(node as usize / 32) {
                *word |= 1 << (node % 32);
            }
        }
        self.count += found;
        Ok(new)
    }

    /// Whether a node was met; none for one past the end.
    #[inline]
    pub fn holds(&self, node: u32) -> Option<bool> {
        let word = self.words.get(node as usize / 32).filter(|_| node < self.nodes)?;
        Some(word >> (node % 32) & 1 == 1)
    }

    /// The nodes that were met from a place on, in that order.
    #[inline]
    pub fn met(&self, range: std::ops::Range<usize>) -> &[u32] {
        self.met[..self.count].get(range).unwrap_or_default()
    }

    /// The memory of the list of those that were met, which is most of it where many are.
    pub fn met_bytes(&self) -> usize {
        self.met.capacity() * size_of::<u32>()
    }

    /// How many nodes were met.
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_new_once() {
        let mut set = NodeSet::default();
        for nodes in [3, 200, 130] {
            set.reset(nodes);
            for node in [1, 2, 0] {
                assert_eq!((set.add(node), set.add(node)), (Some(true), Some(false)));
            }
            assert_eq!(set.add(nodes as u32), None, "a node outside is never new");
            assert_eq!(set.add_all(&[0, nodes as u32, 1]), Err(nodes as u32));
            assert_eq!(set.met(1..3), [2, 0]);
            assert_eq!(set.count(), 3);
        }
        for _ in 0..3 {
            set.reset(640);
            let all: Vec<u32> = (0..640).rev().collect();
            assert_eq!(set.add_all(&all[..77]).unwrap(), &all[..77]);
            assert_eq!(set.add_all(&all).unwrap(), &all[77..]);
            assert_eq!(set.add_all(&all).unwrap(), &[]);
        }
    }
}
