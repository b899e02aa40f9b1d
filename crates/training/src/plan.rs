//! What a training is set to. The same plan and dataset give the same weights on the same processor.

use crate::TrainingError;
use precedent_encoder::Architecture;
use serde::{Deserialize, Serialize};

/// Settings of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Decides first weights, the order of studies, and how films are varied.
    pub seed: u64,
    /// How many steps.
    pub steps: usize,
    /// Films per shard of a step, each of another study. A step has [`SHARDS`] shards, each with a contrast of its own.
    pub films: usize,
    /// Sentences per film.
    pub sentences: usize,
    /// Largest learning rate.
    pub rate: f64,
    /// Steps from one checkpoint to the next.
    pub checkpoint_every: usize,
    /// The size of the towers.
    pub architecture: Architecture,
}

/// Parts of a step that are computed in parallel. Fixed, so that the number of cores changes no weight.
pub const SHARDS: usize = 2;

impl Plan {
    /// The settings that the bundled encoder was trained with.
    pub fn standard() -> Self {
        Self {
            seed: 1,
            steps: 1500,
            films: 64,
            sentences: 3,
            rate: 1.5e-3,
            checkpoint_every: 250,
            architecture: Architecture::standard(),
        }
    }

    /// Refuses settings that cannot be.
    pub(crate) fn check(&self) -> Result<(), TrainingError> {
        let refused = |field, problem: &str| Err(TrainingError::Plan { field, problem: problem.to_owned() });
        if !(1..=10_000_000).contains(&self.steps) {
            return refused("steps", "is outside 1 to 10000000");
        }
        if !(2..=1024).contains(&self.films) {
            return refused("films", "is outside 2 to 1024");
        }
        if !(1..=16).contains(&self.sentences) {
            return refused("sentences", "is outside 1 to 16");
        }
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return refused("rate", "is not above 0 and at most 1");
        }
        if self.checkpoint_every == 0 {
            return refused("checkpoint_every", "is 0");
        }
        Ok(self.architecture.check()?)
    }

    /// The learning rate of a step, from 0: up within the first twentieth, down to nothing on half a cosine.
    pub(crate) fn rate_at(&self, step: usize) -> f32 {
        let warm = (self.steps as f64 / 20.0).max(1.0);
        let at = step as f64;
        let share = if at < warm {
            (at + 1.0) / warm
        } else {
            let way = (at - warm) / (self.steps as f64 - warm).max(1.0);
            0.5 * (1.0 + (std::f64::consts::PI * way).cos())
        };
        (self.rate * share) as f32
    }
}
