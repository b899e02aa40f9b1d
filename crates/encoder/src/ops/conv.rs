//! A convolution with bias and, if asked, a rectifier, as one matrix product over patches.

use super::floats;
use super::unfold::{Fold, Window, patches, picture_shape};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor, bail};

/// `max(0, patches(x) · w + b)`, or the same without the rectifier. Of the patches nothing is kept for the gradient: they
/// are nine times as large as the picture and quickly made again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conv {
    pub(crate) window: Window,
    pub(crate) rectify: bool,
}

impl Conv {
    /// Pictures `[batch, height, width, channels]`, weights `[window * channels, out]`, bias `[out]` to
    /// `[batch, places, places, out]`.
    pub(crate) fn apply(self, pictures: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        pictures.contiguous()?.apply_op3(weight, bias, self)
    }
}

impl CustomOp3 for Conv {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn cpu_fwd(
        &self,
        pictures: &CpuStorage,
        picture_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let shape = picture_shape(picture_layout.dims())?;
        let [batch, rows, columns, channels] = shape;
        let (rows, columns) = self.window.places((rows, columns))?;
        let width = self.window.size.0 * self.window.size.1 * channels;
        let (inner, out) = weight_layout.shape().dims2()?;
        if inner != width {
            bail!("conv: weights for {inner} numbers a patch, patches have {width}");
        }
        let count = batch * rows * columns;
        let product = (1, count, out, width);
        let product = if self.window.is_pixel() {
            let layout = Layout::contiguous_with_offset((count, width), picture_layout.start_offset());
            pictures.matmul(weight, product, &layout, weight_layout)?
        } else {
            let cells = self.window.unfold(shape, floats(self.name(), pictures, picture_layout)?)?;
            let layout = Layout::contiguous((count, width));
            CpuStorage::F32(cells).matmul(weight, product, &layout, weight_layout)?
        };
        let CpuStorage::F32(mut result) = product else { bail!("conv: the product is not of 32-bit floats") };
        let bias = floats(self.name(), bias, bias_layout)?;
        for row in result.chunks_exact_mut(out.max(1)) {
            for (value, bias) in row.iter_mut().zip(bias) {
                *value += bias;
                if self.rectify {
                    *value = value.max(0.0);
                }
            }
        }
        Ok((CpuStorage::F32(result), Shape::from((batch, rows, columns, out))))
    }

    fn bwd(
        &self,
        pictures: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        result: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (inner, out) = weight.dims2()?;
        let grad = grad.contiguous()?;
        let grad = if self.rectify { grad.apply_op2_no_bwd(result, &Pass)? } else { grad };
        let grad = grad.reshape(((), out))?;
        let shape = picture_shape(pictures.dims())?;
        let of_weight = patches(pictures, self.window)?.t()?.matmul(&grad)?;
        let of_bias = grad.sum(0)?;
        let cells = grad.matmul(&weight.t()?)?;
        debug_assert_eq!(cells.dim(D::Minus1)?, inner);
        let of_pictures = if self.window.is_pixel() {
            cells.reshape(pictures.shape())?
        } else {
            cells.apply_op1_no_bwd(&Fold(self.window, shape))?
        };
        Ok((Some(of_pictures), Some(of_weight), Some(of_bias)))
    }
}

/// A gradient where the result of a rectifier is above 0.
struct Pass;

impl candle_core::CustomOp2 for Pass {
    fn name(&self) -> &'static str {
        "rectifier-gradient"
    }

    fn cpu_fwd(
        &self,
        grad: &CpuStorage,
        grad_layout: &Layout,
        result: &CpuStorage,
        result_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let grad = floats(self.name(), grad, grad_layout)?;
        let result = floats(self.name(), result, result_layout)?;
        let passed = grad.iter().zip(result).map(|(g, r)| if *r > 0.0 { *g } else { 0.0 }).collect();
        Ok((CpuStorage::F32(passed), grad_layout.shape().clone()))
    }
}
