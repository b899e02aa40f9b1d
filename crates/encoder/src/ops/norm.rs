//! Layer normalisation over the last dimension, without scale and shift: the product that follows has both.

use super::floats;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};

/// Added to the variance (Ba, Kiros, Hinton 2016); also what keeps the gradient of a constant row finite.
const EPSILON: f32 = 1e-5;

/// Every row over the last dimension with mean 0 and variance 1.
pub(crate) fn normalize(values: &Tensor) -> Result<Tensor> {
    values.contiguous()?.apply_op1(Normalize)
}

struct Normalize;

/// Mean and reciprocal standard deviation of a row.
fn moments(row: &[f32]) -> (f32, f32) {
    let count = row.len() as f32;
    let mean = row.iter().sum::<f32>() / count;
    let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / count;
    (mean, 1.0 / (variance + EPSILON).sqrt())
}

fn width(layout: &Layout) -> Result<usize> {
    match layout.dims().last() {
        Some(width) if *width > 0 => Ok(*width),
        _ => bail!("normalize: there is no last dimension"),
    }
}

impl CustomOp1 for Normalize {
    fn name(&self) -> &'static str {
        "normalize"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = floats(self.name(), storage, layout)?;
        let mut result = Vec::with_capacity(values.len());
        for row in values.chunks_exact(width(layout)?) {
            let (mean, scale) = moments(row);
            result.extend(row.iter().map(|v| (v - mean) * scale));
        }
        Ok((CpuStorage::F32(result), layout.shape().clone()))
    }

    fn bwd(&self, values: &Tensor, _result: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        values.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &Gradient).map(Some)
    }
}

/// With y the normalised row and g its gradient: (g - mean(g) - y · mean(g · y)) · scale.
struct Gradient;

impl CustomOp2 for Gradient {
    fn name(&self) -> &'static str {
        "normalize-gradient"
    }

    fn cpu_fwd(
        &self,
        values: &CpuStorage,
        layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let values = floats(self.name(), values, layout)?;
        let grad = floats(self.name(), grad, grad_layout)?;
        let width = width(layout)?;
        let mut result = Vec::with_capacity(values.len());
        for (row, grad) in values.chunks_exact(width).zip(grad.chunks_exact(width)) {
            let (mean, scale) = moments(row);
            let of_grad = grad.iter().sum::<f32>() / width as f32;
            let along = row.iter().zip(grad).map(|(v, g)| (v - mean) * scale * g).sum::<f32>() / width as f32;
            result.extend(
                row.iter().zip(grad).map(|(v, g)| (g - of_grad - (v - mean) * scale * along) * scale),
            );
        }
        Ok((CpuStorage::F32(result), layout.shape().clone()))
    }
}
