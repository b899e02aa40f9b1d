//! MergeIndex merges what it is asked to, and ends with its caller.

use crate::support::*;
use precedent_model::CaseId;
use precedent_server::ServerConfig;
use precedent_wire::v1;
use precedent_wire::v1::index_service_client::IndexServiceClient;
use std::time::{Duration, Instant};
use tonic::Code;
use tonic::transport::Channel;

async fn merged(client: &mut IndexServiceClient<Channel>, scope: v1::MergeScope) -> v1::MergeIndexResponse {
    let asked = v1::MergeIndexRequest { scope: scope.into(), ..v1::MergeIndexRequest::default() };
    let mut answers = client.merge_index(asked).await.unwrap().into_inner();
    let result = answers.message().await.unwrap().unwrap();
    assert!(result.done && answers.message().await.unwrap().is_none());
    result
}

#[tokio::test(flavor = "multi_thread")]
async fn only_segments_with_deleted_cases_are_written_anew_unless_all_is_asked_for() {
    let server = serve(200, 100, ServerConfig::default()).await;
    server.engine.ingest((1000..1100).map(|number| case(number, "Opacity.")).collect()).unwrap();
    server.engine.commit().unwrap();
    let ids = |server: &Server| -> Vec<(String, usize)> {
        let segments = server.engine.stats().unwrap().segments;
        segments.into_iter().map(|segment| (segment.id, segment.tombstones)).collect()
    };
    let before = ids(&server);
    assert_eq!(before.len(), 2);
    server.engine.delete(&[CaseId::new("case-001005").unwrap()]).unwrap();
    server.engine.commit().unwrap();
    let mut client = IndexServiceClient::new(server.channel().await);
    let result = merged(&mut client, v1::MergeScope::Deleted).await;
    assert_eq!(result.segment_count, 2);
    let after = ids(&server);
    let kept = after.iter().filter(|(id, _)| before.iter().any(|(there, _)| there == id)).count();
    assert_eq!(kept, 1, "the other segment is as it was: {before:?} {after:?}");
    assert!(after.iter().all(|(_, dead)| *dead == 0));
    assert_eq!(server.engine.view().case_count(), 299);
    assert_eq!(merged(&mut client, v1::MergeScope::Deleted).await.generation, result.generation);
    let all = merged(&mut client, v1::MergeScope::Unspecified).await;
    assert_eq!((all.segment_count, all.generation > result.generation), (1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_whose_caller_is_gone_leaves_the_index_and_its_place() {
    let server = serve(6000, 10, ServerConfig::default()).await;
    let generation = server.engine.view().generation();
    let mut client = IndexServiceClient::new(server.channel().await);
    let asked = v1::MergeIndexRequest { with_progress: true, ..v1::MergeIndexRequest::default() };
    drop(client.merge_index(asked.clone()).await.unwrap());
    let begun = Instant::now();
    // A merge gives way to everything else on the machine, so it may take a while until it asks whether to go on.
    while let Err(status) = client.merge_index(asked.clone()).await {
        assert_eq!(status.code(), Code::ResourceExhausted, "one at a time");
        assert!(begun.elapsed() < Duration::from_secs(60), "it goes on without its caller");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.engine.view().generation(), generation, "the index is as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_scope_is_refused() {
    let server = serve(1, 10, ServerConfig::default()).await;
    let mut client = IndexServiceClient::new(server.channel().await);
    let asked = v1::MergeIndexRequest { scope: 9, ..v1::MergeIndexRequest::default() };
    let refused = client.merge_index(asked).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("scope: "), "{refused}");
}
