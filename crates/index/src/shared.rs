//! What the threads of an index share: locks, and the newest generation.
//!
//! Under this crate's own unit tests the locks are shuttle's, and whoever looks at the newest generation lets others go
//! first, so that `swap_tests.rs` can run through the orders in which threads may take turns. Outside of shuttle neither
//! works there; tests of a writer or reader by itself are in `tests/index`.

use crate::Snapshot;
use arc_swap::ArcSwap;
use std::sync::{Arc, PoisonError};

#[cfg(test)]
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(test))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

/// A lock whose holder panicked guards data that each step leaves consistent, so it is taken all the same.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where another thread may go first. To yield would say that this one has nothing to do, and a scheduler that wants to stop
/// a thread for long would not.
#[cfg(test)]
pub(crate) fn turn() {
    use shuttle::sync::atomic::{AtomicBool, Ordering};
    AtomicBool::new(false).load(Ordering::SeqCst);
}
#[cfg(not(test))]
fn turn() {}

/// The newest generation. It is taken without a lock, and never goes back to an older one.
#[derive(Debug)]
pub(crate) struct Newest(ArcSwap<Snapshot>);

impl Newest {
    pub fn new(snapshot: Snapshot) -> Self {
        Self(ArcSwap::from_pointee(snapshot))
    }

    pub fn get(&self) -> Arc<Snapshot> {
        turn();
        self.0.load_full()
    }

    /// Puts a newer generation in place. Two may come at once; the newer stays.
    pub fn advance(&self, newer: &Arc<Snapshot>) {
        turn();
        self.0.rcu(|held| if held.generation() < newer.generation() { newer.clone() } else { held.clone() });
    }
}
