//! Old reports teach the towers: local mutual information between patches of a film and sentences of its report.
//!
//! [`train`] takes a [`Plan`] and a [`Dataset`] and gives the [`Weights`](precedent_encoder::Weights) of an encoder. No
//! label is looked at; what a sentence says (its key) only keeps true pairs from being counter-examples. What tells one film
//! from another, and lateral from frontal films, is worked out when the towers are done ([`fit_likeness`]).

mod adam;
mod augment;
mod dataset;
mod error;
mod gather;
mod likeness;
mod linear;
mod objective;
mod plan;
mod progress;
mod state;
mod trainer;

pub use dataset::{Dataset, DatasetError, Film, Sentence, Study};
pub use error::TrainingError;
pub use plan::{Plan, SHARDS};
pub use progress::Progress;
pub use trainer::{CHECKPOINT_FILE, fit_likeness, train, untrained};
