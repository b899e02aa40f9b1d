"""Are the shared cases right: small inputs that were read wrongly before, by kind?

    python tests/acceptance/cases.py

Reports and sizes go through `precedent report`, pictures through `precedent encode`, header facts, patients and data
files through `ingest` and `search`. floors.toml says how many there are and which may be wrong; what is wrong is
named. PRECEDENT_CASES is the folder; default ../shared/cases beside the repository.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import ROOT, Verdict, needed, run, run_json, stats, table, values, workplace
from precedent_client import Case

DICOM = "pictures, DICOM"
LEAST_COSINE = 0.999
SIZE_TOLERANCE_MM = 0.05
ENCODER = "cases-encoder-1"

# What the headers of `facts/` say. Text may be left out, if it is not in the character set that the file names.
FACTS = {
    "age-063": ("age", ["63"]),
    "age-063Y": ("age", ["63"]),
    "age-63": ("age", ["63"]),
    "age-float": ("age", ["63"]),
    "cs-cp1252": ("manufacturer", ["Café “X”"]),
    "cs-jp": ("manufacturer", ["山田"]),
    "cs-misspelt": ("manufacturer", ["Müller GmbH"]),
    "cs-none-utf8": ("manufacturer", ["Müller GmbH"]),
    "cs-utf8-but-latin1": ("manufacturer", []),
    "cs-utf8name": ("manufacturer", ["Müller"]),
    "date-month": ("study_date", ["1997-04"]),
    "date-time": ("study_date", ["1997-04-05"]),
    "sex-FEMALE": ("sex", ["F"]),
    "sex-Male": ("sex", ["M"]),
}

# Filters and texts, with the cases of a data file that they find.
FOUND = {
    "hydropneumothorax.jsonl": [
        ("--filter", "finding:hydropneumothorax", {"hydro"}),
        ("--filter", "finding:pleural-effusion", {"hydro", "eff", "hemo"}),
        ("--filter", "finding:pneumothorax", {"hydro", "ptx", "hemo"}),
        ("--filter", "finding:aspiration", {"asp", "aspi"}),
        ("--filter", "finding:pneumonia", {"asp", "pneu"}),
        ("--filter", "finding.absent:hydropneumothorax", {"nohydro"}),
        ("--text", "cardiomegaly", {"cm"}),
    ],
    "unicode.jsonl": [
        ("--filter", 'site = "K\u00f6ln"', {"nfc", "nfd"}),
        ("--filter", 'site = "Ko\u0308ln"', {"nfc", "nfd"}),
        ("--text", "oed\u00e8me", {"nfc", "nfd"}),
        ("--text", "oede\u0300me", {"nfc", "nfd"}),
        ("--text", "fibrosis", {"ligature"}),
        ("--filter", "finding:pneumothorax", {"soft"}),
    ],
}


class Tally:
    """What is right and what is wrong, by kind."""

    def __init__(self) -> None:
        self.all: dict[str, int] = defaultdict(int)
        self.wrong: dict[str, list[str]] = defaultdict(list)

    def note(self, kind: str, name: str, right: bool) -> None:
        """Counts one case of a kind."""
        self.all[kind] += 1
        if not right:
            self.wrong[kind].append(name)

    def close(self) -> int:
        """Prints the table and holds the counts against their bounds."""
        rows = [
            [kind, f"{number - len(self.wrong[kind])}/{number}", ", ".join(self.wrong[kind])]
            for kind, number in sorted(self.all.items())
        ]
        total = sum(self.all.values())
        rows.append(["all", f"{total - sum(map(len, self.wrong.values()))}/{total}", ""])
        print(table(["kind", "right", "wrong"], rows), flush=True)
        verdict = Verdict("cases")
        verdict.figure("cases", total)
        verdict.figure("kinds", len(self.all))
        verdict.figure("wrong_dicom", len(self.wrong[DICOM]))
        verdict.figure("wrong_others", sum(len(names) for kind, names in self.wrong.items() if kind != DICOM))
        return verdict.close()


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def readings(rows: list[dict[str, Any]], place: Path) -> dict[str, dict[str, Any]]:
    """What the program reads in each report, by case id."""
    manifest = write(place / "reports.jsonl", [{name: row[name] for name in ("case_id", "report")} for row in rows])
    lines = run("report", manifest, "--json").stdout.splitlines()
    return {reading["caseId"]: reading for reading in map(json.loads, lines)}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A JSONL manifest."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def allowed(found: str | None, expected: Any) -> bool:
    """Whether an assertion (`None`: not mentioned) is the expected one, or one of several."""
    options = expected if isinstance(expected, list) else [expected]
    return found in [None if option in (None, "none", "not mentioned") else option for option in options]


def reports(rows: list[dict[str, Any]], place: Path, tally: Tally) -> None:
    """Every expected finding is asserted as expected."""
    read = readings(rows, place)
    for row in rows:
        said = {one["finding"]: one["assertion"] for one in read.get(row["case_id"], {}).get("findings", [])}
        right = all(allowed(said.get(finding), expected) for finding, expected in row["expected"].items())
        tally.note(row["kind"], row["case_id"], right)


def sizes(rows: list[dict[str, Any]], place: Path, tally: Tally) -> None:
    """The longest size of each report in millimetres."""
    read = readings(rows, place)
    for row in rows:
        sentences = read.get(row["case_id"], {}).get("sentences", [])
        mentions = [mention for sentence in sentences for mention in sentence["mentions"]]
        longest = max((one["size"]["longestMm"] or 0.0 for one in mentions if one["size"]), default=math.nan)
        tally.note("sizes", row["case_id"], abs(longest - row["expected_mm"]) <= SIZE_TOLERANCE_MM)


def encoded(path: Path) -> list[float] | None:
    """The embedding of a picture; `None` where it is refused."""
    done = run("encode", "--image", path, "--json", code=None)
    return json.loads(done.stdout.splitlines()[0])["values"] if done.returncode == 0 else None


def alike(first: list[float] | None, second: list[float] | None) -> bool:
    """Whether two pictures are encoded alike."""
    if first is None or second is None:
        return False
    dot = sum(a * b for a, b in zip(first, second, strict=True))
    return dot / math.hypot(*first) / math.hypot(*second) >= LEAST_COSINE


def pictures(folder: Path, kind: str, tally: Tally) -> None:
    """Files beside the picture that the standard asks for. What has none is read, or refused by its name."""
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".expected.png", ".py")):
            continue
        known = [path.with_name(f"{path.stem}.expected.png"), path.with_name(f"{path.name}.expected.png")]
        if path.name.startswith(("spacing-", "un-spacing", "vr-spacing")):
            known = [folder / "spacing-dot.dcm"]
        expected = next((one for one in known if one.exists()), None)
        if expected is None:
            done = run("encode", "--image", path, "--json", code=None)
            tally.note(kind, path.name, done.returncode == 0 or done.returncode == 2 and path.name in done.stderr)
        else:
            tally.note(kind, path.name, alike(encoded(path), encoded(expected)))


def films(folder: Path, place: Path) -> Iterator[Case]:
    """The cases of an index of the DICOM files of a folder, one each; of a refused file a case of its id alone."""
    files = sorted(folder.glob("*.dcm"))
    manifest = write(place / f"{folder.name}.jsonl", [{"case_id": one.stem, "images": [one.name]} for one in files])
    index = place / f"{folder.name}-index"
    run("init", index, "--name", "cases", "--encoder", "phantom-cxr")
    run("ingest", index, manifest, "--images", folder, "--rejected", place / "rejects.jsonl", code=None)
    answer = run_json("search", index, "--filter", "modality:* OR NOT modality:*", "--several-per-patient", "-k", 1000)
    held = {hit["case"]["caseId"]: hit["case"] for hit in answer["hits"]}
    for file in files:
        case = held.get(file.stem, {})
        fields = {name: list(field["values"]) for name, field in case.get("fields", {}).items()}
        yield Case(file.stem, case.get("patient", {}).get("id"), fields)


def facts(folder: Path, place: Path, tally: Tally) -> None:
    """What the headers say is in the fields of the cases."""
    for case in films(folder, place):
        field, expected = FACTS.get(case.case_id, ("modality", ["DX"]))
        tally.note("facts", case.case_id, "study_date" in case.fields and values(case, field) == expected)


def patients(folder: Path, place: Path, tally: Tally) -> None:
    """Each file is of another patient: ids are whole, or none."""
    held = list(films(folder, place))
    for case in held:
        like = [other for other in held if other.patient == case.patient]
        tally.note("patients", case.case_id, bool(case.fields) and (case.patient is None or len(like) == 1))


def data_files(folder: Path, place: Path, tally: Tally) -> None:
    """Words, patients, line ends, vectors."""
    for name, questions in FOUND.items():
        index = place / f"{name}-index"
        run("init", index, "--name", "cases")
        run("ingest", index, folder / name)
        for flag, text, expected in questions:
            hits = run_json("search", index, flag, text, "-k", 100)["hits"]
            tally.note(f"data, {name}", text, {hit["case"]["caseId"] for hit in hits} == expected)
    lines = run("report", folder / "unicode.jsonl", "--json").stdout.splitlines()
    foreign = next(reading for reading in map(json.loads, lines) if reading["caseId"] == "cjk")
    tally.note("data, unicode.jsonl", "cjk", bool(foreign["warnings"]) and not foreign["findings"])

    index = place / "nobody-index"
    run("init", index, "--name", "cases")
    loaded = run("ingest", index, folder / "nan-patients.csv")
    hits = run_json("search", index, "--text", "effusion", "-k", 100)["hits"]
    tally.note("data, nan-patients.csv", "patients", len(hits) == 4 and not any("patient" in h["case"] for h in hits))
    tally.note("data, nan-patients.csv", "said", "placeholder" in loaded.stdout + loaded.stderr)

    index = place / "lines-index"
    run("init", index, "--name", "cases")
    loaded = run("ingest", index, folder / "lone-cr.csv", code=None)
    tally.note("data, lone-cr.csv", "rows", loaded.returncode != 0 or int(stats(index)["caseCount"]) == 2)
    one_vector(folder / "one-vector.npy", place, tally)


def one_vector(path: Path, place: Path, tally: Tally) -> None:
    """A vector without an axis for rows is one row."""
    # The shape is in the header of the file, as Python writes it.
    header = path.read_bytes()[10:].split(b"\n")[0].decode()
    dimension = int(header.split("(")[1].split(",")[0])
    index = place / "vector-index"
    run("init", index, "--dimension", dimension, "--metric", "cosine", "--encoder-id", ENCODER, "--name", "cases")
    asked = run("search", index, "--embedding", path, "--encoder-id", ENCODER, code=None)
    tally.note("data, one-vector.npy", "search", asked.returncode == 0)


def main() -> int:
    """Runs the script."""
    folder = needed("cases", "PRECEDENT_CASES", ROOT.parent / "shared" / "cases")
    began, tally = time.monotonic(), Tally()
    with workplace("cases") as place:
        reports(rows_of(folder / "reports" / "failing.jsonl"), place, tally)
        sizes(rows_of(folder / "sizes" / "failing.jsonl"), place, tally)
        pictures(folder / "dicom", DICOM, tally)
        pictures(folder / "img", "pictures, PNG and JPEG", tally)
        facts(folder / "facts", place, tally)
        patients(folder / "pid", place, tally)
        data_files(folder / "data", place, tally)
    code = tally.close()
    print(f"{time.monotonic() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
