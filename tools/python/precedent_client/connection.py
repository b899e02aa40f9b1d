"""How the server is reached: the channel, TLS, and what every call carries."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import grpc

from .types import File

CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    # As the server's own limit; gRPC's default of 4 MiB is less than a thousand reports.
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_send_message_length", -1),
    # So that a server that restarts is found within the pauses of `RetryPolicy`; gRPC's default is a second.
    ("grpc.initial_reconnect_backoff_ms", 200),
)
"""Options of the channels that the clients make; a channel of your own should have the first two."""

Token = str | Callable[[], str]
"""A bearer token, or a function that returns the current one, which is called before every attempt."""

Metadata = Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]]
"""Headers sent with every call. Values are bytes if the name ends in ``-bin``, and text otherwise."""

Pairs = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True)
class TLS:
    """Certificates in PEM, each as bytes or as a path. ``TLS()`` trusts the public authorities that gRPC ships with."""

    root_certificates: File | None = field(default=None, repr=False)
    """The authorities that may have signed the server's certificate."""
    client_certificate: File | None = field(default=None, repr=False)
    """The caller's certificate with its chain, for servers that ask for one."""
    client_key: File | None = field(default=None, repr=False)
    """The key of the caller's certificate."""
    server_name: str = ""
    """The name in the server's certificate, where it is not the host of the address."""

    def __post_init__(self) -> None:
        if (self.client_certificate is None) != (self.client_key is None):
            given, missing = ("client_certificate", "client_key")[:: 1 if self.client_key is None else -1]
            raise ValueError(f"tls has a {given} and no {missing}; give both or neither")

    def credentials(self) -> grpc.ChannelCredentials:
        """For a channel of your own."""
        return grpc.ssl_channel_credentials(
            root_certificates=_pem("root_certificates", self.root_certificates),
            private_key=_pem("client_key", self.client_key),
            certificate_chain=_pem("client_certificate", self.client_certificate),
        )


def _pem(name: str, file: File | None) -> bytes | None:
    if file is None:
        return None
    if isinstance(file, str) and "-----BEGIN" in file:
        raise ValueError(f"tls.{name} is text of a certificate or key; give it as bytes, or give its path")
    content = bytes(file) if isinstance(file, (bytes, bytearray, memoryview)) else Path(file).read_bytes()
    # gRPC would only log what is wrong, and then say that no address could be reached.
    what, tool = ("PRIVATE KEY", "pkey") if name == "client_key" else ("CERTIFICATE", "x509")
    if b"-----BEGIN ENCRYPTED" in content:
        raise ValueError(f"tls.{name} is encrypted, which gRPC cannot read; decrypt it with `openssl pkey`")
    if not re.search(rb"-----BEGIN [A-Z0-9 ]*" + what.encode() + rb"-----", content):
        raise ValueError(f"tls.{name} has no PEM block `{what}`; give the right file, or convert it with `openssl {tool}`")
    return content


@dataclass(frozen=True)
class Connection:
    """How a client reaches the server; each kind of client makes its own kind of channel from it."""

    address: str
    """Empty where the channel is the caller's own."""
    server_name: str
    credentials: grpc.ChannelCredentials | None = field(repr=False)
    metadata: Pairs = field(repr=False)
    token: Token | None = field(repr=False)
    call_credentials: grpc.CallCredentials | None = field(repr=False)

    @classmethod
    def checked(
        cls,
        address: str | None,
        *,
        has_channel: bool,
        tls: TLS | None,
        token: Token | None,
        metadata: Metadata,
        call_credentials: grpc.CallCredentials | None,
    ) -> Connection:
        """Raises ``ValueError`` for arguments that do not go together."""
        if (address is None) == (not has_channel):
            raise ValueError("give either an address, such as '127.0.0.1:50051', or a channel of your own")
        if has_channel and tls is not None:
            raise ValueError("tls is for an address; a channel of your own has its own credentials")
        if address is not None and tls is None:
            if call_credentials is not None:
                raise ValueError("call_credentials need TLS: gRPC sends none over a plaintext connection; give tls=TLS(...)")
            if token is not None and not is_local(address):
                raise ValueError(f"a token for {address} would be sent in the clear; give tls=TLS(...)")
        credentials = None if tls is None else tls.credentials()
        server_name = "" if tls is None else tls.server_name
        return cls(address or "", server_name, credentials, _checked_pairs(metadata), token, call_credentials)

    def options(self) -> list[tuple[str, str | int]]:
        """Of a channel."""
        named = [("grpc.ssl_target_name_override", self.server_name)] if self.server_name else []
        return [*CHANNEL_OPTIONS, *named]

    def pairs(self) -> Pairs:
        """The headers of the next attempt."""
        if self.token is None:
            return self.metadata
        token = self.token if isinstance(self.token, str) else self.token()
        return (*self.metadata, ("authorization", _checked_value("token", f"Bearer {token}")))


def is_local(address: str) -> bool:
    """Whether a connection to that address stays on this machine."""
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    rest = re.sub(r"^(dns:(///)?|ipv4:|ipv6:)", "", address)
    host = re.sub(r":\d+$", "", rest).strip("[]")
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_pairs(metadata: Metadata) -> Pairs:
    pairs = cast("Pairs", metadata.items() if isinstance(metadata, Mapping) else metadata)
    return tuple((_checked_name(name), _checked_value(f"metadata {name!r}", value, name)) for name, value in pairs)


def _checked_name(name: str) -> str:
    lower = name.lower()
    if not re.fullmatch(r"[0-9a-z_.-]+", lower):
        raise ValueError(f"metadata {name!r}: a name has letters, digits, '-', '_' and '.' only")
    return lower


def _checked_value(what: str, value: str | bytes, name: str = "") -> str | bytes:
    """gRPC's own error would quote the value, which may be a secret."""
    if isinstance(value, bytes) != name.lower().endswith("-bin"):
        raise ValueError(f"{what}: values of names that end in '-bin' are bytes, and all others are text")
    if isinstance(value, str) and not (value.isascii() and value.isprintable()):
        raise ValueError(f"{what} has a character that a header cannot hold, such as a line break; strip what comes from a file")
    return value
