//! What runs beside the calls: making cases visible, and merging.

use crate::give_way;
use precedent_index::{IndexError, IndexWriter};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A case is visible within a second: it waits at most this long, the rest is for the commit itself.
const COMMIT_EVERY: Duration = Duration::from_millis(400);
/// After a failure, such as a full disk, nothing is tried again before this; twice as long after each that follows,
/// because a merge that cannot end fills the disk each time.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Two threads that live as long as this value.
#[derive(Debug)]
pub(crate) struct Background {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    bell: (Mutex<()>, Condvar),
}

impl Background {
    pub fn start(writer: &Arc<IndexWriter>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut threads = Vec::new();
        let (own, at) = (writer.clone(), shared.clone());
        threads.push(spawn("precedent-commit", move || at.repeat(|| own.commit().map(|_| ())))?);
        let (own, at) = (writer.clone(), shared.clone());
        threads.push(spawn("precedent-merge", move || {
            give_way();
            let stopped = at.clone();
            at.repeat(|| {
                while own.merge_some(&|_, _, _| !stopped.stopped())? {}
                Ok(())
            })
        })?);
        Ok(Self { shared, threads })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.bell.1.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a background thread panicked");
            }
        }
    }
}

impl Shared {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn repeat(&self, work: impl Fn() -> Result<(), IndexError>) {
        let (mut wait, mut failures) = (COMMIT_EVERY, 0);
        loop {
            let guard = self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
            if self.stopped() {
                return;
            }
            drop(self.bell.1.wait_timeout(guard, wait).unwrap_or_else(PoisonError::into_inner));
            if self.stopped() {
                return;
            }
            // The writer keeps its state through a panic, and what is pending with it; the next round tries again.
            let problem = match catch_unwind(AssertUnwindSafe(&work)) {
                Ok(Ok(())) => None,
                Ok(Err(IndexError::Stopped)) => return,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("a panic".to_owned()),
            };
            match problem {
                None => (wait, failures) = (COMMIT_EVERY, 0),
                Some(problem) => {
                    tracing::error!(problem, "a commit or merge failed and is tried again");
                    wait = AFTER_FAILURE.saturating_mul(1 << failures.min(10)).min(LONGEST_WAIT);
                    failures += 1;
                }
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}
