//! Whether an open index can still be read and written.

use crate::{BackgroundTask, Condition, Engine, EngineError};
use std::time::Duration;

/// Acknowledged cases should be found within a second. If they are not after this time, commits are failing.
const OVERDUE: Duration = Duration::from_secs(15);

/// The state of an open index; an error says what is wrong.
#[derive(Debug)]
pub struct Health {
    /// Whether its files are still in place.
    pub readable: Result<(), EngineError>,
    /// Whether it accepts cases and makes them visible; always fine for an index opened for reading.
    pub writable: Result<(), EngineError>,
    /// Whether it needs no attention: no file was found damaged, and no background task keeps failing. Everything that is sound
    /// can still be searched and written.
    pub sound: Result<(), EngineError>,
}

impl Engine {
    /// Checks whether the index can still be read and written. Reads the newest manifest, and waits for an operation that is
    /// being written.
    pub fn health(&self) -> Health {
        let condition = self.condition();
        Health {
            readable: self.archive().check_readable().map_err(EngineError::from),
            writable: self.writable(&condition),
            sound: sound(&condition),
        }
    }

    fn writable(&self, condition: &Condition) -> Result<(), EngineError> {
        self.archive().check_writable()?;
        is_visible(condition, self.archive().waiting())
    }
}

fn is_visible(condition: &Condition, waiting: Duration) -> Result<(), EngineError> {
    if waiting < OVERDUE {
        return Ok(());
    }
    let failure = condition.failures.iter().find(|failure| failure.task == BackgroundTask::Commit);
    let problem = match failure {
        Some(failure) => format!("commits fail, {} in a row: {}", failure.attempts, failure.problem),
        None => "a commit does not end; the disk may hang".to_owned(),
    };
    Err(EngineError::NotVisible { problem })
}

fn sound(condition: &Condition) -> Result<(), EngineError> {
    let problem = match (condition.damages.as_slice(), condition.failures.iter().find(|one| !one.retried)) {
        ([damage], _) => damage.description.clone(),
        ([damage, rest @ ..], _) => format!("{}; further damaged files: {}", damage.description, rest.len()),
        ([], Some(failure)) => {
            format!("the {} in the background keeps failing: {}", failure.task.name(), failure.problem)
        }
        ([], None) => return Ok(()),
    };
    Err(EngineError::NeedsCare { problem })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BackgroundFailure, Damage};
    use std::time::SystemTime;

    fn failing(task: BackgroundTask, retried: bool) -> Condition {
        let (since, at) = (SystemTime::UNIX_EPOCH, SystemTime::now());
        let failure = BackgroundFailure { task, problem: "why".into(), since, at, attempts: 3, retried };
        Condition { failures: vec![failure], damages: Vec::new() }
    }

    #[test]
    fn what_waits_too_long_is_not_visible_and_the_reason_is_given() {
        let short = OVERDUE - Duration::from_millis(1);
        let commits = failing(BackgroundTask::Commit, true);
        assert!(is_visible(&commits, short).is_ok());
        let told = |condition: &Condition| is_visible(condition, OVERDUE).unwrap_err().to_string();
        assert!(told(&commits).ends_with("commits fail, 3 in a row: why"), "{}", told(&commits));
        assert!(told(&failing(BackgroundTask::Merge, true)).contains("does not end"));
    }

    #[test]
    fn an_index_needs_care_where_nothing_mends_by_itself() {
        assert!(sound(&failing(BackgroundTask::Merge, true)).is_ok());
        let told = |condition: &Condition| sound(condition).unwrap_err().to_string();
        let mut condition = failing(BackgroundTask::Merge, false);
        assert_eq!(told(&condition), "the merge in the background keeps failing: why");
        for file in ["one", "two"] {
            let description = format!("{file} is damaged");
            condition.damages.push(Damage { file: file.into(), description });
        }
        assert_eq!(told(&condition), "one is damaged; further damaged files: 1");
    }
}
