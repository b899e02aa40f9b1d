"""Searches by embedding, text and filter; guards, pages, batches."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
from conftest import CASES, DIMENSION, ENCODER, PATIENTS, Served
from precedent_client import (
    Case,
    FacetQuery,
    Fusion,
    MinimumScores,
    PatientKey,
    PrecedentError,
    Query,
    VectorPath,
)


def ids(result) -> list[str]:
    return [hit.case.case_id for hit in result.hits]


def query_vector(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("path", list(VectorPath))
def test_an_embedding_finds_its_nearest_cases_in_order(served: Served, seed: int, path: VectorPath) -> None:
    vector = query_vector(seed)
    result = served.client.search(
        vector, encoder_id=ENCODER, limit=15, several_per_patient=True, vector_path=path
    )
    assert ids(result) == served.archive.nearest(vector)[:15]
    assert [hit.rank for hit in result.hits] == list(range(1, 16))
    values = [hit.image.value for hit in result.hits]
    assert values == sorted(values, reverse=True) and all(hit.image.measure == "cosine" for hit in result.hits)
    assert result.record.encoder_id == ENCODER and result.plan.case_count == CASES


def test_a_case_finds_itself_whole(served: Served) -> None:
    case = served.archive.cases[17]
    hit = served.client.search(served.archive.vectors[17], encoder_id=ENCODER, limit=1).hits[0]
    assert hit.image.value == pytest.approx(1.0, abs=1e-5)
    assert hit.case.case_id == case.case_id and hit.case.patient == case.patient
    assert hit.case.sections() == case.sections()
    assert hit.case.fields["age"] == ["37"] and hit.case.fields["study_date"] == ["2017-09-15"]
    assert hit.case.images[0].name == "17.png" and hit.case.images[0].embedding is None


def test_text_finds_reports_that_hold_it(served: Served) -> None:
    result = served.client.search(text="pneumothorax", limit=100, several_per_patient=True)
    expected = {case.case_id for case in served.archive.cases if "pneumothorax" in case.section("findings")}
    assert set(ids(result)) == expected
    assert all(hit.lexical.bm25 > 0 and hit.image is None for hit in result.hits)
    assert served.client.search(text="pneumothorax -apical").hits == ()


def test_a_filter_alone_finds_what_passes(served: Served) -> None:
    result = served.client.search(
        filter='modality = "DX" AND age >= 40 AND problems:"even"', limit=100, several_per_patient=True
    )
    expected = {
        case.case_id
        for case in served.archive.cases
        if case.fields["modality"] == "DX" and case.fields["age"] >= 40 and case.fields["problems"][0] == "even"
    }
    assert set(ids(result)) == expected and result.plan.match_count == len(expected)
    assert all(hit.fused_score == 0 for hit in result.hits)


def test_embedding_and_text_are_fused_by_their_ranks(served: Served) -> None:
    vector = query_vector(9)
    result = served.client.search(
        vector,
        encoder_id=ENCODER,
        text="effusion",
        exact=True,
        several_per_patient=True,
        limit=CASES,
        fusion=Fusion(image_weight=1.0, lexical_weight=0.5, rrf_k=20.0),
    )
    assert result.plan.fusion.lexical_weight == 0.5 and result.plan.exact
    for hit in result.hits:
        expected = 1.0 / (20 + hit.image.rank)
        if hit.lexical is not None and hit.lexical.rank is not None:
            expected += 0.5 / (20 + hit.lexical.rank)
        assert hit.fused_score == pytest.approx(expected, rel=1e-6)
    scores = [hit.fused_score for hit in result.hits]
    assert scores == sorted(scores, reverse=True) and len(scores) == CASES


def test_filter_and_embedding_give_the_nearest_that_pass(served: Served) -> None:
    def passes(case: Case) -> bool:
        return case.fields["modality"] == "CR"

    vector = query_vector(3)
    result = served.client.search(
        vector, encoder_id=ENCODER, filter='modality = "CR"', limit=100, several_per_patient=True
    )
    assert ids(result) == served.archive.nearest(vector, passes)


def test_the_patient_s_own_cases_are_left_out(served: Served) -> None:
    vector = served.archive.vectors[5]
    patient = PatientKey("patient-5", "north")

    def search(**guards):
        return served.client.search(vector, encoder_id=ENCODER, limit=100, **guards)

    without = search(patient=patient)
    assert all(hit.case.patient != patient for hit in without.hits) and len(without.hits) == PATIENTS - 1
    assert search(patient=patient, include_same_patient=True).hits[0].case.case_id == "case-005"
    # The same number from another issuer is another person.
    assert search(patient=PatientKey("patient-5", "south")).hits[0].case.case_id == "case-005"
    codes = [warning.code for warning in search().plan.warnings]
    assert codes == ["NO_PATIENT"] and without.plan.warnings == ()


def test_one_case_stands_for_a_patient(served: Served) -> None:
    result = served.client.search(query_vector(1), encoder_id=ENCODER, limit=100)
    patients = [hit.case.patient.id for hit in result.hits]
    assert len(patients) == len(set(patients)) == PATIENTS


def test_before_leaves_only_earlier_cases(served: Served) -> None:
    result = served.client.search(filter="age >= 0", before="2014", limit=100, several_per_patient=True)
    expected = {case.case_id for case in served.archive.cases if case.fields["study_date"] < "2014"}
    assert set(ids(result)) == expected


def test_several_views_count_with_the_nearest(served: Served) -> None:
    views = served.archive.vectors[[3, 44]]
    result = served.client.search(views, encoder_id=ENCODER, limit=2, several_per_patient=True)
    assert {(hit.case.case_id, hit.image.embedding_index) for hit in result.hits} == {("case-003", 0), ("case-044", 1)}


def test_pages_are_the_whole_answer_in_pieces(served: Served) -> None:
    from precedent_client import Embedding

    query = Query(
        embeddings=[Embedding(query_vector(4), ENCODER)], text="heart", limit=25, several_per_patient=True
    )
    whole = served.client.batch_search([query])[0]
    pages = list(served.client.pages(query, page_size=10))
    assert [len(page.hits) for page in pages] == [10, 10, 5]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    assert {page.total_hits for page in pages} == {25}
    assert len({page.record.request_digest for page in pages}) == 1
    assert pages[-1].next_page_token == "" and whole.next_page_token == ""


def test_a_batch_is_answered_from_one_generation_in_order(served: Served) -> None:
    words = ["effusion", "heart", "lungs", "pneumothorax"]
    results = served.client.batch_search(Query(text=word, limit=3) for word in words)
    assert len({result.record.generation for result in results}) == 1
    for word, result in zip(words, results, strict=True):
        assert len(result.hits) == 3 and all(word in hit.case.section("findings") for hit in result.hits)


def test_a_case_is_fetched_by_its_id(served: Served) -> None:
    assert served.client.get_case("case-030").section("impression") == served.archive.cases[30].section("impression")


@pytest.mark.parametrize("limit", [15, 30, 100])
@pytest.mark.parametrize("exact", [False, True])
def test_a_word_of_every_report_finds_every_patient_once(served: Served, limit: int, exact: bool) -> None:
    result = served.client.search(text="text:there", limit=limit, exact=exact, timeout=10)
    assert len(result.hits) == min(limit, PATIENTS)


def test_cases_like_an_example_are_of_other_patients(served: Served) -> None:
    result = served.client.search(example_case_ids=["case-005"], limit=100, several_per_patient=True)
    own = served.archive.cases[5].patient
    assert ids(result) == served.archive.nearest(served.archive.vectors[5], lambda case: case.patient != own)
    assert result.plan.guards.example_patients == (own,) and result.plan.warnings == ()
    views = {(view.projection, view.source) for view in result.plan.views}
    assert views == {("frontal", "example_case_ids[0]")}
    with pytest.raises(PrecedentError) as caught:
        served.client.search(example_case_ids=["case-005", "nobody"])
    assert [violation.field for violation in caught.value.violations] == ["example_case_ids[1]"]


def test_one_text_is_no_list_of_examples_or_facets(served: Served) -> None:
    for wrong in [{"example_case_ids": "case-005"}, {"filter": "age > 1", "facets": "modality"}]:
        with pytest.raises(TypeError):
            served.client.search(**wrong)


def test_a_minimum_score_leaves_out_what_is_farther_away(served: Served) -> None:
    def search(**options):
        vector = served.archive.vectors[5]
        return served.client.search(vector, encoder_id=ENCODER, limit=100, several_per_patient=True, **options)

    everything = search()
    least = everything.hits[9].image.value
    nearest = search(minimum_scores=MinimumScores(cosine=least))
    assert ids(nearest) == ids(everything)[:10] and nearest.total_hits == 10
    with pytest.raises(PrecedentError) as caught:
        search(minimum_scores=MinimumScores(l2_distance=1.0))
    assert [violation.field for violation in caught.value.violations] == ["minimum_scores.l2_distance"]
    texts = served.client.search(text="effusion", minimum_scores=MinimumScores(bm25=1e6))
    assert texts.total_hits == 0


def test_facets_count_values_and_findings_among_all_matches(served: Served) -> None:
    facets = ["modality", FacetQuery("problems", 2), "finding"]
    result = served.client.search(filter="age < 50", facets=facets, limit=1)
    matching = [case for case in served.archive.cases if case.fields["age"] < 50]
    modality, problems, finding = result.facets
    expected = Counter(str(case.fields["modality"]).lower() for case in matching)
    assert dict(modality.counts) == expected and list(modality.counts) == ["dx", "cr"]
    assert modality.missing_case_count == 0 and modality.more_value_count == 0
    assert dict(problems.counts) == {"even": 15, "odd": 15} and problems.more_value_count == 4
    assert finding.counts["pneumothorax"] == sum("pneumothorax" in case.section("findings") for case in matching)
    with pytest.raises(PrecedentError) as caught:
        served.client.search(filter="age < 50", facets=["weight"])
    assert [violation.field for violation in caught.value.violations] == ["facets[0].field"]


def test_the_plan_says_how_long_each_step_took(served: Served) -> None:
    begun = time.perf_counter()
    times = served.client.search(text="effusion heart", filter="age > 1").plan.times
    whole = (time.perf_counter() - begun) * 1e6
    assert times.lexical_microseconds > 0 and times.fetch_microseconds > 0
    steps = [getattr(times, step.name) for step in fields(times)]
    assert sum(steps) <= whole
