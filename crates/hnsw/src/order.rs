//! Distance and node in one number that sorts like the pair.

/// A node that was found, with its distance to the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Number of the node, which is its row.
    pub node: u32,
    /// Distance to the query; less is nearer.
    pub distance: f32,
}

/// The result of a search or a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The nearest nodes, sorted by distance and then by node.
    pub neighbours: Vec<Neighbour>,
    /// Number of distances computed.
    pub visited: usize,
    /// Whether the caller stopped it: the neighbours are then the best so far.
    pub stopped: bool,
}

/// A neighbour as a single integer, which sorts by distance and then by node: heaps need one comparison, and ties are never
/// random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u64);

impl Key {
    /// `None` for a distance that is not a number, which has no place in an order.
    #[inline]
    pub fn new(distance: f32, node: u32) -> Option<Self> {
        (!distance.is_nan()).then(|| Self(precedent_vector::key(distance, node)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_one_and_not_a_number_is_none() {
        assert_eq!(Key::new(-0.0, 7), Key::new(0.0, 7));
        assert_eq!(Key::new(f32::NAN, 7), None);
        assert!(Key::new(f32::NEG_INFINITY, 9) < Key::new(f32::MIN, 0));
        assert!(Key::new(f32::INFINITY, 0) > Key::new(f32::MAX, 9));
    }
}
