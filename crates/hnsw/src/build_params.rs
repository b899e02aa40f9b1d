//! How a graph is built.

use crate::HnswError;
use crate::layout::{MAX_M, MIN_M};

/// Largest `ef_construction`.
pub const MAX_EF_CONSTRUCTION: usize = 10_000;

/// How a graph lies in memory: what a search has to read, against what the index may take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GraphLayout {
    /// [`Self::Lists`] or [`Self::Blocks`], whichever was measured to take less time.
    #[default]
    Fast,
    /// `4 m` links on level 0 in a list, and the codes of nodes elsewhere: fewer steps than `Compact`.
    Lists,
    /// 32 links on level 0 in a block, with their codes beside them: one read a step, and about five times the bytes of `Lists`. Where
    /// blocks cannot be had (`m` outside 8 to 32, few numbers or rows), as `Lists`.
    Blocks,
    /// `2 m` links on level 0: fewer bytes, and at a recall of 0.95 as fast.
    Compact,
}

impl GraphLayout {
    /// Links on level 0 for each link on a level above.
    pub(crate) fn width(self) -> usize {
        match self {
            Self::Fast | Self::Lists | Self::Blocks => 4,
            Self::Compact => 2,
        }
    }
}

/// Who links the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Builder {
    /// Our own.
    #[default]
    Own,
    /// hnsw_rs, to check ours against. Level 0 gets `2 m` links whatever the layout.
    HnswRs,
}

/// How a graph is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildParams {
    /// Links of a node on a level above 0, [`MIN_M`] to [`MAX_M`]; on level 0 two or four times as many, by the layout.
    pub m: usize,
    /// Neighbours held while the place of a row is looked for, `m` to [`MAX_EF_CONSTRUCTION`].
    pub ef_construction: usize,
    /// Threads, at least 1. One thread always builds the same graph; several build one of equal quality that differs
    /// from run to run.
    pub threads: usize,
    /// What a search will read.
    pub layout: GraphLayout,
    /// Who links the rows.
    pub builder: Builder,
}

impl Default for BuildParams {
    /// What the peers are measured with: `m` 16 and `ef_construction` 200, on all processors.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { m: 16, ef_construction: 200, threads, layout: GraphLayout::Fast, builder: Builder::Own }
    }
}

impl BuildParams {
    pub(crate) fn check(&self) -> Result<(), HnswError> {
        let check = |field, found, min, max| match (min..=max).contains(&found) {
            true => Ok(()),
            false => Err(HnswError::Parameter { field, found, min, max }),
        };
        check("m", self.m, MIN_M, MAX_M)?;
        check("ef_construction", self.ef_construction, self.m, MAX_EF_CONSTRUCTION)?;
        check("threads", self.threads, 1, 1024)
    }
}
