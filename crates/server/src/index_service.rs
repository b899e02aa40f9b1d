//! IndexService: what is served, and in what state it is.

use crate::call::{Call, Workers};
use crate::convert::{self, stats::Abilities};
use crate::registry::Registry;
use crate::status;
use precedent_engine::{Access, Engine};
use precedent_wire::v1;
use precedent_wire::v1::index_service_server::IndexService;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

/// Full checks at a time: each reads at the speed of the disk.
pub(crate) const VERIFICATIONS: usize = 1;

/// The service.
#[derive(Debug)]
pub(crate) struct Indexes {
    pub(crate) registry: Arc<Registry>,
    pub(crate) workers: Workers,
    pub(crate) verifications: Arc<Semaphore>,
}

#[tonic::async_trait]
impl IndexService for Indexes {
    async fn list_indexes(
        &self,
        _request: Request<v1::ListIndexesRequest>,
    ) -> Result<Response<v1::ListIndexesResponse>, Status> {
        let summary = |engine: &Engine| v1::IndexSummary {
            name: engine.definition().name.clone(),
            description: engine.definition().description.clone(),
            case_count: engine.view().case_count() as u64,
            writable: engine.access() != Access::Read,
        };
        let indexes = self.registry.all().iter().map(|served| summary(served.engine())).collect();
        Ok(Response::new(v1::ListIndexesResponse { indexes }))
    }

    async fn get_index_stats(
        &self,
        request: Request<v1::GetIndexStatsRequest>,
    ) -> Result<Response<v1::GetIndexStatsResponse>, Status> {
        let call = Call::of(&request);
        let served = self.registry.resolve(&request.get_ref().index)?.clone();
        let look = move || {
            let engine = served.engine();
            let figures = engine.stats().map_err(|error| status::from_engine(&error, served.name()))?;
            Ok(convert::stats::stats(engine.definition(), Abilities::of(engine), &figures))
        };
        let stats = self.workers.carry_through(call, look).await?;
        Ok(Response::new(v1::GetIndexStatsResponse { stats: Some(stats) }))
    }

    async fn verify_index(
        &self,
        request: Request<v1::VerifyIndexRequest>,
    ) -> Result<Response<v1::VerifyIndexResponse>, Status> {
        let call = Call::of(&request);
        let served = self.registry.resolve(&request.get_ref().index)?.clone();
        let place = Arc::clone(&self.verifications)
            .try_acquire_owned()
            .map_err(|_| status::overloaded(VERIFICATIONS))?;
        let check = move || {
            let _place = place;
            let found = Engine::verify(served.root(), &|_done, _total| {})
                .map_err(|error| status::from_engine(&error, served.name()))?;
            Ok(convert::stats::verification(&found))
        };
        Ok(Response::new(self.workers.carry_through(call, check).await?))
    }
}
