"""What was aimed for, and how far a run got."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset import TRACKS
from figures import TOP, speed_at

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from floors import bounds  # noqa: E402

REFERENCE = "hnswlib"
SYMPHONY = ["symqg-raw", "symqg-8bit"]
FILTER_RECALL = 0.95
RECALLS = [0.95, 0.99]

# Ratios to the better SymphonyQG in the same run: of the layout as it is where that means AVX-512, and of it with AVX2.
WIDE_SET, NARROW_SET = "avx512vnni", "avx2"
FAST_WIDE, FAST_NARROW = 1.5, 1.1
# Ratio of `compact` to SymphonyQG with raw vectors.
COMPACT = 0.8
# Ratios to hnswlib in the same run.
BYTES = {"fast": 1.2, "compact": 0.55}
BUILD = {"fast": 0.3}
# The share of hnswlib's bytes that an engine is held to by a limit on its memory, with the goals of its layout for speed.
LIMITED = {"precedent-fast": 1.2, "precedent-compact": 0.55}
# What they are to reach under that limit: the ratio, and to which peers. Pages of files that are mapped count as in memory while there is room
# for them, so this says what an engine needs, and the bytes in memory what it takes.
LIMITED_GOALS = {
    "fast": (FAST_WIDE, SYMPHONY, "the better SymphonyQG"),
    "compact": (COMPACT, SYMPHONY[:1], "SymphonyQG with raw vectors"),
}
# Ratio to the best peer of each filter.
FILTER = 2.0

# The numbers of neighbours for which the quick run of CI holds recall to its floor.
FLOOR_COUNTS = [1, 10, 100]


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


def search_speed(result: dict[str, Any], recall: float, k: int = TOP) -> float | None:
    """Queries per second without a filter."""
    return speed_at(curve_of(result, k), recall)


def curve_of(result: dict[str, Any], k: int) -> list[dict[str, Any]]:
    """The curve without a filter for a number of neighbours."""
    return result.get("curve", []) if k == TOP else result.get("curves", {}).get(str(k), [])


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


def at_least(
    engine: str, what: str, goal: float, figures: tuple[float | None, float | None], measured: bool, unit: str
) -> Judgement:
    """A goal for a speed: ours and theirs. An engine whose recall ends below was measured and did not reach it."""
    ours, theirs = figures
    measured, figure = measured and theirs is not None, ratio(ours, theirs)
    told = "recall not reached" if measured and figure is None else "" if figure is None else f"{figure:.2f}x"
    return Judgement(engine, what, f"{goal:g}x {unit}", told, None if not measured else figure is not None and figure >= goal)


def at_most(engine: str, what: str, goal: float, figure: float | None) -> Judgement:
    """A goal for a cost."""
    told = "" if figure is None else f"{figure:.2f}x"
    return Judgement(engine, what, f"at most {goal:g}x {REFERENCE}", told, None if figure is None else figure <= goal)


def judged(run: dict[str, Any]) -> list[Judgement]:
    """Every goal, for each of our layouts in the run."""
    found: list[Judgement] = []
    for name, result in run["engines"].items():
        layout, _, chosen = name.partition("-")[2].partition("@")
        if result["ours"]:
            found += speeds(run, layout, chosen, result)
            found += [] if chosen else costs(run, layout, result)
    return found


def speeds(run: dict[str, Any], layout: str, chosen: str, result: dict[str, Any]) -> Iterator[Judgement]:
    """The goals that are ratios to SymphonyQG, with the instruction set chosen; none is the widest of the machine."""
    chosen = chosen or widest(run)
    if layout == "fast" and chosen in (WIDE_SET, NARROW_SET):
        goal = FAST_WIDE if chosen == WIDE_SET else FAST_NARROW
        yield from beside(run, result, goal, SYMPHONY, "the better SymphonyQG")
    if layout == "compact" and chosen == widest(run):
        yield from beside(run, result, COMPACT, SYMPHONY[:1], "SymphonyQG with raw vectors")


def beside(
    run: dict[str, Any], result: dict[str, Any], goal: float, names: list[str], unit: str
) -> Iterator[Judgement]:
    """The speed of an engine beside the best of some peers."""
    for recall in RECALLS:
        theirs = best(search_speed(run["engines"].get(name, {}), recall) for name in names)
        figures = search_speed(result, recall), theirs
        yield at_least(result["label"], f"queries/s at {recall}", goal, figures, bool(result.get("curve")), unit)


def costs(run: dict[str, Any], layout: str, result: dict[str, Any]) -> Iterator[Judgement]:
    """The goals for memory and build, the speeds within a limit of memory, and the filters."""
    label, reference = result["label"], run["engines"].get(REFERENCE, {})
    if layout in BYTES:
        yield at_most(label, "bytes in memory", BYTES[layout], ratio(memory(result), memory(reference)))
    if share := LIMITED.get(f"precedent-{layout}"):
        curve = result.get("limited", {}).get("curve", [])
        goal, names, unit = LIMITED_GOALS[layout]
        for recall in RECALLS:
            theirs = best(search_speed(run["engines"].get(name, {}), recall) for name in names)
            what = f"queries/s at {recall}, memory limited to {share:g}x hnswlib's"
            yield at_least(label, what, goal, (speed_at(curve, recall), theirs), bool(curve), unit)
    if layout in BUILD:
        yield at_most(label, "CPU seconds of the build", BUILD[layout], ratio(build_cpu(result), build_cpu(reference)))
    for track, what in enumerate(TRACKS):
        figures = filter_speed(result, track), best(filter_speed(peer, track) for peer in peers(run))
        measured = bool(result.get("filters", {}).get(str(track)))
        yield at_least(label, f"queries/s at {FILTER_RECALL}, filter {what}", FILTER, figures, measured, "the best peer")


def widest(run: dict[str, Any]) -> str:
    """The instruction set that our layouts take unless another is named."""
    machine = run.get("machine", {})
    known = machine.get("instruction_sets") or ([WIDE_SET] if "avx512_vnni" in machine.get("vector_units", []) else [])
    return known[0] if known else ""


def fallen_short(run: dict[str, Any]) -> list[str]:
    """What our engines miss of the floors of the quick run, each as a sentence. What was not measured is missed."""
    floors, found = bounds("peers"), []

    def hold(name: str, what: str, figure: float | None) -> None:
        if figure is None:
            found.append(f"{what}: not measured, {floors[name]} wanted")
        elif not floors[name].holds(figure):
            found.append(f"{what}: {figure:.3f}, {floors[name]} wanted")

    ours = {name: result for name, result in run["engines"].items() if result["ours"]}
    hold("engines", "engines of ours", len(ours))
    reference = search_speed(run["engines"].get(REFERENCE, {}), RECALLS[0])
    for name, result in ours.items():
        for k in FLOOR_COUNTS:
            hold("recall_below_target", f"{name}, recall@{k} below its target", below_target(curve_of(result, k)))
        reached = [one["recall"] for track in range(len(TRACKS)) for one in best_of(result, track)]
        hold("filters", f"{name}, filters answered", len(reached))
        hold("filtered_recall", f"{name}, least recall under a filter", min(reached, default=None))
        ratio_of_speeds = ratio(search_speed(result, RECALLS[0]), reference)
        hold("speed_ratio", f"{name}, queries/s at {RECALLS[0]} by those of {REFERENCE}", ratio_of_speeds)
    return found


def below_target(curve: list[dict[str, Any]]) -> float | None:
    """By how much recall falls below what a setting aims at, at worst."""
    return max((round(float(one["param"]) - one["recall"], 6) for one in curve), default=None)


def best_of(result: dict[str, Any], track: int) -> list[dict[str, Any]]:
    """The setting with the highest recall under a filter, if it was measured."""
    curve = result.get("filters", {}).get(str(track), [])
    return [max(curve, key=lambda one: one["recall"])] if curve else []
