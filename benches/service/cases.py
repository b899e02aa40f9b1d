"""The cases that both services hold, the questions put to them, and the exact answers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paths  # noqa: F401
from dataset import Clusters, exact, unit

QUESTIONS = 200
WORDS = [
    "effusion",
    "pneumothorax",
    "nodule",
    "edema",
    "opacity",
    "fracture",
    "atelectasis",
    "cardiomegaly",
    "granuloma",
    "scarring",
    "emphysema",
    "hernia",
]
REPORT_WORDS = 12
MODALITIES = ["CR", "DX", "CT", "MR"]
AGES = 90


@dataclass(frozen=True)
class Filter:
    """A filter in the language of each service, and the rows that pass."""

    share: str
    precedent: str
    opensearch: dict[str, Any]
    passes: Callable[[np.ndarray], np.ndarray]


FILTERS = [
    Filter(
        "75 %",
        'modality != "CR"',
        {"bool": {"must_not": [{"term": {"modality": "CR"}}]}},
        lambda rows: rows % len(MODALITIES) != 0,
    ),
    Filter("25 %", 'modality = "CR"', {"term": {"modality": "CR"}}, lambda rows: rows % len(MODALITIES) == 0),
    Filter("10 %", "age < 9", {"range": {"age": {"lt": 9}}}, lambda rows: rows % AGES < 9),
    Filter("1 %", "age = 5", {"term": {"age": 5}}, lambda rows: rows % AGES == 5),
]


@dataclass(frozen=True)
class Row:
    """One kind of search. `goal_ms` is the most CPU that Precedent's server may take."""

    name: str
    limit: int = 10
    vector: bool = True
    words: bool = False
    reports: bool = False
    filter: Filter | None = None
    goal_ms: float | None = None


HYBRID_GOAL_MS = 1.2
ROWS = [
    Row("10 hits with reports", reports=True),
    Row("10 hits"),
    Row("50 hits", 50),
    Row("200 hits", 200, goal_ms=1.0),
    *(Row(f"10 hits, {one.share} pass", filter=one, goal_ms=0.5) for one in FILTERS),
    Row("three words", vector=False, words=True),
    Row("vector and three words", words=True, goal_ms=HYBRID_GOAL_MS),
    Row("vector and three words, with reports", words=True, reports=True, goal_ms=HYBRID_GOAL_MS),
]


@dataclass(frozen=True)
class Cases:
    """Vectors and reports of the cases; vectors and words of the questions."""

    base: np.ndarray
    asked: np.ndarray
    counts: np.ndarray
    """How often each word is in each report."""
    reports: Sequence[str]
    words: Sequence[Sequence[str]]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The cases as a manifest has them."""
        for at, report in enumerate(self.reports):
            modality = MODALITIES[at % len(MODALITIES)]
            yield {"case_id": str(at), "modality": modality, "age": at % AGES, "findings": report}

    def write(self, folder: Path) -> tuple[Path, Path]:
        """The manifest and the embeddings as files."""
        manifest, embeddings = folder / "cases.jsonl", folder / "embeddings.npy"
        with manifest.open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in self.rows())
        np.save(embeddings, self.base)
        return manifest, embeddings


def cases_of(base: np.ndarray, asked: np.ndarray) -> Cases:
    """Cases with those vectors; their reports are drawn from a fixed seed."""
    draw = random.Random(1)
    drawn = [draw.choices(range(len(WORDS)), k=REPORT_WORDS) for _ in range(len(base))]
    counts = np.zeros((len(base), len(WORDS)), np.int8)
    for column in np.array(drawn).T:
        counts[np.arange(len(base)), column] += 1
    reports = [" ".join(WORDS[word] for word in report) for report in drawn]
    return Cases(base, asked, counts, reports, [draw.sample(WORDS, 3) for _ in asked])


def read(file: Path, count: int | None = None) -> Cases:
    """The first `count` vectors of a `.npy` file; the last of them ask."""
    vectors = np.load(file, mmap_mode="r")[:count].astype("<f4")
    if len(vectors) < 2 * QUESTIONS:
        raise ValueError(f"{file}: {len(vectors)} vectors are too few, {2 * QUESTIONS} are needed")
    return cases_of(vectors[:-QUESTIONS], vectors[-QUESTIONS:])


def generated(count: int, dim: int) -> Cases:
    """Vectors of the peers' generator."""
    draw, rng = Clusters(dim, seed=42), np.random.default_rng(43)
    asked, _ = draw.draw(QUESTIONS, rng)
    return cases_of(draw.draw(count, rng)[0], asked)


Judges = dict[str, Callable[[Sequence[Sequence[int]]], float]]


def judges(cases: Cases, rows: Sequence[Row]) -> Judges:
    """For each row that has one right answer, what tells the recall of the ids found."""
    base, asked = unit(cases.base), unit(cases.asked)
    numbers = np.arange(len(base))
    found: Judges = {}
    for row in rows:
        if row.vector and not row.words:
            passing = numbers[row.filter.passes(numbers)] if row.filter else numbers
            nearest = exact(base[passing] if row.filter else base, asked, row.limit)
            truth = [set(passing[own[own >= 0]].tolist()) for own in nearest]
            found[row.name] = lambda ids, truth=truth: recall(ids, truth)
        elif row.words and not row.vector:
            scores = bm25(cases)
            found[row.name] = lambda ids, scores=scores: as_good(ids, scores)
    return found


def recall(ids: Sequence[Sequence[int]], truth: Sequence[set[int]]) -> float:
    """The mean share of the right rows that were found."""
    return float(np.mean([len(right.intersection(own)) / len(right) for own, right in zip(ids, truth) if right]))


def bm25(cases: Cases) -> np.ndarray:
    """The score of each case for each question: all reports are equally long, so b plays no part."""
    frequency, count = (cases.counts > 0).sum(0), len(cases.counts)
    weight = np.log(1 + (count - frequency + 0.5) / (frequency + 0.5))
    parts = (weight * cases.counts / (cases.counts + 1.2)).astype(np.float32)
    return np.stack([parts[:, [WORDS.index(word) for word in words]].sum(1) for words in cases.words])


def as_good(ids: Sequence[Sequence[int]], scores: np.ndarray) -> float:
    """The share of hits that score as well as the best do: many reports score alike."""
    least = [np.sort(own)[-len(hits)] - 1e-5 for own, hits in zip(scores, ids)]
    return float(np.mean([(own[list(hits)] >= low).mean() for own, hits, low in zip(scores, ids, least)]))
