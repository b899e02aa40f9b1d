"""When a call that failed is sent again."""

from __future__ import annotations

import random
from dataclasses import dataclass

import grpc

from .errors import PrecedentError

_NOT_PASSING = frozenset({"WRITER_FAILED"})
"""Reasons under UNAVAILABLE that another try cannot help; this one lasts until the server is started again."""
_GROWING_PAUSES = 30
"""After so many pauses each is as long as the one before: by then they have reached any sensible longest."""


@dataclass(frozen=True)
class RetryPolicy:
    """Sends a call again that failed for a reason that passes, after a pause that grows from try to try.

    A call that only reads is sent again when the server cannot be reached or is shutting down. Every call but an ingest is
    sent again when the server refused it unseen because it was busy; it then says how long to wait. The timeout of the
    call is for all tries together: when the next one would come too late, the last error is raised at once.
    """

    max_attempts: int = 4
    """Tries in all, the first included."""
    initial_backoff: float = 0.2
    """Seconds of the first pause, at most: a pause is a random time between half of its value and the whole."""
    max_backoff: float = 5.0
    """Seconds of the longest pause, apart from what the server asks for."""
    multiplier: float = 2.0
    """By how much a pause is longer than the one before."""

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(f"max_attempts is {self.max_attempts}; give at least 1, which is no retry")
        if not 0 <= self.initial_backoff <= self.max_backoff:
            raise ValueError("initial_backoff must be between 0 and max_backoff")
        if self.multiplier < 1:
            raise ValueError(f"multiplier is {self.multiplier:g}; give at least 1")

    def pause(self, failed_attempts: int, error: PrecedentError, *, idempotent: bool) -> float | None:
        """Seconds to wait after so many failed tries, the last of them with that error; ``None`` ends the call."""
        if failed_attempts >= self.max_attempts or not _may_pass(error, idempotent):
            return None
        growth: float = self.multiplier ** min(failed_attempts - 1, _GROWING_PAUSES)
        backoff = min(self.initial_backoff * growth, self.max_backoff)
        return (error.retry_delay or 0.0) + random.uniform(backoff / 2, backoff)


def _may_pass(error: PrecedentError, idempotent: bool) -> bool:
    # The server sends a delay only with calls that it refused before it looked at them.
    if error.retry_delay is not None:
        return True
    return idempotent and error.code == grpc.StatusCode.UNAVAILABLE and error.reason not in _NOT_PASSING
