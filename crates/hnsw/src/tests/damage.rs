//! Damaged bytes.

use super::*;
use crate::unreachable_nodes;
use proptest::prelude::*;

fn sample() -> (Clustered, Vec<u8>) {
    let data = Clustered::new(Metric::L2, 120, 16, 3, 31);
    let params = BuildParams { m: 3, ef_construction: 20, ..serial() };
    let bytes = built(&data.rows(), Metric::L2, &params).bytes;
    (data, bytes)
}

/// Opens, searches with and without a filter, and audits. An error is as good as a result; there must be no panic, no hang, and
/// no node that does not exist.
fn survives(data: &Clustered, bytes: &[u8]) -> bool {
    let Ok(graph) = Graph::open(bytes) else { return false };
    let rows = data.rows();
    let mut scratch = Scratch::default();
    let accept = |node: u32| node.is_multiple_of(3);
    let filter = Filter { accept: &accept, share: 0.3, most_compared: usize::MAX };
    let params = SearchParams { k: 10, breadth: WalkBreadth::Width(30) };
    let mut sound = unreachable_nodes(&graph).is_ok();
    for query in &data.queries {
        for accept in [None, Some(filter)] {
            let found = search(
                &graph,
                &rows,
                Metric::L2.distance_fn(),
                query,
                &params,
                accept,
                &mut scratch,
                &|| false,
            );
            sound &= found.is_ok();
            if let Ok(found) = found {
                assert!(found.neighbours.iter().all(|neighbour| neighbour.node < 120));
                assert!(found.visited <= 120 * 20);
            }
        }
    }
    sound
}

#[test]
fn every_flipped_byte_gives_an_error_or_an_answer() {
    let (data, mut bytes) = sample();
    assert!(survives(&data, &bytes));
    let mut noticed = 0;
    for place in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            bytes[place] ^= flip;
            noticed += usize::from(!survives(&data, &bytes));
            bytes[place] ^= flip;
        }
    }
    // High bytes of links and lengths. Codes are protected by the checksums of the file.
    assert!(noticed > 4 * 4 * 120, "{noticed} of {}", 3 * bytes.len());
    assert!(survives(&data, &bytes));
}

#[test]
fn every_flipped_byte_of_the_header_is_noticed_at_open() {
    let (_, mut bytes) = sample();
    for place in 0..128 {
        // A smaller max level, another node as entry point, another deviation: these are left to the checksums.
        if matches!(place, 16 | 20 | 28..31) {
            continue;
        }
        bytes[place] ^= 0x80;
        assert!(Graph::open(bytes.as_slice()).is_err(), "{place}");
        bytes[place] ^= 0x80;
    }
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
fn a_link_outside_the_graph_is_named_by_its_offset() {
    let (data, mut bytes) = sample();
    let graph = Graph::open(bytes.clone()).unwrap();
    let (entry, _) = graph.entry_point().unwrap();
    let offset = graph.header().level_zero_offset(entry) as usize;
    bytes[offset..offset + 4].copy_from_slice(&120_u32.to_le_bytes());
    let graph = Graph::open(bytes).unwrap();
    let params = SearchParams { k: 120, breadth: WalkBreadth::Width(120) };
    let error = search(
        &graph,
        &data.rows(),
        Metric::L2.distance_fn(),
        &data.queries[0],
        &params,
        None,
        &mut Scratch::default(),
        &|| false,
    )
    .unwrap_err();
    let expected =
        format!("graph damaged at offset {offset}: a link is 120, expected at most 119; rebuild the graph");
    assert_eq!(error.to_string(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_bytes_never_panic(noise in proptest::collection::vec(any::<u8>(), 0..4000), keep in 0_usize..200) {
        let (data, bytes) = sample();
        // With its header intact, noise reaches the walk.
        let mut mixed = bytes.clone();
        let start = 128 + keep * 4;
        for (place, byte) in mixed.iter_mut().skip(start).zip(&noise) {
            *place = *byte;
        }
        survives(&data, &mixed);
        survives(&data, &noise);
    }
}
