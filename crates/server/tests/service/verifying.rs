//! VerifyIndex tells its progress and ends with its caller.

use crate::support::*;
use precedent_server::ServerConfig;
use precedent_wire::v1;
use precedent_wire::v1::index_service_client::IndexServiceClient;
use std::time::{Duration, Instant};
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn the_result_comes_last_and_alone_where_no_progress_is_asked_for() {
    let server = serve(50, 100, ServerConfig::default()).await;
    let mut client = IndexServiceClient::new(server.channel().await);
    let mut answers = client.verify_index(v1::VerifyIndexRequest::default()).await.unwrap().into_inner();
    let result = answers.message().await.unwrap().unwrap();
    assert!(result.done && result.damages.is_empty() && result.checked_bytes > 0);
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_whose_caller_is_gone_leaves_its_place() {
    let server = serve(2000, 1000, ServerConfig::default()).await;
    let mut client = IndexServiceClient::new(server.channel().await);
    let asked = v1::VerifyIndexRequest { with_progress: true, ..v1::VerifyIndexRequest::default() };
    drop(client.verify_index(asked.clone()).await.unwrap());
    let begun = Instant::now();
    while let Err(status) = client.verify_index(asked.clone()).await {
        assert_eq!(status.code(), Code::ResourceExhausted, "one at a time");
        assert!(begun.elapsed() < Duration::from_secs(30), "it goes on without its caller");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
