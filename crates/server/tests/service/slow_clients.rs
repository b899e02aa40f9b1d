//! Clients that stop in the middle are cut, and what they held is free for others.

use crate::support::*;
use precedent_server::{LoadLimits, ServerConfig, TimeLimits};
use precedent_wire::v1;
use std::time::{Duration, Instant};
use tonic::Code;

const PATIENCE: Duration = Duration::from_secs(3);
/// What has not come by then does not come: patience and the time between two looks, on the busiest machine.
const SOON: Duration = Duration::from_secs(60);

fn config(calls: usize) -> ServerConfig {
    let times = TimeLimits { message: PATIENCE, answer: PATIENCE, ..TimeLimits::default() };
    let load = LoadLimits { calls, ..LoadLimits::default() };
    ServerConfig { times, load, ..ServerConfig::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_no_answer_keeps_its_place_and_is_cut() {
    let server = serve(500, 4000, config(2)).await;
    let mut deaf = ByHand::connect(server.address).await;
    deaf.ask(1, &everything()).await;
    deaf.ask(3, &everything()).await;
    // Both places are held although both answers are computed.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let mut other = server.searches().await;
    assert_eq!(other.search(by_vector(1)).await.unwrap_err().code(), Code::ResourceExhausted);
    assert!(deaf.is_cut(SOON).await, "its windows are not opened");
    let begun = Instant::now();
    while other.search(by_vector(1)).await.is_err() {
        assert!(begun.elapsed() < SOON, "the places did not return");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_at_all_is_cut() {
    let server = serve(500, 4000, config(256)).await;
    let mut deaf = ByHand::connect(server.address).await;
    // Windows wide open, so that the system's own buffers fill.
    let initial_window = [0, 4, 0x3f, 0xff, 0xff, 0xff];
    deaf.send(&frame(SETTINGS, 0, 0, &initial_window)).await;
    deaf.send(&frame(8, 0, 0, &0x3fff_0000_u32.to_be_bytes())).await;
    for stream in 0..16 {
        deaf.ask(2 * stream + 1, &everything()).await;
    }
    // It is noticed without reading: what is written to a connection that was cut comes back as an error.
    let begun = Instant::now();
    while deaf.send(&frame(PING, 1, 0, &[0; 8])).await {
        assert!(begun.elapsed() < SOON, "it is still connected");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_frames_that_do_not_end_are_cut() {
    let server = serve(1, 10, config(256)).await;
    let block = head(SEARCH);
    // Headers in ever more frames, and one byte of a frame at a time.
    let mut endless = ByHand::connect(server.address).await;
    endless.send(&frame(HEADERS, 0, 1, &block[..1])).await;
    let mut dripping = ByHand::connect(server.address).await;
    let whole = frame(HEADERS, END_HEADERS, 1, &block);
    let begun = Instant::now();
    let (mut byte, mut cut) = (0, [None, None]);
    while cut.contains(&None) && begun.elapsed() < SOON {
        if !endless.send(&frame(9, 0, 1, &block[..1])).await {
            cut[0].get_or_insert(begun.elapsed());
        }
        if !dripping.send(&whole[byte.min(20)..=byte.min(20)]).await {
            cut[1].get_or_insert(begun.elapsed());
        }
        byte += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(cut.iter().all(Option::is_some), "{cut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_pings_is_cut_although_its_answers_are_read() {
    let server = serve(1, 10, config(256)).await;
    let mut flood = ByHand::connect(server.address).await;
    let pings = frame(PING, 0, 0, &[0; 8]).repeat(50);
    let begun = Instant::now();
    loop {
        if !flood.send(&pings).await || flood.is_cut(Duration::from_millis(20)).await {
            break;
        }
        assert!(begun.elapsed() < SOON, "it still floods");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_does_not_come_ends_its_call_and_frees_its_place() {
    let server = serve(1, 10, config(1)).await;
    for begun in [0, 3, 5, 40] {
        let mut slow = ByHand::connect(server.address).await;
        let whole = message(&everything_of(200));
        slow.send(&frame(HEADERS, END_HEADERS, 1, &head(SEARCH))).await;
        slow.send(&frame(DATA, 0, 1, &whole[..begun])).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut other = server.searches().await;
        assert_eq!(other.search(by_vector(1)).await.unwrap_err().code(), Code::ResourceExhausted);
        let since = Instant::now();
        while other.search(by_vector(1)).await.is_err() {
            assert!(since.elapsed() < SOON, "the place is held after {begun} bytes");
            // A byte of the message now and then is no sign of life.
            slow.send(&frame(DATA, 0, 1, &whole[begun..=begun])).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn everything_of(words: usize) -> v1::SearchRequest {
    v1::SearchRequest { text: "effusion ".repeat(words), ..v1::SearchRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingest_stream_may_pause_between_messages_but_not_in_one() {
    let server = serve(1, 10, config(256)).await;
    let case = v1::Case { case_id: "case-x".to_owned(), ..v1::Case::default() };
    let ingest = message(&v1::IngestCasesRequest { case: Some(case), ..v1::IngestCasesRequest::default() });
    let mut stream = ByHand::connect(server.address).await;
    stream.send(&frame(HEADERS, END_HEADERS, 1, &head(INGEST))).await;
    stream.send(&frame(DATA, 0, 1, &ingest)).await;
    assert!(!stream.stream_ends(1, 2 * PATIENCE).await, "a pause between two messages");
    stream.send(&frame(DATA, 0, 1, &ingest[..9])).await;
    assert!(stream.stream_ends(1, SOON).await, "half a message is waited for without end");
}
