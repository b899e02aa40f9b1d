"""Covid-19 chest films: a real archive with patients, searched by image, with the patient's own cases left out.

    python tests/acceptance/covid.py

The descriptor is plain: films scaled to 64 x 64 grey, 64 principal components fitted without the patients who ask. For
20 patients one film asks: no own case may come; with the patient let in, the film itself is first. Clinical notes
come back as the report. A few answers are printed for a person to judge.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path

import numpy as np
from harness import ROOT, Server, Verdict, data, heading, near, run, stats, table, values, workplace
from PIL import Image as Picture
from precedent_client import Client, SearchResult

SIDE = 64
COMPONENTS = 64
PATIENTS = 20
TOP = 10
ENCODER = "principal-components-64-1"


def pixels(path: Path) -> np.ndarray:
    """A film as SIDE x SIDE grey values with mean 0 and deviation 1."""
    with Picture.open(path) as picture:
        grey = np.asarray(picture.convert("L").resize((SIDE, SIDE), Picture.Resampling.BILINEAR), np.float64)
    return ((grey - grey.mean()) / max(grey.std(), 1e-6)).ravel()


def descriptors(films: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """The principal components, fitted to the films marked."""
    mean = films[fitted].mean(axis=0)
    _, _, axes = np.linalg.svd(films[fitted] - mean, full_matrices=False)
    return ((films - mean) @ axes[:COMPONENTS].T).astype(np.float32)


def choose(rows: list[dict[str, str]]) -> list[int]:
    """One film each of patients with several films, and of some with one."""
    by_patient: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        by_patient[row["split_group"]].append(at)
    several = [films for films in by_patient.values() if len(films) > 1]
    single = [films for films in by_patient.values() if len(films) == 1]
    rng = np.random.default_rng(3)
    chosen = [several[at] for at in rng.permutation(len(several))[: PATIENTS - 5]]
    chosen += [single[at] for at in rng.permutation(len(single))[: PATIENTS - len(chosen)]]
    return [films[int(rng.integers(len(films)))] for films in chosen]


def show(row: dict[str, str], answer: SearchResult) -> None:
    """One answer for a person to read."""
    print(f"\n### Asked with {row['filename']}: {row['view']}, {row['finding']}\n")
    lines = []
    for hit in answer.hits[:5]:
        notes = " ".join(section.text for section in hit.case.sections())[:100].replace("|", "/")
        lines.append(
            [
                hit.rank,
                hit.case.case_id,
                f"{near(hit):.3f}",
                " ".join(image.view for image in hit.case.images),
                ", ".join(values(hit.case, "label")),
                notes or "-",
            ]
        )
    print(table(["rank", "case", "cosine", "view", "label", "notes begin"], lines))


def main() -> int:
    """Runs the script."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    source = data("covid_cxr", "manifest.csv")
    with source.open(newline="") as file:
        rows = list(csv.DictReader(file))
    films = np.stack([pixels(source.parent / "images" / row["filename"]) for row in rows])
    asking = choose(rows)
    asking_patients = {rows[at]["split_group"] for at in asking}
    fitted = np.array([row["split_group"] not in asking_patients for row in rows])
    vectors = descriptors(films, fitted)

    verdict = Verdict("covid")
    with workplace("covid") as place:
        index = place / "index"
        np.save(place / "films.npy", vectors)
        run("init", index, "--name", "covid", "--dimension", COMPONENTS, "--metric", "cosine", "--encoder-id", ENCODER)
        run(
            "ingest",
            index,
            source,
            "--map",
            ROOT / "index" / "maps" / "covid_cxr.toml",
            "--embeddings",
            place / "films.npy",
            "--encoder-id",
            ENCODER,
            cwd=place,
        )
        now = stats(index)
        print(
            f"{now['caseCount']} films of {len({row['split_group'] for row in rows})} patients are in; "
            f"the descriptor was fitted to {fitted.sum()} of them"
        )
        verdict.expect(int(now["caseCount"]) == len(rows), "every film is in")
        verdict.figure("films", len(rows))
        with Server(index) as server, Client(server.address) as client:
            ask(client, rows, vectors, asking, verdict)
    return verdict.close()


def ask(client: Client, rows: list[dict[str, str]], vectors: np.ndarray, asking: list[int], verdict: Verdict) -> None:
    """Asks for every chosen film and checks the guards."""
    patient_of = {row["filename"]: row["split_group"] for row in rows}
    notes_of = {row["filename"]: row["clinical_notes"] for row in rows}
    patients = len(set(patient_of.values()))
    same_view: list[float] = []
    notes_seen = 0
    heading("A few answers")
    for count, at in enumerate(asking):
        row = rows[at]
        name, patient = row["filename"], row["split_group"]
        search = partial(client.search, [vectors[at]], encoder_id=ENCODER, patient=patient)
        answer = search(limit=TOP)
        found = [patient_of[hit.case.case_id] for hit in answer.hits]
        verdict.expect(len(found) == TOP, f"{name}: {len(found)} hits of {TOP}")
        verdict.expect(patient not in found, f"{name}: no case of the patient's own")
        verdict.expect(len(set(found)) == len(found), f"{name}: one case per patient")

        whole = search(limit=1000)
        others = {patient_of[hit.case.case_id] for hit in whole.hits}
        verdict.expect(len(others) == patients - 1 and patient not in others, f"{name}: every other patient comes")

        with_own = search(limit=TOP, include_same_patient=True)
        first = with_own.hits[0]
        verdict.expect(first.case.case_id == name and near(first) > 0.9999, f"{name}: the film itself is first")
        for hit in answer.hits:
            notes = "\n".join(section.text for section in hit.case.sections())
            verdict.expect(notes.strip() == notes_of[hit.case.case_id].strip(), f"{hit.case.case_id}: its notes")
            notes_seen += bool(notes)
        known = [rows_view for rows_view in (view(rows, hit.case.case_id) for hit in answer.hits) if rows_view]
        if row["view"] and known:
            same_view.append(sum(1 for other in known if other == row["view"]) / len(known))
        if count in (0, 7, 14):
            show(row, answer)
    verdict.expect(notes_seen > 0, "clinical notes came back")

    views = Counter(row["view"] for row in rows if row["view"])
    asked = Counter(rows[at]["view"] for at in asking if rows[at]["view"])
    chance = sum(n * views[name] for name, n in asked.items()) / (sum(asked.values()) * sum(views.values()))
    heading("Does it look alike?")
    share = float(np.mean(same_view))
    print(f"{share:.0%} of the hits have the view of the film asked with; {chance:.0%} would by chance.")
    verdict.figure("same_view", share)
    verdict.figure("same_view_gain", share - chance)


def view(rows: list[dict[str, str]], filename: str) -> str:
    """The projection of a film."""
    return next(row["view"] for row in rows if row["filename"] == filename)


if __name__ == "__main__":
    sys.exit(main())
