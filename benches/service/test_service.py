"""The comparison of services: cases and answers, what OpenSearch is asked, the goals; with the program, a small run."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cases
import compare
import numpy as np
import opensearch
import paths
import pytest
import rounds
import tables
from cases import FILTERS, ROWS, Row
from opensearch import OpenSearch

PROGRAM = Path(os.environ.get("PRECEDENT_BIN", paths.ROOT / "target" / "release" / "precedent"))
BY_NAME = {row.name: row for row in ROWS}


@pytest.fixture
def some() -> cases.Cases:
    vectors = np.random.default_rng(1).normal(size=(700, 16)).astype(np.float32)
    return cases.cases_of(vectors[:500], vectors[500:])


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenSearch:
    """OpenSearch that is laid out, with a Java that ends at once, and not as root."""
    java = tmp_path / "java"
    java.write_text('#!/bin/sh\ncase $1 in --list-modules | -version) ;; *) echo "no such heap" >&2; exit 1 ;; esac\n')
    java.chmod(0o755)
    (tmp_path / "kept" / "home").mkdir(parents=True)
    monkeypatch.setattr(opensearch.os, "getuid", lambda: 1_000)
    return OpenSearch(tmp_path / "kept", str(java), lambda text: None)


def test_reports_and_fields_are_those_of_a_fixed_seed(some: cases.Cases) -> None:
    draw = random.Random(1)
    for at, row in zip(range(20), some.rows()):
        findings = " ".join(draw.choices(cases.WORDS, k=12))
        assert row == {"case_id": str(at), "modality": ["CR", "DX", "CT", "MR"][at % 4], "age": at % 90, "findings": findings}
        assert [findings.split().count(word) for word in cases.WORDS] == some.counts[at].tolist()
    assert all(len(set(words)) == 3 for words in some.words)


def test_filters_keep_what_they_claim() -> None:
    rows = np.arange(9_000)
    assert [float(one.passes(rows).mean()) for one in FILTERS] == pytest.approx([0.75, 0.25, 0.1, 1 / 90])


def test_exact_answers_get_full_recall(some: cases.Cases) -> None:
    judging = cases.judges(some, ROWS)
    assert set(judging) == {row.name for row in ROWS if not (row.vector and row.words)}
    unit = [vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (some.asked, some.base)]
    scores, rows = unit[0] @ unit[1].T, np.arange(500)
    for row in (row for row in ROWS if row.vector and not row.words):
        kept = scores if row.filter is None else np.where(row.filter.passes(rows), scores, -9)
        nearest = np.argsort(-kept, axis=1)[:, : row.limit]
        if row.filter and row.filter.share == "1 %":
            nearest = nearest[:, : row.filter.passes(rows).sum()]
        assert judging[row.name](nearest.tolist()) == 1, row.name
        assert judging[row.name](nearest[:, : row.limit // 2].tolist()) <= 1
    assert judging["10 hits"](np.argsort(scores, axis=1)[:, :10].tolist()) == 0


def test_reports_that_score_alike_are_equally_right(some: cases.Cases) -> None:
    scores = cases.bm25(some)
    best = np.argsort(-scores, axis=1)[:, :10].tolist()
    assert cases.as_good(best, scores) == 1
    assert cases.as_good(np.argsort(scores, axis=1)[:, :10].tolist(), scores) == 0
    alike = np.array([[3.0, 2.0, 2.0, 1.0]])
    assert cases.as_good([[0, 2]], alike) == 1
    assert cases.as_good([[0, 3]], alike) == 0.5


def test_vectors_that_are_too_few_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.ones((399, 4), np.float16))
    with pytest.raises(ValueError, match="399 vectors are too few"):
        cases.read(tmp_path / "v.npy")
    with pytest.raises(SystemExit, match="PRECEDENT_DATA"):
        compare.main(["--vectors", str(tmp_path / "none.npy"), "--only", "precedent", "--results", str(tmp_path)])


def test_what_opensearch_is_asked(server: OpenSearch, some: cases.Cases) -> None:
    server.asked, server.words = opensearch.short(some.asked), some.words
    server.widths = {"10 hits, 10 % pass": 30}
    filtered = server.body(BY_NAME["10 hits, 10 % pass"], 3)
    assert filtered["size"] == 10 and filtered["_source"] is False
    knn = filtered["query"]["knn"]["vector"]
    assert (knn["k"], knn["filter"]) == (30, {"range": {"age": {"lt": 9}}})
    assert knn["vector"] == pytest.approx(some.asked[3].tolist(), abs=1e-7)
    both = server.body(BY_NAME["vector and three words, with reports"], 0)
    assert [list(query) for query in both["query"]["hybrid"]["queries"]] == [["knn"], ["match"]]
    assert "_source" not in both
    assert server.body(BY_NAME["three words"], 0)["query"] == {"match": {"findings": " ".join(some.words[0])}}


def test_the_smallest_inner_k_that_finds_enough_is_taken(server: OpenSearch, some: cases.Cases) -> None:
    server.asked = opensearch.short(some.asked)
    server.search = lambda row, at: list(range(server.widths[row.name]))  # type: ignore[method-assign]
    judging = {row.name: lambda ids: min(1.0, len(ids[0]) / 300) for row in ROWS}
    judging["10 hits, 1 % pass"] = lambda ids: 0.5
    seen = server.choose_widths(ROWS, judging)
    assert (server.widths["10 hits"], server.widths["200 hits"], server.widths["vector and three words"]) == (300, 300, 300)
    assert [one["k"] for one in seen["200 hits"]] == [200, 300]
    assert server.widths["10 hits, 1 % pass"] == 1_000
    assert "three words" not in server.widths


def test_warm_up_ends_when_time_stops_falling(server: OpenSearch) -> None:
    assert [opensearch.steady(spent) for spent in ([], [5, 5, 5], [5, 5, 5, 5], [5, 4.9, 4.8, 4.7], [5, 3, 4, 4])] == [
        False, False, True, False, False
    ]  # fmt: skip
    clock = iter([10.0, 5.0] + [3.0, 3.0, 3.0, 3.0] + [0.0])
    server.asked, server.search = [[]], lambda row, at: []  # type: ignore[method-assign]
    times = iter(np.repeat(np.cumsum([0, *clock]), 2)[1:].tolist())
    server.cpu_seconds = lambda: next(times)  # type: ignore[method-assign]
    assert server.warm_up(ROWS[:1]) == [10_000, 5_000, 3_000, 3_000, 3_000, 3_000]


def test_an_index_is_taken_up_again_only_for_the_same_cases(
    server: OpenSearch, some: cases.Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = {"/cases/_bulk": {"errors": False}, "/cases/_count": {"count": 500}}
    answers["/cases/_stats/store"] = {"_all": {"primaries": {"store": {"size_in_bytes": 7}}}}

    def ask(method: str, path: str, body: Any = None) -> Any:
        asked.append(f"{method} {path}")
        return answers.get(path, {})

    monkeypatch.setattr(opensearch, "NOTED_SECONDS", 0)
    server.ask, server.segments = ask, lambda: 1  # type: ignore[method-assign]
    server.cpu_seconds = lambda: 5.0  # type: ignore[method-assign]
    of = compare.identity(some)
    assert server.ingest(some, of)["bytes"] == 7
    assert asked.count("POST /cases/_bulk") == 1
    asked.clear()
    assert server.ingest(some, json.loads(json.dumps(of)))["cpu_s"] == 0
    assert asked == ["PUT /_search/pipeline/fused", "GET /cases/_stats/store"]
    server.ingest(some, {**of, "n": 1})
    assert "DELETE /cases?ignore_unavailable=true" in asked
    answers["/cases/_count"] = {"count": 499}
    with pytest.raises(RuntimeError, match="holds 499 cases in 1 segments"):
        server.ingest(some, of)
    assert not server.record.exists()


def test_a_server_that_does_not_start_is_told_of_and_gone(server: OpenSearch) -> None:
    with pytest.raises(RuntimeError, match="OpenSearch did not start: no such heap"):
        with server:
            pass
    assert server.server.poll() is not None
    with pytest.raises(SystemExit, match="needs Java 17"):
        OpenSearch(server.folder, "no-such-java", print)


class Counting:
    """A service whose processor time is 2 ms a search."""

    name, widths, process = "Precedent", {}, os.getpid()

    def __init__(self) -> None:
        self.asked: list[int] = []

    def cpu_seconds(self) -> float:
        return len(self.asked) * 0.002

    def search(self, row: Row, question: int) -> list[int]:
        self.asked.append(question)
        time.sleep(0.001)
        return [question] * row.limit


def test_rounds_count_the_time_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "TURN_SECONDS", 0.01)
    service = Counting()
    found = rounds.measured([(service, {"10 hits": lambda ids: 0.5})], [BY_NAME["10 hits"]], 4, 3, lambda text: None)
    figures = found[0]["services"]["Precedent"]
    assert (figures["cpu_ms"], figures["recall"], figures["hits"]) == (2.0, 0.5, 10)
    assert len(figures["cpu_ms_rounds"]) == 3
    assert len(service.asked) == 4 + figures["searches"] and figures["p50_ms"] >= 1


def figures(cpu_ms: float) -> dict[str, Any]:
    return {"cpu_ms": cpu_ms, "p50_ms": 1.0, "p99_ms": 2.0, "recall": 0.99, "inner_k": None}


def made(kind: str, rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    machine = {"processor": "P", "model": "1 2 3", "vector_units": ["avx2"], "cores": 2, "l3": "1 MiB", "memory_gb": 1}
    machine |= {"read_gb_s": 1, "load_average": 0, "load_average_after": 0}
    cost = {"ingest": {"cpu_s": 1, "wall_s": 1, "bytes": 1}, "resident": {"anonymous": 1, "mapped": 1}}
    run = {"kind": kind, "date": "2026-11-29T00:00:00", "machine": machine, "questions": 200, "rounds": 5}
    run |= {"data": {"n": [100], "dim": 4, "source": "made"}, "services": {name: cost for name in names}}
    return {**run, "rows": [{"goal_ms": None, **row} for row in rows]}


def test_goals_of_both_kinds() -> None:
    rows = [
        {"row": "a", "services": {"Precedent": figures(1.0), "OpenSearch": figures(3.0)}},
        {"row": "b", "goal_ms": 0.5, "services": {"Precedent": figures(1.0), "OpenSearch": figures(2.9)}},
    ]
    text = tables.markdown(made("compare", rows, ["Precedent", "OpenSearch"]))
    assert "| a | 1.00 | 1.00 | 2.00 | 0.990 | 3.00 | 1.00 | 2.00 | 0.990 |  | 0.33 | reached |" in text
    assert "| 0.34 | not reached |" in text
    assert "| b | at most 0.5 ms | 1.00 ms | not reached |" in text
    grown = [{"row": "a", "services": {"1 cases": figures(1.0), "10 cases": figures(2.0)}}]
    assert "| a | 1.00 | 2.00 | 0.990 | 0.990 | 2.00 | reached |" in tables.markdown(made("growth", grown, ["1 cases", "10 cases"]))


def test_a_result_is_shown_again_and_written_between_its_marks(tmp_path: Path) -> None:
    rows = [{"row": "a", "services": {"Precedent": figures(1.0)}}]
    (tmp_path / "run.json").write_text(json.dumps(made("compare", rows, ["Precedent"])))
    begin, end = tables.MARKS["compare"]
    page = tmp_path / "page.md"
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    assert compare.main(["--from", str(tmp_path / "run.json"), "--write", str(page)]) == 0
    text = page.read_text()
    assert text.startswith(f"before\n{begin}\n\n2026-11-29, P") and text.endswith(f"\n\n{end}\nafter\n") and "old" not in text


@pytest.mark.skipif(not PROGRAM.is_file(), reason="the program is not built")
def test_a_small_run_of_precedent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, some: cases.Cases) -> None:
    monkeypatch.setattr(rounds, "TURN_SECONDS", 0.01)
    np.save(tmp_path / "v.npy", np.vstack([some.base, some.asked]))
    common = ["--program", str(PROGRAM), "--rounds", "1", "--results", str(tmp_path / "results")]
    assert compare.main(["--only", "precedent", "--vectors", str(tmp_path / "v.npy"), *common]) == 0
    run = json.loads(next((tmp_path / "results").glob("*.json")).read_text())
    assert [row["row"] for row in run["rows"]] == [row.name for row in ROWS]
    found = {row["row"]: row["services"]["Precedent"] for row in run["rows"]}
    assert all(one["recall"] is None or one["recall"] > 0.95 for one in found.values())
    assert (found["200 hits"]["hits"], found["10 hits, 1 % pass"]["hits"], found["three words"]["hits"]) == (200, 6, 10)
    assert run["services"]["Precedent"]["ingest"]["bytes"] > 0


@pytest.mark.skipif(not PROGRAM.is_file(), reason="the program is not built")
def test_a_small_growth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(rounds, "TURN_SECONDS", 0.01)
    common = ["--program", str(PROGRAM), "--rounds", "1", "--results", str(tmp_path / "results")]
    assert compare.main(["--growth", "--n", "300", "--dim", "16", *common]) == 0
    assert "| search | 300 cases, CPU ms | 3,000 cases, CPU ms |" in capsys.readouterr().out
