"""Evaluation: the figures of `precedent eval` are those that ranx computes from the same lists and judgements.

    python tests/acceptance/eval.py [--queries N]

Open-i goes in with its reports; cases ask with their impressions and are judged by their MeSH labels, which the program did not
make, and once more by what it reads. `--trec` writes lists and judgements, from which ranx computes every figure anew. Reports
of Open-i have no patient, so a list holds cases. Then two settings are compared, and an evaluation that is interrupted leaves
nothing behind.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from harness import ROOT, Verdict, data, heading, program, run, table, workplace
from ranx import Qrels, Run, evaluate

DEPTH = 100
# The program's names, and those of ranx.
METRICS = {
    "precision@1": "precision@1",
    "precision@5": "precision@5",
    "precision@10": "precision@10",
    "recall@10": "recall@10",
    f"recall@{DEPTH}": f"recall@{DEPTH}",
    f"map@{DEPTH}": f"map@{DEPTH}",
    "ndcg@10": "ndcg@10",
    "mrr": "mrr",
}


def compare(folder: Path, figures: dict[str, float]) -> list[tuple[str, float, float]]:
    """Each figure by the program and by ranx."""
    qrels = Qrels.from_file(str(folder / "qrels.trec"), kind="trec")
    lists = Run.from_file(str(folder / "run.trec"), kind="trec")
    means = evaluate(qrels, lists, list(METRICS.values()), make_comparable=True)
    return [(name, figures[name], float(means[theirs])) for name, theirs in METRICS.items()]


def evaluated(index: Path, folder: Path, *arguments: object) -> dict[str, Any]:
    """An evaluation, with its lists in the folder."""
    output = folder.with_suffix(".json")
    run("eval", index, "--depth", DEPTH, "--trec", folder, "--output", output, *arguments)
    answer: dict[str, Any] = json.loads(output.read_text())
    return answer


def interrupted(index: Path, folder: Path) -> tuple[int, list[str]]:
    """The exit code of an evaluation that was interrupted early, and what it left."""
    folder.mkdir()
    command = [program(), "eval", index, "--sample", "3000", "--ask", "report", "--any-time"]
    command += ["--html", folder / "page.html"]
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    return process.wait(timeout=20), sorted(path.name for path in folder.iterdir())


def main() -> int:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    verdict = Verdict("eval")
    with workplace("eval") as place:
        index = place / "index"
        run("init", index, "--name", "openi", "--field", "mesh_major=keywords")
        source = data("openi", "reports.jsonl")
        run("ingest", index, source, "--map", ROOT / "index" / "maps" / "openi.toml", code=None)
        sample = ["--sample", options.queries, "--ask", "report", "--no-pools", "--any-time"]
        for truth, arguments in {"labels": ["--labels", "problems"], "reports": []}.items():
            heading(f"Beside ranx, truth from {truth}")
            answer = evaluated(index, place / truth, *sample, *arguments)
            figures = {row["name"]: row["value"] for row in answer["metrics"]}
            rows = compare(place / truth, figures)
            shown = [[name, f"{ours:.6f}", f"{theirs:.6f}", f"{abs(ours - theirs):.1e}"] for name, ours, theirs in rows]
            print(table(["figure", "precedent", "ranx", "difference"], shown))
            worst = max(abs(ours - theirs) for _, ours, theirs in rows)
            judged = answer["queries"]["withRelevant"]
            verdict.expect(judged > options.queries // 2, f"{judged} of {options.queries} queries have a truth")
            verdict.figure("ranx_difference", worst, f"by {truth}")
            if truth == "labels":
                verdict.figure("label_p10", figures["precision@10"])

        heading("Two settings")
        answer = evaluated(index, place / "two", *sample, "--labels", "problems", "--against-with", "exact")
        worst = max(abs(row["difference"]["value"]) for row in answer["against"]["metrics"])
        verdict.expect(worst == 0, "words are always searched exactly, so that changes nothing")

        heading("Interrupted")
        code, left = interrupted(index, place / "interrupted")
        verdict.expect(code == 130 and not left, f"an interrupted evaluation ends with {code} and leaves {left or 'nothing'}")
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
