"""The synchronous client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import grpc

from . import _calls, _convert
from ._calls import Answer, Call, Settings, Stubs, with_query_options
from ._generated.precedent.v1 import ingest_service_pb2, search_service_pb2
from .connection import TLS, Connection, Metadata, Token
from .errors import PrecedentError, from_rpc
from .retry import RetryPolicy
from .types import (
    Case,
    CaseBatch,
    CaseDetail,
    CaseOrder,
    DeleteResult,
    Embeddings,
    EncodedImage,
    EncodedText,
    File,
    Finding,
    Hit,
    IndexStats,
    IndexSummary,
    IngestOutcome,
    MergeResult,
    MergeScope,
    PatientKey,
    Query,
    QueryOptions,
    Reading,
    Replacement,
    SearchResult,
    Section,
    Thumbnail,
    Verification,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Client:
    """A connection to a Precedent server. Threads may share it; with asyncio use :class:`AsyncClient`.

    ``address`` is a host and port, such as ``"127.0.0.1:50051"``, or another target that gRPC knows. ``tls`` has the
    certificates; without it the connection is plaintext. ``channel`` is a channel of your own in place of both; closing the
    client leaves it open, and its options should include ``CHANNEL_OPTIONS``.

    ``token`` is a bearer token and ``metadata`` further headers, both sent with every call; ``call_credentials`` are gRPC's
    own. A token for another machine is refused without TLS.

    ``index`` names the index of every call that does not name one; it may be empty when the server serves one.
    ``timeout`` is in seconds and includes retries; it applies to every call but ``ingest``, ``merge`` and ``verify``. ``None``, or
    ``math.inf`` for a single call, is no limit. ``retry`` says when a call is retried; ``None`` is never.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        channel: grpc.Channel | None = None,
        tls: TLS | None = None,
        token: Token | None = None,
        metadata: Metadata = (),
        call_credentials: grpc.CallCredentials | None = None,
        index: str = "",
        timeout: float | None = 30.0,
        retry: RetryPolicy | None = RetryPolicy(),
    ) -> None:
        if channel is not None and not isinstance(channel, grpc.Channel):
            raise TypeError("channel is not a grpc.Channel; AsyncClient takes channels of grpc.aio")
        connection = Connection.checked(
            address,
            has_channel=channel is not None,
            tls=tls,
            token=token,
            metadata=metadata,
            call_credentials=call_credentials,
        )
        self._settings = Settings(connection, index, timeout, retry or _calls.NO_RETRY)
        self._own_channel = None if channel is not None else _channel(connection)
        self._stubs = Stubs(channel or self._own_channel)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        target = self._settings.connection.address or "a channel of the caller's"
        return f"Client({target!r}, index={self._settings.index!r})"

    def close(self) -> None:
        """Ends the connection and every call on it. A channel of the caller's own stays open."""
        if self._own_channel is not None:
            self._own_channel.close()

    @with_query_options
    def search(
        self,
        query: Query | Embeddings | None = None,
        *,
        page_size: int | None = None,
        page_token: str = "",
        index: str | None = None,
        timeout: float | None = None,
        **options: Unpack[QueryOptions],
    ) -> SearchResult:
        """Searches by embedding, picture, text, filter, or any of them together.

        ``query`` is a :class:`Query`, or embeddings: one vector, several (one per view), or :class:`Embedding` objects;
        ``encoder_id`` says which encoder made plain vectors. The other keywords are the parts of a :class:`Query`, where
        each is described; beside a :class:`Query` they change what it says.
        """
        ready = self._ready(_convert.as_query(query, options), index, timeout)
        return self._page(ready, page_size, page_token, index, timeout)

    @with_query_options
    def pages(
        self,
        query: Query | Embeddings | None = None,
        *,
        page_size: int = 100,
        index: str | None = None,
        timeout: float | None = None,
        **options: Unpack[QueryOptions],
    ) -> Iterator[SearchResult]:
        """The pages of one answer, all from one generation of the index. Each is fetched when it is asked for.

        Takes what :meth:`search` takes. Raises :class:`AbortedError` when the server no longer keeps that generation.
        """
        return self._pages(_convert.as_query(query, options), page_size, index, timeout)

    @with_query_options
    def search_all(
        self,
        query: Query | Embeddings | None = None,
        *,
        page_size: int = 100,
        index: str | None = None,
        timeout: float | None = None,
        **options: Unpack[QueryOptions],
    ) -> Iterator[Hit]:
        """All hits, one by one: 1000 of them, the most that the server returns, unless there is a lower ``limit``.

        Takes what :meth:`search` takes. Each page is fetched when its first hit is asked for.
        """
        deep = _calls.as_deep_query(_convert.as_query(query, options))
        return (hit for page in self._pages(deep, page_size, index, timeout) for hit in page)

    def batch_search(
        self, queries: Iterable[Query], *, index: str | None = None, timeout: float | None = None
    ) -> list[SearchResult]:
        """Several searches of one index, all answered from one generation."""
        return self._call(_calls.batch_search(queries, self._settings.name(index)), timeout)

    def get_case(
        self,
        case_id: str,
        *,
        with_embeddings: bool = False,
        index: str | None = None,
        timeout: float | None = None,
    ) -> Case:
        """One case by its id, on request with the embeddings of its images, so that it can be changed and ingested again."""
        return self._call(_calls.get_case(case_id, self._settings.name(index), with_embeddings), timeout)

    def get_thumbnail(
        self,
        case_id: str,
        image_index: int = 0,
        *,
        index: str | None = None,
        timeout: float | None = None,
    ) -> Thumbnail:
        """The small picture that the index keeps of an image of a case; :class:`NotFoundError` if it keeps none."""
        return self._call(_calls.get_thumbnail(case_id, image_index, self._settings.name(index)), timeout)

    def get_cases(
        self,
        case_ids: Iterable[str],
        *,
        detail: CaseDetail = CaseDetail.WHOLE,
        with_embeddings: bool = False,
        index: str | None = None,
        timeout: float | None = None,
    ) -> CaseBatch:
        """Up to 1000 cases by their ids, all from one generation."""
        call = _calls.get_cases(case_ids, self._settings.name(index), detail, with_embeddings)
        return self._call(call, timeout)

    def list_cases(
        self,
        filter: str = "",
        *,
        patient: PatientKey | str | None = None,
        order: CaseOrder = CaseOrder.LATEST_FIRST,
        detail: CaseDetail = CaseDetail.WHOLE,
        page_size: int = 100,
        index: str | None = None,
        timeout: float | None = None,
    ) -> Iterator[Case]:
        """All cases that pass a filter, or may be a patient's, one by one from one generation of the index.

        Each page is fetched when its first case is asked for.
        """
        message = _convert.list_message(filter, patient, order, detail, self._settings.name(index))
        return self._list(message, page_size, timeout)

    def ingest(
        self,
        cases: Iterable[Case],
        *,
        replacement: Replacement = Replacement.WHOLE,
        index: str | None = None,
        timeout: float | None = None,
    ) -> Iterator[IngestOutcome]:
        """Sends cases and yields one outcome per case, in order: acknowledged when it is durable, or rejected.

        Nothing is sent until the first outcome is asked for. Cases are taken from the iterable, in another thread, as fast
        as the server takes them, and are not kept; while you fetch no outcomes, at most 512 more are taken. Image files that
        are too large for one message are sent in several. ``replacement`` says what becomes of cases that the index holds
        under the same ids. If the iterable raises an error, it is raised here after the outcomes of the cases before it.

        An ingest is not retried. After an error, send again what was not acknowledged: a case that is held already, bit by
        bit, is acknowledged as ``Effect.UNCHANGED`` and not written again.
        """
        _calls.cases_only(cases)
        return self._ingest(cases, replacement, self._settings.name(index), timeout)

    def _ingest(
        self, cases: Iterable[Case], replacement: Replacement, index: str, timeout: float | None
    ) -> Iterator[IngestOutcome]:
        raised: list[Exception] = []
        room, ended = threading.Semaphore(_calls.UNFETCHED_CASES), threading.Event()

        def requests() -> Iterator[ingest_service_pb2.IngestCasesRequest]:
            name = index
            try:
                for case in cases:
                    room.acquire()
                    if ended.is_set():
                        return
                    yield from _convert.ingest_messages(case, name, replacement)
                    name = ""
            except Exception as error:  # gRPC would log it, with whatever of the case it says
                raised.append(error)

        call = self._stubs.ingest.IngestCases(requests(), **self._settings.sent_with(timeout))
        failed: PrecedentError | None = None
        try:
            for answer in call:
                room.release()
                yield _convert.ingest_answer(answer)
        except grpc.RpcError as error:
            failed = from_rpc(error)
        finally:
            # gRPC's thread may wait for room that nobody will make.
            ended.set()
            room.release()
            call.cancel()
        if raised:
            raise raised[0]
        if failed is not None:
            raise failed

    def encode_image(
        self, image: File, *, with_patches: bool = False, index: str | None = None, timeout: float | None = None
    ) -> EncodedImage:
        """The embedding of a DICOM, PNG or JPEG file, given as bytes or path, of any size up to 256 MiB."""
        content = _convert.file_bytes(image)
        return self._call(_calls.encode_image(content, self._settings.name(index), with_patches), timeout)

    def encode_text(self, text: str, *, index: str | None = None, timeout: float | None = None) -> EncodedText:
        """The embedding of words, in the space of the images."""
        return self._call(_calls.encode_text(text, self._settings.name(index)), timeout)

    def delete(
        self, case_ids: Iterable[str], *, index: str | None = None, timeout: float | None = None
    ) -> DeleteResult:
        """Takes cases out; durable when it returns."""
        return self._call(_calls.delete(case_ids, self._settings.name(index)), timeout)

    def list_indexes(self, *, timeout: float | None = None) -> list[IndexSummary]:
        """What the server serves."""
        return self._call(_calls.list_indexes(), timeout)

    def stats(self, *, index: str | None = None, timeout: float | None = None) -> IndexStats:
        """The state of an index."""
        return self._call(_calls.stats(self._settings.name(index)), timeout)

    def merge(
        self,
        scope: MergeScope = MergeScope.ALL,
        *,
        index: str | None = None,
        timeout: float | None = None,
    ) -> MergeResult:
        """Has the segments of an index merged, or those written anew that hold deleted cases. Takes as long as it takes."""
        return self._call(_calls.merge(self._settings.name(index), scope), timeout)

    def list_findings(self, *, index: str | None = None, timeout: float | None = None) -> list[Finding]:
        """The findings of the lexicon: what filters and texts can ask for."""
        return self._call(_calls.list_findings(self._settings.name(index)), timeout)

    def read_report(
        self,
        report: str | Mapping[str, str] | Sequence[Section],
        *,
        index: str | None = None,
        timeout: float | None = None,
    ) -> Reading:
        """What a report is understood to say: text without headings, text by section kind, or sections. Nothing is kept."""
        return self._call(_calls.read_report(report, self._settings.name(index)), timeout)

    def verify(self, *, index: str | None = None, timeout: float | None = None) -> Verification:
        """Has every byte of an index read and checked. Takes as long as the disk needs."""
        return self._call(_calls.verify(self._settings.name(index)), timeout)

    def _call(self, call: Call[Answer], timeout: float | None) -> Answer:
        attempts = self._settings.attempts(call, timeout)
        while True:
            try:
                answered = call.method(self._stubs)(call.request(), **attempts.sent_with())
                if call.streams:
                    *_, answered = answered
                return call.answer(answered)
            except grpc.RpcError as error:
                failed = from_rpc(error)
            time.sleep(attempts.pause_after(failed))

    def _pages(
        self, query: Query, page_size: int, index: str | None, timeout: float | None
    ) -> Iterator[SearchResult]:
        ready = self._ready(query, index, timeout)
        token: str | None = ""
        while token is not None:
            page = self._page(ready, page_size, token, index, timeout)
            yield page
            ready = _convert.next_page_query(ready, page)
            token = page.next_page_token or None

    def _list(
        self, message: search_service_pb2.ListCasesRequest, page_size: int, timeout: float | None
    ) -> Iterator[Case]:
        token: str | None = ""
        while token is not None:
            page = self._call(_calls.list_cases(message, page_size, token), timeout)
            yield from page.cases
            token = page.next_page_token or None

    def _page(
        self, query: Query, page_size: int | None, token: str, index: str | None, timeout: float | None
    ) -> SearchResult:
        return self._call(_calls.search(query, self._settings.name(index), page_size, token), timeout)

    def _ready(self, query: Query, index: str | None, timeout: float | None) -> Query:
        """The query with its files read; where they are too large for one message, with their embeddings instead."""
        if not query.images:
            return query
        read = _convert.with_files_read(query)
        large = _convert.too_large_images(read)
        if not large:
            return read
        encoded = [self.encode_image(file, index=index, timeout=timeout).embedding for file in large]
        return _convert.with_embeddings(read, encoded)


def _channel(connection: Connection) -> grpc.Channel:
    if connection.credentials is None:
        return grpc.insecure_channel(connection.address, options=connection.options())
    return grpc.secure_channel(connection.address, connection.credentials, options=connection.options())
