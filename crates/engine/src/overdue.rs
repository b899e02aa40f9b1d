//! Whether what was acknowledged becomes visible in time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was acknowledged is to be found within a second. Where it is not after this, commits fail.
const OVERDUE: Duration = Duration::from_secs(15);

/// Since when operations wait to become visible, in the generation of then.
#[derive(Debug, Default)]
pub(crate) struct Overdue(Mutex<Option<(u64, Instant)>>);

impl Overdue {
    /// Whether operations have waited too long, by what is seen now.
    pub(crate) fn is_seen(&self, generation: u64, pending: usize) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *since = match *since {
            _ if pending == 0 => None,
            Some((then, since)) if then == generation => Some((then, since)),
            _ => Some((generation, Instant::now())),
        };
        since.is_some_and(|(_, since)| since.elapsed() >= OVERDUE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_in_one_generation_becomes_overdue() {
        let overdue = Overdue::default();
        let long_ago = |generation| {
            *overdue.0.lock().unwrap() = Instant::now().checked_sub(OVERDUE).map(|then| (generation, then));
        };
        assert!(!overdue.is_seen(1, 5));
        long_ago(1);
        assert!(overdue.is_seen(1, 9));
        assert!(!overdue.is_seen(2, 9), "a commit went through");
        long_ago(2);
        assert!(!overdue.is_seen(2, 0) && !overdue.is_seen(2, 1), "nothing waited");
    }
}
