//! The links of level 0 in lists of fixed length, to read from one graph and turn into another.

use crate::draft::Draft;
use crate::layout::NONE;
use crate::{Graph, HnswError, Pages};

/// Lists of fixed length, with [`NONE`] in free places.
pub(crate) struct FlatLists {
    pub words: Vec<u32>,
    width: usize,
}

impl FlatLists {
    /// Empty lists.
    pub fn new(count: usize, width: usize) -> Self {
        Self { words: vec![NONE; count * width], width }
    }

    /// The lists of level 0 of a graph.
    pub fn read<P: Pages>(graph: &Graph<P>) -> Result<Self, HnswError> {
        let mut lists = Self::new(graph.node_count(), graph.m0());
        let mut links = Vec::new();
        for (node, list) in lists.words.chunks_mut(lists.width.max(1)).enumerate() {
            graph.level_zero_links(node as u32, &mut links)?;
            put_links(list, links.iter().copied());
        }
        Ok(lists)
    }

    /// The links of a node.
    pub fn of(&self, node: u32) -> &[u32] {
        let start = node as usize * self.width;
        let list = self.words.get(start..start + self.width).unwrap_or_default();
        &list[..list.iter().position(|&link| link == NONE).unwrap_or(list.len())]
    }

    /// A graph with a single level.
    pub fn draft(&self, m: usize) -> Draft {
        let count = self.words.len() / self.width.max(1);
        let mut draft = Draft::new(m, self.width, vec![0; count]);
        for node in 0..count as u32 {
            draft.set_links(node, 0, self.of(node).iter().copied());
        }
        draft
    }
}

/// Writes as many links as the list has places.
pub(crate) fn put_links(list: &mut [u32], links: impl Iterator<Item = u32>) {
    list.fill(NONE);
    list.iter_mut().zip(links).for_each(|(place, link)| *place = link);
}
