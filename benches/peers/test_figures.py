"""Figures and goals: what is counted, interpolated and judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from figures import front, over_rounds, point, recall, setting_near, speed_at
from goals import judged


def curve(*points: tuple[float, float], family: str = "") -> list[dict[str, Any]]:
    return [{"param": f"{at}{family}", "recall": recall, "qps": qps} for at, (recall, qps) in enumerate(points)]


def test_recall_counts_rows_that_exist() -> None:
    truth = np.array([[*range(10), 99], [1, 2, *[-1] * 9]])
    assert recall([[*range(5), *[-1] * 5], [2, 1, *[-1] * 8]], truth) == pytest.approx(7 / 12)
    assert recall([[*range(10)]], truth) == 1
    assert recall([[-1] * 10], np.full((1, 10), -1)) == 1
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


def run(name: str, **engines: dict[str, Any]) -> dict[str, Any]:
    """A run with hnswlib at 100 queries a second, 1,000 bytes and 10 CPU seconds."""
    filters = {str(track): curve((0.99, 100)) for track in range(5)}
    hnswlib = {"ours": False, "label": "hnswlib", "curve": curve((0.999, 100)), "filters": filters}
    hnswlib |= {"bytes": {"anonymous": 900, "mapped": 100}, "build": {"cpu_s": 10.0}}
    ours = {f"precedent-{layout}": {"ours": True, "label": layout, **result} for layout, result in engines.items()}
    return {"set": name, "engines": {"hnswlib": hnswlib, **ours}}


def verdicts(told: dict[str, Any]) -> dict[str, str]:
    return {one.what: one.verdict for one in judged(told)}


def test_goals_of_the_small_set() -> None:
    fast = {
        "curve": curve((0.95, 700), (0.99, 890)),
        "bytes": {"anonymous": 1_500, "mapped": 500},
        "build": {"cpu_s": 5.1},
        "filters": {"0": curve((0.95, 200)), "1": curve((0.95, 199)), "2": curve((0.94, 900))},
    }
    told = verdicts(run("clustered-100k-512", fast=fast))
    assert told == {
        "queries/s at 0.95": "reached",
        "queries/s at 0.99": "not reached",
        "bytes in memory": "reached",
        "CPU seconds of the build": "not reached",
        "queries/s at 0.95, filter 50 %": "reached",
        "queries/s at 0.95, filter 10 %": "not reached",
        "queries/s at 0.95, filter 1 %": "not reached",
        "queries/s at 0.95, filter 0.1 %": "not measured",
        "queries/s at 0.95, filter 10 %, with the clusters": "not measured",
    }


def test_goals_of_other_sets() -> None:
    told = run("clustered-1m-512", fast={"curve": curve((0.95, 101), (0.98, 100))}, compact={})
    assert [one.verdict for one in judged(told)] == ["reached", "not reached", "not measured", "not measured"]
    assert [one.figure for one in judged(told)] == ["1.01x", "recall not reached", "", ""]


def test_nothing_is_claimed_without_the_reference() -> None:
    told = run("clustered-100k-512", fast={"curve": curve((0.999, 700))})
    del told["engines"]["hnswlib"]
    assert {one.verdict for one in judged(told)} == {"not measured"}


def test_a_layout_held_to_a_limit_is_judged_by_what_it_did_within() -> None:
    compact = {"curve": curve((0.95, 700), (0.99, 700)), "limited": {"bytes": 500, "curve": curve((0.95, 299), (0.99, 251))}}
    told = verdicts(run("clustered-100k-512", compact=compact))
    assert told["queries/s at 0.95, memory limited to 0.5x hnswlib's"] == "not reached"
    assert told["queries/s at 0.99, memory limited to 0.5x hnswlib's"] == "reached"
    del compact["limited"]
    told = verdicts(run("clustered-100k-512", compact=compact))
    assert told["queries/s at 0.95, memory limited to 0.5x hnswlib's"] == "not measured"
