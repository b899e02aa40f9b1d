//! Nodes that a walk would not have reached, and what was done about them.

/// The result of the audit after a build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audit {
    /// Nodes that no walk from the entry point over level 0 would have reached.
    pub unreachable_before: usize,
    /// Links added for them; a single one can bring back many nodes.
    pub repaired: usize,
}
