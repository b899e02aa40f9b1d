"""A server in front of a server: it passes calls on, over TLS if wanted, notes what they carry, and fails on demand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from precedent_client import CHANNEL_OPTIONS


def failure(
    code: grpc.StatusCode, reason: str = "", *, retry_delay: float | None = None, message: str = "failed on demand"
) -> status_pb2.Status:
    """A status as the server makes them."""
    status = status_pb2.Status(code=code.value[0], message=message)
    if reason:
        status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="precedent"))
    if retry_delay is not None:
        delay = Duration(nanos=round(retry_delay * 1e9))
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status


@dataclass
class Received:
    """One call that came in."""

    method: str
    metadata: dict[str, str | bytes]
    timeout: float | None
    messages: list[bytes] = field(default_factory=list)
    at: float = field(default_factory=time.monotonic)


class Gateway(grpc.GenericRpcHandler):
    def __init__(self, upstream: str, credentials: grpc.ServerCredentials | None = None, port: int = 0) -> None:
        self.failures: list[status_pb2.Status] = []
        """Of the next calls, in order; the calls after them are passed on."""
        self.received: list[Received] = []
        self.delay = 0.0
        """Seconds before a call is passed on."""
        self._upstream = grpc.insecure_channel(upstream, options=CHANNEL_OPTIONS)
        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[self], options=CHANNEL_OPTIONS)
        if credentials is None:
            self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        else:
            self.port = self._server.add_secure_port(f"127.0.0.1:{port}", credentials)
        self.address = f"127.0.0.1:{self.port}"
        self._server.start()

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()
        self._upstream.close()

    def methods(self) -> list[str]:
        return [call.method.rpartition("/")[2] for call in self.received]

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        metadata = {name: value for name, value in details.invocation_metadata}

        def answer(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            call = Received(details.method, metadata, context.time_remaining())
            self.received.append(call)
            if self.failures:
                context.abort_with_status(rpc_status.to_status(self.failures.pop(0)))
            time.sleep(self.delay)
            yield from self._passed_on(details.method, noted(requests, call), context)

        return grpc.stream_stream_rpc_method_handler(answer)

    def _passed_on(self, method: str, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        call: Any = self._upstream.stream_stream(method)(requests)
        context.add_callback(call.cancel)
        try:
            yield from call
        except grpc.RpcError as error:
            refused: Any = error
            context.set_trailing_metadata(tuple(refused.trailing_metadata() or ()))
            context.abort(refused.code(), refused.details())


def noted(messages: Iterator[bytes], call: Received) -> Iterator[bytes]:
    for message in messages:
        call.messages.append(message)
        yield message


def pauses(gateway: Gateway) -> list[float]:
    """Seconds between the calls that came in."""
    times = [call.at for call in gateway.received]
    return [later - earlier for earlier, later in pairwise(times)]
