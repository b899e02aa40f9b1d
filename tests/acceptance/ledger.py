"""What was sent and acknowledged, case by case, and the judgement of what is there afterwards."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class History:
    """What was sent for one case since the last comparison: versions in order, `None` for a delete."""

    states: list[int | None] = field(default_factory=lambda: [None])
    acknowledged: int = 0

    def send(self, version: int | None) -> int:
        """Notes an operation; its place."""
        self.states.append(version)
        return len(self.states) - 1

    @property
    def allowed(self) -> list[int | None]:
        """The states in which the case may be found."""
        return self.states[self.acknowledged :]

    def settle(self, found: int | None) -> None:
        """What is there after a restart is where the next round begins."""
        self.states, self.acknowledged = [found], 0


@dataclass
class Tally:
    """A row of the table."""

    kills: int = 0
    in_phase: int = 0
    acknowledged: int = 0
    lost: int = 0
    invented: int = 0
    partial: int = 0
    doubt_in: int = 0
    doubt_out: int = 0


class Ledger:
    """Everything sent and everything acknowledged, the latter in a synced file outside the index too."""

    def __init__(self, path: Path, count: int) -> None:
        self.histories = [History() for _ in range(count)]
        self.versions = [0] * count
        self.acknowledged = 0
        self._file = path.open("ab")

    def note(self, number: int, place: int) -> None:
        """An acknowledgement arrived."""
        history = self.histories[number]
        history.acknowledged = max(history.acknowledged, place)
        self.acknowledged += 1
        self._file.write(f"{number} {history.states[place]}\n".encode())
        self._file.flush()
        os.fsync(self._file.fileno())


def compare(ledger: Ledger, found: dict[int, int], tally: Tally) -> None:
    """Every case against its history."""
    for number in found:
        if number >= len(ledger.histories):
            tally.invented += 1
    for number, history in enumerate(ledger.histories):
        state = found.get(number)
        doubtful = len(history.states) - 1 - history.acknowledged
        if state in history.allowed:
            if doubtful:
                kept = history.allowed.index(state)
                tally.doubt_in += kept
                tally.doubt_out += doubtful - kept
        elif state in history.states or state is None:
            # An older state, or gone: an acknowledged case is missing, or a deleted one is back.
            tally.lost += 1
        else:
            tally.invented += 1
        history.settle(state)
