//! Estimates and nodes in one number.

/// A number that orders as the float does: the distance part of a [`key`].
#[inline]
pub fn ordered_bits(value: f32) -> u32 {
    // Adding 0 makes -0 and 0 one number. The bits of positive floats ascend with them, those of negative floats descend,
    // so the former get the top bit and the latter are turned over.
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// The float of [`ordered_bits`].
#[inline]
pub fn from_ordered_bits(ordered: u32) -> f32 {
    f32::from_bits(if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered })
}

/// Estimate or distance, and node (below 2^31), in one number that compares as the pair does. The lowest bit is free for a
/// mark, which changes no order.
#[inline]
pub fn key(value: f32, node: u32) -> u64 {
    u64::from(ordered_bits(value)) << 32 | u64::from(node << 1)
}

/// The node of a [`key`].
#[inline]
pub fn key_node(key: u64) -> u32 {
    key as u32 >> 1
}

/// The estimate or distance of a [`key`].
#[inline]
pub fn key_value(key: u64) -> f32 {
    from_ordered_bits((key >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_order_as_value_then_node(a in any::<f32>(), b in any::<f32>(), m in any::<u32>(), n in any::<u32>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            let (m, n) = (m >> 1, n >> 1);
            prop_assert_eq!((key_value(key(a, m)), key_node(key(a, m))), (a, m));
            prop_assert_eq!(key(a, m).cmp(&key(b, n)), a.partial_cmp(&b).unwrap().then(m.cmp(&n)));
            prop_assert_eq!(from_ordered_bits(ordered_bits(a)), a);
        }
    }
}
