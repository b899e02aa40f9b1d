//! Few rows, equal rows, few matches, invalid requests, and stopping.

use super::*;
use crate::{HnswError, unreachable_nodes};
use std::cell::Cell;
use std::sync::Mutex;

fn small(metric: Metric, count: usize) -> (Vec<f32>, BuiltGraph) {
    let values: Vec<f32> =
        (0..count).flat_map(|i| [(i as f32 * 0.1).cos(), (i as f32 * 0.1).sin()]).collect();
    let built = built(&FlatRows::new(&values, 2).unwrap(), metric, &serial());
    (values, built)
}

#[test]
fn graphs_of_no_one_two_and_a_few_rows_find_them_all() {
    for metric in METRICS {
        for count in [0, 1, 2, 3, 31] {
            let (values, built) = small(metric, count);
            let rows = FlatRows::new(&values, 2).unwrap();
            let graph = Graph::open(built.bytes).unwrap();
            for k in [0, 1, 5, 1000] {
                let found = find(&graph, &rows, metric, &[1.0, 0.0], (k, 100), None);
                assert_eq!(found.neighbours, exact(&rows, metric, &[1.0, 0.0], k, None).neighbours);
                assert_eq!(found.neighbours.len(), k.min(count));
            }
        }
    }
}

#[test]
fn equal_rows_are_all_found_and_end_the_build() {
    let random = &mut Random(3);
    for copies in [2, 40, 1_500] {
        let mut values = [0.25; 16].repeat(copies);
        values.extend((0..16 * 500).map(|_| random.normal()));
        let rows = FlatRows::new(&values, 16).unwrap();
        for metric in [Metric::Dot, Metric::L2] {
            let built = built(&rows, metric, &serial());
            let graph = Graph::open(built.bytes).unwrap();
            assert_eq!(unreachable_nodes(&graph).unwrap(), 0);
            let all = find(&graph, &rows, metric, &[0.25; 16], (rows.len(), 0), None);
            assert_eq!(all.neighbours.len(), rows.len());
        }
        let graph = Graph::open(built(&rows, Metric::L2, &serial()).bytes).unwrap();
        let found = find(&graph, &rows, Metric::L2, &[0.25; 16], (copies, 0), None);
        assert_eq!(nodes(&found), (0..copies as u32).collect::<Vec<_>>());
    }
}

#[test]
fn fewer_matches_than_asked_for_are_all_returned() {
    let data = Clustered::new(Metric::Cosine, 3_000, 16, 5, 21);
    let rows = data.rows();
    let graph = Graph::open(built(&rows, Metric::Cosine, &serial()).bytes).unwrap();
    for query in &data.queries {
        for matches in [vec![], vec![2_999], vec![0, 17, 1_400, 2_000]] {
            let accept = |node: u32| matches.contains(&node);
            let mut found = nodes(&find(&graph, &rows, Metric::Cosine, query, (10, 50), Some(&accept)));
            found.sort_unstable();
            assert_eq!(found, matches);
        }
        // Shares so small that the walk must go everywhere: more are wanted than match.
        for share in [4, 8, 15] {
            let matches: Vec<u32> =
                (0..3_000).filter(|&node| Random(node.into()).below(100) < share).collect();
            let accept = |node: u32| matches.binary_search(&node).is_ok();
            let found = find(&graph, &rows, Metric::Cosine, query, (1_000, 1_000), Some(&accept));
            assert_eq!(
                found.neighbours,
                exact(&rows, Metric::Cosine, query, 1_000, Some(&accept)).neighbours
            );
        }
    }
}

#[test]
fn a_search_that_is_stopped_says_so_and_keeps_what_it_has() {
    let data = Clustered::new(Metric::L2, 4_000, 16, 1, 22);
    let (rows, query) = (data.rows(), &data.queries[0]);
    let graph = Graph::open(built(&rows, Metric::L2, &serial()).bytes).unwrap();
    let distance = Metric::L2.distance_fn();
    let params = SearchParams { k: 2_000, breadth: WalkBreadth::Width(2_000) };
    let asked = Cell::new(0);
    let second = || asked.replace(asked.get() + 1) == 1;
    let third = || asked.replace(asked.get() + 1) == 2;
    let found =
        search(&graph, &rows, distance, query, &params, None, &mut Scratch::default(), &second).unwrap();
    assert!(found.stopped && !found.neighbours.is_empty());
    assert!((2_048..4_400).contains(&found.visited), "{}", found.visited);

    asked.set(0);
    let found = compare(&rows, distance, query, 0..4_000, (10, Comparison::Whole), &third).unwrap();
    assert!(found.stopped && (512..600).contains(&found.visited));
    assert_eq!(found.neighbours.len(), 10);

    let late =
        search(&graph, &rows, distance, query, &params, None, &mut Scratch::default(), &|| true).unwrap();
    assert_eq!((late.visited, late.stopped, late.neighbours.len()), (0, true, 0));
}

#[test]
fn what_is_not_a_number_never_enters() {
    let mut values = vec![1.0; 16 * 300];
    values[16 * 299 + 3] = f32::NAN;
    let rows = FlatRows::new(&values, 16).unwrap();
    for metric in METRICS {
        let error = build(&rows, metric, &serial(), &|_| ControlFlow::Continue(())).unwrap_err();
        assert!(matches!(error, HnswError::NotFinite { row: 299 }));
    }
    values[16 * 299 + 3] = 2e19;
    let rows = FlatRows::new(&values, 16).unwrap();
    assert!(build(&rows, Metric::Dot, &serial(), &|_| ControlFlow::Continue(())).is_err());

    let (values, built) = small(Metric::L2, 300);
    let graph = Graph::open(built.bytes).unwrap();
    // Rows that became invalid after the build are skipped and not returned.
    let bad: Vec<f32> =
        values.iter().enumerate().map(|(i, &v)| if i % 7 == 0 { f32::NAN } else { v }).collect();
    let rows = FlatRows::new(&bad, 2).unwrap();
    let found = find(&graph, &rows, Metric::L2, &[1.0, 0.0], (300, 300), None);
    assert!(!found.neighbours.is_empty());
    assert!(found.neighbours.iter().all(|neighbour| neighbour.distance.is_finite()));
    let found = exact(&rows, Metric::L2, &[1.0, 0.0], 300, None);
    assert!(found.neighbours.iter().all(|neighbour| neighbour.distance.is_finite()));
}

fn compared(
    rows: &FlatRows<'_>,
    query: &[f32],
    nodes: impl IntoIterator<Item = u32>,
    k: usize,
) -> Result<Found, HnswError> {
    compare(rows, Metric::L2.distance_fn(), query, nodes, (k, Comparison::Whole), &|| false)
}

#[test]
fn bad_questions_are_refused() {
    let (values, built) = small(Metric::L2, 10);
    let rows = FlatRows::new(&values, 2).unwrap();
    let graph = Graph::open(built.bytes).unwrap();
    let distance = Metric::L2.distance_fn();
    let params = SearchParams { k: 1, breadth: WalkBreadth::Width(1) };
    let refused = |rows: &FlatRows<'_>, query: &[f32]| {
        search(&graph, rows, distance, query, &params, None, &mut Scratch::default(), &|| false).unwrap_err()
    };
    assert!(matches!(refused(&rows, &[1.0; 3]), HnswError::QueryDimension { found: 3, expected: 2 }));
    assert!(matches!(refused(&rows, &[1.0, f32::INFINITY]), HnswError::QueryNotFinite { index: 1 }));
    let fewer = FlatRows::new(&values[..18], 2).unwrap();
    assert!(matches!(refused(&fewer, &[1.0; 2]), HnswError::RowCount { nodes: 10, rows: 9 }));
    assert!(compared(&rows, &[1.0; 3], 0..10, 1).is_err());
    assert!(matches!(compared(&rows, &[1.0; 2], [10], 1), Err(HnswError::Row { row: 10, .. })));
}

#[test]
fn progress_counts_up_to_all_rows_and_can_stop_the_build() {
    let data = Clustered::new(Metric::L2, 2_000, 16, 0, 23);
    for threads in [1, 3] {
        let params = BuildParams { threads, ..BuildParams::default() };
        let seen = Mutex::new(Vec::new());
        let note = |done| {
            seen.lock().unwrap().push(done);
            ControlFlow::Continue(())
        };
        build(&data.rows(), Metric::L2, &params, &note).unwrap();
        let seen = seen.into_inner().unwrap();
        assert!(
            seen.is_sorted() && seen.len() > 3 && seen[0] == 0 && seen.last() == Some(&2_000),
            "{seen:?}"
        );

        let stop = |done| if done > 300 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        assert!(matches!(build(&data.rows(), Metric::L2, &params, &stop), Err(HnswError::Stopped)));
    }
}

#[test]
fn any_list_of_nodes_can_be_compared() {
    let (values, _) = small(Metric::L2, 50);
    let rows = FlatRows::new(&values, 2).unwrap();
    let found = compared(&rows, &[1.0, 0.0], (0..50).rev(), 3).unwrap();
    assert_eq!((nodes(&found), found.visited, found.stopped), (vec![0, 1, 2], 50, false));
    assert_eq!(nodes(&compared(&rows, &[1.0, 0.0], [4, 9, 4], 2).unwrap()), [4, 4]);
    assert_eq!(nodes(&compared(&rows, &[1.0, 0.0], [], 2).unwrap()), []);
    assert_eq!(compared(&rows, &[1.0, 0.0], 0..50, 0).unwrap().visited, 0);
}
