//! What is wrong with an index apart from failed calls: background work that fails, and damaged files.
//!
//! A writer also leaves this in a file for other processes. The file's name ends in `.tmp`, so the next writer removes it.

use crate::condition::{BackgroundFailure, Condition};
use crate::error::with_causes;
use precedent_index::{Damage, IndexError, Snapshot};
use precedent_storage::{Storage, StorageError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const FILE: &str = "troubles.tmp";
const NEW_FILE: &str = "troubles-new.tmp";

/// Keeps what is known about one open index.
#[derive(Debug)]
pub(crate) struct Troubles {
    storage: Arc<dyn Storage>,
    index: String,
    is_writer: bool,
    known: Mutex<Known>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Known {
    failures: Vec<BackgroundFailure>,
    /// Per file, what is wrong with it.
    damages: BTreeMap<String, String>,
}

impl Troubles {
    /// Starts with nothing known.
    pub fn new(storage: Arc<dyn Storage>, index: &str, is_writer: bool) -> Self {
        Self { storage, index: index.to_owned(), is_writer, known: Mutex::default() }
    }

    /// Replaces the list of background failures. It is computed under the lock, so that of two threads neither writes an older
    /// list.
    pub fn set_failures(&self, failures: impl FnOnce() -> Vec<BackgroundFailure>) {
        let mut known = self.lock();
        let failures = failures();
        if known.failures != failures {
            known.failures = failures;
            self.leave(&known);
        }
    }

    /// Records the error of a call, if it names a damaged file.
    pub fn note(&self, error: &IndexError) {
        if let Some(file) = error.damaged_file() {
            self.add(file, error);
        }
    }

    /// Records the outcome of reading a file again.
    pub fn checked(&self, file: &str, outcome: Result<(), IndexError>) {
        match outcome {
            Err(error) => self.add(file, &error),
            Ok(()) => {
                let mut known = self.lock();
                if known.damages.remove(file).is_some() {
                    tracing::info!(index = self.index, file, "a file that was damaged is sound again");
                    self.leave(&known);
                }
            }
        }
    }

    fn add(&self, file: &str, error: &IndexError) {
        let mut known = self.lock();
        // Only the first damage of a file is logged, not every search that meets it.
        if !known.damages.contains_key(file) {
            let problem = with_causes(error);
            tracing::error!(index = self.index, file, problem, "a file of the index is damaged");
            known.damages.insert(file.to_owned(), problem);
            self.leave(&known);
        }
    }

    /// What this process knows and, for an index that another process writes, what that process left.
    pub fn condition(&self, newest: &Snapshot) -> Condition {
        let mut known = self.lock().clone();
        if !self.is_writer {
            let told = self.told();
            known.failures.extend(told.failures);
            known.damages.extend(told.damages);
        }
        let damages = known.damages.into_iter().filter(|(file, _)| newest.names(file));
        Condition {
            failures: known.failures,
            damages: damages.map(|(file, description)| Damage { file, description }).collect(),
        }
    }

    /// What the writer left; nothing while it is being replaced.
    fn told(&self) -> Known {
        let bytes = self.storage.read(FILE).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Writes it for other processes. Nothing depends on the file, so it is never synced, and a full disk may refuse it.
    fn leave(&self, known: &Known) {
        if !self.is_writer {
            return;
        }
        let left = match known.failures.is_empty() && known.damages.is_empty() {
            true => self.storage.remove(FILE),
            false => self.write(known),
        };
        if let Err(error) = left {
            tracing::debug!(index = self.index, %error, "other processes are not told what is wrong");
        }
    }

    fn write(&self, known: &Known) -> Result<(), StorageError> {
        let bytes = serde_json::to_vec(known).unwrap_or_default();
        self.storage.remove(NEW_FILE)?;
        let mut file = self.storage.create(NEW_FILE)?;
        file.write_all(&bytes).map_err(|source| StorageError::from_io("write", NEW_FILE, source))?;
        self.storage.rename(NEW_FILE, FILE)
    }

    /// Removes what was left for other processes, so that they do not take it for current: the index is being closed.
    pub fn close(&self) {
        // Under the lock: a thread whose task has just failed must not write the file again.
        let mut known = self.lock();
        *known = Known::default();
        self.leave(&known);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::BackgroundTask;
    use precedent_storage::DiskStorage;
    use std::sync::mpsc;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_failure_that_is_told_while_the_index_closes_is_not_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let storage: Arc<dyn Storage> = Arc::new(DiskStorage::create(folder.path()).unwrap());
        let troubles = &Troubles::new(storage.clone(), "index", true);
        let now = SystemTime::now();
        let problem = "the disk is full".to_owned();
        let task = BackgroundTask::Merge;
        let failure = BackgroundFailure { task, problem, since: now, at: now, attempts: 1, retried: true };
        let (begins, begun) = mpsc::channel();
        let (closes, closed) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                troubles.set_failures(|| {
                    begins.send(()).unwrap();
                    // Closing must wait for this thread, so the message comes too late.
                    assert!(closed.recv_timeout(Duration::from_millis(200)).is_err());
                    vec![failure]
                });
            });
            begun.recv().unwrap();
            troubles.close();
            let _ = closes.send(());
        });
        assert!(matches!(storage.read(FILE), Err(StorageError::NotFound { .. })));
    }
}
