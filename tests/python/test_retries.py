"""Calls that are tried again: which, how often, how long apart, and both clients alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from clients import either
from conftest import Served, picture
from gateway import Gateway, failure, pauses
from grpc import StatusCode
from precedent_client import (
    Case,
    DeadlineExceededError,
    PrecedentError,
    ResourceExhaustedError,
    RetryPolicy,
    UnavailableError,
)

QUICK = RetryPolicy(initial_backoff=0.02, max_backoff=0.1)
GONE = failure(StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
BUSY = failure(StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_delay=0.05)
TOO_LARGE = failure(StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")

@pytest.fixture
def gateway(served: Served) -> Iterator[Gateway]:
    with Gateway(served.server.address) as gateway:
        yield gateway


@either
@pytest.mark.parametrize("status", [GONE, BUSY], ids=["gone", "busy"])
def test_a_search_that_fails_twice_is_answered(gateway: Gateway, run: Any, status: Any) -> None:
    gateway.failures = [status, status]
    result = run(lambda client: client.search(text="heart"), gateway.address, retry=QUICK)
    assert result.hits and gateway.methods() == ["Search"] * 3


@either
def test_the_last_error_is_raised_when_no_try_is_left(gateway: Gateway, run: Any) -> None:
    gateway.failures = [GONE] * 9
    with pytest.raises(UnavailableError) as caught:
        run(lambda client: client.search(text="heart"), gateway.address, retry=QUICK)
    assert caught.value.reason == "SHUTTING_DOWN" and gateway.methods() == ["Search"] * 4


@either
def test_retries_can_be_turned_off(gateway: Gateway, run: Any) -> None:
    gateway.failures = [GONE]
    with pytest.raises(UnavailableError):
        run(lambda client: client.search(text="heart"), gateway.address, retry=None)
    assert gateway.methods() == ["Search"]


@either
@pytest.mark.parametrize(
    "status",
    [
        TOO_LARGE,
        failure(StatusCode.INVALID_ARGUMENT),
        failure(StatusCode.ABORTED, "GENERATION_GONE"),
        failure(StatusCode.INTERNAL, "INTERNAL"),
        failure(StatusCode.UNAVAILABLE, "WRITER_FAILED"),
    ],
    ids=["too large", "invalid", "generation gone", "internal", "writer failed"],
)
def test_what_another_try_cannot_help_is_raised_at_once(gateway: Gateway, run: Any, status: Any) -> None:
    gateway.failures = [status]
    with pytest.raises(PrecedentError):
        run(lambda client: client.search(text="heart"), gateway.address, retry=QUICK)
    assert gateway.methods() == ["Search"]


@either
def test_a_delete_is_tried_again_only_where_it_was_refused_unseen(gateway: Gateway, run: Any) -> None:
    gateway.failures = [BUSY]
    outcome = run(lambda client: client.delete(["nobody"]), gateway.address, retry=QUICK)
    assert outcome.unknown_case_ids == ("nobody",) and gateway.methods() == ["DeleteCases"] * 2
    # It may have been carried out; a second one would say that the cases were never there.
    gateway.failures = [GONE]
    with pytest.raises(UnavailableError):
        run(lambda client: client.delete(["nobody"]), gateway.address, retry=QUICK)
    assert gateway.methods() == ["DeleteCases"] * 3


@either
def test_an_ingest_is_never_tried_again(gateway: Gateway, run: Any) -> None:
    gateway.failures = [BUSY]
    with pytest.raises(ResourceExhaustedError) as caught:
        run(lambda client: client.ingest([Case("empty")]), gateway.address, retry=QUICK)
    assert caught.value.retry_delay == pytest.approx(0.05) and gateway.methods() == ["IngestCases"]


@either
def test_an_upload_in_pieces_is_sent_whole_again(gateway: Gateway, run: Any) -> None:
    gateway.failures = [GONE, GONE]
    with pytest.raises(PrecedentError) as caught:
        run(lambda client: client.encode_image(picture(1)), gateway.address, retry=QUICK)
    # The third try reached the server, which has no encoder for this index.
    assert caught.value.code == StatusCode.FAILED_PRECONDITION and gateway.methods() == ["EncodeImage"] * 3


@either
def test_pauses_grow_and_keep_to_what_the_server_asks_for(gateway: Gateway, run: Any) -> None:
    gateway.failures = [GONE] * 3
    run(lambda client: client.search(text="heart"), gateway.address, retry=RetryPolicy(initial_backoff=0.1))
    for pause, most in zip(pauses(gateway), [0.1, 0.2, 0.4], strict=True):
        assert pause >= most / 2
    gateway.received.clear()
    gateway.failures = [failure(StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_delay=0.4)]
    run(lambda client: client.search(text="heart"), gateway.address, retry=QUICK)
    assert pauses(gateway)[0] >= 0.4


@either
def test_all_tries_share_the_timeout_of_the_call(gateway: Gateway, run: Any) -> None:
    gateway.failures = [GONE] * 2
    run(lambda client: client.search(text="heart", timeout=5), gateway.address, retry=RetryPolicy(initial_backoff=0.4))
    # The pauses took 0.6 s at least; what gRPC tells the server is up to 3 % off.
    left = [call.timeout for call in gateway.received]
    assert 4.8 < left[0] < 5.2 and left[2] < left[0] - 0.4
    # No try is made that would come too late, and nobody waits for it.
    gateway.failures = [GONE] * 2
    begun = time.monotonic()
    with pytest.raises(UnavailableError):
        run(lambda client: client.search(text="heart", timeout=1), gateway.address, retry=RetryPolicy(initial_backoff=5))
    assert time.monotonic() - begun < 1


@either
def test_a_timeout_is_an_error_of_its_own_kind(gateway: Gateway, run: Any) -> None:
    gateway.delay = 1.0
    with pytest.raises(TimeoutError) as caught:
        run(lambda client: client.search(text="heart", timeout=0.2), gateway.address)
    assert isinstance(caught.value, DeadlineExceededError)


@either
def test_a_server_that_starts_late_is_found(served: Served, run: Any) -> None:
    with Gateway(served.server.address) as stopped:
        pass
    late: list[Gateway] = []
    starter = threading.Timer(0.7, lambda: late.append(Gateway(served.server.address, port=stopped.port)))
    starter.start()
    try:
        policy = RetryPolicy(max_attempts=30, max_backoff=0.3)
        assert run(lambda client: client.search(text="heart", timeout=20), stopped.address, retry=policy).hits
    finally:
        starter.join()
        late[0].__exit__()


def test_a_policy_that_makes_no_sense_is_refused() -> None:
    for options in [{"max_attempts": 0}, {"initial_backoff": 9.0}, {"initial_backoff": -1.0}, {"multiplier": 0.5}]:
        with pytest.raises(ValueError, match=next(iter(options))):
            RetryPolicy(**options)


def test_pauses_are_random_and_end_at_the_longest() -> None:
    policy = RetryPolicy(max_attempts=5000, initial_backoff=0.2, max_backoff=1.0)
    gone = UnavailableError(StatusCode.UNAVAILABLE, "gone")
    first = {policy.pause(1, gone, idempotent=True) for _ in range(50)}
    assert len(first) > 40 and all(0.1 <= pause <= 0.2 for pause in first)
    assert all(0.5 <= policy.pause(n, gone, idempotent=True) <= 1.0 for n in (4, 100, 4999))
    assert policy.pause(5000, gone, idempotent=True) is None
