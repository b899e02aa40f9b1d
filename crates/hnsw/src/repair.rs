//! The audit after a build: makes sure that every node can be reached.

use crate::layout::AUDIT_OFFSET;
use crate::order::Key;
use crate::scratch::Scratch;
use crate::search::Search;
use crate::search_params::Filter;
use crate::{Audit, Graph, HnswError, Pages, Precision, VectorRows, WalkBreadth};
use precedent_vector::DistanceFn;

/// Search width when looking for neighbours of a lost node.
const REPAIR_EF: usize = 256;
/// Number of nearest neighbours of a lost node among which a free place is preferred to replacing a link.
const NEAREST: usize = 16;
/// No node has reached this one.
const LOST: u32 = u32::MAX;

/// Follows every list of a graph and counts the nodes that no walk from the entry point over level 0 reaches. 0 for every graph
/// that [`crate::build`] returned, and if there are no links.
///
/// # Errors
/// [`HnswError::Damaged`] with the position of the first link or length outside its bounds, [`HnswError::Pages`].
pub fn unreachable_nodes<P: Pages>(graph: &Graph<P>) -> Result<usize, HnswError> {
    if !graph.has_links() {
        return Ok(0);
    }
    let mut links = Vec::new();
    for node in 0..graph.header().node_count {
        graph.level_zero_links(node, &mut links)?;
        for level in 1..=graph.level(node)? {
            graph.upper_links(node, level, &mut links)?;
            for &link in &links {
                graph.check_on_level(link, level)?;
            }
        }
    }
    Ok(Tree::grow_from_entry(graph)?.lost().count())
}

/// Gives every lost node a link from its nearest node that is not lost, and records in the header how many there were. A full
/// list gives up its farthest link that no other node depends on.
///
/// `stopped` is called before each repair.
pub(crate) fn repair<R: VectorRows>(
    bytes: &mut [u8],
    rows: &R,
    distance: DistanceFn,
    stopped: &dyn Fn() -> bool,
) -> Result<Audit, HnswError> {
    let graph = Graph::open(&*bytes)?;
    let layout = *graph.header();
    let mut tree = Tree::grow_from_entry(&graph)?;
    let lost: Vec<u32> = tree.lost().collect();
    let mut report = Audit { unreachable_before: lost.len(), repaired: 0 };
    let mut scratch = Scratch::default();
    for node in lost {
        if tree.holds(node) {
            continue;
        }
        if stopped() {
            return Err(HnswError::Stopped);
        }
        let graph = Graph::open(&*bytes)?;
        let query = rows.row(node).map_err(|error| HnswError::row(node, error))?;
        let not_lost = |other: u32| tree.holds(other);
        let mut near = Search::new(&graph, rows, distance, query, &mut scratch, &|| false)?;
        let filter = Filter { accept: &not_lost, share: 1.0, most_compared: usize::MAX };
        near.walk(REPAIR_EF, WalkBreadth::Width(REPAIR_EF), Some(filter))?;
        let near = near.finish(REPAIR_EF, 1.0, Precision::Whole)?;
        let near: Vec<u32> = near.neighbours.iter().map(|neighbour| neighbour.node).collect();
        let Some((from, place)) = tree.place_for_link(&graph, &near, rows, distance)? else {
            // Cannot happen: a tree of n nodes uses n - 1 links, and its nodes have places for at least 4 n.
            break;
        };
        let list = layout.level_zero_offset(from) as usize;
        write_word(bytes, list + 4 * place as usize, node);
        tree.parents[node as usize] = from;
        tree.grow(&Graph::open(&*bytes)?, node)?;
        report.repaired += 1;
    }
    note(bytes, report);
    Ok(report)
}

/// Writes the result of the audit into the header.
pub(crate) fn note(bytes: &mut [u8], report: Audit) {
    for (place, count) in [report.unreachable_before, report.repaired].into_iter().enumerate() {
        write_word(bytes, AUDIT_OFFSET + 4 * place, count as u32);
    }
}

/// The nodes reached from the entry point over level 0, each with the node it was reached from.
struct Tree {
    parents: Vec<u32>,
}

impl Tree {
    fn grow_from_entry<P: Pages>(graph: &Graph<P>) -> Result<Self, HnswError> {
        let mut tree = Self { parents: vec![LOST; graph.node_count()] };
        if let Some((entry, _)) = graph.entry_point() {
            tree.parents[entry as usize] = entry;
            tree.grow(graph, entry)?;
        }
        Ok(tree)
    }

    /// Adds what can be reached from a node that has just been reached.
    fn grow<P: Pages>(&mut self, graph: &Graph<P>, from: u32) -> Result<(), HnswError> {
        let mut links = Vec::new();
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            graph.level_zero_links(node, &mut links)?;
            for &link in &links {
                if !self.holds(link) {
                    self.parents[link as usize] = node;
                    open.push(link);
                }
            }
        }
        Ok(())
    }

    fn holds(&self, node: u32) -> bool {
        self.parents.get(node as usize).is_some_and(|&parent| parent != LOST)
    }

    fn lost(&self) -> impl Iterator<Item = u32> {
        let nodes = (0_u32..).zip(&self.parents);
        nodes.filter(|(_, parent)| **parent == LOST).map(|(node, _)| node)
    }

    /// A node of the tree, and the place in its list for a new link: a free one among the nearest nodes, else one whose link the
    /// tree does not need, from the nearest on, else the same anywhere.
    fn place_for_link<R: VectorRows>(
        &self,
        graph: &Graph<&[u8]>,
        near: &[u32],
        rows: &R,
        distance: DistanceFn,
    ) -> Result<Option<(u32, u32)>, HnswError> {
        let mut links = Vec::new();
        let capacity = graph.m0();
        for &node in near.iter().take(NEAREST) {
            graph.level_zero_links(node, &mut links)?;
            if links.len() < capacity {
                return Ok(Some((node, links.len() as u32)));
            }
        }
        let all = (0..graph.header().node_count).filter(|&node| self.holds(node));
        for node in near.iter().copied().chain(all) {
            graph.level_zero_links(node, &mut links)?;
            if links.len() < capacity {
                return Ok(Some((node, links.len() as u32)));
            }
            let row = |node: u32| rows.row(node).map_err(|error| HnswError::row(node, error));
            let own = row(node)?;
            let mut farthest = None;
            for (place, &link) in (0_u32..).zip(&links) {
                if self.parents[link as usize] != node {
                    farthest =
                        farthest.max(Key::new(distance(own, row(link)?), link).map(|key| (key, place)));
                }
            }
            if let Some((_, place)) = farthest {
                return Ok(Some((node, place)));
            }
        }
        Ok(None)
    }
}

fn write_word(bytes: &mut [u8], offset: usize, word: u32) {
    if let Some(place) = bytes.get_mut(offset..offset + 4) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FlatRows;
    use crate::draft::Draft;
    use crate::recall::RecallTable;
    use precedent_vector::Metric;

    fn line(nodes: usize) -> Vec<f32> {
        (0..nodes).flat_map(|node| [node as f32, 0.0]).collect()
    }

    fn with_codes(draft: &Draft, rows: &FlatRows<'_>) -> Vec<u8> {
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let (_, codes) = crate::build::encode(rows, Metric::L2, &all).unwrap();
        draft.encode(&codes, &RecallTable::default())
    }

    fn check(draft: &Draft, nodes: usize, lost: usize) -> (Audit, Vec<u8>) {
        let values = line(nodes);
        let rows = FlatRows::new(&values, 2).unwrap();
        let mut bytes = with_codes(draft, &rows);
        assert_eq!(unreachable_nodes(&Graph::open(&*bytes).unwrap()).unwrap(), lost);
        let report = repair(&mut bytes, &rows, Metric::L2.distance_fn(), &|| false).unwrap();
        assert_eq!(report.unreachable_before, lost);
        let graph = Graph::open(&*bytes).unwrap();
        assert_eq!(unreachable_nodes(&graph).unwrap(), 0);
        assert_eq!(graph.audit(), report);
        (report, bytes)
    }

    #[test]
    fn lost_nodes_get_a_link_from_their_nearest_neighbour() {
        let mut draft = Draft::new(2, 4, vec![0; 6]);
        draft.set_links(0, 0, [1].into_iter());
        draft.set_links(1, 0, [0, 2].into_iter());
        draft.set_links(4, 0, [5].into_iter());
        let (report, bytes) = check(&draft, 6, 3);
        // One link brings back 3; another brings back 4, which links to 5.
        assert_eq!(report.repaired, 2);
        let graph = Graph::open(bytes).unwrap();
        let mut links = Vec::new();
        graph.level_zero_links(2, &mut links).unwrap();
        assert_eq!(links, [3]);
        graph.level_zero_links(3, &mut links).unwrap();
        assert_eq!(links, [4]);
    }

    #[test]
    fn nodes_without_any_links_are_all_brought_back() {
        for nodes in [1, 2, 5, 500] {
            let (report, _) = check(&Draft::new(2, 4, vec![0; nodes]), nodes, nodes - 1);
            assert_eq!(report.repaired, nodes - 1);
        }
    }

    #[test]
    fn a_full_list_gives_up_only_what_is_reached_otherwise() {
        // Everything links to the same four nodes and to nothing else: every list of the reached part is full.
        let mut draft = Draft::new(2, 4, vec![0; 40]);
        for node in 0..40 {
            draft.set_links(node, 0, [0, 1, 2, 3, 4].into_iter());
        }
        check(&draft, 40, 35);
    }

    #[test]
    fn the_caller_can_stop_it() {
        let values = line(10);
        let rows = FlatRows::new(&values, 2).unwrap();
        let mut bytes = with_codes(&Draft::new(2, 4, vec![0; 10]), &rows);
        let stopped = repair(&mut bytes, &rows, Metric::L2.distance_fn(), &|| true);
        assert!(matches!(stopped, Err(HnswError::Stopped)));
    }
}
