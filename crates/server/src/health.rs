//! The standard health service: overall, per service, and per service and index.

use crate::registry::{Registry, Served};
use crate::status;
use precedent_engine::{EngineError, ErrorKind, with_causes};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health as HealthApi, HealthServer};
use tonic_health::server::HealthReporter;

/// The empty name stands for the whole server.
const OVERALL: &str = "";
const SEARCH: &str = "precedent.v1.SearchService";
const INGEST: &str = "precedent.v1.IngestService";
const INDEX: &str = "precedent.v1.IndexService";
/// What goes on whatever becomes of an index.
const ALWAYS: [&str; 3] = ["precedent.v1.EncodeService", INDEX, "precedent.v1.ReportService"];

/// What can be done with an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    readable: bool,
    writable: bool,
    /// Nobody has to look after it.
    sound: bool,
}

impl State {
    const WELL: Self = Self { readable: true, writable: true, sound: true };
}

/// What the health service says.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    reporter: HealthReporter,
    /// The state of every index by its name; nothing is said of them any more once the server leaves.
    states: Arc<Mutex<Option<BTreeMap<String, State>>>>,
}

impl Health {
    /// Everything serving, and the service that says so.
    pub(crate) async fn new(registry: &Registry) -> (Self, HealthServer<impl HealthApi>) {
        let (reporter, service) = tonic_health::server::health_reporter();
        let states = registry.all().iter().map(|served| (served.name().to_owned(), State::WELL)).collect();
        let health = Self { reporter, states: Arc::new(Mutex::new(Some(states))) };
        health.tell(said(&health.known())).await;
        (health, service)
    }

    /// Nothing serving any more, so that nobody sends new calls here.
    pub(crate) async fn leave(&self) {
        let all = said(&self.known());
        *self.lock() = None;
        self.tell(all.into_keys().map(|name| (name, false)).collect()).await;
    }

    /// Ends the streams on which the health of these indexes is watched; they would keep their connections open.
    pub(crate) async fn forget(&self, registry: &Registry) {
        let mut reporter = self.reporter.clone();
        let names = registry.all().iter().map(|served| (served.name().to_owned(), State::WELL)).collect();
        for name in said(&names).keys() {
            reporter.clear_service_status(name).await;
        }
    }

    /// The status for an engine that refused to write. When its writer failed for good, ingest is not serving from
    /// then on.
    pub(crate) async fn failed(&self, error: &EngineError, index: &str) -> Status {
        if error.kind() == ErrorKind::Unavailable {
            let known = self.known().get(index).copied().unwrap_or(State::WELL);
            self.note(index, State { writable: false, ..known }).await;
        }
        status::from_engine(error, index)
    }

    /// Looks at every index from time to time, until the answer is dropped.
    pub(crate) fn watch(&self, registry: &Registry, every: Duration) -> Watching {
        let watch = |served: &Served| tokio::spawn(watch(self.clone(), served.clone(), every));
        Watching(registry.all().iter().map(watch).collect())
    }

    async fn note(&self, index: &str, state: State) {
        let said = match &mut *self.lock() {
            Some(states) if states.get(index) != Some(&state) => {
                states.insert(index.to_owned(), state);
                said(states)
            }
            _ => return,
        };
        self.tell(said).await;
    }

    async fn tell(&self, said: BTreeMap<String, bool>) {
        for (name, serving) in said {
            let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
            self.reporter.set_service_status(name, status).await;
        }
    }

    fn known(&self) -> BTreeMap<String, State> {
        self.lock().clone().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<String, State>>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said under which name. A service serves where it serves every index; `SERVICE/INDEX` tells them apart. A
/// restart is what mends a writer that failed, so the server as a whole does not serve then. What needs care and is served all
/// the same is told under the name of the index alone, which no one sends calls by.
fn said(states: &BTreeMap<String, State>) -> BTreeMap<String, bool> {
    let readable = states.values().all(|state| state.readable);
    let writable = states.values().all(|state| state.readable && state.writable);
    let mut said: BTreeMap<String, bool> = ALWAYS.map(|name| (name.to_owned(), true)).into();
    said.extend(
        [(OVERALL, writable), (SEARCH, readable), (INGEST, writable)].map(|(n, s)| (n.to_owned(), s)),
    );
    for (index, state) in states {
        said.insert(format!("{SEARCH}/{index}"), state.readable);
        said.insert(format!("{INGEST}/{index}"), state.readable && state.writable);
        said.insert(format!("{INDEX}/{index}"), state.readable && state.sound);
    }
    said
}

/// Looks at indexes until it is dropped.
pub(crate) struct Watching(Vec<JoinHandle<()>>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

async fn watch(health: Health, served: Served, every: Duration) {
    let mut before = State::WELL;
    loop {
        tokio::time::sleep(every).await;
        let engine = Arc::clone(served.engine());
        // Searches let generations go that nobody asks for; where there are none, this does.
        let look = move || {
            drop(engine.view());
            engine.health()
        };
        let looked = tokio::task::spawn_blocking(look).await;
        let Ok(found) = looked else { continue };
        let state = State {
            readable: found.readable.is_ok(),
            writable: found.writable.is_ok(),
            sound: found.sound.is_ok(),
        };
        if state != before {
            let said = [
                (&found.readable, "the index is not served"),
                (&found.writable, "the index takes no cases"),
                (&found.sound, "the index needs care; what is sound is served"),
            ];
            for (outcome, what) in said {
                if let Err(error) = outcome {
                    let problem = with_causes(error);
                    tracing::error!(index = served.name(), problem, "{what}");
                }
            }
            if state == State::WELL {
                tracing::info!(index = served.name(), "the index is well again");
            }
        }
        before = state;
        health.note(served.name(), state).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(readable: bool, writable: bool) -> State {
        State { readable, writable, sound: true }
    }

    #[test]
    fn each_index_and_all_together_are_told_apart() {
        let states = [("chest", state(true, true)), ("knee", state(true, false))];
        let found = said(&states.map(|(name, state)| (name.to_owned(), state)).into());
        let not_serving: Vec<&str> =
            found.iter().filter(|(_, s)| !**s).map(|(name, _)| name.as_str()).collect();
        assert_eq!(not_serving, [OVERALL, INGEST, "precedent.v1.IngestService/knee"]);
        let found = said(&[("chest".to_owned(), State { sound: false, ..State::WELL })].into());
        let not_serving: Vec<&str> =
            found.iter().filter(|(_, s)| !**s).map(|(name, _)| name.as_str()).collect();
        assert_eq!(not_serving, ["precedent.v1.IndexService/chest"], "it is searched on");
        let gone = said(&[("chest".to_owned(), state(false, true))].into());
        let serving: Vec<&str> = gone.iter().filter(|(_, s)| **s).map(|(name, _)| name.as_str()).collect();
        assert_eq!(serving, ALWAYS);
    }
}
