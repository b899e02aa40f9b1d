//! Short searches beside batches of long ones.

use crate::support::*;
use precedent_server::{LoadLimits, ServerConfig};
use precedent_wire::v1;
use std::time::{Duration, Instant};

/// A batch of exact searches by several embeddings each.
fn batch() -> v1::BatchSearchRequest {
    let search = |seed: u64| v1::SearchRequest {
        embeddings: (0..16).flat_map(|other| by_vector(seed * 16 + other).embeddings).collect(),
        exact: true,
        ..v1::SearchRequest::default()
    };
    v1::BatchSearchRequest { requests: (0..300).map(search).collect() }
}

/// The slowest of a hundred of short searches, and how long they took in the middle.
async fn short_searches(server: &Server, count: u64) -> (Duration, Duration) {
    let mut client = server.searches().await;
    let mut times = Vec::new();
    for seed in 0..count {
        let asked = Instant::now();
        client.search(by_vector(seed)).await.unwrap();
        times.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times.sort();
    (times[times.len() / 2], times[times.len() * 95 / 100])
}

#[tokio::test(flavor = "multi_thread")]
async fn short_searches_do_not_wait_for_batches() {
    // One place, so that whoever has it keeps everybody waiting.
    let load = LoadLimits { searches: 1, ..LoadLimits::default() };
    let server = serve(20_000, 10, ServerConfig { load, ..ServerConfig::default() }).await;
    let quiet = short_searches(&server, 200).await;
    let mut batches = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let mut client = server.searches().await;
        batches.spawn(async move {
            loop {
                let _ = client.batch_search(batch()).await;
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let beside = short_searches(&server, 200).await;
    batches.shutdown().await;
    // Each search of a batch takes some ten milliseconds and more; to wait for one of each connection would be three.
    assert!(beside.1 < 4 * quiet.1 + Duration::from_millis(10), "quiet {quiet:?}, beside batches {beside:?}");
}
