//! From a listener to a clean end.

use crate::admission::Admission;
use crate::call::Workers;
use crate::config::ServerConfig;
use crate::descriptors;
use crate::encode_service::Encodes;
use crate::health::Health;
use crate::incoming::Incoming;
use crate::index_service::{Indexes, MERGES, VERIFICATIONS};
use crate::ingest_service::Ingests;
use crate::parts::Shapes;
use crate::peer::Memory;
use crate::registry::{Registry, Served};
use crate::report_service::Reports;
use crate::search_service::Searches;
use precedent_engine::{Access, Scrub};
use precedent_wire::FILE_DESCRIPTOR_SET;
use precedent_wire::v1::encode_service_server::EncodeServiceServer;
use precedent_wire::v1::index_service_server::IndexServiceServer;
use precedent_wire::v1::ingest_service_server::IngestServiceServer;
use precedent_wire::v1::report_service_server::ReportServiceServer;
use precedent_wire::v1::search_service_server::SearchServiceServer;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tonic::transport::Server;

/// Bytes of all headers of a request. hyper's own default of 16 KiB is more than any client of ours needs.
const HEADER_BYTES: u32 = 8 << 10;
/// Streams that a client opened and reset before they were looked at ("rapid reset"); h2's own default, kept by name.
const PENDING_RESETS: usize = 20;
/// Streams that this side had to reset, before the connection ends; h2's own default is 1024.
const OWN_RESETS: usize = 128;
/// Bytes on their way in per stream. HTTP/2's own 64 KiB would hold back ingest, where a group of cases gathers while the
/// one before is made durable.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// The largest window that HTTP/2 has.
const MOST_WINDOW_BYTES: u32 = i32::MAX as u32;
/// Between NOT_SERVING and the end of the streams on which it is watched.
const HEALTH_NOTICE: Duration = Duration::from_millis(100);

/// Why the service does not start or ends.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No index was given.
    #[error("no index is given; name at least one")]
    NoIndex,
    /// Two indexes have one name.
    #[error("two indexes have the name {name}; give one of them another name or serve them apart")]
    SameName {
        /// The name.
        name: String,
    },
    /// The address can be reached from other machines.
    #[error(
        "listen address {address} can be reached from other machines, and the listener is plaintext; use a loopback \
         address such as 127.0.0.1"
    )]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The address is taken, or not of this machine.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The descriptor of the protocol cannot be read.
    #[error("the descriptor of the protocol cannot be read")]
    Protocol(#[source] prost::DecodeError),
    /// The reflection service refuses the protocol.
    #[error("the reflection service cannot be built")]
    Reflection(#[source] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the transport failed")]
    Transport(#[source] tonic::transport::Error),
}

/// Serves those indexes at the configured address until `shutdown` completes and calls have ended.
///
/// # Errors
/// Everything that keeps the service from starting, and a transport that fails.
pub async fn serve(
    indexes: Vec<Served>,
    config: ServerConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let address = config.listen;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback { address });
    }
    let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })?;
    serve_on(listener, indexes, config, shutdown).await
}

/// As [`serve`], on a listener that is bound already, so that its address is known; `config.listen` is not looked at.
///
/// # Errors
/// As [`serve`].
pub async fn serve_on(
    listener: TcpListener,
    indexes: Vec<Served>,
    config: ServerConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let address =
        listener.local_addr().map_err(|source| ServeError::Bind { address: config.listen, source })?;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback { address });
    }
    if indexes.is_empty() {
        return Err(ServeError::NoIndex);
    }
    let registry = Arc::new(Registry::new(indexes).map_err(|name| ServeError::SameName { name })?);
    let config = Arc::new(config);
    let workers = Workers::new(config.load.searches, config.load.encodings);
    let uploads = Arc::new(Semaphore::new(config.load.uploads.max(1)));
    let (health, health_service) = Health::new(&registry).await;
    let (stop, stopping) = watch::channel(false);

    let sizes = config.sizes;
    let searches = SearchServiceServer::new(Searches {
        registry: Arc::clone(&registry),
        workers: workers.clone(),
        sizes,
    })
    .max_decoding_message_size(sizes.search_bytes)
    .max_encoding_message_size(sizes.response_bytes);
    let ingests = IngestServiceServer::new(Ingests {
        registry: Arc::clone(&registry),
        workers: workers.clone(),
        uploads: Arc::clone(&uploads),
        limit_bytes: sizes.ingest_bytes,
        health: health.clone(),
        stopping: stopping.clone(),
    })
    .max_decoding_message_size(sizes.ingest_bytes)
    .max_encoding_message_size(sizes.response_bytes);
    let encodes = EncodeServiceServer::new(Encodes {
        registry: Arc::clone(&registry),
        workers: workers.clone(),
        uploads,
    })
    .max_decoding_message_size(sizes.search_bytes)
    .max_encoding_message_size(sizes.response_bytes);
    let indexes = IndexServiceServer::new(Indexes {
        registry: Arc::clone(&registry),
        workers: workers.clone(),
        verifications: Arc::new(Semaphore::new(VERIFICATIONS)),
        merges: Arc::new(Semaphore::new(MERGES)),
    })
    .max_decoding_message_size(sizes.search_bytes)
    .max_encoding_message_size(sizes.response_bytes);
    let reports = ReportServiceServer::new(Reports {
        registry: Arc::clone(&registry),
        workers: workers.clone(),
        response_bytes: sizes.response_bytes,
    })
    .max_decoding_message_size(sizes.search_bytes)
    .max_encoding_message_size(sizes.response_bytes);

    let routes = tonic::service::Routes::new(health_service)
        .add_service(reflection().build_v1().map_err(ServeError::Reflection)?)
        .add_service(reflection().build_v1alpha().map_err(ServeError::Reflection)?)
        .add_service(searches)
        .add_service(ingests)
        .add_service(encodes)
        .add_service(indexes)
        .add_service(reports);
    let shapes = Shapes::of_the_protocol().map_err(ServeError::Protocol)?;
    let connections = descriptors::connections(config.load.connections, registry.all().len());
    let memory = Memory::new(config.load.request_bytes, config.load.answer_bytes);
    let incoming = Incoming::new(listener, connections, config.times, memory.clone());
    let mut wait = stopping.clone();
    let serving = transport(&config).serve_with_incoming_shutdown(
        tower::Layer::layer(&Admission::new(Arc::clone(&config), memory, shapes), routes),
        incoming,
        async move {
            let _ = wait.wait_for(|stopping| *stopping).await;
        },
    );
    let _refreshing = Refreshing::start(&registry, config.times.refresh);
    let _scrubbing = scrub(&registry, config.scrub_bytes_per_second);
    let watching = health.watch(&registry, config.times.health);
    tracing::info!(%address, indexes = registry.all().len(), "serving");

    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended.map_err(ServeError::Transport),
        () = shutdown => {}
    }
    tracing::info!("shutting down");
    drop(watching);
    health.leave().await;
    let _ = stop.send(true);
    let drained = tokio::time::timeout(config.times.drain, async {
        tokio::join!(serving, async {
            tokio::time::sleep(HEALTH_NOTICE).await;
            health.forget(&registry).await;
        })
        .0
    });
    match drained.await {
        Ok(ended) => ended.map_err(ServeError::Transport),
        Err(_elapsed) => {
            tracing::warn!("calls that still ran were cut");
            workers.abort();
            Ok(())
        }
    }
}

/// Reads the files of all indexes again, until it is dropped.
fn scrub(registry: &Registry, bytes_per_second: u64) -> Option<Scrub> {
    let engines = registry.all().iter().map(|served| Arc::clone(served.engine())).collect();
    let started = NonZeroU64::new(bytes_per_second).map(|rate| Scrub::start(engines, rate))?;
    // Searches need no such thread.
    started.inspect_err(|error| tracing::warn!(%error, "files are not read again")).ok()
}

fn transport(config: &ServerConfig) -> Server {
    // As much as all streams together, so that requests that wait for memory do not hold up the one that has it.
    let connection_window = config.load.streams_per_connection.saturating_mul(STREAM_WINDOW_BYTES);
    // No max_connection_age_grace: with one, tonic 0.14.9 cuts an old connection without asking its client to go first.
    Server::builder()
        .max_concurrent_streams(config.load.streams_per_connection)
        .http2_keepalive_interval(Some(config.times.keepalive_interval))
        .http2_keepalive_timeout(Some(config.times.keepalive_timeout))
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(OWN_RESETS))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(connection_window.min(MOST_WINDOW_BYTES))
        .max_connection_age(config.times.connection_age)
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Looks for newer generations of indexes that other processes write, until it is dropped.
struct Refreshing(Vec<JoinHandle<()>>);

impl Refreshing {
    fn start(registry: &Registry, every: Duration) -> Self {
        let read_only = registry.all().iter().filter(|served| served.engine().access() == Access::Read);
        Self(read_only.cloned().map(|served| tokio::spawn(refresh(served, every))).collect())
    }
}

impl Drop for Refreshing {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

async fn refresh(served: Served, every: Duration) {
    let mut failing = false;
    loop {
        tokio::time::sleep(every).await;
        let engine = Arc::clone(served.engine());
        let result = tokio::task::spawn_blocking(move || engine.refresh()).await;
        let failed = match &result {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_panicked) => Some("refresh did not finish".to_owned()),
        };
        // One line when it begins to fail, not two per second.
        if let (Some(error), false) = (&failed, failing) {
            tracing::warn!(
                index = served.name(),
                error,
                "a newer generation cannot be read; searches stay on the older"
            );
        }
        failing = failed.is_some();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(address: &str) -> ServerConfig {
        ServerConfig { listen: address.parse().unwrap(), ..ServerConfig::default() }
    }

    #[tokio::test]
    async fn addresses_that_others_reach_are_refused_by_name() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:50051"] {
            let error = serve(Vec::new(), listening(address), std::future::pending()).await.unwrap_err();
            assert!(matches!(error, ServeError::NotLoopback { .. }), "{error}");
            assert!(error.to_string().contains(address.rsplit_once(':').unwrap().0), "{error}");
        }
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let error = serve_on(listener, Vec::new(), listening("127.0.0.1:0"), std::future::pending()).await;
        assert!(matches!(error, Err(ServeError::NotLoopback { .. })));
    }

    #[tokio::test]
    async fn no_index_and_a_taken_port_are_refused() {
        let error = serve(Vec::new(), listening("127.0.0.1:0"), std::future::pending()).await;
        assert!(matches!(error, Err(ServeError::NoIndex)));
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = serve(Vec::new(), listening(&address), std::future::pending()).await;
        assert!(matches!(error, Err(ServeError::Bind { .. })));
    }

    #[test]
    fn the_reflection_service_knows_the_protocol() {
        assert!(reflection().build_v1().is_ok());
        assert!(reflection().build_v1alpha().is_ok());
    }
}
