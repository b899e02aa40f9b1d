//! Several encodings at a time.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does the same work for every item on as many threads as the machine has cores; the results in the order of the items.
///
/// Not on rayon's threads: the tensor library waits there for parts of a product, and a thread that waits would begin
/// another whole encoding on its stack, and another in that.
pub fn spread<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let waiting = Mutex::new(items.into_iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let each = || {
        let mut done = Vec::new();
        while let Some((at, item)) = next() {
            done.push((at, work(item)));
        }
        done
    };
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(each)).collect();
        let ended = running.into_iter().map(|one| one.join());
        ended.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_their_items() {
        assert_eq!(
            spread((0..1000).collect(), |item: i32| item * 2),
            (0..2000).step_by(2).collect::<Vec<_>>()
        );
        assert!(spread(Vec::<i32>::new(), |item| item).is_empty());
    }

    #[test]
    #[should_panic(expected = "no such film")]
    fn a_panic_reaches_the_caller() {
        spread(vec![1, 2, 3], |item| assert!(item != 2, "no such film"));
    }
}
