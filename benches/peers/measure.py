"""The measurement: all engines open at once, one working at a time, in rounds with a rotating order.

What disturbs the machine in one round so meets all engines, and ratios inside a run hold where absolute figures do not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from dataset import TRACKS
from figures import TOP, over_rounds, point
from goals import LIMITED, REFERENCE, memory
from limit import MemoryGroup, NoLimit, forget
from protocol import Engine, EngineError, Serving

PROBE_QUERIES = 16
"""Queries that tell how slow a setting is. Twice the values that a filter track asks for, so every value is met."""
ENOUGH_SEARCH = 0.9975
ENOUGH_FILTER = 0.97
"""Recall beyond which a sweep ends: past all recalls of the tables, with one setting to spare."""


@dataclass(frozen=True)
class Question:
    """What all queries ask: so many neighbours, of all rows or of those that pass a filter track."""

    k: int = TOP
    track: int | None = None

    def settings(self, hello: dict[str, Any]) -> list[str]:
        """The settings of an engine for it; none where the engine does not support it."""
        return hello["params"].get(str(self.k), []) if self.track is None else hello["filter_params"]

    def request(self, setting: str, queries: int) -> list[object]:
        """The line of the protocol."""
        return ["measure", setting, queries, self.k] if self.track is None else ["fmeasure", setting, queries, self.track]

    @property
    def enough(self) -> float:
        """The recall beyond which a sweep ends."""
        return ENOUGH_SEARCH if self.track is None else ENOUGH_FILTER

    def __str__(self) -> str:
        return f"search for {self.k}" if self.track is None else f"filter {TRACKS[self.track]}"


@dataclass
class Sweep:
    """What was measured of one engine on one question: a list of rounds per setting."""

    queries: dict[str, int] = field(default_factory=dict)
    rounds: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def __str__(self) -> str:
        last = {setting: found[-1] for setting, found in self.rounds.items()}
        return ", ".join(f"{setting} {one['recall']:.3f} {one['qps']:.0f}/s" for setting, one in last.items())

    def curve(self) -> list[dict[str, Any]]:
        """Each setting over all rounds."""
        return [over_rounds(setting, self.queries[setting], found) for setting, found in self.rounds.items()]


@dataclass(frozen=True)
class Plan:
    """How much to measure: rounds, queries per setting, and the seconds after which a setting has had enough."""

    rounds: int
    queries: int
    cap_seconds: float
    core: int
    counts: Sequence[int] = (TOP,)
    """The numbers of neighbours that are asked for without a filter."""


Say = Callable[[str], None]


def rotated(names: Sequence[str], by: int) -> list[str]:
    """The same order, begun elsewhere."""
    by %= max(1, len(names))
    return [*names[by:], *names[:by]]


def affordable(serving: Serving, question: Question, setting: str, plan: Plan) -> int:
    """How many queries fit into the cap, by a probe. Taken once, so that the recall of all rounds is of the same."""
    probe = serving.ask(*question.request(setting, min(PROBE_QUERIES, plan.queries)))
    per_query = sum(probe["ns"]) / len(probe["ns"]) / 1e9
    return min(plan.queries, max(PROBE_QUERIES, int(plan.cap_seconds / max(per_query, 1e-9))))


def sweep(serving: Serving, into: Sweep, question: Question, truth: np.ndarray, plan: Plan) -> None:
    """One round of one engine on one question. The first round decides which settings there are."""
    settings = list(into.rounds) if into.rounds else question.settings(serving.hello)
    for setting in settings:
        if setting not in into.queries:
            into.queries[setting] = affordable(serving, question, setting, plan)
        answer = serving.ask(*question.request(setting, into.queries[setting]))
        found = point(answer, truth, question.k)
        into.rounds.setdefault(setting, []).append(found)
        if len(into.rounds[setting]) == 1 and found["recall"] > question.enough:
            break


def opened(
    engines: Sequence[Engine], data: Path, plan: Plan, logs: Path, stack: ExitStack, results: dict[str, Any], say: Say
) -> dict[str, Serving]:
    """Opens the engines. One that does not open is noted and left out."""
    serving = {}
    for engine in engines:
        try:
            serving[engine.name] = stack.enter_context(Serving(engine, data, plan.core, logs / f"{engine.name}.log"))
        except EngineError as error:
            results[engine.name]["failed"] = f"open: {error}"
            say(f"{engine.name} failed: {error}")
        else:
            results[engine.name].setdefault("open_s", serving[engine.name].hello["open_s"])
    return serving


def interleaved(
    serving: dict[str, Serving],
    truths: dict[Question, np.ndarray],
    plan: Plan,
    results: dict[str, Any],
    say: Say,
) -> Iterator[tuple[str, Question, Sweep]]:
    """Walks rounds, questions and engines, and gives each sweep when all rounds are over."""
    sweeps = {(name, question): Sweep() for question in truths for name in serving}
    for number in range(plan.rounds):
        for question, truth in truths.items():
            for name in rotated(list(serving), number):
                try:
                    sweep(serving[name], sweeps[name, question], question, truth, plan)
                except EngineError as error:
                    results[name]["failed"] = f"{question}: {error}"
                    say(f"{name} failed: {error}")
                    serving.pop(name)
                    continue
                if sweeps[name, question].rounds:
                    say(f"round {number + 1}, {question}, {name}: {sweeps[name, question]}")
    yield from ((name, question, done) for (name, question), done in sweeps.items() if done.rounds)


def search(engines: Sequence[Engine], data: Path, plan: Plan, logs: Path, results: dict[str, Any], say: Say) -> None:
    """The curves without a filter, and the bytes in memory after them. Results go to `results`, by name."""
    truth = np.load(data / "gt.npy")
    with ExitStack() as stack:
        serving = opened(engines, data, plan, logs, stack, results, say)
        # The main question has the engines to itself, so that bytes are those after its sweeps.
        for name, _, done in interleaved(serving, {Question(): truth}, plan, results, say):
            results[name]["curve"] = done.curve()
        for name, one in serving.items():
            results[name]["bytes"] = one.bytes()
        others = {Question(k): truth for k in plan.counts if k != TOP}
        for name, question, done in interleaved(serving, others, plan, results, say):
            results[name].setdefault("curves", {})[str(question.k)] = done.curve()


def filters(engines: Sequence[Engine], data: Path, plan: Plan, logs: Path, results: dict[str, Any], say: Say) -> None:
    """The curves of every filter track."""
    truths = {Question(track=at): np.load(data / f"gt_f{at}.npy") for at in range(len(TRACKS))}
    with ExitStack() as stack:
        serving = opened(engines, data, plan, logs, stack, results, say)
        for name, question, done in interleaved(serving, truths, plan, results, say):
            results[name].setdefault("filters", {})[str(question.track)] = done.curve()


def limited(engines: Sequence[Engine], data: Path, plan: Plan, logs: Path, results: dict[str, Any], say: Say) -> None:
    """The curves of those of our layouts that are to do with a share of the reference's bytes, under that limit.

    The limit is on the process as a whole, so what it took before the index was opened comes on top. The files are read
    from the disk once before rounds count. Speeds are by wall time, because waiting for the disk is no CPU time.
    """
    for engine in engines:
        share, reference = LIMITED.get(engine.name), memory(results.get(REFERENCE, {}))
        if share is None:
            continue
        try:
            if reference is None:
                raise NoLimit(f"the bytes of {REFERENCE} were not measured in this run")
            results[engine.name]["limited"] = found = under_limit(engine, data, plan, logs, int(share * reference))
        except (NoLimit, EngineError) as error:
            results[engine.name]["not_limited"] = str(error)
            say(f"{engine.name} was not measured under a limit: {error}")
        else:
            say(f"{engine.name} within {found['bytes'] / 1e6:.1f} MB: {found['curve']}")


def under_limit(engine: Engine, data: Path, plan: Plan, logs: Path, count: int) -> dict[str, Any]:
    """One engine that may take so many bytes for its index."""
    forget(engine.index)
    truth = np.load(data / "gt.npy")
    with MemoryGroup() as group:
        log = logs / f"{engine.name}-limited.log"
        with Serving(engine, data, plan.core, log, lambda: group.take(os.getpid())) as serving:
            group.limit(count + sum(serving.hello.get("baseline", {}).values()))
            sweep(serving, Sweep(), Question(), truth, plan)
            done = Sweep()
            for _ in range(plan.rounds):
                sweep(serving, done, Question(), truth, plan)
    for found in done.rounds.values():
        for one in found:
            one["qps"] = one["qps_wall"]
    return {"bytes": count, "curve": done.curve()}


def matches(data: Path) -> list[float]:
    """The share of the rows that pass each filter, over the queries."""
    attributes, asked = np.load(data / "attrs.npy", mmap_mode="r"), np.load(data / "fval.npy")
    shares = []
    for track in range(len(TRACKS)):
        counts = np.bincount(attributes[:, track])
        values = asked[:, track]
        shares.append(float(np.where(values < len(counts), counts[np.minimum(values, len(counts) - 1)], 0).mean()))
    return [round(share / len(attributes), 5) for share in shares]


def meta(data: Path) -> dict[str, Any]:
    """What the vectors are."""
    return json.loads((data / "meta.json").read_text())
