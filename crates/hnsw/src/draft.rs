//! A graph on its way from the builder to bytes.

use crate::layout::{Layout, NONE};
use std::ops::Range;

/// Links of a finished graph, before they are laid out. Takes what the builder gives and keeps what the layout
/// allows: no links to the node itself or to nodes that are not on the level, none twice, no more than fit.
pub(crate) struct Draft {
    m: u32,
    levels: Vec<u8>,
    /// Section A as words.
    level_zero: Vec<u32>,
    /// Section B as words.
    upper_index: Vec<u32>,
    /// Section C as words.
    upper: Vec<u32>,
}

impl Draft {
    /// Nodes of the given levels without links.
    pub fn new(m: u32, levels: Vec<u8>) -> Self {
        let stride = 1 + 2 * m as usize;
        let mut upper = Vec::new();
        let mut upper_index = Vec::with_capacity(levels.len());
        for &level in &levels {
            if level == 0 {
                upper_index.push(NONE);
                continue;
            }
            upper_index.push(upper.len() as u32);
            upper.push(u32::from(level));
            upper.resize(upper.len() + usize::from(level) * (1 + m as usize), 0);
        }
        let level_zero = vec![0; stride * levels.len()];
        Self { m, levels, level_zero, upper_index, upper }
    }

    /// Gives a node its links on a level, nearest first.
    pub fn set_links(&mut self, node: u32, level: u8, links: impl Iterator<Item = u32>) {
        if level > self.levels[node as usize] {
            return;
        }
        let place = self.place(node, level);
        let list = if level == 0 { &mut self.level_zero[place] } else { &mut self.upper[place] };
        let Some((degree, places)) = list.split_first_mut() else { return };
        let mut used = 0;
        for link in links {
            let on_level = self.levels.get(link as usize).is_some_and(|&own| own >= level);
            if !on_level || link == node || places[..used].contains(&link) {
                continue;
            }
            if used == places.len() {
                break;
            }
            places[used] = link;
            used += 1;
        }
        *degree = used as u32;
    }

    /// The bytes of the graph. The entry point is the node with most links on the highest level, the first of equals:
    /// with several threads the first node of a level may have got none.
    pub fn encode(&self) -> Vec<u8> {
        let max_level = self.levels.iter().copied().max().unwrap_or(0);
        let entry_point = (0..self.levels.len() as u32)
            .filter(|&node| self.levels[node as usize] == max_level)
            .max_by_key(|&node| (self.degree(node, max_level), std::cmp::Reverse(node)));
        let layout = Layout {
            node_count: self.levels.len() as u32,
            m: self.m,
            max_level: max_level.into(),
            entry_point: entry_point.unwrap_or(NONE),
            upper_bytes: 4 * self.upper.len() as u64,
        };
        let words = self.level_zero.iter().chain(&self.upper_index).chain(&self.upper);
        let mut bytes = Vec::with_capacity(layout.total_bytes() as usize);
        bytes.extend_from_slice(&layout.encode());
        bytes.extend(words.flat_map(|word| word.to_le_bytes()));
        bytes
    }

    fn degree(&self, node: u32, level: u8) -> u32 {
        let start = self.place(node, level).start;
        if level == 0 { self.level_zero[start] } else { self.upper[start] }
    }

    /// The words of a node's list on a level that it has: of section A on level 0, else of section C.
    fn place(&self, node: u32, level: u8) -> Range<usize> {
        let (node, m) = (node as usize, self.m as usize);
        if level == 0 {
            let stride = 1 + 2 * m;
            return node * stride..(node + 1) * stride;
        }
        let start = self.upper_index[node] as usize + 1 + usize::from(level - 1) * (1 + m);
        start..start + 1 + m
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Graph;

    #[test]
    fn lists_keep_what_belongs_on_their_level_and_fits() {
        let mut draft = Draft::new(2, vec![0, 2, 0, 1, 0, 0, 0]);
        draft.set_links(0, 0, [3, 0, 1, 3, 99, 4, 5, 6].into_iter());
        draft.set_links(0, 1, [1].into_iter());
        draft.set_links(1, 1, [0, 3, 1].into_iter());
        draft.set_links(3, 1, [1].into_iter());
        let graph = Graph::open(draft.encode()).unwrap();
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
        let mut draft = Draft::new(2, vec![1, 1, 1, 0]);
        draft.set_links(1, 1, [2].into_iter());
        draft.set_links(2, 1, [1].into_iter());
        assert_eq!(Graph::open(draft.encode()).unwrap().entry_point(), Some((1, 1)));
        assert_eq!(Graph::open(Draft::new(2, vec![]).encode()).unwrap().entry_point(), None);
    }
}
