//! Short searches beside batches of long ones. What is compared is counted, not timed, so that it holds on a busy machine.

use crate::support::*;
use precedent_server::{LoadLimits, ServerConfig};
use precedent_wire::v1;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Searches of a batch.
const BATCH: u64 = 5;
/// Short searches beside them.
const SHORT: u64 = 300;

/// A batch of exact searches by several embeddings each.
fn batch() -> v1::BatchSearchRequest {
    let search = |seed: u64| v1::SearchRequest {
        embeddings: (0..2).flat_map(|other| by_vector(seed * 2 + other).embeddings).collect(),
        exact: true,
        ..v1::SearchRequest::default()
    };
    v1::BatchSearchRequest { requests: (0..BATCH).map(search).collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn short_searches_do_not_wait_for_batches() {
    // One place, so that whoever has it keeps everybody waiting.
    let load = LoadLimits { searches: 1, ..LoadLimits::default() };
    let server = serve(3_000, 10, ServerConfig { load, ..ServerConfig::default() }).await;
    let long = Arc::new(AtomicU64::new(0));
    let mut batches = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (mut client, long) = (server.searches().await, Arc::clone(&long));
        batches.spawn(async move {
            loop {
                client.batch_search(batch()).await.unwrap();
                long.fetch_add(BATCH, Ordering::Relaxed);
            }
        });
    }
    let so_far = || long.load(Ordering::Relaxed);
    while so_far() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let (before, mut client) = (so_far(), server.searches().await);
    for seed in 0..SHORT {
        client.search(by_vector(seed)).await.unwrap();
    }
    let beside = so_far() - before;
    batches.shutdown().await;
    // In turns with the three it would be three to one.
    assert!(beside < SHORT, "{beside} long searches beside {SHORT} short ones");
}
