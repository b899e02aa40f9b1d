//! Background work yields to calls.

/// Niceness of a background thread, out of 19: where both compete for a processor, Linux gives a thread of 10 about a tenth.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Lowers the priority of this thread and of all threads that it starts: they run at full speed only while no other thread needs
/// the processor. A merge can wait; a search should not. Only Linux has thread priorities; elsewhere this does nothing.
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
