"""Reports and questions understood: denied apart from present, findings by any name, the sentences that matched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Server, init, until
from grpc import StatusCode
from precedent_client import (
    Assertion,
    Case,
    Client,
    Highlight,
    Hit,
    CaseDetail,
    MentionDetails,
    PrecedentError,
    Side,
    TextCorrection,
)

REPORTS = {
    "there": {"findings": "Large right pneumothorax.", "impression": "Pneumothorax."},
    "denied": {"findings": "No pneumothorax. The lungs are clear."},
    "heart": "FINDINGS: Épanchement 🫁 – the heart is enlarged. No mass or pneumothorax. IMPRESSION: Cardiomegaly.",
    "perhaps": {"impression": "Possible pneumothorax at the left apex."},
    "silent": None,
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Of a server over five cases; its tests change nothing."""
    server = Server(init(tmp_path_factory.mktemp("understood") / "index"))
    with server.client() as client:
        cases = [Case(name, fields={"age": 50}, report=report or ()) for name, report in REPORTS.items()]
        assert all(answer.accepted for answer in client.ingest(cases))
        until(lambda: client.list_indexes()[0].case_count == len(REPORTS))
        yield client
    server.stop()


def found(client: Client, **asked: str) -> list[str]:
    return [hit.case.case_id for hit in client.search(several_per_patient=True, **asked).hits]


def one(client: Client, name: str, **asked: str) -> Hit:
    return next(hit for hit in client.search(**asked).hits if hit.case.case_id == name)


def test_what_is_denied_is_not_what_is_there(client: Client) -> None:
    assert found(client, text="pneumothorax") == ["there", "perhaps"]
    assert set(found(client, text="no pneumothorax")) == {"denied", "heart"}
    assert set(found(client, text="text:pneumothorax")) == {"there", "perhaps", "denied", "heart"}
    assert set(found(client, text="possible pneumothorax")) == {"there", "perhaps"}


def test_a_finding_has_many_names_in_text_and_filter(client: Client) -> None:
    assert found(client, text="enlarged heart") == ["heart"]
    for name in ["cardiomegaly", "Enlarged Heart", "cardiomeg*"]:
        assert found(client, filter=f'finding:"{name}"') == ["heart"], name
    assert set(found(client, filter="finding.absent:pneumothorax")) == {"denied", "heart"}
    assert found(client, filter="finding.uncertain:pneumothorax") == ["perhaps"]
    # Of a case without a report nothing is known.
    assert set(found(client, filter="NOT finding:pneumothorax")) == {"denied", "heart", "perhaps"}


def test_an_unknown_finding_is_refused_by_column_and_never_quoted(client: Client) -> None:
    with pytest.raises(PrecedentError) as caught:
        client.search(filter="finding.absent:CANARY")
    assert caught.value.code == StatusCode.INVALID_ARGUMENT
    (violation,) = caught.value.violations
    assert violation.field == "filter" and "by a name that it lists" in violation.description
    assert "finding.absent" in violation.description and "canary" not in str(caught.value).lower()


def utf16(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def test_a_hit_shows_the_sentences_that_matched_in_bytes_and_in_utf16(client: Client) -> None:
    hit = one(client, "heart", text="enlarged heart, no pneumothorax")
    assert [(h.section, h.text) for h in hit.highlights] == [
        ("findings", "Épanchement 🫁 – the heart is enlarged."),
        ("findings", "No mass or pneumothorax."),
        ("impression", "Cardiomegaly."),
    ]
    assert [[(m.text, m.assertion, m.finding) for m in h.matches] for h in hit.highlights] == [
        [("heart is enlarged", Assertion.PRESENT, "cardiomegaly")],
        [("pneumothorax", Assertion.ABSENT, "pneumothorax")],
        [("Cardiomegaly", Assertion.PRESENT, "cardiomegaly")],
    ]
    text = hit.case.sections()[0].text
    for highlight in hit.highlights:
        for shown, span in [(highlight.text, highlight.sentence), *((m.text, m.span) for m in highlight.matches)]:
            assert span.of(text) == shown == utf16(text, span.start_utf16, span.end_utf16)


def test_a_hit_comes_with_as_much_of_its_case_as_is_asked_for(client: Client) -> None:
    whole = one(client, "heart", text="enlarged heart")
    bare = one(client, "heart", text="enlarged heart", detail=CaseDetail.WITHOUT_REPORT)
    assert (bare.case.fields, bare.lexical) == (whole.case.fields, whole.lexical)
    assert whole.highlights and whole.case.sections()
    assert (bare.highlights, bare.case.sections()) == ((), [])
    assert client.get_case("heart").sections() == whole.case.sections()
    alone = one(client, "heart", text="enlarged heart", detail=CaseDetail.CASE_ID)
    assert (alone.case, alone.highlights, alone.lexical) == (Case("heart", images=[], report=[]), (), whole.lexical)


def test_a_filter_alone_shows_the_findings_that_it_asks_for(client: Client) -> None:
    hit = one(client, "heart", filter="finding:cardiomegaly AND NOT finding:pneumothorax")
    assert [h.text for h in hit.highlights] == ["Épanchement 🫁 – the heart is enlarged.", "Cardiomegaly."]
    assert one(client, "heart", filter="age = 50").highlights == ()


def details(client: Client, text: str, report: str) -> list[MentionDetails | None]:
    """What is said where a report matched."""
    (answer,) = client.ingest([Case("asked", report=report)])
    assert answer.accepted
    until(lambda: (client.stats().case_count, client.stats().pending_operation_count) == (1, 0))
    return [match.details for h in one(client, "asked", text=text).highlights for match in h.matches]


def test_a_match_says_what_the_report_says_of_the_finding(tmp_path: Path) -> None:
    server = Server(init(tmp_path / "index"))
    with server.client() as client:
        assert details(client, "effusion", "Mild new left pleural effusion.") == [
            MentionDetails(side=Side.LEFT, severity="mild", times=("new",))
        ]
        assert details(client, "effusion", "Bilateral pleural effusions, larger on the right.") == [
            MentionDetails(side=Side.BILATERAL, larger_side=Side.RIGHT)
        ]
        grown = "Nodule in the right upper lobe, increased from 5 mm to 8 mm."
        assert details(client, "nodule", grown) == [
            MentionDetails(Side.RIGHT, None, ("upper",), "", ("increased",), 8.0, 5.0)
        ]
        corrected = "Large pneumothorax on the left. ADDENDUM: On review there is no pneumothorax."
        assert [d.overridden for d in details(client, "no pneumothorax", corrected)] == [True, False]
        assert details(client, "text:clear", "The lungs are clear.") == [None]
    server.stop()


def test_a_misspelt_word_is_searched_as_it_was_meant_and_the_plan_says_so(client: Client) -> None:
    result = client.search(text="pneumothorx", several_per_patient=True)
    assert result.plan.corrections == (TextCorrection("pneumothorx", "pneumothorax"),)
    assert [hit.case.case_id for hit in result.hits] == found(client, text="pneumothorax")
    literal = client.search(text="pneumothorx", literal_text=True)
    assert (literal.hits, literal.plan.corrections) == ((), ())


def test_words_as_written_have_no_assertion(client: Client) -> None:
    highlights = one(client, "denied", text="findings:clear").highlights
    assert [(m.text, m.assertion, m.finding) for h in highlights for m in h.matches] == [("clear", None, "")]


def test_a_highlight_shows_no_text_in_its_repr(client: Client) -> None:
    highlight: Highlight = one(client, "heart", text="enlarged heart").highlights[0]
    assert "enlarged" not in repr(highlight) and "cardiomegaly" in repr(highlight)


def test_figures_say_by_which_lexicon_reports_were_read(client: Client) -> None:
    stats = client.stats()
    assert len(stats.lexicon_fingerprint) == 16
    assert (stats.stale_case_count, stats.stale_segment_count) == (0, 0)
    assert {segment.lexicon_fingerprint for segment in stats.segments} == {stats.lexicon_fingerprint}


def test_a_sites_own_lexicon_is_part_of_its_index(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[[finding]]\nid = "widget"\nname = "implanted widget"\nphrases = ["widget", "gadget"]\n')
    server = Server(init(tmp_path / "index", options=("--lexicon", str(site))))
    with server.client() as client:
        list(client.ingest([Case("a", report="A gadget is seen."), Case("b", report="No widget.")]))
        until(lambda: client.list_indexes()[0].case_count == 2)
        assert found(client, text="widget") == ["a"]
        assert found(client, filter='finding.absent:"implanted widget"') == ["b"]
    server.stop()
