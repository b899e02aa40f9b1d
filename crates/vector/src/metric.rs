//! What "near" means in a vector space.

use crate::kernel::{self, DistanceFn};

/// The function that compares two embeddings of one space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// The angle: embeddings are brought to length 1 when they are admitted.
    Cosine,
    /// The inner product of embeddings as given.
    Dot,
    /// The Euclidean distance of embeddings as given.
    L2,
}

impl Metric {
    /// The name in definitions and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Dot => "dot",
            Self::L2 => "l2",
        }
    }

    /// The distance kernel of this metric for this processor. Less is nearer: half the squared Euclidean distance for
    /// cosine, `-a·b` for dot, the *squared* Euclidean distance for l2.
    ///
    /// For cosine the inputs have length 1, so that the distance is `1 - a·b` up to rounding. Near copies are told apart by
    /// their differences, though: the rounding of `1 - a·b` would be larger than their distances.
    ///
    /// The kernel panics when the two slices differ in length; [`crate::VectorSpace::admit`] makes that impossible.
    pub fn distance_fn(self) -> DistanceFn {
        let kernels = &kernel::chosen().distances;
        match self {
            Self::Cosine => kernels.half_l2_squared,
            Self::Dot => kernels.negative_dot,
            Self::L2 => kernels.l2_squared,
        }
    }

    /// The similarity for a distance of [`Self::distance_fn`]. More is nearer: the cosine, the inner product, or the
    /// Euclidean distance with its sign turned.
    pub fn similarity(self, distance: f32) -> f32 {
        match self {
            Self::Cosine => 1.0 - distance,
            Self::Dot => -distance,
            Self::L2 => -distance.max(0.0).sqrt(),
        }
    }
}
