"""Does the demo answer with what it promises, from nothing and again from what is there?

    python tests/acceptance/demo.py

Runs `precedent demo --exit` twice in one folder and reads what it prints: the hits of its three searches, by film, by words
and by both. Hits are cases of its archive, each once; how many of them show what was asked for has a floor, and the second run
gives the same ones.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from harness import Verdict, run, workplace

TEXT = {"pleural effusion", "cardiomegaly"}
"""What the search by words asks for: "pleural effusion and enlarged heart"."""
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Search:
    """A search as the demo prints it: its title, how many cases match, the hits with the findings of each."""

    title: str
    matches: int = 0
    hits: list[tuple[str, set[str]]] = field(default_factory=list)


def searches(said: str) -> tuple[set[str], list[Search]]:
    """The findings of the film asked with, and the searches."""
    truth: set[str] = set()
    found: list[Search] = []
    # A list of findings may go on in the next line, where nothing stands under its label.
    for line in re.sub(r"(findings .*)\n {18}(?=\S)", r"\1 ", said).splitlines():
        if asked := re.match(r"by (?:image|text|both)\b.*", line):
            found.append(Search(asked[0]))
        elif shown := re.match(r" +it shows: (.*)", line):
            truth = {name.strip() for name in shown[1].split(",")}
        elif counted := re.match(r" +([\d,]+) of ([\d,]+) cases match", line):
            found[-1].matches = int(counted[1].replace(",", ""))
        elif hit := re.match(r" {3}\d  (\S+) ", line):
            found[-1].hits.append((hit[1], set()))
        elif named := re.match(r" {6}findings +(.*)", line):
            found[-1].hits[-1][1].update(name.strip().lower() for name in named[1].split(","))
    return {name.lower() for name in truth}, found


def main() -> int:
    """Runs the script."""
    verdict = Verdict("demo")
    with workplace("demo") as place:
        folder = place / "demo"
        first = run("demo", "--dir", folder, "--exit").stdout
        print(first)
        sheet = (folder / "sheet.png").read_bytes()
        again = run("demo", "--dir", folder, "--exit").stdout
        judge(folder, first, again, verdict)
        verdict.expect(sheet.startswith(PNG) and len(sheet) > 10_000, f"the sheet is a picture of {len(sheet)} bytes")
        verdict.expect((folder / "sheet.png").read_bytes() == sheet, "the second run draws the same sheet")
    return verdict.close()


def judge(folder: Path, first: str, again: str, verdict: Verdict) -> None:
    """Holds what was printed to its floors."""
    manifest = (folder / "archive" / "manifest.jsonl").read_text().splitlines()
    cases = {json.loads(line)["case_id"] for line in manifest}
    verdict.figure("studies", len(cases))
    truth, found = searches(first)
    verdict.expect(bool(truth), "the demo says what its film shows")
    verdict.expect(searches(again) == (truth, found), "the second run gives the same hits")
    verdict.expect(again.count(": already there") == 2, "the second run starts from archive and index")
    verdict.figure("searches", len(found))
    for search in found:
        ids = [case for case, _ in search.hits]
        verdict.figure("hits", len(ids), search.title)
        verdict.expect(len(set(ids)) == len(ids) and cases.issuperset(ids), f"{search.title}: hits are cases, each once")
    by_film, by_words, by_both = found
    verdict.figure("film_hits_with_a_finding_in_common", sum(bool(truth & findings) for _, findings in by_film.hits))
    for search in (by_words, by_both):
        right = sum(findings >= TEXT for _, findings in search.hits)
        verdict.figure("word_hits_with_all_findings", right, search.title)
    verdict.figure("film_matches", by_film.matches)
    verdict.expect(0 < by_both.matches < by_film.matches, f"{by_both.title}: {by_both.matches} cases match")


if __name__ == "__main__":
    sys.exit(main())
