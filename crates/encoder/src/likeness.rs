//! What makes a film this film, and from which side it was taken: a second part of its vector, beside the one that words
//! are compared with.
//!
//! The towers are taught to put films with the same findings together, so they forget what tells two such films apart, and
//! a copy that was cropped is lost among them. Two linear maps over what the tower saw on its way bring it back. They were
//! not taught by steps but worked out at once (`precedent-training`).
//!
//! Version [`LIKENESS_VERSION`] of the vector: the global vector of length 1, the likeness of length 1, and the view as
//! cosine and sine of an angle from 0 (frontal) to a right angle (lateral), each times the root of its weight, all divided
//! by the root of the sum of weights. Words have zeros in the place of likeness and view, so the order of films by words is
//! that of the global vectors alone.

use crate::towers::{Linear, unit};
use crate::{Architecture, EncoderError, Weights};
use candle_core::{D, Tensor};
use std::f64::consts::FRAC_PI_2;

/// Version of how the parts of a vector are put together. Vectors made under different versions must not be compared.
pub(crate) const LIKENESS_VERSION: u32 = 1;

/// Weight of the likeness where the global vector weighs 1. Of 0.4, 0.6, 0.8, 1 and 1.4, the least with which every crop of
/// 5 % was found in more than 0.94: what is above costs phantoms with the same finding (`docs/decisions/2026-11-29-copies.md`).
const LIKENESS_WEIGHT: f64 = 1.0;
/// Weight of the view. At 1, laterals of a real archive had as many laterals as neighbours as by principal components, at 2
/// more; frontal films do not feel it, because they all have the same view.
const VIEW_WEIGHT: f64 = 2.0;

/// The two maps.
#[derive(Debug, Clone)]
pub(crate) struct LikenessHead {
    likeness: Linear,
    view: Linear,
}

impl LikenessHead {
    /// The head of those weights; `None` where the architecture has none.
    pub(crate) fn new(architecture: &Architecture, weights: &Weights) -> Result<Option<Self>, EncoderError> {
        if architecture.likeness == 0 {
            return Ok(None);
        }
        let likeness = Linear::over_rows(weights, "image.likeness")?;
        Ok(Some(Self { likeness, view: Linear::over_rows(weights, "image.view")? }))
    }

    /// Global vectors `[batch, joint]` and appearances `[batch, features]` to whole vectors of length 1.
    pub(crate) fn join(&self, global: &Tensor, appearance: &Tensor) -> candle_core::Result<Tensor> {
        let batch = appearance.dim(0)?;
        let rows = appearance.reshape((batch, 1, 1, ()))?;
        let likeness = unit(&self.likeness.apply(&rows)?.reshape((batch, ()))?)?;
        let lateral = candle_nn::ops::sigmoid(&self.view.apply(&rows)?.reshape((batch, 1))?)?;
        let angle = (lateral * FRAC_PI_2)?;
        let view = Tensor::cat(&[angle.cos()?, angle.sin()?], D::Minus1)?;
        let parts = [global.clone(), (likeness * LIKENESS_WEIGHT.sqrt())?, (view * VIEW_WEIGHT.sqrt())?];
        Tensor::cat(&parts, D::Minus1)? / (1.0 + LIKENESS_WEIGHT + VIEW_WEIGHT).sqrt()
    }
}
