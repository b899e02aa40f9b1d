//! Cases by their ids and as lists: from one generation, within the bounds of an answer.

use crate::support::*;
use precedent_engine::{NewCase, Replacement};
use precedent_model::{CaseId, Thumbnail};
use precedent_server::{ServerConfig, SizeLimits};
use precedent_wire::v1;
use tonic::Code;

fn ids(cases: &[v1::Case]) -> Vec<&str> {
    cases.iter().map(|case| case.case_id.as_str()).collect()
}

fn by_ids(wanted: &[&str]) -> v1::BatchGetCasesRequest {
    let case_ids = wanted.iter().map(|&id| id.to_owned()).collect();
    v1::BatchGetCasesRequest { case_ids, ..v1::BatchGetCasesRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_come_in_the_order_of_their_ids_and_unknown_ones_are_named() {
    let server = serve(30, 10, ServerConfig::default()).await;
    let mut client = server.searches().await;
    let asked = by_ids(&["case-000007", "nobody", "case-000003"]);
    let answer = client.batch_get_cases(asked.clone()).await.unwrap().into_inner();
    assert_eq!(ids(&answer.cases), ["case-000007", "case-000003"]);
    assert_eq!(answer.unknown_case_ids, ["nobody"]);
    assert!(answer.cases.iter().all(|case| case.report.is_some() && case.images[0].embedding.is_none()));
    let bare = v1::BatchGetCasesRequest { detail: v1::CaseDetail::WithoutReport.into(), ..asked.clone() };
    let answer = client.batch_get_cases(bare).await.unwrap().into_inner();
    assert!(answer.cases.iter().all(|case| case.report.is_none() && case.images.len() == 1));
    let wrong = v1::BatchGetCasesRequest { case_ids: vec!["a".to_owned(); 1001], ..asked };
    assert_eq!(client.batch_get_cases(wrong).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_come_back_as_they_were_ingested_only_where_asked_for() {
    let server = serve(3, 10, ServerConfig::default()).await;
    let mut client = server.searches().await;
    let asked = v1::GetCaseRequest { case_id: "case-000002".to_owned(), ..v1::GetCaseRequest::default() };
    let without = client.get_case(asked.clone()).await.unwrap().into_inner().case.unwrap();
    assert!(without.images[0].embedding.is_none());
    let whole = v1::GetCaseRequest { with_embeddings: true, ..asked };
    let with = client.get_case(whole).await.unwrap().into_inner().case.unwrap();
    let expected = v1::Embedding { values: vector(2), encoder_id: "enc".to_owned() };
    assert_eq!(with.images[0].embedding, Some(expected.clone()));
    let batch = v1::BatchGetCasesRequest { with_embeddings: true, ..by_ids(&["case-000002"]) };
    let batch = client.batch_get_cases(batch).await.unwrap().into_inner();
    assert_eq!(batch.cases[0].images[0].embedding, Some(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thumbnail_comes_as_it_was_kept_or_the_answer_says_what_to_do() {
    let server = serve(2, 10, ServerConfig::default()).await;
    let head = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 40, 0, 60, 1, 1, 0x11, 0];
    let small = Thumbnail::new(head.to_vec(), 60, 40).unwrap();
    let shown = NewCase { thumbnails: vec![(0, small)], ..case(1, "Small left effusion.") };
    let shown = NewCase { replacement: Replacement::Whole, ..shown };
    assert!(server.engine.ingest(vec![shown]).unwrap()[0].is_ok());
    server.engine.commit().unwrap();
    let mut client = server.searches().await;
    let wanted = |case_id: &str, image_index| v1::GetThumbnailRequest {
        case_id: case_id.to_owned(),
        image_index,
        ..v1::GetThumbnailRequest::default()
    };
    let kept = client.get_thumbnail(wanted("case-000001", 0)).await.unwrap().into_inner();
    assert_eq!((kept.jpeg.as_slice(), kept.width_pixels, kept.height_pixels), (&head[..], 60, 40));
    assert!(kept.grid.is_none() && kept.generation > 0);
    for (case_id, image, reason) in [
        ("case-000000", 0, "ingest the image file"),
        ("case-000001", 1, "no thumbnail"),
        ("nobody", 0, "no case"),
    ] {
        let refused = client.get_thumbnail(wanted(case_id, image)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        assert!(refused.message().contains(reason), "{}", refused.message());
    }
    assert_eq!(client.get_thumbnail(wanted("", 0)).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_list_come_from_one_generation() {
    let server = serve(25, 10, ServerConfig::default()).await;
    let mut client = server.searches().await;
    let order = v1::CaseOrder::AsIngested.into();
    let mut asked = v1::ListCasesRequest { order, page_size: Some(10), ..v1::ListCasesRequest::default() };
    let mut listed = Vec::new();
    for number in 0.. {
        let page = client.list_cases(asked.clone()).await.unwrap().into_inner();
        assert_eq!(page.total_count, 25);
        listed.extend(ids(&page.cases).into_iter().map(str::to_owned));
        // What is ingested or deleted meanwhile is not of this list.
        server.engine.ingest(vec![case(1000 + number, "Opacity.")]).unwrap();
        server.engine.delete(&[CaseId::new("case-000020").unwrap()]).unwrap();
        server.engine.commit().unwrap();
        asked.page_token = page.next_page_token;
        if asked.page_token.is_empty() {
            break;
        }
    }
    let expected: Vec<String> = (0..25).map(|number| format!("case-{number:06}")).collect();
    assert_eq!(listed, expected);
    let other = v1::ListCasesRequest { filter: "modality:*".to_owned(), ..asked };
    let first = v1::ListCasesRequest { page_token: String::new(), page_size: Some(1), ..other.clone() };
    let none = client.list_cases(first).await.unwrap().into_inner();
    assert_eq!((none.total_count, none.next_page_token.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_list_is_refused() {
    let server = serve(5, 10, ServerConfig::default()).await;
    let mut client = server.searches().await;
    let asked = v1::ListCasesRequest { page_size: Some(2), ..v1::ListCasesRequest::default() };
    let page_token = client.list_cases(asked.clone()).await.unwrap().into_inner().next_page_token;
    let other = v1::ListCasesRequest { filter: "NOT modality:*".to_owned(), page_token, ..asked };
    let refused = client.list_cases(other).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().contains("page_token"), "{refused}");
    let wrong = v1::ListCasesRequest { filter: "age >".to_owned(), ..v1::ListCasesRequest::default() };
    let refused = client.list_cases(wrong).await.unwrap_err();
    assert!(
        refused.code() == Code::InvalidArgument && refused.message().starts_with("filter: "),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_an_answer_is_refused_before_memory_is_full() {
    let sizes = SizeLimits { response_bytes: 200_000, ..SizeLimits::default() };
    let server = serve(20, 20_000, ServerConfig { sizes, ..ServerConfig::default() }).await;
    let mut client = server.searches().await;
    let all: Vec<String> = (0..20).map(|number| format!("case-{number:06}")).collect();
    let many = by_ids(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let refused = client.batch_get_cases(many.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    let refused = client.list_cases(v1::ListCasesRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    let less = v1::BatchGetCasesRequest { detail: v1::CaseDetail::CaseId.into(), ..many };
    assert_eq!(client.batch_get_cases(less).await.unwrap().into_inner().cases.len(), 20);
    let page = v1::ListCasesRequest { page_size: Some(5), ..v1::ListCasesRequest::default() };
    assert_eq!(client.list_cases(page).await.unwrap().into_inner().cases.len(), 5);
}
