//! Build parameters.

use crate::HnswError;
use crate::layout::{MAX_M, MIN_M};

/// Largest `ef_construction`.
pub const MAX_EF_CONSTRUCTION: usize = 10_000;

/// The memory layout of a graph: what a search has to read, against the size of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GraphLayout {
    /// [`Self::Lists`] or [`Self::Blocks`], whichever was measured to be faster.
    #[default]
    Fast,
    /// `4 m` links on level 0 in a list, with the codes stored separately: fewer steps than `Compact`.
    Lists,
    /// 32 links on level 0 in a block, with their codes beside them: one read per step, and about five times the bytes of
    /// `Lists`. Falls back to `Lists` if blocks are impossible (`m` outside 8 to 32, few dimensions or rows).
    Blocks,
    /// `2 m` links on level 0: fewer bytes, and just as fast at a recall of 0.95.
    Compact,
}

impl GraphLayout {
    /// Links on level 0 per link on a higher level.
    pub(crate) fn width(self) -> usize {
        match self {
            Self::Fast | Self::Lists | Self::Blocks => 4,
            Self::Compact => 2,
        }
    }
}

/// The builder of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Builder {
    /// Our own.
    #[default]
    Own,
    /// hnsw_rs, to check ours against. Level 0 has `2 m` links in any layout.
    HnswRs,
}

/// Build parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildParams {
    /// Links of a node above level 0, [`MIN_M`] to [`MAX_M`]; two or four times as many on level 0, depending on the layout.
    pub m: usize,
    /// Search width while inserting a row, `m` to [`MAX_EF_CONSTRUCTION`].
    pub ef_construction: usize,
    /// Threads, at least 1. A single thread always builds the same graph; several threads build graphs of equal quality that
    /// differ from run to run.
    pub threads: usize,
    /// The memory layout.
    pub layout: GraphLayout,
    /// The builder.
    pub builder: Builder,
}

impl Default for BuildParams {
    /// The parameters used to measure other libraries: `m` 16 and `ef_construction` 200, on all processors.
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
