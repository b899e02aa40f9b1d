//! How far a training is.

/// Progress of a training run. The callback returns whether to continue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress {
    /// Studies read, of how many.
    Gathered(usize, usize),
    /// A step was taken.
    Step {
        /// Steps taken.
        step: usize,
        /// Mean loss of its pairs by their patches, in nats.
        local: f32,
        /// The same by global vectors.
        global: f32,
    },
    /// Films shown to the finished towers, of how many.
    Looked(usize, usize),
}
