//! What the walk finds, against the exact answer.

use super::*;
use crate::{Builder, GraphLayout, slack_for_recall, unreachable_nodes};

const ROWS: usize = 5_000;
const QUERIES: usize = 100;

/// The share of the exact neighbours that are found, over all queries. Distances are held against the exact ones too.
fn recall(
    data: &Clustered,
    graph: &Graph<Vec<u8>>,
    k: usize,
    ef: usize,
    accept: Option<&dyn Fn(u32) -> bool>,
) -> f64 {
    let rows = data.rows();
    let (mut hits, mut all) = (0, 0);
    for query in &data.queries {
        let found = find(graph, &rows, data.metric, query, (k, ef), accept);
        let exact = exact(&rows, data.metric, query, k, accept);
        assert!(found.neighbours.is_sorted_by_key(|neighbour| neighbour.distance));
        assert!(found.neighbours.iter().all(|n| accept.is_none_or(|accept| accept(n.node))));
        assert_eq!(found.neighbours.len(), exact.neighbours.len());
        hits += exact.neighbours.iter().filter(|neighbour| found.neighbours.contains(neighbour)).count();
        all += exact.neighbours.len();
    }
    hits as f64 / all as f64
}

#[test]
fn ninety_nine_in_a_hundred_are_found_under_every_metric_and_filter() {
    for metric in METRICS {
        let data = Clustered::new(metric, ROWS, 32, QUERIES, 11);
        let built = built(&data.rows(), metric, &serial());
        let graph = Graph::open(built.bytes).unwrap();
        assert_eq!(unreachable_nodes(&graph).unwrap(), 0, "{metric:?}");
        // Spread over the rows by a hash, so that no filter follows the clusters.
        for share in [100, 50, 10, 1] {
            let accept = move |node: u32| Random(u64::from(node)).below(100) < share;
            let filter: Option<&dyn Fn(u32) -> bool> = if share == 100 { None } else { Some(&accept) };
            let recall = recall(&data, &graph, 10, 200, filter);
            assert!(recall >= 0.99, "{metric:?}, {share} %: {recall}");
        }
    }
}

#[test]
fn a_filter_that_follows_the_clusters_still_gets_its_neighbours() {
    let data = Clustered::new(Metric::L2, ROWS, 32, QUERIES, 12);
    let rows = data.rows();
    let graph = Graph::open(built(&rows, Metric::L2, &serial()).bytes).unwrap();
    // The half of the space away from each query's own half.
    for query in data.queries.iter().take(20) {
        let side = query[0] < 0.0;
        let accept = |node: u32| (rows.row(node).unwrap()[0] < 0.0) != side;
        let found = find(&graph, &rows, Metric::L2, query, (10, 200), Some(&accept));
        let exact = exact(&rows, Metric::L2, query, 10, Some(&accept));
        let hits = exact.neighbours.iter().filter(|neighbour| found.neighbours.contains(neighbour)).count();
        assert!(hits >= 9, "{hits} of 10");
    }
}

#[test]
fn several_threads_build_as_good_a_graph() {
    let data = Clustered::new(Metric::Cosine, ROWS, 32, QUERIES, 13);
    let params = BuildParams { threads: 4, ..BuildParams::default() };
    let graph = Graph::open(built(&data.rows(), Metric::Cosine, &params).bytes).unwrap();
    assert_eq!(unreachable_nodes(&graph).unwrap(), 0);
    let recall = recall(&data, &graph, 10, 200, None);
    assert!(recall >= 0.99, "{recall}");
}

#[test]
fn the_other_builder_and_the_other_layout_are_as_good() {
    let data = Clustered::new(Metric::L2, ROWS, 32, QUERIES, 17);
    for (builder, layout) in [
        (Builder::HnswRs, GraphLayout::Compact),
        (Builder::HnswRs, GraphLayout::Fast),
        (Builder::Own, GraphLayout::Compact),
    ] {
        let params = BuildParams { builder, layout, ..serial() };
        let graph = Graph::open(built(&data.rows(), Metric::L2, &params).bytes).unwrap();
        assert_eq!(unreachable_nodes(&graph).unwrap(), 0);
        let recall = recall(&data, &graph, 10, 200, None);
        assert!(recall >= 0.99, "{builder:?} {layout:?}: {recall}");
    }
}

#[test]
fn a_promised_recall_is_met_by_queries_that_were_not_seen() {
    for (metric, seed) in [(Metric::Cosine, 18), (Metric::L2, 19)] {
        let data = Clustered::new(metric, ROWS, 64, 300, seed);
        let rows = data.rows();
        let graph = Graph::open(built(&rows, metric, &serial()).bytes).unwrap();
        for (wanted, k) in [(0.9, 10), (0.95, 10), (0.99, 10), (0.95, 30), (0.95, 100)] {
            let slack = slack_for_recall(graph.recall_curve(), wanted, k).unwrap();
            let (mut scratch, mut hits) = (Scratch::default(), 0);
            let params = SearchParams { k, breadth: WalkBreadth::Slack(slack) };
            for query in &data.queries {
                let distance = metric.distance_fn();
                let found =
                    search(&graph, &rows, distance, query, &params, None, &mut scratch, &|| false).unwrap();
                let exact = exact(&rows, metric, query, k, None);
                hits +=
                    exact.neighbours.iter().filter(|neighbour| found.neighbours.contains(neighbour)).count();
            }
            let recall = hits as f32 / (k * data.queries.len()) as f32;
            // Two deviations of the mean over this many queries.
            assert!(recall >= wanted - 0.02, "{metric:?}, {wanted} of {k}: {recall}");
        }
    }
}

#[test]
fn bytes_that_are_checked_one_by_one_give_the_same() {
    /// Pages of which no one has said that all is checked.
    struct Unchecked(Vec<u8>);
    impl crate::Pages for Unchecked {
        type Error = crate::OutOfBounds;
        fn len(&self) -> usize {
            self.0.len()
        }
        fn bytes(&self, range: std::ops::Range<usize>) -> Result<&[u8], crate::OutOfBounds> {
            crate::Pages::bytes(&self.0, range)
        }
        fn checked(&self) -> Option<&[u8]> {
            None
        }
    }
    let data = Clustered::new(Metric::Dot, ROWS, 96, 40, 20);
    let rows = data.rows();
    let bytes = built(&rows, Metric::Dot, &serial()).bytes;
    let (whole, pieces) = (Graph::open(bytes.clone()).unwrap(), Graph::open(Unchecked(bytes)).unwrap());
    let distance = Metric::Dot.distance_fn();
    let (mut first, mut second) = (Scratch::default(), Scratch::default());
    for query in &data.queries {
        for breadth in [WalkBreadth::Width(30), WalkBreadth::Slack(0.1)] {
            let params = SearchParams { k: 10, breadth };
            assert_eq!(
                search(&whole, &rows, distance, query, &params, None, &mut first, &|| false).unwrap(),
                search(&pieces, &rows, distance, query, &params, None, &mut second, &|| false).unwrap(),
            );
        }
    }
}

#[test]
fn one_thread_builds_the_same_bytes_every_time() {
    let data = Clustered::new(Metric::Dot, 1_500, 16, 0, 14);
    assert_eq!(built(&data.rows(), Metric::Dot, &serial()), built(&data.rows(), Metric::Dot, &serial()));
}

#[test]
fn more_effort_visits_more_and_finds_no_less() {
    let data = Clustered::new(Metric::Cosine, ROWS, 32, QUERIES, 15);
    let rows = data.rows();
    let graph = Graph::open(built(&rows, Metric::Cosine, &serial()).bytes).unwrap();
    let visited = |ef| -> usize {
        data.queries.iter().map(|q| find(&graph, &rows, Metric::Cosine, q, (10, ef), None).visited).sum()
    };
    assert!(visited(16) < visited(64) && visited(64) < visited(256));
    assert!(visited(256) < QUERIES * ROWS / 2, "the walk leaves most nodes alone");
    assert!(recall(&data, &graph, 10, 16, None) < recall(&data, &graph, 10, 256, None));
    // Fewer than k cannot be held.
    assert_eq!(recall(&data, &graph, 50, 1, None), recall(&data, &graph, 50, 50, None));
}

#[test]
fn a_scratch_carries_nothing_from_one_search_to_the_next() {
    let data = Clustered::new(Metric::L2, 1_000, 16, 50, 16);
    let rows = data.rows();
    let graph = Graph::open(built(&rows, Metric::L2, &serial()).bytes).unwrap();
    let (params, mut scratch) = (SearchParams { k: 7, breadth: WalkBreadth::Width(20) }, Scratch::default());
    for query in &data.queries {
        let used =
            search(&graph, &rows, Metric::L2.distance_fn(), query, &params, None, &mut scratch, &|| false)
                .unwrap();
        assert_eq!(used, find(&graph, &rows, Metric::L2, query, (7, 20), None));
    }
}
