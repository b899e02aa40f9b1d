//! Health says what can be read and written.

use crate::support::*;
use precedent_server::{ServerConfig, TimeLimits};
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
                assert!(begun.elapsed() < Duration::from_secs(5), "{name} says {found} while gone is {gone}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
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
