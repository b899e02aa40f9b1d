//! What became of the nodes that a walk would not have met.

/// What the audit after a build found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audit {
    /// Nodes that no walk from the entry point over level 0 would have met.
    pub unreachable_before: usize,
    /// Links that were added for them; one can bring back many nodes.
    pub repaired: usize,
}
