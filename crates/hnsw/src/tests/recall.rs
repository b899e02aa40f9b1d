//! What the walk finds, against the exact answer.

use super::*;
use crate::{Builder, GraphLayout, encode_like, slack_for_recall, unreachable_nodes};

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

#[test]
fn codes_like_those_of_a_graph_find_vectors_of_its_kind_and_say_how_many() {
    for metric in METRICS {
        let data = Clustered::new(metric, ROWS, 96, QUERIES, 61);
        let (old, new) = data.values.split_at((ROWS - 900) * data.dimension);
        let graph = Graph::open(built(&FlatRows::new(old, data.dimension).unwrap(), metric, &serial()).bytes);
        let graph = graph.unwrap();
        let rows = FlatRows::new(new, data.dimension).unwrap();
        let codes = Graph::open(encode_like(&rows, metric, &graph).unwrap().unwrap()).unwrap();
        assert!(graph.has_links() && !codes.has_links());
        assert_eq!((codes.node_count(), unreachable_nodes(&codes).unwrap()), (900, 0));
        let [promised] = codes.recall_curve() else { panic!("one point") };
        assert!(promised.recall_at_10 > 0.95 && promised.recall_at_100 > 0.95, "{metric:?}: {promised:?}");
        let (mut hits, mut scratch) = (0, Scratch::default());
        for query in &data.queries {
            let distance = metric.distance_fn();
            let mut search = Search::new(&codes, &rows, distance, query, &mut scratch, &|| false).unwrap();
            search.walk(10, WalkBreadth::Width(100)).unwrap();
            assert_eq!(search.held(&|_| true), 0, "there is nothing to walk over");
            search.scan(0..900, 10).unwrap();
            let found = nodes(&search.finish(10, None).unwrap());
            let exact = nodes(&exact(&rows, metric, query, 10, None));
            hits += exact.iter().filter(|node| found.contains(node)).count();
        }
        assert!(hits as f32 >= 9.5 * QUERIES as f32, "{metric:?}: {hits}");
    }
}

#[test]
fn codes_of_another_kind_promise_little() {
    let data = Clustered::new(Metric::L2, 3_000, 96, 0, 62);
    // Coordinates that the graph's vectors hardly have.
    let flat: Vec<f32> = data.values.iter().map(|value| value * 1e-3).collect();
    let graph = Graph::open(built(&FlatRows::new(&flat, 96).unwrap(), Metric::L2, &serial()).bytes).unwrap();
    let codes = encode_like(&data.rows(), Metric::L2, &graph).unwrap().unwrap();
    let codes = Graph::open(codes).unwrap();
    let [promised] = codes.recall_curve() else { panic!("one point") };
    assert!(promised.recall_at_10 < 0.9, "{promised:?}");
    assert_eq!(slack_for_recall(codes.recall_curve(), 0.9, 10), None, "so they are compared");
}

#[test]
fn nothing_is_encoded_like_an_empty_graph_or_one_of_another_dimension() {
    let empty = FlatRows::new(&[], 5).unwrap();
    let graph = Graph::open(built(&empty, Metric::L2, &serial()).bytes).unwrap();
    let rows = FlatRows::new(&[0.5; 10], 5).unwrap();
    assert_eq!(encode_like(&rows, Metric::L2, &graph).unwrap(), None);
    let graph = Graph::open(built(&rows, Metric::L2, &serial()).bytes).unwrap();
    assert!(encode_like(&FlatRows::new(&[0.5; 12], 4).unwrap(), Metric::L2, &graph).is_err());
    assert!(encode_like(&FlatRows::new(&[f32::NAN; 5], 5).unwrap(), Metric::L2, &graph).is_err());
}
