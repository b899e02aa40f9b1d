"""Raw images in, raw images asked: is a copy found, and are the films that come back alike in more than their patient?

    python tests/acceptance/images.py [--write DOCUMENT] [--save FIGURES]

Covid-19 and NIH films go in by `precedent ingest --images` with the bundled encoder, which has seen phantoms only. Then, over
gRPC:

1. a copy of every archived film asks with the film's own patient let in, and the film itself is to be first: saved again as
   JPEG and scaled, cropped by 5 % of both sides (what is left lies in the middle or in a corner), turned by 3 degrees;
2. every film asks with its own patient left out: the share of the first ten that have a finding in common with it, beside
   what chance gives and beside 64 principal components of 32 x 32 pixels, compared by cosine;
3. the share of the first ten of a lateral film that are lateral, too, beside what the components and the pixels themselves
   give; it must not be below either.

The intervals are those of a bootstrap over patients. `--write` replaces the block `images` of a document by the table, with the
figures of `images_before.json` beside it, which `--save` wrote with the program of before.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from harness import ROOT, Server, Verdict, bounds, data, heading, run, workplace
from PIL import Image as Picture
from precedent_client import Client

BEFORE = Path(__file__).with_name("images_before.json")
BLOCK = re.compile(r"(<!-- images -->\n).*?(<!-- /images -->)", re.DOTALL)
CROP = 0.05
TURN = 3.0
TOP = 10
SIDE = 32
COMPONENTS = 64
DRAWS = 2000

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
    lateral: bool


@dataclass(frozen=True)
class Copy:
    """A way to copy a film, and by what name floors.toml has the share of films that are found by such copies."""

    name: str
    make: Callable[[Picture.Image], Picture.Image]
    floor: str


@dataclass(frozen=True)
class Figure:
    """A row of the table: over films of a set, with its interval, and the name of its floor in floors.toml."""

    films: str
    name: str
    value: float
    interval: str
    floor: str = ""


@dataclass
class Figures:
    """All rows, each held against its floor as it comes."""

    verdict: Verdict
    rows: list[Figure] = field(default_factory=list)

    def add(self, row: Figure) -> None:
        """Takes a row in and prints it."""
        self.rows.append(row)
        print(f"- {row.name}: {row.value:.3f} ({row.interval})", flush=True)
        if row.floor:
            self.verdict.figure(row.floor, row.value, f"{row.films}, {row.name}")

    def markdown(self) -> str:
        """The table, with the figures of before."""
        before = json.loads(BEFORE.read_text()) if BEFORE.exists() else {}
        lines = ["| films | share | before | now | 95 % | floor |", "|---|---|---|---|---|---|"]
        for row in self.rows:
            earlier = before.get(f"{row.films}: {row.name}")
            cells = [row.films, row.name, "" if earlier is None else f"{earlier:.3f}", f"{row.value:.3f}", row.interval]
            lines.append(f"| {' | '.join(cells)} | {f'{FLOORS[row.floor].value:.3f}' if row.floor else ''} |")
        return "\n".join(lines) + "\n"


def films(folder: Path, group: str, findings: str, split: str) -> list[Film]:
    """The rows of a data set."""
    with (folder / "manifest.csv").open(newline="") as file:
        return [
            Film(
                row["filename"],
                folder / "images" / row["filename"],
                row[group],
                frozenset(name.strip() for name in row[findings].split(split)),
                row["view"] == "L",
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


def scaled(scale: float) -> Callable[[Picture.Image], Picture.Image]:
    """Scales both sides."""

    def make(film: Picture.Image) -> Picture.Image:
        sides = [max(1, round(side * scale)) for side in film.size]
        return film.resize((sides[0], sides[1]), Picture.Resampling.BICUBIC)

    return make


def cropped(right: float, down: float, share: float = CROP) -> Callable[[Picture.Image], Picture.Image]:
    """Makes both sides shorter by a share; `right` and `down` say how much of it goes at the left and at the top."""

    def make(film: Picture.Image) -> Picture.Image:
        wide, high = (round(side * share) for side in film.size)
        left, top = round(wide * right), round(high * down)
        return film.crop((left, top, left + film.width - wide, top + film.height - high))

    return make


def turned(degrees: float) -> Callable[[Picture.Image], Picture.Image]:
    """Turns about the middle; what comes in from outside is black."""
    return lambda film: film.rotate(degrees, Picture.Resampling.BILINEAR)


PLACES = {"middle": (0.5, 0.5), "top left": (1, 1), "top right": (0, 1), "bottom left": (1, 0), "bottom right": (0, 0)}
CROPS = "cropped by 5 %, mean of five places"
FLOORS = bounds("images")
FINDING_FLOORS = {"Covid-19 films": "finding_in_common_covid", "NIH films of 64 x 64 pixels": "finding_in_common_nih"}
COPIES = [
    *(Copy(f"copy scaled to {scale}", scaled(scale), "scaled") for scale in (0.75, 1.25)),
    *(
        Copy(f"copy cropped by 5 %, {name} cut off", cropped(*place), "cropped_at_a_corner")
        for name, place in PLACES.items()
        if name != "middle"
    ),
    Copy("copy cropped by 5 %, middle kept", cropped(*PLACES["middle"]), "cropped_around_the_middle"),
    Copy("copy with 5 % cut off every side", cropped(0.5, 0.5, 2 * CROP), "cut_off_every_side"),
    *(Copy(f"copy turned by {degrees:+.0f} degrees", turned(degrees), "turned") for degrees in (TURN, -TURN)),
]


def saved(film: Film, make: Callable[[Picture.Image], Picture.Image]) -> bytes:
    """A copy of the film, saved with loss."""
    with Picture.open(film.path) as picture:
        file = io.BytesIO()
        make(picture.convert("L")).save(file, "JPEG", quality=85)
    return file.getvalue()


def find_copies(client: Client, name: str, rows: list[Film], figures: Figures) -> None:
    """Asks with copies."""
    crops = []
    for copy in COPIES:
        found = []
        for film in rows:
            answer = client.search(
                images=[saved(film, copy.make)],
                patient=film.group,
                include_same_patient=True,
                several_per_patient=True,
                limit=1,
            )
            found.append(float(bool(answer.hits) and answer.hits[0].case.case_id == film.name))
        shares = np.array(found)
        if copy.name.startswith("copy cropped"):
            crops.append(shares)
        figures.add(Figure(name, copy.name, float(shares.mean()), interval(rows, shares), copy.floor))
    shares = np.mean(crops, axis=0)
    figures.add(Figure(name, CROPS, float(shares.mean()), interval(rows, shares), "cropped_on_average"))


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


def small(rows: list[Film]) -> np.ndarray:
    """Films as SIDE x SIDE pixels with mean 0 and deviation 1."""
    pixels = []
    for film in rows:
        with Picture.open(film.path) as picture:
            little = picture.convert("L").resize((SIDE, SIDE), Picture.Resampling.BILINEAR)
            grey = np.asarray(little, np.float64).ravel()
        pixels.append((grey - grey.mean()) / max(grey.std(), 1e-6))
    return np.stack(pixels)


def components(pixels: np.ndarray) -> np.ndarray:
    """The first principal components."""
    centred = pixels - pixels.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes[:COMPONENTS].T


def compared(rows: list[Film], codes: np.ndarray) -> list[list[str]]:
    """Per film the ten nearest of other patients by the cosine of codes."""
    codes = codes / np.linalg.norm(codes, axis=1, keepdims=True)
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
    """The 95 % interval of a mean over films, patients drawn anew."""
    by_group: dict[str, list[int]] = defaultdict(list)
    for at, film in enumerate(rows):
        by_group[film.group].append(at)
    sums = np.array([values[members].sum() for members in by_group.values()])
    counts = np.array([len(members) for members in by_group.values()])
    drawn = np.random.default_rng(5).integers(len(sums), size=(DRAWS, len(sums)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [2.5, 97.5])
    return f"{low:.3f} to {high:.3f}"


def compare(name: str, rows: list[Film], answers: list[list[str]], figures: Figures) -> None:
    """The share of hits with a finding in common, and of laterals among a lateral's hits, by every way."""
    group = {film.name: film.group for film in rows}
    for film, names in zip(rows, answers, strict=True):
        whole = len(names) == TOP and all(group[name] != film.group for name in names)
        figures.verdict.expect(whole, f"{film.name}: {TOP} films of other patients come")
    pixels = small(rows)
    by_components, by_pixels = compared(rows, components(pixels)), compared(rows, pixels)
    chance, ours, plain = by_chance(rows), shares(rows, answers), shares(rows, by_components)
    for way, values, floor in [
        ("a finding in common, chance", chance, ""),
        ("a finding in common, principal components", plain, ""),
        ("a finding in common, bundled encoder", ours, FINDING_FLOORS[name]),
        ("a finding in common, encoder less components", ours - plain, ""),
    ]:
        figures.add(Figure(name, way, float(values.mean()), interval(rows, values), floor))
    laterals = [at for at, film in enumerate(rows) if film.lateral]
    if laterals:
        compare_views(name, rows, laterals, (by_pixels, by_components, answers), figures)


def compare_views(
    name: str, rows: list[Film], asking: list[int], ways: tuple[list[list[str]], ...], figures: Figures
) -> None:
    """Laterals among the hits of laterals: by pixels, by components, by the encoder, which must not be below either."""
    lateral = {film.name: film.lateral for film in rows}
    asked = [rows[at] for at in asking]
    found = [np.array([np.mean([lateral[hit] for hit in way[at]]) for at in asking]) for way in ways]
    means = [float(values.mean()) for values in found]
    for way, values, mean in zip(("pixels", "principal components", "bundled encoder"), found, means, strict=True):
        figures.add(Figure(name, f"laterals near laterals, {way}", mean, interval(asked, values)))
    figures.verdict.expect(means[-1] >= max(means[:-1]), f"{name}: laterals near laterals, as often as by {means[:-1]}")


def main() -> int:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="DOCUMENT", help="replace its block `images` by the table")
    parser.add_argument("--save", type=Path, metavar="FIGURES", help="write the figures as JSON")
    arguments = parser.parse_args()
    verdict = Verdict("images")
    figures = Figures(verdict)
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
            verdict.figure("films_covid" if folder == covid else "films_nih", len(taken))
            with Server(place / "index") as server, Client(server.address) as client:
                find_copies(client, name, taken, figures)
                compare(name, taken, searched(client, taken), figures)
    print(f"\n{figures.markdown()}")
    if arguments.save:
        saved_figures = {f"{row.films}: {row.name}": round(row.value, 4) for row in figures.rows}
        arguments.save.write_text(json.dumps(saved_figures, indent=2) + "\n")
    if arguments.write:
        text = arguments.write.read_text()
        verdict.expect(BLOCK.search(text) is not None, f"{arguments.write} has a block `images`")
        arguments.write.write_text(BLOCK.sub(lambda block: block[1] + figures.markdown() + block[2], text))
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
