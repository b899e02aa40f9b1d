//! What the calls of one connection share: its part of the memory, and which of its answers are not taken.

use crate::memory::{Budget, Share};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Health checks, watches and reflection at a time in one connection.
pub(crate) const OPEN_CALLS: usize = 16;

/// Memory of all connections.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    /// For requests.
    pub(crate) requests: Budget,
    /// For answers.
    pub(crate) answers: Budget,
}

impl Memory {
    pub(crate) fn new(request_bytes: usize, answer_bytes: usize) -> Self {
        Self { requests: Budget::new(request_bytes), answers: Budget::new(answer_bytes) }
    }
}

/// One connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    id: u64,
    requests: Share,
    answers: Share,
    open: Arc<Semaphore>,
    next_answer: AtomicU64,
    /// Since when the client could take the next message of an answer, by the answer's number.
    untaken: Mutex<HashMap<u64, Instant>>,
}

impl Peer {
    /// A new connection with a number of its own.
    pub(crate) fn new(memory: &Memory) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Shared {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            requests: Share::of(&memory.requests),
            answers: Share::of(&memory.answers),
            open: Arc::new(Semaphore::new(OPEN_CALLS)),
            next_answer: AtomicU64::new(0),
            untaken: Mutex::default(),
        }))
    }

    /// Tells connections apart.
    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    /// Its part of the memory for requests.
    pub(crate) fn requests(&self) -> &Share {
        &self.0.requests
    }

    /// Its part of the memory for answers.
    pub(crate) fn answers(&self) -> &Share {
        &self.0.answers
    }

    /// A place for a call to health or reflection, if one is free.
    pub(crate) fn open_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.open).try_acquire_owned().ok()
    }

    /// An answer that is about to be sent.
    pub(crate) fn answer(&self) -> Untaken {
        Untaken { peer: self.clone(), number: self.0.next_answer.fetch_add(1, Ordering::Relaxed) }
    }

    /// Whether a message of an answer has waited for so long to be taken.
    pub(crate) fn is_stuck(&self, patience: Duration) -> bool {
        let untaken = self.0.untaken.lock().unwrap_or_else(PoisonError::into_inner);
        untaken.values().any(|since| since.elapsed() >= patience)
    }
}

/// Notes whether the client takes an answer.
#[derive(Debug)]
pub(crate) struct Untaken {
    peer: Peer,
    number: u64,
}

impl Untaken {
    /// The next message is there to be taken.
    pub(crate) fn offered(&self) {
        self.note(Some(Instant::now()));
    }

    /// All that was there has been taken.
    pub(crate) fn taken(&self) {
        self.note(None);
    }

    fn note(&self, since: Option<Instant>) {
        let mut untaken = self.peer.0.untaken.lock().unwrap_or_else(PoisonError::into_inner);
        match since {
            Some(since) => untaken.insert(self.number, since),
            None => untaken.remove(&self.number),
        };
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        self.taken();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_is_noticed_until_it_is() {
        let peer = Peer::new(&Memory::new(1 << 20, 1 << 20));
        let (slow, quick) = (peer.answer(), peer.answer());
        slow.offered();
        quick.offered();
        quick.taken();
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(!peer.is_stuck(Duration::from_secs(10)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(peer.is_stuck(Duration::from_secs(10)));
        slow.offered();
        assert!(!peer.is_stuck(Duration::from_secs(10)), "the next message has a time of its own");
        tokio::time::advance(Duration::from_secs(10)).await;
        drop(slow);
        assert!(!peer.is_stuck(Duration::from_secs(10)));
    }

    #[test]
    fn health_and_reflection_have_few_places_in_a_connection() {
        let peer = Peer::new(&Memory::new(1 << 20, 1 << 20));
        let held: Vec<_> = (0..OPEN_CALLS).map(|_| peer.open_place().unwrap()).collect();
        assert!(peer.open_place().is_none());
        drop(held);
        assert!(peer.open_place().is_some());
    }
}
