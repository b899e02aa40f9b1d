//! The standard health service: overall and per service.

use crate::status;
use precedent_engine::{EngineError, ErrorKind};
use tonic::Status;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health as HealthApi, HealthServer};
use tonic_health::server::HealthReporter;

/// The empty name stands for the whole server.
const OVERALL: &str = "";
const INGEST: &str = "precedent.v1.IngestService";
const NAMES: [&str; 5] = [
    OVERALL,
    "precedent.v1.SearchService",
    INGEST,
    "precedent.v1.EncodeService",
    "precedent.v1.IndexService",
];

/// What the health service says.
#[derive(Debug, Clone)]
pub(crate) struct Health(HealthReporter);

impl Health {
    /// Everything serving, and the service that says so.
    pub(crate) async fn new() -> (Self, HealthServer<impl HealthApi>) {
        let (reporter, service) = tonic_health::server::health_reporter();
        let health = Self(reporter);
        health.set(&NAMES, ServingStatus::Serving).await;
        (health, service)
    }

    /// Nothing serving any more, so that nobody sends new calls here.
    pub(crate) async fn leave(&self) {
        self.set(&NAMES, ServingStatus::NotServing).await;
    }

    /// Ends the streams on which health is watched; they would keep their connections open.
    pub(crate) async fn forget(&self) {
        let mut reporter = self.0.clone();
        for name in NAMES {
            reporter.clear_service_status(name).await;
        }
    }

    /// The status for an engine that refused to write. When its writer failed for good, ingest is not serving from
    /// then on.
    pub(crate) async fn failed(&self, error: &EngineError, index: &str) -> Status {
        if error.kind() == ErrorKind::Unavailable {
            self.set(&[INGEST], ServingStatus::NotServing).await;
        }
        status::from_engine(error, index)
    }

    async fn set(&self, names: &[&str], status: ServingStatus) {
        for name in names {
            self.0.set_service_status(*name, status).await;
        }
    }
}
