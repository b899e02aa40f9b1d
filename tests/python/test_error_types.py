"""Errors as exceptions of their own kinds: what they hold, how they print, and what they never say."""

from __future__ import annotations

import pickle
from typing import Any

import grpc
import precedent_client
import pytest
from clients import either
from conftest import DIMENSION, ENCODER, Served
from gateway import Gateway, failure
from precedent_client import (
    Case,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PrecedentError,
    ResourceExhaustedError,
    Violation,
)


@either
def test_each_refusal_of_the_server_has_its_kind(served: Served, run: Any) -> None:
    wrong = [[1.0] * (DIMENSION - 1)]
    for ask, kind, reason in [
        (lambda client: client.search(wrong, encoder_id=ENCODER), InvalidArgumentError, "INVALID_REQUEST"),
        (lambda client: client.search([[1.0] * DIMENSION], encoder_id="x"), FailedPreconditionError, "INDEX_MISMATCH"),
        (lambda client: client.search(text="heart", index="knee"), NotFoundError, "INDEX_NOT_FOUND"),
        (lambda client: client.get_case("nobody"), NotFoundError, "CASE_NOT_FOUND"),
        (
            lambda client: client.ingest([Case("big", report="x" * (17 << 20))]),
            ResourceExhaustedError,
            "MESSAGE_TOO_LARGE",
        ),
    ]:
        with pytest.raises(kind) as caught:
            run(ask, served.server.address)
        assert type(caught.value) is kind and caught.value.reason == reason


@either
@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_each_code_has_its_kind(gateway: Gateway, run: Any, code: grpc.StatusCode) -> None:
    gateway.failures = [failure(code)]
    with pytest.raises(PrecedentError) as caught:
        run(lambda client: client.stats(), gateway.address, retry=None)
    name = "CallCancelled" if code == grpc.StatusCode.CANCELLED else code.name.title().replace("_", "")
    expected = getattr(precedent_client, f"{name}Error", PrecedentError)
    assert type(caught.value) is expected and caught.value.code == code


def test_the_codes_of_the_server_have_kinds() -> None:
    kinds = {kind.__name__ for kind in PrecedentError.__subclasses__()}
    assert len(kinds) == 12 and kinds <= set(precedent_client.__all__)


def test_an_error_prints_every_violation_on_a_line_of_its_own(served: Served) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        served.client.search(text="SECRET", limit=0, filter='age = "SECRET"')
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("INVALID_ARGUMENT (INVALID_REQUEST): ") and lines[0].endswith("(and 1 more)")
    assert sorted(line.split(":")[0] for line in lines[1:]) == ["  filter", "  limit"]
    assert "SECRET" not in str(caught.value) + repr(caught.value) + repr(vars(caught.value))


def test_an_error_with_one_violation_says_it_once(served: Served) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        served.client.search(text="heart", limit=0)
    assert len(str(caught.value).splitlines()) == 1 and str(caught.value).count("1000") == 1


@either
def test_an_error_says_when_to_try_again(gateway: Gateway, run: Any) -> None:
    gateway.failures = [failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_delay=0.2, message="busy")]
    with pytest.raises(ResourceExhaustedError) as caught:
        run(lambda client: client.search(text="heart"), gateway.address, retry=None)
    assert str(caught.value) == "RESOURCE_EXHAUSTED (OVERLOADED): busy\n  retry after 0.2 s"


@either
def test_an_error_holds_on_to_nothing_of_the_call(served: Served, run: Any) -> None:
    with pytest.raises(NotFoundError) as caught:
        run(lambda client: client.get_case("SECRET"), served.server.address)
    error = caught.value
    assert error.__cause__ is None and error.__context__ is None
    assert set(vars(error)) == {"code", "message", "reason", "metadata", "violations", "retry_delay"}


@either
def test_details_that_a_proxy_broke_leave_the_code_and_the_message(gateway: Gateway, run: Any) -> None:
    status = failure(grpc.StatusCode.NOT_FOUND, "CASE_NOT_FOUND", message="no such case")
    status.details[0].value = b"\xff\xff"
    gateway.failures = [status]
    with pytest.raises(NotFoundError) as caught:
        run(lambda client: client.get_case("a"), gateway.address)
    assert (caught.value.message, caught.value.reason) == ("no such case", "")


def test_an_error_survives_pickling() -> None:
    violations = (Violation("limit", "is 0"),)
    error = InvalidArgumentError(
        grpc.StatusCode.INVALID_ARGUMENT, "limit: is 0", reason="INVALID_REQUEST", violations=violations
    )
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is InvalidArgumentError and str(again) == str(error) and again.violations == violations
