"""Vectors to compare engines on, with their exact answers.

    python benches/peers/dataset.py DIR --set clustered-100k-512
    python benches/peers/dataset.py DIR --vectors base.fvecs [--query-vectors queries.fvecs]

The generator, deterministic for a seed: 2,000 clusters with log-normal weights (sigma 1.2) have gaussian centres in a
latent space of 48 dimensions; a point is gaussian about its centre, with a radius of its cluster's own; a network drawn
at random with one hidden layer of 512 (GELU) lifts it to the dimension asked for; a mean offset gives the narrow cone
that image encoders show; a little isotropic noise follows; every vector has unit norm. Queries are drawn like the rest.

Files, little endian and in C order:
    base.npy            float32 [n, dim]
    queries.npy         float32 [queries, dim]
    gt.npy              int32 [queries, 100], nearest first by inner product
    attrs.npy           int32 [n, 5]: a value per filter track; tracks 0 to 3 are independent of the vectors and have 2,
                        10, 100 and 1,000 values; track 4 has 10, and four rows in five take that of their cluster
    fval.npy            int32 [queries, 5]: the value that a query asks for
    gt_f0.npy..gt_f4.npy  int32 [queries, 10]: nearest rows with that value; -1 where fewer match
    meta.json           what all this is
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SETS = {
    "clustered-100k-512": (100_000, 512),
    "clustered-1m-512": (1_000_000, 512),
    "clustered-1m-128": (1_000_000, 128),
    "quick": (5_000, 64),
}
QUERIES = 2_000
SEED = 42
TRUTH = 100
TOP = 10
TRACKS = ["50 %", "10 %", "1 %", "0.1 %", "10 %, with the clusters"]
TRACK_VALUES = [2, 10, 100, 1_000]
ASKED_VALUES = 8

# Random numbers are drawn block by block, so this is part of what a seed means.
DRAW_ROWS = 20_000
TRUTH_ROWS = 50_000
TRUTH_QUERIES = 500


class Clusters:
    """The process that vectors are drawn from."""

    LATENT, COUNT, HIDDEN = 48, 2_000, 512
    SPREAD, NOISE = 0.8, 0.09

    def __init__(self, dim: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        normal = rng.standard_normal
        weights = rng.lognormal(0, 1.2, self.COUNT)
        self.weights = weights / weights.sum()
        self.centres = normal((self.COUNT, self.LATENT)).astype(np.float32)
        self.radii = (self.SPREAD * rng.lognormal(0, 0.25, self.COUNT)).astype(np.float32)
        self.lift = (normal((self.LATENT, self.HIDDEN)) / np.sqrt(self.LATENT)).astype(np.float32) * np.float32(1.5)
        self.bias = (0.3 * normal(self.HIDDEN)).astype(np.float32)
        self.project = (normal((self.HIDDEN, dim)) / np.sqrt(self.HIDDEN)).astype(np.float32)
        self.mean = normal(dim).astype(np.float32) * np.float32(0.3)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """`count` vectors of unit norm, and the cluster of each."""
        vectors = np.empty((count, len(self.mean)), np.float32)
        clusters = rng.choice(self.COUNT, size=count, p=self.weights).astype(np.int32)
        for block in blocks(count, DRAW_ROWS):
            own = clusters[block]
            scatter = rng.standard_normal((len(own), self.LATENT), dtype=np.float32)
            latent = self.centres[own] + self.radii[own][:, None] * scatter
            lifted = gelu(latent @ self.lift + self.bias) @ self.project + self.mean
            lifted += np.float32(self.NOISE) * rng.standard_normal(lifted.shape, dtype=np.float32)
            vectors[block] = unit(lifted)
        return vectors, clusters


def gelu(x: np.ndarray) -> np.ndarray:
    """The usual approximation by a hyperbolic tangent."""
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))


def unit(vectors: np.ndarray) -> np.ndarray:
    """The same directions with unit norm. A vector without direction is an error."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise ValueError("a vector is zero or not finite")
    return vectors / norms


def blocks(count: int, size: int) -> Iterator[slice]:
    """The slices of `size` that cover `count` rows."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def read_vectors(path: Path) -> np.ndarray:
    """The vectors of a `.npy` or `.fvecs` file."""
    if path.suffix == ".npy":
        vectors = np.load(path, mmap_mode="r")
    elif path.suffix == ".fvecs":
        head = np.fromfile(path, dtype="<i4", count=1)
        width = int(head[0]) + 1 if len(head) else 0
        if width < 2 or path.stat().st_size % (4 * width):
            raise ValueError(f"{path} is no .fvecs file of vectors of one length")
        rows = np.memmap(path, dtype="<f4", mode="r").reshape(-1, width)
        if (rows[:, 0].view("<i4") != width - 1).any():
            raise ValueError(f"{path} holds vectors of different lengths")
        vectors = rows[:, 1:]
    else:
        raise ValueError(f"{path} is neither .npy nor .fvecs")
    if vectors.ndim != 2 or not len(vectors):
        raise ValueError(f"{path} holds no rows of vectors")
    return vectors


def exact(base: np.ndarray, queries: np.ndarray, top: int) -> np.ndarray:
    """The rows of `base` with the largest inner product, best first; -1 where there are fewer than `top`.

    Both sides go in blocks, so that a million vectors need no more memory than a few blocks of scores.
    """
    found = np.full((len(queries), top), -1, np.int32)
    for asked in blocks(len(queries), TRUTH_QUERIES):
        ids = np.empty((asked.stop - asked.start, 0), np.int32)
        scores = np.empty(ids.shape, np.float32)
        for rows in blocks(len(base), TRUTH_ROWS):
            products = queries[asked] @ base[rows].T
            best = largest(products, top)
            ids = np.hstack([ids, (best + rows.start).astype(np.int32)])
            scores = np.hstack([scores, np.take_along_axis(products, best, 1)])
            kept = largest(scores, top)
            ids, scores = np.take_along_axis(ids, kept, 1), np.take_along_axis(scores, kept, 1)
        order = np.argsort(-scores, axis=1, kind="stable")
        found[asked, : ids.shape[1]] = np.take_along_axis(ids, order, 1)
    return found


def largest(scores: np.ndarray, top: int) -> np.ndarray:
    """The places of the `top` largest of each row, in no order."""
    width = scores.shape[1]
    if width <= top:
        return np.broadcast_to(np.arange(width), scores.shape)
    return np.argpartition(scores, width - top, axis=1)[:, width - top :]


def attributes(clusters: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A value of each filter track for each row."""
    count = len(clusters)
    independent = [rng.integers(0, values, count) for values in TRACK_VALUES]
    follows = rng.random(count) < 0.8
    return np.stack([*independent, np.where(follows, clusters % 10, rng.integers(0, 10, count))], 1).astype(np.int32)


def asked_values(queries: int) -> np.ndarray:
    """The value of each track that each query asks for: few, so that what a peer prepares per value stays small."""
    turns = [np.arange(queries) % min(ASKED_VALUES, values) for values in TRACK_VALUES]
    return np.stack([*turns, np.arange(queries) % ASKED_VALUES], 1).astype(np.int32)


def nearest_of(base: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """A stand-in for clusters where none are known: the nearest of some rows."""
    seeds = base[rng.choice(len(base), size=min(count, len(base)), replace=False)]
    return np.concatenate([np.argmax(base[rows] @ seeds.T, axis=1) for rows in blocks(len(base), DRAW_ROWS)])


def generate(folder: Path, count: int, dim: int, queries: int = QUERIES, seed: int = SEED) -> None:
    """Draws vectors and writes the whole folder."""
    rng = np.random.default_rng(seed + 1)
    process = Clusters(dim, seed)
    base, clusters = process.draw(count, rng)
    asked, _ = process.draw(queries, rng)
    write(folder, base, asked, clusters, rng, {"seed": seed, "source": "clustered"})


def load(folder: Path, vectors: Path, query_vectors: Path | None, queries: int = QUERIES, seed: int = SEED) -> None:
    """Writes the folder for given vectors. Without query vectors some rows, drawn at random, are held out."""
    rng = np.random.default_rng(seed + 1)
    rows = read_vectors(vectors)
    if query_vectors is not None:
        base, asked = rows, read_vectors(query_vectors)[:queries]
        if asked.shape[1] != base.shape[1]:
            raise ValueError(f"{query_vectors} has other dimensions than {vectors}")
    else:
        held_out = np.zeros(len(rows), bool)
        held_out[rng.choice(len(rows), size=min(queries, len(rows) // 2), replace=False)] = True
        base, asked = rows[~held_out], rows[held_out]
    base, asked = (unit(np.ascontiguousarray(part, np.float32)) for part in (base, asked))
    source = {"seed": seed, "source": vectors.name, "queries": query_vectors.name if query_vectors else "held out"}
    write(folder, base, asked, nearest_of(base, 200, rng), rng, source)


def write(
    folder: Path, base: np.ndarray, queries: np.ndarray, clusters: np.ndarray, rng: np.random.Generator, source: dict
) -> None:
    """Computes the answers and writes all files, `meta.json` last: a folder that has it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = exact(base, queries, TRUTH)
    attrs, asked = attributes(clusters, rng), asked_values(len(queries))
    arrays = {"base": base, "queries": queries, "gt": truth, "attrs": attrs, "fval": asked}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    for track in range(len(TRACKS)):
        np.save(folder / f"gt_f{track}.npy", filtered_truth(base, queries, attrs[:, track], asked[:, track]))
    meta = {"n": len(base), "dim": base.shape[1], "nq": len(queries), **source, **difficulty(base, queries, truth)}
    (folder / "meta.json").write_text(json.dumps(meta) + "\n")


def filtered_truth(base: np.ndarray, queries: np.ndarray, values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The nearest rows among those with the value that each query asks for."""
    truth = np.full((len(queries), TOP), -1, np.int32)
    for value in np.unique(asked):
        rows = np.flatnonzero(values == value).astype(np.int32)
        own = np.flatnonzero(asked == value)
        found = exact(base[rows], queries[own], TOP)
        truth[own] = np.where(found >= 0, rows[found], -1) if len(rows) else -1
    return truth


def difficulty(base: np.ndarray, queries: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """How hard the search is: the local intrinsic dimension (maximum likelihood over the truth) and typical cosines."""
    some, near = queries[:500], truth[:500]
    near = near[:, (near >= 0).all(axis=0)]
    cosines = np.einsum("qd,qkd->qk", some, base[near])
    distances = np.sqrt(np.maximum(2 - 2 * cosines, 1e-12))
    logs = np.log(distances[:, :-1] / distances[:, -1:]).mean(axis=1)
    return {
        "lid_median": round(float(np.median(-1 / logs)), 1),
        "mean_cos_random": round(float((some @ base[:: max(1, len(base) // 5_000)].T).mean()), 3),
        "cos_nn1": round(float(np.median(cosines[:, 0])), 3),
        "cos_nn10": round(float(np.median(cosines[:, min(TOP, cosines.shape[1]) - 1])), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", choices=SETS)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--query-vectors", type=Path)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    if (given.set is None) == (given.vectors is None):
        parser.error("give either --set or --vectors")
    if given.set:
        generate(given.folder, *SETS[given.set], queries=given.queries, seed=given.seed)
    else:
        load(given.folder, given.vectors, given.query_vectors, queries=given.queries, seed=given.seed)
    print((given.folder / "meta.json").read_text(), end="")


if __name__ == "__main__":
    main()
