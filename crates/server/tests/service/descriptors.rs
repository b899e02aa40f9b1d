//! Where file descriptors are few, clients wait and the index stays whole.

use crate::support::*;
use precedent_server::ServerConfig;
use precedent_wire::v1;
use precedent_wire::v1::ingest_service_client::IngestServiceClient;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;

/// Serves in a process of its own with few descriptors, until it is killed.
#[tokio::test]
#[ignore = "is run by the test below"]
async fn a_server_of_few_descriptors() {
    let server = serve(10, 10, ServerConfig::default()).await;
    // Not a file of the index.
    #[allow(clippy::disallowed_methods)]
    std::fs::write(std::env::var_os("PRECEDENT_TEST_ADDRESS").unwrap(), server.address.to_string()).unwrap();
    std::future::pending().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_connections_does_not_take_the_files_of_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("address");
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "descriptors::a_server_of_few_descriptors", "--ignored", "--nocapture"])
        .env("PRECEDENT_TEST_ADDRESS", &written)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let drain = std::thread::spawn(move || lines.for_each(drop));
    let address = loop {
        match std::fs::read_to_string(&written).ok().and_then(|text| text.parse().ok()) {
            Some(address) => break address,
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let mut client = IngestServiceClient::new(channel(address).await);
    let mut crowd = Vec::new();
    for round in 0..6 {
        for _ in 0..40 {
            crowd.extend(TcpStream::connect(address).await);
        }
        let sections =
            vec![v1::Section { kind: v1::SectionKind::Findings.into(), text: "Opacity.".to_owned() }];
        let case = v1::Case {
            case_id: format!("new-{round}"),
            report: Some(v1::Report { sections }),
            ..v1::Case::default()
        };
        let request = v1::IngestCasesRequest { case: Some(case), ..v1::IngestCasesRequest::default() };
        let mut answers = client.ingest_cases(tokio_stream::iter([request])).await.unwrap().into_inner();
        let outcome = answers.message().await.unwrap().unwrap().outcome;
        let is_in = matches!(outcome, Some(v1::ingest_cases_response::Outcome::Acknowledgement(_)));
        assert!(is_in, "round {round}");
        // A commit writes its segment beside the crowd.
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drain.join().unwrap();
}
