//! The two towers: a picture to a global vector and a grid of patch vectors, a sentence to a vector, all in one space.

use crate::architecture::{STEM_OVERLAP, TEXT_WINDOW, THUMBNAIL};
use crate::ops::{Bag, Conv, Window, normalize};
use crate::words::Words;
use crate::{Architecture, EncoderError, Weights};
use candle_core::{D, Device, Tensor};

/// Added under the root of a length, so that the gradient of a zero vector is finite.
const EPSILON: f64 = 1e-12;
/// Added to the logits of words that are not there.
const NEVER: f32 = -1e9;

/// What the image tower says of a batch of pictures. Vectors of the joint space have length 1.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `[batch, grid * grid, joint]`, cells row by row.
    pub patches: Tensor,
    /// `[batch, joint]`.
    pub global: Tensor,
    /// `[batch, Architecture::appearance_width()]`: what likeness and view are read from. Not of length 1.
    pub appearance: Tensor,
}

/// A product with weights and a bias, over windows of cells.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    conv: Conv,
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn new(weights: &Weights, name: &str, window: Window, rectify: bool) -> Result<Self, EncoderError> {
        let weight = weights.get(&format!("{name}.weight"))?;
        let bias = weights.get(&format!("{name}.bias"))?;
        Ok(Self { conv: Conv { window, rectify }, weight, bias })
    }

    /// A product over rows, each given as a picture of one cell.
    pub(crate) fn over_rows(weights: &Weights, name: &str) -> Result<Self, EncoderError> {
        Self::new(weights, name, Window::around(1), false)
    }

    pub(crate) fn apply(&self, cells: &Tensor) -> candle_core::Result<Tensor> {
        self.conv.apply(cells, &self.weight, &self.bias)
    }
}

/// x + mix(rectified(conv(normalised x))).
#[derive(Debug, Clone)]
struct Block {
    conv: Linear,
    mix: Linear,
}

impl Block {
    fn new(weights: &Weights, name: &str, window: Window) -> Result<Self, EncoderError> {
        let conv = Linear::new(weights, &format!("{name}.conv"), window, true)?;
        let mix = Linear::new(weights, &format!("{name}.mix"), Window::around(1), false)?;
        Ok(Self { conv, mix })
    }

    fn apply(&self, cells: &Tensor) -> candle_core::Result<Tensor> {
        cells + self.mix.apply(&self.conv.apply(&normalize(cells)?)?)?
    }
}

/// Pictures to patch vectors and a global one.
#[derive(Debug, Clone)]
pub struct ImageTower {
    stages: Vec<(Linear, Vec<Block>)>,
    patch: Linear,
    global: Linear,
}

impl ImageTower {
    /// The tower of those weights.
    ///
    /// # Errors
    /// Weights of another architecture.
    pub fn new(architecture: &Architecture, weights: &Weights) -> Result<Self, EncoderError> {
        let stem = Window {
            size: (architecture.stem + 2 * STEM_OVERLAP, architecture.stem + 2 * STEM_OVERLAP),
            stride: (architecture.stem, architecture.stem),
            pad: (STEM_OVERLAP, STEM_OVERLAP),
        };
        let stages = architecture.blocks.iter().enumerate().map(|(stage, &blocks)| {
            let window = if stage == 0 { stem } else { Window::tiles(2) };
            let enter = Linear::new(weights, &format!("image.{stage}.enter"), window, false)?;
            let block = |block| Block::new(weights, &format!("image.{stage}.{block}"), Window::around(3));
            Ok((enter, (0..blocks).map(block).collect::<Result<_, EncoderError>>()?))
        });
        Ok(Self {
            stages: stages.collect::<Result<_, EncoderError>>()?,
            patch: Linear::new(weights, "image.patch", Window::around(1), false)?,
            global: Linear::over_rows(weights, "image.global")?,
        })
    }

    /// `[batch, side, side, 1]` of prepared pixels to patches and global vectors.
    ///
    /// # Errors
    /// Pictures of another shape.
    pub fn forward(&self, pictures: &Tensor) -> candle_core::Result<Seen> {
        let mut cells = pictures.clone();
        for (stage, (enter, blocks)) in self.stages.iter().enumerate() {
            cells = if stage == 0 { enter.apply(&cells)? } else { enter.apply(&normalize(&cells)?)? };
            for block in blocks {
                cells = block.apply(&cells)?;
            }
        }
        let cells = normalize(&cells)?;
        let (batch, rows, columns, width) = cells.dims4()?;
        let patches = unit(&self.patch.apply(&cells)?.reshape((batch, rows * columns, ()))?)?;
        let cells = cells.reshape((batch, rows * columns, width))?;
        let pooled = Tensor::cat(&[cells.mean(1)?, cells.max(1)?], 1)?;
        let global = self.global.apply(&pooled.reshape((batch, 1, 1, 2 * width))?)?;
        let appearance = Tensor::cat(&[pooled, thumbnail(pictures)?], 1)?;
        Ok(Seen { patches, global: unit(&global.reshape((batch, ()))?)?, appearance })
    }
}

/// Sentences to vectors.
#[derive(Debug, Clone)]
pub struct TextTower {
    table: Tensor,
    blocks: Vec<Block>,
    weight: Linear,
    joint: Linear,
    buckets: usize,
}

impl TextTower {
    /// The tower of those weights.
    ///
    /// # Errors
    /// Weights of another architecture.
    pub fn new(architecture: &Architecture, weights: &Weights) -> Result<Self, EncoderError> {
        let block = |block| Block::new(weights, &format!("text.{block}"), Window::along(TEXT_WINDOW));
        Ok(Self {
            table: weights.get("text.table")?,
            blocks: (0..architecture.text_blocks).map(block).collect::<Result<_, EncoderError>>()?,
            weight: Linear::new(weights, "text.weight", Window::around(1), false)?,
            joint: Linear::new(weights, "text.joint", Window::around(1), false)?,
            buckets: architecture.buckets,
        })
    }

    /// Sentences to `[sentences, joint]`. A vector does not depend on the sentences beside it.
    ///
    /// # Errors
    /// No sentence, or one without a word.
    pub fn forward(&self, sentences: &[Words]) -> candle_core::Result<Tensor> {
        let longest = sentences.iter().map(Words::len).max().unwrap_or(0);
        if sentences.iter().any(|words| words.len() == 0) || longest == 0 {
            candle_core::bail!("a sentence has no word");
        }
        let rows = sentences.iter().flat_map(|words| words.rows(self.buckets, longest)).collect();
        let (count, width) = (sentences.len(), self.table.dim(1)?);
        let mut words = Bag::new(rows).apply(&self.table)?.reshape((count, 1, longest, width))?;
        let there = |value: f32| {
            let of = sentences
                .iter()
                .flat_map(|words| (0..longest).map(|at| if at < words.len() { value } else { 1.0 - value }));
            Tensor::from_iter(of, &Device::Cpu)
        };
        let mask = there(1.0)?.reshape((count, 1, longest, 1))?;
        for block in &self.blocks {
            // What lies behind the last word stays 0, as what lies before the first one.
            words = block.apply(&words)?.broadcast_mul(&mask)?;
        }
        let words = normalize(&words)?;
        let logits = self.weight.apply(&words)?.reshape((count, longest))?;
        let absent = (there(0.0)?.reshape((count, longest))? * f64::from(NEVER))?;
        let share = candle_nn::ops::softmax(&(logits + absent)?, D::Minus1)?;
        let words = words.reshape((count, longest, width))?;
        let pooled = words.broadcast_mul(&share.unsqueeze(D::Minus1)?)?.sum(1)?;
        unit(&self.joint.apply(&pooled.reshape((count, 1, 1, width))?)?.reshape((count, ()))?)
    }
}

/// A square picture `[batch, side, side, 1]` as the means of [`THUMBNAIL`] x [`THUMBNAIL`] squares, a row each.
fn thumbnail(pictures: &Tensor) -> candle_core::Result<Tensor> {
    let (batch, rows, columns, _) = pictures.dims4()?;
    let (high, wide) = (rows / THUMBNAIL, columns / THUMBNAIL);
    let squares = pictures.reshape((batch, THUMBNAIL, high, THUMBNAIL * wide))?.mean(2)?;
    squares.reshape((batch, THUMBNAIL * THUMBNAIL, wide))?.mean(2)
}

/// Every vector over the last dimension, of length 1.
pub(crate) fn unit(vectors: &Tensor) -> candle_core::Result<Tensor> {
    let length = (vectors.sqr()?.sum_keepdim(D::Minus1)? + EPSILON)?.sqrt()?;
    vectors.broadcast_div(&length)
}
