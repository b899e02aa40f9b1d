"""Vectors to compare engines on, with their exact answers.

    python benches/peers/dataset.py DIR --set clustered-100k-512
    python benches/peers/dataset.py DIR --vectors base.fvecs [--query-vectors queries.fvecs]

Sets by name, all of unit norm:
    clustered-N-DIM         of the generator, below
    gaussian-100k-512       normal components, independent of each other: no structure at all
    near-copies-100k-384    groups of 10: a gaussian original, and to each copy noise of 0.03 per component; queries are
                            further copies, so the ten nearest of each are one group
    sentences-100k-384      sentences by a language model: `vectors/wordnet100k` of the shared data (PRECEDENT_DATA), the
                            first 100,000 rows and the last 1,000 as queries
    patches-64k-128         patches of real films by the bundled encoder: `patch-vectors` writes them; queries are patches of
                            films that give no patch to the base

The generator, deterministic for a seed: 2,000 clusters with log-normal weights (sigma 1.2) have gaussian centres in a
latent space of 48 dimensions; a point is gaussian about its centre, with a radius of its cluster's own; a network drawn
at random with one hidden layer of 512 (GELU) lifts it to the dimension asked for; a mean offset gives the narrow cone
that image encoders show; a little isotropic noise follows; every vector has unit norm. Queries are drawn like the rest.

Files, little endian and in C order:
    base.npy            float32 [n, dim]
    queries.npy         float32 [queries, dim]
    gt.npy              int32 [queries, 100], nearest first by inner product
    attrs.npy           int32 [n, 6]: a value per filter track; tracks 0 to 3 are independent of the vectors and have 2,
                        10, 100 and 1,000 values; track 4 has 10, and four rows in five take that of their cluster;
                        track 5 is the nearest of 10 centres of the whole
    fval.npy            int32 [queries, 6]: the value that a query asks for; in track 5 the centre farthest from it, so
                        that hardly anything near it passes
    gt_f0.npy..gt_f5.npy  int32 [queries, 10]: nearest rows with that value; -1 where fewer match
    meta.json           what all this is
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

QUERIES = 2_000
SEED = 42
TRUTH = 100
TOP = 10
TRACKS = ["50 %", "10 %", "1 %", "0.1 %", "10 %, with the clusters", "far from the query"]
TRACK_VALUES = [2, 10, 100, 1_000]
ASKED_VALUES = 8
REGIONS = 10
REGION_PASSES = 10
REGION_SAMPLE = 20_000
COPY_GROUP = 10
COPY_NOISE = 0.03
ROOT = Path(__file__).resolve().parents[2]
SENTENCES = "vectors/wordnet100k/vectors.f16.npy"
SENTENCE_ROWS, SENTENCE_QUERIES = 100_000, 1_000

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


def centres_of(base: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Centres of a few large regions: k-means by cosine on a sample."""
    sample = base[np.sort(rng.choice(len(base), size=min(REGION_SAMPLE, len(base)), replace=False))]
    centres = sample[rng.choice(len(sample), size=min(REGIONS, len(sample)), replace=False)]
    for _ in range(REGION_PASSES):
        nearest = np.argmax(sample @ centres.T, axis=1)
        sums = np.stack([sample[nearest == region].sum(axis=0) for region in range(len(centres))])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres)
    return centres


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


def load(
    folder: Path,
    vectors: Path,
    query_vectors: Path | None,
    queries: int = QUERIES,
    seed: int = SEED,
    source: str = "",
) -> None:
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
    origin = {"source": source or vectors.name, "queries": query_vectors.name if query_vectors else "held out"}
    write(folder, base, asked, nearest_of(base, 200, rng), rng, {"seed": seed, **origin})


def gaussian(folder: Path, count: int, dim: int, queries: int = QUERIES, seed: int = SEED) -> None:
    """Writes the folder for vectors without structure."""
    rng = np.random.default_rng(seed + 1)
    base, asked = (unit(rng.standard_normal((rows, dim), dtype=np.float32)) for rows in (count, queries))
    write(folder, base, asked, nearest_of(base, 200, rng), rng, {"seed": seed, "source": "gaussian"})


def near_copies(folder: Path, count: int, dim: int, queries: int = QUERIES, seed: int = SEED) -> None:
    """Writes the folder for groups of near copies, in a shuffled order."""
    rng = np.random.default_rng(seed + 1)
    originals = rng.standard_normal((count // COPY_GROUP, dim), dtype=np.float32)

    def copies(groups: np.ndarray) -> np.ndarray:
        return unit(originals[groups] + np.float32(COPY_NOISE) * rng.standard_normal((len(groups), dim), dtype=np.float32))

    groups = rng.permutation(np.repeat(np.arange(len(originals), dtype=np.int32), COPY_GROUP))
    base, asked = copies(groups), copies(rng.integers(0, len(originals), queries))
    write(folder, base, asked, groups, rng, {"seed": seed, "source": "near copies"})


def sentences(folder: Path, queries: int = SENTENCE_QUERIES, seed: int = SEED) -> None:
    """Writes the folder for the sentence vectors of the shared data."""
    path = Path(os.environ.get("PRECEDENT_DATA") or ROOT.parent / "shared" / "data") / SENTENCES
    rows = read_vectors(path)
    queries = min(queries, SENTENCE_QUERIES)
    if len(rows) < SENTENCE_ROWS + queries:
        raise ValueError(f"{path} holds fewer than {SENTENCE_ROWS + queries} vectors")
    base, asked = (unit(part.astype(np.float32)) for part in (rows[:SENTENCE_ROWS], rows[-queries:]))
    rng = np.random.default_rng(seed + 1)
    write(folder, base, asked, nearest_of(base, 200, rng), rng, {"seed": seed, "source": "sentences"})


def patches(folder: Path, queries: int = QUERIES, seed: int = SEED) -> None:
    """Writes the folder for patches of films, which our program reads and encodes."""
    program = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "release" / "patch-vectors"
    if not program.is_file():
        raise ValueError(f"build {program.name} first: cargo build --release -p precedent-benches --bin {program.name}")
    with tempfile.TemporaryDirectory(prefix="precedent-patches-") as made:
        subprocess.run([str(program), made], check=True)
        load(folder, Path(made) / "base.npy", Path(made) / "queries.npy", queries, seed, "patches")


SETS: dict[str, Callable[..., None]] = {
    "clustered-100k-512": partial(generate, count=100_000, dim=512),
    "clustered-1m-512": partial(generate, count=1_000_000, dim=512),
    "clustered-1m-128": partial(generate, count=1_000_000, dim=128),
    "gaussian-100k-512": partial(gaussian, count=100_000, dim=512),
    "near-copies-100k-384": partial(near_copies, count=100_000, dim=384),
    "sentences-100k-384": sentences,
    "patches-64k-128": patches,
    "quick": partial(generate, count=5_000, dim=64),
}
"""What makes the folder of each set: called with the folder, and `queries` and `seed` where they differ."""


def write(
    folder: Path, base: np.ndarray, queries: np.ndarray, clusters: np.ndarray, rng: np.random.Generator, source: dict
) -> None:
    """Computes the answers and writes all files, `meta.json` last: a folder that has it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = exact(base, queries, TRUTH)
    attrs, asked = attributes(clusters, rng), asked_values(len(queries))
    # Drawn after all else, so that what a seed meant before regions were there stays.
    centres = centres_of(base, rng)
    region = np.concatenate([np.argmax(base[rows] @ centres.T, axis=1) for rows in blocks(len(base), DRAW_ROWS)])
    attrs = np.column_stack([attrs, region]).astype(np.int32)
    asked = np.column_stack([asked, np.argmin(queries @ centres.T, axis=1)]).astype(np.int32)
    arrays = {"base": base, "queries": queries, "gt": truth, "attrs": attrs, "fval": asked}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    for track in range(len(TRACKS)):
        np.save(folder / f"gt_f{track}.npy", filtered_truth(base, queries, attrs[:, track], asked[:, track]))
    shape = {"n": len(base), "dim": base.shape[1], "nq": len(queries), "tracks": len(TRACKS)}
    meta = {**shape, **source, **difficulty(base, queries, truth)}
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
        SETS[given.set](given.folder, queries=given.queries, seed=given.seed)
    else:
        load(given.folder, given.vectors, given.query_vectors, queries=given.queries, seed=given.seed)
    print((given.folder / "meta.json").read_text(), end="")


if __name__ == "__main__":
    main()
