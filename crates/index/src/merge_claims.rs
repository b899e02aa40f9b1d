//! Which merges may run at the same time.

use crate::merge_policy::Choice;
use crate::shared::{Condvar, Mutex, MutexGuard, lock};
use std::collections::HashSet;
use std::sync::PoisonError;

/// The segments being merged. Merges of different segments run side by side.
#[derive(Debug, Default)]
pub(crate) struct MergeClaims {
    claimed: Mutex<Claimed>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct Claimed {
    segments: HashSet<String>,
    /// Whether a full merge runs, or waits for the others to end.
    all: bool,
}

/// Segments that only the holder may merge while this lives.
pub(crate) struct Claim<'a> {
    claims: &'a MergeClaims,
    /// `None` for all segments.
    segments: Option<Vec<String>>,
}

impl MergeClaims {
    /// Claims what `choose` picks, given what is claimed already. Returns `None` while a full merge runs.
    pub fn some(
        &self,
        choose: impl FnOnce(&HashSet<String>) -> Option<Choice>,
    ) -> Option<(Claim<'_>, Choice)> {
        let mut claimed = lock(&self.claimed);
        if claimed.all {
            return None;
        }
        let choice = choose(&claimed.segments)?;
        claimed.segments.extend(choice.ids.iter().cloned());
        Some((Claim { claims: self, segments: Some(choice.ids.clone()) }, choice))
    }

    /// Claims all segments, once no other merge runs.
    pub fn all(&self) -> Claim<'_> {
        let mut claimed = self.wait_while(lock(&self.claimed), |claimed| claimed.all);
        claimed.all = true;
        drop(self.wait_while(claimed, |claimed| !claimed.segments.is_empty()));
        Claim { claims: self, segments: None }
    }

    fn wait_while<'a>(
        &self,
        mut claimed: MutexGuard<'a, Claimed>,
        busy: impl Fn(&Claimed) -> bool,
    ) -> MutexGuard<'a, Claimed> {
        while busy(&claimed) {
            claimed = self.released.wait(claimed).unwrap_or_else(PoisonError::into_inner);
        }
        claimed
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut claimed = lock(&self.claims.claimed);
        match &self.segments {
            Some(segments) => claimed.segments.retain(|id| !segments.contains(id)),
            None => claimed.all = false,
        }
        self.claims.released.notify_all();
    }
}
