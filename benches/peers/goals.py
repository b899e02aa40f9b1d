"""What was aimed for, and how far a run got."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dataset import TRACKS
from figures import speed_at

REFERENCE = "hnswlib"
FILTER_RECALL = 0.95

# Ratios to hnswlib in the same run, on the set of 100,000 x 512.
SMALL_SET = "clustered-100k-512"
SPEED = {"fast": {0.95: 7.0, 0.99: 9.0}, "compact": {0.95: 3.0, 0.99: 2.5}}
BYTES = {"fast": 2.0, "compact": 0.5}
# The share of hnswlib's bytes that an engine is held to by a limit on its memory, with the goals of its layout for speed.
LIMITED = {"precedent-compact": 0.5}
BUILD = 0.5
# Ratio to the best peer of each filter, on the same set.
FILTER = 2.0
# On other sets: ahead of every peer at these.
AHEAD_AT = [0.95, 0.99]


@dataclass(frozen=True)
class Judgement:
    """A goal, its figure in a run, and whether it is reached; `None` where the run does not tell."""

    engine: str
    what: str
    goal: str
    figure: str
    reached: bool | None

    @property
    def verdict(self) -> str:
        return {True: "reached", False: "not reached", None: "not measured"}[self.reached]


def search_speed(result: dict[str, Any], recall: float) -> float | None:
    """Queries per second without a filter."""
    return speed_at(result.get("curve", []), recall)


def filter_speed(result: dict[str, Any], track: int) -> float | None:
    """Queries per second with a filter."""
    return speed_at(result.get("filters", {}).get(str(track), []), FILTER_RECALL)


def memory(result: dict[str, Any]) -> float | None:
    """Bytes in memory, of both kinds."""
    return sum(result["bytes"].values()) if "bytes" in result else None


def build_cpu(result: dict[str, Any]) -> float | None:
    return result.get("build", {}).get("cpu_s")


def ratio(ours: float | None, theirs: float | None) -> float | None:
    return ours / theirs if ours is not None and theirs else None


def best(speeds: Iterator[float | None]) -> float | None:
    return max((speed for speed in speeds if speed is not None), default=None)


def peers(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [result for result in run["engines"].values() if not result["ours"]]


def at_least(engine: str, what: str, goal: float, figure: float | None, measured: bool, unit: str) -> Judgement:
    """A goal for a speed. An engine whose recall ends below was measured and did not reach it."""
    told = "recall not reached" if measured and figure is None else "" if figure is None else f"{figure:.2f}x"
    wanted = f"ahead of {unit}" if goal == 1 else f"{goal:g}x {unit}"
    reached = (figure > 1 if goal == 1 else figure >= goal) if figure is not None else (False if measured else None)
    return Judgement(engine, what, wanted, told, reached)


def at_most(engine: str, what: str, goal: float, figure: float | None) -> Judgement:
    """A goal for a cost."""
    told = "" if figure is None else f"{figure:.2f}x"
    return Judgement(engine, what, f"at most {goal:g}x {REFERENCE}", told, None if figure is None else figure <= goal)


def judged(run: dict[str, Any]) -> list[Judgement]:
    """Every goal of the run's set, for each of our layouts in it."""
    found: list[Judgement] = []
    for name, result in run["engines"].items():
        if result["ours"]:
            layout = name.rpartition("-")[2]
            found += small_set(run, layout, result) if run["set"] == SMALL_SET else other_set(run, result)
    return found


def small_set(run: dict[str, Any], layout: str, result: dict[str, Any]) -> Iterator[Judgement]:
    """The goals that are ratios to hnswlib, and those of filters."""
    label, reference = result["label"], run["engines"].get(REFERENCE, {})
    for recall, goal in SPEED.get(layout, {}).items():
        theirs = search_speed(reference, recall)
        figure = ratio(search_speed(result, recall), theirs)
        yield at_least(label, f"queries/s at {recall}", goal, figure, bool(theirs and result.get("curve")), REFERENCE)
    if layout in BYTES:
        yield at_most(label, "bytes in memory", BYTES[layout], ratio(memory(result), memory(reference)))
    if share := LIMITED.get(f"precedent-{layout}"):
        for recall, goal in SPEED.get(layout, {}).items():
            theirs, curve = search_speed(reference, recall), result.get("limited", {}).get("curve", [])
            what = f"queries/s at {recall}, memory limited to {share:g}x hnswlib's"
            yield at_least(label, what, goal, ratio(speed_at(curve, recall), theirs), bool(theirs and curve), REFERENCE)
    yield at_most(label, "CPU seconds of the build", BUILD, ratio(build_cpu(result), build_cpu(reference)))
    for track, what in enumerate(TRACKS):
        theirs = best(filter_speed(peer, track) for peer in peers(run))
        figure = ratio(filter_speed(result, track), theirs)
        measured = bool(theirs and result.get("filters", {}).get(str(track)))
        yield at_least(label, f"queries/s at {FILTER_RECALL}, filter {what}", FILTER, figure, measured, "the best peer")


def other_set(run: dict[str, Any], result: dict[str, Any]) -> Iterator[Judgement]:
    """Ahead of every peer."""
    for recall in AHEAD_AT:
        theirs = best(search_speed(peer, recall) for peer in peers(run))
        figure = ratio(search_speed(result, recall), theirs)
        measured = bool(theirs and result.get("curve"))
        yield at_least(result["label"], f"queries/s at {recall}", 1, figure, measured, "every peer")
