//! Requests and answers in flight stay within their memory.

use crate::support::*;
use precedent_server::{LoadLimits, ServerConfig, TimeLimits};
use precedent_wire::v1;
use std::time::Duration;
use tonic::Code;

fn with_memory(request_bytes: usize, answer_bytes: usize) -> ServerConfig {
    let load = LoadLimits { request_bytes, answer_bytes, ..LoadLimits::default() };
    let times = TimeLimits { memory: Duration::from_millis(700), ..TimeLimits::default() };
    ServerConfig { load, times, ..ServerConfig::default() }
}

/// A search with a picture that is none, of so many bytes: it is refused once it was read.
fn with_picture(bytes: usize) -> v1::SearchRequest {
    let image = v1::QueryImage { content: vec![7; bytes], view: String::new() };
    v1::SearchRequest { images: vec![image], ..v1::SearchRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_for_its_memory_and_small_ones_pass_by() {
    let server = serve(1, 10, with_memory(16 << 20, 16 << 20)).await;
    // Two connections take all of it: each began a message of 4 MiB, which counts twice, and goes on slowly.
    let whole = message(&with_picture((4 << 20) - 4096));
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut connection = ByHand::connect(server.address).await;
        connection.send(&frame(1, END_HEADERS, 1, &head(SEARCH))).await;
        connection.send(&frame(DATA, 0, 1, &whole[..1000])).await;
        slow.push(connection);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut other = server.searches().await;
    let refused = other.search(with_picture(2 << 20)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    assert!(refused.message().contains("memory"), "{refused:?}");
    assert!(other.search(by_vector(1)).await.is_ok(), "a small request takes none");
    drop(slow);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let read = other.search(with_picture(2 << 20)).await.unwrap_err();
    assert_ne!(read.code(), Code::ResourceExhausted, "{read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_requests_of_one_connection_are_read_in_turn() {
    let server =
        serve(1, 10, ServerConfig { times: TimeLimits::default(), ..with_memory(16 << 20, 16 << 20) }).await;
    let client = server.searches().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let mut client = client.clone();
        calls.spawn(async move { client.search(with_picture(3 << 20)).await.unwrap_err().code() });
    }
    while let Some(code) = calls.join_next().await {
        assert_ne!(code.unwrap(), Code::ResourceExhausted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_takes_leave_no_memory_for_more_but_for_small_ones() {
    // An answer has about 2 MB; one connection may have 2 MiB of them and a half, all connections 5.
    let server = serve(500, 4000, with_memory(16 << 20, 5 << 20)).await;
    let mut deaf = [ByHand::connect(server.address).await, ByHand::connect(server.address).await];
    for connection in &mut deaf {
        connection.ask(1, &everything()).await;
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut other = server.searches().await;
    let refused = other.search(everything()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("page_size"), "{refused:?}");
    assert!(other.search(by_vector(1)).await.is_ok());
    drop(deaf);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(other.search(everything()).await.unwrap().into_inner().hits.len(), 500);
}
