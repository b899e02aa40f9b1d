"""What a search takes beside others that are long, many, or never end.

    python benches/service/fairness.py [--program PROGRAM] [--n 100000] [--write docs/figures/service.md]

One client asks for ten hits by embedding, fifty times a second; its times are those of a radiologist's workstation. Beside it, in
processes of their own, others ask for whole rankings, send batches, ingest, or hold connections open on which they say next to
nothing. The goal is a p99 of at most twice that of quiet.

Who disturbs takes processor time of the same machine to unpack its answers, which would count against the service. So the same
others are also measured while they ask nothing: they unpack one answer again and again, and sleep as long as the service took
for it. What is beyond that is the service's.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import paths  # noqa: F401  First: it says where the others are.
import machine
import numpy as np
from cases import Cases, generated
from precedent import ENCODER, TARGET_RECALL, Precedent
from precedent_client import Case, CaseDetail, Client, Embedding, Image, Query, _calls
from precedent_client.errors import ResourceExhaustedError
from report import number, put, table

DIM = 128
GOAL = 2.0
EVERY_SECONDS = 0.02
LONG_LIMIT = 1000
BATCH = 100
SILENT = 200
START_SECONDS = 2.0
INGESTED = 200
MARKS = ("<!-- service-fairness:begin -->", "<!-- service-fairness:end -->")

UNPACK_TRIES = 5

Disturb = Callable[[str, Event, np.ndarray], None]


def query(vector: np.ndarray, **options: object) -> Query:
    embedding = Embedding(values=vector.tolist(), encoder_id=ENCODER)
    return Query(embeddings=[embedding], detail=CaseDetail.CASE_ID, **options)


def repeat(address: str, over: Event, vectors: np.ndarray, ask: Callable[[Client, int], object]) -> None:
    """Asks again and again until it is over. A refusal for want of room is an answer, too."""
    with Client(address, index="bench", retry=None) as client:
        at = 0
        while not over.is_set():
            at = (at + 1) % len(vectors)
            try:
                ask(client, at)
            except ResourceExhaustedError:
                time.sleep(0.05)


def whole_ranking(vectors: np.ndarray, at: int) -> _calls.Call[Any]:
    return _calls.search(query(vectors[at], exact=True, limit=LONG_LIMIT), "bench", None, "")


def batch(vectors: np.ndarray, at: int) -> _calls.Call[Any]:
    asked = np.roll(vectors, -at, axis=0)[:BATCH]
    return _calls.batch_search([query(vector, target_recall=TARGET_RECALL) for vector in asked], "bench")


def whole_rankings(address: str, over: Event, vectors: np.ndarray) -> None:
    repeat(address, over, vectors, lambda client, at: client._call(whole_ranking(vectors, at), None))


def batches(address: str, over: Event, vectors: np.ndarray) -> None:
    repeat(address, over, vectors, lambda client, at: client._call(batch(vectors, at), None))


def unpack(address: str, over: Event, vectors: np.ndarray, make: Callable[[np.ndarray, int], _calls.Call[Any]]) -> None:
    """What a client does that asks again and again, without a question: the service's part is slept through."""
    with Client(address, index="bench", retry=None) as client:
        took, call = [], make(vectors, 0)
        for _ in range(UNPACK_TRIES):
            began = time.monotonic()
            answer = call.method(client._stubs)(call.request())
            took.append(time.monotonic() - began)
    packed = answer.SerializeToString()
    at = 0
    while not over.is_set():
        at = (at + 1) % len(vectors)
        make(vectors, at).request().SerializeToString()
        time.sleep(min(took))
        call.answer(type(answer).FromString(packed))


def unpack_rankings(address: str, over: Event, vectors: np.ndarray) -> None:
    unpack(address, over, vectors, whole_ranking)


def unpack_batches(address: str, over: Event, vectors: np.ndarray) -> None:
    unpack(address, over, vectors, batch)


def ingests(address: str, over: Event, vectors: np.ndarray) -> None:
    started = time.time_ns()

    def cases(at: int) -> Iterator[Case]:
        for place in range(INGESTED):
            vector = vectors[(at + place) % len(vectors)].tolist()
            yield Case(
                case_id=f"new-{started}-{at}-{place}",
                images=[Image(name="image", embedding=Embedding(values=vector, encoder_id=ENCODER))],
            )

    def ask(client: Client, at: int) -> object:
        taken = list(client.ingest(cases(at)))
        time.sleep(0.1)
        return taken

    repeat(address, over, vectors, ask)


def silence(address: str, over: Event, _: np.ndarray) -> None:
    """Connections on which a byte comes now and then."""
    host, port = address.rsplit(":", 1)
    greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    held: list[socket.socket] = []
    said = 0
    while not over.is_set():
        while len(held) < SILENT:
            try:
                held.append(socket.create_connection((host, int(port)), timeout=1))
            except OSError:
                break
        for one in list(held):
            try:
                one.send(greeting[said % len(greeting) :][:1])
            except OSError:  # The server cut it off, as it should.
                held.remove(one)
                one.close()
        said += 1
        time.sleep(0.5)


SITUATIONS: Sequence[tuple[str, Disturb | None, int]] = [
    ("quiet", None, 0),
    (f"2 who want exact rankings of {LONG_LIMIT:,}", whole_rankings, 2),
    ("2 who unpack such rankings and ask nothing", unpack_rankings, 2),
    (f"2 who send batches of {BATCH}", batches, 2),
    ("2 who unpack such batches and ask nothing", unpack_batches, 2),
    (f"1 who ingests {INGESTED} cases ten times a second", ingests, 1),
    (f"{SILENT} connections that drip", silence, 1),
]
WITHOUT_SERVICE = {name for name, disturb, _ in SITUATIONS if disturb in (None, unpack_rankings, unpack_batches)}


@contextmanager
def disturbed(disturb: Disturb | None, count: int, address: str, vectors: np.ndarray) -> Iterator[None]:
    # New processes: one that is forked has the descriptors of this one's channel.
    fresh = multiprocessing.get_context("spawn")
    over = fresh.Event()
    others = [fresh.Process(target=disturb, args=(address, over, vectors)) for _ in range(count if disturb else 0)]
    for other in others:
        other.start()
    try:
        if others:
            time.sleep(START_SECONDS)
        yield
        dead = [other.exitcode for other in others if not other.is_alive()]
        if dead:
            raise RuntimeError(f"a disturber ended before the measurement did, with {dead}")
    finally:
        over.set()
        for other in others:
            other.join(10)
            other.kill()


def times(client: Client, vectors: np.ndarray, seconds: float) -> list[float]:
    """Milliseconds of searches that begin at equal distances, from when each was due: one that waits for the one before counts so."""
    found, began = [], time.monotonic()
    for turn in range(int(seconds / EVERY_SECONDS)):
        due = began + turn * EVERY_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))
        client.search(query(vectors[turn % len(vectors)], target_recall=TARGET_RECALL))
        found.append((time.monotonic() - due) * 1e3)
    return found


def measured(service: Precedent, cases: Cases, rounds: int, seconds: float) -> list[tuple[str, float, float]]:
    """Of each situation the medians over the rounds of p50 and p99."""
    percentiles: dict[str, list[np.ndarray]] = {}
    for turn in range(1, rounds + 1):
        print(f"round {turn} of {rounds}", flush=True)
        for name, disturb, count in SITUATIONS:
            with disturbed(disturb, count, service.address, cases.asked):
                found = times(service.client, cases.asked, seconds)
            percentiles.setdefault(name, []).append(np.percentile(found, [50, 99]))
    return [(name, *(statistics.median(column) for column in zip(*rows))) for name, rows in percentiles.items()]


def markdown(rows: Sequence[tuple[str, float, float]], count: int, facts: dict[str, object]) -> str:
    quiet = rows[0][2]
    lines = [
        [name, number(p50, 2), number(p99, 2), number(p99 / quiet, 2), "" if name in WITHOUT_SERVICE else verdict(p99 / quiet)]
        for name, p50, p99 in rows
    ]
    head = (
        f"{datetime.now().date().isoformat()}, {facts['processor']}, {facts['cores']} cores, load average {facts['load_average']} before. "
        f"{count:,} cases, {DIM} numbers each; one client asks for ten hits {1 / EVERY_SECONDS:.0f} times a second, beside others on the same machine."
    )
    return head + "\n\n" + table(["beside", "p50 ms", "p99 ms", "x quiet", f"at most {GOAL:g}"], lines)


def verdict(share: float) -> str:
    return "reached" if share <= GOAL else "not reached"


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=paths.ROOT / "target" / "release" / "precedent")
    parser.add_argument("--n", type=int, default=100_000, help="cases")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each situation in a round")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the marks of a file")
    told = parser.parse_args(given)
    cases = generated(told.n, DIM)
    facts = machine.described(max(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as folder:
        service = Precedent(told.program, Path(folder) / "precedent", read_only=False)
        service.ingest(cases)
        with service:
            text = markdown(measured(service, cases, told.rounds, told.seconds), told.n, facts)
    print(text)
    if told.write:
        put(text, told.write, *MARKS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
