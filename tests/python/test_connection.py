"""How a server is reached: addresses, TLS, tokens, channels of the caller's own; both clients alike."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from clients import Ask, either
from conftest import Served
from gateway import Gateway
from precedent_client import CHANNEL_OPTIONS, TLS, AsyncClient, Client, UnavailableError

SEARCH: Ask = lambda client: client.search(text="heart")  # noqa: E731
KINDS = pytest.mark.parametrize("kind", [Client, AsyncClient])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def secured(served: Served, authority: trustme.CA, *names: str, asks: bool = False) -> Gateway:
    """A server with TLS under those names; it may ask for a certificate of the caller."""
    own = authority.issue_cert(*names)
    pair = (own.private_key_pem.bytes(), b"".join(blob.bytes() for blob in own.cert_chain_pems))
    roots = authority.cert_pem.bytes() if asks else None
    return Gateway(served.server.address, grpc.ssl_server_credentials([pair], roots, require_client_auth=asks))


@either
def test_tls_takes_the_authority_as_bytes_and_as_path(
    served: Served, authority: trustme.CA, run: Any, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.cert_pem.bytes())
    with secured(served, authority, "127.0.0.1") as gateway:
        for roots in [path, str(path), path.read_bytes()]:
            assert run(SEARCH, gateway.address, tls=TLS(root_certificates=roots)).hits
        # The public authorities did not sign it, and a plaintext call is not understood.
        for options in [{"tls": TLS()}, {}]:
            with pytest.raises(UnavailableError):
                run(SEARCH, gateway.address, retry=None, **options)


@either
def test_a_server_is_known_by_another_name_than_its_address(served: Served, authority: trustme.CA, run: Any) -> None:
    roots = authority.cert_pem.bytes()
    with secured(served, authority, "precedent.hospital.example") as gateway:
        with pytest.raises(UnavailableError):
            run(SEARCH, gateway.address, tls=TLS(root_certificates=roots), retry=None)
        named = TLS(root_certificates=roots, server_name="precedent.hospital.example")
        assert run(SEARCH, gateway.address, tls=named).hits


@either
def test_a_server_may_ask_for_the_certificate_of_the_caller(
    served: Served, authority: trustme.CA, run: Any, tmp_path: Path
) -> None:
    roots = authority.cert_pem.bytes()
    caller = authority.issue_cert("workstation.example")
    key, chain = tmp_path / "key.pem", caller.cert_chain_pems[0].bytes()
    key.write_bytes(caller.private_key_pem.bytes())
    with secured(served, authority, "127.0.0.1", asks=True) as gateway:
        with pytest.raises(UnavailableError):
            run(SEARCH, gateway.address, tls=TLS(root_certificates=roots), retry=None)
        assert run(SEARCH, gateway.address, tls=TLS(roots, client_certificate=chain, client_key=key)).hits


@either
def test_a_token_and_headers_go_with_every_call(gateway: Gateway, run: Any) -> None:
    tokens = iter(["first", "second"])

    def ask(client: Any) -> Any:
        return client.ingest([])

    run(ask, gateway.address, token="secret", metadata={"X-Ward": "north", "trace-bin": b"\x00\x01"})
    run(SEARCH, gateway.address, token=lambda: next(tokens), metadata=[("x-ward", "south")])
    run(SEARCH, gateway.address, token=lambda: next(tokens))
    carried = [call.metadata for call in gateway.received]
    assert [one["authorization"] for one in carried] == ["Bearer secret", "Bearer first", "Bearer second"]
    assert [one.get("x-ward") for one in carried] == ["north", "south", None]
    assert carried[0]["trace-bin"] == b"\x00\x01"


@either
def test_a_token_and_call_credentials_go_over_tls(served: Served, authority: trustme.CA, run: Any) -> None:
    tls = TLS(root_certificates=authority.cert_pem.bytes())
    with secured(served, authority, "127.0.0.1") as gateway:
        run(SEARCH, gateway.address, tls=tls, token="secret")
        run(SEARCH, gateway.address, tls=tls, call_credentials=grpc.access_token_call_credentials("granted"))
        carried = [call.metadata["authorization"] for call in gateway.received]
    assert carried == ["Bearer secret", "Bearer granted"]


@KINDS
def test_a_token_never_goes_to_another_machine_in_the_clear(kind: Any) -> None:
    for address in ["hospital.example:50051", "10.0.0.7:50051", "[2001:db8::1]:50051", "dns:///far.example:1", "127.evil"]:
        with pytest.raises(ValueError, match="in the clear"):
            kind(address, token="secret")
    for address in ["localhost:1", "LOCALHOST:1", "127.0.0.1:1", "127.3.2.1", "[::1]:1", "unix:/run/x", "dns:///localhost:1"]:
        kind(address, token="secret")


@KINDS
def test_what_does_not_go_together_is_refused_and_quotes_no_secret(kind: Any, tmp_path: Path) -> None:
    bad = tmp_path / "server.der"
    bad.write_bytes(b"\x30\x82SECRET")
    local = "127.0.0.1:1"
    certificate, key, encrypted = (
        f"-----BEGIN {what}-----\nSECRET\n-----END {what}-----\n".encode()
        for what in ("CERTIFICATE", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
    )
    for make, part in [
        (lambda: kind(), "address"),
        (lambda: kind(local, token="SECRET\n")._settings.connection.pairs(), "token has a character"),
        (lambda: kind(local, metadata={"x-key": "SECRET\n"}), "x-key"),
        (lambda: kind(local, metadata={"x key": "SECRET"}), "x key"),
        (lambda: kind(local, metadata={"x-key": b"SECRET"}), "-bin"),
        (lambda: kind(local, call_credentials=grpc.access_token_call_credentials("SECRET")), "TLS"),
        (lambda: kind(local, tls=TLS(root_certificates=bad)), "tls.root_certificates has no PEM block `CERTIFICATE`"),
        (lambda: kind(local, tls=TLS(key)), "tls.root_certificates has no PEM block `CERTIFICATE`"),
        (lambda: kind(local, tls=TLS(None, certificate, certificate)), "tls.client_key has no PEM block `PRIVATE KEY`"),
        (lambda: kind(local, tls=TLS(None, certificate, encrypted)), "tls.client_key is encrypted"),
        (lambda: kind(local, tls=TLS("-----BEGIN CERTIFICATE-----\nSECRET")), "give it as bytes"),
        (lambda: TLS(client_key=b"SECRET"), "client_key and no client_certificate"),
        (lambda: TLS(client_certificate=b"SECRET"), "client_certificate and no client_key"),
    ]:
        with pytest.raises(ValueError, match=part) as caught:
            make()
        assert "SECRET" not in str(caught.value)
    shown = repr([kind(local, token="SECRET", metadata={"x-key": "SECRET"}), TLS(b"SECRET", b"SECRET", b"SECRET")])
    assert "SECRET" not in shown and local in shown


def test_a_channel_of_the_callers_is_used_and_left_open(served: Served) -> None:
    with grpc.insecure_channel(served.server.address, options=CHANNEL_OPTIONS) as channel:
        for _ in range(2):
            with Client(channel=channel, index="chest") as client:
                assert client.search(text="heart").hits


def test_a_loops_channel_of_the_callers_is_used_and_left_open(served: Served) -> None:
    async def run() -> None:
        async with grpc.aio.insecure_channel(served.server.address, options=CHANNEL_OPTIONS) as channel:
            for _ in range(2):
                async with AsyncClient(channel=channel, index="chest") as client:
                    assert (await client.search(text="heart")).hits

    asyncio.run(run())


def test_a_channel_of_the_other_kind_or_beside_an_address_is_refused(served: Served) -> None:
    async def run() -> None:
        async with grpc.aio.insecure_channel(served.server.address) as channel:
            with pytest.raises(TypeError, match="AsyncClient"):
                Client(channel=channel)  # type: ignore[arg-type]
            with pytest.raises(ValueError, match="either an address"):
                AsyncClient(served.server.address, channel=channel)
            with pytest.raises(ValueError, match="channel of your own"):
                AsyncClient(channel=channel, tls=TLS())

    with grpc.insecure_channel(served.server.address) as channel, pytest.raises(TypeError, match="Client takes"):
        AsyncClient(channel=channel)  # type: ignore[arg-type]
    asyncio.run(run())


def test_a_closed_client_is_no_longer_used(served: Served) -> None:
    with Client(served.server.address) as client:
        assert client.search(text="heart").hits
    with pytest.raises(ValueError, match="closed"):
        client.search(text="heart")


def test_an_asynchronous_client_is_made_before_its_loop_runs(served: Served) -> None:
    client = AsyncClient(served.server.address)

    async def run() -> int:
        async with client:
            return len(await client.list_indexes())

    assert asyncio.run(run()) == 1
