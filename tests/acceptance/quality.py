"""Are reports understood and found as well as they were, on public annotated text?

    python tests/acceptance/quality.py

Runs the program `report-quality`, which lies beside the one under test, prints its tables, and compares their figures with
floors. A figure that is not there is below its floor.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from dataclasses import dataclass

from harness import Verdict, data, program


@dataclass(frozen=True)
class Floor:
    """A figure by its row and column, in the table that has both, and the least that it may be."""

    name: str
    row: str
    column: str
    least: float


FLOORS = [
    Floor("negation, F1", "negated", "F1", 0.985),
    Floor("findings, micro F1", "present", "micro F1", 0.95),
    Floor("findings, macro F1", "present", "macro F1", 0.915),
    Floor("sides, share that is right", "all", "share", 0.95),
    Floor("retrieval, P@10", "P@10", "value", 0.965),
]


def figure(markdown: str, row: str, column: str) -> float:
    """The number in a cell of the first table that has the row and the column; NaN if none has."""
    head: list[str] = []
    for line in markdown.splitlines():
        if not line.startswith("|"):
            head = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        head = head or cells
        if cells[0] == row and column in head[1:]:
            try:
                return float(cells[head.index(column)])
            except ValueError:
                return math.nan
    return math.nan


def main() -> int:
    """Runs the script."""
    began = time.monotonic()
    command = [str(program().with_name("report-quality")), "--markdown", "--data", str(data())]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    print(done.stdout.strip())
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stderr.strip()}")
    verdict = Verdict()
    for floor in FLOORS:
        reached = figure(done.stdout, floor.row, floor.column)
        verdict.expect(reached >= floor.least, f"{floor.name}: {reached}, at least {floor.least} wanted")
    code = verdict.close()
    print(f"{time.monotonic() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
