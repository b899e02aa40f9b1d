"""Why hits are shown, and whether there is a precedent at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Server, picture, run, until
from precedent_client import Assertion, Case, Client, Fusion, Image, Query, QueryRegion
from precedent_client.errors import InvalidArgumentError

CASES = 40
REPORTS = ("Small left pleural effusion. No pneumothorax.", "Cardiomegaly.", "The lungs are clear.")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Over cases that came as pictures with reports; the tests change nothing."""
    directory: Path = tmp_path_factory.mktemp("evidence") / "index"
    done = run("init", directory, "--name", "seen", "--encoder", "phantom-cxr")
    assert done.returncode == 0, done.stderr
    server = Server(directory)
    with server.client() as client:
        cases = [
            Case(f"case-{n}", report=REPORTS[n % 3], images=[Image(f"{n}.png", "PA", content=picture(n))])
            for n in range(CASES)
        ]
        answers = list(client.ingest(cases))
        assert all(answer.accepted for answer in answers), answers
        until(lambda: client.stats().case_count == CASES)
        yield client
    assert server.stop() == 0, server.log()


def test_hits_say_which_sentence_fits_and_where(client: Client) -> None:
    result = client.search(images=picture(5), limit=6, evidence_maps=True)
    found = [evidence for hit in result for evidence in hit.evidence]
    assert found and {evidence.text for evidence in found} <= {"Small left pleural effusion.", "Cardiomegaly."}
    (explained,) = result.explained_images
    cells = explained.grid.row_count * explained.grid.column_count
    for evidence in found:
        assert set(evidence.findings.values()) == {Assertion.PRESENT}
        x, y, width, height = evidence.query.box
        assert 0 <= x < x + width <= explained.grid.image_width_pixels
        assert 0 <= y < y + height <= explained.grid.image_height_pixels
        assert evidence.query.zone and len(evidence.query.map) == cells
        assert evidence.cosine == pytest.approx(evidence.query.map[evidence.query.cell])
        assert evidence.background is not None and 0 <= evidence.background.share_below <= 1
        assert evidence.prior is not None and evidence.prior.image_index == 0
    assert len(explained.map) == cells
    assert result.plan.times.evidence_microseconds > 0
    assert not any(evidence.text in repr(result) + repr(evidence) for evidence in found)


def test_evidence_is_the_same_by_what_the_image_became(client: Client) -> None:
    first = client.search(images=picture(7), limit=3)
    again = client.search(encoded_images=first.encoded_images, limit=3)
    assert again.hits == first.hits and again.explained_images == first.explained_images
    assert all(not evidence.query.map for hit in first for evidence in hit.evidence)


def test_evidence_can_be_left_out_and_has_a_limit(client: Client) -> None:
    assert not any(hit.evidence for hit in client.search(images=picture(5), evidence=0))
    assert all(len(hit.evidence) <= 1 for hit in client.search(images=picture(5), evidence=1))
    with pytest.raises(InvalidArgumentError, match="evidence.sentence_count"):
        client.search(images=picture(5), evidence=11)
    (alone,) = client.batch_search([Query(images=[picture(5)])])
    assert not alone.explained_images, "in a batch every search has to ask"


def test_an_answer_says_whether_there_is_a_precedent(client: Client) -> None:
    judged = client.search(images=picture(5)).abstention
    assert judged is not None and judged.measure == "cosine" and judged.value is not None
    assert judged.background_image_count == CASES and judged.false_alarm_rate == 0.05
    assert judged.abstains == (judged.p_value <= 0.05)
    lenient = client.search(images=picture(5), false_alarm_rate=0.5).abstention
    assert lenient is not None and lenient.false_alarm_rate == 0.5 and lenient.p_value == judged.p_value
    with pytest.raises(InvalidArgumentError, match="false_alarm_rate"):
        client.search(images=picture(5), false_alarm_rate=0.9)
    assert client.search(filter="modality:*").abstention is None


def test_sentences_of_reports_rank_cases_and_rerank_the_first(client: Client) -> None:
    fusion = Fusion(sentence_weight=0.5)
    result = client.search(images=picture(5), limit=CASES, fusion=fusion, rerank=12)
    # Shares are calibrated for the nearest by image alone.
    assert {missing.part for missing in result.plan.unavailable} == {"calibration"}
    assert result.plan.fusion.sentence_weight == 0.5
    assert "sentence" in {channel.channel for channel in result.plan.channels}
    # The lungs of every third case are clear, which is no evidence of a finding.
    assert len(result) == CASES and result.plan.reranked_count == 12
    for hit in result:
        assert (hit.sentence is None) == (int(hit.case.case_id.removeprefix("case-")) % 3 == 2)
    scores = [hit.rerank_score for hit in result]
    assert scores[:12] == sorted((score for score in scores[:12] if score is not None), reverse=True)
    assert scores[12:] == [None] * (CASES - 12)
    assert result.plan.times.sentence_microseconds > 0
    plain = client.search(images=picture(5), limit=3)
    assert all(hit.sentence is None and hit.rerank_score is None for hit in plain)


def test_an_impossible_rerank_is_refused_by_name(client: Client) -> None:
    with pytest.raises(InvalidArgumentError, match="rerank_count"):
        client.search(images=picture(5), rerank=501)
    with pytest.raises(InvalidArgumentError, match="fusion.sentence_weight"):
        client.search(images=picture(5), fusion=Fusion(sentence_weight=-1.0))


def test_only_the_part_that_is_pointed_at_is_compared(client: Client) -> None:
    """The pictures have 60 x 60 pixels."""
    alone = Fusion(image_weight=0.0, sentence_weight=1.0)
    mask = [[row >= 30 and column < 30 for column in range(60)] for row in range(60)]
    outlines = (
        QueryRegion(box=(0, 30, 30, 30)),
        QueryRegion(polygon=[(0, 30), (30, 30), (30, 60), (0, 60)]),
        QueryRegion(mask=mask),
    )
    answers = [
        client.search(images=picture(5), limit=CASES, fusion=Fusion(sentence_weight=1.0), regions=[outline])
        for outline in outlines
    ]
    for result in answers:
        for hit in result:
            for evidence in hit.evidence:
                x, y, width, height = evidence.query.box
                assert x + width <= 31 and y >= 29, evidence.query
    assert answers[0].hits == answers[1].hits == answers[2].hits
    anywhere = client.search(images=picture(5), limit=CASES, fusion=Fusion(sentence_weight=1.0))
    assert [hit.sentence for hit in anywhere] != [hit.sentence for hit in answers[0]]
    by_part = client.search(images=picture(5), limit=CASES, fusion=alone, regions=[outlines[0]])
    assert all(hit.sentence is not None and hit.sentence.rank == hit.rank for hit in by_part)


@pytest.mark.parametrize(
    ("region", "field"),
    [
        (QueryRegion(), r"regions\[0\]"),
        (QueryRegion(image_index=1, box=(0, 0, 9, 9)), r"regions\[0\].image_index"),
        (QueryRegion(box=(50, 0, 20, 9)), r"regions\[0\].box"),
        (QueryRegion(polygon=[(0, 0), (9, 9), (9, 0), (0, 9)]), r"regions\[0\].polygon"),
        (QueryRegion(mask=[[True] * 9] * 9), r"regions\[0\].mask"),
    ],
)
def test_a_part_that_is_none_is_refused_by_name(client: Client, region: QueryRegion, field: str) -> None:
    with pytest.raises(InvalidArgumentError, match=field):
        client.search(images=picture(5), regions=[region])
