//! What the walk finds, compared with the exact answer.

use super::*;
use crate::{Builder, LeftOut, encode_like, unreachable_nodes};

const ROWS: usize = 5_000;
const QUERIES: usize = 100;

/// The share of the exact neighbours found over all queries. Distances are also compared with the exact ones.
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
    for (metric, params) in METRICS.into_iter().flat_map(|metric| [(metric, serial()), (metric, in_blocks())])
    {
        let data = Clustered::new(metric, ROWS, 32, QUERIES, 11);
        let built = built(&data.rows(), metric, &params);
        let graph = Graph::open(built.bytes).unwrap();
        assert_eq!(graph.has_blocks(), params == in_blocks());
        assert_eq!(unreachable_nodes(&graph).unwrap(), 0, "{metric:?}");
        // Spread over the rows by a hash, so that no filter follows the clusters.
        for share in [100, 50, 10, 1] {
            let accept = move |node: u32| Random(u64::from(node)).below(100) < share;
            let filter: Option<&dyn Fn(u32) -> bool> = if share == 100 { None } else { Some(&accept) };
            let recall = recall(&data, &graph, 10, 200, filter);
            assert!(recall >= 0.99, "{metric:?}, {:?}, {share} %: {recall}", params.layout);
        }
    }
}

#[test]
fn a_filter_that_follows_the_clusters_still_gets_its_neighbours() {
    let data = Clustered::new(Metric::L2, ROWS, 32, QUERIES, 12);
    let rows = data.rows();
    let graph = Graph::open(built(&rows, Metric::L2, &serial()).bytes).unwrap();
    // The half of the space opposite to each query.
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

/// Rows and queries of the same kind.
struct Kind {
    name: &'static str,
    metric: Metric,
    dimension: usize,
    values: Vec<f32>,
    queries: Vec<Vec<f32>>,
}

fn kinds() -> Vec<Kind> {
    let mut random = Random(18);
    let clustered = Clustered::new(Metric::L2, ROWS, 64, 300, 19);
    let mut kinds = vec![Kind {
        name: "clustered",
        metric: Metric::L2,
        dimension: 64,
        values: clustered.values,
        queries: clustered.queries,
    }];
    let mut normal = |dimension: usize, scale: f32| -> Vec<f32> {
        (0..dimension).map(|_| scale * random.normal()).collect()
    };
    let unit = |mut row: Vec<f32>| -> Vec<f32> {
        let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        row.iter_mut().for_each(|value| *value /= norm);
        row
    };
    let gaussian: Vec<Vec<f32>> = (0..ROWS + 300).map(|_| unit(normal(32, 1.0))).collect();
    let copies: Vec<Vec<f32>> = (0..ROWS / 10).map(|_| normal(48, 1.0)).collect();
    let mut copy = |of: usize, by: f32| -> Vec<f32> {
        copies[of].iter().zip(normal(48, by)).map(|(value, off)| value + off).collect()
    };
    // Queries without a copy among the rows.
    let strangers: Vec<Vec<f32>> = (0..ROWS + 300)
        .map(|row| match row < ROWS {
            true => unit(copy(row % (ROWS / 10), 0.03)),
            false => unit(copy(row % (ROWS / 10), 1.0)),
        })
        .collect();
    let near: Vec<Vec<f32>> = (0..ROWS + 300).map(|row| unit(copy(row % (ROWS / 10), 0.03))).collect();
    let tight: Vec<Vec<f32>> = (0..ROWS + 300).map(|row| copy(row % 20, 0.002)).collect();
    let lengths: Vec<Vec<f32>> = (0..ROWS + 300)
        .map(|_| {
            let length = normal(1, 2.0)[0].exp();
            normal(32, length)
        })
        .collect();
    for (name, metric, dimension, rows) in [
        ("gaussian", Metric::Cosine, 32, gaussian),
        ("near copies", Metric::Cosine, 48, near),
        ("strangers among copies", Metric::Cosine, 48, strangers),
        ("tight clusters", Metric::L2, 48, tight),
        ("unequal lengths", Metric::Dot, 32, lengths),
    ] {
        let (base, queries) = rows.split_at(ROWS);
        kinds.push(Kind { name, metric, dimension, values: base.concat(), queries: queries.to_vec() });
    }
    kinds
}

#[test]
fn a_promised_recall_is_met_by_queries_that_were_not_seen() {
    check_promises(
        &serial(),
        &[("clustered", "walk"), ("clustered", "scan"), ("gaussian", "scan"), ("near copies", "walk")],
    );
}

#[test]
fn a_promised_recall_is_met_by_walks_over_blocks() {
    check_promises(&in_blocks(), &[("clustered", "walk"), ("clustered", "scan"), ("gaussian", "scan")]);
}

/// `expected` lists the paths that must promise something: a promise that is never made is also kept.
fn check_promises(params: &BuildParams, expected: &[(&str, &str)]) {
    let mut promised = Vec::new();
    for Kind { name, metric, dimension, values, queries } in kinds() {
        let rows = FlatRows::new(&values, dimension).unwrap();
        let graph = Graph::open(built(&rows, metric, params).bytes).unwrap();
        let (mut scratch, distance) = (Scratch::default(), metric.distance_fn());
        for (wanted, k) in [(0.9, 10), (0.95, 1), (0.95, 30), (0.99, 1), (0.99, 10), (0.99, 100)] {
            let walk = graph.recall().walk(wanted, k);
            let scan = graph.recall().scan(wanted, k);
            let (mut by_walk, mut by_scan) = (0, 0);
            for query in &queries {
                let exact = exact(&rows, metric, query, k, None);
                let hits = |found: Found| {
                    exact.neighbours.iter().filter(|neighbour| found.neighbours.contains(neighbour)).count()
                };
                if let Some(walk) = walk {
                    let mut search =
                        Search::new(&graph, &rows, distance, query, &mut scratch, &|| false).unwrap();
                    search.walk(k, WalkBreadth::Slack(walk.slack), None).unwrap();
                    by_walk += hits(search.finish(k, wanted, Precision::Order).unwrap());
                }
                if let Some(width) = scan {
                    let mut search =
                        Search::new(&graph, &rows, distance, query, &mut scratch, &|| false).unwrap();
                    let width = (width * k.max(DEPTHS[0]) as f32).ceil() as usize;
                    search.scan(0..rows.len() as u32, width).unwrap();
                    by_scan += hits(search.finish(k, wanted, Precision::Order).unwrap());
                }
            }
            for (way, hits, is_promised) in
                [("walk", by_walk, walk.is_some()), ("scan", by_scan, scan.is_some())]
            {
                let recall = hits as f32 / (k * queries.len()) as f32;
                // Whole groups of near copies are found or missed, so that 300 queries show the share of one to 0.006.
                let chance = 3.0 * ((1.0 - wanted) * wanted / queries.len() as f32).sqrt();
                assert!(
                    !is_promised || recall >= wanted - 0.005 - chance,
                    "{name}, {way}, {wanted} of {k}: {recall}"
                );
                promised.extend(is_promised.then_some((name, way)));
            }
        }
    }
    for expected in expected {
        assert!(promised.contains(expected), "{expected:?} of {promised:?}");
    }
}

#[test]
fn a_node_that_is_left_out_is_passed_over() {
    let data = Clustered::new(Metric::Cosine, ROWS, 32, 0, 77);
    let rows = data.rows();
    for params in [serial(), in_blocks()] {
        let graph = Graph::open(built(&rows, Metric::Cosine, &params).bytes).unwrap();
        let (mut scratch, mut hits) = (Scratch::default(), 0);
        for own in (0..ROWS as u32).step_by(50) {
            let query = rows.row(own).unwrap();
            let left_out = LeftOut::new(&graph, &rows, Metric::Cosine, vec![own]).unwrap();
            let search =
                Search::new(&graph, &rows, Metric::Cosine.distance_fn(), query, &mut scratch, &|| false)
                    .unwrap();
            let mut search = search.without(&left_out);
            search.walk(10, WalkBreadth::Width(200), None).unwrap();
            let found = nodes(&search.finish(10, 1.0, Precision::Whole).unwrap());
            assert!(!found.contains(&own));
            let others = |node: u32| node != own;
            let exact = nodes(&exact(&rows, Metric::Cosine, query, 10, Some(&others)));
            hits += exact.iter().filter(|node| found.contains(node)).count();
        }
        assert!(hits >= 990, "{hits} of 1,000");
    }
}

#[test]
fn a_walk_against_its_filter_gives_up() {
    let data = Clustered::new(Metric::L2, ROWS, 32, 20, 78);
    let rows = data.rows();
    let distance = Metric::L2.distance_fn();
    for params in [serial(), in_blocks()] {
        let graph = Graph::open(built(&rows, Metric::L2, &params).bytes).unwrap();
        for query in &data.queries {
            let mut far: Vec<u32> = nodes(&exact(&rows, Metric::L2, query, ROWS, None));
            let far: std::collections::HashSet<u32> = far.split_off(ROWS / 2).into_iter().collect();
            let accept = |node: u32| far.contains(&node);
            let filter = Filter { accept: &accept, share: 0.5, most_compared: usize::MAX };
            let mut scratch = Scratch::default();
            let mut search = Search::new(&graph, &rows, distance, query, &mut scratch, &|| false).unwrap();
            let ended = search.walk(10, WalkBreadth::Slack(0.1), Some(filter)).unwrap();
            assert!(!ended && search.compared() < ROWS / 2, "{} compared", search.compared());
        }
    }
}

#[test]
fn bytes_that_are_checked_one_by_one_give_the_same() {
    /// Pages that have not been verified as a whole.
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
    for params in [serial(), in_blocks()] {
        let data = Clustered::new(Metric::Dot, ROWS, 96, 40, 20);
        let rows = data.rows();
        let bytes = built(&rows, Metric::Dot, &params).bytes;
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
}

#[test]
fn one_thread_builds_the_same_bytes_every_time() {
    let data = Clustered::new(Metric::Dot, 1_500, 16, 0, 14);
    for params in [serial(), in_blocks()] {
        assert_eq!(built(&data.rows(), Metric::Dot, &params), built(&data.rows(), Metric::Dot, &params));
    }
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
    // No fewer than `k` can be held.
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
        let width = codes.recall().scan(0.95, 10).unwrap();
        assert!(codes.recall().scan(0.95, 30).is_some(), "{metric:?}");
        assert_eq!(codes.recall().walk(0.5, 10), None);
        let (mut hits, mut scratch) = (0, Scratch::default());
        for query in &data.queries {
            let distance = metric.distance_fn();
            let mut search = Search::new(&codes, &rows, distance, query, &mut scratch, &|| false).unwrap();
            search.walk(10, WalkBreadth::Width(100), None).unwrap();
            assert_eq!(search.held(), 0, "there is nothing to walk over");
            search.scan(0..900, (10.0 * width) as usize).unwrap();
            let found = nodes(&search.finish(10, 0.95, Precision::Whole).unwrap());
            let exact = nodes(&exact(&rows, metric, query, 10, None));
            hits += exact.iter().filter(|node| found.contains(node)).count();
        }
        assert!(hits as f32 >= 9.5 * QUERIES as f32, "{metric:?}: {hits}");
    }
}

#[test]
fn codes_of_another_kind_promise_little() {
    let data = Clustered::new(Metric::L2, 3_000, 96, 0, 62);
    // Coordinates that vectors of the graph hardly ever have.
    let flat: Vec<f32> = data.values.iter().map(|value| value * 1e-3).collect();
    let graph = Graph::open(built(&FlatRows::new(&flat, 96).unwrap(), Metric::L2, &serial()).bytes).unwrap();
    let codes = encode_like(&data.rows(), Metric::L2, &graph).unwrap().unwrap();
    let codes = Graph::open(codes).unwrap();
    assert_eq!(codes.recall().scan(0.9, 10), None, "so they are compared");
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
