//! Distance and node in one number that compares as the pair does.

/// A node that was found, with its distance to the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Number of the node, which is its row.
    pub node: u32,
    /// Distance to the query; less is nearer.
    pub distance: f32,
}

/// What a search or a scan found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The nearest nodes, ascending by distance and then by node.
    pub neighbours: Vec<Neighbour>,
    /// How many distances were computed.
    pub visited: usize,
    /// Whether the caller stopped it: the neighbours are then the best so far.
    pub stopped: bool,
}

/// A neighbour as one integer, ordered by distance and then by node: one comparison in the heaps, and no tie is left
/// to chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u64);

impl Key {
    /// None for a distance that is not a number: it has no place in an order.
    #[inline]
    pub fn new(distance: f32, node: u32) -> Option<Self> {
        if distance.is_nan() {
            return None;
        }
        // Adding 0 makes -0 and 0 one number. The bits of positive floats ascend with them, those of negative floats
        // descend, so the former get the top bit and the latter are turned over.
        let bits = (distance + 0.0).to_bits();
        let ordered = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
        Some(Self(u64::from(ordered) << 32 | u64::from(node)))
    }

    #[inline]
    pub fn node(self) -> u32 {
        self.0 as u32
    }

    pub fn neighbour(self) -> Neighbour {
        let ordered = (self.0 >> 32) as u32;
        let bits = if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered };
        Neighbour { node: self.node(), distance: f32::from_bits(bits) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_order_as_distance_then_node(a in any::<f32>(), b in any::<f32>(), m in any::<u32>(), n in any::<u32>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            let (x, y) = (Key::new(a, m).unwrap(), Key::new(b, n).unwrap());
            let pair = a.partial_cmp(&b).unwrap().then(m.cmp(&n));
            prop_assert_eq!(x.cmp(&y), pair);
            prop_assert_eq!(x.neighbour(), Neighbour { node: m, distance: a });
        }
    }

    #[test]
    fn zeros_are_one_and_not_a_number_is_none() {
        assert_eq!(Key::new(-0.0, 7), Key::new(0.0, 7));
        assert_eq!(Key::new(f32::NAN, 7), None);
        assert!(Key::new(f32::NEG_INFINITY, 9) < Key::new(f32::MIN, 0));
        assert!(Key::new(f32::INFINITY, 0) > Key::new(f32::MAX, 9));
    }
}
