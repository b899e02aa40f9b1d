"""From answers to figures: recall, the front of a sweep, the speed at a recall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

TOP = 10


def recall(found: Sequence[Sequence[int]], truth: np.ndarray, k: int = TOP) -> float:
    """The share of the `k` true nearest that were found. Where fewer rows match, those few are the whole."""
    ids, wanted = np.asarray(found)[:, :k], truth[: len(found), :k]
    real = wanted >= 0
    hits = sum(np.isin(row[own], near).sum() for row, own, near in zip(wanted, real, ids, strict=True))
    return float(hits / real.sum()) if real.any() else 1.0


def point(answer: dict[str, Any], truth: np.ndarray, k: int = TOP) -> dict[str, float]:
    """One measurement of one setting."""
    microseconds = np.asarray(answer["ns"]) / 1e3
    return {
        "recall": round(recall(answer["ids"], truth, k), 5),
        "qps": len(microseconds) / max(answer["cpu_s"], 1e-9),
        "qps_wall": float(1e6 / microseconds.mean()),
        "p50_us": float(np.percentile(microseconds, 50)),
        "p99_us": float(np.percentile(microseconds, 99)),
    }


def over_rounds(setting: str, queries: int, rounds: Sequence[dict[str, float]]) -> dict[str, Any]:
    """One setting over all rounds: medians, and each round's speed to show the spread."""
    medians = {key: round(float(np.median([one[key] for one in rounds])), 2) for key in rounds[0] if key != "recall"}
    speeds = [round(one["qps"], 1) for one in rounds]
    return {"param": setting, "queries": queries, "recall": rounds[0]["recall"], **medians, "qps_rounds": speeds}


def front(curve: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The settings that no other beats in both recall and speed, in rising order of recall."""
    best: list[dict[str, Any]] = []
    for one in sorted(curve, key=lambda one: (one["recall"], one["qps"]), reverse=True):
        if not best or one["qps"] > best[-1]["qps"]:
            best.append(one)
    return best[::-1]


def families(curve: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The whole, and apart the settings that agree in what follows a colon: each is a curve of its own."""
    apart: dict[str, list[dict[str, Any]]] = {}
    for one in curve:
        apart.setdefault(one["param"].partition(":")[2], []).append(one)
    return [list(curve), *(apart.values() if len(apart) > 1 else [])]


def speed_at(curve: Sequence[dict[str, Any]], target: float) -> float | None:
    """Queries per second at a recall: log speed over recall, straight between neighbours on a front.

    The best of all families, because two neighbours that differ in the width and in the refinement may have slow ground
    between them which neither family crosses. Below the lowest setting its speed stands; above the highest is none.
    """
    speeds = [speed_on(front(family), target) for family in families(curve)]
    return max((speed for speed in speeds if speed is not None), default=None)


def speed_on(best: Sequence[dict[str, Any]], target: float) -> float | None:
    """The speed on one front."""
    above = next((at for at, one in enumerate(best) if one["recall"] >= target), None)
    if above is None:
        return None
    if above == 0:
        return best[0]["qps"]
    low, high = best[above - 1], best[above]
    share = (target - low["recall"]) / (high["recall"] - low["recall"])
    return math.exp((1 - share) * math.log(low["qps"]) + share * math.log(high["qps"]))


def leading(curve: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The settings on the front that no family passes above, in rising order of recall."""
    return [one for one in front(curve) if one["qps"] >= 0.999 * (speed_at(curve, one["recall"]) or 0)]


def setting_near(curve: Sequence[dict[str, Any]], target: float) -> dict[str, Any] | None:
    """The leading setting that lies nearest above a recall."""
    return next((one for one in leading(curve) if one["recall"] >= target), None)
