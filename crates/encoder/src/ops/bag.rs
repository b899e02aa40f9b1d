//! Rows of a table, averaged by bags: the embedding of a word is the mean of those of its parts.

use super::floats;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use std::sync::Arc;

/// Which rows of a table each bag holds.
#[derive(Debug, Clone)]
pub(crate) struct Bag {
    rows: Arc<[Vec<u32>]>,
}

impl Bag {
    /// Bags by the rows that they hold. An empty bag gives zeros.
    pub(crate) fn new(rows: Vec<Vec<u32>>) -> Self {
        Self { rows: rows.into() }
    }

    /// A table `[rows, width]` to `[bags, width]`.
    pub(crate) fn apply(self, table: &Tensor) -> Result<Tensor> {
        table.apply_op1(self)
    }
}

impl CustomOp1 for Bag {
    fn name(&self) -> &'static str {
        "bag"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (count, width) = layout.shape().dims2()?;
        let table = floats(self.name(), storage, layout)?;
        let mut result = vec![0.0; self.rows.len() * width];
        for (sum, rows) in result.chunks_exact_mut(width.max(1)).zip(self.rows.iter()) {
            let share = 1.0 / rows.len().max(1) as f32;
            for &row in rows {
                let row = row as usize;
                if row >= count {
                    bail!("bag: row {row} of a table of {count}");
                }
                for (sum, value) in sum.iter_mut().zip(&table[row * width..]) {
                    *sum += share * value;
                }
            }
        }
        Ok((CpuStorage::F32(result), Shape::from((self.rows.len(), width))))
    }

    fn bwd(&self, table: &Tensor, _result: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let spread = Spread { rows: self.rows.clone(), count: table.dim(0)? };
        grad.contiguous()?.apply_op1_no_bwd(&spread).map(Some)
    }
}

/// The transpose of [`Bag`].
struct Spread {
    rows: Arc<[Vec<u32>]>,
    count: usize,
}

impl CustomOp1 for Spread {
    fn name(&self) -> &'static str {
        "bag-gradient"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        let grad = floats(self.name(), storage, layout)?;
        let mut result = vec![0.0; self.count * width];
        for (grad, rows) in grad.chunks_exact(width.max(1)).zip(self.rows.iter()) {
            let share = 1.0 / rows.len().max(1) as f32;
            for &row in rows {
                for (sum, value) in result[row as usize * width..].iter_mut().zip(grad) {
                    *sum += share * value;
                }
            }
        }
        Ok((CpuStorage::F32(result), Shape::from((self.count, width))))
    }
}
