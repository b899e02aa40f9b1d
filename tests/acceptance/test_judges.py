"""The judges themselves: that what they must notice, they notice."""

from __future__ import annotations

import math
import re
from pathlib import Path

import harness
import pytest
from bm25 import Bm25, quantised, words
from cases import Tally as Cases
from cases import alike, allowed
from demo import searches
from floors import Bound, bounds
from ledger import Ledger, Tally, compare
from openi import compare as compare_hits
from quality import figure


def judged(tmp_path: Path, sent: list[int | None], acknowledged: int, found: int | None) -> Tally:
    """One case: what was sent for it, how many operations were acknowledged, what is there."""
    ledger = Ledger(tmp_path / "log", 1)
    places = [ledger.histories[0].send(version) for version in sent]
    for place in places[:acknowledged]:
        ledger.note(0, place)
    tally = Tally()
    compare(ledger, {} if found is None else {0: found}, tally)
    return tally


@pytest.mark.parametrize(
    ("sent", "acknowledged", "found", "expected"),
    [
        # What must be there is there.
        ([1, 2], 2, 2, Tally()),
        ([1, None], 2, None, Tally()),
        ([1, 2, 3], 1, 1, Tally(doubt_out=2)),
        ([1, 2, 3], 1, 2, Tally(doubt_in=1, doubt_out=1)),
        ([1, 2, None], 1, None, Tally(doubt_in=2)),
        ([1], 0, None, Tally(doubt_out=1)),
        # An acknowledged case is gone or old, a deleted one is back.
        ([1], 1, None, Tally(lost=1)),
        ([1, 2], 2, 1, Tally(lost=1)),
        ([1, None], 2, 1, Tally(lost=1)),
        # Nobody sent this.
        ([1, 2], 2, 7, Tally(invented=1)),
        ([], 0, 1, Tally(invented=1)),
    ],
)
def test_a_case_is_judged_by_what_was_sent(
    tmp_path: Path, sent: list[int | None], acknowledged: int, found: int | None, expected: Tally
) -> None:
    assert judged(tmp_path, sent, acknowledged, found) == expected


def test_a_case_of_an_unknown_number_is_invented(tmp_path: Path) -> None:
    tally = Tally()
    compare(Ledger(tmp_path / "log", 1), {5: 1}, tally)
    assert tally.invented == 1


def test_what_is_there_after_a_restart_is_the_next_beginning(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "log", 1)
    ledger.note(0, ledger.histories[0].send(1))
    ledger.histories[0].send(2)
    compare(ledger, {0: 2}, Tally())
    tally = Tally()
    compare(ledger, {0: 1}, tally)
    assert tally == Tally(invented=1)


def test_every_acknowledgement_is_in_the_file(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "log", 2)
    ledger.note(1, ledger.histories[1].send(4))
    assert (tmp_path / "log").read_text() == "1 4\n"


def test_bm25_gives_textbook_values() -> None:
    # N = 4, n = 1, a document of average length (5 words in all over 4 documents, so 1.25).
    documents = [["effusions", ""], ["normal heart", ""], ["normal", ""], ["Normal", ""]]
    scorer = Bm25(documents, count=4, quantise=False)
    idf = math.log(1 + 3.5 / 1.5)
    expected = idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / 1.25))
    assert scorer.scores([("effusion",)]) == {0: pytest.approx(expected)}
    assert sorted(scorer.scores([("normal",)])) == [1, 2, 3]


def test_a_phrase_does_not_cross_sections() -> None:
    scorer = Bm25([["a pleural", "effusion"], ["a pleural effusion", ""]], count=2, quantise=False)
    assert list(scorer.scores([("pleural", "effusions")])) == [1]


def test_words_and_lengths() -> None:
    assert words("No effusions, T9/T10.") == ["no", "effus", "t9", "t10"]
    # Rows of the table in Lucene's documentation of SmallFloat and of tantivy's fieldnorm table.
    assert [quantised(n) for n in (0, 39, 40, 41, 42, 55, 57, 100, 1_000)] == [0, 39, 40, 40, 42, 54, 56, 96, 984]


def test_ties_may_stand_in_any_order_and_nothing_else() -> None:
    expected = {"a": 3.0, "b": 2.0, "c": 2.0}
    assert compare_hits([("a", 3.0), ("c", 2.0), ("b", 2.0)], expected).complete
    assert not compare_hits([("c", 2.0), ("a", 3.0), ("b", 2.0)], expected).complete
    assert not compare_hits([("a", 3.0), ("c", 2.0)], expected).complete
    assert not compare_hits([("a", 3.0), ("c", 2.0), ("b", 2.1)], expected).complete
    assert not compare_hits([("a", 3.0), ("c", 2.0), ("x", 2.0)], expected).complete


def test_a_figure_is_read_from_the_table_that_has_it() -> None:
    tables = "| a | F1 |\n|---|---|\n| all | 0.5 |\n| none |  |\n\ntext\n\n| a | share |\n|---|---|\n| all | 0.75 |\n"
    assert (figure(tables, "all", "F1"), figure(tables, "all", "share")) == (0.5, 0.75)
    assert all(math.isnan(figure(tables, *cell)) for cell in [("none", "F1"), ("none", "share"), ("all", "recall")])


@pytest.mark.parametrize(
    ("found", "expected", "right"),
    [
        ("absent", "absent", True),
        ("present", "absent", False),
        (None, "absent", False),
        (None, None, True),
        (None, ["none", "absent"], True),
        ("absent", ["none", "absent"], True),
        ("present", [None, "absent"], False),
    ],
)
def test_an_assertion_is_one_of_those_expected(found: str | None, expected: object, right: bool) -> None:
    assert allowed(found, expected) is right


def test_pictures_are_alike_only_if_both_are_read() -> None:
    assert alike([1.0, 0.0], [2.0, 0.0]) and not alike([1.0, 0.0], [1.0, 0.1])
    assert not alike(None, [1.0]) and not alike(None, None)


def test_one_wrong_case_fails_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"wrong_dicom": Bound("most", 1), "wrong_others": Bound("most", 0)}
    some = {"cases": Bound("least", 1), "kinds": Bound("least", 1)}
    monkeypatch.setattr(harness, "bounds", lambda program: wrong | some)

    def judged(kind: str, *right: bool) -> int:
        tally = Cases()
        for number, one in enumerate(right):
            tally.note(kind, str(number), one)
        return tally.close()

    assert (judged("sizes", True), judged("sizes", True, False)) == (0, 1)
    assert (judged("pictures, DICOM", True, False), judged("pictures, DICOM", False, False)) == (0, 1)
    assert Cases().close() == 1


def test_a_figure_keeps_to_its_bound_and_must_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(**figures: float) -> int:
        verdict = harness.Verdict("script")
        verdict.expect(True, "a claim")
        for name, value in figures.items():
            verdict.figure(name, value)
        return verdict.close()

    told = {"recall": Bound("least", 0.9), "misses": Bound("most", 2), "reports": Bound("exactly", 7)}
    monkeypatch.setattr(harness, "bounds", lambda program: dict(told))
    assert judged(recall=0.9, misses=2, reports=7) == 0
    assert judged(recall=0.89, misses=2, reports=7) == 1
    assert judged(recall=1, misses=3, reports=7) == 1
    assert judged(recall=1, misses=0, reports=8) == 1
    assert judged(recall=math.nan, misses=0, reports=7) == 1
    # One that never comes.
    assert judged(recall=1, misses=0) == 1
    # The number of claims has a bound, too.
    told["checks"] = Bound("least", 5)
    assert judged(recall=1, misses=0, reports=7) == 1


def test_floors_are_those_of_scripts_and_programs() -> None:
    """No table is left over from a script that is gone, and each can be read."""
    root = harness.ROOT
    programs = {path.stem for path in (root / "tests" / "acceptance").glob("*.py")} | {"peers"}
    programs |= set(re.findall(r'^name = "(.+)"$', (root / "benches" / "Cargo.toml").read_text(), flags=re.MULTILINE))
    tables = re.findall(r"^\[(.+)\]$", (root / "tests" / "floors.toml").read_text(), flags=re.MULTILINE)
    # What a program compares with shared data alone has a table of its own.
    assert tables and programs.issuperset(table.removesuffix("-real") for table in tables)
    assert all(bounds(table) for table in tables)


def test_what_is_missing_fails_unless_it_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_FOLDER", str(tmp_path / "none"))
    with pytest.raises(SystemExit, match="none is not there; set SOME_FOLDER, or PRECEDENT_WITHOUT=some"):
        harness.needed("some", "SOME_FOLDER", tmp_path)
    monkeypatch.setenv("PRECEDENT_WITHOUT", "other,some")
    with pytest.raises(SystemExit) as ended:
        harness.needed("some", "SOME_FOLDER", tmp_path)
    assert ended.value.code == 0
    monkeypatch.setenv("PRECEDENT_WITHOUT", "other")
    assert harness.needed("some", "SOME", tmp_path) == tmp_path


SAID = """\
Query film, not one of these studies: query/dicom/a.dcm
      it shows: pleural effusion, Nodule

by image: the film alone
      2,000 of 2,000 cases match; 9 ms, encoding and transport included

   1  PH001-0000007-1      2019-05-03   F 63   PA
      image cosine 0.913 (rank 1)
      findings    pleural effusion, cardiomegaly, pulmonary vascular
                  congestion
      impression  Findings of a kind.
                  And more of them.
   2  PH001-0000008-1      2019-05-03   F 63   PA
      image cosine 0.900 (rank 2)
      findings    none
      impression  Clear.

by text: pleural effusion and enlarged heart
      90 of 2,000 cases match; 9 ms, encoding and transport included
"""


def test_what_the_demo_prints_is_read() -> None:
    truth, (film, text) = searches(SAID)
    assert truth == {"pleural effusion", "nodule"}
    assert (film.title, film.matches, text.matches, text.hits) == ("by image: the film alone", 2000, 90, [])
    found = [("PH001-0000007-1", {"pleural effusion", "cardiomegaly", "pulmonary vascular congestion"}), ("PH001-0000008-1", {"none"})]
    assert film.hits == found
