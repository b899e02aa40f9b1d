"""Why hits are shown, and whether there is a precedent at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Server, picture, run, until
from precedent_client import Assertion, Case, Client, Image, Query
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
