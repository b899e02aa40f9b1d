//! One call: how long it may take, what it holds while it runs, and where its work is done: what takes microseconds at
//! once, everything else on a blocking thread.

use crate::memory::{Held, SMALL_BYTES};
use crate::peer::Peer;
use crate::status;
use crate::turns::{Turn, Turns, Usage};
use precedent_engine::give_way;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tonic::{Request, Status};

/// How long a search that was expected to be brief holds up the connections of its thread, before it is begun again on a
/// blocking one. Some fifty times what it takes, so that only a busy machine, a cold disk or an unusual index gets there.
const BRIEF: Duration = Duration::from_millis(5);

/// How long a call may take, and what it takes of the server. Made by [`crate::admission`].
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// When it is over.
    pub(crate) deadline: Option<Instant>,
    taken: Arc<Taken>,
}

/// What a call takes until its last copy is gone.
#[derive(Debug)]
struct Taken {
    peer: Peer,
    /// What its searches have computed.
    usage: Arc<Usage>,
    _place: OwnedSemaphorePermit,
    /// Memory of the messages that arrived.
    received: Mutex<Held>,
}

impl Call {
    pub(crate) fn new(deadline: Option<Instant>, place: OwnedSemaphorePermit, peer: Peer) -> Self {
        let usage = Arc::new(Usage::of(peer.id()));
        Self { deadline, taken: Arc::new(Taken { peer, usage, _place: place, received: Mutex::default() }) }
    }

    /// The call that a request belongs to.
    pub(crate) fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        request.extensions().get().cloned().ok_or_else(status::internal)
    }

    /// The connection that it came by.
    pub(crate) fn peer(&self) -> &Peer {
        &self.taken.peer
    }

    /// Notes what its searches are expected to compute in all. If that is long, they give way to others from the start.
    pub(crate) fn expect(&self, in_all: Duration) {
        self.taken.usage.expect(in_all);
    }

    /// A message has arrived whole, in this memory.
    pub(crate) fn receive(&self, memory: Held) {
        self.received().join(memory);
    }

    /// Of what has arrived, no more than so many bytes are still here.
    pub(crate) fn keep_received(&self, bytes: usize) {
        self.received().shrink(bytes);
    }

    fn received(&self) -> MutexGuard<'_, Held> {
        self.taken.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// Where the work of calls is done.
#[derive(Debug, Clone)]
pub(crate) struct Workers {
    searches: Turns,
    encodings: Arc<Semaphore>,
    abort: Arc<AtomicBool>,
    beside: Arc<Beside>,
}

impl Workers {
    /// Workers that run that many searches and, apart from them, encodings at a time.
    pub(crate) fn new(searches: usize, encodings: usize) -> Self {
        let encodings = Arc::new(Semaphore::new(encodings.max(1)));
        Self { searches: Turns::new(searches), encodings, abort: Arc::default(), beside: Arc::default() }
    }

    /// Ends every search that runs, and what waits to be encoded: the server's patience is over.
    pub(crate) fn abort(&self) {
        self.abort.store(true, Ordering::Relaxed);
    }

    /// Whether the server's patience is over.
    pub(crate) fn ends(&self) -> bool {
        self.abort.load(Ordering::Relaxed)
    }

    /// Runs a search when it is its turn. The closure it gets says when to stop: the caller is gone, its deadline has
    /// passed, or the server ends; and it does not return while it is the turn of others. A search that nobody waits for
    /// any more is not begun.
    pub(crate) async fn search<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce(&dyn Fn() -> bool) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let turn = self.turn(&call).await?;
        self.on_a_thread(Some(turn), false, call, work).await
    }

    async fn turn(&self, call: &Call) -> Result<Turn, Status> {
        self.searches.take(&call.taken.usage).await.ok_or_else(status::shutting_down)
    }

    /// As [`Workers::search`], for a search that is expected to take a fraction of a millisecond: to hand it to another
    /// thread and its answer back would cost as much as it. It is computed at once, without looking whether its caller is
    /// still there, and if it takes longer than [`BRIEF`] it is begun again as any other.
    pub(crate) async fn brief_search<T: Send + 'static>(
        &self,
        call: Call,
        work: impl Fn(&dyn Fn() -> bool) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let turn = self.turn(&call).await?;
        let until = Instant::now() + BRIEF;
        let stop = || self.abort.load(Ordering::Relaxed) || call.is_over();
        if !stop() {
            let result = at_once(|| work(&|| stop() || Instant::now() >= until));
            let is_stopped = result.as_ref().is_err_and(|status| status.code() == tonic::Code::Cancelled);
            if !is_stopped {
                return result;
            }
        }
        self.on_a_thread(Some(turn), false, call, work).await
    }

    /// Encodes when it is its turn, apart from the searches, so that neither an archive on its way in nor a crowd of
    /// searches holds up the other. What nobody waits for any more is not begun; what is begun takes a fraction of a second.
    pub(crate) async fn encode<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let place = Arc::clone(&self.encodings).acquire_owned().await.map_err(|_| status::shutting_down())?;
        let encode = move |_stop: &dyn Fn() -> bool| {
            let _place = place;
            work()
        };
        self.on_a_thread(None, false, call, encode).await
    }

    /// Runs work that takes as long as it takes, beside searches and not among them, until its closure says to stop. It
    /// gives way to everything else.
    pub(crate) async fn until_stopped<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce(&dyn Fn() -> bool) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        self.on_a_thread(None, true, call, work).await
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        turn: Option<Turn>,
        gives_way: bool,
        call: Call,
        work: impl FnOnce(&dyn Fn() -> bool) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let gone = Arc::new(AtomicBool::new(false));
        let _caller = Caller(Arc::clone(&gone));
        let abort = Arc::clone(&self.abort);
        let gives_way = gives_way || call.taken.usage.is_long();
        let run = move || {
            let is_over = || gone.load(Ordering::Relaxed) || abort.load(Ordering::Relaxed) || call.is_over();
            let turn = RefCell::new(turn);
            let stop = || {
                let mut held = turn.borrow_mut();
                *held = held.take().and_then(|turn| turn.go_on(&is_over));
                is_over()
            };
            let result = if stop() { Err(status::cancelled()) } else { work(&stop) };
            // Whatever ended it early, the caller learns the cause and not that the engine noticed.
            result.map_err(|status| match status.code() {
                tonic::Code::Cancelled if call.is_over() => status::deadline_exceeded(),
                tonic::Code::Cancelled if abort.load(Ordering::Relaxed) => status::shutting_down(),
                _ => status,
            })
        };
        if gives_way { self.beside.run(run).await } else { blocking(run).await }
    }

    /// Reads a request of so many bytes: a small one at once, a large one on a blocking thread, as to look at some MiB
    /// would hold up the connections of this one.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        call: &Call,
        bytes: usize,
        work: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        match bytes <= SMALL_BYTES {
            true => at_once(work),
            false => self.carry_through(call.clone(), work).await,
        }
    }

    /// Looks something up that takes microseconds.
    pub(crate) fn look<T>(&self, call: &Call, work: impl FnOnce() -> Result<T, Status>) -> Result<T, Status> {
        if call.is_over() {
            return Err(status::deadline_exceeded());
        }
        at_once(work)
    }

    /// Runs work that is carried through once begun, whether its caller waits or not.
    pub(crate) async fn carry_through<T: Send + 'static>(
        &self,
        call: Call,
        work: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        if call.is_over() {
            return Err(status::deadline_exceeded());
        }
        blocking(move || {
            let _call = call;
            work()
        })
        .await
    }
}

/// Notes that its holder is gone.
struct Caller(Arc<AtomicBool>);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Works on this thread, which also serves connections.
fn at_once<T>(work: impl FnOnce() -> Result<T, Status>) -> Result<T, Status> {
    // Nothing that the work changes is looked at after a panic.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| Err(did_not_finish(true)))
}

fn did_not_finish(panicked: bool) -> Status {
    // The panic's own text may quote what it was about.
    tracing::error!(panicked, "a call's work did not finish");
    status::internal()
}

/// Threads that have a processor only where no other thread wants it: for searches that take long, and checks of every
/// byte. They are kept a while, because who asks for a whole ranking asks for the next.
#[derive(Debug, Default)]
struct Beside(OnceLock<Option<Runtime>>);

impl Beside {
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let Some(runtime) = self.0.get_or_init(threads) else { return Err(status::internal()) };
        let span = tracing::Span::current();
        let task = runtime.spawn_blocking(move || span.in_scope(work));
        task.await.unwrap_or_else(|error| Err(did_not_finish(error.is_panic())))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Nothing waits for what still runs, and a task may not.
        if let Some(runtime) = self.0.take().flatten() {
            runtime.shutdown_background();
        }
    }
}

fn threads() -> Option<Runtime> {
    let threads =
        Builder::new_current_thread().thread_name("precedent-long").on_thread_start(give_way).build();
    threads.inspect_err(|error| tracing::error!(%error, "the system gives no more threads")).ok()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Status> + Send + 'static,
) -> Result<T, Status> {
    let span = tracing::Span::current();
    let task = tokio::task::spawn_blocking(move || span.in_scope(work));
    task.await.unwrap_or_else(|error| Err(did_not_finish(error.is_panic())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Memory;
    use tokio::sync::oneshot;
    use tonic::Code;

    fn call(deadline: Option<Instant>) -> Call {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Call::new(deadline, place, Peer::new(&Memory::new(1 << 20, 1 << 20)))
    }

    #[tokio::test]
    async fn a_large_request_is_not_read_on_a_thread_of_connections() {
        let workers = Workers::new(1, 1);
        let here = std::thread::current().id();
        let read = |bytes| async move {
            let workers = Workers::new(1, 1);
            workers.read(&call(None), bytes, || Ok(std::thread::current().id())).await.unwrap()
        };
        assert_eq!(read(SMALL_BYTES).await, here);
        assert_ne!(read(SMALL_BYTES + 1).await, here);
        let late = call(Some(Instant::now() - Duration::from_secs(1)));
        let status = workers.read(&late, 32 << 20, || Ok(())).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    }

    #[tokio::test]
    async fn expired_work_is_not_begun() {
        let past = Some(Instant::now() - Duration::from_secs(1));
        let begun = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&begun);
        let workers = Workers::new(1, 1);
        let search = workers.search(call(past), move |_| {
            seen.store(true, Ordering::Relaxed);
            Ok(())
        });
        assert_eq!(search.await.unwrap_err().code(), Code::DeadlineExceeded);
        let seen = Arc::clone(&begun);
        let write = workers.carry_through(call(past), move || {
            seen.store(true, Ordering::Relaxed);
            Ok(())
        });
        assert_eq!(write.await.unwrap_err().code(), Code::DeadlineExceeded);
        assert!(!begun.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_search_past_its_deadline_is_stopped_and_says_so() {
        let soon = Some(Instant::now() + Duration::from_millis(20));
        let workers = Workers::new(1, 1);
        let search = workers.search(call(soon), |stop| -> Result<(), Status> {
            while !stop() {
                std::thread::yield_now();
            }
            Err(status::cancelled())
        });
        assert_eq!(search.await.unwrap_err().code(), Code::DeadlineExceeded);
    }

    #[tokio::test]
    async fn a_dropped_call_stops_its_search() {
        let workers = Workers::new(1, 1);
        let (begun, is_begun) = oneshot::channel();
        let (stopped, is_stopped) = oneshot::channel();
        let searching = workers.clone();
        let task = tokio::spawn(async move {
            let search = searching.search(call(None), move |stop| {
                begun.send(()).unwrap();
                while !stop() {
                    std::thread::yield_now();
                }
                stopped.send(()).unwrap();
                Ok(())
            });
            search.await
        });
        is_begun.await.unwrap();
        task.abort();
        is_stopped.await.unwrap();
        // Its turn is free again.
        assert_eq!(workers.search(call(None), |_| Ok(5)).await.unwrap(), 5);
    }

    #[tokio::test]
    async fn a_brief_search_is_done_where_it_was_asked_for() {
        let workers = Workers::new(1, 1);
        let here = std::thread::current().id();
        let there = workers.brief_search(call(None), |_| Ok(std::thread::current().id())).await.unwrap();
        assert_eq!(there, here);
        assert_eq!(workers.look(&call(None), || Ok(std::thread::current().id())).unwrap(), here);
    }

    #[tokio::test]
    async fn a_brief_search_that_takes_longer_goes_on_elsewhere_and_can_be_stopped() {
        let workers = Workers::new(1, 1);
        let here = std::thread::current().id();
        let search = workers.brief_search(call(None), move |stop| {
            while std::thread::current().id() == here {
                if stop() {
                    return Err(status::cancelled());
                }
            }
            Ok(5)
        });
        assert_eq!(search.await.unwrap(), 5);
        let soon = Some(Instant::now() + 4 * BRIEF);
        let endless = workers.brief_search(call(soon), |stop| -> Result<(), Status> {
            while !stop() {
                std::thread::yield_now();
            }
            Err(status::cancelled())
        });
        assert_eq!(endless.await.unwrap_err().code(), Code::DeadlineExceeded);
        // Its turn is free again.
        assert_eq!(workers.search(call(None), |_| Ok(5)).await.unwrap(), 5);
    }

    #[tokio::test]
    async fn a_brief_search_past_its_deadline_or_after_an_abort_is_not_begun() {
        let workers = Workers::new(1, 1);
        let begun = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&begun);
        let work = move |_: &dyn Fn() -> bool| {
            seen.store(true, Ordering::Relaxed);
            Ok(())
        };
        let past = Some(Instant::now() - Duration::from_secs(1));
        let late = workers.brief_search(call(past), work.clone()).await;
        assert_eq!(late.unwrap_err().code(), Code::DeadlineExceeded);
        assert_eq!(workers.look(&call(past), || Ok(())).unwrap_err().code(), Code::DeadlineExceeded);
        workers.abort();
        assert_eq!(workers.brief_search(call(None), work).await.unwrap_err().code(), Code::Unavailable);
        assert!(!begun.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_brief_search_waits_for_its_turn() {
        let workers = Workers::new(1, 1);
        let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
        let searching = workers.clone();
        let first = tokio::spawn(async move {
            let work = move |_: &dyn Fn() -> bool| may_go_on.recv().map_err(|_| status::internal());
            searching.search(call(None), work).await
        });
        tokio::task::yield_now().await;
        let second = workers.brief_search(call(None), |_| Ok(2));
        assert!(tokio::time::timeout(Duration::from_millis(20), second).await.is_err());
        go_on.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(workers.brief_search(call(None), |_| Ok(3)).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn encodings_take_turns_apart_from_searches() {
        let workers = Workers::new(1, 1);
        let (begun, is_begun) = oneshot::channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
        let encoding = workers.clone();
        let first = tokio::spawn(async move {
            let work = move || {
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
                Ok(1)
            };
            encoding.encode(call(None), work).await
        });
        is_begun.await.unwrap();
        assert_eq!(workers.search(call(None), |_| Ok(5)).await.unwrap(), 5);
        let second = workers.encode(call(None), || Ok(2));
        assert!(tokio::time::timeout(Duration::from_millis(20), second).await.is_err(), "no second place");
        go_on.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 1);
        let past = Some(Instant::now() - Duration::from_secs(1));
        assert_eq!(workers.encode(call(past), || Ok(3)).await.unwrap_err().code(), Code::DeadlineExceeded);
    }

    #[tokio::test]
    async fn a_call_that_is_long_computes_beside_others() {
        let workers = Workers::new(1, 1);
        let batch = call(None);
        let name = |_: &dyn Fn() -> bool| Ok(std::thread::current().name().map(str::to_owned));
        assert_ne!(workers.search(batch.clone(), name).await.unwrap().as_deref(), Some("precedent-long"));
        let slow = |_: &dyn Fn() -> bool| {
            std::thread::sleep(Duration::from_millis(60));
            Ok(())
        };
        workers.search(batch.clone(), slow).await.unwrap();
        assert_eq!(workers.search(batch.clone(), name).await.unwrap().as_deref(), Some("precedent-long"));
        let panics = workers.search(batch, |_| -> Result<(), Status> { panic!("CANARY") }).await.unwrap_err();
        assert_eq!((panics.code(), panics.message().contains("CANARY")), (Code::Internal, false));
        let expected = call(None);
        expected.expect(Duration::from_secs(1));
        assert_eq!(workers.search(expected, name).await.unwrap().as_deref(), Some("precedent-long"));
    }

    #[tokio::test]
    async fn searches_of_a_long_call_come_back_to_the_same_thread() {
        let workers = Workers::new(1, 1);
        let batch = call(None);
        batch.expect(Duration::from_secs(1));
        let mut threads = std::collections::HashSet::new();
        for _ in 0..20 {
            let thread = workers.search(batch.clone(), |_| Ok(std::thread::current().id())).await.unwrap();
            threads.insert(thread);
            // It waits for more only a moment after its answer is there.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(threads.len() < 5, "{} threads", threads.len());
    }

    #[tokio::test]
    async fn an_abort_ends_searches_as_a_shutdown() {
        let workers = Workers::new(1, 1);
        workers.abort();
        let search = workers.search(call(None), |_| Ok(()));
        assert_eq!(search.await.unwrap_err().code(), Code::Unavailable);
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_without_its_text() {
        let workers = Workers::new(1, 1);
        let search = workers.search(call(None), |_| -> Result<(), Status> { panic!("CANARY") });
        let brief = workers.brief_search(call(None), |_| -> Result<(), Status> { panic!("CANARY") });
        for status in [search.await.unwrap_err(), brief.await.unwrap_err()] {
            assert_eq!(status.code(), Code::Internal);
            assert!(!status.message().contains("CANARY"));
        }
    }
}
