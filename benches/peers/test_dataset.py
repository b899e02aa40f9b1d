"""The vectors: that a seed gives the same, that the answers are true, that files are read or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dataset import TOP, TRACKS, Clusters, exact, gaussian, generate, load, near_copies, read_vectors, sentences


def arrays(folder: Path) -> dict[str, np.ndarray]:
    return {file.stem: np.load(file) for file in folder.glob("*.npy")}


def write_fvecs(path: Path, vectors: np.ndarray) -> None:
    lengths = np.full((len(vectors), 1), vectors.shape[1], "<i4").view("<f4")
    np.hstack([lengths, vectors.astype("<f4")]).tofile(path)


def test_a_seed_means_the_same_vectors_for_ever() -> None:
    vectors, clusters = Clusters(16, 42).draw(500, np.random.default_rng(43))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    # What the process gave when it was written down; another order of drawing would show here.
    assert clusters[:4].tolist() == [1277, 118, 45, 1629]
    assert vectors[0, :3].tolist() == pytest.approx([-0.045516, 0.054583, -0.239094], abs=1e-5)


def test_answers_are_those_of_a_full_sort(tmp_path: Path) -> None:
    generate(tmp_path, 3_000, 16, queries=40, seed=1)
    made = arrays(tmp_path)
    for at, query in enumerate(made["queries"]):
        scores = made["base"] @ query
        assert np.allclose(scores[made["gt"][at]], np.sort(scores)[::-1][:100], atol=1e-6)
        for track in range(len(TRACKS)):
            rows = np.flatnonzero(made["attrs"][:, track] == made["fval"][at, track])
            found = made[f"gt_f{track}"][at]
            expected = np.sort(scores[rows])[::-1][:TOP]
            assert (found[len(rows) :] == -1).all()
            assert np.allclose(scores[found[: len(rows)]], expected, atol=1e-6)
            assert set(found[: len(rows)]) <= set(rows)


def test_blocks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    base, queries = rng.standard_normal((107, 4), np.float32), rng.standard_normal((9, 4), np.float32)
    whole = exact(base, queries, 12)
    monkeypatch.setattr("dataset.TRUTH_ROWS", 10)
    monkeypatch.setattr("dataset.TRUTH_QUERIES", 4)
    assert (exact(base, queries, 12) == whole).all()
    assert (exact(base[:5], queries, 12)[:, 5:] == -1).all()


def test_fvecs_and_npy_give_the_same_folder(tmp_path: Path) -> None:
    vectors = np.random.default_rng(5).standard_normal((400, 8)).astype(np.float32)
    write_fvecs(tmp_path / "v.fvecs", vectors)
    np.save(tmp_path / "v.npy", vectors)
    for kind in ("fvecs", "npy"):
        load(tmp_path / kind, tmp_path / f"v.{kind}", None, queries=50)
    one, other = arrays(tmp_path / "fvecs"), arrays(tmp_path / "npy")
    assert all((one[name] == other[name]).all() for name in one)
    assert one["base"].shape == (350, 8) and one["queries"].shape == (50, 8)
    # Held out: no query is its own neighbour.
    assert (np.einsum("qd,qd->q", one["queries"], one["base"][one["gt"][:, 0]]) < 0.9999).all()
    assert json.loads((tmp_path / "npy" / "meta.json").read_text())["queries"] == "held out"


def test_given_queries_are_taken(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    np.save(tmp_path / "base.npy", rng.standard_normal((300, 8)))
    np.save(tmp_path / "queries.npy", rng.standard_normal((20, 8)))
    load(tmp_path / "out", tmp_path / "base.npy", tmp_path / "queries.npy")
    assert len(np.load(tmp_path / "out" / "base.npy")) == 300
    assert len(np.load(tmp_path / "out" / "queries.npy")) == 20


@pytest.mark.parametrize("make", [gaussian, generate, near_copies])
def test_a_filter_against_the_neighbourhood_keeps_little_that_is_near(make: Callable[..., None], tmp_path: Path) -> None:
    make(tmp_path, 4_000, 32, queries=20)
    made = arrays(tmp_path)
    far, near = made["gt_f5"], made["gt"][:, :TOP]
    assert made["attrs"].shape[1] == made["fval"].shape[1] == len(TRACKS)
    assert (far >= 0).all() and (far[:, :, None] == near[:, None, :]).any(axis=2).mean() < 0.03
    assert np.allclose(np.linalg.norm(made["base"], axis=1), 1, atol=1e-6)


def test_near_copies_are_their_own_neighbourhood(tmp_path: Path) -> None:
    near_copies(tmp_path, 500, 64, queries=20)
    made = arrays(tmp_path)
    cosines = np.einsum("qd,qkd->qk", made["queries"], made["base"][made["gt"]])
    assert cosines[:, 9].min() > 0.99 and cosines[:, 10].max() < 0.8


def test_sentences_come_from_the_shared_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRECEDENT_DATA", str(tmp_path))
    monkeypatch.setattr("dataset.SENTENCE_ROWS", 300)
    path = tmp_path / "vectors" / "wordnet100k" / "vectors.f16.npy"
    path.parent.mkdir(parents=True)
    np.save(path, np.random.default_rng(5).standard_normal((350, 16)).astype(np.float16))
    sentences(tmp_path / "made", queries=30)
    made = arrays(tmp_path / "made")
    assert (made["base"].shape, made["queries"].shape, made["base"].dtype) == ((300, 16), (30, 16), np.float32)
    with pytest.raises(ValueError, match="fewer than 360"):
        sentences(tmp_path / "made", queries=60)


BROKEN = [b"", bytes(4), b"\2\0\0\0" + bytes(11), b"\1\0\0\0" + bytes(4) + b"\2\0\0\0" + bytes(4)]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_fvecs_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.fvecs").write_bytes(content)
    with pytest.raises(ValueError, match="fvecs"):
        read_vectors(tmp_path / "v.fvecs")


def test_a_vector_without_direction_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.zeros((10, 4), np.float32))
    with pytest.raises(ValueError, match="zero"):
        load(tmp_path / "out", tmp_path / "v.npy", None)
