"""What the server says when it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status


@dataclass(frozen=True)
class Violation:
    """One thing wrong with a request."""

    field: str
    """The path of the field, such as ``embeddings[0].values``."""
    description: str


class PrecedentError(Exception):
    """A call that failed."""

    code: grpc.StatusCode
    """The gRPC code, such as ``grpc.StatusCode.INVALID_ARGUMENT``."""
    message: str
    reason: str
    """A stable name for the cause, such as ``INDEX_NOT_FOUND``; empty when the server gave none."""
    metadata: Mapping[str, str]
    """What belongs to the reason, such as the limit that was passed."""
    violations: tuple[Violation, ...]
    retry_delay: float | None
    """Seconds after which the same call is worth another try, when the server says so."""

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: tuple[Violation, ...] = (),
        retry_delay: float | None = None,
    ) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = violations
        self.retry_delay = retry_delay


def from_rpc(error: grpc.RpcError) -> PrecedentError:
    """The error with the details that the server sent along."""
    code = error.code()
    message = error.details() or ""
    status = rpc_status.from_call(error)
    reason, metadata, violations, delay = "", {}, [], None
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        bad_request = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(bad_request):
            violations = [Violation(v.field, v.description) for v in bad_request.field_violations]
        elif detail.Unpack(retry):
            delay = retry.retry_delay.ToTimedelta().total_seconds()
    return PrecedentError(
        code, message, reason=reason, metadata=metadata, violations=tuple(violations), retry_delay=delay
    )
