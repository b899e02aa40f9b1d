"""The tables of a run, and which goals it reached."""

from __future__ import annotations

from typing import Any

import paths  # noqa: F401
from report import counted, megabytes, number, put, table

# Precedent's share of the CPU that OpenSearch takes; and how much more ten times the archive may cost.
SHARE = 1 / 3
GROWTH = 2.0
OURS, THEIRS = "Precedent", "OpenSearch"
MARKS = {
    "compare": ("<!-- service:begin -->", "<!-- service:end -->"),
    "growth": ("<!-- service-growth:begin -->", "<!-- service-growth:end -->"),
}


def reached(value: bool) -> str:
    return "reached" if value else "not reached"


def markdown(run: dict[str, Any]) -> str:
    """All of a run."""
    if run["kind"] == "growth":
        parts = [machine_line(run), growth_table(run)]
    else:
        parts = [machine_line(run), *map(note, run["services"].values()), search_table(run), goal_table(run), cost_table(run)]
    return "\n\n".join(part for part in parts if part)


def machine_line(run: dict[str, Any]) -> str:
    """Where, when and how."""
    machine, data = run["machine"], run["data"]
    units = ", ".join(machine["vector_units"]) or "no wide vector units"
    return (
        f"{run['date'][:10]}, {machine['processor']} (family, model, stepping {machine['model']}; {units}), "
        f"{machine['cores']} cores, L3 {machine['l3']}, {machine['memory_gb']:.0f} GB, one core reads "
        f"{machine['read_gb_s']} GB/s; load average {machine['load_average']} before and {machine['load_average_after']} after. "
        f"{' and '.join(f'{count:,}' for count in data['n'])} cases, {data['dim']} numbers each, {data['source']}; "
        f"{run['questions']} questions, {counted(run['rounds'], 'interleaved round')}, one client that asks one at a time. Hits are "
        "ids only where the row does not say otherwise."
    )


def note(service: dict[str, Any]) -> str:
    return service.get("note", "")


def cells(figures: dict[str, Any] | None) -> list[str]:
    """CPU, latencies and recall of a service."""
    if figures is None:
        return ["", "", "", ""]
    return [
        number(figures["cpu_ms"], 2),
        number(figures["p50_ms"], 2),
        number(figures["p99_ms"], 2),
        number(figures["recall"], 3, "-"),
    ]


def search_table(run: dict[str, Any]) -> str:
    """Every row, side by side where both were measured."""
    both = {OURS, THEIRS} <= set(run["services"])
    head = ["search"]
    for name in run["services"]:
        head += [f"{name} CPU ms", "p50 ms", "p99 ms", "recall"]
    if both:
        head += ["inner k", "CPU of OpenSearch's", "at most a third"]
    rows = []
    for one in run["rows"]:
        found = one["services"]
        line = [one["row"]]
        for name in run["services"]:
            line += cells(found.get(name))
        if both:
            share = found[OURS]["cpu_ms"] / found[THEIRS]["cpu_ms"]
            line += [number(found[THEIRS]["inner_k"]), f"{share:.2f}", reached(share <= SHARE)]
        rows.append(line)
    return table(head, rows)


def goal_table(run: dict[str, Any]) -> str:
    """The goals for Precedent alone."""
    rows = [
        [one["row"], f"at most {one['goal_ms']:g} ms", f"{spent:.2f} ms", reached(spent <= one["goal_ms"])]
        for one in run["rows"]
        if one["goal_ms"] is not None and OURS in one["services"]
        for spent in [one["services"][OURS]["cpu_ms"]]
    ]
    return table(["Precedent, CPU of a search", "goal", "measured", ""], rows, figures=False) if rows else ""


def cost_table(run: dict[str, Any]) -> str:
    """What it costs to hold the cases."""
    rows = [
        [
            name,
            number(one["ingest"]["cpu_s"]),
            number(one["ingest"]["wall_s"]),
            megabytes(one["ingest"]["bytes"]),
            megabytes(one["resident"]["anonymous"]),
            megabytes(one["resident"]["mapped"]),
        ]
        for name, one in run["services"].items()
    ]
    return table(["service", "ingest and merge CPU s", "s", "disk MB", "anonymous MB", "mapped MB"], rows)


def growth_table(run: dict[str, Any]) -> str:
    """What ten times the archive costs."""
    names = list(run["services"])
    head = ["search"] + [f"{name}, CPU ms" for name in names] + ["recall"] * len(names) + ["times", f"at most {GROWTH:g} times"]
    rows = []
    for one in run["rows"]:
        few, many = (one["services"][name] for name in names)
        times = many["cpu_ms"] / few["cpu_ms"]
        spent = [number(figures["cpu_ms"], 2) for figures in (few, many)]
        found = [number(figures["recall"], 3, "-") for figures in (few, many)]
        rows.append([one["row"], *spent, *found, f"{times:.2f}", reached(times <= GROWTH)])
    return table(head, rows)


__all__ = ["MARKS", "markdown", "put"]
