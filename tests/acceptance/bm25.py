"""A plain BM25, independent of the product: what a textbook would write, in float64, every document scored.

k1 1.2, b 0.75, idf = ln(1 + (N - n + 0.5) / (n + 0.5)) as in Lucene. Words are runs of letters and digits in lower
case, reduced to their stem by Snowball "English"; there are no stop words. A phrase is its words one after another
inside one section; its idf is the sum over its words, its frequency the number of places. N and the average length are
over the reports, including those of which no searched section holds a word.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import snowballstemmer

K1 = 1.2
B = 0.75

_STEM = snowballstemmer.stemmer("english")
_WORD = re.compile(r"[^\W_]+")

Clause = tuple[str, ...]


def words(text: str) -> list[str]:
    """The words of a text, stemmed."""
    return _STEM.stemWords(_WORD.findall(text.lower()))


def quantised(length: int) -> int:
    """A document length as Lucene's `SmallFloat.byte4ToInt(intToByte4(length))` keeps it in one byte."""
    if length < 24:
        return length
    rest = length - 24
    if rest < 8:
        return length
    shift = rest.bit_length() - 4
    return 24 + ((rest >> shift) << shift)


class Bm25:
    """BM25 over documents that are lists of sections; `count` is N."""

    def __init__(self, documents: Iterable[Sequence[str]], *, count: int, quantise: bool) -> None:
        self.documents = [[words(section) for section in sections] for sections in documents]
        lengths = [sum(map(len, sections)) for sections in self.documents]
        self.count = count
        self.average = sum(lengths) / self.count
        self.lengths = [quantised(length) if quantise else length for length in lengths]
        self.document_frequency = Counter(
            word for sections in self.documents for word in {word for section in sections for word in section}
        )

    def idf(self, word: str) -> float:
        """Of one word."""
        n = self.document_frequency[word]
        return math.log(1 + (self.count - n + 0.5) / (n + 0.5))

    def scores(self, clauses: Sequence[Clause]) -> dict[int, float]:
        """The score of every document in which any clause is found, by its position."""
        stemmed = [tuple(word for part in clause for word in words(part)) for clause in clauses]
        weights = [sum(map(self.idf, clause)) * (1 + K1) for clause in stemmed]
        found: dict[int, float] = {}
        for position, sections in enumerate(self.documents):
            score, matched = 0.0, False
            for clause, weight in zip(stemmed, weights, strict=True):
                frequency = sum(_places(section, clause) for section in sections)
                if frequency:
                    norm = K1 * (1 - B + B * self.lengths[position] / self.average)
                    score += weight * frequency / (frequency + norm)
                    matched = True
            if matched:
                found[position] = score
        return found


def _places(section: list[str], clause: Clause) -> int:
    if len(clause) == 1:
        return section.count(clause[0])
    width = len(clause)
    return sum(tuple(section[at : at + width]) == clause for at in range(len(section) - width + 1))
