//! Chooses the fastest path through a segment that keeps a promised recall.
//!
//! What each path finds was measured when the graph was built ([`precedent_hnsw::RecallTable`]), as was the number of codes that
//! a walk compares. The costs of a code and a vector are round numbers set by hand, from `kernel-speed` and whole searches on one
//! processor with AVX-512; only their ratios matter. They are the same on every processor, although the best ratios are not, so
//! that the same index and request take the same path everywhere and give the same answer.

use super::open::GraphPages;
use precedent_hnsw::{DEPTHS, Graph, RecallTable, WalkBreadth};
use precedent_query::PathChoice;
use precedent_vector::BLOCK_LINKS;

/// Up to this many selected cases are compared, because preparing a query for codes would cost as much.
const FEW: usize = 64;
/// Approximate number of codes that a walk of a requested width compares for each node it holds.
const COMPARED_FOR_EACH: f32 = 25.0;
/// Search width in a graph without a measured recall.
const UNMEASURED_WIDTH: usize = 200;
/// Recall to plan for if a width was requested, and so no recall.
const RECALL_OF_WIDTH: f32 = 0.999;
/// Do not walk for more nodes than this: keeping that many in order takes longer than looking at all nodes.
const MOST_WALKED_FOR: usize = 1 << 14;
/// A requested walk may take this many times longer than the other path. A walk for few matches traverses the whole graph.
const ASKED_FOR: f32 = 64.0;

/// The effort to spend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effort {
    /// Compare all selected cases.
    Exact,
    /// A walk of this width, at least `k`.
    Width(usize),
    /// As far as was measured to find this share of the nearest cases.
    Recall(f32),
}

/// A path through a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// Compare all selected vectors.
    Compare,
    /// Scan the codes of the selected nodes.
    Scan {
        /// Number of codes held, as a multiple of the nodes wanted.
        width: f32,
        /// The share to be found.
        recall: f32,
    },
    /// Walk the graph.
    Walk {
        breadth: WalkBreadth,
        /// Number of codes that it may compare before it gives up.
        most_compared: usize,
        /// The share to be found.
        recall: f32,
    },
}

/// A path, and another in case it gives up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    pub way: Way,
    /// The measured share of the nearest cases that it finds; `None` if a width was requested.
    pub recall: Option<f32>,
    pub otherwise: Way,
    pub recall_otherwise: Option<f32>,
}

/// What to search for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub k: usize,
    /// Number of selected cases.
    pub accepted: usize,
    /// Number of cases with an embedding, including dead ones.
    pub of_all: usize,
}

impl Question {
    /// Whether no case is excluded: then a scan finds what was measured for scans. Even one excluded case in two hundred may be
    /// everything near the query.
    pub fn is_of_all(&self) -> bool {
        self.accepted >= self.of_all
    }

    /// Number of all nodes that are as near as the `k` nearest selected ones, if these are spread evenly.
    fn of_all_nodes(&self) -> usize {
        (self.k as f64 * self.of_all as f64 / self.accepted.max(1) as f64).ceil() as usize
    }
}

/// A walk with a filter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walked {
    pub wanted: usize,
    /// The share of all nodes that is selected.
    pub share: f32,
    pub slack: f32,
    /// Number of nodes met that are as near as the last one wanted.
    pub rank: usize,
}

/// How much higher, in deviations, the rank of the last wanted node may be by chance if nodes are spread evenly.
const BY_CHANCE: f32 = 4.0;

impl Walked {
    /// Whether more of the nodes met are selected than chance explains, at [`BY_CHANCE`] deviations (Chernoff's bound).
    fn is_with(&self) -> bool {
        let (rank, share) = (self.rank.max(self.wanted) as f32, self.share.clamp(f32::MIN_POSITIVE, 1.0));
        let met = self.wanted as f32 / rank;
        let part = |of: f32, by: f32| if of > 0.0 { of * (of / by.max(f32::MIN_POSITIVE)).ln() } else { 0.0 };
        met > share && rank * (part(met, share) + part(1.0 - met, 1.0 - share)) > BY_CHANCE * BY_CHANCE / 2.0
    }

    /// Whether it went far enough for a recall. A walk mostly misses the farthest nodes; if the filter excludes the
    /// neighbourhood, these are the ones wanted. If the filter favours the neighbourhood, the walk ended among the nearest of
    /// all, where it needs more slack than farther out, where it was expected to end.
    pub fn finds(&self, recall: f32, table: &RecallTable) -> bool {
        let Self { wanted, share, slack, rank } = *self;
        let even = wanted as f32 / share.max(f32::MIN_POSITIVE);
        let chance = (wanted as f32 * (1.0 - share).max(0.0)).sqrt() / share.max(f32::MIN_POSITIVE);
        if rank as f32 <= even + BY_CHANCE * chance + 1.0 {
            let is_enough = |depth| table.walk(recall, depth).is_some_and(|plan| plan.slack <= slack);
            return !self.is_with() || is_enough(rank.max(wanted));
        }
        let of_all = 1.0 - (1.0 - recall) * even / rank as f32;
        table.walk(of_all, rank).is_some_and(|plan| plan.slack <= slack)
    }
}

/// The costs of the parts of a search, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    pub dimension: usize,
    /// Whether vectors are compared in packed form.
    pub has_packed: bool,
}

/// Preparing a query for the codes, per number and line.
const PREPARE_PER_NUMBER_AND_LINE: f32 = 1.0;
/// A code in a scan: fixed part, and per line.
const SCANNED: f32 = 2.0;
const SCANNED_LINE: f32 = 2.5;
/// In addition, for each code that a filter leaves: others lie between it and the next, and more are held, because the number to
/// hold was measured for scans of all. On 100,000 sentence embeddings a scan of 10,000 codes took 12.5 ns for each.
const SCANNED_APART: f32 = 8.0;
/// A code in a walk, which may be anywhere in memory.
const WALKED: f32 = 10.0;
const WALKED_LINE: f32 = 4.0;
/// A code in a walk over blocks, which is stored beside 31 others; includes its share of the vector measured with them.
const WALKED_IN_BLOCK: f32 = 10.0;
/// Inserting a node into a sorted list, for each entry of the list.
const MOVED: f32 = 0.1;
/// Comparing a vector: fixed part, and per number in packed and exact form.
const COMPARED: f32 = 8.0;
const COMPARED_NUMBER_PACKED: f32 = 0.05;
const COMPARED_NUMBER_WHOLE: f32 = 0.12;
/// Additional cost per number if other vectors lie between those compared.
const SCATTERED_NUMBER: f32 = 0.2;
/// Sorting in and refining a code that is held at the end of a scan.
const HELD: f32 = 12.0;

impl Costs {
    /// Compares, for lack of another path.
    pub fn compared() -> Plan {
        let exact = Some(1.0);
        Plan { way: Way::Compare, recall: exact, otherwise: Way::Compare, recall_otherwise: exact }
    }

    /// The cheapest path that was measured to find what is requested.
    pub fn plan(
        &self,
        question: &Question,
        (effort, path): (Effort, PathChoice),
        graph: &Graph<GraphPages>,
    ) -> Plan {
        let compared = Self::compared();
        let is_asked_for = path == PathChoice::Graph && graph.has_links();
        if effort == Effort::Exact || (question.accepted <= FEW && !is_asked_for) {
            return compared;
        }
        let lines = graph.lines_per_code() as f32;
        let recall = match effort {
            Effort::Recall(recall) => recall,
            Effort::Width(_) | Effort::Exact => RECALL_OF_WIDTH,
        };
        let compare = self.compare(question.accepted, question.accepted < question.of_all / 4);
        let prepare = PREPARE_PER_NUMBER_AND_LINE * self.dimension as f32 * lines;
        // The nodes that a filter leaves are as far apart as this many of all nodes.
        let scan = graph.recall().scan(recall, question.of_all_nodes()).map(|width| {
            let held = width * question.k.max(DEPTHS[0]) as f32;
            let apart = if question.is_of_all() { 0.0 } else { SCANNED_APART };
            let cost =
                question.accepted as f32 * (SCANNED + SCANNED_LINE * lines + apart) + HELD * held + prepare;
            (Way::Scan { width, recall }, cost)
        });
        let (otherwise, other_cost) =
            scan.filter(|(_, cost)| *cost < compare).unwrap_or((Way::Compare, compare));
        let recall_of = |way| Some(if way == Way::Compare { 1.0 } else { recall });
        let other = Plan {
            way: otherwise,
            recall: recall_of(otherwise),
            otherwise: Way::Compare,
            recall_otherwise: recall_of(Way::Compare),
        };
        if !graph.has_links() || question.k > MOST_WALKED_FOR {
            return other;
        }
        let of_all = question.of_all_nodes();
        // A filter widens a walk, up to all nodes.
        let held = |width: usize| {
            let for_each = of_all as f32 / question.k.max(1) as f32;
            (width.max(question.k) as f32 * for_each).min(question.of_all as f32)
        };
        let by_width = |ef: usize| {
            // Each node is compared once or, with blocks, once for every node that links to it.
            let most = question.of_all * if graph.has_blocks() { BLOCK_LINKS } else { 1 };
            (WalkBreadth::Width(ef), (COMPARED_FOR_EACH * held(ef)).min(most as f32), None)
        };
        let (breadth, codes, found) = match effort {
            Effort::Width(ef) => by_width(ef),
            _ => match (graph.recall().walk(recall, of_all), graph.recall().longest_walk(of_all)) {
                (Some(plan), _) => (WalkBreadth::Slack(plan.slack), plan.compared, Some(recall)),
                // It finds less than required, and the plan says so.
                (None, Some((plan, found))) if is_asked_for => {
                    (WalkBreadth::Slack(plan.slack), plan.compared, Some(found))
                }
                (None, None) if is_asked_for => by_width(UNMEASURED_WIDTH.max(2 * question.k)),
                _ => return other,
            },
        };
        let of_a_code = match (graph.has_blocks(), breadth) {
            (true, _) => WALKED_IN_BLOCK,
            (false, WalkBreadth::Width(ef)) => WALKED + WALKED_LINE * lines + put_in_order(held(ef), codes),
            (false, WalkBreadth::Slack(_)) => WALKED + WALKED_LINE * lines,
        };
        let walk = codes * of_a_code + prepare;
        let may_cost = other_cost * if is_asked_for { ASKED_FOR } else { 1.0 };
        // Without a filter, a requested walk is taken whatever it costs.
        if walk >= may_cost && !(is_asked_for && question.is_of_all()) {
            return other;
        }
        // If the walk is in vain, it has at most doubled the cost.
        let most_compared = (may_cost / of_a_code).max(2.0 * codes) as usize;
        Plan {
            way: Way::Walk { breadth, most_compared, recall },
            recall: found,
            otherwise,
            recall_otherwise: recall_of(otherwise),
        }
    }

    fn compare(&self, vectors: usize, is_scattered: bool) -> f32 {
        let number = if self.has_packed { COMPARED_NUMBER_PACKED } else { COMPARED_NUMBER_WHOLE };
        let number = number + if is_scattered { SCATTERED_NUMBER } else { 0.0 };
        vectors as f32 * (COMPARED + number * self.dimension as f32)
    }
}

/// The cost, per code, of keeping this many nodes in order: a nearer node shifts those after it.
fn put_in_order(held: f32, codes: f32) -> f32 {
    let moved = held * (1.0 + (codes / held.max(1.0)).max(1.0).ln());
    MOVED * held * moved.min(codes) / codes.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_hnsw::WalkPoint;

    #[test]
    fn a_walk_among_the_farther_of_those_it_met_must_miss_less() {
        let mut table = RecallTable::default();
        let point = |slack, recall: f32| WalkPoint { slack, recall: [recall; 5], compared: [100.0; 5] };
        table.walks.extend([point(0.0, 0.9), point(0.1, 0.97), point(0.2, 0.999)]);
        let finds = |slack, rank| Walked { wanted: 10, share: 0.5, slack, rank }.finds(0.95, &table);
        assert!(finds(0.1, 20) && finds(0.1, 37), "spread evenly, up to chance");
        assert!(!finds(0.1, 80), "a quarter may be missed");
        assert!(finds(0.2, 80));
        assert!(!finds(0.2, 8_000), "no walk was measured to find as much");
        let with = |slack, rank| Walked { wanted: 10, share: 0.05, slack, rank }.finds(0.95, &table);
        assert!(with(0.1, 10) && with(0.05, 200));
        assert!(!with(0.05, 10), "all of the nearest were accepted, and more slack is needed there");
    }
}
