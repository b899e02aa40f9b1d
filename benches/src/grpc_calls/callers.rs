//! Callers that ask again as soon as they are answered.

use super::echo::{self, Payload};
use precedent_benches::figures::percentile;
use precedent_wire::v1;
use precedent_wire::v1::search_service_client::SearchServiceClient;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many ask at a time, and over how many connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    pub callers: usize,
    /// Whether all share one connection; otherwise each has its own.
    pub shared: bool,
}

/// What is asked, in turn.
#[derive(Debug, Clone)]
pub enum Ask {
    Echo(Arc<Vec<Payload>>),
    /// One case by its id, without a search: what our part of the stack costs by itself.
    Case(Arc<Vec<String>>),
    Search(Arc<Vec<v1::SearchRequest>>),
}

/// What a crowd saw in a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub calls: usize,
    pub seconds: f64,
    pub p50_us: f64,
    pub p99_us: f64,
}

impl Crowd {
    /// Connections to a server, one for each caller.
    pub async fn connect(self, address: &str) -> Outcome<Vec<Channel>> {
        let connect =
            || async { Endpoint::new(format!("http://{address}"))?.tcp_nodelay(true).connect().await };
        let mut channels = vec![connect().await?];
        while channels.len() < self.callers {
            let next = if self.shared { channels[0].clone() } else { connect().await? };
            channels.push(next);
        }
        Ok(channels)
    }
}

/// Lets a caller on each channel ask for so long; all of them take turns at what is asked.
pub async fn ask(channels: &[Channel], what: &Ask, length: Duration) -> Outcome<Seen> {
    let (next, started) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut callers = JoinSet::new();
    for channel in channels {
        let (channel, next, what) = (channel.clone(), next.clone(), what.clone());
        callers.spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < length {
                let asked = Instant::now();
                what.once(&channel, next.fetch_add(1, Ordering::Relaxed)).await?;
                times.push(asked.elapsed().as_secs_f64() * 1e6);
            }
            Ok::<_, Status>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(ended) = callers.join_next().await {
        times.extend(ended??);
    }
    let seconds = started.elapsed().as_secs_f64();
    let [p50_us, p99_us] = [0.5, 0.99].map(|share| percentile(&times, share));
    Ok(Seen { calls: times.len(), seconds, p50_us, p99_us })
}

impl Ask {
    async fn once(&self, channel: &Channel, number: usize) -> Result<(), Status> {
        match self {
            Self::Echo(payloads) => {
                let payload = &payloads[number % payloads.len()];
                let back = echo::call(channel, payload.clone()).await?;
                if back.bytes.len() == payload.bytes.len() { Ok(()) } else { Err(Status::data_loss("")) }
            }
            Self::Case(ids) => {
                let case_id = ids[number % ids.len()].clone();
                let request = v1::GetCaseRequest { case_id, ..v1::GetCaseRequest::default() };
                SearchServiceClient::new(channel.clone()).get_case(request).await.map(|_| ())
            }
            Self::Search(requests) => {
                let request = requests[number % requests.len()].clone();
                let limit = request.limit.unwrap_or_default() as usize;
                let answer = SearchServiceClient::new(channel.clone()).search(request).await?.into_inner();
                if answer.hits.len() == limit { Ok(()) } else { Err(Status::data_loss("too few hits")) }
            }
        }
    }
}
