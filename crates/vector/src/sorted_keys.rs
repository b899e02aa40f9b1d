//! Keys in order: what a search holds.

use crate::kernel::chosen;
use crate::kernel::codes::CodeKernels;

/// Ascending keys, up to a number of them, padded to whole registers: `[0; PAD]`, then the keys, then `u64::MAX`.
#[derive(Clone)]
pub struct SortedKeys {
    buffer: Vec<u64>,
    capacity: usize,
    /// Places that hold a key, those behind the capacity included.
    used: usize,
    kernels: &'static CodeKernels,
}

/// Zeros in front: a key moves up by one place, and the first place takes its neighbour from here.
const PAD: usize = 8;

impl Default for SortedKeys {
    /// Room for one.
    fn default() -> Self {
        let mut keys = Self { buffer: vec![0; PAD], capacity: 0, used: 0, kernels: &chosen().codes };
        keys.reset(1);
        keys
    }
}

impl SortedKeys {
    /// Empties it and makes room for `capacity` keys, at least one.
    pub fn reset(&mut self, capacity: usize) {
        self.buffer[PAD..PAD + self.used].fill(u64::MAX);
        self.used = 0;
        self.capacity = capacity.max(1);
        self.buffer.resize(PAD + self.capacity.next_multiple_of(PAD), u64::MAX);
    }

    /// The memory that they take.
    pub fn bytes(&self) -> usize {
        self.buffer.capacity() * size_of::<u64>()
    }

    /// The keys, ascending.
    #[inline]
    pub fn keys(&self) -> &[u64] {
        &self.buffer[PAD..PAD + self.used.min(self.capacity)]
    }

    /// As [`Self::keys`]. Who changes keys keeps their order.
    #[inline]
    pub fn keys_mut(&mut self) -> &mut [u64] {
        &mut self.buffer[PAD..PAD + self.used.min(self.capacity)]
    }

    /// The first half of the last key, `u32::MAX` while there is room: what an estimate must come before to get in.
    #[inline]
    pub fn limit(&self) -> u32 {
        (self.buffer[PAD + self.capacity - 1] >> 32) as u32
    }

    /// The key at a place, none where there is none yet.
    #[inline]
    pub fn get(&self, place: usize) -> Option<u64> {
        self.keys().get(place).copied()
    }

    /// Drops the keys whose first half is above a limit.
    #[inline]
    pub fn keep_up_to(&mut self, limit: u32) {
        // From the end: few are dropped at a time.
        while let Some(last) = self.used.checked_sub(1)
            && let Some(key) = self.buffer.get_mut(PAD + last)
            && (*key >> 32) as u32 > limit
        {
            *key = u64::MAX;
            self.used = last;
        }
    }

    /// Puts keys in their places, the largest fall out. Gives the lowest place that one got, or the capacity.
    #[inline]
    pub fn insert(&mut self, keys: &[u64]) -> usize {
        let lowest = (self.kernels.insert)(&mut self.buffer, self.used, keys);
        self.used = (self.used + keys.len()).min(self.buffer.len() - PAD);
        lowest.min(self.capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorted_keys_hold_the_smallest(capacity in 1_usize..70, keys in proptest::collection::vec(0_u64..1000, 0..200)) {
            let mut sorted = SortedKeys::default();
            sorted.reset(capacity);
            for group in keys.chunks(5) {
                sorted.insert(group);
            }
            let mut expected = keys.clone();
            expected.sort_unstable();
            expected.truncate(capacity);
            prop_assert_eq!(sorted.keys(), &expected);
            sorted.reset(9);
            sorted.insert(&[8 << 32 | 1, 7 << 32, 9 << 32, 8 << 32]);
            sorted.keep_up_to(8);
            prop_assert_eq!(sorted.keys(), &[7 << 32, 8 << 32, 8 << 32 | 1]);
            sorted.reset(3);
            sorted.insert(&[7]);
            prop_assert_eq!(sorted.keys(), &[7]);
            prop_assert_eq!(sorted.limit(), u32::MAX);
        }
    }
}
