"""Which failed calls are retried, and when."""

from __future__ import annotations

import random
from dataclasses import dataclass

import grpc

from .errors import PrecedentError

_NOT_PASSING = frozenset({"WRITER_FAILED"})
"""Reasons for UNAVAILABLE that last until somebody restarts the server."""
_GROWING_PAUSES = 30
"""Pauses stop growing after this many, so that the power of the multiplier stays a number."""


@dataclass(frozen=True)
class RetryPolicy:
    """Retries calls that failed for a temporary reason, after random pauses that grow.

    Calls that only read are retried when the server cannot be reached or is shutting down. Every call but ``ingest`` is
    retried when the server turned it away because it was busy, after the delay that the server asks for. The timeout of a
    call covers all attempts: if the next one would come too late, the last error is raised at once.
    """

    max_attempts: int = 4
    """Attempts in all, the first included."""
    initial_backoff: float = 0.2
    """Longest first pause in seconds. Each pause is random, between half of the longest and all of it."""
    max_backoff: float = 5.0
    """Longest pause in seconds, apart from the delay that the server asks for."""
    multiplier: float = 2.0
    """How many times longer each pause is than the one before."""

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(f"max_attempts is {self.max_attempts}; give at least 1, which is no retry")
        if not 0 <= self.initial_backoff <= self.max_backoff:
            raise ValueError("initial_backoff must be between 0 and max_backoff")
        if self.multiplier < 1:
            raise ValueError(f"multiplier is {self.multiplier:g}; give at least 1")

    def pause(self, failed_attempts: int, error: PrecedentError, *, idempotent: bool) -> float | None:
        """Seconds to wait after that many failed attempts, the last of them with that error; ``None``: give up."""
        if failed_attempts >= self.max_attempts or not _may_pass(error, idempotent):
            return None
        growth: float = self.multiplier ** min(failed_attempts - 1, _GROWING_PAUSES)
        backoff = min(self.initial_backoff * growth, self.max_backoff)
        return (error.retry_delay or 0.0) + random.uniform(backoff / 2, backoff)


def _may_pass(error: PrecedentError, idempotent: bool) -> bool:
    # The server sends a delay only with calls that it turned away before it read them.
    if error.retry_delay is not None:
        return True
    return idempotent and error.code == grpc.StatusCode.UNAVAILABLE and error.reason not in _NOT_PASSING
