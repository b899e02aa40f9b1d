"""What the server says when it refuses, as exceptions.

An exception holds what the server sent and nothing of the request, so it may be logged wherever the server's own messages may.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


@dataclass(frozen=True)
class Violation:
    """One thing wrong with a request."""

    field: str
    """The path of the field, such as ``embeddings[0].values``."""
    description: str
    """What is wrong and what to do."""


class PrecedentError(Exception):
    """A call that failed. Each gRPC code that the server uses has a subclass."""

    code: grpc.StatusCode
    """The gRPC code, such as ``grpc.StatusCode.INVALID_ARGUMENT``."""
    message: str
    reason: str
    """A stable name for the cause, such as ``INDEX_NOT_FOUND``; empty when the server gave none."""
    metadata: Mapping[str, str]
    """What belongs to the reason, such as the limit that was passed."""
    violations: tuple[Violation, ...]
    """What is wrong with which field, all at once; empty when the cause is not the request."""
    retry_delay: float | None
    """Seconds after which to retry, if the server says so."""

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
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = violations
        self.retry_delay = retry_delay

    def __str__(self) -> str:
        """The message, and below it every violation, one a line, if there are several."""
        name = f"{self.code.name} ({self.reason})" if self.reason else self.code.name
        lines = [f"{name}: {self.message}"]
        if len(self.violations) > 1:
            lines.extend(f"  {violation.field}: {violation.description}" for violation in self.violations)
        if self.retry_delay is not None:
            lines.append(f"  retry after {self.retry_delay:g} s")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        """For ``pickle``, which multiprocessing sends errors with."""
        details: dict[str, Any] = {"reason": self.reason, "metadata": self.metadata, "violations": self.violations}
        return partial(type(self), **details, retry_delay=self.retry_delay), (self.code, self.message)


class InvalidArgumentError(PrecedentError):
    """The request is wrong; ``violations`` names each field."""


class FailedPreconditionError(PrecedentError):
    """The request does not fit the index or the server, such as an embedding of another encoder."""


class NotFoundError(PrecedentError):
    """There is no such index, case or thumbnail; ``reason`` says which."""


class ResourceExhaustedError(PrecedentError):
    """A limit was passed: calls at a time (with ``retry_delay``), bytes of a message, or room on the disk."""


class AbortedError(PrecedentError):
    """The generation of a page token is gone; search again from the first page."""


class UnavailableError(PrecedentError):
    """The server cannot be reached, is shutting down or cannot write now."""


class DeadlineExceededError(PrecedentError, TimeoutError):
    """The timeout of the call, or the server's own limit, passed."""


class CallCancelledError(PrecedentError):
    """The call was cancelled, such as by closing the client."""


class UnauthenticatedError(PrecedentError):
    """The server does not know the caller: no token, or not a valid one."""


class PermissionDeniedError(PrecedentError):
    """The caller may not do this."""


class DataLossError(PrecedentError):
    """A file of the index is damaged; ``verify`` names it."""


class InternalError(PrecedentError):
    """The server failed; its log says more."""


_BY_CODE: dict[grpc.StatusCode, type[PrecedentError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhaustedError,
    grpc.StatusCode.ABORTED: AbortedError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.CANCELLED: CallCancelledError,
    grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
    grpc.StatusCode.DATA_LOSS: DataLossError,
    grpc.StatusCode.INTERNAL: InternalError,
}


def from_rpc(error: grpc.RpcError) -> PrecedentError:
    """The error with the details that the server sent along."""
    # Of grpc or grpc.aio: both kinds also have the methods of a call, which their type does not say.
    call: Any = error
    kind = _BY_CODE.get(call.code(), PrecedentError)
    return kind(call.code(), call.details() or "", **_details(call))


def _details(call: Any) -> dict[str, Any]:
    """The parts of a ``google.rpc.Status``. Parts that a proxy on the way damaged are left out."""
    found: dict[str, Any] = {}
    try:
        status: status_pb2.Status | None = rpc_status.from_call(call)
        for detail in status.details if status is not None else ():
            info = error_details_pb2.ErrorInfo()
            bad_request = error_details_pb2.BadRequest()
            retry = error_details_pb2.RetryInfo()
            if detail.Unpack(info):
                found.update(reason=info.reason, metadata=dict(info.metadata))
            elif detail.Unpack(bad_request):
                violations = (Violation(v.field, v.description) for v in bad_request.field_violations)
                found.update(violations=tuple(violations))
            elif detail.Unpack(retry):
                found.update(retry_delay=retry.retry_delay.ToTimedelta().total_seconds())
    except (ValueError, DecodeError):
        return found
    return found
