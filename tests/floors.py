"""What figures are held to: the bounds of floors.toml, for the scripts of Python that measure."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("floors.toml")
WORDS = {"least": "at least", "most": "at most", "exactly": "exactly"}


@dataclass(frozen=True)
class Bound:
    """The least or the most that a figure may be, or what it is exactly."""

    kind: str
    value: float

    def holds(self, figure: float) -> bool:
        """Whether the figure keeps to it. NaN, which stands for a figure that is not there, never does."""
        if self.kind == "exactly":
            return figure == self.value
        return figure >= self.value if self.kind == "least" else figure <= self.value

    def __str__(self) -> str:
        return f"{WORDS[self.kind]} {self.value:g}"


def bounds(program: str) -> dict[str, Bound]:
    """The bounds of the program's figures, by name."""
    told: dict[str, Bound] = {}
    for name, bound in tomllib.loads(PATH.read_text())[program].items():
        [(kind, value)] = bound.items()
        if kind not in WORDS:
            raise ValueError(f"{PATH.name}: {program}.{name}: {kind} is none of {', '.join(WORDS)}")
        told[name] = Bound(kind, value)
    return told
