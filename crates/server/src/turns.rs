//! Whose turn it is to compute: short searches before long ones, and connections in proportion.
//!
//! As many searches compute at a time as there are places. The others wait: first those whose calls have computed for
//! less than [`SHORT`] and are not expected to need more, of these the connection that has used least. A search that is or
//! has become long gives its place to a short one within [`LEAST`], and to another long one after [`SLICE`], and waits for
//! its next turn where it is. So that the long ones get on all the same, whoever has waited for [`PATIENCE`] goes first and
//! keeps the place for a slice. As a search gives way only where it asks whether to stop, which may be some ten
//! milliseconds apart, short ones have one place more while long ones have all others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What a call may compute and still be short: two searches by text and picture, forty by a vector.
const SHORT: Duration = Duration::from_millis(10);
/// A long search keeps its place for so long whoever waits: to hand it over costs some ten microseconds.
const LEAST: Duration = Duration::from_micros(250);
/// A long search keeps its place for so long while only long ones wait.
const SLICE: Duration = Duration::from_millis(10);
/// Who has waited for so long goes first.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks of a search that waits whether anyone still waits for it.
const LOOK: Duration = Duration::from_millis(20);
/// Connections of which is remembered what they used, before those that used least are forgotten.
const REMEMBERED: usize = 1024;

/// What one call has computed so far, of all its searches together.
#[derive(Debug)]
pub(crate) struct Usage {
    connection: u64,
    nanos: AtomicU64,
    /// Whether it was known from the start that it would take long.
    is_expected_long: AtomicBool,
}

impl Usage {
    /// Of a new call.
    pub(crate) fn of(connection: u64) -> Self {
        Self { connection, nanos: AtomicU64::new(0), is_expected_long: AtomicBool::new(false) }
    }

    /// Whether the call gives way to others from now on.
    pub(crate) fn is_long(&self) -> bool {
        self.is_long_after(Duration::ZERO)
    }

    /// Notes what the call is expected to compute in all: if that is long, it gives way from its start.
    pub(crate) fn expect(&self, in_all: Duration) {
        if in_all >= SHORT {
            self.is_expected_long.store(true, Ordering::Relaxed);
        }
    }

    /// The same, once it has computed for so long since it has its place.
    fn is_long_after(&self, more: Duration) -> bool {
        self.is_expected_long.load(Ordering::Relaxed) || self.so_far() + more >= SHORT
    }

    fn so_far(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    fn add(&self, more: Duration) {
        self.nanos.fetch_add(more.as_nanos() as u64, Ordering::Relaxed);
    }
}

/// The places and who waits for them.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// How many wait whose calls are short, and how many in all; looked at without the lock.
    short_waiting: AtomicUsize,
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct State {
    places: usize,
    /// Who has a place, and since when.
    running: Vec<(Arc<Usage>, Instant)>,
    /// In the order in which they came.
    waiting: Vec<Waiting>,
    /// What each connection used; one that is not here counts as `floor`, so that having been away is no credit.
    used: HashMap<u64, Duration>,
    floor: Duration,
}

#[derive(Debug)]
struct Waiting {
    usage: Arc<Usage>,
    is_short: bool,
    since: Instant,
    wake: Wake,
}

#[derive(Debug)]
enum Wake {
    Task(oneshot::Sender<Turn>),
    Thread(SyncSender<Turn>),
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Turns,
    usage: Arc<Usage>,
    begun: Instant,
    /// When it last left the processor.
    left: Instant,
    /// Whether it waited so long that it is not to be disturbed for a slice.
    is_overdue: bool,
}

impl Turns {
    /// So many places.
    pub(crate) fn new(places: usize) -> Self {
        let state = State {
            places: places.max(1),
            running: Vec::new(),
            waiting: Vec::new(),
            used: HashMap::new(),
            floor: Duration::ZERO,
        };
        let (short_waiting, waiting) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self(Arc::new(Shared { state: Mutex::new(state), short_waiting, waiting }))
    }

    /// Waits for a place. `None` never comes as long as the value lives.
    pub(crate) async fn take(&self, usage: &Arc<Usage>) -> Option<Turn> {
        let (wake, woken) = oneshot::channel();
        self.wait(usage, Wake::Task(wake));
        woken.await.ok()
    }

    fn wait(&self, usage: &Arc<Usage>, wake: Wake) {
        let is_short = !usage.is_long();
        let mut state = self.lock();
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        self.0.short_waiting.fetch_add(usize::from(is_short), Ordering::Relaxed);
        state.waiting.push(Waiting { usage: Arc::clone(usage), is_short, since: Instant::now(), wake });
        drop(state);
        self.grant();
    }

    /// Gives free places to those who wait.
    fn grant(&self) {
        loop {
            let mut state = self.lock();
            let now = Instant::now();
            let Some((place, is_overdue)) = state.next(now) else { return };
            let Waiting { usage, is_short, wake, .. } = state.waiting.remove(place);
            self.0.waiting.fetch_sub(1, Ordering::Relaxed);
            self.0.short_waiting.fetch_sub(usize::from(is_short), Ordering::Relaxed);
            state.floor = state.floor.max(state.used_by(&usage));
            state.running.push((Arc::clone(&usage), now));
            drop(state);
            let turn = Turn { turns: self.clone(), usage, begun: now, left: now, is_overdue };
            // Who is gone gives the place back by this.
            match wake {
                Wake::Task(wake) => drop(wake.send(turn)),
                Wake::Thread(wake) => drop(wake.send(turn)),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Relaxed)
    }
}

impl State {
    fn used_by(&self, usage: &Usage) -> Duration {
        self.used.get(&usage.connection).copied().unwrap_or_default().max(self.floor)
    }

    /// Who is next, if there is a place, and whether it is overdue.
    fn next(&self, now: Instant) -> Option<(usize, bool)> {
        let order = |(place, waiting): &(usize, &Waiting)| {
            let used = self.used.get(&waiting.usage.connection).copied().unwrap_or_default();
            (!waiting.is_short, used.max(self.floor), *place)
        };
        let best = self.waiting.iter().enumerate().min_by_key(order)?;
        if self.running.len() >= self.places {
            let is_long = |(usage, since): &(Arc<Usage>, Instant)| {
                usage.is_long_after(now.saturating_duration_since(*since))
            };
            let has_one_more = self.running.len() == self.places && self.running.iter().all(is_long);
            return (has_one_more && best.1.is_short).then_some((best.0, false));
        }
        let waited = |waiting: &Waiting| now.saturating_duration_since(waiting.since) >= PATIENCE;
        let oldest = self.waiting.iter().enumerate().min_by_key(|(_, waiting)| waiting.since)?;
        if waited(oldest.1) {
            return Some((oldest.0, true));
        }
        Some((best.0, false))
    }

    fn charge(&mut self, usage: &Usage, ran: Duration) {
        let used = self.used_by(usage) + ran;
        self.used.insert(usage.connection, used);
        if self.used.len() > REMEMBERED {
            let floor = self.floor;
            self.used.retain(|_, used| *used > floor);
        }
    }
}

impl Turn {
    /// Goes on while this search may: gives the place to others where it is theirs, and waits for the next turn. `None`
    /// once `is_over` says so.
    pub(crate) fn go_on(mut self, is_over: &dyn Fn() -> bool) -> Option<Self> {
        if !self.is_up() {
            self.let_others_wake();
            return Some(self);
        }
        let turns = self.turns.clone();
        let (wake, woken) = sync_channel(1);
        let usage = Arc::clone(&self.usage);
        // Counted before the wait, which asks whether the call is short.
        drop(self);
        turns.wait(&usage, Wake::Thread(wake));
        loop {
            match woken.recv_timeout(LOOK) {
                Ok(turn) => return Some(turn),
                Err(RecvTimeoutError::Timeout) if !is_over() => {}
                Err(_) => return None,
            }
        }
    }

    /// A long search leaves the processor for a moment, often: the system would let what has just woken there, a short
    /// search or a connection, wait for some milliseconds.
    fn let_others_wake(&mut self) {
        if self.left.elapsed() >= LEAST {
            if self.usage.is_long_after(self.begun.elapsed()) {
                std::thread::yield_now();
            }
            self.left = Instant::now();
        }
    }

    /// Whether others are to have the place now.
    fn is_up(&self) -> bool {
        let shared = &self.turns.0;
        if shared.waiting.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let ran = self.begun.elapsed();
        let is_long = self.usage.is_long_after(ran);
        let for_short = !self.is_overdue && shared.short_waiting.load(Ordering::Relaxed) > 0;
        is_long && ran >= if for_short { LEAST } else { SLICE }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let ran = self.begun.elapsed();
        self.usage.add(ran);
        let mut state = self.turns.lock();
        state.charge(&self.usage, ran);
        let place = state
            .running
            .iter()
            .position(|(usage, since)| Arc::ptr_eq(usage, &self.usage) && *since == self.begun);
        place.map(|place| state.running.swap_remove(place));
        drop(state);
        self.turns.grant();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(connection: u64, computed: Duration) -> Arc<Usage> {
        let usage = Usage::of(connection);
        usage.add(computed);
        Arc::new(usage)
    }

    /// Lets calls wait one after the other, and says in which order they get the only place.
    async fn order(calls: &[(&'static str, Arc<Usage>)]) -> Vec<&'static str> {
        let turns = Turns::new(1);
        let held = turns.take(&call(0, Duration::ZERO)).await.unwrap();
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (count, (name, usage)) in calls.iter().enumerate() {
            let (turns, usage, done, name) = (turns.clone(), Arc::clone(usage), Arc::clone(&done), *name);
            let waits = turns.clone();
            tasks.push(tokio::spawn(async move {
                let _turn = turns.take(&usage).await.unwrap();
                done.lock().unwrap().push(name);
                std::thread::sleep(Duration::from_millis(2));
            }));
            while waits.waiting() <= count {
                tokio::task::yield_now().await;
            }
        }
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        Arc::into_inner(done).unwrap().into_inner().unwrap()
    }

    #[tokio::test]
    async fn short_calls_go_before_long_ones_and_connections_take_turns() {
        let new = |connection| call(connection, Duration::ZERO);
        let (batch, exact) = (call(1, SHORT), new(1));
        exact.expect(SHORT);
        let found = order(&[
            ("batch", batch),
            ("exact", exact),
            ("a1", new(2)),
            ("a2", new(2)),
            ("a3", new(2)),
            ("b1", new(3)),
            ("b2", new(3)),
        ])
        .await;
        assert_eq!((&found[..2], &found[5..]), (&["a1", "b1"][..], &["batch", "exact"][..]), "{found:?}");
    }

    #[test]
    fn a_call_is_long_by_what_it_computed_or_is_expected_to() {
        let [usual, expected, used] = [0, 1, 2].map(|connection| call(connection, Duration::ZERO));
        usual.expect(SHORT - Duration::from_nanos(1));
        expected.expect(SHORT);
        expected.expect(Duration::ZERO);
        used.add(SHORT);
        assert_eq!([usual, expected, used].map(|usage| usage.is_long()), [false, true, true]);
    }

    /// Computes until told to end, as a search that asks often whether to go on; counts how often it may.
    fn compute(
        turns: &Turns,
        usage: &Arc<Usage>,
        end: &Arc<AtomicBool>,
    ) -> (Arc<AtomicUsize>, std::thread::JoinHandle<()>) {
        let (turns, usage, end) = (turns.clone(), Arc::clone(usage), Arc::clone(end));
        let steps = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&steps);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut turn = runtime.block_on(turns.take(&usage));
            while let (Some(held), false) = (turn.take(), end.load(Ordering::Relaxed)) {
                std::thread::sleep(STEP);
                counted.fetch_add(1, Ordering::Relaxed);
                turn = held.go_on(&|| end.load(Ordering::Relaxed));
            }
        });
        (steps, thread)
    }

    /// Between two questions of a search whether to go on, at least.
    const STEP: Duration = Duration::from_micros(50);

    #[test]
    fn a_long_search_gives_way_and_gets_on_all_the_same() {
        gives_way_and_gets_on(&call(1, SHORT));
        let expected = call(1, Duration::ZERO);
        expected.expect(SHORT);
        gives_way_and_gets_on(&expected);
    }

    /// Counted in steps of the long one, which last the longer the busier the machine is.
    fn gives_way_and_gets_on(long: &Arc<Usage>) {
        let (turns, end) = (Turns::new(1), Arc::new(AtomicBool::new(false)));
        let (steps, running) = compute(&turns, long, &end);
        let so_far = || steps.load(Ordering::Relaxed);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let slice = (SLICE.as_nanos() / STEP.as_nanos()) as usize;
        let mut waited = Vec::new();
        while waited.len() < 200 || so_far() < 2 * slice {
            let before = so_far();
            let turn = runtime.block_on(turns.take(&call(2, Duration::ZERO))).unwrap();
            waited.push(so_far() - before);
            std::thread::sleep(Duration::from_millis(1));
            drop(turn);
        }
        end.store(true, Ordering::Relaxed);
        running.join().unwrap();
        waited.sort();
        let (p95, least) = (waited[waited.len() * 95 / 100], (LEAST.as_nanos() / STEP.as_nanos()) as usize);
        assert!(p95 <= 4 * least, "short ones waited for {p95} steps, a slice has {slice}");
    }

    #[tokio::test]
    async fn short_calls_have_one_place_more_while_long_ones_have_all_others() {
        let turns = Turns::new(2);
        let soon = |usage| {
            let turns = turns.clone();
            async move { tokio::time::timeout(Duration::from_millis(20), turns.take(&usage)).await.ok().flatten() }
        };
        let held = [soon(call(1, SHORT)).await.unwrap(), soon(call(2, SHORT)).await.unwrap()];
        assert!(soon(call(3, SHORT)).await.is_none(), "no more for a long one");
        let short = soon(call(4, Duration::ZERO)).await.unwrap();
        assert!(soon(call(5, Duration::ZERO)).await.is_none(), "one, and no more");
        drop(short);
        let [first, _second] = held;
        drop(first);
        let _short = soon(call(6, Duration::ZERO)).await.unwrap();
        assert!(soon(call(7, Duration::ZERO)).await.is_none(), "a short one has one of the places");
    }

    #[test]
    fn long_searches_share_a_place() {
        let (turns, end) = (Turns::new(1), Arc::new(AtomicBool::new(false)));
        let calls = [call(1, SHORT), call(2, SHORT), call(3, SHORT)];
        let (steps, threads): (Vec<_>, Vec<_>) =
            calls.iter().map(|usage| compute(&turns, usage, &end)).unzip();
        let computed = || calls.iter().map(|usage| usage.so_far() - SHORT).collect::<Vec<_>>();
        // A dozen slices for each, if they take turns.
        while computed().iter().sum::<Duration>() < 36 * SLICE {
            std::thread::sleep(SLICE);
        }
        let computed = computed();
        end.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let (least, most) = (computed.iter().min().unwrap(), computed.iter().max().unwrap());
        assert!(*least > Duration::ZERO && *most < 4 * *least, "{computed:?}, {steps:?}");
    }

    #[tokio::test]
    async fn who_gave_up_leaves_the_place_to_the_next() {
        let turns = Turns::new(1);
        let held = turns.take(&call(1, Duration::ZERO)).await.unwrap();
        let gone = tokio::time::timeout(Duration::from_millis(5), turns.take(&call(2, Duration::ZERO))).await;
        assert!(gone.is_err());
        drop(held);
        assert!(turns.take(&call(3, Duration::ZERO)).await.is_some());
        assert!(turns.take(&call(3, Duration::ZERO)).await.is_some());
    }

    #[test]
    fn a_search_that_waits_in_the_middle_can_be_stopped() {
        let (turns, end) = (Turns::new(1), Arc::new(AtomicBool::new(false)));
        let (_, running) = compute(&turns, &call(1, SHORT), &end);
        std::thread::sleep(Duration::from_millis(20));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let held = runtime.block_on(turns.take(&call(2, Duration::ZERO))).unwrap();
        end.store(true, Ordering::Relaxed);
        running.join().unwrap();
        drop(held);
        assert!(runtime.block_on(turns.take(&call(3, Duration::ZERO))).is_some());
    }
}
