"""The curves of a run as SVG: queries per second over recall."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from figures import leading
from goals import search_speed

LOWEST, HIGHEST = 0.80, 0.998
TICKS = [0.80, 0.90, 0.95, 0.98, 0.99, 0.995]
OURS = ["#c1121f", "#f08a24", "#e5738a", "#f6bd60", "#7f1d1d", "#b45309"]
THEIRS = ["#1f5fa8", "#3a9a7e", "#7a5ea8", "#8a6d3b", "#4c4c4c", "#2aa3c4", "#a05195", "#8f9a2d", "#5b8def", "#6b4226"]
INK = "#333333"


def draw(run: dict[str, Any], path: Path) -> bool:
    """Writes the chart. False where there is nothing to draw, or nothing to draw it with."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        print("no chart: matplotlib is not installed")
        return False
    curves = visible(run)
    if not curves:
        return False
    # Without a date and with fixed ids the same run gives the same file; text stays text.
    style: Any = {"svg.fonttype": "none", "svg.hashsalt": run["set"], "font.family": "sans-serif", "font.size": 10}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(8.5, 5.2), layout="constrained")
        axes = figure.subplots()
        spare = {True: iter(OURS * 4), False: iter(THEIRS * 4)}
        for result, points in curves:
            ours = result["ours"]
            axes.plot(
                [one["recall"] for one in points],
                [one["qps"] for one in points],
                label=result["label"],
                color=next(spare[ours]),
                linewidth=2.6 if ours else 1.5,
                marker="o" if ours else ".",
                markersize=5,
                zorder=3 if ours else 2,
            )
        dress(axes, run)
        figure.savefig(path, format="svg", metadata={"Date": None})
    return True


def visible(run: dict[str, Any]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The engines with points in the frame, fastest first, so that the legend is in the order of the lines."""
    engines = [result for result in run["engines"].values() if result.get("curve")]
    engines.sort(key=lambda result: search_speed(result, 0.95) or 0, reverse=True)
    framed = [(result, [one for one in leading(result["curve"]) if LOWEST <= one["recall"] < 1]) for result in engines]
    return [(result, points) for result, points in framed if points]


def dress(axes: Any, run: dict[str, Any]) -> None:
    """Axes, grid, legend and title. Recall is spread by what is missing from 1, where engines differ."""

    def spread(recall: Any) -> Any:
        import numpy as np

        return -np.log10(np.maximum(1.0 - np.asarray(recall, float), 1e-6))

    def gathered(value: Any) -> Any:
        return 1 - 10.0**-value

    axes.set_xscale("function", functions=(spread, gathered))
    axes.set_xlim(LOWEST, HIGHEST)
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_xticks([], minor=True)
    axes.set_yscale("log")
    ticks = yticks(axes.get_ylim())
    axes.set_yticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.grid(color="#dddddd", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, length=0)
    axes.set_xlabel("recall@10", color=INK)
    axes.set_ylabel("queries per second of one core", color=INK)
    data = run["data"]
    vectors = f"{run['set']}: {data['n']:,} vectors of {data['dim']} dimensions"
    title = f"{vectors}, {run['machine']['processor']}, {run['date'][:10]}"
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9, labelcolor=INK)


def yticks(limits: Sequence[float]) -> list[float]:
    """1, 2 and 5 of each power of ten within the limits."""
    low, high = limits
    return [step * 10.0**power for power in range(8) for step in (1, 2, 5) if low <= step * 10.0**power <= high]
