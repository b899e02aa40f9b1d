//! Slowly reads the files of served indexes again, to find damage before a search does.

use crate::{Engine, EngineError, give_way};
use std::cell::Cell;
use std::num::NonZeroU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Time from the start of one round over all files to the start of the next, unless a round takes longer.
const ROUND: Duration = Duration::from_secs(24 * 60 * 60);

/// A thread that reads the files of some indexes again, round after round, until this is dropped.
#[derive(Debug)]
pub struct Scrub {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    engines: Vec<Arc<Engine>>,
    bytes_per_second: NonZeroU64,
    stop: Mutex<bool>,
    /// Signalled when it should stop.
    bell: Condvar,
}

impl Scrub {
    /// Starts with the first index; reads one after the other, at most this many bytes per second.
    ///
    /// # Errors
    /// [`EngineError::Threads`].
    pub fn start(engines: Vec<Arc<Engine>>, bytes_per_second: NonZeroU64) -> Result<Self, EngineError> {
        let shared =
            Arc::new(Shared { engines, bytes_per_second, stop: Mutex::default(), bell: Condvar::new() });
        let worker = shared.clone();
        let thread = std::thread::Builder::new()
            .name("precedent-scrub".to_owned())
            .spawn(move || worker.work())
            .map_err(EngineError::Threads)?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

/// Waits for the piece being read.
impl Drop for Scrub {
    fn drop(&mut self) {
        *self.shared.lock() = true;
        self.shared.bell.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that reads files again panicked");
        }
    }
}

impl Shared {
    fn work(&self) {
        give_way();
        loop {
            let begun = Instant::now();
            for engine in &self.engines {
                if self.round(engine).is_err() {
                    return;
                }
            }
            if !self.wait(ROUND.saturating_sub(begun.elapsed())) {
                return;
            }
        }
    }

    /// Reads all files of an index.
    fn round(&self, engine: &Engine) -> Result<(), EngineError> {
        let read = Cell::new(0_u64);
        engine.scrub(&|bytes| {
            read.set(read.get() + bytes as u64);
            self.wait(Duration::from_secs_f64(bytes as f64 / self.bytes_per_second.get() as f64))
        })?;
        let (index, bytes) = (&engine.definition().name, read.get());
        let damaged = engine.condition().damages.len();
        tracing::info!(index, bytes, damaged, "all files of the index were read again");
        Ok(())
    }

    /// Waits; returns whether to continue.
    fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut stop = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if *stop || left.is_zero() {
                return !*stop;
            }
            stop = self.bell.wait_timeout(stop, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
