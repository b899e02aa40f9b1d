"""Precedent as a service: its command line ingests, `serve` answers."""

from __future__ import annotations

import re
import resource
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import paths  # noqa: F401
from cases import Cases, Row
from precedent_client import Client, CaseDetail
from process import cpu_seconds, folder_bytes, stop

ENCODER = "bench"
TARGET_RECALL = 0.99


class Precedent:
    """An index in a folder and its server. A context manager: inside it, the server runs."""

    name = "Precedent"

    def __init__(self, program: Path, folder: Path, read_only: bool = True) -> None:
        self.program, self.folder, self.read_only = program.resolve(), folder, read_only
        self.widths: dict[str, int] = {}

    def ingest(self, cases: Cases) -> dict[str, Any]:
        """Makes the index, merged to one segment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.asked, self.words = cases.asked, cases.words
        manifest, embeddings = cases.write(self.folder)
        self.run("init", "index", "--name", "bench", "--dimension", cases.base.shape[1], "--encoder-id", ENCODER)
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        self.run("ingest", "index", manifest.name, "--embeddings", embeddings.name, "--encoder-id", ENCODER)
        self.run("merge", "index")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        manifest.unlink()
        embeddings.unlink()
        return {
            "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
            "wall_s": round(time.monotonic() - began, 1),
            "bytes": folder_bytes(self.folder / "index"),
        }

    def run(self, *words: object) -> None:
        """A command of the program, to its end."""
        command = [str(self.program), *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, start_new_session=True)
        if done.returncode:
            raise RuntimeError(f"`precedent {words[0]}` ended with {done.returncode}: {done.stderr.strip()[-500:]}")

    def __enter__(self) -> Precedent:
        self.server = subprocess.Popen(
            [str(self.program), "serve", "index", "--listen", "127.0.0.1:0", *(["--read-only"] if self.read_only else [])],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.server.stdout is not None
        told = self.server.stdout.readline()
        address = re.search(r"127\.0\.0\.1:\d+", told)
        if not address:
            stop(self.server)
            raise RuntimeError(f"the server of Precedent did not start: {told.strip()}")
        # So that it never waits for a reader of its log.
        threading.Thread(target=self.server.stdout.read, daemon=True).start()
        self.address = address.group(0)
        self.client = Client(self.address, index="bench")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.client.close()
        stop(self.server)

    @property
    def process(self) -> int:
        return self.server.pid

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.process)

    def search(self, row: Row, question: int) -> list[int]:
        """The case numbers of the hits."""
        answer = self.client.search(
            self.asked[question] if row.vector else None,
            encoder_id=ENCODER if row.vector else "",
            text=" ".join(f"text:{word}" for word in self.words[question]) if row.words else "",
            filter=row.filter.precedent if row.filter else "",
            limit=row.limit,
            target_recall=TARGET_RECALL if row.vector else None,
            detail=CaseDetail.WHOLE if row.reports else CaseDetail.CASE_ID,
        )
        return [int(hit.case.case_id) for hit in answer.hits]
