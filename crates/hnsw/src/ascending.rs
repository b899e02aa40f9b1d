//! Sorts keys only as far as they are read.

/// Keys that are sorted as they are read: of thousands that were scanned, only a few dozen are.
pub(crate) struct Ascending<'a> {
    keys: &'a mut [u64],
    sorted: usize,
}

/// Number of keys sorted at first; then twice as many each time.
const SORTED_FIRST: usize = 32;

impl<'a> Ascending<'a> {
    /// With `as_they_are`, the keys stay in their present order.
    pub fn new(keys: &'a mut [u64], as_they_are: bool) -> Self {
        let sorted = if as_they_are { keys.len() } else { 0 };
        Self { keys, sorted }
    }

    /// The key at a position; `None` past the end.
    #[inline]
    pub fn get(&mut self, place: usize) -> Option<u64> {
        while place >= self.sorted && self.sorted < self.keys.len() {
            let rest = &mut self.keys[self.sorted..];
            let next = SORTED_FIRST.max(self.sorted).min(rest.len());
            if next < rest.len() {
                rest.select_nth_unstable(next);
            }
            rest[..next].sort_unstable();
            self.sorted += next;
        }
        self.keys.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_come_in_order_however_far_they_are_asked_for(keys in prop::collection::vec(0_u64..300, 0..400), ahead in 0_usize..9) {
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            let mut keys = keys;
            let mut ascending = Ascending::new(&mut keys, false);
            for place in 0..sorted.len() + 2 {
                prop_assert_eq!(ascending.get(place + ahead), sorted.get(place + ahead).copied());
                prop_assert_eq!(ascending.get(place), sorted.get(place).copied());
            }
        }
    }
}
