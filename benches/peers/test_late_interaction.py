"""Late interaction: what the peers are asked for, and how it is told."""

from __future__ import annotations

from pathlib import Path

import late_interaction
import numpy as np
import pytest


def test_vectors_are_the_same_each_time(tmp_path: Path) -> None:
    late_interaction.make(tmp_path, 3, 16)
    patches, sentences = late_interaction.vectors(tmp_path)
    assert (patches.shape, sentences.shape, patches.dtype) == ((3, 128), (16, 128), np.int8)
    assert min(patches.min(), sentences.min()) >= -127
    late_interaction.make(tmp_path, 3, 16)
    assert np.array_equal(sentences, late_interaction.vectors(tmp_path)[1])


def test_answers_are_those_of_plain_loops(tmp_path: Path) -> None:
    late_interaction.make(tmp_path, 3, 16)
    patches, sentences = (numbers.astype(np.int64) for numbers in late_interaction.vectors(tmp_path))
    products = [[int(sentence @ patch) for patch in patches] for sentence in sentences]
    assert late_interaction.best_of_patches(patches, sentences).tolist() == [max(row) for row in products]
    of_reports = [sum(max(row[patch] for row in products[at : at + 8]) for patch in range(3)) for at in (0, 8)]
    assert late_interaction.sums_of_reports(patches, sentences).tolist() == of_reports


@pytest.mark.parametrize("peer", late_interaction.PEERS)
def test_a_peer_that_errs_is_not_timed(
    peer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    late_interaction.make(tmp_path, 3, 16)
    monkeypatch.setattr(late_interaction, "SECONDS", 0)
    expected = late_interaction.PEERS[peer][1]
    monkeypatch.setitem(late_interaction.PEERS, peer, (expected, expected))
    late_interaction.work(peer, tmp_path)
    assert float(capsys.readouterr().out) > 0
    monkeypatch.setitem(late_interaction.PEERS, peer, (lambda *given: 1.001 * expected(*given), expected))
    with pytest.raises(SystemExit, match=f"{peer} gives other answers"):
        late_interaction.work(peer, tmp_path)


def test_the_table_has_a_row_for_each_engine() -> None:
    assert late_interaction.table([(64, 8_000, {"ours": 1e-3, "theirs": 4e-3})]).splitlines() == [
        "| engine | 64 patches x 8,000 sentences |",
        "|---|---:|",
        "| ours | 1 ms, 66 GMAC/s |",
        "| theirs | 4 ms, 16 GMAC/s |",
    ]
