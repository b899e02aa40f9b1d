//! A query against blocks of links.

use crate::kernel::chosen;
use crate::kernel::links::{BLOCK_LINKS, BlockView, CENTROIDS, Tables, TablesView};

/// A query in the form of blocks.
#[derive(Clone, Default)]
pub struct LinkQuery {
    pub(crate) tables: Vec<Tables>,
    pub(crate) unit: f32,
    pub(crate) offset: f32,
    pub(crate) coordinates: Vec<f32>,
    pub(crate) sums: Vec<i32>,
    pub(crate) products: Vec<[f32; CENTROIDS]>,
}

impl LinkQuery {
    /// Writes the keys of those links of a block whose estimate is below `limit`, in the order they stand in, and says how many
    /// they are. `base` is the measured distance of the block's own node, and estimates are of the same kind. None for bytes that
    /// are no block of this shape.
    #[inline]
    pub fn nearer(
        &self,
        block: &[u8],
        base: f32,
        limit: f32,
        keys: &mut [u64; BLOCK_LINKS],
    ) -> Option<usize> {
        let (ids, block) = block.split_first_chunk()?;
        let (terms, block) = block.split_first_chunk()?;
        let (factors, block) = block.split_first_chunk()?;
        let (quads, rest) = block.as_chunks();
        if quads.len() != self.tables.len() || !rest.is_empty() {
            return None;
        }
        let query = TablesView { tables: &self.tables, unit: self.unit, offset: self.offset };
        Some((chosen().links.nearer)(BlockView { ids, terms, factors, quads }, query, base, limit, keys))
    }
}
