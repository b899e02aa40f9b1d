//! The operations that the towers are made of, each in one piece with its gradient.
//!
//! candle's own are right but slow to train (the gradient of `conv2d` is a loop over pixels) or lose gradients
//! (`layer_norm`, `softmax_last_dim`), and each small step of a formula costs a pass over memory. These four keep only
//! their arguments and their result, and their gradients are checked against finite differences.
//!
//! Pictures are channel-last, `[batch, height, width, channels]`, so that a patch is a few runs of contiguous floats and a
//! convolution is one matrix product.

mod bag;
mod conv;
#[cfg(test)]
mod gradient_tests;
mod norm;
mod unfold;

pub(crate) use bag::Bag;
pub(crate) use conv::Conv;
pub(crate) use norm::normalize;
pub(crate) use unfold::Window;

use candle_core::{CpuStorage, Layout, Result, bail};

/// The floats of a contiguous argument of a custom operation.
fn floats<'a>(name: &str, storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => match values.get(start..end) {
            Some(values) => Ok(values),
            None => bail!("{name}: an argument lies outside its storage"),
        },
        (CpuStorage::F32(_), None) => bail!("{name}: an argument is not contiguous"),
        _ => bail!("{name}: an argument is not of 32-bit floats"),
    }
}
