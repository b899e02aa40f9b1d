//! Background work for all indexes of the process: making cases visible, and merging.
//!
//! A few threads serve any number of indexes, and sleep until one of them has work: an index that receives nothing costs nothing.
//! Commits have their own threads, because cases must be visible within a second. One of the merge threads does small merges
//! only, so that these never wait for a large one and at most one large merge uses memory at a time.

use crate::condition::{BackgroundFailure, BackgroundTask};
use crate::error::with_causes;
use crate::priority::give_way;
use crate::troubles::Troubles;
use precedent_index::{IndexError, IndexErrorKind, IndexWriter, SegmentSize};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

/// A case must be visible within a second: it waits at most this long, and the rest is left for the commit itself.
const COMMIT_EVERY: Duration = Duration::from_millis(400);
/// Longest time for a commit, so that clients that send much wait, and clients that search do not.
const LONGEST_COMMIT: Duration = Duration::from_millis(300);
/// Memory for the pending operations of all indexes together, in bytes.
const PENDING_OF_ALL: usize = 256 << 20;
/// Bytes of pending operations that a commit handles per second, until the first commit has been timed: the rate of a slow
/// machine.
const FIRST_RATE: f64 = 8e6;
/// A commit handles at least this much, however slow the last ones were: where a sync alone takes longer than a commit should,
/// smaller commits would only be slower.
const LEAST_COMMIT_BYTES: usize = 1 << 20;
/// Weight of the last commit in the estimated rate.
const NEWEST_SHARE: f64 = 0.3;
/// Number of segments above which ingest waits for merges. The policy leaves up to seven segments of each of four sizes, besides
/// the largest.
const MANY_SEGMENTS: usize = 48;
/// How long ingest waits for each further segment when it sends as many bytes as below; smaller calls wait less.
const WAIT_PER_SEGMENT: Duration = Duration::from_millis(50);
const WAIT_BYTES: usize = 256 << 10;
/// The longest that a call waits for commits, and once more for merges.
const LONGEST_HOLD: Duration = Duration::from_secs(2);
/// Pause after a failure, such as a full disk, before the next attempt; it doubles with each further failure.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// The longest such pause.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// After this many failures in a row, other than for lack of space, there are no further attempts: the next would fail as well.
const MOST_FAILURES: u32 = 5;
/// Largest merge that may run beside a large one.
const SMALL_MERGE: SegmentSize =
    SegmentSize { cases: 65_536, text_bytes: 64 << 20, vector_bytes: 256 << 20, local_bytes: 1 << 30 };

/// An index in the care of the background threads for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Background {
    number: u64,
    workers: Arc<Workers>,
}

/// The threads of the process. They end with the last index.
#[derive(Debug)]
struct Workers {
    shared: Arc<Shared>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Signalled whenever there may be work, or when something has ended.
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stop: bool,
    next: u64,
    indexes: BTreeMap<u64, Index>,
    /// Bytes of pending operations of all indexes.
    pending: usize,
}

#[derive(Debug)]
struct Index {
    writer: Arc<IndexWriter>,
    name: String,
    /// Where failures are reported.
    troubles: Arc<Troubles>,
    /// Since when operations have been waiting to become visible; reset by each commit.
    waiting_since: Option<Instant>,
    /// One for each role.
    tasks: [Task; 3],
    /// Bytes of pending operations when last seen.
    pending: usize,
    /// Bytes of pending operations that commits handle per second.
    commit_rate: f64,
    /// Set when nobody needs the index any more; merges check it and stop.
    gone: Arc<AtomicBool>,
}

/// The work of one role for one index.
#[derive(Debug, Default)]
struct Task {
    /// When to start; `None` if there is nothing to do.
    due: Option<Instant>,
    /// A thread is working on it.
    running: bool,
    failure: Option<BackgroundFailure>,
}

/// What a thread is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Commits = 0,
    Merges = 1,
    SmallMerges = 2,
}

/// The role of each thread; two of them commit.
const ROLES: [Role; 4] = [Role::Commits, Role::Commits, Role::Merges, Role::SmallMerges];

impl Background {
    /// Registers an index; the first one starts the threads.
    pub fn start(writer: &Arc<IndexWriter>, troubles: &Arc<Troubles>) -> std::io::Result<Self> {
        static WORKERS: Mutex<Weak<Workers>> = Mutex::new(Weak::new());
        let mut known = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
        let workers = match known.upgrade() {
            Some(workers) => workers,
            None => Arc::new(Workers::start()?),
        };
        *known = Arc::downgrade(&workers);
        drop(known);
        let now = Instant::now();
        let mut index = Index {
            writer: writer.clone(),
            name: writer.snapshot().definition().name.clone(),
            troubles: troubles.clone(),
            waiting_since: None,
            tasks: Default::default(),
            pending: 0,
            commit_rate: FIRST_RATE,
            gone: Arc::default(),
        };
        // Merges that the last run did not get to, and what could not be made visible at the start.
        index.merge_at(now);
        if writer.pending_operations() > 0 {
            index.task(Role::Commits).due = Some(now);
            index.waiting_since = Some(now);
        }
        let number = {
            let mut state = workers.shared.lock();
            state.next += 1;
            let number = state.next;
            state.indexes.insert(number, index);
            number
        };
        workers.shared.bell.notify_all();
        Ok(Self { number, workers })
    }

    /// Reports how many bytes of operations are waiting to become visible.
    pub fn taken_in(&self, pending_bytes: usize) {
        let mut state = self.workers.shared.lock();
        state.note_pending(self.number, pending_bytes);
        let Some(index) = state.indexes.get_mut(&self.number) else { return };
        index.waiting_since.get_or_insert_with(Instant::now);
        let much = pending_bytes >= index.commit_bytes() / 2;
        let commit = index.task(Role::Commits);
        let wait = match &commit.failure {
            Some(failure) => wait_after(failure.attempts),
            None if much => Duration::ZERO,
            None => COMMIT_EVERY,
        };
        let due = Instant::now() + wait;
        if commit.due.is_none_or(|known| commit.failure.is_none() && due < known) {
            commit.due = Some(due);
            drop(state);
            self.workers.shared.bell.notify_all();
        }
    }

    /// Blocks a call that brings this many bytes while commits or merges are behind: cases must be found within a second, and
    /// every search pays for each segment.
    pub fn hold_back(&self, bytes: usize) {
        self.wait_for_commits();
        let segments = {
            let state = self.workers.shared.lock();
            state.indexes.get(&self.number).map_or(0, |index| index.writer.snapshot().segments())
        };
        let beyond = segments.saturating_sub(MANY_SEGMENTS);
        if beyond > 0 {
            let share = bytes.min(WAIT_BYTES) as f64 / WAIT_BYTES as f64;
            std::thread::sleep(WAIT_PER_SEGMENT.mul_f64(beyond as f64 * share).min(LONGEST_HOLD));
        }
    }

    /// Blocks a call while a commit of what is pending would take too long, or all indexes together hold too much. It does not
    /// block where commits fail: others deal with that.
    fn wait_for_commits(&self) {
        let until = Instant::now() + LONGEST_HOLD;
        let mut state = self.workers.shared.lock();
        loop {
            let is_much_in_all = state.pending > PENDING_OF_ALL;
            let Some(index) = state.indexes.get_mut(&self.number) else { return };
            if index.task(Role::Commits).failure.is_some() {
                return;
            }
            let (writer, most) = (index.writer.clone(), index.commit_bytes());
            // The writer has its own lock; do not wait for it while holding this one.
            drop(state);
            let left = until.saturating_duration_since(Instant::now());
            if (writer.pending_bytes() < most && !is_much_in_all) || left.is_zero() {
                return;
            }
            state = self.workers.shared.lock();
            let waited = self.workers.shared.bell.wait_timeout(state, left.min(COMMIT_EVERY / 8));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How long operations have been waiting to become visible, without a commit.
    pub fn waiting(&self) -> Duration {
        let state = self.workers.shared.lock();
        let since = state.indexes.get(&self.number).and_then(|index| index.waiting_since);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// Tells merges to stop and waits for all work on the index to end.
impl Drop for Background {
    fn drop(&mut self) {
        let shared = &self.workers.shared;
        let mut state = shared.lock();
        loop {
            let Some(index) = state.indexes.get_mut(&self.number) else { return };
            index.gone.store(true, Relaxed);
            index.tasks.iter_mut().for_each(|task| task.due = None);
            if !index.tasks.iter().any(|task| task.running) {
                break;
            }
            state = shared.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.note_pending(self.number, 0);
        let index = state.indexes.remove(&self.number);
        drop(state);
        drop(index);
    }
}

impl Workers {
    fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut workers = Self { shared: shared.clone(), threads: Vec::new() };
        for role in ROLES {
            let shared = shared.clone();
            let thread = std::thread::Builder::new().name(role.thread_name().to_owned());
            workers.threads.push(thread.spawn(move || shared.work(role))?);
        }
        Ok(workers)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.bell.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a background thread panicked");
            }
        }
    }
}

impl Role {
    fn thread_name(self) -> &'static str {
        match self {
            Self::Commits => "precedent-commit",
            Self::Merges | Self::SmallMerges => "precedent-merge",
        }
    }

    fn task(self) -> BackgroundTask {
        match self {
            Self::Commits => BackgroundTask::Commit,
            Self::Merges | Self::SmallMerges => BackgroundTask::Merge,
        }
    }

    /// Does one piece of work; returns whether there may be more.
    fn run(self, writer: &IndexWriter, gone: &AtomicBool) -> Result<bool, IndexError> {
        let go_on = |_: &'static str, _: usize, _: usize| !gone.load(Relaxed);
        match self {
            Self::Commits => writer.commit().map(|_| writer.pending_operations() > 0),
            Self::Merges => writer.merge_some(&go_on),
            Self::SmallMerges => writer.merge_below(&SMALL_MERGE, &go_on),
        }
    }
}

impl State {
    /// Records what an index holds in memory. Where its commits fail, no other index waits because of it.
    fn note_pending(&mut self, number: u64, bytes: usize) {
        if let Some(index) = self.indexes.get_mut(&number) {
            let fails = index.task(Role::Commits).failure.is_some();
            let bytes = if fails { 0 } else { bytes };
            self.pending = self.pending - index.pending + bytes;
            index.pending = bytes;
        }
    }
}

impl Index {
    /// Bytes of pending operations that a commit can handle in its time.
    fn commit_bytes(&self) -> usize {
        commit_bytes(self.commit_rate)
    }

    /// Updates the rate after a commit.
    fn committed(&mut self, bytes: usize, took: Duration) {
        self.commit_rate = rate_after(self.commit_rate, bytes, took);
    }

    fn task(&mut self, role: Role) -> &mut Task {
        &mut self.tasks[role as usize]
    }

    /// What fails at present.
    fn failures(&self) -> Vec<BackgroundFailure> {
        self.tasks.iter().filter_map(|task| task.failure.clone()).collect()
    }

    /// Schedules a look for merges. A task that keeps failing keeps its own schedule.
    fn merge_at(&mut self, due: Instant) {
        for role in [Role::Merges, Role::SmallMerges] {
            let task = self.task(role);
            if task.failure.is_none() {
                task.due = Some(due);
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, role: Role) {
        // Small merges do not give way: if they starve, segments pile up, and every search pays for each.
        if role == Role::Merges {
            give_way();
        }
        while let Some((number, writer, gone)) = self.next(role) {
            let (bytes, begun) = (writer.pending_bytes(), Instant::now());
            // The writer and its pending operations survive a panic.
            let done = match catch_unwind(AssertUnwindSafe(|| role.run(&writer, &gone))) {
                Ok(Ok(more)) => Ok(more),
                Ok(Err(error)) => match error.kind() {
                    IndexErrorKind::Stopped => Ok(false),
                    kind => Err(Failed { full: kind == IndexErrorKind::Full, problem: with_causes(&error) }),
                },
                Err(_) => Err(Failed { full: false, problem: "it panicked; the log has more".to_owned() }),
            };
            let (left, waits) = (writer.pending_bytes(), writer.pending_operations() > 0);
            drop(writer);
            if role == Role::Commits {
                let mut state = self.lock();
                state.note_pending(number, left);
                if done.is_ok()
                    && let Some(index) = state.indexes.get_mut(&number)
                {
                    index.committed(bytes, begun.elapsed());
                    index.waiting_since = waits.then(Instant::now);
                }
            }
            self.ended(number, role, done);
        }
    }

    /// The next piece of work; waits until there is some. `None` when the process ends.
    fn next(&self, role: Role) -> Option<(u64, Arc<IndexWriter>, Arc<AtomicBool>)> {
        let mut state = self.lock();
        loop {
            if state.stop {
                return None;
            }
            let waiting = state.indexes.iter_mut().filter_map(|(number, index)| {
                let task = index.task(role);
                task.due.filter(|_| !task.running).map(|due| (due, *number))
            });
            let (earliest, now) = (waiting.min(), Instant::now());
            state = match earliest {
                Some((due, number)) if due <= now => {
                    let Some(index) = state.indexes.get_mut(&number) else { continue };
                    let task = index.task(role);
                    (task.running, task.due) = (true, None);
                    return Some((number, index.writer.clone(), index.gone.clone()));
                }
                Some((due, _)) => {
                    let waited = self.bell.wait_timeout(state, due.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.bell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn ended(&self, number: u64, role: Role, done: Result<bool, Failed>) {
        let mut state = self.lock();
        let mut troubles = None;
        if let Some(index) = state.indexes.get_mut(&number) {
            let (gone, now, name) = (index.gone.load(Relaxed), Instant::now(), index.name.clone());
            let task = index.task(role);
            let has_failed = done.is_err() || task.failure.is_some();
            task.running = false;
            match done {
                Err(failed) => task.fail(role.task(), &name, failed, now),
                Ok(more) => {
                    if let Some(failure) = task.failure.take() {
                        let (task, attempts) = (failure.task.name(), failure.attempts);
                        tracing::info!(index = name, task, attempts, "work in the background succeeds again");
                    }
                    if more && role == Role::Commits {
                        task.due.get_or_insert(now + COMMIT_EVERY);
                    }
                    // A new segment, from a commit or a merge, may be one too many of its size.
                    if more || role == Role::Commits {
                        index.merge_at(now);
                    }
                }
            }
            if gone {
                index.tasks.iter_mut().for_each(|task| task.due = None);
            }
            troubles = has_failed.then(|| index.troubles.clone());
        }
        drop(state);
        self.bell.notify_all();
        if let Some(troubles) = troubles {
            troubles
                .set_failures(|| self.lock().indexes.get(&number).map(Index::failures).unwrap_or_default());
        }
    }
}

/// How an attempt failed.
struct Failed {
    problem: String,
    /// For lack of space, which may become available.
    full: bool,
}

impl Task {
    fn fail(&mut self, task: BackgroundTask, index: &str, failed: Failed, now: Instant) {
        let at = SystemTime::now();
        let (before, since) =
            self.failure.as_ref().map_or((0, at), |failure| (failure.attempts, failure.since));
        let (attempts, problem) = (before + 1, failed.problem);
        let retried = failed.full || attempts < MOST_FAILURES;
        let (name, wait) = (task.name(), wait_after(attempts));
        match retried {
            true => tracing::error!(
                index,
                task = name,
                attempts,
                problem,
                next_attempt_seconds = wait.as_secs(),
                "work in the background failed and is tried again"
            ),
            false => tracing::error!(
                index,
                task = name,
                attempts,
                problem,
                "work in the background keeps failing and is not tried again by itself"
            ),
        }
        self.due = retried.then(|| now + wait);
        self.failure = Some(BackgroundFailure { task, problem, since, at, attempts, retried });
    }
}

/// Bytes of pending operations that a commit can handle in its time at this rate.
fn commit_bytes(rate: f64) -> usize {
    ((rate * LONGEST_COMMIT.as_secs_f64()) as usize).max(LEAST_COMMIT_BYTES)
}

/// The estimated rate after a commit of this many bytes.
fn rate_after(rate: f64, bytes: usize, took: Duration) -> f64 {
    // A small commit says more about the disk's latency than about throughput.
    if bytes < commit_bytes(rate) / 8 {
        return rate;
    }
    rate + NEWEST_SHARE * (bytes as f64 / took.as_secs_f64().max(1e-3) - rate)
}

fn wait_after(failures: u32) -> Duration {
    AFTER_FAILURE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a disk whose sync takes longer than a commit may, commits must not shrink to nothing.
    #[test]
    fn slow_syncs_leave_commits_of_some_size_and_a_trickle_changes_nothing() {
        let mut rate = FIRST_RATE;
        for _ in 0..1_000 {
            rate = rate_after(rate, commit_bytes(rate), Duration::from_secs(4));
        }
        assert_eq!(commit_bytes(rate), LEAST_COMMIT_BYTES);
        assert_eq!(rate_after(FIRST_RATE, 1_000, Duration::from_secs(4)), FIRST_RATE);
        for _ in 0..100 {
            rate = rate_after(rate, commit_bytes(rate), Duration::from_millis(50));
        }
        assert!(commit_bytes(rate) > 4 * LEAST_COMMIT_BYTES, "a quick disk is noticed: {rate}");
    }
}
