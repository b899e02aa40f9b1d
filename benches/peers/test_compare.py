"""The whole comparison with a small engine in the place of ours, and numpy as the only peer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import compare
import measure
import numpy as np
import pytest
import report
from dataset import generate
from engines import catalogue
from measure import PROBE_QUERIES, Plan, Question, affordable, rotated
from protocol import Engine, EngineError, Serving, build

FAKE = Path(__file__).with_name("fake_engine.py")
CORE = str(max(compare.os.sched_getaffinity(0)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with small vectors and the engine as a program."""
    work = tmp_path_factory.mktemp("work")
    generate(work / "data", 400, 16, queries=60)
    program = work / "vector-engine"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE} "$@"\n')
    program.chmod(0o755)
    return work


def compared(place: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Runs the comparison; the exit code and the latest result."""
    given = ["--work", place, "--data", place / "data", "--name", "small", "--program", place / "vector-engine"]
    limits = ["--core", CORE, "--rounds", "2", "--queries", "40"]
    code = compare.main([*map(str, given), *limits, *more])
    return code, report.runs_in([place / "results"])[0]


def test_from_vectors_to_tables(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, run = compared(place, "--only", "precedent-fast,precedent-compact,exact")
    assert code == 0
    ours, exact = run["engines"]["precedent-fast"], run["engines"]["exact"]
    assert [(one["param"], one["queries"]) for one in ours["curve"]] == [("half", 40), ("all", 40)]
    assert ours["curve"][0]["recall"] < 0.9 and ours["curve"][1]["recall"] == 1
    assert len(ours["curve"][0]["qps_rounds"]) == 2
    assert ours["bytes"] == {"anonymous": 4_000, "mapped": 0}
    # Asked for one neighbour, too; the engine has no settings for 100.
    assert [(k, curve[0]["recall"]) for k, curve in ours["curves"].items()] == [("1", 1)]
    assert (ours["open_s"], ours["build"]["cpu_s"], ours["build"]["file_bytes"]) == (0.5, 1.5, 100)
    assert "curve" not in exact
    for track in "012345":
        assert ours["filters"][track][0]["recall"] == exact["filters"][track][0]["recall"] == 1
    told = capsys.readouterr().out
    assert "| **Precedent, fast** |" in told
    assert "| QPS (x hnswlib) for | 1 neighbour, at 0.95 | 1 neighbour, at 0.99 |" in told


def test_what_is_built_is_not_built_again(place: Path) -> None:
    only = ["--only", "precedent-fast", "--part", "filters"]
    compared(place, *only)
    builds = (place / "small" / "index" / "builds").read_text().splitlines()
    _, run = compared(place, *only)
    assert (place / "small" / "index" / "builds").read_text().splitlines() == builds
    assert "curve" not in run["engines"]["precedent-fast"]
    compared(place, *only, "--rebuild", "precedent-fast")
    assert len((place / "small" / "index" / "builds").read_text().splitlines()) == len(builds) + 1


def test_an_engine_that_fails_leaves_the_others(place: Path) -> None:
    code, run = compared(place, "--only", "precedent-broken,exact", "--layouts", "broken")
    assert code == 1
    assert "this layout is broken" in run["engines"]["precedent-broken"]["failed"]
    assert run["engines"]["exact"]["filters"]
    assert "Not measured: Precedent, broken: build ended with 1: this layout is broken" in report.markdown([run])


def test_an_instruction_set_is_served_on_the_same_index(place: Path) -> None:
    only = ["--only", "precedent-fast", "--part", "search", "--counts", "10"]
    compared(place, *only)
    builds = (place / "small" / "index" / "builds").read_text()
    _, run = compared(place, *only, "--instruction-sets", "avx2,portable")
    assert list(run["engines"]) == ["precedent-fast", "precedent-fast@avx2", "precedent-fast@portable"]
    assert (place / "small" / "index" / "builds").read_text() == builds
    curves = [result["curve"] for result in run["engines"].values()]
    assert [curve[1]["recall"] for curve in curves] == [1, 1, 1]
    # The fake tells by another first setting which it was asked for.
    assert [curve[0]["param"] for curve in curves] == ["half", "half-avx2", "half-portable"]


def test_unknown_names_are_refused(place: Path) -> None:
    with pytest.raises(SystemExit, match="no engine nonsense"):
        compared(place, "--only", "nonsense")


def test_what_is_not_installed_is_missing_and_not_fatal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engines.importable", lambda module: False)
    found, missing = catalogue(tmp_path / "vector-engine", ["fast"], tmp_path)
    assert list(found) == ["exact"]
    assert missing["precedent-fast"] == "vector-engine is not built"
    assert missing["faiss-hnsw"] == "faiss-cpu is not installed"


def test_an_engine_may_answer_with_an_error_or_die(place: Path, tmp_path: Path) -> None:
    program = tmp_path / "engine.py"
    program.write_text(
        "import json, sys\nprint(json.dumps({'open_s': 0, 'params': ['1']}), flush=True)\ninput()\n"
        "print(json.dumps({'error': 'no such setting'}), flush=True)\ninput()\nsys.exit('gone')\n"
    )
    engine = Engine("one", "one", [sys.executable, str(program)], tmp_path)
    with Serving(engine, place / "data", int(CORE), tmp_path / "log") as serving:
        with pytest.raises(EngineError, match="no such setting"):
            serving.ask("measure", "2", 1)
        with pytest.raises(EngineError, match="ended early: gone"):
            serving.ask("measure", "1", 1)
    silent = Engine("two", "two", [sys.executable, "-c", "pass"], tmp_path)
    with pytest.raises(EngineError, match="build ended with 0"):
        build(silent, place / "data", [int(CORE)])


class Slow:
    """Ten milliseconds a query."""

    def ask(self, *words: object) -> dict[str, Any]:
        assert words == ("fmeasure", "8", PROBE_QUERIES, 3)
        return {"ns": [10_000_000] * PROBE_QUERIES}


def test_slow_settings_rest_on_fewer_queries() -> None:
    plan = Plan(rounds=1, queries=500, cap_seconds=1, core=0)
    assert affordable(Slow(), Question(track=3), "8", plan) == 100  # type: ignore[arg-type]


def test_the_order_rotates() -> None:
    assert [rotated(["a", "b", "c"], by) for by in range(4)] == [[*"abc"], [*"bca"], [*"cab"], [*"abc"]]
    assert rotated([], 3) == []


def test_filters_keep_what_they_claim(tmp_path: Path) -> None:
    generate(tmp_path, 5_000, 8, queries=16)
    assert measure.matches(tmp_path) == pytest.approx([0.5, 0.1, 0.01, 0.001, 0.1, 0.1], rel=0.9)
    assert measure.matches(tmp_path)[:5] == pytest.approx([0.5, 0.1, 0.01, 0.001, 0.1], rel=0.3)
    assert np.load(tmp_path / "fval.npy")[:, :5].max() < 8


def test_tables_go_between_the_marks(tmp_path: Path, place: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n")
    with pytest.raises(SystemExit, match="needs one <!-- peers:begin -->"):
        report.main([str(place / "results"), "--write", str(readme)])
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    for _ in range(2):
        report.main([str(place / "results"), "--write", str(readme)])
    text = readme.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\n\n### small\n") and text.endswith(f"\n\n{report.END}\nafter\n")
    assert "old" not in text
    with pytest.raises(SystemExit, match="is not there"):
        report.main([str(tmp_path / "none")])


def test_the_chart_is_the_same_each_time(tmp_path: Path, place: Path) -> None:
    pytest.importorskip("matplotlib")
    run = report.runs_in([place / "results"])[0]
    curve = [{"param": "1", "recall": 0.85, "qps": 900.0}, {"param": "2", "recall": 0.99, "qps": 100.0}]
    run["engines"] = {"precedent-fast": {"label": "Precedent, fast", "ours": True, "curve": curve}}
    charts = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for path in charts:
        assert compare.chart.draw(run, path)
    assert charts[0].read_text() == charts[1].read_text()
    assert "Precedent, fast" in charts[0].read_text()
