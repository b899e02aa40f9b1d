//! A service that sends back what it got: what the same stack costs when it computes nothing.
//!
//! Its transport is set up as that of `precedent serve` (`server/serve.rs`), without the layer that lets calls in, and
//! without a log. The few lines that a code generator would write are written out, as no protocol of ours has it.

use precedent_server::ServerConfig;
use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, ready};
use std::io::Write;
use std::net::Ipv4Addr;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

const PATH: &str = "/precedent.benches.EchoService/Echo";
/// As in `server/serve.rs`.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;

/// What is sent and comes back.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Payload {
    #[prost(bytes = "vec", tag = "1")]
    pub bytes: Vec<u8>,
}

/// Serves until the process is ended; says on standard error where.
pub fn serve() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let config = ServerConfig::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        writeln!(std::io::stderr(), "listening on {}", listener.local_addr()?)?;
        Server::builder()
            .max_concurrent_streams(config.load.streams_per_connection)
            .http2_keepalive_interval(Some(config.times.keepalive_interval))
            .http2_keepalive_timeout(Some(config.times.keepalive_timeout))
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(config.load.streams_per_connection * STREAM_WINDOW_BYTES)
            .max_connection_age(config.times.connection_age)
            .add_service(EchoServer)
            .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
            .await?;
        Ok(())
    })
}

/// Sends a payload and takes what comes back.
pub async fn call(channel: &Channel, payload: Payload) -> Result<Payload, Status> {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec = ProstCodec::<Payload, Payload>::default();
    Ok(grpc.unary(Request::new(payload), PathAndQuery::from_static(PATH), codec).await?.into_inner())
}

#[derive(Debug, Clone, Copy)]
struct EchoServer;

impl NamedService for EchoServer {
    const NAME: &'static str = "precedent.benches.EchoService";
}

impl Service<http::Request<Body>> for EchoServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let codec = ProstCodec::<Payload, Payload>::default();
            Ok(tonic::server::Grpc::new(codec).unary(Echo, request).await)
        })
    }
}

struct Echo;

impl UnaryService<Payload> for Echo {
    type Response = Payload;
    type Future = Ready<Result<Response<Payload>, Status>>;

    fn call(&mut self, request: Request<Payload>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}
