"""The examples of the client's README, run in order against a server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from conftest import ROOT, Server, dicom, run, until
from gateway import Gateway

README = (ROOT / "tools" / "python" / "README.md").read_text()


def searchable(server: Server) -> bool:
    """Whether every case that was acknowledged can be found."""
    with server.client() as client:
        return client.stats().pending_operation_count == 0


def test_every_example_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run("init", tmp_path / "films", "--name", "films", "--encoder", "phantom-cxr")
    assert done.returncode == 0, done.stderr
    for number, name in enumerate(["pa", "lateral", "other", "new"]):
        (tmp_path / f"{name}.dcm").write_bytes(dicom(number, view=name[:2].upper()))
    authority = trustme.CA()
    caller, own = authority.issue_cert("me.example"), authority.issue_cert("127.0.0.1")
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (tmp_path / "me.pem").write_bytes(caller.cert_chain_pems[0].bytes())
    (tmp_path / "me.key").write_bytes(caller.private_key_pem.bytes())
    (tmp_path / "token").write_text("secret\n")
    pair = (own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes())
    credentials = grpc.ssl_server_credentials([pair], authority.cert_pem.bytes(), require_client_auth=True)
    monkeypatch.chdir(tmp_path)
    server = Server(tmp_path / "films")
    with Gateway(server.address, credentials) as gateway:
        names: dict[str, Any] = {}
        blocks = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
        for block in blocks:
            code = block.replace("127.0.0.1:50051", server.address)
            exec(code.replace("precedent.hospital.example:443", gateway.address), names)
            until(lambda: searchable(server))
        received = gateway.received
    assert [call.metadata["x-request-source"] for call in received] == ["reading-room"]
    assert received[0].metadata["authorization"] == "Bearer secret"
    printed = capsys.readouterr().out
    for comment in re.findall(r"print\(.*?\)  # (.*)", "".join(blocks)):
        assert comment.removesuffix("...)") in printed, comment
    assert "CXR1 is durable" in printed
    assert server.stop() == 0
