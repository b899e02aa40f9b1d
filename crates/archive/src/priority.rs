//! Work in the background gives way to calls.

/// How much nicer than others a thread in the background is, of 19: where both want a processor, Linux gives a thread of 10
/// about a tenth.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// From now on this thread, and every thread that it starts, has a processor for itself only where no other thread wants
/// it. What a merge does can wait; whoever searches meanwhile should not. Linux alone has priorities of threads, elsewhere
/// nothing changes.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICER) {
        tracing::warn!(%error, "work in the background runs with the priority of searches");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gives_way_with_those_that_it_starts_and_no_other() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        let lowered = std::thread::spawn(move || {
            give_way();
            (priority(), std::thread::spawn(priority).join().unwrap())
        });
        assert_eq!(lowered.join().unwrap(), (NICER, NICER));
        assert_eq!(priority(), before);
    }
}
