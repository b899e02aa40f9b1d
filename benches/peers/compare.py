"""Compares Precedent's vector index with its peers: same vectors, same core, one run.

    pip install -r benches/peers/requirements.txt
    cargo build --release -p precedent-benches --bin vector-engine
    python benches/peers/compare.py --work DIR --set clustered-100k-512
    python benches/peers/compare.py --work DIR --set sentences-100k-384 --instruction-sets all
    python benches/peers/compare.py --work DIR --vectors base.npy [--query-vectors queries.npy] --name NAME
    python benches/peers/compare.py --quick

Vectors and indexes are kept in DIR, so a run that was cut off goes on where it was, peer by peer. Records of builds and
results of runs go to DIR/results/NAME; `report.py` makes the tables of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import chart
import machine
import report
from dataset import QUERIES, SETS, TRACKS, load
from engines import built, catalogue
from goals import fallen_short
from measure import Plan, filters, limited, matches, meta, search
from peers import COUNTS
from protocol import Engine, EngineError

ROOT = Path(__file__).resolve().parents[2]
PARTS = {"search": search, "limited": limited, "filters": filters}
QUICK_ONLY = ["hnswlib", "faiss-hnsw", "exact"]


def say(text: str) -> None:
    print(text, flush=True)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    vectors = parser.add_mutually_exclusive_group(required=True)
    vectors.add_argument("--set", choices=[name for name in SETS if name != "quick"], help="vectors by name")
    vectors.add_argument("--vectors", type=Path, help="a .npy or .fvecs file")
    vectors.add_argument("--data", type=Path, help="a folder that dataset.py made")
    vectors.add_argument("--quick", action="store_true", help="a small check that everything works")
    parser.add_argument("--query-vectors", type=Path, help="queries for --vectors; default: rows held out")
    parser.add_argument("--name", help="what to call the vectors of --vectors or --data")
    parser.add_argument("--work", type=Path, help="where vectors, indexes and results are kept")
    parser.add_argument("--program", type=Path, default=ROOT / "target" / "release" / "vector-engine")
    parser.add_argument("--layouts", type=words, default=["fast", "compact"], help="layouts of ours")
    parser.add_argument(
        "--instruction-sets",
        type=words,
        default=[],
        metavar="all|NAME,...",
        help="serve our layouts once more with each of these sets, on the same index; all: those of this machine but the "
        "widest, which ours takes anyway",
    )
    parser.add_argument("--only", type=words, default=[], help="engines to take, by name")
    parser.add_argument("--skip", type=words, default=[], help="engines to leave out")
    parser.add_argument("--rebuild", type=words, default=[], help="engines to build again")
    parser.add_argument("--part", choices=["all", *PARTS], default="all")
    parser.add_argument("--counts", type=numbers, default=COUNTS, help="numbers of neighbours that are asked for")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--cap", type=float, default=2.5, metavar="SECONDS", help="most time for a setting in a round")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core that searches")
    parser.add_argument("--build-cores", type=numbers, help="cores that build, as in 0,1; default: that of --core")
    told = parser.parse_args(given)
    if (told.vectors or told.data) and not told.name:
        parser.error("--vectors and --data need --name")
    if not told.work and not told.quick:
        parser.error("--work is missing")
    if told.quick:
        told.name = "quick"
        told.only = told.only or [*QUICK_ONLY, *(f"precedent-{layout}" for layout in told.layouts)]
        told.rounds, told.queries, told.cap = 1, min(told.queries, 500), min(told.cap, 0.3)
    told.name = told.name or told.set
    told.build_cores = told.build_cores or [told.core]
    if told.instruction_sets == ["all"]:
        told.instruction_sets = machine.instruction_sets()[1:]
    return told


def words(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def numbers(text: str) -> list[int]:
    return [int(number) for number in words(text)]


def prepared(given: argparse.Namespace, work: Path) -> Path:
    """The folder of the vectors, made when it is not there."""
    folder = given.data or work / given.name / "data"
    if not (folder / "meta.json").is_file() or meta(folder).get("tracks") != len(TRACKS):
        if given.data:
            sys.exit(f"{folder} has no meta.json, or one of before there were {len(TRACKS)} filters; dataset.py makes it")
        say(f"making the vectors of {given.name}")
        try:
            if given.vectors:
                load(folder, given.vectors, given.query_vectors)
            else:
                SETS[given.name](folder)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            sys.exit(str(error))
    return folder


def choose(names: Sequence[str], given: argparse.Namespace) -> list[str]:
    """The names of the engines asked for."""
    for name in (*given.only, *given.skip, *given.rebuild):
        if name not in names:
            sys.exit(f"there is no engine {name}; there are {', '.join(names)}")
    # A layout that is named comes with all instruction sets that are named.
    return [
        name
        for name in names
        if (not given.only or {name, name.partition("@")[0]} & {*given.only}) and name not in given.skip
    ]


def build_all(
    engines: Sequence[Engine], known: dict[str, Engine], data: Path, records: Path, given: argparse.Namespace
) -> tuple[list[Engine], dict[str, Any]]:
    """Builds what is not built. Returns the engines with an index, and what is known of each engine so far."""
    ready, results = [], {}
    for engine in engines:
        result = results[engine.name] = {"label": engine.label, "ours": engine.ours, "version": engine.version}
        builder = known[engine.builder]
        try:
            anew = builder.name in given.rebuild
            record = built(builder, data, meta(data), records, given.build_cores, anew)
        except EngineError as error:
            result["failed"] = str(error)
            say(f"{engine.name} failed: {error}")
            continue
        if anew:
            given.rebuild.remove(builder.name)
        if engine.ours and record["version"] != engine.version:
            say(f"{engine.name}: the index is of an earlier program; --rebuild {engine.name} builds it again")
        result["build"] = {key: value for key, value in record.items() if key != "data"}
        ready.append(engine)
        say(f"{engine.name}: built in {record['cpu_s']} CPU seconds, {record['file_bytes'] / 1e6:.1f} MB")
    return ready, results


def enough_memory(engines: Sequence[Engine], results: dict[str, Any]) -> None:
    """Ends the run when the indexes would not fit: all are open at once, and a machine out of memory kills at will."""
    wanted = sum({engine.index: results[engine.name]["build"]["file_bytes"] for engine in engines}.values())
    available = machine.available_bytes()
    if wanted > 0.9 * available:
        sizes = f"{wanted / 1e9:.1f} GB of {available / 1e9:.1f} GB available"
        sys.exit(f"the indexes take {sizes}; leave some out with --skip")


def compare(given: argparse.Namespace, work: Path) -> Path:
    """Builds, measures and writes the result of one run."""
    data = prepared(given, work)
    records = work / "results" / given.name
    logs = work / given.name / "logs"
    for folder in (records, logs):
        folder.mkdir(parents=True, exist_ok=True)
    known, missing = catalogue(given.program, given.layouts, work / given.name / "index", given.instruction_sets)
    parts = [part for part in PARTS if given.part in (part, "all")]
    chosen = choose([*known, *missing], given)
    missing = {name: why for name, why in missing.items() if name in chosen}
    for name, why in missing.items():
        say(f"{name} is left out: {why}")
    engines = [engine for name, engine in known.items() if name in chosen and any(map(engine.joins, parts))]
    ready, results = build_all(engines, known, data, records, given)

    queries = min(given.queries, meta(data)["nq"])
    plan = Plan(given.rounds, queries, given.cap, given.core, given.counts)
    run = {
        "set": given.name,
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": machine.described(plan.core),
        "data": meta(data),
        "matches": matches(data),
        "method": {"rounds": plan.rounds, "queries": plan.queries, "cap_s": plan.cap_seconds, "core": plan.core},
        "missing": missing,
        "engines": results,
    }
    joining = {part: [engine for engine in ready if engine.joins(part)] for part in parts}
    for engines in joining.values():
        enough_memory(engines, results)
    path = records / f"run-{datetime.now():%Y%m%d-%H%M%S}.json"
    for part, engines in joining.items():
        PARTS[part](engines, data, plan, logs, results, say)
        run["machine"]["load_average_after"] = round(os.getloadavg()[0], 2)
        # After each part, so that what was measured stays when the next is cut off.
        path.write_text(json.dumps(run, indent=1) + "\n")
    return path


def main(given: Sequence[str] | None = None) -> int:
    told = arguments(given)
    with tempfile.TemporaryDirectory(prefix="precedent-peers-") as place:
        path = compare(told, told.work or Path(place))
        run = json.loads(path.read_text())
        print("\n" + report.markdown([run]))
        if told.work:
            print(f"\nwritten: {path}")
            if chart.draw(run, path.with_suffix(".svg")):
                print(f"written: {path.with_suffix('.svg')}")
    # A peer that fails on this machine is reported and no reason to fail; ours is.
    for shortfall in (shortfalls := fallen_short(run) if told.quick else []):
        print(f"below the floor: {shortfall}", file=sys.stderr)
    results = run["engines"].values()
    measured = any("curve" in result or "filters" in result for result in results)
    failed = any(result["ours"] and "failed" in result for result in results)
    return 0 if measured and not failed and not shortfalls else 1


if __name__ == "__main__":
    sys.exit(main())
