//! What is specific to graphs with links in blocks. What all graphs must do is tested for them together with the others.

use super::*;
use crate::{encode_like, unreachable_nodes};

fn sample() -> (Clustered, Vec<u8>) {
    let data = Clustered::new(Metric::L2, 120, 16, 3, 31);
    let params = BuildParams { m: 8, ef_construction: 20, ..in_blocks() };
    let bytes = built(&data.rows(), Metric::L2, &params).bytes;
    (data, bytes)
}

/// As for lists: an error is as good as a result.
fn survives(data: &Clustered, bytes: &[u8]) -> bool {
    let Ok(graph) = Graph::open(bytes) else { return false };
    let rows = data.rows();
    let mut scratch = Scratch::default();
    let accept = |node: u32| node.is_multiple_of(3);
    let filter = Filter { accept: &accept, share: 0.3, most_compared: usize::MAX };
    let mut sound = unreachable_nodes(&graph).is_ok();
    for query in &data.queries {
        for breadth in [WalkBreadth::Width(30), WalkBreadth::Slack(0.3)] {
            for accept in [None, Some(filter)] {
                let params = SearchParams { k: 10, breadth };
                let distance = Metric::L2.distance_fn();
                let found = search(&graph, &rows, distance, query, &params, accept, &mut scratch, &|| false);
                sound &= found.is_ok();
                if let Ok(found) = found {
                    assert!(found.neighbours.iter().all(|neighbour| neighbour.node < 120));
                    assert!(found.visited <= 120 * 33 + 16 * 32);
                }
            }
        }
    }
    sound
}

#[test]
fn every_flipped_byte_gives_an_error_or_an_answer() {
    let (data, mut bytes) = sample();
    assert!(Graph::open(bytes.as_slice()).unwrap().has_blocks());
    assert!(survives(&data, &bytes));
    let mut noticed = 0;
    // Covers every byte position of a block in one block or another.
    for place in (0..bytes.len()).step_by(11) {
        for flip in [0x80, 0xff] {
            bytes[place] ^= flip;
            noticed += usize::from(!survives(&data, &bytes));
            bytes[place] ^= flip;
        }
    }
    assert!(noticed > 2 * 3 * 120 * 8 / 11, "{noticed} of {}", 2 * bytes.len());
    assert!(survives(&data, &bytes));
}

#[test]
fn every_shorter_and_longer_file_is_refused() {
    let (_, mut bytes) = sample();
    for length in 0..bytes.len() {
        assert!(Graph::open(&bytes[..length]).is_err(), "{length}");
    }
    bytes.push(0);
    assert!(Graph::open(bytes).is_err());
}

#[test]
fn few_equal_and_strange_rows_have_blocks_too() {
    for (count, value) in [(1, 0.5), (2, 0.0), (40, 0.25), (700, 0.0)] {
        let values: Vec<f32> = (0..count * 16).map(|place| value + (place % 3) as f32 * value).collect();
        let rows = FlatRows::new(&values, 16).unwrap();
        for metric in METRICS {
            let graph = Graph::open(built(&rows, metric, &in_blocks()).bytes).unwrap();
            assert!(graph.has_blocks());
            assert_eq!(unreachable_nodes(&graph).unwrap(), 0);
            let found = find(&graph, &rows, metric, &values[..16], (count, 0), None);
            assert_eq!(found.neighbours, exact(&rows, metric, &values[..16], count, None).neighbours);
        }
    }
}

#[test]
fn codes_without_links_are_made_like_those_of_blocks() {
    let (data, bytes) = sample();
    let like = Graph::open(bytes.as_slice()).unwrap();
    let fresh = Clustered::new(Metric::L2, 90, 16, 3, 32);
    let rows = fresh.rows();
    let graph = Graph::open(encode_like(&rows, Metric::L2, &like).unwrap().unwrap()).unwrap();
    let mut scratch = Scratch::default();
    for query in &data.queries {
        let distance = Metric::L2.distance_fn();
        let mut search = Search::new(&graph, &rows, distance, query, &mut scratch, &|| false).unwrap();
        search.scan(0..90, 90).unwrap();
        let found = search.finish(5, 1.0, Precision::Whole).unwrap();
        assert_eq!(found.neighbours, exact(&rows, Metric::L2, query, 5, None).neighbours);
    }
}

#[test]
fn the_layout_that_takes_less_time_is_chosen_where_it_is_not_given() {
    let small = Clustered::new(Metric::L2, 500, 64, 0, 71);
    let graph = Graph::open(built(&small.rows(), Metric::L2, &serial()).bytes).unwrap();
    assert!(!graph.has_blocks(), "few rows");
    for layout in [GraphLayout::Lists, GraphLayout::Compact] {
        let params = BuildParams { layout, ..serial() };
        assert!(!Graph::open(built(&small.rows(), Metric::L2, &params).bytes).unwrap().has_blocks());
    }
    let params = BuildParams { m: 40, ef_construction: 60, ..in_blocks() };
    assert!(!Graph::open(built(&small.rows(), Metric::L2, &params).bytes).unwrap().has_blocks(), "m");
}

#[test]
fn a_walk_over_blocks_can_be_stopped_and_scanned_after() {
    let data = Clustered::new(Metric::Cosine, 3_000, 64, 1, 72);
    let (rows, query) = (data.rows(), &data.queries[0]);
    let graph = Graph::open(built(&rows, Metric::Cosine, &in_blocks()).bytes).unwrap();
    let distance = Metric::Cosine.distance_fn();
    let asked = std::cell::Cell::new(0);
    let second = || asked.replace(asked.get() + 1) == 1;
    let params = SearchParams { k: 2_000, breadth: WalkBreadth::Width(2_000) };
    let mut scratch = Scratch::default();
    let found = search(&graph, &rows, distance, query, &params, None, &mut scratch, &second).unwrap();
    assert!(found.stopped && !found.neighbours.is_empty() && found.neighbours.len() < 200);

    let mut search = Search::new(&graph, &rows, distance, query, &mut scratch, &|| false).unwrap();
    search.walk(10, WalkBreadth::Slack(0.2), None).unwrap();
    assert!(search.held() >= 10);
    search.scan(0..3_000, 3_000).unwrap();
    let found = search.finish(10, 1.0, Precision::Whole).unwrap();
    assert_eq!(found.neighbours, exact(&rows, Metric::Cosine, query, 10, None).neighbours);
}
