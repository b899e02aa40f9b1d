//! The nodes from which a walk over blocks may continue, nearest first.
//!
//! Most nodes that a walk meets are never expanded. A few are kept sorted. With many, as for a hundred neighbours, inserting each
//! in its place takes longer than everything else: then only the nearest are sorted, and the others stay unsorted until these are
//! used up.

use precedent_vector::{BLOCK_LINKS, SortedKeys, key_value};

/// With many nodes, the most keys that are sorted, and the number sorted when others take their place.
const SORTED: usize = 96;
const REFILLED: usize = 32;
/// Marks a key as picked.
const PICKED: u64 = 1;

/// Keys of nodes ([`precedent_vector::key`]). A node may have several.
#[derive(Default)]
pub(crate) struct Frontier {
    nearest: SortedKeys,
    /// All before this position were picked.
    next: usize,
    /// None of them is below `bound`, and all keys in `nearest` are.
    others: Vec<u64>,
    bound: u64,
    /// How many of the others are kept, if not all keys are sorted; at times up to twice as many.
    kept: Option<usize>,
    /// Keys from this one on are not accepted.
    end: u64,
    /// Working memory.
    moved: Vec<u64>,
}

impl Frontier {
    /// Clears it and makes room for the nearest `capacity` keys; if not all are sorted, for up to twice as many.
    pub fn reset(&mut self, capacity: usize, sorts_all: bool) {
        self.kept = Some(capacity).filter(|_| !sorts_all);
        self.nearest.reset(if self.kept.is_some() { SORTED } else { capacity });
        self.others.clear();
        (self.next, self.bound, self.end) = (0, u64::MAX, u64::MAX);
    }

    /// Its size in memory.
    pub fn bytes(&self) -> usize {
        self.nearest.bytes() + (self.others.capacity() + self.moved.capacity()) * size_of::<u64>()
    }

    /// The value below which keys are accepted.
    #[inline]
    pub fn limit(&self) -> f32 {
        let end = match self.kept {
            Some(_) => self.end,
            None => u64::from(self.nearest.limit()) << 32,
        };
        if end >> 32 == u64::from(u32::MAX) { f32::INFINITY } else { key_value(end) }
    }

    /// Adds at most [`BLOCK_LINKS`] keys.
    #[inline]
    pub fn insert(&mut self, keys: &[u64]) {
        let Some(kept) = self.kept else {
            self.next = self.next.min(self.nearest.insert(keys));
            return;
        };
        if self.nearest.keys().len() + keys.len() > SORTED {
            self.make_room(kept);
        }
        let (mut nearest, mut count) = ([0; BLOCK_LINKS], 0);
        for &key in keys.iter().take(BLOCK_LINKS) {
            if key < self.bound {
                nearest[count] = key;
                count += 1;
            } else {
                self.others.push(key);
            }
        }
        self.next = self.next.min(self.nearest.insert(&nearest[..count]));
        if self.others.len() > 2 * kept {
            self.drop_far(kept);
        }
    }

    /// The nearest key up to a limit that was not picked yet.
    #[inline]
    pub fn pick(&mut self, limit: u64) -> Option<u64> {
        loop {
            while let Some(key) = self.nearest.keys_mut().get_mut(self.next) {
                if *key > limit {
                    return None;
                }
                self.next += 1;
                if *key & PICKED == 0 {
                    *key |= PICKED;
                    return Some(*key & !PICKED);
                }
            }
            self.others.retain(|key| *key <= limit);
            if self.others.is_empty() {
                return None;
            }
            self.refill();
        }
    }

    /// Leaves the nearest unpicked keys sorted.
    #[cold]
    fn make_room(&mut self, kept: usize) {
        let waiting = self.nearest.keys().iter().skip(self.next);
        self.moved.clear();
        self.moved.extend(waiting.filter(|key| *key & PICKED == 0));
        if let Some(&first) = self.moved.get(REFILLED) {
            self.bound = first;
            self.others.extend(self.moved.drain(REFILLED..));
        }
        self.sort_in();
        if self.others.len() > 2 * kept {
            self.drop_far(kept);
        }
    }

    #[cold]
    fn drop_far(&mut self, kept: usize) {
        let (_, end, _) = self.others.select_nth_unstable(kept);
        self.end = *end;
        self.others.truncate(kept);
    }

    /// Replaces the sorted keys, all of which were picked, by the nearest of the others.
    #[cold]
    fn refill(&mut self) {
        self.moved.clear();
        if self.others.len() > REFILLED {
            let (nearest, first, _) = self.others.select_nth_unstable(REFILLED);
            self.bound = *first;
            self.moved.extend_from_slice(nearest);
            self.others.drain(..REFILLED);
        } else {
            self.bound = u64::MAX;
            self.moved.append(&mut self.others);
        }
        self.moved.sort_unstable();
        self.sort_in();
    }

    fn sort_in(&mut self) {
        self.nearest.reset(SORTED);
        self.nearest.insert(&self.moved);
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_vector::{key, key_node};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_come_out_as_of_one_sorted_list(
            lots in proptest::collection::vec((proptest::collection::vec(0_u64..5_000, 0..BLOCK_LINKS), 0_usize..4), 0..120),
            limit in 500_u64..6_000, capacity in prop_oneof![Just(250_usize), Just(300), Just(6_000)],
        ) {
            let mut frontier = Frontier::default();
            frontier.reset(capacity, capacity == 250);
            let (mut expected, mut inserted): (Vec<u64>, usize) = (Vec::new(), 0);
            let limit = limit << 32;
            for (lot, picks) in lots {
                let nodes = inserted as u64..;
                let lot: Vec<u64> = lot.iter().zip(nodes).map(|(value, node)| value << 32 | node << 1).collect();
                frontier.insert(&lot);
                inserted += lot.len();
                expected.extend(lot);
                expected.sort_unstable();
                for _ in 0..picks {
                    let first = expected.first().copied().filter(|key| *key <= limit);
                    let picked = frontier.pick(limit);
                    // If there were more than it has room for, the farthest may be gone.
                    prop_assert!(picked == first || inserted > capacity);
                    if first.is_some() {
                        expected.remove(0);
                    }
                }
                prop_assert!(frontier.others.len() <= 2 * capacity);
            }
        }
    }

    #[test]
    fn of_many_the_nearest_stay() {
        let mut frontier = Frontier::default();
        frontier.reset(300, false);
        let keys: Vec<u64> = (0..4_000_u32).rev().map(|node| key(node as f32, node)).collect();
        keys.chunks(32).for_each(|lot| frontier.insert(lot));
        assert!((300.0..1_000.0).contains(&frontier.limit()), "{}", frontier.limit());
        for node in 0..300 {
            assert_eq!(frontier.pick(u64::MAX).map(key_node), Some(node));
        }
        frontier.reset(20, true);
        keys.chunks(32).for_each(|lot| frontier.insert(lot));
        assert_eq!(frontier.limit(), 19.0);
    }
}
