"""Are reports understood and found as well as they were, on public annotated text?

    python tests/acceptance/quality.py

Runs the program `report-quality`, which lies beside the one under test, prints its tables, and compares their figures with
floors.toml. A figure that is not there is below its floor.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time

from harness import Verdict, data, program

FIGURES = {
    "negated_f1": ("negated", "F1"),
    "historical_f1": ("historical", "F1"),
    "findings_precision": ("present", "micro P"),
    "findings_recall": ("present", "micro R"),
    "findings_micro_f1": ("present", "micro F1"),
    "findings_macro_f1": ("present", "macro F1"),
    "uncertain_micro_f1": ("present or uncertain", "micro F1"),
    "side_share": ("all", "share"),
    "side_mentions": ("all", "mentions"),
    "retrieval_p10": ("P@10", "value"),
    "retrieval_r_precision": ("R-precision", "value"),
    "retrieval_p10_gain": ("P@10, gain", "value"),
}
"""Where each figure stands: its row and column, in the first table that has both."""


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
    verdict = Verdict("quality")
    for name, (row, column) in FIGURES.items():
        verdict.figure(name, figure(done.stdout, row, column))
    code = verdict.close()
    print(f"{time.monotonic() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
