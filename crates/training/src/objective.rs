//! The objective: mutual information between patches and sentences, by its contrastive bound.
//!
//! A film and a sentence are as near as the sentence's best patch: over the cosines c of the patches, the soft maximum
//! log(mean(exp(B c)))/B, which lets the gradient reach more than one patch while the towers know nothing yet. Of each pair
//! that belongs together the bound of van den Oord et al. 2018 (CPC, "InfoNCE") is taken both ways: the sentence among the
//! sentences of the batch, the film among its films. It follows Liao et al., MICCAI 2021, whose critic is a network; a
//! cosine can be looked up in an index. As there, a pair of one study is no counter-example, nor is here a sentence of
//! which the other report says the same. The global vector is taught by the same sentences, as one more patch.

use candle_core::{D, Device, Result, Tensor};
use precedent_encoder::Seen;

/// Sharpness of the soft maximum over patches.
const SHARPNESS: f64 = 12.0;
/// Reciprocal temperature of the contrast.
const SCALE: f64 = 14.0;
/// Added to the logits of pairs that are no counter-examples.
const NEVER: f32 = -1e4;

/// Which sentence belongs to which film, and which pairs are left out.
pub(crate) struct Pairs {
    /// Of each sentence its film.
    pub(crate) film_of: Vec<u32>,
    /// `[films, sentences]`, row by row: whether the pair belongs together or would teach a falsehood as a
    /// counter-example.
    pub(crate) true_of: Vec<bool>,
    pub(crate) films: usize,
}

/// The loss of a batch: of patches and of global vectors.
pub(crate) struct Losses {
    pub(crate) local: Tensor,
    pub(crate) global: Tensor,
}

/// The loss of films and sentences `[sentences, joint]`.
pub(crate) fn losses(seen: &Seen, said: &Tensor, pairs: &Pairs) -> Result<Losses> {
    let (films, cells, joint) = seen.patches.dims3()?;
    let sentences = said.dim(0)?;
    let cosines = seen.patches.reshape((films * cells, joint))?.matmul(&said.t()?)?;
    let cosines = (cosines.reshape((films, cells, sentences))? * SHARPNESS)?;
    // The largest is taken off first, so that nothing overflows; B c is at most B.
    let best = ((((cosines - SHARPNESS)?.exp()?.mean(1)?).log()? + SHARPNESS)? / SHARPNESS)?;
    let global = seen.global.matmul(&said.t()?)?;
    let pairing = Pairing::new(pairs, sentences)?;
    Ok(Losses { local: pairing.contrast(&best)?, global: pairing.contrast(&global)? })
}

/// [`Pairs`] as tensors.
struct Pairing {
    /// 1 where film and sentence belong together.
    own: Tensor,
    /// `NEVER` where a pair is true but not this one.
    left_out: Tensor,
    count: f64,
}

impl Pairing {
    fn new(pairs: &Pairs, sentences: usize) -> Result<Self> {
        let own = |at: usize| pairs.film_of[at % sentences] as usize == at / sentences;
        let shape = (pairs.films, sentences);
        let all = 0..pairs.films * sentences;
        let ones = Tensor::from_iter(all.clone().map(|at| if own(at) { 1.0f32 } else { 0.0 }), &Device::Cpu)?;
        let masked = all.map(|at| if pairs.true_of[at] && !own(at) { NEVER } else { 0.0 });
        let left_out = Tensor::from_iter(masked, &Device::Cpu)?.reshape(shape)?;
        Ok(Self { own: ones.reshape(shape)?, left_out, count: sentences as f64 })
    }

    /// Mean over the sentences of both directions.
    fn contrast(&self, similarity: &Tensor) -> Result<Tensor> {
        let logits = ((similarity * SCALE)? + &self.left_out)?;
        let among_films = self.own_logs(&logits, 0)?;
        // A film has several sentences, which do not stand against each other.
        let own = ((&self.own - 1.0)? * f64::from(-NEVER))?;
        let others = (&logits - (&self.own * f64::from(-NEVER))?)?;
        let strangers = others.exp()?.sum_keepdim(D::Minus1)?;
        // Never 0, so that a film of which every other sentence is true has a logarithm, too.
        let itself = ((&logits + &own)?.exp()? + 1e-12)?;
        let among_sentences =
            (&self.own * (itself.broadcast_add(&strangers)?.log()? - &logits)?)?.sum_all()?;
        ((among_films + among_sentences)? / (2.0 * self.count))?.reshape(())
    }

    /// Sum over pairs that belong together of -log softmax along `dim`.
    fn own_logs(&self, logits: &Tensor, dim: usize) -> Result<Tensor> {
        let logs = candle_nn::ops::log_softmax(logits, dim)?;
        (&self.own * logs)?.sum_all()?.neg()
    }
}
