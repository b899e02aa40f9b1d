//! What the threads of an index share: locks, and the newest generation.
//!
//! In this crate's own unit tests the locks are those of shuttle, and reading the newest generation lets other threads go first,
//! so that `swap_tests.rs` can try the orders in which threads may run. Both only work inside shuttle; tests of a writer or
//! reader alone are in `tests/index`.

use crate::Snapshot;
use arc_swap::ArcSwap;
use std::sync::{Arc, PoisonError};

#[cfg(test)]
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(test))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

/// Takes a lock even if its holder panicked: every step leaves the data consistent.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A point where another thread may go first. A yield would tell the scheduler that this thread has nothing to do, which prevents
/// it from stopping a thread for long.
#[cfg(test)]
pub(crate) fn turn() {
    use shuttle::sync::atomic::{AtomicBool, Ordering};
    AtomicBool::new(false).load(Ordering::SeqCst);
}
#[cfg(not(test))]
fn turn() {}

/// The newest generation. It is read without a lock, and never goes back to an older one.
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

    /// Publishes a newer generation. If two arrive at once, the newer one stays.
    pub fn advance(&self, newer: &Arc<Snapshot>) {
        turn();
        self.0.rcu(|held| if held.generation() < newer.generation() { newer.clone() } else { held.clone() });
    }
}
