"""A real server with synthetic cases, for clients that share no code with it."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "python"))

from gateway import Gateway  # noqa: E402
from precedent_client import Case, Client, Embedding, Image, PatientKey  # noqa: E402

DIMENSION = 16
ENCODER = "test-encoder-1"
CASES = 60
PATIENTS = 20


def binary() -> str:
    return os.environ.get("PRECEDENT_BIN", str(ROOT / "target" / "debug" / "precedent"))


def run(*arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [binary(), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def init(directory: Path, name: str = "chest", metric: str = "cosine", options: tuple[str, ...] = ()) -> Path:
    done = run(
        *("init", directory, "--name", name, "--dimension", str(DIMENSION)),
        *("--metric", metric, "--encoder-id", ENCODER, *options),
    )
    assert done.returncode == 0, done.stderr
    return directory


def png(pixels: np.ndarray, level: int = 6) -> bytes:
    """A grey PNG of 8 or 16 bits, as the pixels are."""
    height, width = pixels.shape
    bits = 8 * pixels.dtype.itemsize
    rows = b"".join(b"\0" + row.astype(pixels.dtype.newbyteorder(">")).tobytes() for row in pixels)

    def part(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows, level)) + part(b"IEND", b"")


def picture(number: int) -> bytes:
    """A small picture unlike that of any other number."""
    random = np.random.default_rng(number)
    return png(np.kron(random.integers(0, 256, (6, 6), np.uint8), np.ones((10, 10), np.uint8)))


def large_picture(number: int) -> bytes:
    """A picture whose file has 9.7 MB: more than one message of a chunked upload."""
    random = np.random.default_rng(number)
    return png(random.integers(0, 65536, (2200, 2200), np.uint16), level=0)


def dicom(number: int, patient: str = "", study_date: str = "", view: str = "") -> bytes:
    """A DICOM file of one small picture, explicit VR little endian, with what its header says."""

    def element(group: int, number: int, kind: str, value: bytes | int) -> bytes:
        value = struct.pack("<H", value) if isinstance(value, int) else value + b"\0" * (len(value) % 2)
        long = kind in ("OB", "OW")
        length = struct.pack("<HI", 0, len(value)) if long else struct.pack("<H", len(value))
        return struct.pack("<HH", group, number) + kind.encode() + length + value

    random = np.random.default_rng(number)
    pixels = np.kron(random.integers(0, 256, (6, 6), np.uint8), np.ones((10, 10), np.uint8))
    kind, name = b"1.2.840.10008.5.1.4.1.1.1.1", f"1.2.826.0.1.3680043.10.{number}".encode()
    meta = element(2, 0x1, "OB", b"\0\1") + element(2, 0x2, "UI", kind) + element(2, 0x3, "UI", name)
    meta += element(2, 0x10, "UI", b"1.2.840.10008.1.2.1")
    header = [
        (0x8, 0x16, "UI", kind),
        (0x8, 0x18, "UI", name),
        (0x8, 0x20, "DA", study_date.encode()),
        (0x8, 0x60, "CS", b"DX"),
        (0x10, 0x20, "LO", patient.encode()),
        (0x18, 0x5101, "CS", view.encode()),
        (0x28, 0x2, "US", 1),
        (0x28, 0x4, "CS", b"MONOCHROME2 "),
        (0x28, 0x10, "US", pixels.shape[0]),
        (0x28, 0x11, "US", pixels.shape[1]),
        (0x28, 0x100, "US", 8),
        (0x28, 0x101, "US", 8),
        (0x28, 0x102, "US", 7),
        (0x28, 0x103, "US", 0),
        (0x7FE0, 0x10, "OB", pixels.tobytes()),
    ]
    body = b"".join(element(*row) for row in header)
    return bytes(128) + b"DICM" + element(2, 0x0, "UL", struct.pack("<I", len(meta))) + meta + body


class Server:
    """One `precedent serve`."""

    def __init__(self, *directories: Path, options: tuple[str, ...] = ()) -> None:
        command = [binary(), "serve", *map(str, directories), "--listen", "127.0.0.1:0", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.lines: list[str] = []
        self._ready = threading.Event()
        self.address = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(30) or not self.address:
            self.process.kill()
            raise AssertionError(f"the server did not start: {self.log()}")

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"^listening on (127\.0\.0\.1:\d+)$", line.strip())
            if found:
                self.address = found.group(1)
                self._ready.set()
        self._ready.set()

    def log(self) -> str:
        return "".join(self.lines)

    def client(self, index: str = "") -> Client:
        return Client(self.address, index=index)

    def stop(self, timeout: float = 40) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self._reader.join(5)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@dataclass
class Archive:
    """Synthetic cases, and what a search of them must find."""

    cases: list[Case] = field(default_factory=list)
    vectors: np.ndarray = field(default_factory=lambda: np.zeros((0, DIMENSION), np.float32))

    def nearest(self, query: np.ndarray, wanted: Callable[[Case], bool] = lambda case: True) -> list[str]:
        unit = self.vectors / np.linalg.norm(self.vectors, axis=1, keepdims=True)
        cosines = unit @ (query / np.linalg.norm(query))
        order = np.argsort(-cosines, kind="stable")
        return [self.cases[i].case_id for i in order if wanted(self.cases[i])]


def archive() -> Archive:
    random = np.random.default_rng(7)
    vectors = random.normal(size=(CASES, DIMENSION)).astype(np.float32)
    findings = ["pleural effusion on the left", "the heart is enlarged", "clear lungs", "apical pneumothorax"]
    cases = []
    for number in range(CASES):
        text = findings[number % len(findings)]
        cases.append(
            Case(
                f"case-{number:03}",
                patient=PatientKey(f"patient-{number % PATIENTS}", "north"),
                fields={
                    "age": 20 + number,
                    "modality": "DX" if number % 3 else "CR",
                    "study_date": f"{2010 + number % 10}-0{1 + number % 9}-15",
                    "problems": ["even" if number % 2 == 0 else "odd", text.split()[-1]],
                },
                report={"findings": f"There is {text}.", "impression": f"Number {number}: {text}."},
                images=[Image(f"{number}.png", "PA", Embedding(vectors[number], ENCODER))],
            )
        )
    return Archive(cases, vectors)


@dataclass
class Served:
    server: Server
    client: Client
    archive: Archive


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over one index of sixty cases; its tests change nothing."""
    server = Server(init(tmp_path_factory.mktemp("served") / "index"))
    cases = archive()
    with server.client() as client:
        answers = list(client.ingest(cases.cases))
        assert all(answer.accepted for answer in answers), answers
        until(lambda: client.list_indexes()[0].case_count == CASES)
        yield Served(server, client, cases)
    assert server.stop() == 0, server.log()


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An empty index."""
    return init(tmp_path / "index")


@pytest.fixture
def writer(index: Path) -> Iterator[Server]:
    """A server over an empty index of its own."""
    server = Server(index)
    yield server
    server.stop()


@pytest.fixture
def gateway(served: Served) -> Iterator[Gateway]:
    """A server in between that can be told to fail."""
    with Gateway(served.server.address) as gateway:
        yield gateway
