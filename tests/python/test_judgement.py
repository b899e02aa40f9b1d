"""What neighbours say together, computed again from what the archive holds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import CASES, ENCODER, PATIENTS, Served
from precedent_client import InvalidArgumentError, Query

EFFUSION = "pleural-effusion"


def neighbours(served: Served, query: np.ndarray, count: int) -> list[tuple[int, float]]:
    """The nearest case of each patient, with its weight."""
    unit = served.archive.vectors / np.linalg.norm(served.archive.vectors, axis=1, keepdims=True)
    cosines = unit @ (query / np.linalg.norm(query))
    first: dict[int, int] = {}
    for place in np.argsort(-cosines, kind="stable"):
        first.setdefault(int(place) % PATIENTS, int(place))
    chosen = list(first.values())[:count]
    return [(place, math.exp((cosines[place] - cosines[chosen[0]]) / 0.05)) for place in chosen]


def mentions(served: Served, place: int, word: str) -> bool:
    return word in served.archive.cases[place].section("findings")


@pytest.mark.parametrize("seed", range(6))
def test_shares_are_weighted_and_drawn_to_the_archive(served: Served, seed: int) -> None:
    query = np.random.default_rng(seed).normal(size=16).astype(np.float32)
    result = served.client.search(query, encoder_id=ENCODER, exact=True, limit=1, neighbours=9)
    said = result.consensus
    assert len(result) == 1 and said.neighbour_count == 9 and said.reported_case_count == CASES
    voting = neighbours(served, query, 9)
    weights = np.array([weight for _, weight in voting])
    count = weights.sum() ** 2 / (weights**2).sum()
    assert said.effective_patient_count == pytest.approx(count, rel=1e-3)
    having = [place for place, _ in voting if mentions(served, place, "effusion")]
    vote = said.vote(EFFUSION)
    assert (vote is None) == (not having)
    if vote is None:
        return
    base = sum(mentions(served, place, "effusion") for place in range(CASES)) / CASES
    weight = sum(weight for place, weight in voting if place in having)
    share = (weight + 2 * base) / (weights.sum() + 2)
    assert vote.present_count == len(having) and vote.base_rate == pytest.approx(base)
    assert vote.share == pytest.approx(share, abs=1e-3) and vote.lift == pytest.approx(share / base, abs=1e-2)
    square = 1.959964**2 / count
    centre = (share + square / 2) / (1 + square)
    half = math.sqrt(share * (1 - share) / count + square / (4 * count)) * 1.959964 / (1 + square)
    assert (vote.lower, vote.upper) == (pytest.approx(centre - half, abs=1e-3), pytest.approx(centre + half, abs=1e-3))


def test_dissent_is_the_nearest_without_a_leading_finding(served: Served) -> None:
    # Between three patients with an effusion.
    alike = served.archive.vectors[[0, 4, 8]]
    assert all(mentions(served, place, "effusion") for place in (0, 4, 8))
    query = (alike / np.linalg.norm(alike, axis=1, keepdims=True)).sum(axis=0)
    result = served.client.search(query, encoder_id=ENCODER, exact=True, neighbours=20)
    [against] = [one for one in result.dissent.leading if one.finding == EFFUSION]
    assert not against.denied, "no report denies one"
    voting = [place for place, _ in neighbours(served, query, PATIENTS)]
    without = [served.archive.cases[place].case_id for place in voting if not mentions(served, place, "effusion")]
    assert [hit.case.case_id for hit in against.cases] == without[:3]
    normal = [served.archive.cases[place].case_id for place in voting if mentions(served, place, "clear")]
    assert [hit.case.case_id for hit in result.dissent.normal] == normal[:3]
    assert result.plan.times.judge_microseconds > 0
    assert "pleural effusion" in result._repr_html_() and "(calibrated)" in result._repr_html_()


def test_calibrated_shares_lie_on_the_curve_that_the_answer_names(served: Served) -> None:
    query = np.random.default_rng(1).normal(size=16).astype(np.float32)
    said = served.client.search(query, encoder_id=ENCODER, exact=True, neighbours=9).consensus
    by = said.calibration
    assert said.calibrated and by.case_count == CASES and by.share_count > CASES and by.generation > 0

    def log_odds(share: float) -> float:
        share = min(max(share, 0.001), 0.999)
        return math.log(share / (1 - share))

    def on_curve(share: float, base_rate: float) -> float:
        share = min(max(share, 0.001), 0.999)
        odds = by.constant + by.by_share * math.log(share) - by.by_rest * math.log(1 - share)
        return 1 / (1 + math.exp(-(odds + by.by_base_rate * log_odds(base_rate))))

    assert said.votes
    for vote in said.votes:
        assert vote.calibrated.share == pytest.approx(on_curve(vote.share, vote.base_rate))
        ends = sorted(on_curve(end, vote.base_rate) for end in (vote.lower, vote.upper))
        assert [vote.calibrated.lower, vote.calibrated.upper] == pytest.approx(ends)
    filtered = served.client.search(query, encoder_id=ENCODER, neighbours=9, filter="age >= 30")
    assert not filtered.consensus.calibrated and all(vote.calibrated is None for vote in filtered.consensus.votes)
    missing = [(one.part, one.reason) for one in filtered.plan.unavailable]
    assert ("calibration", "NOT_BY_IMAGE_ALONE") in missing


def test_neighbours_vote_only_where_they_are_asked(served: Served) -> None:
    plain = served.client.search(served.archive.vectors[0], encoder_id=ENCODER)
    assert plain.consensus is None and plain.dissent is None and plain.plan.unavailable == ()
    silent = served.client.search(served.archive.vectors[0], encoder_id=ENCODER, neighbours=0)
    assert silent.consensus is None
    missing = served.client.search(text="effusion", neighbours=5).plan.unavailable
    assert [(one.part, one.reason) for one in missing] == [
        ("abstention", "NO_IMAGE_QUERY"),
        ("consensus", "NO_IMAGE_QUERY"),
        ("dissent", "NO_IMAGE_QUERY"),
    ]
    with pytest.raises(InvalidArgumentError) as caught:
        served.client.search(served.archive.vectors[0], encoder_id=ENCODER, neighbours=101)
    assert caught.value.violations[0].field == "judgement.neighbour_count"


def test_hits_that_differ_come_from_the_same_answer(served: Served) -> None:
    query = Query(example_case_ids=["case-000"], limit=4, diversity=1.0)
    result = served.client.search(query)
    texts = [hit.case.section("findings") for hit in result]
    assert len(set(texts)) == 4, "one of each kind"
    assert result[0] == served.client.search(query, diversity=None)[0]
