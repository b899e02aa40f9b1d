//! Which way of looking at a segment keeps a promised recall for the least time.
//!
//! What each way finds was measured when the graph was built ([`precedent_hnsw::RecallTable`]), and so was how many codes a walk
//! compares. What a code and a vector cost are round numbers set by hand, from `kernel-speed` and whole searches on one processor with AVX-512;
//! only their ratios matter. They are the same on every processor, where the best ratios are not, so that the same index and request
//! take the same way everywhere, and give the same answer.

use super::open::GraphPages;
use precedent_hnsw::{DEPTHS, Graph, RecallTable, WalkBreadth};
use precedent_query::PathChoice;
use precedent_vector::BLOCK_LINKS;

/// Accepted cases up to this many are compared: it costs no more than to prepare a query for codes.
const FEW: usize = 64;
/// What a walk of a width asked for compares about, for each node that it holds.
const COMPARED_FOR_EACH: f32 = 25.0;
/// Width of a walk through a graph that no recall was measured of.
const UNMEASURED_WIDTH: usize = 200;
/// What measuring may miss where a width was asked for, and with it no recall.
const RECALL_OF_WIDTH: f32 = 0.999;
/// Nodes that no walk is for: so many are held in order that to put each in its place takes longer than to look at all.
const MOST_WALKED_FOR: usize = 1 << 14;
/// A walk that was asked for may take so many times what the other way takes. One towards few matches goes through the whole graph.
const ASKED_FOR: f32 = 64.0;

/// How hard to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effort {
    /// Every accepted case is compared.
    Exact,
    /// A walk of this width, at least k.
    Width(usize),
    /// As far as was measured to find this share of the nearest.
    Recall(f32),
}

/// A way of looking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// Every accepted vector is compared.
    Compare,
    /// The codes of the accepted nodes are scanned.
    Scan {
        /// Codes held, as a multiple of the nodes wanted.
        width: f32,
        /// The share that is to be found.
        recall: f32,
    },
    /// The graph is walked.
    Walk {
        breadth: WalkBreadth,
        /// Codes that it may compare before it gives up.
        most_compared: usize,
        /// The share that is to be found.
        recall: f32,
    },
}

/// A way, and another for when it gives up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    pub way: Way,
    /// The share of the nearest that it was measured to find; none where a width was asked for.
    pub recall: Option<f32>,
    pub otherwise: Way,
    pub recall_otherwise: Option<f32>,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub k: usize,
    /// Accepted cases.
    pub accepted: usize,
    /// Cases with an embedding, dead ones included.
    pub of_all: usize,
}

impl Question {
    /// Whether no case is left out: then a scan finds what scans were measured to. Even one case in two hundred may be all that is near.
    pub fn is_of_all(&self) -> bool {
        self.accepted >= self.of_all
    }

    /// So many of all nodes are as near as the `k` nearest of the accepted ones, if these are spread evenly.
    fn of_all_nodes(&self) -> usize {
        (self.k as f64 * self.of_all as f64 / self.accepted.max(1) as f64).ceil() as usize
    }
}

/// A walk under a filter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walked {
    pub wanted: usize,
    /// The share of all nodes that is accepted.
    pub share: f32,
    pub slack: f32,
    /// So many of all nodes were met that are as near as the last wanted.
    pub rank: usize,
}

/// Of nodes that are spread evenly, the last wanted has so much higher a rank by chance, in deviations.
const BY_CHANCE: f32 = 4.0;

impl Walked {
    /// Whether more of the nodes met are accepted than chance explains, at [`BY_CHANCE`] deviations (Chernoff's bound).
    fn is_with(&self) -> bool {
        let (rank, share) = (self.rank.max(self.wanted) as f32, self.share.clamp(f32::MIN_POSITIVE, 1.0));
        let met = self.wanted as f32 / rank;
        let part = |of: f32, by: f32| if of > 0.0 { of * (of / by.max(f32::MIN_POSITIVE)).ln() } else { 0.0 };
        met > share && rank * (part(met, share) + part(1.0 - met, 1.0 - share)) > BY_CHANCE * BY_CHANCE / 2.0
    }

    /// Whether it went far enough for a recall. What a walk misses lies mostly among the farthest; if the filter goes against the
    /// neighbourhood, these are the ones wanted. If it goes with the neighbourhood, the walk ended among the nearest of all, where more
    /// slack is needed than farther off, where it was expected to end.
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

/// What the parts of a search cost, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    pub dimension: usize,
    /// Whether vectors are compared by their packed form.
    pub has_packed: bool,
}

/// To bring a query into the form of the codes, for each number and line.
const PREPARE_PER_NUMBER_AND_LINE: f32 = 1.0;
/// A code in a scan: for itself, and each of its lines.
const SCANNED: f32 = 2.0;
const SCANNED_LINE: f32 = 2.5;
/// Besides, where a filter leaves it: others lie between it and the next, and more are held, because how many are to be was measured of
/// scans of all. On 100,000 sentence embeddings a scan of 10,000 codes took 12.5 ns for each.
const SCANNED_APART: f32 = 8.0;
/// A code in a walk, which lies anywhere.
const WALKED: f32 = 10.0;
const WALKED_LINE: f32 = 4.0;
/// A code in a walk over blocks, which lies beside 31 others, its share of the vector that is measured with it included.
const WALKED_IN_BLOCK: f32 = 10.0;
/// A node that is put in its place among others, for each of these.
const MOVED: f32 = 0.1;
/// A vector that is compared: for itself, and each of its numbers in the packed form and in whole.
const COMPARED: f32 = 8.0;
const COMPARED_NUMBER_PACKED: f32 = 0.05;
const COMPARED_NUMBER_WHOLE: f32 = 0.12;
/// What more it takes where others lie between those compared, for each number.
const SCATTERED_NUMBER: f32 = 0.2;
/// A code that is held at the end of a scan, to sort it in and refine it.
const HELD: f32 = 12.0;

impl Costs {
    /// Comparing is the only way.
    pub fn compared() -> Plan {
        let exact = Some(1.0);
        Plan { way: Way::Compare, recall: exact, otherwise: Way::Compare, recall_otherwise: exact }
    }

    /// The cheapest way that was measured to find what is asked for.
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
        // What a filter leaves lies as far apart as so many of all nodes do.
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
            // Every node is compared once, or in blocks with all that link to it.
            let most = question.of_all * if graph.has_blocks() { BLOCK_LINKS } else { 1 };
            (WalkBreadth::Width(ef), (COMPARED_FOR_EACH * held(ef)).min(most as f32), None)
        };
        let (breadth, codes, found) = match effort {
            Effort::Width(ef) => by_width(ef),
            _ => match (graph.recall().walk(recall, of_all), graph.recall().longest_walk(of_all)) {
                (Some(plan), _) => (WalkBreadth::Slack(plan.slack), plan.compared, Some(recall)),
                // It finds less than it was to find, and says so.
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
        // Without a filter a walk that was asked for is taken, whatever it costs.
        if walk >= may_cost && !(is_asked_for && question.is_of_all()) {
            return other;
        }
        // Walked in vain, it has doubled what it may cost at most.
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

/// What it costs for each code to keep so many nodes in order: those nearer than the last of them move the others behind them on.
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
