"""Pages and ingests, one piece after the other, as they are asked for; both clients alike."""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from clients import either
from conftest import CASES, PATIENTS, Served, Server
from gateway import Gateway, failure
from grpc import StatusCode
from precedent_client import AbortedError, AsyncClient, Case, Client, Image, Query, Replacement

BIG = "clear lungs " * 8000
"""A report of 96 kB."""


@either
def test_pages_and_hits_are_all_there(served: Served, run: Any) -> None:
    whole = served.client.search(filter="age >= 0", limit=CASES, several_per_patient=True)
    options: dict[str, Any] = {"filter": "age >= 0", "several_per_patient": True}
    hits = run(lambda client: client.search_all(**options, page_size=25), served.server.address)
    assert hits == list(whole.hits)
    pages = run(lambda client: client.pages(**options, limit=CASES, page_size=25), served.server.address)
    assert [len(page) for page in pages] == [25, 25, 10]
    assert len(run(lambda client: client.search_all(Query(filter="age >= 0", limit=7)), served.server.address)) == 7
    assert len(run(lambda client: client.search_all(filter="age >= 0"), served.server.address)) == PATIENTS


def test_a_page_is_fetched_when_it_is_asked_for(gateway: Gateway) -> None:
    with Client(gateway.address) as client:
        hits = client.search_all(filter="age >= 0", page_size=5)
        assert gateway.methods() == []
        for fetched, count in [(1, 5), (2, 5)]:
            for _ in range(count):
                next(hits)
            assert len(gateway.received) == fetched


def test_a_page_is_fetched_in_a_loop_when_it_is_asked_for(gateway: Gateway) -> None:
    async def run() -> None:
        async with AsyncClient(gateway.address) as client:
            hits = client.search_all(filter="age >= 0", page_size=5)
            assert gateway.methods() == []
            for fetched, count in [(1, 5), (2, 5)]:
                for _ in range(count):
                    await anext(hits)
                assert len(gateway.received) == fetched

    asyncio.run(run())


@either
def test_a_generation_that_is_gone_ends_the_pages_with_an_error_of_its_own(gateway: Gateway, run: Any) -> None:
    gateway.failures = [failure(StatusCode.ABORTED, "GENERATION_GONE")]
    with pytest.raises(AbortedError) as caught:
        run(lambda client: client.pages(filter="age >= 0", page_size=5), gateway.address)
    assert caught.value.reason == "GENERATION_GONE"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_slip_in_a_call_is_named_before_anything_is_sent(kind: Any) -> None:
    client = kind("127.0.0.1:1")
    for call, part in [
        (lambda: client.pages(txt="SECRET"), "no option 'txt'; did you mean 'text'"),
        (lambda: client.search_all("SECRET"), "give words as text="),
        (lambda: client.pages([[1.0]], embeddings=[[1.0]]), "given twice"),
        (lambda: client.ingest(Case("SECRET")), "one Case"),
    ]:
        with pytest.raises(TypeError, match=part) as caught:
            call()
        assert "SECRET" not in str(caught.value)


@either
def test_one_id_is_not_taken_for_its_letters(served: Served, run: Any) -> None:
    with pytest.raises(TypeError, match="list of ids"):
        run(lambda client: client.delete("case-001"), served.server.address)


@either
def test_outcomes_come_in_order_and_rejections_do_not_end_the_stream(writer: Server, run: Any) -> None:
    cases = [Case(f"case-{n}", report="clear lungs") if n % 7 else Case(f"empty-{n}") for n in range(300)]
    outcomes = run(lambda client: client.ingest(iter(cases), replacement=Replacement.WITHOUT), writer.address)
    assert [one.position for one in outcomes] == list(range(300))
    assert [one.case_id for one in outcomes] == [case.case_id for case in cases]
    assert [one.accepted for one in outcomes] == [n % 7 != 0 for n in range(300)]


def test_no_case_is_taken_that_nobody_waits_for(writer: Server) -> None:
    taken = itertools.count()
    last = 0

    def endless() -> Iterator[Case]:
        nonlocal last
        for last in taken:
            yield Case(f"case-{last}", report=BIG)

    with writer.client() as client:
        outcomes = client.ingest(endless())
        assert last == 0
        for number in range(20):
            assert next(outcomes).position == number
        settled = settle(lambda: last)
        assert settled < 1500, "cases are taken although no outcome is fetched"
        # Once outcomes are fetched again, it goes on.
        for number in range(20, settled + 20):
            assert next(outcomes).position == number
        assert last > settled
        outcomes.close()  # type: ignore[attr-defined]


def settle(count: Any) -> int:
    """The count once it stands still for a second."""
    before, pause = -1, threading.Event()
    while count() != before:
        before = count()
        pause.wait(1)
    return int(before)


def test_no_case_is_taken_in_a_loop_that_nobody_waits_for(writer: Server) -> None:
    last = 0

    async def endless() -> AsyncIterator[Case]:
        nonlocal last
        for last in itertools.count():
            yield Case(f"case-{last}", report=BIG)

    async def run() -> None:
        async with AsyncClient(writer.address) as client:
            outcomes = client.ingest(endless())
            for number in range(20):
                assert (await anext(outcomes)).position == number
            before = -1
            while last != before:
                before = last
                await asyncio.sleep(1)
            assert before < 1500, "cases are taken although no outcome is fetched"
            for number in range(20, before + 20):
                assert (await anext(outcomes)).position == number
            assert last > before
            await outcomes.aclose()  # type: ignore[attr-defined]

    asyncio.run(run())


def test_each_outcome_comes_while_the_stream_stays_open_in_a_loop(writer: Server) -> None:
    async def run() -> None:
        waiting: asyncio.Queue[Case | None] = asyncio.Queue()

        async def cases() -> AsyncIterator[Case]:
            while (case := await waiting.get()) is not None:
                yield case

        async with AsyncClient(writer.address) as client:
            outcomes = client.ingest(cases())
            for number in range(3):
                waiting.put_nowait(Case(f"case-{number}", report="clear lungs"))
                assert (await anext(outcomes)).accepted
            waiting.put_nowait(None)
            assert [one async for one in outcomes] == []

    asyncio.run(run())


@either
def test_an_error_of_the_callers_iterable_comes_after_the_outcomes_before_it(
    writer: Server, run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes: list[Any] = []

    def cases() -> Iterator[Case]:
        yield Case("first", report="clear lungs")
        raise KeyError("SECRET of the caller's own")

    def kept(stream: Iterator[Any]) -> Iterator[Any]:
        for outcome in stream:
            outcomes.append(outcome)
            yield outcome

    async def kept_in_loop(stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for outcome in stream:
            outcomes.append(outcome)
            yield outcome

    def ask(client: Any) -> Any:
        stream = client.ingest(cases())
        return kept(stream) if isinstance(client, Client) else kept_in_loop(stream)

    with caplog.at_level(logging.DEBUG), pytest.raises(KeyError, match="own"):
        run(ask, writer.address)
    assert [one.case_id for one in outcomes] == ["first"] and outcomes[0].accepted
    assert "SECRET" not in caplog.text


@either
def test_a_file_that_is_not_there_ends_the_ingest_by_name(writer: Server, run: Any, tmp_path: Path) -> None:
    missing = tmp_path / "missing.dcm"
    with pytest.raises(FileNotFoundError, match="missing.dcm"):
        run(lambda client: client.ingest([Case("a", images=[Image(content=missing)])]), writer.address)


def test_many_tasks_share_a_client(served: Served) -> None:
    async def run() -> list[int]:
        async with AsyncClient(served.server.address) as client:
            asked = (client.search(text=word, limit=3) for word in ["effusion", "heart", "lungs"] * 10)
            return [len(result) for result in await asyncio.gather(*asked)]

    assert asyncio.run(run()) == [3] * 30


def test_a_cancelled_task_ends_its_call(served: Served) -> None:
    async def run() -> None:
        async with AsyncClient(served.server.address) as client:
            batch = [Query(text="effusion heart", limit=100, exact=True)] * 1000
            task = asyncio.create_task(client.batch_search(batch))
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await client.search(text="heart")

    asyncio.run(run())


