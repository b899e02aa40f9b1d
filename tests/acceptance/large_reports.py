"""Reports of a megabyte in which every word is another: segments end in time, and a kill in the middle loses nothing.

    python tests/acceptance/large_reports.py [--reports 1000] [--short]

Each report has 16,000 words of 64 letters that no other report has, 1.04 MB, close to the most that a report may have. About a
thousand of them once filled the memory that full text has for one segment (4 GiB): the program panicked, and no writer could
open what it had acknowledged.

They are ingested without a merge; in the middle the program is killed. The index is opened again, the rest ingested, merged and
verified. Every report is then found by its first and its last word. `--short` does the same with a few reports.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import string
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import Verdict, heading, program, run, run_json, stats, table, workplace

WORDS = 16_000
LETTERS = 64
REPORTS = 1_000
SHORT_REPORTS = 12
# Of the reports, those that are looked for one by one; a search takes a process of its own.
LOOKED_FOR = 40
MEBIBYTE = 1 << 20
# What a load holds at most: what waits for its segment, the segment that is written, and the merge of one.
MEMORY_BYTES = 6 << 30


def words(report: int) -> list[str]:
    """Words that only this report has."""
    dice = random.Random(report)
    return ["".join(dice.choices(string.ascii_lowercase, k=LETTERS)) for _ in range(WORDS)]


def write(path: Path, reports: int) -> None:
    with path.open("w") as lines:
        for report in range(reports):
            row = {"case_id": f"R{report:05}", "findings": " ".join(words(report))}
            lines.write(json.dumps(row) + "\n")


@dataclass
class Step:
    name: str
    seconds: float
    peak_bytes: int
    code: int
    errors: str


def step(name: str, *arguments: object, kill_when: Callable[[], bool] | None = None) -> Step:
    """Runs the program, watches its memory, and kills it when it is to be."""
    command = [str(program()), *map(str, arguments)]
    begun = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    told: list[str] = []
    reader = threading.Thread(target=lambda: told.extend(process.stderr or ()), daemon=True)
    reader.start()
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        if kill_when is not None and kill_when():
            process.kill()
        time.sleep(0.02)
    reader.join()
    return Step(name, time.monotonic() - begun, peak, process.returncode, "".join(told)[-2_000:])


def memory(process: int) -> int:
    """The most bytes that a process had of its own, not counting maps of files."""
    try:
        facts = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = [line.split() for line in facts.splitlines() if line.startswith("RssAnon")]
    return int(found[0][1]) * 1024 if found else 0


def taken_in(index: Path) -> int:
    """Bytes of cases in the log and in segments."""
    total = 0
    for path in [*index.glob("log/*.log"), *index.glob("segments/*/records")]:
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # a commit took it away meanwhile
            continue
    return total


def check(verdict: Verdict, work: Path, reports: int) -> list[Step]:
    rows, index = work / "reports.jsonl", work / "index"
    write(rows, reports)
    run("init", index)
    load = ("ingest", index, rows, "--no-merge")
    half = rows.stat().st_size // 2
    steps = [step("ingest, killed", *load, kill_when=lambda: taken_in(index) > half)]
    verdict.expect(steps[0].code == -9, f"it was killed in the middle, not ended with {steps[0].code}: {steps[0].errors}")
    verdict.expect("panicked" not in steps[0].errors, f"no panic before the kill: {steps[0].errors}")
    run("verify", index)
    steps.append(step("ingest, the rest", *load))
    figures = stats(index)
    count = len(figures.get("segments", []))
    verdict.expect(int(figures.get("caseCount", 0)) == reports, f"{reports} cases, found {figures.get('caseCount')}")
    steps.append(step("merge", "merge", index))
    merged = stats(index)
    verdict.expect(int(merged.get("caseCount", 0)) == reports, f"{reports} cases after the merge")
    steps.append(step("verify", "verify", index))
    for done in steps[1:]:
        verdict.expect(done.code == 0, f"{done.name} ended with {done.code}: {done.errors}")
    for done in steps:
        verdict.expect(done.peak_bytes < MEMORY_BYTES, f"{done.name} held {done.peak_bytes / MEBIBYTE:.0f} MiB")
    for report in range(0, reports, max(1, reports // LOOKED_FOR)):
        all_words = words(report)
        for word in (all_words[0], all_words[-1]):
            hits = run_json("search", index, "--text", word).get("hits", [])
            found = [hit["case"]["caseId"] for hit in hits]
            verdict.expect(found == [f"R{report:05}"], f"report {report} is found by its own words, found {found}")
    print(f"segments: {count} after ingesting, {len(merged.get('segments', []))} after merging")
    return steps


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=REPORTS)
    parser.add_argument("--short", action="store_true", help=f"the same with {SHORT_REPORTS} reports")
    options = parser.parse_args(arguments)
    reports = SHORT_REPORTS if options.short else options.reports
    verdict = Verdict("large_reports")
    with workplace("large-reports") as work:
        heading(f"{reports} reports of {WORDS * (LETTERS + 1) / 1e6:.2f} MB on {os.cpu_count()} cores")
        steps = check(verdict, work, reports)
        rows = [(done.name, f"{done.seconds:.0f}", f"{done.peak_bytes / MEBIBYTE:,.0f}") for done in steps]
        print(table(["step", "seconds", "peak memory, MiB"], rows))
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
