"""Answers as sequences, tables and what notebooks show."""

from __future__ import annotations

import html
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas
import pytest
from conftest import PATIENTS, Served, Server, init, until
from precedent_client import Case, Client, CaseDetail, PatientKey, SearchResult, TextCorrection, hits_to_pandas

ATTACK = "<script>alert('pneumothorax')</script><img src=x onerror=\"alert(1)\">"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The answer of an index whose reports, ids and fields hold markup."""
    server = Server(init(tmp_path_factory.mktemp("attacked") / "index"))
    with server.client() as client:
        cases = [
            Case(f"one {ATTACK}", PatientKey(f"P {ATTACK}"), {"body_part": ATTACK}, f"A pneumothorax {ATTACK} is seen."),
            Case("two", PatientKey("P2"), {"age": 40}, {"findings": "No pneumothorax.", "impression": "Clear & dry."}),
        ]
        assert all(answer.accepted for answer in client.ingest(cases))
        until(lambda: client.list_indexes()[0].case_count == 2)
        yield client
    server.stop()


class Outline(HTMLParser):
    """The elements, and the text in and outside of marks."""

    def __init__(self, shown: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, list[str]]] = []
        self.text, self.marked = "", ""
        self._open = 0
        self.feed(shown)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, [name for name, _ in attrs]))
        self._open += tag == "mark"

    def handle_endtag(self, tag: str) -> None:
        self._open -= tag == "mark"

    def handle_data(self, data: str) -> None:
        self.text += data
        self.marked += data if self._open else ""


def test_a_result_is_a_sequence_of_its_hits(served: Served) -> None:
    result = served.client.search(text="text:there", limit=5)
    assert list(result) == list(result.hits) == [hit for hit in result]
    assert (len(result), result[0], result[-1], result[1:3]) == (5, result.hits[0], result.hits[4], result.hits[1:3])
    assert result.hits[2] in result and list(reversed(result))[0] == result[-1]
    assert result and not served.client.search(filter='modality = "MR"')
    with pytest.raises(IndexError):
        result[5]


def test_a_repr_is_short_and_shows_nobody(served: Served) -> None:
    result = served.client.search(text="text:there", limit=20)
    assert repr(result) == "SearchResult(20 of 20 hits, generation 1 of 'chest', exact, 1 warnings)"
    assert len(repr(result[0])) < 80 and repr(result[0]).startswith("Hit(rank=1, fused_score=0.0")
    by_vector = served.client.search(served.archive.vectors[3], encoder_id="test-encoder-1", limit=1)
    assert "cosine=1" in repr(by_vector[0])
    for part in ["case-", "patient-", "north"]:
        assert part not in repr(result) + repr(list(result))


def test_notebooks_show_what_others_wrote_as_text_only(attacked: Client) -> None:
    result = attacked.search(text="text:pneumothorax", limit=5)
    assert len(result) == 2
    for shown in [result._repr_html_(), *(hit._repr_html_() for hit in result), attacked.get_case("two")._repr_html_()]:
        outline = Outline(shown)
        harmless = {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td", "br", "mark", "ul", "li", "h4", "h5"}
        assert {tag for tag, _ in outline.elements} <= harmless
        assert {name for _, names in outline.elements for name in names} <= {"class", "style"}
    table = Outline(result._repr_html_())
    assert any(ATTACK in highlight.text for hit in result for highlight in hit.highlights)
    for part in [f"one {ATTACK}", f"A pneumothorax {ATTACK} is seen.", f"body_part: {ATTACK}", "No pneumothorax.", "2 of 2 hits in chest", "age: 40"]:
        assert part in table.text, part
    assert "pneumothorax" in table.marked.lower() and "age" not in table.marked
    assert f"patient P {ATTACK}" in Outline(attacked.get_case(f"one {ATTACK}")._repr_html_()).text


def test_notebooks_show_warnings_and_corrections_beside_the_hits(attacked: Client) -> None:
    result = attacked.search(text="pneumothorx")
    shown = Outline(result._repr_html_()).text
    assert result.plan.warnings and all(warning.message in shown for warning in result.plan.warnings)
    assert "searched 'pneumothorax' in place of 'pneumothorx'" in shown
    plan = replace(result.plan, corrections=(TextCorrection(ATTACK, ATTACK),))
    assert "<script" not in replace(result, plan=plan)._repr_html_()


def test_notebooks_show_the_report_where_nothing_matched_and_not_a_thousand_hits(attacked: Client) -> None:
    found = attacked.search(filter="age = 40")
    assert html.escape("Clear & dry.") in found._repr_html_()
    many = replace(found, hits=found.hits * 60)
    assert many._repr_html_().count("<tr>") == 51 and "10 more hits" in many._repr_html_()
    alone = attacked.search(filter="age = 40", detail=CaseDetail.CASE_ID)
    assert "Clear" not in alone._repr_html_() and "two" in alone._repr_html_()


def test_marks_are_where_the_words_are_in_any_script(tmp_path: Path) -> None:
    server = Server(init(tmp_path / "index"))
    with server.client() as client:
        report = "Épanchement 🫁 – the heart is enlarged. Trace effusion."
        assert all(answer.accepted for answer in client.ingest([Case("a", report=report)]))
        until(lambda: client.list_indexes()[0].case_count == 1)
        shown = Outline(client.search(text="enlarged heart")._repr_html_())
        assert shown.marked == "heart is enlarged" and "Épanchement 🫁 – the heart is enlarged." in shown.text
    server.stop()


def test_a_table_has_a_row_per_hit_and_a_column_per_part(served: Served) -> None:
    vector = served.archive.vectors[8]
    result = served.client.search(vector, encoder_id="test-encoder-1", text="effusion", limit=6)
    table = result.to_pandas()
    assert list(table["case_id"]) == [hit.case.case_id for hit in result] and list(table["rank"]) == [1, 2, 3, 4, 5, 6]
    assert list(table.columns[:3]) == ["rank", "case_id", "fused_score"]
    assert table["image.value"][0] == result[0].image.value and table["lexical.bm25"].notna().any()
    assert list(table["patient.id"]) == [hit.case.patient.id for hit in result]
    assert list(table["report.impression"]) == [hit.case.section("impression") for hit in result]
    assert list(pandas.to_numeric(table["field.age"])) == [int(hit.case.fields["age"][0]) for hit in result]
    # A field with several values in any of the hits has lists in all of them.
    assert list(table["field.problems"]) == [hit.case.fields["problems"] for hit in result]


def test_a_table_of_nothing_and_of_pages_has_the_same_columns(served: Served) -> None:
    nothing = served.client.search(filter='modality = "MR"').to_pandas()
    assert len(nothing) == 0 and "case_id" in nothing.columns
    everything = hits_to_pandas(served.client.search_all(filter="age >= 0", page_size=7, several_per_patient=True))
    assert len(everything) == 60 and everything["case_id"].is_unique


def test_without_pandas_an_error_says_what_to_install(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    result = served.client.search(text="heart")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"precedent-client\[pandas\]"):
        result.to_pandas()


def test_a_page_is_a_result(served: Served) -> None:
    pages = list(served.client.pages(filter="age >= 0", limit=15, page_size=10))
    assert [len(page) for page in pages] == [10, 5] and all(isinstance(page, SearchResult) for page in pages)
    assert PATIENTS > 15
