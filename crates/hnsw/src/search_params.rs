//! What is asked of a search.

/// How much to find, and how hard to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchParams {
    /// Neighbours to return at most.
    pub k: usize,
    /// How far the walk goes: more finds better ones and takes longer.
    pub breadth: WalkBreadth,
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WalkBreadth {
    /// So many nodes are held, at least `k`, and each is walked on from.
    Width(usize),
    /// Every node is walked on from that is no farther than the k-th nearest by more than this share of its distance, to which a
    /// few deviations of the estimates are added.
    Slack(f32),
}

/// The nodes that a walk looks for, where these are not all.
#[derive(Clone, Copy)]
pub struct Filter<'a> {
    /// Which they are.
    pub accept: &'a dyn Fn(u32) -> bool,
    /// The share of all nodes that they are, above 0.
    pub share: f32,
    /// Codes that a walk may compare before it gives up, because another way costs less.
    pub most_compared: usize,
}

/// Nodes that any walk holds at most, but for one that more are wanted of: half a megabyte.
pub(crate) const HELD_MOST: usize = 1 << 16;
