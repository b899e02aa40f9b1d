"""Raw images in, raw images asked: is a copy found, and are the films that come back alike in more than their patient?

    python tests/acceptance/images.py

Covid-19 and NIH films go in by `precedent ingest --images` with the bundled encoder, which has seen phantoms only. Then, over
gRPC:

1. a copy of every archived film, saved again as JPEG and scaled to 0.75 and to 1.25, asks with the film's own patient let in:
   the film itself is to be first (goal: 99 %);
2. every film asks with its own patient left out: the share of the first ten that have a finding in common with it, beside
   what chance gives and beside 64 principal components of 32 x 32 pixels, compared by cosine. The intervals are those of a
   bootstrap over patients. These figures have no goal: the encoder is a demonstration.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import ROOT, Server, Verdict, data, heading, run, table, workplace
from PIL import Image as Picture
from precedent_client import Client

GOAL = 0.99
TOP = 10
SIDE = 32
COMPONENTS = 64
DRAWS = 2000
SCALES = (0.75, 1.25)

NIH_MAP = """
[columns]
case_id = "filename"
patient_id = "patientid"
images = "filename"
view = "view"
sex = "sex"
age = "age"

[labels]
label = { column = "finding_labels", split = "|" }
"""


@dataclass(frozen=True)
class Film:
    """A row of a manifest: its file, whose it is, what is to be seen."""

    name: str
    path: Path
    group: str
    findings: frozenset[str]


def films(folder: Path, group: str, findings: str, split: str) -> list[Film]:
    """The rows of a data set."""
    with (folder / "manifest.csv").open(newline="") as file:
        return [
            Film(
                row["filename"],
                folder / "images" / row["filename"],
                row[group],
                frozenset(name.strip() for name in row[findings].split(split)),
            )
            for row in csv.DictReader(file)
        ]


def ingest(place: Path, folder: Path, columns: Path, rows: list[Film], verdict: Verdict) -> list[Film]:
    """Takes the films in; gives those that are in. What is refused is refused by name."""
    run("init", place / "index", "--encoder", "phantom-cxr")
    arguments = ("ingest", place / "index", folder / "manifest.csv", "--map", columns, "--images", folder / "images")
    done = run(*arguments, code=None, cwd=place)
    verdict.expect(done.returncode in (0, 3), f"ingest ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    rejected: set[int] = set()
    if done.returncode == 3:
        for line in (place / "rejected.jsonl").read_text().splitlines():
            refusal = json.loads(line)
            if refusal["outcome"] != "rejected":
                continue
            rejected.add(int(refusal["row"]))
            print(f"- refused: {rows[int(refusal['row']) - 1].name}: {refusal['problem']}")
    return [film for number, film in enumerate(rows, start=1) if number not in rejected]


def copy(film: Film, scale: float) -> bytes:
    """The film scaled and saved again with loss."""
    with Picture.open(film.path) as picture:
        grey = picture.convert("L")
        sides = [max(1, round(side * scale)) for side in grey.size]
        saved = io.BytesIO()
        grey.resize((sides[0], sides[1]), Picture.Resampling.BICUBIC).save(saved, "JPEG", quality=85)
    return saved.getvalue()


def find_copies(client: Client, rows: list[Film], verdict: Verdict) -> None:
    """Asks with copies."""
    for scale in SCALES:
        missed = []
        for film in rows:
            answer = client.search(
                images=[copy(film, scale)],
                patient=film.group,
                include_same_patient=True,
                several_per_patient=True,
                limit=1,
            )
            if not answer.hits or answer.hits[0].case.case_id != film.name:
                missed.append(film.name)
        share = 1 - len(missed) / len(rows)
        print(f"- copies at {scale}x: the original is first for {len(rows) - len(missed)} of {len(rows)} ({share:.2%})")
        verdict.expect(share >= GOAL, f"copies at {scale}x: {share:.2%} found, the goal is {GOAL:.0%}; missed {missed[:5]}")


def searched(client: Client, rows: list[Film]) -> list[list[str]]:
    """Per film the ten nearest of other patients."""
    return [
        [
            hit.case.case_id
            for hit in client.search(
                images=[film.path.read_bytes()], patient=film.group, several_per_patient=True, limit=TOP
            ).hits
        ]
        for film in rows
    ]


def compared(rows: list[Film]) -> list[list[str]]:
    """The same by principal components of small pictures."""
    pixels = []
    for film in rows:
        with Picture.open(film.path) as picture:
            small = picture.convert("L").resize((SIDE, SIDE), Picture.Resampling.BILINEAR)
            grey = np.asarray(small, np.float64).ravel()
        pixels.append((grey - grey.mean()) / max(grey.std(), 1e-6))
    centred = np.stack(pixels) - np.mean(pixels, axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    codes = centred @ axes[:COMPONENTS].T
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    groups = np.array([film.group for film in rows])
    answers = []
    for at, film in enumerate(rows):
        nearness = np.where(groups == film.group, -np.inf, codes @ codes[at])
        answers.append([rows[other].name for other in np.argsort(-nearness, kind="stable")[:TOP]])
    return answers


def shares(rows: list[Film], answers: list[list[str]]) -> np.ndarray:
    """Per film the share of its answers that have a finding in common with it."""
    findings = {film.name: film.findings for film in rows}
    return np.array(
        [
            np.mean([bool(film.findings & findings[name]) for name in names])
            for film, names in zip(rows, answers, strict=True)
        ]
    )


def by_chance(rows: list[Film]) -> np.ndarray:
    """Per film the share of all films of other patients that have a finding in common with it."""
    return np.array(
        [
            np.mean([bool(film.findings & other.findings) for other in rows if other.group != film.group])
            for film in rows
        ]
    )


def interval(rows: list[Film], values: np.ndarray) -> str:
    """The mean over films with its 95 % interval, patients drawn anew."""
    by_group: dict[str, list[int]] = defaultdict(list)
    for at, film in enumerate(rows):
        by_group[film.group].append(at)
    sums = np.array([values[members].sum() for members in by_group.values()])
    counts = np.array([len(members) for members in by_group.values()])
    drawn = np.random.default_rng(5).integers(len(sums), size=(DRAWS, len(sums)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [2.5, 97.5])
    return f"{values.mean():.3f} ({low:+.3f} to {high:+.3f})" if low < 0 else f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


def compare(rows: list[Film], answers: list[list[str]], verdict: Verdict) -> None:
    """Prints the share of hits with a finding in common, by every way."""
    group = {film.name: film.group for film in rows}
    for film, names in zip(rows, answers, strict=True):
        whole = len(names) == TOP and all(group[name] != film.group for name in names)
        verdict.expect(whole, f"{film.name}: {TOP} films of other patients come")
    chance, ours, plain = by_chance(rows), shares(rows, answers), shares(rows, compared(rows))
    ways = [
        ("chance", chance),
        (f"{COMPONENTS} principal components", plain),
        ("bundled encoder", ours),
        ("bundled encoder less chance", ours - chance),
        ("bundled encoder less components", ours - plain),
    ]
    print()
    print(table([f"a finding in common, first {TOP}", "share (95 %)"], [(name, interval(rows, way)) for name, way in ways]))


def main() -> int:
    """Runs the script."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    verdict = Verdict()
    covid, nih = data("covid_cxr"), data("nih_small")
    sets = [
        ("Covid-19 films", covid, films(covid, "split_group", "finding", ",")),
        ("NIH films of 64 x 64 pixels", nih, films(nih, "patientid", "finding_labels", "|")),
    ]
    for name, folder, rows in sets:
        heading(name)
        with workplace("images") as place:
            columns = ROOT / "index" / "maps" / "covid_cxr.toml"
            if folder == nih:
                columns = place / "nih.toml"
                columns.write_text(NIH_MAP)
            taken = ingest(place, folder, columns, rows, verdict)
            print(f"- {len(taken)} of {len(rows)} films of {len({film.group for film in taken})} patients are in")
            with Server(place / "index") as server, Client(server.address) as client:
                find_copies(client, taken, verdict)
                compare(taken, searched(client, taken), verdict)
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
