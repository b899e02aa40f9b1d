//! Where the service listens and what it lets in. Every limit has a default that is safe on one machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::available_parallelism;
use std::time::Duration;

/// Where the service listens and what it lets in.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The address, a loopback one: the listener is plaintext. Port 0 takes a free port.
    pub listen: SocketAddr,
    /// Largest messages.
    pub sizes: SizeLimits,
    /// Most things at a time.
    pub load: LoadLimits,
    /// How long things may take.
    pub times: TimeLimits,
    /// Bytes of the indexes that are read again in a second and held against their checksums, so that damage is found before a
    /// search meets it; once a day at most. 0 reads nothing again.
    pub scrub_bytes_per_second: u64,
}

/// A disk of 100 MB/s gives less than a tenth of its time.
const SCRUB_BYTES_PER_SECOND: u64 = 8_000_000;

impl Default for ServerConfig {
    /// Port 50051 of this machine.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_051)),
            sizes: SizeLimits::default(),
            load: LoadLimits::default(),
            times: TimeLimits::default(),
            scrub_bytes_per_second: SCRUB_BYTES_PER_SECOND,
        }
    }
}

/// Largest messages, in bytes. What is above is RESOURCE_EXHAUSTED and names the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimits {
    /// A request to the search, encode or index service. 16 embeddings of 4096 numbers have 256 KiB; a radiograph of two
    /// views as it comes from the detector, 12 bits and uncompressed, has about 30 MB.
    pub search_bytes: usize,
    /// A message to the ingest service. A case may have 1 MiB of report and 64 embeddings of 16 KiB.
    pub ingest_bytes: usize,
    /// An answer. 1000 hits with reports of the usual 4 kB have 4 MB, but a report may be 1 MiB: an answer above the
    /// limit is refused with the advice to ask for pages. A client has to allow as much on its side.
    pub response_bytes: usize,
}

impl Default for SizeLimits {
    fn default() -> Self {
        Self { search_bytes: 32 << 20, ingest_bytes: 16 << 20, response_bytes: 64 << 20 }
    }
}

/// Most things at a time. What is above is RESOURCE_EXHAUSTED with the delay after which to try again; a connection
/// above the limit is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadLimits {
    /// Connections; fewer where the limit of open files leaves less beside what indexes need.
    pub connections: usize,
    /// Calls in one connection.
    pub streams_per_connection: u32,
    /// Calls over all connections, ingest streams apart.
    pub calls: usize,
    /// Searches that compute at the same time; the other calls wait for their turn. One per core: more would make each
    /// slower and none sooner.
    pub searches: usize,
    /// Pictures and texts that are encoded at the same time outside of searches, the others wait for their turn. One per
    /// core; a picture at its limit takes some hundred MiB while it is decoded.
    pub encodings: usize,
    /// Files, and the files of a case, that are put together of several messages at the same time; streams that bring
    /// more wait. Each takes up to 256 MiB.
    pub uploads: usize,
    /// Ingest streams over all connections.
    pub ingest_streams: usize,
    /// Bytes of all requests in flight, twice the size of each message of more than 64 KiB: what arrived and what is made
    /// of it. A message waits for its bytes, which HTTP/2 passes on to the sender, for [`TimeLimits::memory`] at most. One
    /// connection gets three quarters of them, which a file of 256 MiB and its last message of 32 MiB fit into. Beside these a request takes its window of 1 MiB, and a picture what
    /// decoding it takes in one of the places of `searches` and `encodings`.
    pub request_bytes: usize,
    /// Bytes of all answers of more than 64 KiB that are not taken yet; one connection gets three quarters of them. What is above is
    /// RESOURCE_EXHAUSTED.
    pub answer_bytes: usize,
}

impl Default for LoadLimits {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            connections: 1024,
            streams_per_connection: 128,
            calls: 256,
            searches: cores,
            encodings: cores,
            uploads: cores.max(4),
            ingest_streams: 16,
            request_bytes: 512 << 20,
            answer_bytes: 256 << 20,
        }
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// A call, from its first header to its answer, even when the caller's deadline is later. Ingest streams and
    /// VerifyIndex know only the caller's deadline.
    pub call: Duration,
    /// From a new connection to its first bytes of HTTP/2.
    pub handshake: Duration,
    /// For a message of a request, or a frame or the headers of HTTP/2, from its first byte to its last. A call whose first
    /// message has not begun is as late; an ingest stream may pause between messages.
    pub message: Duration,
    /// For the client to take a message of an answer. A connection in which one is not taken is cut.
    pub answer: Duration,
    /// For the memory of a message, while others hold it.
    pub memory: Duration,
    /// Between two signs of life in an idle connection.
    pub keepalive_interval: Duration,
    /// For the answer to one.
    pub keepalive_timeout: Duration,
    /// Age at which a connection is asked to start anew; calls in it end in peace.
    pub connection_age: Duration,
    /// Between two looks for a newer generation of an index that another process writes.
    pub refresh: Duration,
    /// Between two looks at whether each index can still be read and written.
    pub health: Duration,
    /// From the request to stop until calls that still run are cut.
    pub drain: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(30),
            handshake: Duration::from_secs(5),
            message: Duration::from_secs(10),
            answer: Duration::from_secs(12),
            memory: Duration::from_secs(20),
            keepalive_interval: Duration::from_secs(7),
            keepalive_timeout: Duration::from_secs(7),
            connection_age: Duration::from_secs(30 * 60),
            refresh: Duration::from_millis(500),
            health: Duration::from_secs(2),
            drain: Duration::from_secs(30),
        }
    }
}
