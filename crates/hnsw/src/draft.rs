//! A graph between the builder and its bytes.

use crate::layout::{GraphHeader, NONE};
use crate::recall::RecallTable;
use precedent_vector::Lines;
use std::ops::Range;

/// The positions of the lists of links: flat arrays of words, `m0` per node on level 0, and `m` per node and higher level.
#[derive(Debug, Clone)]
pub(crate) struct Lists {
    pub m: usize,
    pub m0: usize,
    pub levels: Vec<u8>,
    /// Section B as words.
    pub upper_index: Vec<u32>,
    /// Words of section C.
    pub upper_words: usize,
}

impl Lists {
    pub fn new(m: usize, m0: usize, levels: Vec<u8>) -> Self {
        let mut upper_words = 0;
        let upper_index = levels
            .iter()
            .map(|&level| match level {
                0 => NONE,
                level => {
                    let start = upper_words as u32;
                    upper_words += 1 + usize::from(level) * m;
                    start
                }
            })
            .collect();
        Self { m, m0, levels, upper_index, upper_words }
    }

    /// The words of a node's list on level 0.
    pub fn level_zero(&self, node: u32) -> Range<usize> {
        let start = node as usize * self.m0;
        start..start + self.m0
    }

    /// The words of a node's list on a higher level that it has.
    pub fn upper(&self, node: u32, level: u8) -> Range<usize> {
        let start = self.upper_index[node as usize] as usize + 1 + usize::from(level - 1) * self.m;
        start..start + self.m
    }
}

/// Links of a finished graph, before they are laid out. Takes what a builder gives and keeps what the layout allows: no links to
/// the node itself or to nodes that are not on the level, no duplicates, and no more than fit.
pub(crate) struct Draft {
    lists: Lists,
    level_zero: Vec<u32>,
    /// Section C as words.
    upper: Vec<u32>,
}

/// The contents of a graph besides its links.
pub(crate) struct Codes {
    /// Sections D, E and F.
    pub quantiser: Vec<u8>,
    pub first: Lines,
    pub rest: Lines,
    /// Sections A and G, if links are stored in blocks.
    pub blocks: Option<Blocks>,
}

/// The bytes of blocks of links.
pub(crate) struct Blocks {
    /// One per node, then the start blocks.
    pub bytes: Vec<u8>,
    pub block_bytes: usize,
    pub start_blocks: usize,
    pub quantiser: Vec<u8>,
}

impl Default for Codes {
    /// No blocks.
    fn default() -> Self {
        Self { quantiser: Vec::new(), first: Lines::new(0), rest: Lines::new(0), blocks: None }
    }
}

impl Draft {
    /// Nodes of the given levels without links.
    pub fn new(m: usize, m0: usize, levels: Vec<u8>) -> Self {
        let lists = Lists::new(m, m0, levels);
        let level_zero = vec![NONE; m0 * lists.levels.len()];
        let mut upper = vec![NONE; lists.upper_words];
        for (&start, &level) in
            lists.upper_index.iter().zip(&lists.levels).filter(|(start, _)| **start != NONE)
        {
            upper[start as usize] = level.into();
        }
        Self { lists, level_zero, upper }
    }

    /// Sets the links of a node on a level, nearest first.
    pub fn set_links(&mut self, node: u32, level: u8, links: impl Iterator<Item = u32>) {
        if level > self.lists.levels[node as usize] {
            return;
        }
        let places = match level {
            0 => &mut self.level_zero[self.lists.level_zero(node)],
            _ => &mut self.upper[self.lists.upper(node, level)],
        };
        let mut used = 0;
        for link in links {
            let on_level = self.lists.levels.get(link as usize).is_some_and(|&own| own >= level);
            if !on_level || link == node || places[..used].contains(&link) {
                continue;
            }
            if used == places.len() {
                break;
            }
            places[used] = link;
            used += 1;
        }
        places[used..].fill(NONE);
    }

    /// The bytes of the graph. If `m0` is 0, they are codes only, without links. Otherwise the entry point is the node with the
    /// most links on the highest level, the first of equals: with several threads, the first node of a level may have none.
    pub fn encode(&self, codes: &Codes, measured: &RecallTable) -> Vec<u8> {
        let Lists { m, m0, levels, .. } = &self.lists;
        let nodes = levels.len();
        let max_level = levels.iter().copied().max().unwrap_or(0);
        let entry_point = (0..nodes as u32)
            .filter(|&node| *m0 > 0 && levels[node as usize] == max_level)
            .max_by_key(|&node| (self.degree(node, max_level), std::cmp::Reverse(node)));
        let per_node = |bytes: &[u8]| bytes.len().checked_div(nodes).unwrap_or(0) as u64;
        let layout = GraphHeader {
            node_count: nodes as u32,
            m: *m as u32,
            m0: *m0 as u32,
            max_level: max_level.into(),
            entry_point: entry_point.unwrap_or(NONE),
            walk_points: measured.walks.len() as u32,
            scan_points: measured.scans.len() as u32,
            spread: measured.spread,
            upper_bytes: 4 * self.upper.len() as u64,
            quantiser_bytes: codes.quantiser.len() as u64,
            code_bytes: per_node(&codes.first),
            rest_bytes: per_node(&codes.rest),
            unreachable: 0,
            repaired: 0,
            block_bytes: codes.blocks.as_ref().map_or(0, |blocks| blocks.block_bytes as u32),
            start_blocks: codes.blocks.as_ref().map_or(0, |blocks| blocks.start_blocks as u32),
            link_quantiser_bytes: codes.blocks.as_ref().map_or(0, |blocks| blocks.quantiser.len() as u32),
        };
        let mut bytes = Vec::with_capacity(layout.total_bytes() as usize);
        bytes.extend_from_slice(&layout.encode());
        match &codes.blocks {
            Some(blocks) => bytes.extend_from_slice(&blocks.bytes),
            None => {
                let padding = layout.stride() as usize - m0;
                for list in self.level_zero.chunks((*m0).max(1)) {
                    let words = list.iter().copied().chain(std::iter::repeat_n(NONE, padding));
                    bytes.extend(words.flat_map(u32::to_le_bytes));
                }
            }
        }
        let words = self.lists.upper_index.iter().chain(&self.upper);
        bytes.extend(words.flat_map(|word| word.to_le_bytes()));
        bytes.extend_from_slice(&codes.quantiser);
        bytes.resize(layout.code_offset(0) as usize, 0);
        bytes.extend_from_slice(&codes.first);
        bytes.extend_from_slice(&codes.rest);
        if let Some(blocks) = &codes.blocks {
            bytes.extend_from_slice(&blocks.quantiser);
        }
        bytes.extend(measured.to_bytes());
        bytes
    }

    fn degree(&self, node: u32, level: u8) -> usize {
        let list = match level {
            0 => &self.level_zero[self.lists.level_zero(node)],
            _ => &self.upper[self.lists.upper(node, level)],
        };
        list.iter().filter(|&&link| link != NONE).count()
    }
}

#[cfg(test)]
impl Draft {
    /// The bytes without codes.
    pub fn links_only(&self) -> Vec<u8> {
        self.encode(&Codes::default(), &RecallTable::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Graph;

    #[test]
    fn lists_keep_what_belongs_on_their_level_and_fits() {
        let mut draft = Draft::new(2, 4, vec![0, 2, 0, 1, 0, 0, 0]);
        draft.set_links(0, 0, [3, 0, 1, 3, 99, 4, 5, 6].into_iter());
        draft.set_links(0, 1, [1].into_iter());
        draft.set_links(1, 1, [0, 3, 1].into_iter());
        draft.set_links(3, 1, [1].into_iter());
        let graph = Graph::of_links(draft.links_only());
        let mut links = vec![9];
        graph.level_zero_links(0, &mut links).unwrap();
        assert_eq!(links, [3, 1, 4, 5]);
        graph.level_zero_links(6, &mut links).unwrap();
        assert_eq!(links, []);
        graph.upper_links(1, 1, &mut links).unwrap();
        assert_eq!(links, [3]);
        graph.upper_links(1, 2, &mut links).unwrap();
        assert_eq!(links, []);
        assert_eq!((graph.entry_point(), graph.m(), graph.node_count()), (Some((1, 2)), 2, 7));
        assert_eq!((0..7).map(|node| graph.level(node).unwrap()).collect::<Vec<_>>(), [0, 2, 0, 1, 0, 0, 0]);
        assert!(graph.upper_links(3, 2, &mut links).is_err());
        assert!(graph.upper_links(0, 1, &mut links).is_err());
    }

    #[test]
    fn the_entry_point_is_the_best_linked_of_the_top() {
        let mut draft = Draft::new(2, 4, vec![1, 1, 1, 0]);
        draft.set_links(1, 1, [2].into_iter());
        draft.set_links(2, 1, [1].into_iter());
        assert_eq!(Graph::of_links(draft.links_only()).entry_point(), Some((1, 1)));
        assert_eq!(Graph::of_links(Draft::new(2, 4, vec![]).links_only()).entry_point(), None);
    }
}
