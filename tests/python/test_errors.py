"""Every bad request is refused by name, and none quotes what it was about."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import DIMENSION, ENCODER, Served
from grpc import StatusCode
from precedent_client import Case, Embedding, Fusion, Image, PatientKey, PrecedentError, Query, VectorPath

GOOD = [1.0] * DIMENSION


def with_value(value: float) -> list[float]:
    return [*GOOD[:3], value, *GOOD[4:]]


def vector(values, encoder_id: str = ENCODER) -> Query:
    return Query(embeddings=[Embedding(values, encoder_id)])


def refused(served: Served, query: Query, **options) -> PrecedentError:
    with pytest.raises(PrecedentError) as caught:
        served.client.search(query, **options)
    return caught.value


INVALID = [
    (vector(GOOD[:-1]), "embeddings[0].values", "15"),
    (vector([]), "embeddings[0].values", "0"),
    (vector([1.0] * 100_000), "embeddings[0].values", "100000"),
    (vector(with_value(math.nan)), "embeddings[0].values", "3 is NaN"),
    (vector(with_value(math.inf)), "embeddings[0].values", "3 is inf"),
    (vector(with_value(-math.inf)), "embeddings[0].values", "3 is -inf"),
    (vector([0.0] * DIMENSION), "embeddings[0].values", "zero"),
    (vector(GOOD, ""), "embeddings[0].encoder_id", ENCODER),
    (Query(embeddings=[Embedding(GOOD, ENCODER)] * 17), "embeddings", "16"),
    (Query(text="heart", limit=0), "limit", "1000"),
    (Query(text="heart", limit=1001), "limit", "1000"),
    (Query(text="heart", target_recall=0.0), "target_recall", "below 1"),
    (Query(text="heart", target_recall=math.nan), "target_recall", "below 1"),
    (Query(text="heart", ef_search=0), "ef_search", "4096"),
    (Query(text="heart", ef_search=4097), "ef_search", "4096"),
    (Query(text="heart", fusion=Fusion(candidates=0)), "fusion.candidates", "10000"),
    (Query(text="heart", fusion=Fusion(candidates=10_001)), "fusion.candidates", "10000"),
    (Query(text="heart", fusion=Fusion(image_weight=-1.0)), "fusion.image_weight", "-1"),
    (Query(text="heart", fusion=Fusion(lexical_weight=math.nan)), "fusion.lexical_weight", "NaN"),
    (Query(text="heart", fusion=Fusion(rrf_k=0.0)), "fusion.rrf_k", "0"),
    (Query(text="x" * 8193), "text", "8192"),
    (Query(text=" ".join(f"word{n}" for n in range(257))), "text", "256"),
    (Query(filter="age >= "), "filter", "7"),
    (Query(filter="age >= 60 AND AND"), "filter", "14"),
    (Query(filter='weight = "80"'), "filter", "weight"),
    (Query(filter='age = "old"'), "filter", "age"),
    (Query(text="heart", before="yesterday"), "guards.before", "2019-05-03"),
    (Query(text="heart", patient=PatientKey("")), "guards.patient.id", "empty"),
    (Query(), "embeddings", "text"),
]


@pytest.mark.parametrize(("query", "field", "part"), INVALID, ids=[f"{i}-{row[1]}" for i, row in enumerate(INVALID)])
def test_what_cannot_be_is_an_invalid_argument_by_its_field(served: Served, query: Query, field: str, part: str) -> None:
    error = refused(served, query)
    assert error.code == StatusCode.INVALID_ARGUMENT and error.reason == "INVALID_REQUEST", error
    by_field = {violation.field: violation.description for violation in error.violations}
    assert part in by_field[field], by_field


def test_a_page_size_of_zero_is_refused(served: Served) -> None:
    assert [v.field for v in refused(served, Query(text="heart"), page_size=0).violations] == ["page_size"]


def test_all_violations_come_at_once(served: Served) -> None:
    query = Query(embeddings=[Embedding(GOOD[:2], ENCODER)], filter="(", limit=0)
    assert {v.field for v in refused(served, query).violations} == {"embeddings[0].values", "filter", "limit"}


def test_another_encoder_is_a_failed_precondition(served: Served) -> None:
    error = refused(served, vector(GOOD, "another-encoder"))
    assert error.code == StatusCode.FAILED_PRECONDITION
    assert error.violations[0].field == "embeddings[0].encoder_id" and ENCODER in error.violations[0].description


def test_an_unknown_path_is_refused(served: Served) -> None:
    from precedent_client import _convert

    message = _convert.query_message(Query(text="heart", vector_path=VectorPath.AUTO), "")
    message.vector_path = 77
    with pytest.raises(Exception) as caught:
        served.client._stubs.search.Search(message, timeout=10)
    assert caught.value.code() == StatusCode.INVALID_ARGUMENT and "vector_path" in caught.value.details()


def test_an_unknown_index_is_not_found_and_names_no_other(served: Served) -> None:
    for index in ["knee", "../chest", "CHEST"]:
        error = refused(served, Query(text="heart"), index=index)
        assert error.code == StatusCode.NOT_FOUND and error.reason == "INDEX_NOT_FOUND"
        assert "chest" not in error.message.lower()


def test_an_unknown_case_is_not_found(served: Served) -> None:
    with pytest.raises(PrecedentError) as caught:
        served.client.get_case("CANARY")
    assert caught.value.code == StatusCode.NOT_FOUND and caught.value.reason == "CASE_NOT_FOUND"
    assert "CANARY" not in caught.value.message


def test_page_tokens_that_do_not_fit_are_refused(served: Served) -> None:
    first = served.client.search(text="heart", limit=10, page_size=2)
    token = first.next_page_token
    changed = token[:-1] + ("0" if token[-1] != "0" else "1")
    for query, bad in [
        (Query(text="heart", limit=10), "2"),
        (Query(text="heart", limit=10), changed),
        (Query(text="lungs", limit=10), token),
        (Query(text="heart", limit=11), token),
    ]:
        error = refused(served, query, page_size=2, page_token=bad)
        assert error.code == StatusCode.INVALID_ARGUMENT
        assert [v.field for v in error.violations] == ["page_token"]


def test_a_page_of_a_generation_that_is_gone_is_aborted(served: Served) -> None:
    import hashlib

    first = served.client.search(text="heart", limit=10, page_size=2)
    payload = bytearray(bytes.fromhex(first.next_page_token)[:-8])
    payload[1:9] = (10**12).to_bytes(8, "little")
    token = (bytes(payload) + hashlib.sha256(payload).digest()[:8]).hex()
    error = refused(served, Query(text="heart", limit=10), page_size=2, page_token=token)
    assert error.code == StatusCode.ABORTED and error.reason == "GENERATION_GONE"


def test_a_message_over_the_limit_is_resource_exhausted(served: Served) -> None:
    error = refused(served, Query(text="x" * (33 << 20)))
    assert error.code == StatusCode.RESOURCE_EXHAUSTED and error.reason == "MESSAGE_TOO_LARGE"
    assert error.metadata["limit_bytes"] == str(32 << 20)


def test_a_batch_names_the_search_that_is_wrong(served: Served) -> None:
    def batch(queries: list[Query]) -> PrecedentError:
        with pytest.raises(PrecedentError) as caught:
            served.client.batch_search(queries)
        return caught.value

    good = Query(text="heart")
    error = batch([good, Query(text="heart", limit=0), good])
    assert error.code == StatusCode.INVALID_ARGUMENT
    assert [v.field for v in error.violations] == ["requests[1].limit"]
    error = batch([good, Query(text="heart", before="then")])
    assert [v.field for v in error.violations] == ["requests[1].guards.before"]
    error = batch([good, good, vector(GOOD, "another")])
    assert error.code == StatusCode.FAILED_PRECONDITION
    assert error.violations[0].field == "requests[2].embeddings[0].encoder_id"
    assert [v.field for v in batch([]).violations] == ["requests"]
    assert [v.field for v in batch([good] * 1001).violations] == ["requests"]


def image(values, encoder_id: str = ENCODER) -> list[Image]:
    return [Image("a.png", "PA", Embedding(values, encoder_id))]


REJECTED = [
    (Case("", report="text"), "case.case_id"),
    (Case("x" * 257, report="text"), "case.case_id"),
    (Case("a"), "case"),
    (Case("a", report={"summary": "text"}), "case.report.sections[0].kind"),
    (Case("a", report="x" * (10 << 20)), "case.report"),
    (Case("a", report="text", fields={"age": "old"}), "case.fields.age"),
    (Case("a", report="text", fields={"weight": 80}), "case.fields.weight"),
    (Case("a", report="text", fields={"modality": ["DX", "CR"]}), "case.fields.modality"),
    (Case("a", report="text", patient=PatientKey("")), "case.patient.id"),
    (Case("a", images=image(GOOD[:3])), "case.images[0].embedding"),
    (Case("a", images=image(with_value(math.nan))), "case.images[0].embedding"),
    (Case("a", images=image(with_value(math.inf))), "case.images[0].embedding"),
    (Case("a", images=image([0.0] * DIMENSION)), "case.images[0].embedding"),
    (Case("a", images=image(GOOD, "")), "case.images[0].embedding"),
    (Case("a", images=image(GOOD, "another")), "case.images[0].embedding"),
    (Case("a", images=image(GOOD) * 65), "case.images"),
]


def test_a_rejected_case_is_an_answer_and_changes_nothing(served: Served) -> None:
    before = served.client.stats()
    answers = list(served.client.ingest(case for case, _ in REJECTED))
    assert [answer.position for answer in answers] == list(range(len(REJECTED)))
    for answer, (case, field) in zip(answers, REJECTED, strict=True):
        assert not answer.accepted
        assert any(v.field.startswith(field) for v in answer.violations), (field, answer.violations)
    after = served.client.stats()
    assert (after.case_count, after.pending_operation_count) == (before.case_count, before.pending_operation_count)


def test_bad_deletes_are_refused(served: Served) -> None:
    for ids, field in [([], "case_ids"), ([f"id{i}" for i in range(10_001)], "case_ids"), (["a", ""], "case_ids[1]")]:
        with pytest.raises(PrecedentError) as caught:
            served.client.delete(ids)
        assert caught.value.code == StatusCode.INVALID_ARGUMENT
        assert caught.value.violations[0].field == field


def test_numpy_numbers_of_other_widths_are_taken(served: Served) -> None:
    for kind in [np.float16, np.float64, np.int32]:
        assert served.client.search(np.ones(DIMENSION, kind), encoder_id=ENCODER, limit=1).hits
