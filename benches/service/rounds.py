"""Puts the same questions to services in turns, and counts what their servers spend."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from cases import Judges, Row

# A turn lasts so long, for a clock that ticks a hundred times a second.
TURN_SECONDS = 0.6
MOST_PASSES = 10


class Service(Protocol):
    """A running server that holds the cases."""

    name: str
    widths: dict[str, int]

    @property
    def process(self) -> int: ...

    def cpu_seconds(self) -> float: ...

    def search(self, row: Row, question: int) -> list[int]: ...


def measured(
    services: Sequence[tuple[Service, Judges]], rows: Sequence[Row], questions: int, rounds: int, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Each row with the figures of each service, in the order given."""
    turns = [[Turn(service, row, judges, questions) for service, judges in services] for row in rows]
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for row in turns:
            for turn in row[number % len(row) :] + row[: number % len(row)]:
                turn.take()
    return [
        {"row": row.name, "goal_ms": row.goal_ms, "services": {turn.label: turn.figures() for turn in row_turns}}
        for row, row_turns in zip(rows, turns)
    ]


class Turn:
    """One service and one row over all rounds."""

    def __init__(self, service: Service, row: Row, judges: Judges, questions: int) -> None:
        """Asks everything once: for the recall, to warm up, and to see how many passes fill a turn."""
        self.service, self.row, self.questions = service, row, questions
        self.label = service.name
        self.cpu_ms: list[float] = []
        self.wall_ms: list[float] = []
        began = time.perf_counter()
        found = [service.search(row, at) for at in range(questions)]
        fill = TURN_SECONDS / (time.perf_counter() - began)
        self.passes = min(MOST_PASSES, max(1, math.ceil(fill)))
        self.recall = judges[row.name](found) if row.name in judges else None
        self.hits = float(np.mean([len(ids) for ids in found]))

    def take(self) -> None:
        """Asks all questions, a few times over."""
        before = self.service.cpu_seconds()
        for _ in range(self.passes):
            for at in range(self.questions):
                began = time.perf_counter()
                self.service.search(self.row, at)
                self.wall_ms.append((time.perf_counter() - began) * 1e3)
        spent = self.service.cpu_seconds() - before
        self.cpu_ms.append(spent / (self.passes * self.questions) * 1e3)

    def figures(self) -> dict[str, Any]:
        """The median of the rounds; latencies over all of them."""
        return {
            "cpu_ms": round(float(np.median(self.cpu_ms)), 3),
            "cpu_ms_rounds": [round(one, 3) for one in self.cpu_ms],
            "p50_ms": round(float(np.percentile(self.wall_ms, 50)), 2),
            "p99_ms": round(float(np.percentile(self.wall_ms, 99)), 2),
            "recall": None if self.recall is None else round(self.recall, 4),
            "hits": self.hits,
            "searches": len(self.wall_ms),
            "inner_k": self.service.widths.get(self.row.name),
        }
