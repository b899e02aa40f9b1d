"""Compares Precedent and OpenSearch as services: the same cases, the same questions, one client, one run.

    python benches/service/compare.py --keep DIR [--write docs/figures/service.md]
    python benches/service/compare.py --only precedent
    python benches/service/compare.py --growth

OpenSearch comes from its published packages and needs Java 17, mvn and unzip. Its server and its index are kept in DIR
and taken up again; Precedent's index is made anew by the program under test. Results go to benches/service/results.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import paths  # First: it says where the others are.
import machine
import tables
from cases import QUESTIONS, ROWS, Cases, Row, generated, judges, read
from opensearch import CANDIDATES, ENOUGH_RECALL, OpenSearch
from precedent import TARGET_RECALL, Precedent
from process import resident
from rounds import measured

GROWTH_ROWS = [row for row in ROWS if row.vector and not row.words and not row.reports and row.limit != 50]
GROWTH_DIM = 128
GROWTH_CASES = 100_000


def say(text: str) -> None:
    print(text, flush=True)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=paths.ROOT / "target" / "release" / "precedent")
    parser.add_argument("--vectors", type=Path, help="a .npy file; default: the sentences of the shared data")
    parser.add_argument("--n", type=int, help="take so many of the vectors; with --growth the smaller number of cases")
    parser.add_argument("--only", choices=["precedent", "opensearch"], help="measure one service")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep OpenSearch and its index there, or take them up")
    parser.add_argument("--java", default=default_java(), help="the Java that runs OpenSearch; default: that of JAVA_HOME")
    parser.add_argument("--growth", action="store_true", help="what ten times the archive costs Precedent")
    parser.add_argument("--dim", type=int, default=GROWTH_DIM, help="numbers of each vector that --growth generates")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=paths.HERE / "results", help="folder of the results")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables between the marks of a file")
    parser.add_argument("--from", dest="run", type=Path, metavar="RESULT", help="show a result in place of measuring")
    told = parser.parse_args(given)
    if told.growth and (told.only or told.vectors or told.keep):
        parser.error("--growth measures Precedent alone, on vectors of its own")
    return told


def default_java() -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else "java"


def compare(given: argparse.Namespace, work: Path, stack: ExitStack) -> dict[str, Any]:
    """Both services, or one, on the vectors of a file."""
    file = given.vectors or paths.SENTENCES
    try:
        cases = read(file, given.n)
    except (OSError, ValueError) as error:
        sys.exit(f"{error}; --vectors names a file, PRECEDENT_DATA the folder of the shared data")
    run = begun(given, "compare", [len(cases.base)], cases, f"{file.parent.name}/{file.name}")
    say(f"exact answers of {len(cases.base):,} cases")
    judging = judges(cases, ROWS)
    services: list[Any] = []
    if given.only != "opensearch":
        ours = Precedent(given.program, work / "precedent")
        services.append(ours)
        run["services"][ours.name] = {"ingest": ingested(ours, ours.ingest(cases)), "note": our_note()}
        stack.enter_context(ours)
    if given.only != "precedent":
        theirs = stack.enter_context(OpenSearch(given.keep or work / "opensearch", given.java, say))
        services.append(theirs)
        spent = ingested(theirs, theirs.ingest(cases, identity(cases)))
        curves = theirs.choose_widths(ROWS, judging)
        warm = theirs.warm_up(ROWS)
        run["services"][theirs.name] = {"ingest": spent, "note": their_note(theirs), "inner_k": curves, "warm_up_ms": warm}
    return finished(run, services, [judging] * len(services), ROWS, given.rounds)


def growth(given: argparse.Namespace, work: Path, stack: ExitStack) -> dict[str, Any]:
    """Precedent on so many cases, and on ten times as many."""
    few = given.n or GROWTH_CASES
    run = begun(given, "growth", [few, 10 * few], None, "the generator's")
    run["data"]["dim"] = given.dim
    services, judging = [], []
    for count in (few, 10 * few):
        service = Precedent(given.program, work / str(count))
        service.name = f"{count:,} cases"
        say(f"{service.name}: vectors and exact answers")
        cases = generated(count, given.dim)
        judging.append(judges(cases, GROWTH_ROWS))
        run["services"][service.name] = {"ingest": ingested(service, service.ingest(cases))}
        services.append(stack.enter_context(service))
    return finished(run, services, judging, GROWTH_ROWS, given.rounds)


def begun(given: argparse.Namespace, kind: str, counts: list[int], cases: Cases | None, source: str) -> dict[str, Any]:
    """A run of which nothing is measured yet."""
    return {
        "kind": kind,
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": machine.described(max(os.sched_getaffinity(0))),
        "data": {"n": counts, "dim": cases.base.shape[1] if cases else None, "source": source},
        "questions": QUESTIONS,
        "rounds": given.rounds,
        "services": {},
    }


def ingested(service: Any, spent: dict[str, Any]) -> dict[str, Any]:
    say(f"{service.name}: ingested in {spent['cpu_s']} CPU seconds, {spent['bytes'] / 1e6:.0f} MB")
    return spent


def finished(
    run: dict[str, Any], services: Sequence[Any], judging: Sequence[Any], rows: Sequence[Row], rounds: int
) -> dict[str, Any]:
    """The run with its figures."""
    run["rows"] = measured(list(zip(services, judging)), rows, QUESTIONS, rounds, say)
    for service in services:
        run["services"][service.name]["resident"] = resident(service.process)
    run["machine"]["load_average_after"] = round(os.getloadavg()[0], 2)
    return run


def identity(cases: Cases) -> dict[str, Any]:
    """What tells these cases from others."""
    digest = hashlib.sha256(cases.base.tobytes())
    digest.update("\n".join(cases.reports).encode())
    return {"n": len(cases.base), "dim": cases.base.shape[1], "sha256": digest.hexdigest()}


def our_note() -> str:
    return f"Precedent: one merged segment, target recall {TARGET_RECALL}, gRPC."


def their_note(service: OpenSearch) -> str:
    return (
        f"{service.version()}: one node, one shard, one merged segment, Lucene's HNSW with m 16, ef_construction 128 and cosine, JSON "
        f"over HTTP; inner k is the smallest tried at which recall is at least {ENOUGH_RECALL}. Vector and words: a hybrid query "
        f"of {CANDIDATES} candidates each, joined by reciprocal rank, with the inner k of 200 hits."
    )


def main(given: Sequence[str] | None = None) -> int:
    told = arguments(given)
    # So that servers are stopped, as they are on ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if told.run:
        run = json.loads(told.run.read_text())
    else:
        with tempfile.TemporaryDirectory(prefix="precedent-service-") as place, ExitStack() as stack:
            # The user of the OpenSearch server passes through.
            Path(place).chmod(0o711)
            run = (growth if told.growth else compare)(told, Path(place), stack)
        told.results.mkdir(parents=True, exist_ok=True)
        path = told.results / f"{datetime.now():%Y%m%d-%H%M%S}.json"
        path.write_text(json.dumps(run, indent=1) + "\n")
        say(f"written: {path}")
    text = tables.markdown(run)
    print("\n" + text)
    if told.write:
        tables.put(text, told.write, *tables.MARKS[run["kind"]])
        say(f"\nwritten: {told.write}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
