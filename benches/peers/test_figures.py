"""Figures and goals: what is counted, interpolated and judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from figures import front, over_rounds, point, recall, setting_near, speed_at
from goals import bounds, fallen_short, judged


def curve(*points: tuple[float, float], family: str = "") -> list[dict[str, Any]]:
    return [{"param": f"{at}{family}", "recall": recall, "qps": qps} for at, (recall, qps) in enumerate(points)]


def test_recall_counts_rows_that_exist() -> None:
    truth = np.array([[*range(10), 99], [1, 2, *[-1] * 9]])
    assert recall([[*range(5), *[-1] * 5], [2, 1, *[-1] * 8]], truth) == pytest.approx(7 / 12)
    assert recall([[*range(10)]], truth) == 1
    assert recall([[-1] * 10], np.full((1, 10), -1)) == 1
    assert recall([[1], [2]], np.array([[1, 2], [1, 2]]), 1) == 0.5
    assert recall([[2, 1], [3, 1]], np.array([[1, 2], [1, 2]]), 2) == 0.75
    # The eleventh is not among the ten, and -1 is no match of -1.
    assert recall([[99, *[-1] * 9], [-1] * 10], truth) == 0


def test_a_point_is_of_cpu_time() -> None:
    answer = {"ns": [1_000, 2_000, 3_000, 4_000], "cpu_s": 0.5, "ids": [[0] * 10] * 4}
    told = point(answer, np.full((4, 10), -1))
    assert (told["qps"], told["qps_wall"], told["p50_us"]) == (8, 400_000, 2.5)


def test_rounds_give_the_median() -> None:
    rounds = [{"recall": 0.9, "qps": qps, "p50_us": qps} for qps in (5.0, 1.0, 3.0)]
    assert over_rounds("7", 10, rounds) == {
        "param": "7", "queries": 10, "recall": 0.9, "qps": 3.0, "p50_us": 3.0, "qps_rounds": [5.0, 1.0, 3.0]
    }  # fmt: skip


def test_the_front_leaves_out_what_is_beaten() -> None:
    points = curve((0.8, 100), (0.9, 50), (0.85, 40), (0.9, 45), (0.95, 60))
    assert [(one["recall"], one["qps"]) for one in front(points)] == [(0.8, 100), (0.95, 60)]


def test_speed_is_interpolated_in_its_logarithm() -> None:
    points = curve((0.90, 100), (0.94, 1_000), (0.96, 10))
    assert speed_at(points, 0.95) == pytest.approx(100)
    assert speed_at(points, 0.5) == 1_000
    assert speed_at(points, 0.97) is None
    assert speed_at([], 0.9) is None
    assert setting_near(points, 0.95) == points[2]


def test_slow_ground_between_families_does_not_count() -> None:
    few = curve((0.90, 1_000), (0.96, 500), family=":few")
    many = curve((0.91, 600), (0.97, 400), family=":many")
    assert speed_at([*few, *many], 0.93) == speed_at(few, 0.93) == pytest.approx(1_000 * 0.5**0.5)
    assert speed_at([*few, *many], 0.965) == speed_at([few[1], many[1]], 0.965)
    near = setting_near([*few, *many], 0.905)
    assert near == few[1]


def run(units: Sequence[str] = ("avx512vnni", "avx2"), **engines: dict[str, Any]) -> dict[str, Any]:
    """A run with hnswlib at 1,000 bytes and 10 CPU seconds, and SymphonyQG at 100 and 80 queries a second."""
    filters = {str(track): curve((0.99, 100)) for track in range(6)}
    hnswlib = {"ours": False, "label": "hnswlib", "curve": curve((0.999, 20)), "filters": filters}
    hnswlib |= {"bytes": {"anonymous": 900, "mapped": 100}, "build": {"cpu_s": 10.0}}
    raw = {"ours": False, "label": "raw", "curve": curve((0.999, 80))}
    coded = {"ours": False, "label": "8 bits", "curve": curve((0.95, 100), (0.98, 90))}
    ours = {f"precedent-{name}": {"ours": True, "label": name, **result} for name, result in engines.items()}
    machine = {"instruction_sets": list(units)}
    return {"machine": machine, "engines": {"hnswlib": hnswlib, "symqg-raw": raw, "symqg-8bit": coded, **ours}}


def verdicts(told: dict[str, Any]) -> dict[str, str]:
    return {one.what: one.verdict for one in judged(told)}


def test_goals_of_the_fast_layout() -> None:
    fast = {
        "curve": curve((0.95, 150), (0.99, 119)),
        "bytes": {"anonymous": 700, "mapped": 500},
        "build": {"cpu_s": 3.1},
        "filters": {"0": curve((0.95, 200)), "1": curve((0.95, 199)), "2": curve((0.94, 900))},
        "limited": {"bytes": 1_200, "curve": curve((0.95, 150), (0.99, 119))},
    }
    assert verdicts(run(fast=fast)) == {
        "queries/s at 0.95": "reached",
        "queries/s at 0.99": "not reached",
        "bytes in memory": "reached",
        "queries/s at 0.95, memory limited to 1.2x hnswlib's": "reached",
        "queries/s at 0.99, memory limited to 1.2x hnswlib's": "not reached",
        "CPU seconds of the build": "not reached",
        "queries/s at 0.95, filter 50 %": "reached",
        "queries/s at 0.95, filter 10 %": "not reached",
        "queries/s at 0.95, filter 1 %": "not reached",
        "queries/s at 0.95, filter 0.1 %": "not measured",
        "queries/s at 0.95, filter 10 %, with the clusters": "not measured",
        "queries/s at 0.95, filter far from the query": "not measured",
    }


def test_goals_go_by_the_instruction_set() -> None:
    speeds = {"curve": curve((0.95, 111), (0.98, 100))}
    narrow = run(**{"fast@avx2": speeds, "fast@portable": speeds, "compact@avx2": speeds})
    told = [(one.engine, one.what, one.goal, one.figure, one.verdict) for one in judged(narrow)]
    assert told == [
        ("fast@avx2", "queries/s at 0.95", "1.1x the better SymphonyQG", "1.11x", "reached"),
        ("fast@avx2", "queries/s at 0.99", "1.1x the better SymphonyQG", "recall not reached", "not reached"),
    ]
    assert [one.goal for one in judged(run(fast=speeds))][:1] == ["1.5x the better SymphonyQG"]
    assert [one.goal for one in judged(run(("avx2",), fast=speeds))][:1] == ["1.1x the better SymphonyQG"]


def test_nothing_is_claimed_without_the_reference() -> None:
    told = run(fast={"curve": curve((0.999, 700))}, compact={"curve": curve((0.999, 700))})
    for name in ("hnswlib", "symqg-raw", "symqg-8bit"):
        del told["engines"][name]
    assert {one.verdict for one in judged(told)} == {"not measured"}


def test_a_layout_held_to_a_limit_is_judged_by_what_it_did_within() -> None:
    limited = {"bytes": 550, "curve": curve((0.95, 65), (0.99, 63))}
    compact = {"curve": curve((0.95, 700), (0.99, 700)), "limited": limited}
    told = verdicts(run(compact=compact))
    assert told["queries/s at 0.95"] == "reached"
    assert told["queries/s at 0.95, memory limited to 0.55x hnswlib's"] == "reached"
    assert told["queries/s at 0.99, memory limited to 0.55x hnswlib's"] == "not reached"
    del compact["limited"]
    told = verdicts(run(compact=compact))
    assert told["queries/s at 0.95, memory limited to 0.55x hnswlib's"] == "not measured"


def test_floors_of_the_quick_run() -> None:
    least = bounds("peers")["speed_ratio"].value
    points = [{"param": "0.95", "recall": 0.95, "qps": 100.0 * least}, {"param": "0.99", "recall": 0.98, "qps": 100.0 * least}]
    filters = {str(track): curve((0.96, 10), (0.99, 1)) for track in range(6)}
    sound = {"curve": points, "curves": {"1": points, "100": points}, "filters": filters}
    both = run(fast=sound, compact=sound)
    assert fallen_short(both) == []

    slow = [{"param": "0.95", "recall": 0.94, "qps": 19 * least}, {"param": "0.99", "recall": 0.979, "qps": 19 * least}]
    told = fallen_short(run(fast={**sound, "curve": slow}, compact={**sound, "filters": {**filters, "5": curve((0.9, 9))}}))
    assert told == [
        "precedent-fast, recall@10 below its target: 0.011, at most 0.01 wanted",
        f"precedent-fast, queries/s at 0.95 by those of hnswlib: {19 * least / 20:.3f}, at least {least:g} wanted",
        "precedent-compact, least recall under a filter: 0.900, at least 0.95 wanted",
    ]


def test_what_the_quick_run_did_not_measure_falls_short() -> None:
    none = run(fast={"curve": [{"param": "0.95", "recall": 0.96, "qps": 900.0}]})
    del none["engines"]["hnswlib"]
    assert [line.partition(": ")[0] for line in fallen_short(none)] == [
        "engines of ours",
        "precedent-fast, recall@1 below its target",
        "precedent-fast, recall@100 below its target",
        "precedent-fast, filters answered",
        "precedent-fast, least recall under a filter",
        "precedent-fast, queries/s at 0.95 by those of hnswlib",
    ]
