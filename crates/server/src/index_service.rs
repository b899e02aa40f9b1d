//! IndexService: what is served, and in what state it is.

use crate::call::{Call, Workers};
use crate::registry::Registry;
use crate::status;
use precedent_convert::{self as convert, stats::Abilities};
use precedent_engine::{Access, Engine, EngineError};
use precedent_wire::v1;
use precedent_wire::v1::index_service_server::IndexService;
use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tracing::Instrument;

/// Full checks at a time: each reads at the speed of the disk.
pub(crate) const VERIFICATIONS: usize = 1;
/// Merges at the request of a caller at a time; those of the background are beside them.
pub(crate) const MERGES: usize = 1;
/// Between two messages of progress.
const PROGRESS: Duration = Duration::from_secs(1);
/// Messages of progress that wait for a slow reader.
const WAITING_PROGRESS: usize = 4;

/// The service.
#[derive(Debug)]
pub(crate) struct Indexes {
    pub(crate) registry: Arc<Registry>,
    pub(crate) workers: Workers,
    pub(crate) verifications: Arc<Semaphore>,
    pub(crate) merges: Arc<Semaphore>,
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
        let call = Call::of(&request)?;
        let served = self.registry.resolve(&request.get_ref().index)?.clone();
        let look = move || {
            let engine = served.engine();
            let figures = engine.stats().map_err(|error| status::from_engine(&error, served.name()))?;
            Ok(convert::stats::stats(
                engine.definition(),
                Abilities::of(engine),
                &figures,
                engine.condition(),
            ))
        };
        let stats = self.workers.carry_through(call, look).await?;
        Ok(Response::new(v1::GetIndexStatsResponse { stats: Some(stats) }))
    }

    type VerifyIndexStream = ReceiverStream<Result<v1::VerifyIndexResponse, Status>>;

    async fn verify_index(
        &self,
        request: Request<v1::VerifyIndexRequest>,
    ) -> Result<Response<Self::VerifyIndexStream>, Status> {
        let call = Call::of(&request)?;
        let with_progress = request.get_ref().with_progress;
        let served = self.registry.resolve(&request.get_ref().index)?.clone();
        let place = Arc::clone(&self.verifications)
            .try_acquire_owned()
            .map_err(|_| status::overloaded(VERIFICATIONS))?;
        let (answers, receiver) = mpsc::channel(WAITING_PROGRESS);
        let listener = answers.clone();
        let check = move |stop: &dyn Fn() -> bool| {
            let _place = place;
            let told = Cell::new(Instant::now());
            let progress = |done, total| {
                if with_progress && told.get().elapsed() >= PROGRESS {
                    told.set(Instant::now());
                    // Who is slow to read misses some.
                    let _ = listener.try_send(Ok(convert::stats::verification_progress(done, total)));
                }
            };
            let stop = || stop() || listener.is_closed();
            let found = Engine::verify_until(served.root(), &progress, &stop)
                .map_err(|error| status::from_engine(&error, served.name()))?;
            Ok(convert::stats::verification(&found))
        };
        let workers = self.workers.clone();
        let checking = async move {
            let result = workers.until_stopped(call, check).await;
            // A caller who is gone needs no answer.
            let _ = answers.send(result).await;
        };
        tokio::spawn(checking.in_current_span());
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    type MergeIndexStream = ReceiverStream<Result<v1::MergeIndexResponse, Status>>;

    async fn merge_index(
        &self,
        request: Request<v1::MergeIndexRequest>,
    ) -> Result<Response<Self::MergeIndexStream>, Status> {
        let call = Call::of(&request)?;
        let wire = request.get_ref();
        let with_progress = wire.with_progress;
        let scope = v1::MergeScope::try_from(wire.scope).map_err(|_| {
            status::invalid_field(
                "scope",
                "is none of the protocol's scopes; leave it out to merge everything",
            )
        })?;
        let served = self.registry.resolve(&wire.index)?.clone();
        if served.engine().access() == Access::Read {
            return Err(status::from_engine(&EngineError::ReadOnly, served.name()));
        }
        let place = Arc::clone(&self.merges).try_acquire_owned().map_err(|_| status::overloaded(MERGES))?;
        let (answers, receiver) = mpsc::channel(WAITING_PROGRESS);
        let (listener, workers) = (answers.clone(), self.workers.clone());
        let merge = move |_stop: &dyn Fn() -> bool| {
            let _place = place;
            let told = Mutex::new(Instant::now());
            // Asked by every thread that builds the graph.
            let progress = |phase: &'static str, done: usize, total: usize| {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                if with_progress && told.elapsed() >= PROGRESS {
                    *told = Instant::now();
                    // Who is slow to read misses some.
                    let _ = listener.try_send(Ok(convert::stats::merge_progress(phase, done, total)));
                }
                !listener.is_closed() && !workers.ends()
            };
            let engine = served.engine();
            let merged = match scope {
                v1::MergeScope::Unspecified => engine.merge_all(&progress),
                v1::MergeScope::Deleted => engine.drop_deleted(&progress),
            };
            let generation = merged.map_err(|error| status::from_engine(&error, served.name()))?;
            let segment_count = engine.merge_gain().segments as u64;
            Ok(v1::MergeIndexResponse { done: true, generation, segment_count, ..Default::default() })
        };
        let workers = self.workers.clone();
        let merging = async move {
            let result = workers.until_stopped(call, merge).await;
            // A caller who is gone needs no answer.
            let _ = answers.send(result).await;
        };
        tokio::spawn(merging.in_current_span());
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}
