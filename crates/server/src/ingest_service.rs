//! IngestService: cases in, acknowledgements out.

mod assembly;
mod group;

use crate::call::{Call, Workers};
use crate::health::Health;
use crate::registry::{Registry, Served};
use crate::status;
use assembly::Assembly;
use group::{End, Group, next_group};
use precedent_convert as convert;
use precedent_engine::{
    Access, CaseWarning, EngineError, IngestOutcome, Ingested, NewCase, Refusal, Violation,
};
use precedent_model::{CaseId, MAX_CASE_ID_BYTES};
use precedent_wire::v1;
use precedent_wire::v1::ingest_cases_response::Outcome;
use precedent_wire::v1::ingest_service_server::IngestService;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument;

/// Most ids of one DeleteCases.
const MAX_DELETES: usize = 10_000;
/// Answers that wait for a slow reader before its stream stops taking cases in.
const WAITING_ANSWERS: usize = 256;
/// How long a reader may leave them waiting. After that its stream is given up, as its place is for others.
const ANSWER_PATIENCE: Duration = Duration::from_secs(12);
/// How long a caller may pause between the chunks of a case: they take memory and one of few places.
const CHUNK_PATIENCE: Duration = Duration::from_secs(10);

/// The service.
#[derive(Debug)]
pub(crate) struct Ingests {
    pub(crate) registry: Arc<Registry>,
    pub(crate) workers: Workers,
    /// Places for files that are put together of several messages.
    pub(crate) uploads: Arc<Semaphore>,
    pub(crate) limit_bytes: usize,
    pub(crate) health: Health,
    /// Turns true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

type Answer = Result<v1::IngestCasesResponse, Status>;

#[tonic::async_trait]
impl IngestService for Ingests {
    type IngestCasesStream = ReceiverStream<Answer>;

    async fn ingest_cases(
        &self,
        request: Request<Streaming<v1::IngestCasesRequest>>,
    ) -> Result<Response<Self::IngestCasesStream>, Status> {
        let call = Call::of(&request)?;
        let (answers, receiver) = mpsc::channel(WAITING_ANSWERS);
        let session = Session {
            registry: Arc::clone(&self.registry),
            workers: self.workers.clone(),
            uploads: Arc::clone(&self.uploads),
            limit_bytes: self.limit_bytes,
            health: self.health.clone(),
            stopping: self.stopping.clone(),
            call,
            answers,
            served: None,
            position: 0,
            assembly: Assembly::default(),
            upload: None,
        };
        let span = tracing::Span::current();
        tokio::spawn(session.run(request.into_inner()).instrument(span));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn delete_cases(
        &self,
        request: Request<v1::DeleteCasesRequest>,
    ) -> Result<Response<v1::DeleteCasesResponse>, Status> {
        let call = Call::of(&request)?;
        let wire = request.into_inner();
        let served = writable(self.registry.resolve(&wire.index)?)?.clone();
        if wire.case_ids.is_empty() || wire.case_ids.len() > MAX_DELETES {
            let description = format!("has {} ids; give 1 to {MAX_DELETES}", wire.case_ids.len());
            return Err(status::invalid_field("case_ids", &description));
        }
        let ids = case_ids(&wire.case_ids).map_err(status::invalid)?;
        tracing::Span::current().record("cases", ids.len());
        let engine = Arc::clone(served.engine());
        let result = self.workers.carry_through(call, move || Ok(engine.delete(&ids))).await?;
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => return Err(self.health.failed(&error, served.name()).await),
        };
        let unknown = outcome.unknown.iter().filter_map(|&position| wire.case_ids.get(position).cloned());
        Ok(Response::new(v1::DeleteCasesResponse {
            deleted_count: outcome.deleted as u64,
            unknown_case_ids: unknown.collect(),
        }))
    }
}

/// One stream of cases, from its first message to its last answer.
struct Session {
    registry: Arc<Registry>,
    workers: Workers,
    uploads: Arc<Semaphore>,
    limit_bytes: usize,
    health: Health,
    stopping: watch::Receiver<bool>,
    call: Call,
    answers: mpsc::Sender<Answer>,
    /// The index of the first message.
    served: Option<Served>,
    /// Of the next case.
    position: u64,
    /// Chunks that wait for their case.
    assembly: Assembly,
    /// The place for them, taken until their case is in.
    upload: Option<OwnedSemaphorePermit>,
}

impl Session {
    async fn run(mut self, mut inbound: Streaming<v1::IngestCasesRequest>) {
        let mut stopping = self.stopping.clone();
        let code = loop {
            let pause = (!self.assembly.is_empty()).then(|| Instant::now() + CHUNK_PATIENCE);
            // What is in a group is never half done: the stream ends between groups only.
            let group = tokio::select! {
                biased;
                () = self.answers.closed() => break tonic::Code::Cancelled,
                () = stopped(&mut stopping) => break self.end(status::shutting_down()).await,
                () = passed(self.call.deadline) => break self.end(status::deadline_exceeded()).await,
                () = passed(pause) => break self.end(status::chunks_stalled(CHUNK_PATIENCE.as_secs())).await,
                group = next_group(&mut inbound) => group,
            };
            let Group { mut messages, end } = group;
            if matches!(end, Some(End::Finished)) && ends_with_chunks(&messages, &self.assembly) {
                // Chunks without a case are answered, too, as a case that is missing.
                messages.push(v1::IngestCasesRequest::default());
            }
            if let Err(status) = self.take(messages).await {
                break self.end(status).await;
            }
            self.call.keep_received(self.assembly.kept_bytes());
            match end {
                None => {}
                Some(End::Finished) => break tonic::Code::Ok,
                Some(End::Failed(status)) if status.code() == tonic::Code::OutOfRange => {
                    break self.end(status::request_too_large(self.limit_bytes)).await;
                }
                Some(End::Failed(status)) => break self.end(status).await,
            }
        };
        tracing::info!(?code, cases = self.position, "ingest stream ended");
    }

    async fn end(&self, status: Status) -> tonic::Code {
        let code = status.code();
        // A caller who is gone or does not listen needs no answer.
        let _ = self.answers.send_timeout(Err(status), ANSWER_PATIENCE).await;
        code
    }

    /// Takes one group in with one sync, and answers each of its cases in order.
    async fn take(&mut self, messages: Vec<v1::IngestCasesRequest>) -> Result<(), Status> {
        let mut ids = Vec::with_capacity(messages.len());
        let mut read = Vec::with_capacity(messages.len());
        for message in messages {
            let served = self.index_of(&message)?.clone();
            let chunk_alone = message.chunk.is_some() && message.case.is_none();
            if let Some(chunk) = message.chunk {
                self.reserve().await?;
                self.assembly.add(chunk);
            }
            if !chunk_alone {
                ids.push(message.case.as_ref().map_or_else(String::new, |case| echo(&case.case_id)));
                read.push(read_case(message.case, message.replacement, &mut self.assembly, &served));
            }
        }
        let (Some(served), false) = (self.served.clone(), read.is_empty()) else { return Ok(()) };
        let encoded = self.encode(&served, read).await?;
        let (cases, refusals): (Vec<_>, Vec<_>) = encoded.into_iter().map(split).unzip();
        let cases: Vec<NewCase> = cases.into_iter().flatten().collect();
        if self.assembly.is_empty() {
            self.upload = None;
        }
        let engine = Arc::clone(served.engine());
        let ingest = move || Ok(if cases.is_empty() { Ok(Vec::new()) } else { engine.ingest(cases) });
        let outcomes = match self.workers.carry_through(self.call.clone(), ingest).await? {
            Ok(outcomes) => outcomes,
            Err(error) => return Err(self.health.failed(&error, served.name()).await),
        };
        self.answer(ids, joined(refusals, outcomes)).await
    }

    async fn answer(
        &mut self,
        ids: Vec<String>,
        outcomes: impl Iterator<Item = Option<IngestOutcome>>,
    ) -> Result<(), Status> {
        for (case_id, outcome) in ids.into_iter().zip(outcomes) {
            let outcome = Some(answer(outcome.ok_or_else(status::internal)?));
            let response = v1::IngestCasesResponse { position: self.position, case_id, outcome };
            self.position += 1;
            if self.answers.send_timeout(Ok(response), ANSWER_PATIENCE).await.is_err() {
                return Err(status::cancelled());
            }
        }
        Ok(())
    }

    /// Waits for a place for chunks, if it has none. Meanwhile nothing is read from the stream, which holds back its caller.
    async fn reserve(&mut self) -> Result<(), Status> {
        if self.upload.is_some() {
            return Ok(());
        }
        let place = tokio::select! {
            biased;
            () = self.answers.closed() => return Err(status::cancelled()),
            () = stopped(&mut self.stopping) => return Err(status::shutting_down()),
            () = passed(self.call.deadline) => return Err(status::deadline_exceeded()),
            place = Arc::clone(&self.uploads).acquire_owned() => place,
        };
        self.upload = Some(place.map_err(|_| status::shutting_down())?);
        Ok(())
    }

    /// Encodes the files of the cases of a group, as many at a time as there are places. The next group is read when all
    /// are done.
    async fn encode(
        &self,
        served: &Served,
        read: Vec<Result<NewCase, Vec<Violation>>>,
    ) -> Result<Vec<Result<NewCase, Vec<Violation>>>, Status> {
        let mut encoded = Vec::with_capacity(read.len());
        let mut running = JoinSet::new();
        for (place, case) in read.into_iter().enumerate() {
            encoded.push(match case {
                Ok(case) if case.has_files() => {
                    let (engine, workers, call) =
                        (Arc::clone(served.engine()), self.workers.clone(), self.call.clone());
                    let encode =
                        async move { (place, workers.encode(call, move || Ok(engine.encode(case))).await) };
                    running.spawn(encode.in_current_span());
                    None
                }
                ready => Some(ready),
            });
        }
        while let Some(ended) = running.join_next().await {
            let (place, outcome) = ended.map_err(|_| status::internal())?;
            encoded[place] = Some(outcome?);
        }
        encoded.into_iter().map(|case| case.ok_or_else(status::internal)).collect()
    }

    /// The index of the stream: that of the first message, and of every other that names one.
    fn index_of(&mut self, message: &v1::IngestCasesRequest) -> Result<&Served, Status> {
        let served = match self.served.take() {
            None => writable(self.registry.resolve(&message.index)?)?.clone(),
            Some(served) if message.index.is_empty() || message.index == served.name() => served,
            Some(_) => {
                let description =
                    "is not the index of the stream's first message; open another stream for it";
                return Err(status::invalid_field("index", description));
            }
        };
        Ok(self.served.insert(served))
    }
}

/// The index, if this server writes it.
fn writable(served: &Served) -> Result<&Served, Status> {
    match served.engine().access() {
        Access::Read => Err(status::from_engine(&EngineError::ReadOnly, served.name())),
        Access::Write | Access::Bulk => Ok(served),
    }
}

/// Whether the stream, these messages taken, would end with chunks that no case follows.
fn ends_with_chunks(messages: &[v1::IngestCasesRequest], assembly: &Assembly) -> bool {
    match messages.last() {
        Some(last) => last.chunk.is_some() && last.case.is_none(),
        None => !assembly.is_empty(),
    }
}

/// The case of a message, with the files that came ahead of it.
fn read_case(
    case: Option<v1::Case>,
    replacement: i32,
    assembly: &mut Assembly,
    served: &Served,
) -> Result<NewCase, Vec<Violation>> {
    let chunks = std::mem::take(assembly);
    match case {
        Some(mut case) => {
            chunks.fill(&mut case)?;
            let case = convert::case::from_wire(case, &served.engine().definition().fields)?;
            let replacement = convert::case::replacement(replacement).map_err(|wrong| vec![wrong])?;
            Ok(NewCase { replacement, ..case })
        }
        None if chunks.is_empty() => {
            Err(vec![Violation::new("case", "is missing; every message without a chunk carries one")])
        }
        None => Err(vec![Violation::new("case", "is missing; chunks came and no case after them")]),
    }
}

fn split(read: Result<NewCase, Vec<Violation>>) -> (Option<NewCase>, Option<Vec<Violation>>) {
    match read {
        Ok(case) => (Some(case), None),
        Err(violations) => (None, Some(violations)),
    }
}

/// The engine's outcomes at the places of the cases that it was given; `None` where it has none, which must not be.
fn joined(
    refusals: Vec<Option<Vec<Violation>>>,
    outcomes: Vec<IngestOutcome>,
) -> impl Iterator<Item = Option<IngestOutcome>> {
    let mut outcomes = outcomes.into_iter();
    refusals.into_iter().map(move |refusal| match refusal {
        Some(violations) => Some(Err(Refusal::Invalid(violations))),
        None => outcomes.next(),
    })
}

fn answer(outcome: IngestOutcome) -> Outcome {
    match outcome {
        Ok(Ingested { effect, sequence, warnings }) => {
            let warnings = warnings.into_iter().map(warning).collect();
            let effect = convert::case::effect_to_wire(effect).into();
            Outcome::Acknowledgement(v1::Acknowledgement { sequence, warnings, effect })
        }
        Err(refusal) => Outcome::Rejection(v1::Rejection {
            violations: (refusal.into_violations().into_iter())
                .map(|v| v1::Violation { field: v.field, description: v.description })
                .collect(),
        }),
    }
}

fn warning(warning: CaseWarning) -> v1::CaseWarning {
    let CaseWarning { code, field, message } = warning;
    v1::CaseWarning {
        code: convert::kinds::case_warning(code).into(),
        field: field.to_owned(),
        message: message.to_owned(),
    }
}

/// The caller's own id, so that an answer can be matched; not one that is too long to be an id.
fn echo(case_id: &str) -> String {
    if case_id.len() <= MAX_CASE_ID_BYTES { case_id.to_owned() } else { String::new() }
}

fn case_ids(texts: &[String]) -> Result<Vec<CaseId>, Vec<Violation>> {
    let mut violations = Vec::new();
    let mut ids = Vec::with_capacity(texts.len());
    for (position, text) in texts.iter().enumerate() {
        match CaseId::new(text) {
            Ok(id) => ids.push(id),
            Err(error) => {
                violations.push(convert::case::violation(&format!("case_ids[{position}]"), &error));
            }
        }
    }
    if violations.is_empty() { Ok(ids) } else { Err(violations) }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A server that is gone has stopped, too.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_engine::Effect;

    #[test]
    fn outcomes_return_to_the_places_of_their_cases() {
        let refused = || vec![Violation::new("case.case_id", "is empty")];
        let refusals = vec![None, Some(refused()), None, None];
        let done = |sequence| Ok(Ingested { effect: Effect::Created, sequence, warnings: Vec::new() });
        let wrong = Refusal::Invalid(vec![Violation::new("case.images[0].embedding", "is zero")]);
        let engine = vec![done(7), Err(wrong), done(8)];
        let all: Vec<_> = joined(refusals, engine.clone()).collect();
        let refused = Err(Refusal::Invalid(refused()));
        assert_eq!(all, [Some(done(7)), Some(refused), Some(engine[1].clone()), Some(done(8))]);
        assert_eq!(joined(vec![None], Vec::new()).next(), Some(None));
    }

    #[test]
    fn bad_ids_are_named_by_place() {
        let texts = ["a".to_owned(), String::new(), "x".repeat(300)];
        let fields: Vec<_> = case_ids(&texts).unwrap_err().into_iter().map(|v| v.field).collect();
        assert_eq!(fields, ["case_ids[1]", "case_ids[2]"]);
    }

    #[test]
    fn an_id_too_long_to_be_one_is_not_sent_back() {
        assert_eq!(echo("CXR1"), "CXR1");
        assert_eq!(echo(&"x".repeat(1 << 20)), "");
    }
}
