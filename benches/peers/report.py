"""The tables of comparison runs, as Markdown.

    python benches/peers/report.py [RUN.json or FOLDER ...] [--write FILE.md] [--charts FOLDER]

Of a folder it takes the latest run of each set. --write puts the tables between `<!-- peers:begin -->` and
`<!-- peers:end -->` of a file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chart
from dataset import TRACKS
from figures import setting_near
from goals import (
    FILTER_RECALL,
    REFERENCE,
    best,
    build_cpu,
    filter_speed,
    judged,
    memory,
    peers,
    ratio,
    search_speed,
)

RESULTS = Path(__file__).with_name("results")
BEGIN, END = "<!-- peers:begin -->", "<!-- peers:end -->"
RECALLS = [0.90, 0.95, 0.99]
LATENCY_RECALL = 0.95


def table(head: Sequence[str], rows: Sequence[Sequence[str]], figures: bool = True) -> str:
    """A Markdown table, figures to the right."""
    rule = ["---"] + ["---:" if figures else "---"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def number(value: float | None, digits: int = 0, missing: str = "") -> str:
    return missing if value is None else f"{value:,.{digits}f}"


def compact(value: float | None) -> str:
    """Three significant digits, for what spans from milliseconds to hours."""
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def megabytes(count: float | None) -> str:
    return compact(None if count is None else count / 1e6)


def highest(curve: Sequence[dict[str, Any]]) -> float:
    return max(one["recall"] for one in curve)


def name_of(result: dict[str, Any]) -> str:
    return f"**{result['label']}**" if result["ours"] else result["label"]


def speed_cell(curve: Sequence[dict[str, Any]], speed: float | None) -> str:
    """A speed, or how far the recall got."""
    if not curve:
        return ""
    return number(speed) if speed is not None else f"not reached ({highest(curve):.3f})"


def search_table(run: dict[str, Any]) -> str:
    """The engines without a filter, fastest first."""
    engines = [result for result in run["engines"].values() if result.get("curve")]
    if not engines:
        return ""
    engines.sort(key=lambda result: search_speed(result, LATENCY_RECALL) or 0, reverse=True)
    reference = run["engines"].get(REFERENCE, {})
    rows = []
    for result in engines:
        curve = result["curve"]
        near = setting_near(curve, LATENCY_RECALL) or {}
        taken, build = result.get("bytes", {}), result.get("build", {})
        ratios = [ratio(search_speed(result, recall), search_speed(reference, recall)) for recall in RECALLS[1:]]
        rows.append([
            name_of(result),
            *(speed_cell(curve, search_speed(result, recall)) for recall in RECALLS),
            *(number(one, 2) for one in ratios),
            *(number(near.get(key)) for key in ("p50_us", "p99_us")),
            compact(build_cpu(result)),
            *(megabytes(taken.get(kind)) for kind in ("anonymous", "mapped")),
            number(ratio(memory(result), memory(reference)), 2),
            megabytes(build.get("file_bytes")),
            compact(result.get("open_s")),
        ])  # fmt: skip
    head = ["engine", *(f"QPS at {recall:.2f}" for recall in RECALLS), "x hnswlib at 0.95", "at 0.99"]
    head += ["p50 us", "p99 us", "build CPU s", "anonymous MB", "mapped MB", "memory x hnswlib", "file MB", "open s"]
    return table(head, rows)


def count_table(run: dict[str, Any]) -> str:
    """Other numbers of neighbours, in the order of the main table."""
    counts = sorted({int(k) for result in run["engines"].values() for k in result.get("curves", {})})
    engines = [result for result in run["engines"].values() if result.get("curves")]
    engines.sort(key=lambda result: search_speed(result, LATENCY_RECALL) or 0, reverse=True)
    reference = run["engines"].get(REFERENCE, {})
    rows = []
    for result in engines:
        cells = []
        for k in counts:
            for recall in RECALLS[1:]:
                speed = search_speed(result, recall, k)
                cell = speed_cell(result["curves"].get(str(k), []), speed)
                over = ratio(speed, search_speed(reference, recall, k))
                cells.append(cell + ("" if over is None else f" ({over:.2f}x)"))
        rows.append([name_of(result), *cells])
    head = [f"{k} neighbour{'s' * (k > 1)}, at {recall:.2f}" for k in counts for recall in RECALLS[1:]]
    return table(["QPS (x hnswlib) for", *head], rows) if rows else ""


def filter_table(run: dict[str, Any]) -> str:
    """The engines with a filter; ours with the ratio to the best peer of the column."""
    engines = [result for result in run["engines"].values() if result.get("filters")]
    if not engines:
        return ""
    tracks = [at for at in range(len(TRACKS)) if any(result["filters"].get(str(at)) for result in engines)]
    leaders = {track: best(filter_speed(peer, track) for peer in peers(run)) for track in tracks}
    rows = []
    for result in engines:
        cells = []
        for track, leader in leaders.items():
            speed = filter_speed(result, track)
            cell = speed_cell(result["filters"].get(str(track), []), speed)
            over = ratio(speed, leader) if result["ours"] else None
            cells.append(cell + ("" if over is None else f" ({over:.2f}x)"))
        rows.append([name_of(result), *cells])
    return table([f"QPS at {FILTER_RECALL:.2f}, keeping", *(TRACKS[at] for at in tracks)], rows)


def goal_table(run: dict[str, Any]) -> str:
    """Each goal with its figure."""
    rows = [[one.engine, one.what, one.goal, one.figure, one.verdict] for one in judged(run)]
    return table(["layout", "figure", "goal", "measured", ""], rows, figures=False) if rows else ""


def machine_line(run: dict[str, Any]) -> str:
    """Where, when and how."""
    machine, method = run["machine"], run["method"]
    units = ", ".join(machine["vector_units"]) or "no wide vector units"
    return (
        f"{run['date'][:10]}, {machine['processor']} (family, model, stepping {machine['model']}; {units}), "
        f"{machine['cores']} cores, L3 {machine['l3']}, {machine['memory_gb']:.0f} GB, one core reads "
        f"{machine['read_gb_s']} GB/s; load average {machine['load_average']} before and "
        f"{machine.get('load_average_after', '?')} after. One core, {counted(method['rounds'], 'interleaved round')}, "
        f"at most {method['queries']:,} queries and {method['cap_s']:g} s for a setting."
    )


def counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def vectors_line(run: dict[str, Any]) -> str:
    """What the vectors are."""
    data = run["data"]
    kind = {"clustered": "the generator's", "gaussian": "independent normal components"}.get(data["source"], data["source"])
    shares = ", ".join(f"{share:.2%}" for share in run["matches"])
    return (
        f"{data['n']:,} x {data['dim']}, {kind}; local intrinsic dimension {data['lid_median']}, cosine of the 1st and "
        f"10th neighbour {data['cos_nn1']} and {data['cos_nn10']}. The filters keep {shares}."
    )


def absent_line(run: dict[str, Any]) -> str:
    """Who is not in the tables, and why."""
    labels = {result["label"]: result["failed"] for result in run["engines"].values() if "failed" in result}
    limits = {
        f"{result['label']} under a limit of memory": result["not_limited"]
        for result in run["engines"].values()
        if "not_limited" in result
    }
    absent = {**run["missing"], **labels, **limits}
    return "".join(f"Not measured: {name}: {why.strip()}.\n" for name, why in absent.items()).strip()


def section(run: dict[str, Any]) -> str:
    """All tables of a run."""
    parts = [f"### {run['set']}", vectors_line(run), machine_line(run)]
    parts += [search_table(run), count_table(run), filter_table(run), goal_table(run), absent_line(run)]
    return "\n\n".join(part for part in parts if part)


def markdown(runs: Sequence[dict[str, Any]]) -> str:
    return "\n\n".join(section(run) for run in runs)


def runs_in(places: Sequence[Path]) -> list[dict[str, Any]]:
    """The runs named, and of each folder the latest of each set, by set and then as given."""
    found: dict[str, dict[str, Any]] = {}
    for place in places:
        if not place.exists():
            sys.exit(f"{place} is not there")
        files = sorted(place.rglob("run-*.json"), key=lambda file: file.name) if place.is_dir() else [place]
        for file in files:
            run = json.loads(file.read_text())
            found[run["set"]] = run
    return [found[name] for name in sorted(found)]


def put(text: str, file: Path, begin: str = BEGIN, end: str = END) -> None:
    """Puts the tables between the marks of a file."""
    whole = file.read_text()
    if whole.count(begin) != 1 or whole.count(end) != 1 or whole.index(begin) > whole.index(end):
        sys.exit(f"{file} needs one {begin} and, after it, one {end}")
    head, rest = whole.split(begin)
    file.write_text(f"{head}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}")


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="*", type=Path, default=[RESULTS])
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--charts", type=Path, metavar="FOLDER", help="also draw each set as NAME.svg")
    told = parser.parse_args(given)
    runs = runs_in(told.places)
    if not runs:
        sys.exit(f"no run-*.json in {', '.join(map(str, told.places))}")
    if told.write:
        put(markdown(runs), told.write)
    else:
        print(markdown(runs))
    if told.charts:
        told.charts.mkdir(parents=True, exist_ok=True)
        for run in runs:
            chart.draw(run, told.charts / f"{run['set']}.svg")


if __name__ == "__main__":
    main()
