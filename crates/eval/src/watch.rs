//! Work on many things at once that tells how far it is and can be stopped.

use crate::EvalError;
use rayon::prelude::*;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Is told how far the work is, and says when to stop. Both are called from several threads.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Gets what is being done, how much of it is done, and how much there is.
    pub progress: &'a (dyn Fn(&'static str, u64, u64) + Sync),
    /// Returns true once the work should end.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl Watch<'_> {
    /// Ends the work if it should.
    pub(crate) fn check(&self) -> Result<(), EvalError> {
        if (self.stop)() { Err(EvalError::Stopped) } else { Ok(()) }
    }

    /// The results for all items, in their order.
    pub(crate) fn each<T: Sync, R: Send>(
        &self,
        what: &'static str,
        items: &[T],
        work: impl Fn(&T) -> Result<R, EvalError> + Sync,
    ) -> Result<Vec<R>, EvalError> {
        let (done, all) = (AtomicU64::new(0), items.len() as u64);
        (self.progress)(what, 0, all);
        let one = |item| {
            self.check()?;
            let result = work(item)?;
            (self.progress)(what, done.fetch_add(1, Ordering::Relaxed) + 1, all);
            Ok(result)
        };
        items.par_iter().map(one).collect()
    }
}
