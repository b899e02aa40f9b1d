"""Cases in and out: order, durability, visibility, replacement."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import DIMENSION, ENCODER, Server, init, until
from grpc import StatusCode
from precedent_client import Case, Effect, Embedding, Image, PatientKey, PrecedentError, Replacement


def case(number: int, text: str = "clear lungs") -> Case:
    vector = np.random.default_rng(number).normal(size=DIMENSION)
    return Case(f"case-{number}", report=text, images=[Image(embedding=Embedding(vector, ENCODER))])


def test_answers_come_in_order_and_rejections_do_not_end_the_stream(writer: Server) -> None:
    with writer.client() as client:
        cases = [case(number) if number % 7 else Case(f"empty-{number}") for number in range(700)]
        answers = list(client.ingest(cases))
        assert [answer.position for answer in answers] == list(range(700))
        assert [answer.case_id for answer in answers] == [sent.case_id for sent in cases]
        assert [answer.accepted for answer in answers] == [number % 7 != 0 for number in range(700)]
        sequences = [answer.sequence for answer in answers if answer.accepted]
        assert sequences == sorted(set(sequences))
        until(lambda: client.stats().case_count == 600)


def test_each_case_is_answered_while_the_stream_stays_open(writer: Server) -> None:
    sent: queue.Queue[Case | None] = queue.Queue()
    with writer.client() as client:
        answers = client.ingest(iter(sent.get, None))
        for number in range(3):
            sent.put(case(number))
            assert next(answers).accepted
        sent.put(None)
        assert list(answers) == []


def test_an_acknowledged_case_is_found_within_a_second_or_so(writer: Server) -> None:
    with writer.client() as client:
        list(client.ingest([case(1, "a rare dextrocardia")]))
        begun = time.monotonic()
        until(lambda: len(client.search(text="dextrocardia").hits) == 1)
        assert time.monotonic() - begun < 5


def test_the_same_id_replaces_the_case_whole(writer: Server) -> None:
    with writer.client() as client:
        list(client.ingest([case(1, "first text"), case(1, "second text")]))
        until(lambda: client.stats().case_count == 1 and client.stats().pending_operation_count == 0)
        assert client.search(text="first").hits == ()
        assert client.get_case("case-1").section("body") == "second text"
        list(client.ingest([case(1, "third text")]))
        until(lambda: client.get_case("case-1").section("body") == "third text")
        assert client.stats().case_count == 1


def test_a_case_that_would_lose_what_it_had_is_rejected(writer: Server) -> None:
    with writer.client() as client:
        list(client.ingest([case(1, "first text")]))
        for _ in range(2):
            (answer,) = client.ingest([Case("case-1", report="second text")])
            assert not answer.accepted
            assert [violation.field for violation in answer.violations] == ["case.images", "case.images.embedding"]
            until(lambda: client.stats().pending_operation_count == 0)
        assert client.get_case("case-1").section("body") == "first text"


def test_an_update_keeps_what_is_not_given(writer: Server) -> None:
    with writer.client() as client:
        list(client.ingest([case(1, "first text")]))
        until(lambda: client.stats().case_count == 1)
        (answer,) = client.ingest([Case("case-1", report="second text")], replacement=Replacement.UPDATE)
        assert answer.accepted
        until(lambda: client.get_case("case-1").section("body") == "second text")
        assert len(client.get_case("case-1").images) == 1


def test_each_acknowledgement_says_what_was_done(writer: Server) -> None:
    first, other = Case("case-1", report="first text"), Case("case-1", report="second text")

    def effects(*cases: Case, how: Replacement = Replacement.WHOLE) -> list[Effect | None]:
        outcomes = [outcome for outcome in client.ingest(cases, replacement=how) if outcome.accepted]
        places.update(outcome.sequence for outcome in outcomes)
        return [outcome.effect for outcome in outcomes]

    places: set[int] = set()
    with writer.client() as client:
        assert effects(first, first) == [Effect.CREATED, Effect.UNCHANGED]
        assert effects(other, how=Replacement.IF_ABSENT) == [Effect.LEFT_ALONE]
        assert len(places) == 1, "each names the place of the case that is held"
        assert effects(other, first) == [Effect.REPLACED, Effect.REPLACED]
        assert len(places) == 3
        until(lambda: client.stats().pending_operation_count == 0)
        assert effects(first) == [Effect.UNCHANGED]
        assert effects(first, how=Replacement.UPDATE) == [Effect.UNCHANGED]


def test_a_replacement_may_lose_what_is_held_if_it_is_meant(writer: Server) -> None:
    with writer.client() as client:
        list(client.ingest([case(1, "first text")]))
        until(lambda: client.stats().case_count == 1)
        (answer,) = client.ingest([Case("case-1", report="second text")], replacement=Replacement.WITHOUT)
        assert answer.accepted
        until(lambda: client.get_case("case-1").section("body") == "second text")
        assert client.get_case("case-1").images == []


def test_a_patient_who_is_nobody_is_left_out_with_a_warning(writer: Server) -> None:
    with writer.client() as client:
        cases = [Case(f"c{n}", PatientKey(name), report="clear lungs") for n, name in enumerate(["nan", "P17"])]
        nobody, somebody = client.ingest(cases)
        assert [(w.code, w.field) for w in nobody.warnings] == [("PLACEHOLDER_PATIENT", "case.patient.id")]
        assert nobody.warnings[0].message and somebody.warnings == ()
        until(lambda: client.stats().case_count == 2)
        assert client.get_case("c0").patient is None and client.get_case("c1").patient == PatientKey("P17")


def test_deleted_cases_are_gone_and_unknown_ids_are_told(writer: Server) -> None:
    with writer.client() as client:
        list(client.ingest(case(number) for number in range(5)))
        until(lambda: client.stats().case_count == 5)
        outcome = client.delete(["case-1", "nobody", "case-3"])
        assert (outcome.deleted_count, outcome.unknown_case_ids) == (2, ("nobody",))
        until(lambda: client.stats().case_count == 3)
        assert {hit.case.case_id for hit in client.search(text="lungs").hits} == {"case-0", "case-2", "case-4"}


def test_what_was_acknowledged_survives_kill_9(index: Path) -> None:
    server = Server(index)
    with server.client() as client:
        acknowledged = [answer.case_id for answer in client.ingest(case(number) for number in range(200))]
        server.process.kill()
        server.process.wait()
    again = Server(index)
    with again.client() as client:
        until(lambda: client.stats().case_count == 200)
        assert all(client.get_case(case_id).case_id == case_id for case_id in acknowledged[::20])
        assert client.verify().damages == ()
    assert again.stop() == 0


def test_a_message_over_the_limit_ends_the_stream_and_what_came_before_stays(writer: Server) -> None:
    with writer.client() as client:
        answers = []
        with pytest.raises(PrecedentError) as caught:
            for answer in client.ingest([case(1), case(2), Case("big", report="x" * (17 << 20))]):
                answers.append(answer)
        assert caught.value.code == StatusCode.RESOURCE_EXHAUSTED
        assert caught.value.metadata["limit_bytes"] == str(16 << 20)
        assert [answer.accepted for answer in answers] == [True, True]
        until(lambda: client.stats().case_count == 2)


def test_an_error_of_the_caller_s_own_iterable_comes_through(writer: Server) -> None:
    def cases():
        yield case(1)
        raise KeyError("the caller's own")

    with writer.client() as client, pytest.raises(KeyError, match="own"):
        list(client.ingest(cases()))


def test_a_stream_keeps_to_its_index(tmp_path: Path) -> None:
    from precedent_client import _convert
    from precedent_client._generated.precedent.v1.ingest_service_pb2 import IngestCasesRequest

    server = Server(init(tmp_path / "a", "a"), init(tmp_path / "b", "b"))
    with server.client() as client:
        with pytest.raises(PrecedentError) as caught:
            list(client.ingest([case(1)]))
        assert caught.value.violations[0].field == "index"
        with pytest.raises(PrecedentError) as caught:
            list(client.ingest([case(1)], index="c"))
        assert caught.value.code == StatusCode.NOT_FOUND
        requests = [IngestCasesRequest(index=name, case=_convert.case_message(case(1))) for name in ["a", "", "b"]]
        with pytest.raises(Exception) as mixed:
            list(client._stubs.ingest.IngestCases(iter(requests)))
        assert mixed.value.code() == StatusCode.INVALID_ARGUMENT
        assert list(client.ingest([case(2)], index="b"))[0].accepted
        until(lambda: client.stats(index="b").case_count == 1)
        assert [summary.name for summary in client.list_indexes()] == ["a", "b"]
    assert server.stop() == 0


def test_pages_stay_in_their_generation_while_cases_come(writer: Server) -> None:
    with writer.client() as client:
        list(client.ingest(case(number) for number in range(20)))
        until(lambda: client.stats().case_count == 20)
        first = client.search(text="lungs", limit=20, page_size=10)
        list(client.ingest(case(number) for number in range(100, 120)))
        until(lambda: client.stats().case_count == 40)
        second = client.search(text="lungs", limit=20, page_size=10, page_token=first.next_page_token)
        assert second.record.generation == first.record.generation < client.stats().generation
        found = [hit.case.case_id for hit in (*first.hits, *second.hits)]
        assert sorted(found) == sorted(f"case-{number}" for number in range(20))


def test_many_streams_at_once(writer: Server) -> None:
    accepted: list[bool] = []

    def send(first: int) -> None:
        with writer.client() as client:
            accepted.extend(answer.accepted for answer in client.ingest(case(first + n) for n in range(50)))

    threads = [threading.Thread(target=send, args=(1000 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accepted == [True] * 400
    with writer.client() as client:
        until(lambda: client.stats().case_count == 400)


def test_a_reader_sees_what_the_writer_takes_in_and_writes_nothing(index: Path, writer: Server) -> None:
    reader = Server(index, options=("--read-only",))
    with writer.client() as source, reader.client() as client:
        assert [summary.writable for summary in client.list_indexes()] == [False]
        list(source.ingest(case(number) for number in range(5)))
        until(lambda: client.list_indexes()[0].case_count == 5)
        for attempt in [lambda: list(client.ingest([case(9)])), lambda: client.delete(["case-1"])]:
            with pytest.raises(PrecedentError) as caught:
                attempt()
            assert caught.value.code == StatusCode.FAILED_PRECONDITION
            assert caught.value.reason == "INDEX_READ_ONLY"
    assert reader.stop() == 0
