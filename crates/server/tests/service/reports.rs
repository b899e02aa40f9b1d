//! ReportService knows the lexicon, and reads what is sent as ingest does.

use crate::support::*;
use precedent_server::ServerConfig;
use precedent_wire::v1;
use precedent_wire::v1::report_service_client::ReportServiceClient;
use tonic::Code;

fn report(text: &str) -> v1::ReadReportRequest {
    let sections = vec![v1::Section { kind: v1::SectionKind::Findings.into(), text: text.to_owned() }];
    v1::ReadReportRequest { index: String::new(), report: Some(v1::Report { sections }) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_lexicon_lists_is_what_a_report_is_read_by() {
    let server = serve(1, 10, ServerConfig::default()).await;
    let mut client = ReportServiceClient::new(server.channel().await).max_decoding_message_size(64 << 20);
    let listed = client.list_findings(v1::ListFindingsRequest::default()).await.unwrap().into_inner();
    let read =
        client.read_report(report("Small left effusion. No pneumothorax.")).await.unwrap().into_inner();
    assert_eq!(read.lexicon_fingerprint, listed.lexicon_fingerprint);
    assert_eq!(read.sentences.len(), 2);
    let said: Vec<(&str, v1::Assertion)> =
        read.findings.iter().map(|found| (found.finding.as_str(), found.assertion())).collect();
    assert!(said.contains(&("pleural-effusion", v1::Assertion::Present)), "{said:?}");
    assert!(said.contains(&("pneumothorax", v1::Assertion::Absent)), "{said:?}");
    assert!(read.findings.iter().all(|found| listed.findings.iter().any(|known| known.id == found.finding)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_beyond_its_limits_is_refused_by_its_field() {
    let server = serve(1, 10, ServerConfig::default()).await;
    let mut client = ReportServiceClient::new(server.channel().await);
    for (wrong, field) in
        [(v1::ReadReportRequest::default(), "report: "), (report(&"CANARY ".repeat(200_000)), "report: ")]
    {
        let refused = client.read_report(wrong).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with(field) && !refused.message().contains("CANARY"), "{refused}");
    }
    let missing = v1::ListFindingsRequest { index: "knee".to_owned() };
    assert_eq!(client.list_findings(missing).await.unwrap_err().code(), Code::NotFound);
}
