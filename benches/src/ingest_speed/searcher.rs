//! Someone who asks at fixed times, whether the answer before has come or not.

use super::senders::Trouble;
use precedent_benches::archive::Question;
use precedent_engine::Engine;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Asks the newest generation that often a second until `stop` is set; gives the microseconds from when each question was
/// due until it was answered. So an answer that comes late also counts for those who had to wait behind it.
pub fn ask(
    engine: &Engine,
    questions: &[Question],
    per_second: f64,
    stop: &AtomicBool,
) -> Result<Vec<f64>, Trouble> {
    let started = Instant::now();
    let mut times = Vec::new();
    for (number, question) in questions.iter().cycle().enumerate() {
        let due = started + due(number, per_second);
        if stop.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        engine.view().search(&question.hybrid(), &|| false)?;
        times.push(due.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}

/// When the event of that number comes, from the start.
pub fn due(number: usize, per_second: f64) -> Duration {
    Duration::from_secs_f64(number as f64 / per_second)
}
