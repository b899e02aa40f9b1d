"""Each peer that is installed: it builds, opens in another process, finds, and keeps to its filter."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from dataset import TRACKS, generate
from engines import catalogue
from figures import recall
from protocol import Serving, build
from worker import PEERS, padded, resident

CORE = max(os.sched_getaffinity(0))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    generate(folder, 2_000, 64, queries=32)  # Fewer dimensions than 64 are too few for rabitqlib.
    return folder


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_finds_what_is_near(name: str, data: Path, tmp_path: Path) -> None:
    if name == "hnswlib-native" and "HNSWLIB_INCLUDE" not in os.environ:
        pytest.skip("set HNSWLIB_INCLUDE to unpacked headers; tests fetch nothing")
    found, missing = catalogue(tmp_path / "none", [], tmp_path)
    if name in missing:
        pytest.skip(missing[name])
    engine = found[name]
    told = build(found[engine.builder], data, [CORE])
    assert told["cpu_s"] <= told["process_cpu_s"] + 0.1
    with Serving(engine, data, CORE, tmp_path / "log") as serving:
        if engine.searches:
            for k, settings in serving.hello["params"].items():
                answer = serving.ask("measure", settings[-1], 32, k)
                assert len(answer["ns"]) == 32 and answer["cpu_s"] > 0
                assert {len(ids) for ids in answer["ids"]} == {int(k)}
                assert recall(answer["ids"], np.load(data / "gt.npy"), int(k)) > 0.95
            assert set(serving.bytes()) == {"anonymous", "mapped"}
        for track in range(len(TRACKS) if engine.filters else 0):
            ids = serving.ask("fmeasure", serving.hello["filter_params"][-1], 32, track)["ids"]
            assert recall(ids, np.load(data / f"gt_f{track}.npy")) > 0.95
            assert kept(data, track, ids)


def kept(data: Path, track: int, ids: list[list[int]]) -> bool:
    """Whether every row found has the value asked for."""
    values, asked = np.load(data / "attrs.npy")[:, track], np.load(data / "fval.npy")[:, track]
    return all(row < 0 or values[row] == asked[at] for at, rows in enumerate(ids) for row in rows)


def test_rows_are_filled_up() -> None:
    assert padded(np.array([3, 1], np.int64)) == [3, 1, *[-1] * 8]
    assert padded(range(12)) == [*range(10)]
    assert padded(range(3), 2) == [0, 1]


def test_memory_is_told_by_kind(tmp_path: Path) -> None:
    before = resident()
    held = np.ones(4_000_000)
    (tmp_path / "file").write_bytes(bytes(8_000_000))
    mapped = np.memmap(tmp_path / "file", mode="r")
    touched = int(mapped[::4096].sum())
    after = resident()
    assert (touched, len(held)) == (0, 4_000_000)
    assert 30e6 < after["anonymous"] - before["anonymous"] < 40e6
    assert 7e6 < after["mapped"] - before["mapped"] < 12e6
