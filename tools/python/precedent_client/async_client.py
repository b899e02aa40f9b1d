"""The client for asyncio. Its methods do what those of :class:`Client` do, which are described in full there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import grpc
import grpc.aio

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


class AsyncClient:
    """A connection to a Precedent server for one event loop. Its tasks may share it.

    Takes what :class:`Client` takes; ``channel`` is one of ``grpc.aio``. It may be made before the loop runs: the connection
    is made by the first call. Files that are given as paths are read in another thread.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        channel: grpc.aio.Channel | None = None,
        tls: TLS | None = None,
        token: Token | None = None,
        metadata: Metadata = (),
        call_credentials: grpc.CallCredentials | None = None,
        index: str = "",
        timeout: float | None = 30.0,
        retry: RetryPolicy | None = RetryPolicy(),
    ) -> None:
        if channel is not None and not isinstance(channel, grpc.aio.Channel):
            raise TypeError("channel is not a grpc.aio.Channel; Client takes channels of grpc")
        connection = Connection.checked(
            address,
            has_channel=channel is not None,
            tls=tls,
            token=token,
            metadata=metadata,
            call_credentials=call_credentials,
        )
        self._settings = Settings(connection, index, timeout, retry or _calls.NO_RETRY)
        self._own_channel: grpc.aio.Channel | None = None
        self._made_stubs = None if channel is None else Stubs(channel)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        target = self._settings.connection.address or "a channel of the caller's"
        return f"AsyncClient({target!r}, index={self._settings.index!r})"

    async def close(self) -> None:
        """Ends the connection and every call on it. A channel of the caller's own stays open."""
        if self._own_channel is not None:
            await self._own_channel.close()

    @with_query_options
    async def search(
        self,
        query: Query | Embeddings | None = None,
        *,
        page_size: int | None = None,
        page_token: str = "",
        index: str | None = None,
        timeout: float | None = None,
        **options: Unpack[QueryOptions],
    ) -> SearchResult:
        """Searches by embedding, picture, text, filter, or any of them together. See :meth:`Client.search`."""
        ready = await self._ready(_convert.as_query(query, options), index, timeout)
        return await self._page(ready, page_size, page_token, index, timeout)

    @with_query_options
    def pages(
        self,
        query: Query | Embeddings | None = None,
        *,
        page_size: int = 100,
        index: str | None = None,
        timeout: float | None = None,
        **options: Unpack[QueryOptions],
    ) -> AsyncIterator[SearchResult]:
        """The pages of one answer, each fetched when it is asked for. See :meth:`Client.pages`."""
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
    ) -> AsyncIterator[Hit]:
        """All hits, one by one, page after page. See :meth:`Client.search_all`."""
        deep = _calls.as_deep_query(_convert.as_query(query, options))
        return (hit async for page in self._pages(deep, page_size, index, timeout) for hit in page)

    async def batch_search(
        self, queries: Iterable[Query], *, index: str | None = None, timeout: float | None = None
    ) -> list[SearchResult]:
        """Several searches of one index, all answered from one generation."""
        read = [await asyncio.to_thread(_convert.with_files_read, q) if q.images else q for q in queries]
        return await self._call(_calls.batch_search(read, self._settings.name(index)), timeout)

    async def get_case(
        self,
        case_id: str,
        *,
        with_embeddings: bool = False,
        index: str | None = None,
        timeout: float | None = None,
    ) -> Case:
        """One case by its id, on request with the embeddings of its images, so that it can be changed and ingested again."""
        return await self._call(_calls.get_case(case_id, self._settings.name(index), with_embeddings), timeout)

    async def get_thumbnail(
        self,
        case_id: str,
        image_index: int = 0,
        *,
        index: str | None = None,
        timeout: float | None = None,
    ) -> Thumbnail:
        """The small picture that the index keeps of an image of a case; :class:`NotFoundError` if it keeps none."""
        return await self._call(_calls.get_thumbnail(case_id, image_index, self._settings.name(index)), timeout)

    async def get_cases(
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
        return await self._call(call, timeout)

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
    ) -> AsyncIterator[Case]:
        """All cases that pass a filter, or may be a patient's, one by one from one generation of the index.

        Each page is fetched when its first case is asked for.
        """
        message = _convert.list_message(filter, patient, order, detail, self._settings.name(index))
        return self._list(message, page_size, timeout)

    def ingest(
        self,
        cases: Iterable[Case] | AsyncIterable[Case],
        *,
        replacement: Replacement = Replacement.WHOLE,
        index: str | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[IngestOutcome]:
        """Sends cases and yields one outcome per case, in order. See :meth:`Client.ingest`.

        Cases are taken in the event loop, so an iterable that has to wait for them should be an asynchronous one.
        """
        _calls.cases_only(cases)
        return self._ingest(cases, replacement, self._settings.name(index), timeout)

    async def _ingest(
        self,
        cases: Iterable[Case] | AsyncIterable[Case],
        replacement: Replacement,
        index: str,
        timeout: float | None,
    ) -> AsyncIterator[IngestOutcome]:
        raised: list[Exception] = []
        room = asyncio.Semaphore(_calls.UNFETCHED_CASES)

        async def requests() -> AsyncIterator[ingest_service_pb2.IngestCasesRequest]:
            name = index
            try:
                async for case in _each(cases):
                    await room.acquire()
                    has_paths = _convert.has_paths(case)
                    read = await asyncio.to_thread(_convert.with_case_files_read, case) if has_paths else case
                    for message in _convert.ingest_messages(read, name, replacement):
                        yield message
                    name = ""
            except Exception as error:  # gRPC would end the call without a word
                raised.append(error)

        call = self._stubs().ingest.IngestCases(requests(), **self._settings.sent_with(timeout))
        failed: PrecedentError | None = None
        try:
            async for answer in call:
                room.release()
                yield _convert.ingest_answer(answer)
        except grpc.RpcError as error:
            failed = from_rpc(error)
        finally:
            call.cancel()
        if raised:
            raise raised[0]
        if failed is not None:
            raise failed

    async def encode_image(
        self, image: File, *, with_patches: bool = False, index: str | None = None, timeout: float | None = None
    ) -> EncodedImage:
        """The embedding of a DICOM, PNG or JPEG file, given as bytes or path, of any size up to 256 MiB."""
        content = await asyncio.to_thread(_convert.file_bytes, image)
        return await self._call(_calls.encode_image(content, self._settings.name(index), with_patches), timeout)

    async def encode_text(self, text: str, *, index: str | None = None, timeout: float | None = None) -> EncodedText:
        """The embedding of words, in the space of the images."""
        return await self._call(_calls.encode_text(text, self._settings.name(index)), timeout)

    async def delete(
        self, case_ids: Iterable[str], *, index: str | None = None, timeout: float | None = None
    ) -> DeleteResult:
        """Takes cases out; durable when it returns."""
        return await self._call(_calls.delete(case_ids, self._settings.name(index)), timeout)

    async def list_indexes(self, *, timeout: float | None = None) -> list[IndexSummary]:
        """What the server serves."""
        return await self._call(_calls.list_indexes(), timeout)

    async def stats(self, *, index: str | None = None, timeout: float | None = None) -> IndexStats:
        """The state of an index."""
        return await self._call(_calls.stats(self._settings.name(index)), timeout)

    async def merge(
        self,
        scope: MergeScope = MergeScope.ALL,
        *,
        index: str | None = None,
        timeout: float | None = None,
    ) -> MergeResult:
        """Has the segments of an index merged, or those written anew that hold deleted cases. Takes as long as it takes."""
        return await self._call(_calls.merge(self._settings.name(index), scope), timeout)

    async def list_findings(self, *, index: str | None = None, timeout: float | None = None) -> list[Finding]:
        """The findings of the lexicon: what filters and texts can ask for."""
        return await self._call(_calls.list_findings(self._settings.name(index)), timeout)

    async def read_report(
        self,
        report: str | Mapping[str, str] | Sequence[Section],
        *,
        index: str | None = None,
        timeout: float | None = None,
    ) -> Reading:
        """What a report is understood to say: text without headings, text by section kind, or sections. Nothing is kept."""
        return await self._call(_calls.read_report(report, self._settings.name(index)), timeout)

    async def verify(self, *, index: str | None = None, timeout: float | None = None) -> Verification:
        """Has every byte of an index read and checked. Takes as long as the disk needs."""
        return await self._call(_calls.verify(self._settings.name(index)), timeout)

    async def _call(self, call: Call[Answer], timeout: float | None) -> Answer:
        attempts = self._settings.attempts(call, timeout)
        while True:
            try:
                answered = call.method(self._stubs())(call.request(), **attempts.sent_with())
                if call.streams:
                    *_, answered = [message async for message in answered]
                else:
                    answered = await answered
                return call.answer(answered)
            except grpc.RpcError as error:
                failed = from_rpc(error)
            await asyncio.sleep(attempts.pause_after(failed))

    async def _pages(
        self, query: Query, page_size: int, index: str | None, timeout: float | None
    ) -> AsyncIterator[SearchResult]:
        ready = await self._ready(query, index, timeout)
        token: str | None = ""
        while token is not None:
            page = await self._page(ready, page_size, token, index, timeout)
            yield page
            ready = _convert.next_page_query(ready, page)
            token = page.next_page_token or None

    async def _list(
        self, message: search_service_pb2.ListCasesRequest, page_size: int, timeout: float | None
    ) -> AsyncIterator[Case]:
        token: str | None = ""
        while token is not None:
            page = await self._call(_calls.list_cases(message, page_size, token), timeout)
            for case in page.cases:
                yield case
            token = page.next_page_token or None

    async def _page(
        self, query: Query, page_size: int | None, token: str, index: str | None, timeout: float | None
    ) -> SearchResult:
        return await self._call(_calls.search(query, self._settings.name(index), page_size, token), timeout)

    async def _ready(self, query: Query, index: str | None, timeout: float | None) -> Query:
        """The query with its files read; where they are too large for one message, with their embeddings instead."""
        if not query.images:
            return query
        read = await asyncio.to_thread(_convert.with_files_read, query)
        large = _convert.too_large_images(read)
        if not large:
            return read
        encoded = [(await self.encode_image(file, index=index, timeout=timeout)).embedding for file in large]
        return _convert.with_embeddings(read, encoded)

    def _stubs(self) -> Stubs:
        """Those of the caller's channel, or of one that is made now: a channel belongs to the loop that it is made in."""
        if self._made_stubs is None:
            self._own_channel = _channel(self._settings.connection)
            self._made_stubs = Stubs(self._own_channel)
        return self._made_stubs


async def _each(cases: Iterable[Case] | AsyncIterable[Case]) -> AsyncIterator[Case]:
    if isinstance(cases, AsyncIterable):
        async for case in cases:
            yield case
    else:
        for case in cases:
            yield case


def _channel(connection: Connection) -> grpc.aio.Channel:
    if connection.credentials is None:
        return grpc.aio.insecure_channel(connection.address, options=connection.options())
    return grpc.aio.secure_channel(connection.address, connection.credentials, options=connection.options())
