//! What happens to every call before and after its service: a place or a refusal, a deadline, a line in the log.

use crate::call::Call;
use crate::config::ServerConfig;
use crate::inbound::{Allowance, Between, Inbound};
use crate::methods::{Known, Lane, Method, method};
use crate::outbound::Outbound;
use crate::parts::{Parts, Shapes};
use crate::peer::{Memory, OPEN_CALLS, Peer};
use crate::status;
use http::HeaderMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::Instrument;

/// Largest message to health and reflection.
const OPEN_BYTES: usize = 4 << 10;

/// The layer around all services.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    config: Arc<ServerConfig>,
    memory: Memory,
    shapes: Arc<Shapes>,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl Admission {
    pub(crate) fn new(config: Arc<ServerConfig>, memory: Memory, shapes: Shapes) -> Self {
        let calls = Arc::new(Semaphore::new(config.load.calls));
        let streams = Arc::new(Semaphore::new(config.load.ingest_streams));
        Self { config, memory, shapes: Arc::new(shapes), calls, streams }
    }

    fn admit(&self, lane: Lane, headers: &HeaderMap, peer: Peer) -> Result<Call, Status> {
        let ceiling = (lane == Lane::Call).then_some(self.config.times.call);
        let allowed = match (asked_timeout(headers), ceiling) {
            (Some(asked), Some(ceiling)) => Some(asked.min(ceiling)),
            (asked, ceiling) => asked.or(ceiling),
        };
        if allowed.is_some_and(|allowed| allowed.is_zero()) {
            return Err(status::deadline_exceeded());
        }
        let (places, limit) = match lane {
            Lane::Stream => (&self.streams, self.config.load.ingest_streams),
            _ => (&self.calls, self.config.load.calls),
        };
        let place = Arc::clone(places).try_acquire_owned().map_err(|_| status::overloaded(limit))?;
        let deadline = allowed.and_then(|allowed| Instant::now().checked_add(allowed));
        Ok(Call::new(deadline, place, peer))
    }

    /// A call to health or reflection: one of the few of its connection.
    fn admit_open(&self, peer: Peer) -> Result<Call, Status> {
        let place = peer.open_place().ok_or_else(|| status::overloaded(OPEN_CALLS))?;
        Ok(Call::new(None, place, peer))
    }

    fn allowance(&self, limit_bytes: usize, between: Between) -> Allowance {
        let times = &self.config.times;
        Allowance { limit_bytes, patience: times.message, memory_patience: times.memory, between }
    }
}

impl<S> Layer<S> for Admission {
    type Service = Admitted<S>;

    fn layer(&self, inner: S) -> Admitted<S> {
        Admitted { admission: self.clone(), inner }
    }
}

/// A service behind the layer.
#[derive(Debug, Clone)]
pub(crate) struct Admitted<S> {
    admission: Admission,
    inner: S,
}

type Answer = http::Response<Body>;

impl<S> Service<http::Request<Body>> for Admitted<S>
where
    S: Service<http::Request<Body>, Response = Answer, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let admission = &self.admission;
        let peer = request.extensions().get().cloned().unwrap_or_else(|| Peer::new(&admission.memory));
        let Method { name, lane, is_ingest, has_several } = match method(request.uri().path()) {
            Known::Method(method) => method,
            Known::Unlisted => return Box::pin(async { Ok(status::unknown_method().into_http()) }),
            Known::Other => {
                let admitted = admission.admit_open(peer);
                let allowance = admission.allowance(OPEN_BYTES, Between::Pause);
                return Box::pin(async move {
                    match admitted {
                        Err(refusal) => Ok(refusal.into_http()),
                        Ok(call) => {
                            let answer = inner.call(inbound(request, &call, allowance, None)).await?;
                            Ok(answer.map(|body| Body::new(Outbound::new(body, call))))
                        }
                    }
                });
            }
        };
        let begun = Instant::now();
        let sizes = admission.config.sizes;
        let limit_bytes = if is_ingest { sizes.ingest_bytes } else { sizes.search_bytes };
        let admitted = admission.admit(lane, request.headers(), peer);
        let between = match (has_several, lane) {
            (false, _) => Between::Nothing,
            (true, Lane::Stream) => Between::Pause,
            (true, _) => Between::NextInTime,
        };
        let allowance = admission.allowance(limit_bytes, between);
        let parts = admission.shapes.requests(request.uri().path());
        let fields = tracing::field::Empty;
        let span = tracing::info_span!("call", method = name, index = fields, hits = fields, cases = fields);
        let work = async move {
            let answer = match admitted {
                Err(refusal) => refusal.into_http(),
                Ok(call) => {
                    request.extensions_mut().insert(call.clone());
                    let request = inbound(request, &call, allowance, parts);
                    let answering = async {
                        let answer = inner.call(request).await;
                        if lane != Lane::Stream {
                            // Nothing is left of the request; its place is kept until the answer is taken.
                            call.keep_received(0);
                        }
                        answer
                    };
                    let answer = told(within(call.deadline, answering).await?, limit_bytes);
                    answer.map(|body| Body::new(Outbound::new(body, call)))
                }
            };
            let code = answer.extensions().get::<Status>().map_or(Code::Ok, Status::code);
            tracing::info!(?code, duration_ms = begun.elapsed().as_millis() as u64, "answered");
            Ok(answer)
        };
        Box::pin(work.instrument(span))
    }
}

/// The request with its messages bounded.
fn inbound(
    request: http::Request<Body>,
    call: &Call,
    allowance: Allowance,
    parts: Option<Parts>,
) -> http::Request<Body> {
    request.map(|body| Body::new(Inbound::new(body, call.clone(), allowance, parts)))
}

/// The answer, or DEADLINE_EXCEEDED when the time is over first. That drops the call, which stops its search.
async fn within(
    deadline: Option<Instant>,
    answer: impl Future<Output = Result<Answer, Infallible>>,
) -> Result<Answer, Infallible> {
    match deadline {
        None => answer.await,
        Some(deadline) => match tokio::time::timeout_at(deadline, answer).await {
            Ok(answer) => answer,
            Err(_elapsed) => Ok(status::deadline_exceeded().into_http()),
        },
    }
}

/// tonic answers OUT_OF_RANGE, and nothing else here does, when a message is above its limit.
fn told(answer: Answer, limit_bytes: usize) -> Answer {
    match answer.extensions().get::<Status>() {
        Some(status) if status.code() == Code::OutOfRange => {
            status::request_too_large(limit_bytes).into_http()
        }
        _ => answer,
    }
}

/// The caller's `grpc-timeout`: at most eight digits and a unit. Anything else counts as none, as the protocol has it.
fn asked_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LoadLimits;
    use tonic_types::StatusExt;

    const SEARCH: &str = "/precedent.v1.SearchService/Search";
    const INGEST: &str = "/precedent.v1.IngestService/IngestCases";

    /// A service that answers after some time, with a code.
    #[derive(Clone)]
    struct Slow(Duration, Code);

    impl Service<http::Request<Body>> for Slow {
        type Response = Answer;
        type Error = Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: http::Request<Body>) -> Self::Future {
            let Self(time, code) = *self;
            Box::pin(async move {
                let _held = request;
                tokio::time::sleep(time).await;
                Ok(if code == Code::Ok { Answer::default() } else { Status::new(code, "").into_http() })
            })
        }
    }

    fn admission() -> Admission {
        let load = LoadLimits { calls: 2, ingest_streams: 1, ..LoadLimits::default() };
        let memory = Memory::new(1 << 20, 1 << 20);
        Admission::new(
            Arc::new(ServerConfig { load, ..ServerConfig::default() }),
            memory,
            Shapes::of_the_protocol().unwrap(),
        )
    }

    fn request(path: &str, timeout: Option<&str>) -> http::Request<Body> {
        let mut request = http::Request::builder().uri(path);
        if let Some(timeout) = timeout {
            request = request.header("grpc-timeout", timeout);
        }
        request.body(Body::empty()).unwrap()
    }

    fn status(answer: &Answer) -> Status {
        answer.extensions().get::<Status>().cloned().unwrap_or_else(|| Status::ok(""))
    }

    async fn asked(admission: &Admission, inner: Slow, request: http::Request<Body>) -> Status {
        status(&admission.layer(inner).call(request).await.unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn the_caller_s_deadline_and_the_ceiling_end_a_call() {
        let slow = Slow(Duration::from_secs(40), Code::Ok);
        for (path, timeout, code, seconds) in [
            (SEARCH, None, Code::DeadlineExceeded, 30),
            (SEARCH, Some("2S"), Code::DeadlineExceeded, 2),
            (SEARCH, Some("99999999H"), Code::DeadlineExceeded, 30),
            (SEARCH, Some("0m"), Code::DeadlineExceeded, 0),
            (SEARCH, Some("nonsense"), Code::DeadlineExceeded, 30),
            ("/precedent.v1.IndexService/VerifyIndex", None, Code::Ok, 40),
            (INGEST, Some("500m"), Code::DeadlineExceeded, 0),
            ("/grpc.health.v1.Health/Check", None, Code::Ok, 40),
        ] {
            let begun = Instant::now();
            let found = asked(&admission(), slow.clone(), request(path, timeout)).await.code();
            assert_eq!((found, begun.elapsed().as_secs()), (code, seconds), "{path} {timeout:?}");
        }
    }

    #[tokio::test]
    async fn a_method_that_nobody_bounded_is_refused() {
        let unlisted = request("/precedent.v1.SearchService/Forgotten", None);
        let refused = asked(&admission(), Slow(Duration::ZERO, Code::Ok), unlisted).await;
        assert_eq!(refused.code(), Code::Unimplemented);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_above_the_limit_are_refused_at_once_and_places_return() {
        let admission = admission();
        let slow = Slow(Duration::from_secs(1), Code::Ok);
        let mut service = admission.layer(slow.clone());
        let running = [service.call(request(SEARCH, None)), service.call(request(SEARCH, None))];
        let refused = asked(&admission, slow.clone(), request(SEARCH, None)).await;
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(refused.get_error_details().retry_info().is_some());
        // Streams and health have places of their own.
        assert_eq!(asked(&admission, slow.clone(), request(INGEST, None)).await.code(), Code::Ok);
        assert_eq!(
            asked(&admission, slow.clone(), request("/grpc.health.v1.Health/Check", None)).await.code(),
            Code::Ok
        );
        for call in running {
            assert_eq!(status(&call.await.unwrap()).code(), Code::Ok);
        }
        assert_eq!(asked(&admission, slow, request(SEARCH, None)).await.code(), Code::Ok);
    }

    #[tokio::test]
    async fn a_message_above_its_limit_is_resource_exhausted_and_names_it() {
        let inner = Slow(Duration::ZERO, Code::OutOfRange);
        let refused = asked(&admission(), inner.clone(), request(SEARCH, None)).await;
        assert_eq!(refused.code(), Code::ResourceExhausted);
        let details = refused.get_error_details();
        assert_eq!(details.error_info().unwrap().metadata["limit_bytes"], (32 << 20).to_string());
        let refused =
            asked(&admission(), inner, request("/precedent.v1.IngestService/DeleteCases", None)).await;
        assert!(refused.message().contains(&(16 << 20).to_string()));
    }

    #[test]
    fn timeouts_are_read_as_the_protocol_writes_them() {
        let read = |text: &str| asked_timeout(request(SEARCH, Some(text)).headers());
        assert_eq!(read("1H"), Some(Duration::from_secs(3600)));
        assert_eq!(read("2M"), Some(Duration::from_secs(120)));
        assert_eq!(read("99999999n"), Some(Duration::from_nanos(99_999_999)));
        assert_eq!(read("5u"), Some(Duration::from_micros(5)));
        for text in ["", "S", "1", "123456789S", "-1S", "1s", "1.5S"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
