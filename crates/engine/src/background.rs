//! What runs beside the calls: making cases visible, and merging.

use precedent_index::{IndexError, IndexWriter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A case is visible within a second: it waits at most this long, the rest is for the commit itself.
const COMMIT_EVERY: Duration = Duration::from_millis(400);
/// After a failure, such as a full disk, nothing is tried again before this.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

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
        let mut wait = COMMIT_EVERY;
        loop {
            let guard = self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
            if self.stopped() {
                return;
            }
            drop(self.bell.1.wait_timeout(guard, wait).unwrap_or_else(PoisonError::into_inner));
            if self.stopped() {
                return;
            }
            wait = match work() {
                Ok(()) => COMMIT_EVERY,
                Err(IndexError::Stopped) => return,
                Err(error) => {
                    tracing::error!(%error, "a commit or merge failed and is tried again");
                    AFTER_FAILURE
                }
            };
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}
