//! What neighbours say together, over the wire.

use crate::support::*;
use precedent_server::ServerConfig;
use precedent_wire::v1;
use tonic::Code;

/// Twenty cases with an effusion, and ten that deny one.
async fn server() -> Server {
    let server = serve(20, 10, ServerConfig::default()).await;
    let others = (20..30).map(|number| case(number, "No pleural effusion.")).collect();
    assert!(server.engine.ingest(others).unwrap().iter().all(Result::is_ok));
    server.engine.commit().unwrap();
    server
}

fn by(neighbour_count: u32) -> Option<v1::JudgementRequest> {
    Some(v1::JudgementRequest { neighbour_count: Some(neighbour_count), ..v1::JudgementRequest::default() })
}

/// What an earlier answer says that an image became.
fn encoded(seed: u64) -> v1::SearchRequest {
    let embedding = by_vector(seed).embeddings.remove(0);
    let image = v1::EncodedQueryImage {
        embedding: Some(embedding),
        content_sha256: vec![7; 32],
        ..Default::default()
    };
    v1::SearchRequest { encoded_images: vec![image], ..v1::SearchRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_vote_where_the_search_is_by_image_or_says_so() {
    let server = server().await;
    let mut client = server.searches().await;
    let asked = v1::SearchRequest { judgement: by(5), limit: Some(3), ..by_vector(3) };
    let answer = client.search(asked).await.unwrap().into_inner();
    assert_eq!(answer.hits.len(), 3);
    let consensus = answer.consensus.unwrap();
    assert_eq!((consensus.neighbour_count, consensus.reported_case_count), (5, 30));
    assert!(consensus.effective_patient_count > 1.0 && consensus.effective_patient_count <= 5.0);
    let vote = &consensus.votes[0];
    assert_eq!((vote.finding.as_str(), vote.name.as_str()), ("pleural-effusion", "pleural effusion"));
    assert_eq!(vote.present_count + vote.absent_count, 5);
    assert!(
        vote.lower <= vote.share && vote.share <= vote.upper && (vote.base_rate - 2.0 / 3.0).abs() < 1e-9
    );
    assert_eq!(vote.grades.as_ref().unwrap().median, "mild");
    let dissent = answer.dissent.unwrap();
    assert_eq!(dissent.normal.len(), 3);
    assert!(dissent.normal.iter().all(|hit| {
        let report = hit.case.as_ref().unwrap().report.as_ref().unwrap();
        report.sections[0].text == "No pleural effusion." && hit.image.unwrap().rank.is_none()
    }));
    assert!(answer.plan.unwrap().times.unwrap().judge_microseconds > 0);

    let plain = client.search(by_vector(3)).await.unwrap().into_inner();
    assert!(
        plain.consensus.is_none() && plain.dissent.is_none() && plain.plan.unwrap().unavailable.is_empty()
    );
    let by_image = client.search(encoded(3)).await.unwrap().into_inner();
    assert_eq!(by_image.consensus.unwrap().neighbour_count, 30);
    let off = Some(v1::JudgementRequest { off: true, ..v1::JudgementRequest::default() });
    let silent =
        client.search(v1::SearchRequest { judgement: off, ..encoded(3) }).await.unwrap().into_inner();
    assert!(silent.consensus.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_batch_neighbours_vote_only_where_a_search_says_so() {
    let server = server().await;
    let mut client = server.searches().await;
    let requests = vec![encoded(1), v1::SearchRequest { judgement: by(5), ..encoded(2) }];
    let answer = client.batch_search(v1::BatchSearchRequest { requests }).await.unwrap().into_inner();
    let voted: Vec<bool> = answer.responses.iter().map(|response| response.consensus.is_some()).collect();
    assert_eq!(voted, [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_told_and_what_cannot_be_is_refused() {
    let server = server().await;
    let mut client = server.searches().await;
    let text =
        v1::SearchRequest { text: "effusion".into(), judgement: by(5), ..v1::SearchRequest::default() };
    let answer = client.search(text).await.unwrap().into_inner();
    assert!(!answer.hits.is_empty() && answer.consensus.is_none() && answer.dissent.is_none());
    let missing = answer.plan.unwrap().unavailable;
    let parts: Vec<v1::AnswerPart> = missing.iter().map(|missing| missing.part()).collect();
    assert_eq!(parts, [v1::AnswerPart::Abstention, v1::AnswerPart::Consensus, v1::AnswerPart::Dissent]);
    assert_eq!(missing[0].reason(), v1::UnavailableReason::NoImageQuery);
    assert!(missing[0].description.contains("give an image"), "{}", missing[0].description);
    let refused = client.search(v1::SearchRequest { judgement: by(0), ..by_vector(3) }).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("judgement.neighbour_count"), "{}", refused.message());
    let refused =
        client.search(v1::SearchRequest { diversity: Some(2.0), ..by_vector(3) }).await.unwrap_err();
    assert!(refused.message().contains("diversity"), "{}", refused.message());
}
