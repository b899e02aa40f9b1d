//! A server over a small archive, a client of the protocol, and one that writes frames of HTTP/2 by hand.

use precedent_engine::{Access, Definition, Engine, NewCase};
use precedent_model::{Case, CaseId, Image, Report, SectionKind};
use precedent_query::QueryVector;
use precedent_server::{Served, ServerConfig, serve_on};
use precedent_vector::{Metric, VectorSpace};
use precedent_wire::v1;
use precedent_wire::v1::search_service_client::SearchServiceClient;
use prost::Message;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

pub const DIMENSION: usize = 64;

/// A server that stops with the value.
pub struct Server {
    pub folder: TempDir,
    pub engine: Arc<Engine>,
    pub address: SocketAddr,
    _stop: oneshot::Sender<()>,
    _serving: JoinHandle<()>,
}

pub fn definition() -> Definition {
    let mut definition = Definition::chest_xray().unwrap();
    definition.image_space = Some(VectorSpace::new(DIMENSION, Metric::L2, "enc").unwrap());
    definition
}

/// Numbers from a seed (splitmix64), from -1 to 1.
pub fn vector(seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..DIMENSION).map(|_| next()).collect()
}

pub fn case(number: u64, report: &str) -> NewCase {
    let mut case = Case::new(CaseId::new(&format!("case-{number:06}")).unwrap());
    case.report = Some(Report::new([(SectionKind::Findings, report)]).unwrap());
    case.images = vec![Image::default()];
    let embedding = QueryVector { values: vector(number), encoder_id: "enc".to_owned() };
    NewCase { embeddings: vec![Some(embedding)], ..NewCase::new(case) }
}

/// Makes an index of so many cases, with reports of about so many bytes.
pub fn make_index(root: &Path, cases: u64, report_bytes: usize) {
    Engine::create(root, &definition()).unwrap();
    let engine = Engine::open(root, Access::Bulk).unwrap();
    let words = "Small left effusion. The heart is normal. ".repeat(report_bytes.div_ceil(42).max(1));
    for chunk in (0..cases).collect::<Vec<_>>().chunks(1000) {
        let new = chunk.iter().map(|&number| case(number, &words)).collect();
        assert!(engine.ingest(new).unwrap().iter().all(Result::is_ok));
    }
    engine.commit().unwrap();
}

pub async fn serve(cases: u64, report_bytes: usize, config: ServerConfig) -> Server {
    let folder = tempfile::tempdir().unwrap();
    make_index(folder.path(), cases, report_bytes);
    serve_index(folder, config).await
}

pub async fn serve_index(folder: TempDir, config: ServerConfig) -> Server {
    let engine = Arc::new(Engine::open(folder.path(), Access::Write).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = Served::new(Arc::clone(&engine), folder.path());
    let serving = tokio::spawn(async move {
        let shutdown = async {
            let _ = stopped.await;
        };
        serve_on(listener, vec![served], config, shutdown).await.unwrap();
    });
    Server { folder, engine, address, _stop: stop, _serving: serving }
}

impl Server {
    pub async fn channel(&self) -> Channel {
        channel(self.address).await
    }

    pub async fn searches(&self) -> SearchServiceClient<Channel> {
        SearchServiceClient::new(self.channel().await).max_decoding_message_size(64 << 20)
    }
}

pub async fn channel(address: SocketAddr) -> Channel {
    Endpoint::new(format!("http://{address}")).unwrap().tcp_nodelay(true).connect().await.unwrap()
}

pub fn by_vector(seed: u64) -> v1::SearchRequest {
    let embedding = v1::Embedding { values: vector(seed), encoder_id: "enc".to_owned() };
    v1::SearchRequest { embeddings: vec![embedding], ..v1::SearchRequest::default() }
}

/// Every case with its report.
pub fn everything() -> v1::SearchRequest {
    v1::SearchRequest { limit: Some(1000), ..by_vector(1) }
}

pub const SEARCH: &str = "/precedent.v1.SearchService/Search";
pub const INGEST: &str = "/precedent.v1.IngestService/IngestCases";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The headers of a call, compressed by nothing (RFC 7541, 6.2.2).
pub fn head(path: &str) -> Vec<u8> {
    // ":method: POST" and ":scheme: http" stand in the static table.
    let mut block = vec![0x83, 0x86];
    for (name, value) in
        [(":path", path), (":authority", "test"), ("content-type", "application/grpc"), ("te", "trailers")]
    {
        block.push(0);
        for text in [name, value] {
            block.push(text.len() as u8);
            block.extend(text.bytes());
        }
    }
    block
}

/// A message with its prefix.
pub fn message(message: &impl Message) -> Vec<u8> {
    let encoded = message.encode_to_vec();
    let mut bytes = vec![0];
    bytes.extend((encoded.len() as u32).to_be_bytes());
    bytes.extend(encoded);
    bytes
}

/// A connection of which the test writes every frame.
pub struct ByHand(pub TcpStream);

impl ByHand {
    pub async fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
        Self(stream)
    }

    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// Asks in stream 1, 3, ... and takes no answer.
    pub async fn ask(&mut self, stream: u32, request: &v1::SearchRequest) {
        self.send(&frame(HEADERS, END_HEADERS, stream, &head(SEARCH))).await;
        self.send(&frame(DATA, END_STREAM, stream, &message(request))).await;
    }

    /// Whether a stream ends within that time: the last frame of a call that failed has headers alone.
    pub async fn stream_ends(&mut self, stream: u32, within: Duration) -> bool {
        let reading = async {
            loop {
                let mut head = [0; 9];
                self.0.read_exact(&mut head).await.unwrap();
                let [_, a, b, c, d, e] = [0, head[0], head[1], head[2], head[5], head[8]];
                let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
                self.0.read_exact(&mut payload).await.unwrap();
                let is_of_it = d == 0 && u32::from(e) == stream;
                if is_of_it && head[3] == HEADERS && head[4] & END_STREAM != 0 {
                    return;
                }
            }
        };
        tokio::time::timeout(within, reading).await.is_ok()
    }

    /// Whether the server ends the connection within that time; what it sends before is read and dropped.
    pub async fn is_cut(&mut self, within: Duration) -> bool {
        let mut bytes = vec![0; 64 << 10];
        let reading = async { while !matches!(self.0.read(&mut bytes).await, Ok(0) | Err(_)) {} };
        tokio::time::timeout(within, reading).await.is_ok()
    }
}
