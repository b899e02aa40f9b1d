"""The comparison of a search with the same search beside others: the verdict, and with the program a small run."""

from __future__ import annotations

import os
from pathlib import Path

import fairness
import paths
import pytest

PROGRAM = Path(os.environ.get("PRECEDENT_BIN", paths.ROOT / "target" / "release" / "precedent"))
FACTS = {"processor": "one", "cores": 2, "load_average": 0.1}


def test_the_p99_is_compared_with_that_of_quiet() -> None:
    lines = fairness.markdown([("quiet", 0.5, 2.0), ("near", 0.6, 4.0), ("far", 0.7, 4.1)], 1000, FACTS).splitlines()
    assert lines[-2:] == ["| near | 0.60 | 4.00 | 2.00 | reached |", "| far | 0.70 | 4.10 | 2.05 | not reached |"]


def test_who_asks_nothing_has_no_verdict() -> None:
    name = next(name for name, disturb, _ in fairness.SITUATIONS if disturb is fairness.unpack_batches)
    lines = fairness.markdown([("quiet", 0.5, 2.0), (name, 0.7, 8.0)], 1000, FACTS).splitlines()
    assert lines[-2:] == ["| quiet | 0.50 | 2.00 | 1.00 |  |", f"| {name} | 0.70 | 8.00 | 4.00 |  |"]


@pytest.mark.skipif(not PROGRAM.exists(), reason="needs the program, built for release")
def test_every_situation_is_measured(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("\n".join(fairness.MARKS))
    given = ["--program", str(PROGRAM), "--n", "2000", "--rounds", "1", "--seconds", "0.5", "--write", str(page)]
    assert fairness.main(given) == 0
    told = page.read_text()
    assert all(f"| {name} |" in told for name, _, _ in fairness.SITUATIONS)
