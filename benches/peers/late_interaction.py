"""Compares late interaction with its peers: the same vectors, the same core, one run.

    pip install -r benches/peers/requirements.txt
    cargo build --release -p precedent-benches --bin kernel-speed
    python benches/peers/late_interaction.py

Patches of an image against sentences, numbers of 8 bits. Ours takes them as they are, once for each instruction set of the
machine; numpy and maxsim-cpu take them as 32-bit floats, whose products are whole numbers, too, and exact.

Ours and numpy give the largest product of each sentence with any patch, and must agree in every bit. maxsim-cpu has no such
call: it gives for each report of 8 sentences the sum over all patches of the largest product with any sentence, which is
rounded. The multiplications are the same.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import machine
import numpy as np
from protocol import environment, pinned

ROOT = Path(__file__).resolve().parents[2]
DIMENSION = 128
SENTENCES_OF_A_REPORT = 8
# Patches and sentences: those of the anchor in the documentation, and a whole image against what fits caches and what does not.
WORKLOADS = [(49, 8_000), (64, 8_000), (64, 140_000)]
# Sentences whose products numpy holds at a time. This, and the products of a patch in one row, is where numpy is fastest.
BLOCK = 4_096
# A peer's turn goes on for so many seconds and calls; the fastest call of all turns counts.
SECONDS, CALLS = 0.3, 5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "target" / "release" / "kernel-speed")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, in which engines take turns")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core that computes")
    parser.add_argument("--worker", nargs=2, metavar=("ENGINE", "DIR"), help=argparse.SUPPRESS)
    return parser.parse_args()


def make(folder: Path, patches: int, sentences: int) -> None:
    """Vectors of whole numbers from -127 to 127."""
    random = np.random.default_rng(20261130)
    for name, count in (("patches", patches), ("sentences", sentences)):
        random.integers(-127, 128, (count, DIMENSION), np.int8).tofile(folder / name)


def vectors(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The patches and the sentences of a folder."""
    patches, sentences = (np.fromfile(folder / name, np.int8).reshape(-1, DIMENSION) for name in ("patches", "sentences"))
    return patches, sentences


def best_of_patches(patches: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """Of each sentence the largest product with any patch."""
    blocks = range(0, len(sentences), BLOCK)
    return np.concatenate([(patches @ sentences[at : at + BLOCK].T).max(axis=0) for at in blocks])


def sums_of_reports(patches: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """Of each report the sum over the patches of the largest product with any of its sentences."""
    products = (sentences @ patches.T).astype(np.float64)
    return products.reshape(-1, SENTENCES_OF_A_REPORT, len(patches)).max(axis=1).sum(axis=1)


def with_maxsim_cpu(patches: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """The same, by maxsim-cpu."""
    import maxsim_cpu

    return maxsim_cpu.maxsim_scores(patches, sentences.reshape(-1, SENTENCES_OF_A_REPORT, DIMENSION))


# Each with what its answer must equal.
PEERS: dict[str, tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]] = {
    "numpy, float32": (best_of_patches, best_of_patches),
    "maxsim-cpu, float32": (with_maxsim_cpu, sums_of_reports),
}


def work(engine: str, folder: Path) -> None:
    """Times one peer, in a process of its own, and prints its fastest call."""
    patches, sentences = (numbers.astype(np.float32) for numbers in vectors(folder))
    call, expected = PEERS[engine]
    found = np.asarray(call(patches, sentences))
    if not np.allclose(found, expected(patches, sentences), rtol=1e-5, atol=0):
        sys.exit(f"{engine} gives other answers")
    fastest, began, calls = float("inf"), time.perf_counter(), 0
    while calls < CALLS or time.perf_counter() - began < SECONDS:
        start = time.perf_counter()
        call(patches, sentences)
        fastest = min(fastest, time.perf_counter() - start)
        calls += 1
    print(fastest)


def answer(command: list[str], core: int) -> str:
    """What a process prints that has one core and one thread."""
    return subprocess.check_output(command, text=True, env=environment(1), preexec_fn=pinned([core]))


def ours(program: Path, name: str, folder: Path, core: int) -> float:
    """The fastest call of ours; its answers are checked."""
    options = ["--instruction-set", name, "--vectors", str(folder), "--dimension", str(DIMENSION)]
    told = json.loads(answer([str(program), *options], core))
    patches, sentences = (numbers.astype(np.float32) for numbers in vectors(folder))
    if not np.array_equal(np.array(told["best"]), best_of_patches(patches, sentences)):
        sys.exit(f"Precedent with {name} gives other answers")
    return float(told["fastest_s"])


def measured(given: argparse.Namespace, folder: Path) -> dict[str, float]:
    """The fastest call of each engine, in seconds. The order turns from round to round. Portable code is left out."""
    ways: dict[str, Callable[[], float]] = {}
    for name in machine.instruction_sets()[:-1]:
        ways[f"Precedent, {name}"] = lambda name=name: ours(given.program, name, folder, given.core)
    for peer in PEERS:
        command = [sys.executable, __file__, "--worker", peer, str(folder)]
        ways[peer] = lambda command=command: float(answer(command, given.core))
    names = list(ways)
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(given.rounds):
        start = turn % len(names)
        for name in (*names[start:], *names[:start]):
            found[name].append(ways[name]())
    return {name: min(seconds) for name, seconds in found.items()}


def table(results: list[tuple[int, int, dict[str, float]]]) -> str:
    """Milliseconds and billions of multiplications a second, a row for each engine."""
    heads = [f"{patches} patches x {sentences:,} sentences" for patches, sentences, _ in results]
    lines = ["| engine | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    for name in results[0][2]:
        cells = [
            f"{found[name] * 1e3:.3g} ms, {patches * sentences * DIMENSION / found[name] / 1e9:.0f} GMAC/s"
            for patches, sentences, found in results
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def caption(about: dict[str, Any], rounds: int) -> str:
    """What the table is of."""
    return (
        f"{DIMENSION} numbers a vector, one core, the fastest of {rounds} rounds, numpy {np.__version__}, "
        f"maxsim-cpu {importlib.metadata.version('maxsim-cpu')}; {about['processor']} (family, model, stepping {about['model']}; "
        f"{', '.join(about['vector_units'])}), load average {about['load_average']}."
    )


def main() -> None:
    given = arguments()
    if given.worker:
        work(given.worker[0], Path(given.worker[1]))
        return
    if not given.program.is_file():
        sys.exit(f"{given.program} is not built: cargo build --release -p precedent-benches --bin kernel-speed")
    results = []
    with tempfile.TemporaryDirectory() as name:
        for patches, sentences in WORKLOADS:
            make(Path(name), patches, sentences)
            results.append((patches, sentences, measured(given, Path(name))))
    print(caption(machine.described(given.core), given.rounds), table(results), sep="\n\n")


if __name__ == "__main__":
    main()
