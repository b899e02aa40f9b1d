"""What both clients share: the calls of the service with their messages, timeouts and retries.

A client adds how to wait: :class:`Client` blocks its thread, :class:`AsyncClient` awaits.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, cast

from . import _convert
from ._generated.precedent.v1 import (
    encode_service_pb2,
    encode_service_pb2_grpc,
    index_service_pb2,
    index_service_pb2_grpc,
    ingest_service_pb2,
    ingest_service_pb2_grpc,
    report_service_pb2,
    report_service_pb2_grpc,
    search_service_pb2,
    search_service_pb2_grpc,
)
from .connection import Connection
from .errors import PrecedentError
from .retry import RetryPolicy
from .types import (
    Case,
    CaseBatch,
    CaseDetail,
    CasePage,
    Damage,
    DeleteResult,
    EncodedImage,
    EncodedText,
    Finding,
    IndexStats,
    IndexSummary,
    MergeResult,
    MergeScope,
    Query,
    QueryOptions,
    Reading,
    SearchResult,
    Section,
    Thumbnail,
    Verification,
)

MOST_HITS = 1000
"""The largest limit that the server takes."""
NO_RETRY = RetryPolicy(max_attempts=1)

Answer = TypeVar("Answer")
Method = TypeVar("Method", bound=Callable[..., Any])


class Stubs:
    """The services on a channel, of ``grpc`` or ``grpc.aio``."""

    def __init__(self, channel: Any) -> None:
        self.search = search_service_pb2_grpc.SearchServiceStub(channel)
        self.ingest = ingest_service_pb2_grpc.IngestServiceStub(channel)
        self.encode = encode_service_pb2_grpc.EncodeServiceStub(channel)
        self.indexes = index_service_pb2_grpc.IndexServiceStub(channel)
        self.reports = report_service_pb2_grpc.ReportServiceStub(channel)


UNFETCHED_CASES = 512
"""Cases of an ingest that are sent before the outcome of the first of them is fetched. The windows of HTTP/2 alone would let
tens of thousands through, as outcomes are small."""


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """A call with one answer, apart from how to wait for it."""

    method: Callable[[Stubs], Any]
    request: Callable[[], Any]
    """The message; or, made anew for each attempt, an iterator over the messages of a stream."""
    answer: Callable[[Any], Answer]
    idempotent: bool = True
    """Whether a second call gives the same answer, so that the call may be repeated when the first answer was lost."""
    takes_long: bool = False
    """Whether the client's timeout for calls does not apply."""
    streams: bool = False
    """Whether the answer is the last of several messages."""


def search(query: Query, index: str, page_size: int | None, page_token: str) -> Call[SearchResult]:
    message = _convert.query_message(query, index, page_size, page_token)
    return Call(lambda stubs: stubs.search.Search, lambda: message, _convert.result)


def batch_search(queries: Iterable[Query], index: str) -> Call[list[SearchResult]]:
    requests = [_convert.query_message(query, index) for query in queries]
    message = search_service_pb2.BatchSearchRequest(requests=requests)

    def answer(answered: search_service_pb2.BatchSearchResponse) -> list[SearchResult]:
        return [_convert.result(response) for response in answered.responses]

    return Call(lambda stubs: stubs.search.BatchSearch, lambda: message, answer)


def get_case(case_id: str, index: str, with_embeddings: bool) -> Call[Case]:
    message = search_service_pb2.GetCaseRequest(index=index, case_id=case_id, with_embeddings=with_embeddings)
    return Call(lambda stubs: stubs.search.GetCase, lambda: message, lambda answered: _convert.case(answered.case))


def get_cases(case_ids: Iterable[str], index: str, detail: CaseDetail, with_embeddings: bool) -> Call[CaseBatch]:
    ids_only(case_ids)
    message = search_service_pb2.BatchGetCasesRequest(
        index=index,
        case_ids=case_ids,
        detail=cast("search_service_pb2.CaseDetail", detail.value),
        with_embeddings=with_embeddings,
    )
    return Call(lambda stubs: stubs.search.BatchGetCases, lambda: message, _convert.case_batch)


def get_thumbnail(case_id: str, image_index: int, index: str) -> Call[Thumbnail]:
    message = search_service_pb2.GetThumbnailRequest(index=index, case_id=case_id, image_index=image_index)
    return Call(lambda stubs: stubs.search.GetThumbnail, lambda: message, _convert.thumbnail)


def list_cases(message: search_service_pb2.ListCasesRequest, page_size: int, page_token: str) -> Call[CasePage]:
    page = search_service_pb2.ListCasesRequest()
    page.CopyFrom(message)
    page.page_size = page_size
    page.page_token = page_token
    return Call(lambda stubs: stubs.search.ListCases, lambda: page, _convert.case_page)


def list_findings(index: str) -> Call[list[Finding]]:
    message = report_service_pb2.ListFindingsRequest(index=index)
    return Call(lambda stubs: stubs.reports.ListFindings, lambda: message, _convert.findings)


def read_report(report: str | Mapping[str, str] | Sequence[Section], index: str) -> Call[Reading]:
    message = report_service_pb2.ReadReportRequest(index=index, report=_convert.report_message(report))
    return Call(lambda stubs: stubs.reports.ReadReport, lambda: message, _convert.reading)


def merge(index: str, scope: MergeScope) -> Call[MergeResult]:
    how = cast("index_service_pb2.MergeScope", scope.value)
    message = index_service_pb2.MergeIndexRequest(index=index, scope=how)

    def answer(answered: index_service_pb2.MergeIndexResponse) -> MergeResult:
        return MergeResult(answered.generation, answered.segment_count)

    return Call(lambda stubs: stubs.indexes.MergeIndex, lambda: message, answer, takes_long=True, streams=True)


def encode_image(content: bytes, index: str, with_patches: bool) -> Call[EncodedImage]:
    def messages() -> Iterable[encode_service_pb2.EncodeImageRequest]:
        return _convert.encode_messages(content, index, with_patches)

    return Call(lambda stubs: stubs.encode.EncodeImage, messages, _convert.encoded_image)


def encode_text(text: str, index: str) -> Call[EncodedText]:
    message = encode_service_pb2.EncodeTextRequest(index=index, text=text)
    return Call(lambda stubs: stubs.encode.EncodeText, lambda: message, _convert.encoded_text)


def delete(case_ids: Iterable[str], index: str) -> Call[DeleteResult]:
    ids_only(case_ids)
    message = ingest_service_pb2.DeleteCasesRequest(index=index, case_ids=case_ids)

    def answer(answered: ingest_service_pb2.DeleteCasesResponse) -> DeleteResult:
        return DeleteResult(answered.deleted_count, tuple(answered.unknown_case_ids))

    # Deleted twice, the cases are just as gone; but the second answer says that they were unknown.
    return Call(lambda stubs: stubs.ingest.DeleteCases, lambda: message, answer, idempotent=False)


def list_indexes() -> Call[list[IndexSummary]]:
    message = index_service_pb2.ListIndexesRequest()

    def answer(answered: index_service_pb2.ListIndexesResponse) -> list[IndexSummary]:
        return [IndexSummary(i.name, i.description, i.case_count, i.writable) for i in answered.indexes]

    return Call(lambda stubs: stubs.indexes.ListIndexes, lambda: message, answer)


def stats(index: str) -> Call[IndexStats]:
    message = index_service_pb2.GetIndexStatsRequest(index=index)
    return Call(lambda stubs: stubs.indexes.GetIndexStats, lambda: message, lambda a: _convert.stats(a.stats))


def verify(index: str) -> Call[Verification]:
    message = index_service_pb2.VerifyIndexRequest(index=index)

    def answer(answered: index_service_pb2.VerifyIndexResponse) -> Verification:
        damages = tuple(Damage(damage.file, damage.description) for damage in answered.damages)
        return Verification(damages, answered.checked_file_count, answered.checked_bytes)

    return Call(lambda stubs: stubs.indexes.VerifyIndex, lambda: message, answer, takes_long=True, streams=True)


@dataclass(frozen=True)
class Settings:
    """The settings of a client, for calls that do not say otherwise."""

    connection: Connection
    index: str
    timeout: float | None
    retry: RetryPolicy

    def name(self, index: str | None) -> str:
        return self.index if index is None else index

    def attempts(self, call: Call[Any], timeout: float | None) -> Attempts:
        default = None if call.takes_long else self.timeout
        return Attempts(self, call.idempotent, default if timeout is None else timeout)

    def sent_with(self, timeout: float | None) -> dict[str, Any]:
        """The arguments of a stub beside the message."""
        limit = None if timeout is None or math.isinf(timeout) else timeout
        sent: dict[str, Any] = {"timeout": limit, "metadata": self.connection.pairs()}
        if self.connection.call_credentials is not None:
            sent["credentials"] = self.connection.call_credentials
        return sent


class Attempts:
    """The attempts at one call, which share its timeout."""

    def __init__(self, settings: Settings, idempotent: bool, timeout: float | None) -> None:
        self._settings = settings
        self._idempotent = idempotent
        self._deadline = math.inf if timeout is None else time.monotonic() + timeout
        self._failed = 0

    def sent_with(self) -> dict[str, Any]:
        """The arguments of the stub at the next attempt."""
        return self._settings.sent_with(self._remaining())

    def pause_after(self, error: PrecedentError) -> float:
        """Seconds until the next attempt; raises the error if there is none."""
        self._failed += 1
        pause = self._settings.retry.pause(self._failed, error, idempotent=self._idempotent)
        if pause is None or pause >= self._remaining():
            raise error
        return pause

    def _remaining(self) -> float:
        return max(self._deadline - time.monotonic(), 0.0)


def as_deep_query(query: Query) -> Query:
    """The query with the largest limit, unless it has a limit of its own."""
    return _convert.as_query(query, {"limit": MOST_HITS}) if query.limit is None else query


def ids_only(case_ids: Iterable[str]) -> None:
    """Raises ``TypeError`` for one text in place of several: its letters may be ids, too."""
    if isinstance(case_ids, str):
        raise TypeError("case_ids is one text; give a list of ids")


def cases_only(cases: object) -> None:
    """Raises ``TypeError`` for one case in place of several."""
    if isinstance(cases, Case):
        raise TypeError("cases is one Case; give a list of cases or another iterable")


def with_query_options(method: Method) -> Method:
    """Lets ``help`` and notebooks list the keywords of a search one by one, as type checkers do by ``QueryOptions``."""
    defaults = {one.name: one.default for one in fields(Query)}
    written = {name: getattr(kind, "__forward_arg__", kind) for name, kind in QueryOptions.__annotations__.items()}
    signature = inspect.signature(method)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults.get(name, ""), annotation=kind)
        for name, kind in written.items()
    ]
    method.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return method
