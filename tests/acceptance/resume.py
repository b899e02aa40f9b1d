"""An ingest that is killed and an ingest whose disk is full: run again, everything is in, once.

    python tests/acceptance/resume.py [--kills 12]

1. `precedent ingest` is killed at a random moment, over and over; after each kill `verify` finds nothing. The same
   command, left alone, then brings in every row, whole and once, and once more has nothing to do.
2. The index lies on a disk that is too small: a tmpfs, which takes a user who may mount one (PRECEDENT_WITHOUT=small-disk
   leaves this out). The ingest says that the disk is full, searches go on, and with room the same command brings in the rest.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from harness import Verdict, heading, program, run, run_json, stats, without, workplace

ROWS = 12_000
DIMENSION = 64
ENCODER = "resume-encoder-1"


def make_sources(place: Path) -> list[object]:
    """A manifest and embeddings; the arguments of the ingest after the index."""
    source = place / "cases.jsonl"
    with source.open("w") as file:
        for row in range(ROWS):
            text = f"Report number{row}. " + "The heart is normal in size. " * (row % 23)
            file.write(json.dumps({"case_id": f"case-{row}", "age": row % 100, "findings": text}) + "\n")
    rng = np.random.default_rng(5)
    np.save(place / "cases.npy", rng.standard_normal((ROWS, DIMENSION)).astype("<f4"))
    return [source, "--embeddings", place / "cases.npy", "--encoder-id", ENCODER]


def make_index(index: Path) -> None:
    """An empty index for the sources."""
    run("init", index, "--name", "resume", "--dimension", DIMENSION, "--encoder-id", ENCODER)


def check_whole(index: Path, place: Path, verdict: Verdict, when: str) -> None:
    """Every row is in, once, with its text, field and embedding."""
    verdict.expect(int(stats(index)["caseCount"]) == ROWS, f"{when}: {stats(index)['caseCount']} of {ROWS} cases")
    verdict.expect(run("verify", index, code=None).returncode == 0, f"{when}: verify")
    for row in range(0, ROWS, ROWS // 20):
        named = run_json("search", index, "--text", f"+number{row}")["hits"]
        right = [(hit["case"]["caseId"], hit["case"]["fields"]["age"]["values"]) for hit in named]
        verdict.expect(right == [(f"case-{row}", [str(row % 100)])], f"{when}: row {row} by its text")
        query = ["--embedding", place / "cases.npy", "--row", row, "--encoder-id", ENCODER, "--exact", "-k", 1]
        nearest = run_json("search", index, *query)["hits"][0]
        near = nearest["case"]["caseId"] == f"case-{row}" and nearest["image"]["cosine"] > 0.9999
        verdict.expect(near, f"{when}: row {row} by its embedding")


def killed(place: Path, sources: list[object], kills: int, verdict: Verdict) -> None:
    """Kills the ingest again and again, then lets it end."""
    index = place / "index"
    make_index(index)
    chance = random.Random(11)
    command = [str(program()), "ingest", str(index), "--merge", *map(str, sources)]
    came = []
    for kill in range(kills):
        process = subprocess.Popen(
            command, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # Later and later, so that reading, writing and merging are all cut short.
        time.sleep(chance.uniform(0.02, 0.1 + 1.5 * kill / kills))
        process.kill()
        process.wait()
        checked = run("verify", index, code=None)
        verdict.expect(checked.returncode == 0, f"verify after kill {kill + 1}: {checked.stdout}{checked.stderr}")
        now = stats(index)
        came.append(int(now["caseCount"]) + int(now.get("pendingOperationCount", 0)))
    print(f"cases there after each of {kills} kills: {came}")
    verdict.expect(came == sorted(came), "no kill takes back what was there")
    run("ingest", index, "--merge", *sources, cwd=place)
    check_whole(index, place, verdict, "after the kills")
    before = stats(index)
    again = run("ingest", index, "--merge", *sources, cwd=place)
    verdict.expect(stats(index) == before, f"once more changes nothing: {again.stdout}")


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of that size."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(command, stderr=subprocess.DEVNULL).returncode != 0:
        sys.exit("this user may not mount a small disk; set PRECEDENT_WITHOUT=small-disk to leave that part out")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def full_disk(place: Path, sources: list[object], verdict: Verdict) -> None:
    """Fills a disk, makes room, and goes on."""
    with small_disk(place / "disk", 6) as disk:
        index = disk / "index"
        make_index(index)
        first = run("ingest", index, "--merge", *sources, code=None, cwd=place)
        told = " ".join(first.stderr.split())
        print(f"exit code {first.returncode}: {told[-160:]}")
        verdict.expect(first.returncode not in (0, 3, 101, 134), f"a full disk ends the ingest: {first.returncode}")
        verdict.expect("full" in told or "space" in told, f"the message says that the disk is full: {told}")
        verdict.expect(run("verify", index, code=None).returncode == 0, "a full disk: verify")
        kept = int(stats(index)["caseCount"])
        searched = run("search", index, "--text", "heart", code=None)
        verdict.expect(searched.returncode == 0, f"a full disk: searches go on: {searched.stderr}")
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        run("ingest", index, "--merge", *sources, cwd=place)
        verdict.expect(kept <= ROWS, f"{kept} cases were in before there was room")
        check_whole(index, place, verdict, "with room again")


def main() -> int:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=12)
    options = parser.parse_args()
    verdict = Verdict("resume")
    with workplace("resume") as place:
        sources = make_sources(place)
        heading("Killed")
        killed(place, sources, options.kills, verdict)
        heading("Disk full")
        if without("small-disk"):
            print("skipped: without small-disk")
            verdict.leave_out("checks")
        else:
            full_disk(place, sources, verdict)
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
