//! Memory of requests and answers in flight: so many bytes for all connections, and a share of them for each.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that one permit of a semaphore stands for; its counters are too small for bytes.
const UNIT: usize = 1024;

/// Up to this size a message takes nothing: the number of calls bounds how many of them there are, and a small request
/// never waits behind large ones.
pub(crate) const SMALL_BYTES: usize = 64 << 10;

/// A connection's share of the memory of all, in quarters: a single client has almost everything, and never all.
const QUARTERS: usize = 3;

/// A number of bytes that may be taken, for some time each.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    units: Arc<Semaphore>,
    limit: usize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let limit = (bytes / UNIT).clamp(1, u32::MAX as usize);
        Self { units: Arc::new(Semaphore::new(limit)), limit }
    }

    /// The part of it that one connection may take.
    fn share(&self) -> Self {
        Self::new(self.limit * UNIT / 4 * QUARTERS)
    }

    /// What is larger than the whole takes the whole, so that it gets its turn, too.
    fn units_of(&self, bytes: usize) -> u32 {
        bytes.div_ceil(UNIT).min(self.limit) as u32
    }

    #[cfg(test)]
    pub(crate) fn free_bytes(&self) -> usize {
        self.units.available_permits() * UNIT
    }
}

/// What one connection may take of a budget.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    all: Budget,
    own: Budget,
}

impl Share {
    pub(crate) fn of(all: &Budget) -> Self {
        Self { all: all.clone(), own: all.share() }
    }

    /// Waits until so many bytes are free. First those of the connection: who waits for its own takes nothing of others'.
    pub(crate) async fn take(&self, bytes: usize) -> Held {
        let mut held = Held::default();
        for budget in [&self.own, &self.all] {
            // The semaphores are never closed.
            let taken = Arc::clone(&budget.units).acquire_many_owned(budget.units_of(bytes)).await;
            held.0.extend(taken);
        }
        held
    }

    /// So many bytes, if they are free.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Held> {
        let mut held = Held::default();
        for budget in [&self.own, &self.all] {
            held.0.push(Arc::clone(&budget.units).try_acquire_many_owned(budget.units_of(bytes)).ok()?);
        }
        Some(held)
    }
}

/// Bytes that are taken; given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct Held(Vec<OwnedSemaphorePermit>);

impl Held {
    /// Joins what was taken of the same budgets.
    pub(crate) fn join(&mut self, other: Self) {
        if self.0.is_empty() {
            self.0 = other.0;
            return;
        }
        for (held, more) in self.0.iter_mut().zip(other.0) {
            held.merge(more);
        }
    }

    /// Gives back what is above so many bytes.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        for held in &mut self.0 {
            let excess = held.num_permits().saturating_sub(bytes.div_ceil(UNIT));
            drop(held.split(excess));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const MIB: usize = 1 << 20;

    async fn in_time(taking: impl Future<Output = Held>) -> Option<Held> {
        tokio::time::timeout(Duration::from_millis(10), taking).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_is_bounded_over_connections_and_returns() {
        let budget = Budget::new(8 * MIB);
        let [one, other] = [Share::of(&budget), Share::of(&budget)];
        let first = in_time(one.take(3 * MIB)).await.unwrap();
        assert!(in_time(one.take(4 * MIB)).await.is_none(), "beyond the connection's share");
        let second = in_time(other.take(4 * MIB)).await.unwrap();
        assert_eq!(budget.free_bytes(), MIB);
        assert!(in_time(Share::of(&budget).take(2 * MIB)).await.is_none(), "beyond what all have");
        assert!(Share::of(&budget).try_take(2 * MIB).is_none() && Share::of(&budget).try_take(MIB).is_some());
        drop(first);
        assert!(in_time(one.take(4 * MIB)).await.is_some());
        drop(second);
        assert_eq!(budget.free_bytes(), 8 * MIB);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_larger_than_everything_gets_its_turn_alone() {
        let budget = Budget::new(2 * MIB);
        let large = in_time(Share::of(&budget).take(64 * MIB)).await.unwrap();
        assert!(in_time(Share::of(&budget).take(MIB)).await.is_none());
        drop(large);
        assert!(in_time(Share::of(&budget).take(MIB)).await.is_some());
    }

    #[tokio::test]
    async fn held_bytes_join_and_shrink() {
        let budget = Budget::new(16 * MIB);
        let share = Share::of(&budget);
        let mut held = Held::default();
        held.join(share.take(2 * MIB).await);
        held.join(share.take(3 * MIB).await);
        assert_eq!(budget.free_bytes(), 11 * MIB);
        held.shrink(4 * MIB);
        held.shrink(6 * MIB);
        assert_eq!(budget.free_bytes(), 12 * MIB);
        held.shrink(0);
        assert_eq!(budget.free_bytes(), 16 * MIB);
    }
}
