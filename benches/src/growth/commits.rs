//! How long commits take, as the index tells by its phases.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::Instant;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Listens to the phases of every index of the process.
#[derive(Debug, Clone, Default)]
pub struct Commits {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    begun: HashMap<ThreadId, Instant>,
    milliseconds: Vec<f64>,
}

impl Commits {
    /// The milliseconds of the commits since this was last asked.
    pub fn take(&self) -> Vec<f64> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).milliseconds)
    }
}

#[derive(Default)]
struct Phase {
    name: String,
    edge: String,
}

impl Visit for Phase {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "phase" {
            self.name = value.to_owned();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.edge = format!("{value:?}");
        }
    }
}

impl Subscriber for Commits {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "precedent::phase"
    }

    fn event(&self, event: &Event<'_>) {
        let mut phase = Phase::default();
        event.record(&mut phase);
        if phase.name != "commit" {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = std::thread::current().id();
        if phase.edge == "begin" {
            state.begun.insert(thread, Instant::now());
        } else if let Some(begun) = state.begun.remove(&thread) {
            state.milliseconds.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
