//! SearchService: one search, several of one generation, one case.

use crate::call::{Call, Workers};
use crate::config::SizeLimits;
use crate::memory::{Held, SMALL_BYTES};
use crate::paging::PageToken;
use crate::registry::{Registry, Served};
use crate::status;
use precedent_convert::{self as convert, hit::Context, request::RequestDigest};
use precedent_engine::{CaseList, EngineError, View, Violation};
use precedent_model::CaseId;
use precedent_query::{EvidenceRequest, HitDetail, Judgement, SearchRequest};
use precedent_wire::v1;
use precedent_wire::v1::search_service_server::SearchService;
use prost::Message;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Most searches of one batch.
const MAX_BATCH: usize = 1000;

/// The service.
#[derive(Debug)]
pub(crate) struct Searches {
    pub(crate) registry: Arc<Registry>,
    pub(crate) workers: Workers,
    pub(crate) sizes: SizeLimits,
}

#[tonic::async_trait]
impl SearchService for Searches {
    async fn search(
        &self,
        request: Request<v1::SearchRequest>,
    ) -> Result<Response<v1::SearchResponse>, Status> {
        let call = Call::of(&request)?;
        let wire = request.into_inner();
        let served = self.registry.resolve(&wire.index)?.clone();
        let (bytes, name) = (wire.encoded_len(), served.name().to_owned());
        let read = move || Question::read(wire, &name).map_err(status::invalid);
        let question = self.workers.read(&call, bytes, read).await?;
        let view = view_of(&served, question.page)?;
        let is_brief = view.is_brief(&question.request);
        call.expect(view.expected(&question.request));
        let ask = move |stop: &dyn Fn() -> bool| question.ask(&served, &view, stop);
        let answer = match is_brief {
            true => self.workers.brief_search(call, ask).await?,
            false => self.workers.search(call, ask).await?,
        };
        if answer.encoded_len() > self.sizes.response_bytes {
            return Err(status::response_too_large(self.sizes.response_bytes));
        }
        tracing::Span::current().record("hits", answer.hits.len());
        Ok(Response::new(answer))
    }

    async fn batch_search(
        &self,
        request: Request<v1::BatchSearchRequest>,
    ) -> Result<Response<v1::BatchSearchResponse>, Status> {
        let call = Call::of(&request)?;
        let batch = request.into_inner();
        let bytes = batch.encoded_len();
        let requests = batch.requests;
        if requests.is_empty() || requests.len() > MAX_BATCH {
            let description = format!("has {} searches; give 1 to {MAX_BATCH}", requests.len());
            return Err(status::invalid_field("requests", &description));
        }
        let served = self.registry.resolve(&requests[0].index)?.clone();
        let (registry, asked) = (Arc::clone(&self.registry), served.clone());
        let questions =
            self.workers.read(&call, bytes, move || read_batch(&registry, requests, &asked)).await?;
        let view = served.engine().view();
        call.expect(questions.iter().map(|question| view.expected(&question.request)).sum());
        let (held_by, limit) = (call.clone(), self.sizes.response_bytes);
        let ask = move |stop: &dyn Fn() -> bool| {
            let (mut bytes, mut hits) = (0, 0);
            let mut held = Held::default();
            let mut responses = Vec::with_capacity(questions.len());
            for question in questions {
                // Between two searches others have their turn.
                if stop() {
                    return Err(status::cancelled());
                }
                let answer = question.ask(&served, &view, stop)?;
                // Stops before memory does: a thousand answers of a thousand reports would be gigabytes.
                bytes += answer.encoded_len();
                if bytes > limit {
                    return Err(status::response_too_large(limit));
                }
                if bytes > SMALL_BYTES {
                    let more = held_by.peer().answers().try_take(answer.encoded_len());
                    held.join(more.ok_or_else(status::out_of_memory)?);
                }
                hits += answer.hits.len();
                responses.push(answer);
            }
            Ok((responses, hits, held))
        };
        let (responses, hits, _held) = self.workers.search(call, ask).await?;
        tracing::Span::current().record("hits", hits);
        Ok(Response::new(v1::BatchSearchResponse { responses }))
    }

    async fn get_case(
        &self,
        request: Request<v1::GetCaseRequest>,
    ) -> Result<Response<v1::GetCaseResponse>, Status> {
        let call = Call::of(&request)?;
        let wire = request.into_inner();
        let served = self.registry.resolve(&wire.index)?.clone();
        let id = CaseId::new(&wire.case_id)
            .map_err(|error| status::invalid(vec![convert::case::violation("case_id", &error)]))?;
        let look = move || {
            let (view, told) = (served.engine().view(), engine_error(&served));
            let (list, _) = view.list_ids(&[id]).map_err(&told)?;
            let case = cases(&list, HitDetail::Whole, wire.with_embeddings).next();
            let case = case.ok_or_else(|| status::unknown_case(served.name()))?.map_err(&told)?;
            Ok(v1::GetCaseResponse { case: Some(case), generation: view.generation() })
        };
        Ok(Response::new(self.workers.look(&call, look)?))
    }

    async fn batch_get_cases(
        &self,
        request: Request<v1::BatchGetCasesRequest>,
    ) -> Result<Response<v1::BatchGetCasesResponse>, Status> {
        let call = Call::of(&request)?;
        let mut wire = request.into_inner();
        let served = self.registry.resolve(&wire.index)?.clone();
        let asked = convert::list::by_id(&wire).map_err(status::invalid)?;
        call.expect(View::expected_for(asked.ids.len()));
        let mut gathered = Gathered::new(&call, self.sizes);
        let gather = move |stop: &dyn Fn() -> bool| {
            let (view, told) = (served.engine().view(), engine_error(&served));
            let (list, unknown) = view.list_ids(&asked.ids).map_err(&told)?;
            for case in cases(&list, asked.detail, asked.with_embeddings) {
                gathered.add(case.map_err(&told)?, stop)?;
            }
            let unknown = unknown.into_iter().map(|place| std::mem::take(&mut wire.case_ids[place]));
            let (unknown_case_ids, generation) = (unknown.collect(), view.generation());
            Ok(v1::BatchGetCasesResponse { cases: gathered.cases, unknown_case_ids, generation })
        };
        let answer = self.workers.search(call, gather).await?;
        tracing::Span::current().record("hits", answer.cases.len());
        Ok(Response::new(answer))
    }

    async fn get_thumbnail(
        &self,
        request: Request<v1::GetThumbnailRequest>,
    ) -> Result<Response<v1::GetThumbnailResponse>, Status> {
        let call = Call::of(&request)?;
        let wire = request.into_inner();
        let served = self.registry.resolve(&wire.index)?.clone();
        let id = CaseId::new(&wire.case_id)
            .map_err(|error| status::invalid(vec![convert::case::violation("case_id", &error)]))?;
        let look = move || {
            let (view, told) = (served.engine().view(), engine_error(&served));
            match view.thumbnail(&id, wire.image_index as usize).map_err(&told)? {
                Some(kept) => Ok(convert::case::thumbnail(kept, view.generation())),
                None if view.case(&id).map_err(&told)?.is_some() => Err(status::no_thumbnail(served.name())),
                None => Err(status::unknown_case(served.name())),
            }
        };
        Ok(Response::new(self.workers.look(&call, look)?))
    }

    async fn list_cases(
        &self,
        request: Request<v1::ListCasesRequest>,
    ) -> Result<Response<v1::ListCasesResponse>, Status> {
        let call = Call::of(&request)?;
        let wire = request.into_inner();
        let served = self.registry.resolve(&wire.index)?.clone();
        let digest = convert::list::digest(&wire, served.name());
        let page = read_page(&wire.page_token, &digest).map_err(status::invalid)?;
        let asked = convert::list::page(wire).map_err(status::invalid)?;
        call.expect(View::expected_for(asked.size));
        let mut gathered = Gathered::new(&call, self.sizes);
        let gather = move |stop: &dyn Fn() -> bool| {
            let (view, told) = (view_of(&served, page)?, engine_error(&served));
            let list = (view.list_where(asked.filter.as_deref(), asked.patient.as_ref(), asked.order, stop))
                .map_err(&told)?;
            let (total, offset) = (list.len(), page.map_or(0, |page| page.offset as usize));
            let list = list.page(offset, asked.size);
            for case in cases(&list, asked.detail, false) {
                gathered.add(case.map_err(&told)?, stop)?;
            }
            let end = offset + list.len();
            let next = (end < total && !list.is_empty()).then(|| {
                served.engine().keep(&view);
                let (generation, offset) = (view.generation(), convert::small(end));
                PageToken { generation, offset, digest }.encode()
            });
            Ok(v1::ListCasesResponse {
                cases: gathered.cases,
                total_count: total as u64,
                next_page_token: next.unwrap_or_default(),
                generation: view.generation(),
            })
        };
        let answer = self.workers.search(call, gather).await?;
        tracing::Span::current().record("hits", answer.cases.len());
        Ok(Response::new(answer))
    }
}

fn engine_error(served: &Served) -> impl Fn(EngineError) -> Status + '_ {
    |error| status::from_engine(&error, served.name())
}

/// The cases of a list as they go out.
fn cases(
    list: &CaseList,
    detail: HitDetail,
    with_embeddings: bool,
) -> Box<dyn Iterator<Item = Result<v1::Case, EngineError>> + '_> {
    match with_embeddings {
        true => Box::new(list.whole_cases().map(|case| case.map(convert::case::to_wire_whole))),
        false => Box::new(list.cases(detail).map(|case| case.map(convert::case::to_wire))),
    }
}

/// Cases of one answer, which stop before memory does.
struct Gathered {
    call: Call,
    limit: usize,
    bytes: usize,
    held: Held,
    cases: Vec<v1::Case>,
}

impl Gathered {
    fn new(call: &Call, sizes: SizeLimits) -> Self {
        let (limit, held) = (sizes.response_bytes, Held::default());
        Self { call: call.clone(), limit, bytes: 0, held, cases: Vec::new() }
    }

    fn add(&mut self, case: v1::Case, stop: &dyn Fn() -> bool) -> Result<(), Status> {
        if stop() {
            return Err(status::cancelled());
        }
        let bytes = case.encoded_len();
        self.bytes += bytes;
        if self.bytes > self.limit {
            return Err(status::response_too_large(self.limit));
        }
        if self.bytes > SMALL_BYTES {
            let more = self.call.peer().answers().try_take(bytes);
            self.held.join(more.ok_or_else(status::out_of_memory)?);
        }
        self.cases.push(case);
        Ok(())
    }
}

/// The generation to answer from: that of the page before, or the newest.
fn view_of(served: &Served, page: Option<PageToken>) -> Result<View, Status> {
    match page {
        None => Ok(served.engine().view()),
        Some(page) => (served.engine().view_at(page.generation))
            .ok_or_else(|| status::generation_gone(served.name(), page.generation)),
    }
}

/// The questions of a batch; what is wrong with each is named with its place.
fn read_batch(
    registry: &Registry,
    requests: Vec<v1::SearchRequest>,
    served: &Served,
) -> Result<Vec<Question>, Status> {
    let mut questions = Vec::with_capacity(requests.len());
    let mut violations = Vec::new();
    for (position, wire) in requests.into_iter().enumerate() {
        let prefix = format!("requests[{position}].");
        let resolved = registry.find(&wire.index);
        if !resolved.is_ok_and(|other| other.name() == served.name()) {
            let description = "is not the index of the first search; a batch asks one index";
            violations.push(Violation::new(format!("{prefix}index"), description));
        } else if !wire.page_token.is_empty() {
            let description =
                "is given; a batch is answered from one generation, ask for later pages with Search";
            violations.push(Violation::new(format!("{prefix}page_token"), description));
        } else {
            match Question::read(wire, served.name()) {
                Ok(question) => questions.push(question.at(prefix).of_batch()),
                Err(found) => violations.extend(status::prefixed(found, &prefix)),
            }
        }
    }
    if violations.is_empty() { Ok(questions) } else { Err(status::invalid(violations)) }
}

/// A search that was read, with what its answer must repeat.
#[derive(Debug)]
struct Question {
    request: SearchRequest,
    digest: RequestDigest,
    page: Option<PageToken>,
    /// Before the fields of its violations.
    prefix: String,
}

impl Question {
    fn read(mut wire: v1::SearchRequest, index: &str) -> Result<Self, Vec<Violation>> {
        let digest = convert::request::digest(&mut wire, index);
        let page = read_page(&wire.page_token, &digest.request)?;
        let mut request = convert::request::search(wire)?;
        request.limits.offset = page.map_or(0, |page| page.offset as usize);
        Ok(Self { request, digest, page, prefix: String::new() })
    }

    fn at(self, prefix: String) -> Self {
        Self { prefix, ..self }
    }

    /// In a batch neighbours vote, and hits come with evidence, only where the request says so: what costs a search some milliseconds would cost a thousand some seconds.
    fn of_batch(mut self) -> Self {
        if self.request.judgement == Judgement::Auto {
            self.request.judgement = Judgement::Off;
        }
        if self.request.evidence == EvidenceRequest::Auto {
            self.request.evidence = EvidenceRequest::Off;
        }
        self
    }

    fn ask(
        &self,
        served: &Served,
        view: &View,
        stop: &dyn Fn() -> bool,
    ) -> Result<v1::SearchResponse, Status> {
        let answer = (view.search(&self.request, stop))
            .map_err(|error| status::from_engine_at(&error, served.name(), &self.prefix))?;
        let end = self.request.limits.offset + answer.hits.len();
        let next = (end < answer.total && !answer.hits.is_empty()).then(|| PageToken {
            generation: answer.generation,
            offset: convert::small(end),
            digest: self.digest.request,
        });
        if next.is_some() {
            served.engine().keep(view);
        }
        let context = Context {
            definition: served.engine().definition(),
            digest: &self.digest,
            next_page_token: &next.map_or_else(String::new, |token| token.encode()),
        };
        Ok(convert::hit::response(answer, &context))
    }
}

fn read_page(text: &str, digest: &[u8; 32]) -> Result<Option<PageToken>, Vec<Violation>> {
    let refused = |description: &str| Err(vec![Violation::new("page_token", description)]);
    if text.is_empty() {
        return Ok(None);
    }
    match PageToken::decode(text) {
        None => refused("is no token of this server; give next_page_token of the page before as it came"),
        Some(token) if token.digest != *digest => {
            refused("is of another request; every field but page_size must be as on the first page")
        }
        Some(token) => Ok(Some(token)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire() -> v1::SearchRequest {
        v1::SearchRequest { text: "effusion".into(), ..v1::SearchRequest::default() }
    }

    fn token(wire: &v1::SearchRequest) -> String {
        let digest = convert::request::digest(&mut wire.clone(), "chest").request;
        PageToken { generation: 3, offset: 20, digest }.encode()
    }

    fn read(wire: v1::SearchRequest) -> Result<Question, String> {
        Question::read(wire, "chest").map_err(|violations| {
            assert_eq!(violations[0].field, "page_token");
            violations[0].description.clone()
        })
    }

    #[test]
    fn a_token_of_the_same_request_sets_where_the_page_begins() {
        let page = v1::SearchRequest { page_token: token(&wire()), page_size: Some(7), ..wire() };
        let question = read(page).unwrap();
        assert_eq!((question.page.unwrap().generation, question.request.limits.offset), (3, 20));
        assert_eq!(read(wire()).unwrap().request.limits.offset, 0);
    }

    #[test]
    fn a_token_of_another_request_or_of_none_is_refused() {
        let other = v1::SearchRequest { text: "effusions".into(), page_token: token(&wire()), ..wire() };
        assert!(read(other).unwrap_err().contains("another request"));
        let none = v1::SearchRequest { page_token: "2".into(), ..wire() };
        assert!(read(none).unwrap_err().contains("no token"));
    }
}
