"""Open-i: 3,196 real reports go in with one command; searches agree with a plain BM25 written apart.

    python tests/acceptance/openi.py [--lengths exact|quantised]

Each query runs through `precedent search --json` and through bm25.py, with exact document lengths and with lengths
quantised to a byte as Lucene keeps them. Agreement with the lengths that the product documents (--lengths) must be
complete: every score equal to within f32 rounding, every hit in its place unless its score equals its neighbour's. The
words are asked for as they stand (`text:word`), because the plain BM25 understands nothing.

Then what is understood is looked at from outside: who asks for a finding gets sentences that assert it, who denies it gets
sentences that deny it, a filter by finding agrees with both, and every highlight lies in its sentence.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bm25 import Bm25, Clause, words
from harness import ROOT, Verdict, data, heading, run, run_json, stats, table, workplace

TOP = 10
SECTIONS = ["indication", "comparison", "findings", "impression"]
# Scores are sums of a few f32 products: 24 bits, about 6e-8 each, relative to the score.
TOLERANCE = 1e-5

Row = dict[str, Any]


def tagged(column: str, tag: str) -> Callable[[Row], bool]:
    """Rows that carry a tag, without regard to case."""
    return lambda row: tag.lower() in [value.lower() for value in row[column] or []]


@dataclass(frozen=True)
class Query:
    """A search in the product's words and in the reference's."""

    text: str
    clauses: tuple[Clause, ...]
    filter: str = ""
    passes: Callable[[Row], bool] = lambda row: True

    @property
    def label(self) -> str:
        """For the table."""
        return self.text + (f" where {self.filter}" if self.filter else "")


def plain(text: str, filter: str = "", passes: Callable[[Row], bool] = lambda row: True) -> Query:
    """Words, any of which may be there."""
    return Query(text, tuple((word,) for word in text.split()), filter, passes)


QUERIES = [
    plain("pneumothorax"),
    plain("effusion"),
    plain("cardiomegaly"),
    plain("granulomas"),
    plain("tuberculosis"),
    plain("kyphosis"),
    plain("sarcoidosis"),
    plain("no"),
    plain("T9"),
    plain("hiatal hernia"),
    plain("left pleural effusion"),
    plain("right lower lobe consolidation pneumonia"),
    plain("bullous emphysema interstitial fibrosis scarring"),
    plain("displaced rib fracture without pneumothorax"),
    plain("sternotomy wires and surgical clips of previous bypass grafting"),
    Query('"pleural effusion"', (("pleural", "effusion"),)),
    Query('"right lower lobe"', (("right", "lower", "lobe"),)),
    Query('"bibasilar atelectasis" cardiomegaly', (("bibasilar", "atelectasis"), ("cardiomegaly",))),
    plain("enlarged heart", 'problems:"Cardiomegaly"', tagged("problems", "Cardiomegaly")),
    plain("opacity", 'problems:"Pleural Effusion"', tagged("problems", "Pleural Effusion")),
    plain("low lung volumes", 'mesh_major:"Lung/hypoinflation"', tagged("mesh_major", "Lung/hypoinflation")),
    plain(
        "atelectasis",
        'problems:"Pulmonary Atelectasis" AND NOT problems:"Opacity"',
        lambda row: (
            bool(row["problems"])
            and tagged("problems", "Pulmonary Atelectasis")(row)
            and not tagged("problems", "Opacity")(row)
        ),
    ),
]


@dataclass(frozen=True)
class Agreement:
    """How one list of hits compares with the reference's scores."""

    overlap: int
    same_order: bool
    largest_difference: float
    complete: bool


def compare(hits: list[tuple[str, float]], expected: dict[str, float]) -> Agreement:
    """Compares the product's hits with the reference's scores of every match."""
    best = sorted(expected.items(), key=lambda item: -item[1])[:TOP]
    floor = best[-1][1] if best else 0.0
    differences = [abs(score - expected[case]) if case in expected else float("inf") for case, score in hits]
    # A case whose score equals that of the last place belongs to the top as much as the one that stands there.
    overlap = sum(1 for case, _ in hits if expected.get(case, -1.0) >= floor * (1 - TOLERANCE))
    in_place = [
        abs(expected.get(case, -1.0) - score) <= TOLERANCE * max(score, 1.0)
        for (case, _), (_, score) in zip(hits, best, strict=False)
    ]
    largest = max(differences, default=0.0)
    complete = len(hits) == len(best) == overlap and all(in_place) and largest <= TOLERANCE * max(floor, 1.0)
    return Agreement(overlap, all(in_place), largest, complete)


def ask(index: Path, query: Query) -> tuple[list[tuple[str, float]], int]:
    """The product's hits with their scores, and how many there are in all. Words count as they stand."""
    arguments = ["--filter", query.filter] if query.filter else []
    verbatim = re.sub(r'"[^"]*"|\S+', lambda piece: f"text:{piece[0]}", query.text)
    answer = run_json("search", index, "--text", verbatim, "-k", TOP, *arguments)
    hits = [(hit["case"]["caseId"], hit["lexical"]["bm25"]) for hit in answer.get("hits", [])]
    return hits, int(answer.get("totalHits", 0))


def main() -> int:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", choices=["exact", "quantised"], default="exact")
    parser.add_argument("--show", default="left pleural effusion", help="the query whose two lists are printed")
    options = parser.parse_args()

    source = data("openi", "reports.jsonl")
    rows: list[Row] = [json.loads(line) for line in source.read_text().splitlines()]
    documents = [[row["findings"], row["impression"]] for row in rows]
    count = sum(1 for row in rows if any(words(row[name]) for name in SECTIONS))
    references = {
        "exact": Bm25(documents, count=count, quantise=False),
        "quantised": Bm25(documents, count=count, quantise=True),
    }
    verdict = Verdict("openi")
    with workplace("openi") as place:
        index = place / "index"
        rejects = place / "rejected.jsonl"
        run("init", index, "--name", "openi", "--field", "mesh_major=keywords")
        loaded = run(
            "ingest", index, source, "--map", ROOT / "index" / "maps" / "openi.toml", "--rejected", rejects, code=None
        )
        listed = rejects.read_text().splitlines() if rejects.exists() else []
        refused = [line for line in listed if json.loads(line)["outcome"] == "rejected"]
        taken = int(stats(index)["caseCount"])
        verdict.expect(loaded.returncode == (3 if refused else 0), f"ingest ended with {loaded.returncode}")
        verdict.expect(taken + len(refused) == len(rows), f"{taken} in and {len(refused)} refused of {len(rows)}")
        print(f"{taken} of {len(rows)} reports are in, {len(refused)} refused")
        verdict.figure("reports", taken)
        verdict.figure("refused", len(refused))
        for problem in sorted({f"{row['field']}: {row['problem']}" for row in map(json.loads, refused)}):
            print(f"- refused: {problem}")

        heading("Agreement with a plain BM25")
        print(f"Top {TOP}; ties may stand in any order. Differences are of the BM25 scores.\n")
        lines: list[list[object]] = []
        for query in QUERIES:
            hits, total = ask(index, query)
            found: dict[str, Agreement] = {}
            for name, reference in references.items():
                scores = reference.scores(query.clauses)
                expected = {rows[at]["case_id"]: s for at, s in scores.items() if query.passes(rows[at])}
                found[name] = compare(hits, expected)
            chosen, matches = found[options.lengths], len(expected)
            verdict.expect(total == min(TOP, matches), f"{query.label}: {total} hits of {matches} matches")
            verdict.expect(chosen.complete, f"{query.label}: agrees with {options.lengths} lengths")
            other = found["quantised" if options.lengths == "exact" else "exact"]
            size = min(TOP, matches)
            lines.append(
                [
                    f"`{query.label}`",
                    matches,
                    f"{chosen.overlap}/{size}",
                    "yes" if chosen.same_order else "no",
                    f"{chosen.largest_difference:.1e}",
                    f"{other.overlap}/{size}",
                    f"{other.largest_difference:.1e}",
                ]
            )
        others = "quantised" if options.lengths == "exact" else "exact"
        head = ["query", "matches", f"overlap ({options.lengths})", "same order", "largest difference"]
        print(table([*head, f"overlap ({others})", f"difference ({others})"], lines))
        show(index, rows, references[options.lengths], plain(options.show))
        nothing, _ = ask(index, plain("xyzzyplugh"))
        verdict.expect(nothing == [], "a word that no report holds finds nothing")
        understood(verdict, index)
    return verdict.close()


def understood(verdict: Verdict, index: Path) -> None:
    """Checks that what is asserted and what is denied are apart, in text, filters and highlights."""
    heading("What is asserted")
    lines: list[list[object]] = []
    for name in ["pneumothorax", "pleural effusion", "cardiomegaly", "pneumonia", "rib fracture"]:
        row: list[object] = [name]
        for asked, wanted, column in [(name, {"PRESENT", "UNCERTAIN"}, "finding"), (f"no {name}", {"ABSENT"}, "finding.absent")]:
            answer = run_json("search", index, "--text", asked, "-k", 1000)
            shown = [highlight for hit in answer["hits"] for highlight in hit["highlights"]]
            said = {match["assertion"].removeprefix("ASSERTION_") for one in shown for match in one["matches"]}
            verdict.expect(said <= wanted, f"{asked}: highlights say {said}")
            verdict.expect(all(hit["highlights"] for hit in answer["hits"]), f"{asked}: every hit shows why")
            verdict.expect(all(lies_inside(hit) for hit in answer["hits"]), f"{asked}: spans lie in their sentences")
            filtered = run_json("search", index, "--filter", f'{column}:"{name}"', "-k", 1000)
            found, kept = ({hit["case"]["caseId"] for hit in one["hits"]} for one in (answer, filtered))
            # A report may deny a finding in one sentence and assert it in another; the case then counts as asserting it.
            # Lists that are full say nothing of what they leave out.
            missed = kept - found if len(found) < 1000 else set()
            verdict.expect(not missed, f'{column}:"{name}": {len(missed)} cases that the text does not find')
            verdict.figure(f"{asked.replace(' ', '_')}_by_text", len(found))
            verdict.figure(f"{asked.replace(' ', '_')}_by_filter", len(kept))
            row += [len(found), len(kept)]
        lines.append(row)
    print(table(["finding", "text", "filter", "text, denied", "filter, denied"], lines))
    parents = {one["finding"]: set(one["parents"]) for one in run_json("report", "--findings")["findings"]}
    for text, finding in [("enlarged heart", "cardiomegaly"), ("pleural fluid", "pleural-effusion")]:
        answer = run_json("search", index, "--text", text, "-k", 50)
        named = {match.get("finding") for hit in answer["hits"] for one in hit["highlights"] for match in one["matches"]}
        kinds = {kind for kind in named - {finding} if finding in parents.get(kind, ())}
        verdict.expect(finding in named and named == kinds | {finding}, f"{text} finds {named}")
    normal = run_json("search", index, "--text", "no acute disease", "-k", 50)
    denied = [match for hit in normal["hits"] for one in hit["highlights"] for match in one["matches"]]
    verdict.expect(len(normal["hits"]) == 50, "no acute disease: 50 hits")
    verdict.expect(all(match["assertion"] == "ASSERTION_ABSENT" for match in denied), "no acute disease: denied")


def lies_inside(hit: dict[str, Any]) -> bool:
    """Whether the spans of a hit's highlights are those of its text, in bytes and in UTF-16."""
    sections = [section["text"] for section in hit["case"]["report"]["sections"]]
    for highlight in hit["highlights"]:
        text = sections[highlight.get("sectionIndex", 0)]
        sentence = highlight["sentence"]
        for span in [sentence] + [match["span"] for match in highlight["matches"]]:
            in_bytes = text.encode()[span.get("startByte", 0) : span["endByte"]].decode()
            in_utf16 = text.encode("utf-16-le")[2 * span.get("startUtf16", 0) : 2 * span["endUtf16"]].decode("utf-16-le")
            inside = sentence.get("startByte", 0) <= span.get("startByte", 0) and span["endByte"] <= sentence["endByte"]
            if in_bytes != in_utf16 or not in_bytes.strip() or not inside:
                return False
    return True


def show(index: Path, rows: list[Row], reference: Bm25, query: Query) -> None:
    """Prints the two lists of one query beside each other."""
    heading(f"`{query.label}`, side by side")
    hits, _ = ask(index, query)
    scores = reference.scores(query.clauses)
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    texts = {row["case_id"]: f"{row['findings']} {row['impression']}".strip() for row in rows}
    lines = [
        [rank, case, f"{score:.5f}", rows[at]["case_id"], f"{expected:.5f}", texts[case][:70].replace("|", "/")]
        for rank, ((case, score), (at, expected)) in enumerate(zip(hits, best, strict=False), 1)
    ]
    print(table(["rank", "precedent", "BM25", "reference", "BM25", "report of the left one begins"], lines))


if __name__ == "__main__":
    sys.exit(main())
