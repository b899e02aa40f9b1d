"""Pictures and words in place of embeddings: encoded by the server, with the bundled encoder."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clients import either
from conftest import Served, Server, dicom, large_picture, picture, run, until
from gateway import Gateway
from grpc import StatusCode
from precedent_client import (
    AppliedGuards,
    AppliedView,
    Case,
    Client,
    Embedding,
    Image,
    NotFoundError,
    PatientKey,
    PrecedentError,
    Query,
    QueryImage,
    SearchResult,
)
from precedent_client._generated.precedent.v1 import case_pb2, encode_service_pb2, ingest_service_pb2, search_service_pb2

CASES = 8
NOTICE = "demo encoder, not for clinical images"


@dataclass
class Pictured:
    server: Server
    client: Client


def init(directory: Path) -> Path:
    done = run("init", directory, "--name", "seen", "--encoder", "phantom-cxr")
    assert done.returncode == 0 and NOTICE in done.stdout, done.stderr
    return directory


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pictured]:
    """A server over cases that came as pictures; its tests change nothing."""
    server = Server(init(tmp_path_factory.mktemp("pictured") / "index"))
    with server.client() as client:
        cases = [Case(f"case-{n}", images=[Image(f"{n}.png", "PA", content=picture(n))]) for n in range(CASES)]
        answers = list(client.ingest(cases))
        assert all(answer.accepted for answer in answers), answers
        until(lambda: client.stats().case_count == CASES)
        yield Pictured(server, client)
    assert server.stop() == 0, server.log()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Client]:
    """An empty index that takes pictures."""
    server = Server(init(tmp_path / "index"))
    with server.client() as client:
        yield client
    server.stop()


def codes(result) -> list[str]:
    return [warning.code for warning in result.plan.warnings]


@either
def test_image_files_leave_thumbnails(pictured: Pictured, run: Any) -> None:
    address = pictured.server.address
    small = run(lambda client: client.get_thumbnail("case-3"), address)
    assert small.jpeg.startswith(b"\xff\xd8") and small.generation > 0
    grid = small.grid
    assert grid is not None and (grid.row_count, grid.column_count) == (8, 8)
    # Never larger than the image itself.
    assert (small.width_pixels, small.height_pixels) == (grid.image_width_pixels, grid.image_height_pixels)
    assert str(small.jpeg) not in repr(small)
    for case_id, image, reason in [("case-3", 1, "THUMBNAIL_NOT_FOUND"), ("nobody", 0, "CASE_NOT_FOUND")]:
        with pytest.raises(NotFoundError) as caught:
            run(lambda client, case_id=case_id, image=image: client.get_thumbnail(case_id, image), address)
        assert caught.value.reason == reason


def test_a_picture_finds_its_own_case_first_with_the_notice(pictured: Pictured) -> None:
    result = pictured.client.search(images=picture(5), limit=3)
    assert result.hits[0].case.case_id == "case-5" and result.hits[0].image.value > 0.9999
    assert len(result.hits) == 3
    assert [w.message for w in result.plan.warnings if w.code == "DEMO_ENCODER"] == [NOTICE]
    assert "DEMO_ENCODER" not in codes(pictured.client.search(filter="modality:*"))


def test_a_picture_may_be_a_path_bytes_or_several_with_views(pictured: Pictured, tmp_path: Path) -> None:
    path = tmp_path / "new.png"
    path.write_bytes(picture(2))
    for images in [path, str(path), picture(2), [path], [QueryImage(path, "PA")], QueryImage(picture(2))]:
        assert pictured.client.search(images=images, limit=1).hits[0].case.case_id == "case-2"


def test_guards_and_views_come_from_the_header_of_the_picture(empty: Client) -> None:
    cases = [
        Case("own", images=[Image(content=dicom(1, "P1", "20240502", "PA"))]),
        Case("earlier", images=[Image(content=dicom(2, "P2", "20230502", "PA"))]),
        Case("later", images=[Image(content=dicom(3, "P3", "20250502", "LL"))]),
    ]
    assert all(answer.accepted for answer in empty.ingest(cases))
    until(lambda: empty.stats().case_count == 3)
    film = dicom(4, "P1", "20240601", "PA")
    result = empty.search(images=film)
    assert [hit.case.case_id for hit in result.hits] == ["earlier", "later"]
    assert result.plan.guards == AppliedGuards(PatientKey("P1"), "images[0].content")
    assert result.plan.views == (AppliedView("frontal", "images[0].content"),)
    result = empty.search(images=film, before_study_date=True)
    assert [hit.case.case_id for hit in result.hits] == ["earlier"]
    assert (result.plan.guards.before, result.plan.guards.before_source) == ("2024-06-01", "images[0].content")
    result = empty.search(images=QueryImage(dicom(4), "left lateral"), patient="P2")
    assert result.plan.guards == AppliedGuards(PatientKey("P2"), "guards.patient")
    assert result.plan.views == (AppliedView("lateral", "images[0].view"),)
    assert [hit.case.case_id for hit in result.hits] == ["later", "own"]
    for wrong in [{"images": film, "patient": "P2"}, {"images": dicom(4), "before_study_date": True}]:
        with pytest.raises(PrecedentError) as caught:
            empty.search(**wrong)
        assert caught.value.code == StatusCode.INVALID_ARGUMENT and "P1" not in str(caught.value)


def test_embeddings_pictures_and_words_count_in_this_order(pictured: Pictured) -> None:
    client = pictured.client
    result = client.search(
        [client.encode_image(picture(1)).embedding], images=[picture(3), picture(4)], image_text="effusion"
    )
    nearest = {hit.case.case_id: hit.image.embedding_index for hit in result.hits}
    assert (nearest["case-1"], nearest["case-3"], nearest["case-4"]) == (0, 1, 2)


def test_words_without_a_finding_look_for_pictures_as_their_embedding_does(pictured: Pictured) -> None:
    client = pictured.client
    encoded = client.encode_text("an elderly patient")
    space = client.stats().image_space
    assert encoded.notice == NOTICE and encoded.embedding.encoder_id == space.encoder_id
    assert len(encoded.embedding.values) == space.dimension
    by_words = client.search(image_text="an elderly patient").hits
    assert by_words == client.search(encoded.embedding).hits and len(by_words) == CASES
    assert by_words[0].lexical is None


def test_an_encoded_picture_is_searched_as_the_picture_itself(pictured: Pictured) -> None:
    client = pictured.client
    encoded = client.encode_image(picture(6), with_patches=True)
    assert (encoded.original_width_pixels, encoded.original_height_pixels) == (60, 60)
    assert encoded.notice == NOTICE
    assert len(encoded.patches.values) == encoded.patches.side**2 * encoded.patches.dimension
    assert encoded.patches.dimension == len(encoded.embedding.values)
    assert client.search(encoded.embedding).hits == client.search(images=picture(6)).hits
    assert client.encode_image(picture(6)).patches is None


def test_a_batch_and_pages_take_pictures(pictured: Pictured) -> None:
    client = pictured.client
    answers = client.batch_search([Query(images=[picture(n)], limit=1) for n in range(3)])
    assert [answer.hits[0].case.case_id for answer in answers] == ["case-0", "case-1", "case-2"]
    pages = list(client.pages(Query(images=[picture(0)], limit=8), page_size=3))
    assert [len(page.hits) for page in pages] == [3, 3, 2]


@either
def test_images_are_sent_for_the_first_page_only(pictured: Pictured, run: Any) -> None:
    with Gateway(pictured.server.address) as gateway:
        pages = run(lambda client: client.pages(images=QueryImage(picture(0), "PA"), limit=8, page_size=3), gateway.address)
        sent = [search_service_pb2.SearchRequest.FromString(call.messages[0]) for call in gateway.received]
    assert [len(one.images) for one in sent] == [1, 0, 0] and [len(one.encoded_images) for one in sent] == [0, 1, 1]
    whole = pictured.client.search(images=QueryImage(picture(0), "PA"), limit=8)
    assert [hit.case.case_id for page in pages for hit in page] == [hit.case.case_id for hit in whole]
    assert {page.record.request_digest for page in pages} == {whole.record.request_digest}
    assert {page.plan.views for page in pages} == {whole.plan.views}


def test_what_an_image_became_searches_as_the_image_does(empty: Client) -> None:
    cases = [Case(f"case-{n}", images=[Image(content=dicom(n, f"P{n}", f"2023050{n + 1}", "PA"))]) for n in range(4)]
    assert all(answer.accepted for answer in empty.ingest(cases))
    until(lambda: empty.stats().case_count == 4)
    first = empty.search(images=dicom(9, "P1", "20230503", "PA"), before_study_date=True)
    assert [hit.case.case_id for hit in first] == ["case-0"]
    (encoded,) = first.encoded_images
    assert (encoded.patient, encoded.study_date, encoded.view_position) == (PatientKey("P1"), "2023-05-03", "PA")
    again = empty.search(encoded_images=[encoded], before_study_date=True)
    assert again.hits == first.hits and again.plan.guards == first.plan.guards and again.plan.views == first.plan.views
    assert again.record == first.record and again.encoded_images == ()
    other = empty.search(encoded_images=[encoded])
    assert {hit.case.case_id for hit in other} == {"case-0", "case-2", "case-3"}
    assert "P1" not in repr(encoded)


@either
def test_files_are_read_once_however_many_pages_there_are(pictured: Pictured, run: Any, tmp_path: Path) -> None:
    path = tmp_path / "new.png"
    path.write_bytes(picture(0))

    def ask(client: Any) -> Any:
        pages = client.pages(images=path, limit=8, page_size=3)
        return sizes(pages) if isinstance(client, Client) else sizes_in_loop(pages)

    def sizes(pages: Iterator[SearchResult]) -> Iterator[int]:
        for page in pages:
            path.unlink(missing_ok=True)
            yield len(page)

    async def sizes_in_loop(pages: AsyncIterator[SearchResult]) -> AsyncIterator[int]:
        async for page in pages:
            path.unlink(missing_ok=True)
            yield len(page)

    assert run(ask, pictured.server.address) == [3, 3, 2]


@either
def test_paths_are_searched_encoded_and_ingested(tmp_path: Path, run: Any) -> None:
    path = tmp_path / "new.png"
    path.write_bytes(picture(7))
    server = Server(init(tmp_path / "index"))
    (outcome,) = run(lambda client: client.ingest([Case("a", images=[Image(content=path)])]), server.address)
    assert outcome.accepted
    with server.client() as client:
        until(lambda: client.stats().case_count == 1)
    for ask in [
        lambda client: client.search(images=path),
        lambda client: client.search(images=[QueryImage(str(path), "PA")]),
        lambda client: client.search(Query(images=[path])),
    ]:
        assert run(ask, server.address)[0].image.value > 0.9999
    batch = run(lambda client: client.batch_search([Query(images=[path])] * 2), server.address)
    assert [result[0].case.case_id for result in batch] == ["a", "a"]
    assert run(lambda client: client.encode_image(path), server.address).original_width_pixels == 60
    assert server.stop() == 0


@either
def test_pictures_too_large_for_a_search_are_encoded_first(
    pictured: Pictured, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from precedent_client import _convert

    monkeypatch.setattr(_convert, "SEARCH_FILE_BYTES", 10)
    with Gateway(pictured.server.address) as gateway:
        result = run(lambda client: client.search(images=[picture(3), picture(4)], limit=2), gateway.address)
        assert gateway.methods() == ["EncodeImage", "EncodeImage", "Search"]
    assert {hit.case.case_id: hit.image.embedding_index for hit in result} == {"case-3": 0, "case-4": 1}


def test_stats_say_what_the_space_can_do(pictured: Pictured, served: Served) -> None:
    space = pictured.client.stats().image_space
    assert (space.notice, space.encodes_images, space.encodes_text) == (NOTICE, True, True)
    other = served.client.stats().image_space
    assert (other.notice, other.encodes_images, other.encodes_text) == ("", False, False)


def test_a_large_picture_is_encoded_searched_and_ingested_in_chunks(empty: Client) -> None:
    large = large_picture(1)
    assert len(large) > 9 << 20
    small = [picture(n) for n in range(2)]
    cases = [
        Case("small-0", images=[Image(content=small[0])]),
        Case("large", images=[Image("a", content=large), Image("b", content=small[1])]),
        Case("small-1", images=[Image(content=small[1])]),
    ]
    answers = list(empty.ingest(cases))
    assert [(a.position, a.case_id, a.accepted) for a in answers] == [
        (n, case.case_id, True) for n, case in enumerate(cases)
    ], answers
    until(lambda: empty.stats().image_row_count == 4)
    encoded = empty.encode_image(large)
    assert (encoded.original_width_pixels, encoded.original_height_pixels) == (2200, 2200)
    hit = empty.search(images=large, limit=1).hits[0]
    assert (hit.case.case_id, hit.image.image_index) == ("large", 0) and hit.image.value > 0.9999
    # Four of them are more than a message holds, so the client has them encoded first.
    result = empty.search(images=[large] * 4 + [small[0]], limit=2)
    assert {hit.case.case_id: hit.image.embedding_index for hit in result.hits} == {"large": 0, "small-0": 4}


def test_headers_become_fields_unless_the_case_says_otherwise(empty: Client, tmp_path: Path) -> None:
    made = tmp_path / "made"
    done = run("phantom", made, "--studies", "3", "--size", "128", "--formats", "dicom")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (made / "manifest.jsonl").read_text().splitlines()]
    row = rows[0]
    files = [(made / name).read_bytes() for name in row["images"]]
    cases = [
        Case("bare", images=[Image(content=file) for file in files]),
        Case("said", fields={"modality": "XX"}, patient="me", images=[Image("n", "V", content=files[0])]),
    ]
    assert [answer.accepted for answer in empty.ingest(cases)] == [True, True]
    until(lambda: empty.stats().case_count == 2)
    bare, said = empty.get_case("bare"), empty.get_case("said")
    assert (bare.patient.id, bare.patient.issuer) == (row["patient_id"], row["patient_id_issuer"])
    for name in ["study_date", "modality", "manufacturer", "sex", "accession_number", "study_uid"]:
        assert bare.fields[name] == [row[name]], name
    assert bare.fields["age"] == [str(row["age"])] and bare.fields["body_part"] == ["CHEST"]
    assert [image.view for image in bare.images] == bare.fields["view"]
    assert all(image.name.startswith("2.25.") or image.name[0].isdigit() for image in bare.images)
    assert all(image.content is None for image in bare.images)
    assert said.patient.id == "me" and said.fields["modality"] == ["XX"] and said.fields["view"] == ["V"]
    assert (said.images[0].name, said.images[0].view) == ("n", "V")


def test_a_bad_picture_rejects_its_case_by_name_and_the_stream_goes_on(empty: Client) -> None:
    vector = empty.encode_image(picture(0)).embedding
    cases = [
        Case("good", images=[Image(content=picture(0))]),
        Case("bad", report="text", images=[Image(content=picture(1)), Image(content=b"CANARY"), Image()]),
        Case("both", images=[Image(), Image(embedding=vector, content=picture(1))]),
        Case("many", images=[Image(content=picture(1))] * 65),
        Case("also good", images=[Image(content=picture(2)), Image(embedding=vector)]),
    ]
    answers = list(empty.ingest(cases))
    assert [answer.accepted for answer in answers] == [True, False, False, False, True]
    bad, both, many = (answer.violations for answer in answers[1:4])
    assert [v.field for v in bad] == ["case.images[1].content"]
    assert "unknown_format" in bad[0].description and "CANARY" not in bad[0].description
    assert [v.field for v in both] == ["case.images[1].content"] and "embedding" in both[0].description
    assert [v.field for v in many] == ["case.images"]
    until(lambda: empty.stats().case_count == 2)


def chunk(place: int, data: bytes) -> ingest_service_pb2.IngestCasesRequest:
    return ingest_service_pb2.IngestCasesRequest(chunk=ingest_service_pb2.ImageChunk(image_index=place, data=data))


def whole(case_id: str, images: int) -> ingest_service_pb2.IngestCasesRequest:
    case = case_pb2.Case(case_id=case_id, images=[case_pb2.Image() for _ in range(images)])
    return ingest_service_pb2.IngestCasesRequest(case=case)


def test_chunks_go_to_their_case_and_what_does_not_belong_rejects_it(empty: Client) -> None:
    file = picture(3)
    alone = whole("alone", 1)
    alone.chunk.CopyFrom(ingest_service_pb2.ImageChunk(image_index=0, data=file))
    twice = whole("twice", 1)
    twice.case.images[0].content = file
    requests = [
        *(chunk(0, file[:50]), chunk(1, file[:9]), chunk(0, file[50:]), chunk(1, file[9:]), whole("two", 2)),
        *(chunk(2, file), whole("beyond", 2)),
        *(chunk(64, file), whole("far beyond", 2)),
        *(chunk(0, b""), whole("nothing", 1)),
        *(chunk(0, file), twice),
        *(chunk(0, file[:50]), whole("cut", 1)),
        alone,
        chunk(0, file),
    ]
    answers = list(empty._stubs.ingest.IngestCases(iter(requests)))
    assert [a.position for a in answers] == list(range(8))
    outcome = {a.case_id: [v.field for v in a.rejection.violations] for a in answers}
    assert outcome == {
        "two": [],
        "beyond": ["case.images[2].content"],
        "far beyond": ["chunk.image_index"],
        "nothing": ["case.images[0].content"],
        "twice": ["case.images[0].content"],
        "cut": ["case.images[0].content"],
        "alone": [],
        "": ["case"],
    }
    until(lambda: empty.stats().image_row_count == 3)


def refused(call) -> PrecedentError:
    with pytest.raises(PrecedentError) as caught:
        call()
    return caught.value


def test_bad_pictures_and_words_are_invalid_arguments_by_field(pictured: Pictured) -> None:
    client = pictured.client
    cut = picture(1)[:80]
    for call, field, part in [
        (lambda: client.search(images=[picture(0), b"CANARY"]), "images[1].content", "unknown_format"),
        (lambda: client.search(images=[cut]), "images[0].content", "codec"),
        (lambda: client.search(images=[picture(0)] * 16, image_text="heart"), "images", "16"),
        (lambda: client.search(image_text="?!"), "image_text", "no word"),
        (lambda: client.search(image_text="heart " * 2000), "image_text", "8192"),
        (lambda: client.batch_search([Query(text="a"), Query(images=[cut])]), "requests[1].images[0].content", "PNG"),
        (lambda: client.encode_image(b"CANARY"), "content", "unknown_format"),
        (lambda: client.encode_image(b""), "content", "unknown_format"),
        (lambda: client.encode_text(""), "text", "no word"),
        (lambda: client.encode_text("heart " * 2000), "text", "8192"),
    ]:
        error = refused(call)
        assert error.code == StatusCode.INVALID_ARGUMENT, error
        assert [v.field for v in error.violations] == [field] and part in error.violations[0].description, error
        assert "CANARY" not in str(error)


def test_an_index_of_another_encoder_takes_embeddings_only(served: Served) -> None:
    client = served.client
    for call, field in [
        (lambda: client.search(images=[picture(0)]), "images[0].content"),
        (lambda: client.search(image_text="effusion"), "image_text"),
        (lambda: client.encode_image(picture(0)), "content"),
        (lambda: client.encode_text("effusion"), "text"),
    ]:
        error = refused(call)
        assert error.code == StatusCode.FAILED_PRECONDITION, error
        assert [v.field for v in error.violations] == [field]
        assert "test-encoder-1" in error.message and "send embeddings" in error.message
    (answer,) = client.ingest([Case("a", images=[Image(content=picture(0))])])
    assert not answer.accepted and answer.violations[0].field == "case.images[0].content"


def test_an_index_of_another_fingerprint_names_both(tmp_path: Path, pictured: Pictured) -> None:
    space = pictured.client.stats().image_space
    other = "phantom-cxr@0123456789abcdef"
    options = ("--dimension", str(space.dimension), "--encoder-id", other)
    assert run("init", tmp_path / "i", "--name", "older", *options).returncode == 0
    server = Server(tmp_path / "i")
    with server.client() as client:
        error = refused(lambda: client.search(images=[picture(0)]))
        assert error.code == StatusCode.FAILED_PRECONDITION
        assert other in error.message and space.encoder_id in error.message
        vector = Embedding(np.ones(space.dimension), other)
        assert "DEMO_ENCODER" in codes(client.search(vector))
    assert server.stop() == 0


def test_what_is_too_large_is_refused_with_its_limit(pictured: Pictured) -> None:
    client = pictured.client
    image = search_service_pb2.QueryImage(content=bytes(33 << 20))
    with pytest.raises(Exception) as caught:
        client._stubs.search.Search(search_service_pb2.SearchRequest(images=[image]), timeout=30)
    assert caught.value.code() == StatusCode.RESOURCE_EXHAUSTED and str(32 << 20) in caught.value.details()
    part = encode_service_pb2.EncodeImageRequest(content=bytes(16 << 20))
    with pytest.raises(Exception) as caught:
        client._stubs.encode.EncodeImage(iter([part] * 17), timeout=60)
    assert caught.value.code() == StatusCode.INVALID_ARGUMENT and str(256 << 20) in caught.value.details()


def test_an_unknown_index_and_a_mixed_upload_are_refused(pictured: Pictured) -> None:
    client = pictured.client
    assert refused(lambda: client.encode_image(picture(0), index="knee")).code == StatusCode.NOT_FOUND
    assert refused(lambda: client.encode_text("heart", index="knee")).code == StatusCode.NOT_FOUND
    request = encode_service_pb2.EncodeImageRequest
    with pytest.raises(Exception) as caught:
        client._stubs.encode.EncodeImage(iter([request(index="seen", content=b"a"), request(index="knee")]), timeout=30)
    assert caught.value.code() == StatusCode.INVALID_ARGUMENT
    with pytest.raises(Exception) as caught:
        client._stubs.encode.EncodeImage(iter([]), timeout=30)
    assert caught.value.code() == StatusCode.INVALID_ARGUMENT and "content" in caught.value.details()


def test_nothing_of_a_picture_reaches_the_log(pictured: Pictured) -> None:
    refused(lambda: pictured.client.search(images=[b"CANARY"]))
    list(pictured.client.ingest([Case("CANARY", images=[Image("CANARY", "CANARY", content=b"CANARY")])]))
    assert "EncodeImage" in pictured.server.log() and "CANARY" not in pictured.server.log()


def test_a_picture_stays_out_of_every_repr() -> None:
    shown = repr([Image(content=b"CANARY"), QueryImage(b"CANARY"), Query(images=[b"CANARY"], image_text="CANARY")])
    assert "CANARY" not in shown
