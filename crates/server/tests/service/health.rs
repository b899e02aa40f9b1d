//! Health says what can be read and written.

use crate::support::*;
use precedent_server::{ServerConfig, TimeLimits};
use precedent_wire::v1;
use precedent_wire::v1::index_service_client::IndexServiceClient;
use std::path::Path;
use std::time::{Duration, Instant};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test(flavor = "multi_thread")]
async fn an_index_whose_folder_is_gone_is_not_served_until_it_is_back() {
    let times = TimeLimits { health: Duration::from_millis(50), ..TimeLimits::default() };
    let server = serve(10, 10, ServerConfig { times, ..ServerConfig::default() }).await;
    let mut client = HealthClient::new(server.channel().await);
    let names = [
        "",
        "precedent.v1.SearchService",
        "precedent.v1.IngestService",
        "precedent.v1.SearchService/chest-xray",
        "precedent.v1.IngestService/chest-xray",
    ];
    for (gone, expected) in [(false, 1), (true, 2), (false, 1)] {
        take_away(&server, gone);
        let begun = Instant::now();
        for name in names {
            loop {
                let asked = HealthCheckRequest { service: name.to_owned() };
                let found = client.check(asked).await.unwrap().into_inner().status;
                if found == expected {
                    break;
                }
                assert!(
                    begun.elapsed() < Duration::from_secs(60),
                    "{name} says {found} while gone is {gone}"
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// A byte of a report decays that nobody asks for. The server finds it, says so, and goes on.
#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_by_itself_and_told_while_all_that_is_sound_is_served() {
    let folder = tempfile::tempdir().unwrap();
    // Reports of several blocks.
    make_index(folder.path(), 100, 4_000);
    flip_a_byte(&folder.path().join("segments/0000000001/records"));
    let times = TimeLimits { health: Duration::from_millis(50), ..TimeLimits::default() };
    let config = ServerConfig { times, scrub_bytes_per_second: u64::MAX, ..ServerConfig::default() };
    let server = serve_index(folder, config).await;
    let mut health = HealthClient::new(server.channel().await);
    let mut status = async |name: &str| {
        let asked = HealthCheckRequest { service: name.to_owned() };
        health.check(asked).await.unwrap().into_inner().status
    };
    let begun = Instant::now();
    while status("precedent.v1.IndexService/chest-xray").await == 1 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no damage was found");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for name in ["", "precedent.v1.SearchService/chest-xray", "precedent.v1.IngestService/chest-xray"] {
        assert_eq!(status(name).await, 1, "{name:?}");
    }
    let mut indexes = IndexServiceClient::new(server.channel().await);
    let stats = indexes.get_index_stats(v1::GetIndexStatsRequest::default()).await.unwrap().into_inner();
    let damages = stats.stats.unwrap().damages;
    assert_eq!(damages.len(), 1);
    assert_eq!(damages[0].file, "segments/0000000001/records");
    assert!(!damages[0].description.contains("effusion"), "{}", damages[0].description);
}

/// In the middle of a file, which no storage does.
#[allow(clippy::disallowed_methods)]
fn flip_a_byte(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

/// Takes the folder away, or brings it back, which no storage does under a running engine.
#[allow(clippy::disallowed_methods)]
fn take_away(server: &Server, gone: bool) {
    let here = server.folder.path();
    let away = here.with_extension("away");
    match gone {
        true => std::fs::rename(here, away).unwrap(),
        false if away.exists() => std::fs::rename(away, here).unwrap(),
        false => {}
    }
}
