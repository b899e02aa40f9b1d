"""Cases by their ids and as lists, and what leaves the index when they are deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clients import either
from conftest import CASES, ENCODER, Served, Server, archive, until
from grpc import StatusCode
from precedent_client import Case, CaseDetail, CaseOrder, Embedding, Image, MergeScope, PatientKey, PrecedentError


@either
def test_cases_come_in_the_order_of_their_ids_and_unknown_ones_are_named(served: Served, run: Any) -> None:
    batch = run(lambda client: client.get_cases(["case-007", "nobody", "case-003"]), served.server.address)
    assert [case.case_id for case in batch] == ["case-007", "case-003"]
    assert batch.unknown_case_ids == ("nobody",) and len(batch) == 2 and batch.generation > 0
    assert batch[0].section("findings") == served.archive.cases[7].section("findings")
    assert all(case.images[0].embedding is None for case in batch)
    bare = run(lambda client: client.get_cases(["case-007"], detail=CaseDetail.CASE_ID), served.server.address)
    assert bare[0] == Case("case-007", report=[], images=[])
    assert "case-007" not in repr(batch)


@either
def test_a_list_goes_through_all_pages_in_the_order_asked_for(served: Served, run: Any) -> None:
    def ids(**options: Any) -> list[str]:
        listed = run(lambda client: client.list_cases(page_size=7, **options), served.server.address)
        return [case.case_id for case in listed]

    all_ids = [case.case_id for case in served.archive.cases]
    assert ids(order=CaseOrder.AS_INGESTED) == all_ids
    dates = {case.case_id: case.fields["study_date"] for case in served.archive.cases}
    latest = ids()
    assert sorted(latest) == all_ids and [dates[i] for i in latest] == sorted(dates.values(), reverse=True)
    assert set(ids(filter="age < 30")) == set(all_ids[:10])
    own = ids(patient=PatientKey("PATIENT-5", "North"), order=CaseOrder.AS_INGESTED)
    assert own == ["case-005", "case-025", "case-045"]
    assert ids(patient="patient-5", filter="age < 30") == ["case-005"]


def test_what_cannot_be_listed_or_fetched_is_named(served: Served) -> None:
    for wrong, field in [
        (lambda client: client.get_cases([]), "case_ids"),
        (lambda client: client.get_cases(["a", ""]), "case_ids[1]"),
        (lambda client: client.get_cases(["a"], detail=CaseDetail.CASE_ID, with_embeddings=True), "with_embeddings"),
        (lambda client: list(client.list_cases("weight > 3")), "filter"),
        (lambda client: list(client.list_cases(page_size=1001)), "page_size"),
    ]:
        with pytest.raises(PrecedentError) as caught:
            wrong(served.client)
        assert caught.value.code == StatusCode.INVALID_ARGUMENT
        assert [violation.field for violation in caught.value.violations] == [field]
    with pytest.raises(TypeError):
        served.client.get_cases("case-007")


def test_a_case_with_its_embeddings_can_be_changed_and_ingested_again(writer: Server) -> None:
    vectors = archive().vectors[:2]
    images = [Image(f"{n}.png", "PA", Embedding(vectors[n], ENCODER)) for n in range(2)]
    with writer.client() as client:
        assert next(client.ingest([Case("a", patient="p", report="First.", images=images)])).accepted
        until(lambda: client.stats().case_count == 1)
        assert all(image.embedding is None for image in client.get_case("a").images)
        whole = client.get_case("a", with_embeddings=True)
        assert [image.embedding.encoder_id for image in whole.images] == [ENCODER] * 2
        held = np.array([image.embedding.values for image in whole.images], np.float32)
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        assert np.allclose(held, unit, atol=1e-6)
        # Whole, so that nothing would be lost by the replacement.
        assert next(client.ingest([replace(whole, report="Second.")])).accepted
        until(lambda: client.get_case("a").section("body") == "Second.")
        again = client.get_cases(["a"], with_embeddings=True)[0]
        assert [image.embedding.values for image in again.images] == held.tolist()


@either
def test_deleted_cases_leave_their_segments(writer: Server, run: Any) -> None:
    with writer.client() as client:
        assert all(answer.accepted for answer in client.ingest(archive().cases))
        until(lambda: client.stats().case_count == CASES)
        client.delete([f"case-{n:03}" for n in range(5)])
        until(lambda: client.stats().case_count == CASES - 5)
        result = run(lambda one: one.merge(MergeScope.DELETED), writer.address)
        stats = client.stats()
        assert stats.tombstone_count == 0 and len(stats.segments) == result.segment_count
        assert stats.generation >= result.generation > 0
        everything = run(lambda one: one.merge(), writer.address)
        assert everything.segment_count == 1 and client.stats().case_count == CASES - 5


def test_who_only_reads_cannot_merge(index: Any) -> None:
    server = Server(index, options=("--read-only",))
    with server.client() as client, pytest.raises(PrecedentError) as caught:
        client.merge()
    assert caught.value.code == StatusCode.FAILED_PRECONDITION and caught.value.reason == "INDEX_READ_ONLY"
    assert server.stop() == 0
