//! Parameters of a search.

/// How much to find, and with how much effort.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchParams {
    /// Most neighbours to return.
    pub k: usize,
    /// How far the walk goes: farther finds better neighbours and takes longer.
    pub breadth: WalkBreadth,
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WalkBreadth {
    /// Holds this many nodes, at least `k`, and expands each of them.
    Width(usize),
    /// Expands every node that is no farther than the k-th nearest by more than this share of its distance, to which a few
    /// deviations of the estimates are added.
    Slack(f32),
}

/// Restricts a walk to some of the nodes.
#[derive(Clone, Copy)]
pub struct Filter<'a> {
    /// Whether a node is one of them.
    pub accept: &'a dyn Fn(u32) -> bool,
    /// Their share of all nodes, above 0.
    pub share: f32,
    /// Codes that a walk may compare before it gives up because another path costs less.
    pub most_compared: usize,
}

/// Most nodes held by any walk, unless more are wanted: half a megabyte.
pub(crate) const HELD_MOST: usize = 1 << 16;
