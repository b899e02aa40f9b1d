"""The client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import grpc

from . import _convert
from ._generated.precedent.v1 import (
    encode_service_pb2,
    encode_service_pb2_grpc,
    index_service_pb2,
    index_service_pb2_grpc,
    ingest_service_pb2,
    ingest_service_pb2_grpc,
    search_service_pb2,
    search_service_pb2_grpc,
)
from .errors import from_rpc
from .types import (
    Acknowledgement,
    Case,
    Damage,
    DeleteResult,
    EncodedImage,
    EncodedText,
    File,
    Fusion,
    HitDetail,
    IndexStats,
    IndexSummary,
    PatientKey,
    Query,
    QueryImage,
    Rejection,
    Replacement,
    SearchResult,
    VectorPath,
    Verification,
)

_ANSWER_BYTES = 64 << 20
"""As the server's own limit; gRPC's default of 4 MiB is less than a thousand reports."""


class Client:
    """A connection to a Precedent server. Threads may share it.

    ``index`` names the index of every call that does not name one; it may be empty when the server serves one.
    ``timeout`` is in seconds, for every call that is not a stream or a full check.
    """

    def __init__(self, address: str, *, index: str = "", timeout: float | None = 30.0) -> None:
        options = [("grpc.max_receive_message_length", _ANSWER_BYTES), ("grpc.max_send_message_length", -1)]
        self._channel = grpc.insecure_channel(address, options=options)
        self._index = index
        self._timeout = timeout
        self._search = search_service_pb2_grpc.SearchServiceStub(self._channel)
        self._ingest = ingest_service_pb2_grpc.IngestServiceStub(self._channel)
        self._encode = encode_service_pb2_grpc.EncodeServiceStub(self._channel)
        self._indexes = index_service_pb2_grpc.IndexServiceStub(self._channel)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection and every call on it."""
        self._channel.close()

    def search(
        self,
        embeddings: object = None,
        *,
        encoder_id: str = "",
        images: Iterable[QueryImage | File] | QueryImage | File | None = None,
        image_text: str = "",
        text: str = "",
        filter: str = "",
        patient: PatientKey | str | None = None,
        include_same_patient: bool = False,
        before: str = "",
        before_study_date: bool = False,
        several_per_patient: bool = False,
        fusion: Fusion | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        page_token: str = "",
        exact: bool = False,
        vector_path: VectorPath = VectorPath.AUTO,
        ef_search: int | None = None,
        target_recall: float | None = None,
        detail: HitDetail = HitDetail.WHOLE,
        literal_text: bool = False,
        index: str | None = None,
        timeout: float | None = None,
    ) -> SearchResult:
        """Searches by embedding, picture, text, filter, or any of them together.

        ``embeddings`` is one vector, several (one per view), or :class:`Embedding` objects; ``encoder_id`` says which
        encoder made plain vectors. ``images`` are DICOM, PNG or JPEG files, as bytes or paths, one or several; the
        server encodes them, and takes patient, study date and views that are not given from the headers of DICOM
        files; ``plan.guards`` and ``plan.views`` say so. Files of more than 28 MiB together are encoded first, and
        nothing is taken from their headers. ``image_text`` says in words what the images of the cases are to show.
        ``detail`` says how much of each case comes with its hit. ``literal_text`` keeps misspelt words as they are.
        """
        query = Query(
            embeddings=_convert.as_embeddings(embeddings, encoder_id),
            text=text,
            filter=filter,
            patient=patient,
            include_same_patient=include_same_patient,
            before=before,
            before_study_date=before_study_date,
            several_per_patient=several_per_patient,
            fusion=fusion,
            limit=limit,
            exact=exact,
            vector_path=vector_path,
            ef_search=ef_search,
            target_recall=target_recall,
            detail=detail,
            images=_convert.as_images(images),
            image_text=image_text,
            literal_text=literal_text,
        )
        return self._page(query, page_size, page_token, index, timeout)

    def pages(
        self, query: Query, *, page_size: int, index: str | None = None, timeout: float | None = None
    ) -> Iterator[SearchResult]:
        """The pages of one answer, all from one generation."""
        token = ""
        while True:
            page = self._page(query, page_size, token, index, timeout)
            yield page
            token = page.next_page_token
            if not token:
                return

    def batch_search(
        self, queries: Iterable[Query], *, index: str | None = None, timeout: float | None = None
    ) -> list[SearchResult]:
        """Several searches of one index, all answered from one generation."""
        name = self._name(index)
        requests = [_convert.query_message(query, name) for query in queries]
        request = search_service_pb2.BatchSearchRequest(requests=requests)
        with _errors():
            answer = self._search.BatchSearch(request, timeout=self._seconds(timeout))
        return [_convert.result(response) for response in answer.responses]

    def get_case(self, case_id: str, *, index: str | None = None, timeout: float | None = None) -> Case:
        """One case by its id."""
        request = search_service_pb2.GetCaseRequest(index=self._name(index), case_id=case_id)
        with _errors():
            return _convert.case(self._search.GetCase(request, timeout=self._seconds(timeout)).case)

    def ingest(
        self,
        cases: Iterable[Case],
        *,
        replacement: Replacement = Replacement.WHOLE,
        index: str | None = None,
        timeout: float | None = None,
    ) -> Iterator[Acknowledgement | Rejection]:
        """Sends cases and yields one answer per case, in order: acknowledged when it is durable, or rejected.

        Image files that are too large for one message go in several. ``replacement`` says what becomes of cases that
        the index holds under the same ids.

        Cases are taken from the iterable as the server takes them in. After an error, send again what was not
        acknowledged: a case that comes twice replaces itself.
        """
        failed: list[Exception] = []

        def requests() -> Iterator[ingest_service_pb2.IngestCasesRequest]:
            name = self._name(index)
            try:
                for case in cases:
                    yield from _convert.ingest_messages(case, name, replacement)
                    name = ""
            except Exception as error:  # gRPC would hide it in its own thread
                failed.append(error)
                raise

        call = self._ingest.IngestCases(requests(), timeout=timeout)
        try:
            with _errors(failed):
                for answer in call:
                    yield _convert.ingest_answer(answer)
        finally:
            call.cancel()

    def encode_image(
        self, image: File, *, with_patches: bool = False, index: str | None = None, timeout: float | None = None
    ) -> EncodedImage:
        """The embedding of a DICOM, PNG or JPEG file, given as bytes or path, of any size up to 256 MiB."""
        requests = _convert.encode_messages(_convert.file_bytes(image), self._name(index), with_patches)
        with _errors():
            return _convert.encoded_image(self._encode.EncodeImage(requests, timeout=self._seconds(timeout)))

    def encode_text(self, text: str, *, index: str | None = None, timeout: float | None = None) -> EncodedText:
        """The embedding of words, in the space of the images."""
        request = encode_service_pb2.EncodeTextRequest(index=self._name(index), text=text)
        with _errors():
            return _convert.encoded_text(self._encode.EncodeText(request, timeout=self._seconds(timeout)))

    def delete(
        self, case_ids: Iterable[str], *, index: str | None = None, timeout: float | None = None
    ) -> DeleteResult:
        """Takes cases out; durable when it returns."""
        request = ingest_service_pb2.DeleteCasesRequest(index=self._name(index), case_ids=case_ids)
        with _errors():
            answer = self._ingest.DeleteCases(request, timeout=self._seconds(timeout))
        return DeleteResult(answer.deleted_count, tuple(answer.unknown_case_ids))

    def list_indexes(self, *, timeout: float | None = None) -> list[IndexSummary]:
        """What the server serves."""
        with _errors():
            answer = self._indexes.ListIndexes(
                index_service_pb2.ListIndexesRequest(), timeout=self._seconds(timeout)
            )
        return [IndexSummary(i.name, i.description, i.case_count, i.writable) for i in answer.indexes]

    def stats(self, *, index: str | None = None, timeout: float | None = None) -> IndexStats:
        """The state of an index."""
        request = index_service_pb2.GetIndexStatsRequest(index=self._name(index))
        with _errors():
            return _convert.stats(self._indexes.GetIndexStats(request, timeout=self._seconds(timeout)).stats)

    def verify(self, *, index: str | None = None, timeout: float | None = None) -> Verification:
        """Has every byte of an index read and checked. Takes as long as the disk needs."""
        request = index_service_pb2.VerifyIndexRequest(index=self._name(index))
        with _errors():
            *_, answer = self._indexes.VerifyIndex(request, timeout=timeout)
        damages = tuple(Damage(damage.file, damage.description) for damage in answer.damages)
        return Verification(damages, answer.checked_file_count, answer.checked_bytes)

    def _page(
        self, query: Query, page_size: int | None, token: str, index: str | None, timeout: float | None
    ) -> SearchResult:
        request = _convert.query_message(self._sendable(query, index, timeout), self._name(index), page_size, token)
        with _errors():
            return _convert.result(self._search.Search(request, timeout=self._seconds(timeout)))

    def _sendable(self, query: Query, index: str | None, timeout: float | None) -> Query:
        """The query; where its pictures are too large for one message, with their embeddings instead."""
        files = [image.content for image in _convert.query_images(query)]
        if sum(map(len, files)) <= _convert.SEARCH_FILE_BYTES:
            return query
        encoded = [self.encode_image(file, index=index, timeout=timeout).embedding for file in files]
        return _convert.with_embeddings(query, encoded)

    def _name(self, index: str | None) -> str:
        return self._index if index is None else index

    def _seconds(self, timeout: float | None) -> float | None:
        return self._timeout if timeout is None else timeout


@contextmanager
def _errors(failed: list[Exception] | None = None) -> Iterator[Any]:
    """gRPC's errors as this package's; or the caller's own error, when that was the cause."""
    try:
        yield
    except grpc.RpcError as error:
        if failed:
            raise failed[0] from None
        raise from_rpc(error) from None
