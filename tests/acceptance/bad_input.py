"""Bad input at the command line: each gives its exit code, a message with the way out, and changes nothing.

    python tests/acceptance/bad_input.py

For every row of the table: `precedent` ends with the code, its standard error (or the file of rejected rows) names the
field, file or row and what to do, and the figures of the index are the same before and after.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from harness import Server, Verdict, heading, run, run_json, stats, table, workplace
from precedent_client import Case, Client

DIMENSION = 16
ENCODER = "acceptance-encoder-1"
CASES = 40

USAGE, REJECTED, INDEX = 2, 3, 4


@dataclass(frozen=True)
class Bad:
    """One bad input: what is run, how it must end, and what must be said."""

    name: str
    arguments: list[object]
    code: int
    says: list[str] = field(default_factory=list)


def manifest(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A JSONL manifest."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def report(number: int) -> dict[str, Any]:
    """A small case of its own."""
    text = f"Synthetic report {number}. No acute disease."
    return {"case_id": f"case-{number}", "age": 20 + number, "sex": "F" if number % 2 else "M", "findings": text}


def vectors(path: Path, values: np.ndarray) -> Path:
    """An .npy of little-endian f32."""
    np.save(path, np.ascontiguousarray(values, dtype="<f4"))
    return path


def make_index(place: Path) -> Path:
    """An index of synthetic cases with embeddings, a graph, and a tombstone."""
    index = place / "index"
    definition = place / "definition.toml"
    definition.write_text(
        'name = "acceptance"\n'
        f'[[space]]\nrole = "image"\ndimension = {DIMENSION}\nmetric = "cosine"\nencoder_id = "{ENCODER}"\n'
        "[graph]\nm = 8\nef_construction = 50\nef_search = 50\nmin_nodes = 16\n"
        '[[field]]\nname = "age"\nkind = "integer"\n[[field]]\nname = "sex"\nkind = "keyword"\n'
    )
    rng = np.random.default_rng(7)
    rows = [report(number) for number in range(CASES)]
    run("init", index, "--definition", definition)
    values = vectors(place / "all.npy", rng.standard_normal((CASES, DIMENSION)))
    source = manifest(place / "all.jsonl", rows)
    embeddings = ["--embeddings", values, "--encoder-id", ENCODER]
    run("ingest", index, source, *embeddings, cwd=place)
    run("merge", index)
    # Replaces one case, so that tombstones and a second segment are there to be damaged.
    again = manifest(place / "again.jsonl", rows[:1])
    one = vectors(place / "one.npy", rng.standard_normal((1, DIMENSION)))
    run("ingest", index, again, "--embeddings", one, "--encoder-id", ENCODER, "--no-merge", cwd=place)
    return index


def requests(index: Path, place: Path) -> list[Bad]:
    """Bad searches."""
    rng = np.random.default_rng(8)
    good = vectors(place / "query.npy", rng.standard_normal((1, DIMENSION)))
    wrong = vectors(place / "wrong.npy", rng.standard_normal((1, DIMENSION + 1)))
    nan = vectors(place / "nan.npy", np.full((1, DIMENSION), np.nan))
    infinite = vectors(place / "infinite.npy", np.full((1, DIMENSION), np.inf))
    zero = vectors(place / "zero.npy", np.zeros((1, DIMENSION)))
    doubles = place / "doubles.npy"
    np.save(doubles, rng.standard_normal((1, DIMENSION)))
    truncated = place / "short.npy"
    truncated.write_bytes(good.read_bytes()[:-5])
    empty = place / "empty"
    empty.mkdir()
    encoder = ["--encoder-id", ENCODER]
    search = ["search", index]
    text = [*search, "--text", "disease"]
    return [
        Bad("wrong dimension", [*search, "--embedding", wrong, *encoder], USAGE, [str(DIMENSION + 1), str(DIMENSION)]),
        Bad("NaN in a query", [*search, "--embedding", nan, *encoder], USAGE, ["embeddings[0]", "finite|NaN"]),
        Bad("infinity in a query", [*search, "--embedding", infinite, *encoder], USAGE, ["embeddings[0]", "finite"]),
        Bad("zero vector in a query", [*search, "--embedding", zero, *encoder], USAGE, ["embeddings[0]", "zero"]),
        Bad("no encoder id", [*search, "--embedding", good], USAGE, ["encoder"]),
        Bad("another encoder id", [*search, "--embedding", good, "--encoder-id", "x-2"], USAGE, ["encoder", ENCODER]),
        Bad("embedding of float64", [*search, "--embedding", doubles, *encoder], USAGE, ["doubles.npy", "f4"]),
        Bad("embedding cut short", [*search, "--embedding", truncated, *encoder], USAGE, ["short.npy"]),
        Bad("embedding file missing", [*search, "--embedding", place / "none.npy", *encoder], USAGE, ["none.npy"]),
        Bad("row beyond the file", [*search, "--embedding", good, "--row", 7, *encoder], USAGE, ["7|row"]),
        Bad("nothing asked", search, USAGE, ["text", "filter"]),
        Bad("-k 0", [*text, "-k", 0], USAGE, ["limit|-k", "1000"]),
        Bad("-k 100000", [*text, "-k", 100_000], USAGE, ["limit|-k", "1000"]),
        Bad("--ef-search 0", [*text, "--ef-search", 0], USAGE, ["ef_search|ef-search"]),
        Bad("negative weight", [*text, "--lexical-weight=-1"], USAGE, ["weight"]),
        Bad("malformed filter", [*search, "--filter", "age >= "], USAGE, ["filter", " 7"]),
        Bad("open parenthesis", [*search, "--filter", "(age > 3"], USAGE, ["filter", "8|0"]),
        Bad("unknown field", [*search, "--filter", 'ages = "3"'], USAGE, ["ages", "age"]),
        Bad("wrong kind of value", [*search, "--filter", "age = old"], USAGE, ["age", "6"]),
        Bad("no date", [*text, "--before", "yesterday"], USAGE, ["before|date"]),
        Bad("text of 9 kB", [*search, "--text", "word " * 1800], USAGE, ["text", "8192"]),
        Bad("wrong flag", [*text, "--nonsense"], USAGE, ["--nonsense"]),
        Bad("wrong command", ["serach", index], USAGE, ["serach"]),
        Bad("no such folder", ["search", place / "nowhere", "--text", "x"], INDEX, ["nowhere"]),
        Bad("a folder that is no index", ["search", empty, "--text", "x"], INDEX, ["empty"]),
        Bad("stats of no index", ["stats", empty], INDEX, ["empty"]),
        Bad("verify of no index", ["verify", empty], INDEX, ["empty"]),
        Bad("serve of no index", ["serve", empty], INDEX, ["empty"]),
        Bad("init over an index", ["init", index], USAGE, ["not empty"]),
        Bad("listen to the world", ["serve", index, "--listen", "0.0.0.0:0"], USAGE, ["loopback|127.0.0.1"]),
        Bad(
            "init without an encoder id",
            ["init", place / "new", "--dimension", 32, "--metric", "l2"],
            USAGE,
            ["encoder"],
        ),
        Bad(
            "init with a strange metric",
            ["init", place / "new", "--dimension", 32, "--metric", "hamming", "--encoder-id", "e"],
            USAGE,
            ["metric|hamming"],
        ),
        Bad(
            "init with dimension 0",
            ["init", place / "new", "--dimension", 0, "--metric", "l2", "--encoder-id", "e"],
            USAGE,
            ["dimension"],
        ),
        Bad(
            "init with a strange field",
            ["init", place / "new", "--field", "age=float128"],
            USAGE,
            ["age|kind|float128"],
        ),
    ]


def ingests(index: Path, place: Path) -> list[Bad]:
    """Bad manifests and embeddings. No row of them is good, so nothing may change."""
    rng = np.random.default_rng(9)
    one = manifest(place / "row.jsonl", [report(1000)])
    encoder = ["--encoder-id", ENCODER]
    nan = np.ones((1, DIMENSION))
    nan[0, 3] = np.nan
    files = {
        "wrong": vectors(place / "wrong-row.npy", rng.standard_normal((1, DIMENSION - 1))),
        "nan": vectors(place / "nan-row.npy", nan),
        "zero": vectors(place / "zero-row.npy", np.zeros((1, DIMENSION))),
        "good": vectors(place / "good-row.npy", np.ones((1, DIMENSION))),
        "more": vectors(place / "two-rows.npy", np.ones((2, DIMENSION))),
    }
    huge = manifest(place / "huge.jsonl", [{"case_id": "huge", "findings": "opacity " * (10 * 2**20 // 8)}])
    million = manifest(place / "million.jsonl", [{"case_id": "million", "findings": "opacity " * (2**20 // 8 + 100)}])
    broken = place / "broken.jsonl"
    broken.write_text('{"case_id": "broken", "findings": \n')
    latin = place / "latin.jsonl"
    latin.write_bytes('{"case_id": "latin", "findings": "Größe"}\n'.encode("latin-1"))
    ragged = place / "ragged.csv"
    ragged.write_text("case_id,findings\na,b,c,d\n")
    twice = place / "twice.csv"
    twice.write_text("case_id,findings,findings\na,b,c\n")
    headless = place / "headless.csv"
    headless.write_text("id,findings\na,b\n")
    nothing = manifest(place / "nothing.jsonl", [{"case_id": "nothing"}])
    anonymous = manifest(place / "anonymous.jsonl", [{"findings": "Normal."}])
    table_map = place / "bad-map.toml"
    table_map.write_text('[columns]\ncase_id = "no_such_column"\n')
    field_map = place / "field-map.toml"
    field_map.write_text('[columns]\nweight = "kg"\n')
    header = place / "header.csv"
    header.write_text("case_id,findings\n")
    strange = place / "manifest.docx"
    strange.write_text("x")
    plain = ["ingest", index, one]
    return [
        Bad(
            "wrong dimension",
            [*plain, "--embeddings", files["wrong"], *encoder],
            USAGE,
            [str(DIMENSION - 1), str(DIMENSION)],
        ),
        Bad("NaN row", [*plain, "--embeddings", files["nan"], *encoder], REJECTED, ["embedding", "finite|NaN"]),
        Bad("zero vector row", [*plain, "--embeddings", files["zero"], *encoder], REJECTED, ["embedding", "zero"]),
        Bad("no encoder id", [*plain, "--embeddings", files["good"]], USAGE, ["encoder"]),
        Bad(
            "another encoder id",
            [*plain, "--embeddings", files["good"], "--encoder-id", "x-2"],
            USAGE,
            ["encoder", ENCODER],
        ),
        Bad(
            "more embeddings than rows", [*plain, "--embeddings", files["more"], *encoder], USAGE, ["2 rows", "1 rows"]
        ),
        Bad("report of 10 MB", ["ingest", index, huge], REJECTED, ["row 1", "4194304"]),
        Bad("report above 1 MiB", ["ingest", index, million], REJECTED, ["report", "1048576"]),
        Bad("broken JSON", ["ingest", index, broken], REJECTED, ["row 1", "column"]),
        Bad("wrong encoding", ["ingest", index, latin], REJECTED, ["UTF-8"]),
        Bad("ragged CSV row", ["ingest", index, ragged], REJECTED, ["4|columns|cells"]),
        Bad("a column twice", ["ingest", index, twice], USAGE, ["findings"]),
        Bad("no case_id column", ["ingest", index, headless], USAGE, ["case_id"]),
        Bad("neither report nor embedding", ["ingest", index, nothing], REJECTED, ["report|embedding"]),
        Bad("no case id", ["ingest", index, anonymous], REJECTED, ["case_id"]),
        Bad("map of a missing column", ["ingest", index, one, "--map", table_map], USAGE, ["no_such_column"]),
        Bad("map of an unknown field", ["ingest", index, one, "--map", field_map], USAGE, ["weight", "case_id"]),
        Bad("a header alone", ["ingest", index, header], USAGE, ["no row was found"]),
        Bad("map file missing", ["ingest", index, one, "--map", place / "none.toml"], USAGE, ["none.toml"]),
        Bad("unknown kind of manifest", ["ingest", index, strange], USAGE, ["docx|jsonl"]),
        Bad("manifest missing", ["ingest", index, place / "none.jsonl"], USAGE, ["none.jsonl"]),
        Bad("ingest into no index", ["ingest", place / "empty", one], INDEX, ["empty"]),
    ]


def says(text: str, wanted: str) -> bool:
    """Whether a message has one of the words that `|` parts, in any case."""
    return any(word.lower() in text.lower() for word in wanted.split("|"))


def check(bad: Bad, index: Path, place: Path, verdict: Verdict) -> list[object]:
    """Runs one bad input and compares."""
    rejects = place / "rejected.jsonl"
    rejects.unlink(missing_ok=True)
    before = stats(index)
    arguments = bad.arguments + (["--rejected", rejects, "--no-merge"] if bad.arguments[0] == "ingest" else [])
    done = run(*arguments, code=None, cwd=place)
    message = done.stderr + (rejects.read_text() if rejects.exists() else "")
    right = done.returncode == bad.code
    named = all(says(message, wanted) for wanted in bad.says)
    same = stats(index) == before
    leaked = "Synthetic report" in message or "Größe" in message
    shown = " ".join(message.split())[:110].replace("|", "/")
    verdict.expect(right, f"{bad.name}: exit code {done.returncode}, expected {bad.code}: {shown}")
    verdict.expect(named and bool(message), f"{bad.name}: the message names {bad.says}: {shown}")
    verdict.expect(same, f"{bad.name}: the index is as it was")
    verdict.expect(not leaked, f"{bad.name}: no report text in the message")
    return [bad.name, done.returncode, "yes" if named else "NO", "yes" if same else "NO", shown]


def second_writer(index: Path, place: Path, verdict: Verdict) -> list[object]:
    """While a server writes, an ingest is told so and a search is not disturbed."""
    with Server(index):
        before = stats(index)
        one = manifest(place / "second.jsonl", [report(2000)])
        done = run("ingest", index, one, code=None, cwd=place)
        found = run_json("search", index, "--text", "text:disease")
        same = stats(index) == before
    shown = " ".join(done.stderr.split())[:110].replace("|", "/")
    verdict.expect(done.returncode == INDEX, f"second writer: exit code {done.returncode}, expected 4: {shown}")
    named = says(done.stderr, "writer|another|busy|in use")
    verdict.expect(named, f"second writer: the message says so: {shown}")
    verdict.expect(same, "second writer: the index is as it was")
    verdict.expect(len(found["hits"]) == 10, "a reader beside a writer finds its hits")
    return ["second writer", done.returncode, "yes" if named else "NO", "yes" if same else "NO", shown]


def answers(index: Path, query: Path) -> list[tuple[int, str]]:
    """Exit code and answer of a few searches over a possibly damaged index."""
    searches: list[list[object]] = [
        ["--text", "disease report 7"],
        ["--embedding", query, "--encoder-id", ENCODER],
        ["--embedding", query, "--encoder-id", ENCODER, "--exact", "--filter", "age > 25"],
        ["--filter", 'sex = "F" AND age < 40', "-k", 50],
    ]
    done = [run("search", index, *arguments, "--json", code=None) for arguments in searches]
    return [(one.returncode, one.stdout if one.returncode == 0 else one.stderr) for one in done]


def hits(answer: str) -> list[tuple[str, Any, Any]]:
    """What of an answer must not change: the cases, in order, with their scores."""
    return [(hit["case"]["caseId"], hit.get("image"), hit.get("lexical")) for hit in json.loads(answer).get("hits", [])]


def damaged_copy(index: Path, place: Path, relative: Path, change: Callable[[bytearray], bytearray]) -> Path:
    """A copy of the index with one file changed."""
    copy = place / "damaged"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(index, copy)
    path = copy / relative
    path.write_bytes(change(bytearray(path.read_bytes())))
    return copy


def flip(part: float) -> Callable[[bytearray], bytearray]:
    """Flips a bit at that part of a file."""

    def change(content: bytearray) -> bytearray:
        content[min(int(len(content) * part), len(content) - 1)] ^= 0x10
        return content

    return change


WAYS: list[tuple[str, Callable[[bytearray], bytearray]]] = [
    ("a bit flipped in the middle", flip(0.5)),
    ("a bit flipped at the start", flip(0.0)),
    ("a bit flipped at the end", flip(1.0)),
    ("cut in half", lambda content: content[: len(content) // 2]),
    ("emptied", lambda content: bytearray()),
]


def damage(index: Path, place: Path, verdict: Verdict) -> list[list[object]]:
    """Damage in each kind of file is found by `verify`, and a search is refused or right."""
    query = place / "query.npy"
    right = [hits(answer) for _, answer in answers(index, query)]
    kinds: dict[str, Path] = {}
    for path in sorted(path for path in index.rglob("*") if path.is_file() and path.stat().st_size):
        relative = path.relative_to(index)
        folder = relative.parts[0]
        kinds["manifest" if len(relative.parts) == 1 else path.name if folder == "segments" else folder] = relative
    for wanted in ("manifest", "records", "vectors", "graph", "lexical", "tombstones", "log"):
        verdict.expect(wanted in kinds, f"the index has a file of kind {wanted}")
    rows: list[list[object]] = []
    for kind, relative in kinds.items():
        for way, change in WAYS:
            copy = damaged_copy(index, place, relative, change)
            checked = run("verify", copy, code=None)
            found = checked.returncode == INDEX and relative.name in checked.stdout + checked.stderr
            after = answers(copy, query)
            refused = sum(code == INDEX for code, _ in after)
            wrong = sum(
                code == 0 and hits(answer) != expected for (code, answer), expected in zip(after, right, strict=True)
            )
            unclean = len(after) - refused - sum(code == 0 for code, _ in after)
            what = f"{relative}, {way}"
            verdict.expect(found, f"{what}: verify names it and ends with {INDEX}, not {checked.returncode}")
            verdict.expect(wrong == 0, f"{what}: {wrong} wrong answers")
            verdict.expect(unclean == 0, f"{what}: {unclean} searches ended neither well nor with {INDEX}")
            rows.append([kind, way, "found" if found else "NO", refused, wrong, unclean])
    return rows


def log_damage(place: Path, verdict: Verdict) -> list[list[object]]:
    """A log with acknowledged cases in it: damage is told, and so is an end that was synced and is missing. Without the marks
    of what was synced, which a loss of power may take, an unfinished end is what a crash leaves."""
    index = place / "log-index"
    run("init", index, "--name", "log")
    for attempt in range(20):
        with Server(index) as server, Client(server.address) as client:
            for number in range(8):
                case = Case(case_id=f"logged-{attempt}-{number}", report={"findings": "Normal. " * 20})
                verdict.expect(all(answer.accepted for answer in client.ingest([case])), "a case is acknowledged")
            server.kill()
        waiting = int(stats(index).get("pendingOperationCount", 0))
        if waiting >= 4:
            break
    verdict.expect(waiting >= 4, f"{waiting} operations wait in the log after a kill, at least 4 wanted")
    log = max((index / "log").iterdir(), key=lambda path: path.stat().st_size).relative_to(index)
    whole = int(stats(index)["caseCount"]) + waiting
    rows: list[list[object]] = []
    for way, change, marked, torn in [
        ("a bit flipped in a case", flip(0.4), True, False),
        ("a bit flipped in the header", flip(0.0), True, False),
        ("emptied", lambda content: bytearray(), True, False),
        ("its last 5 bytes missing", lambda content: content[:-5], True, False),
        ("its last 5 bytes missing, and its marks", lambda content: content[:-5], False, True),
        ("zeros behind its end", lambda content: content + bytes(4096), True, True),
    ]:
        copy = damaged_copy(index, place, log, change)
        if not marked:
            (copy / log).with_suffix(".durable").unlink()
        checked = run("verify", copy, code=None)
        opened = run("merge", copy, code=None)
        what = f"log, {way}"
        cases = "-"
        if torn:
            kept = int(stats(copy)["caseCount"])
            cases = f"{kept} of {whole}"
            verdict.expect(checked.returncode == 0, f"{what}: verify calls it sound: {checked.stdout}")
            verdict.expect(opened.returncode == 0 and whole - 1 <= kept <= whole, f"{what}: {cases} cases")
        else:
            named = log.name in checked.stdout + checked.stderr
            verdict.expect(checked.returncode == INDEX and named, f"{what}: verify names it: {checked.stdout}")
            verdict.expect(opened.returncode == INDEX, f"{what}: no writer opens it: {opened.returncode}")
        rows.append([way, "sound" if checked.returncode == 0 else "found", opened.returncode, cases])
    return rows


def main() -> int:
    """Runs the script."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    verdict = Verdict("bad_input")
    with workplace("bad-input") as place:
        index = make_index(place)
        began = time.monotonic()
        rows = [check(bad, index, place, verdict) for bad in requests(index, place) + ingests(index, place)]
        rows.append(second_writer(index, place, verdict))
        heading("Bad requests and rows")
        print(table(["input", "exit code", "named", "index unchanged", "message begins"], rows))
        heading("Damaged files")
        lines = damage(index, place, verdict)
        print(table(["file", "damage", "verify", "of 4 searches refused", "wrong", "unclean"], lines))
        heading("A log with acknowledged cases in it")
        print(table(["damage", "verify", "merge ends with", "cases"], log_damage(place, verdict)))
        sound = run("verify", index, code=None)
        verdict.expect(sound.returncode == 0, "the index itself is sound at the end")
        print(f"\n{time.monotonic() - began:.0f} s")
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
