"""A peer as a process of its own, which speaks the protocol of engines.

    python benches/peers/worker.py PEER build DATA DIR
    python benches/peers/worker.py PEER serve DATA DIR

The protocol (see protocol.py) is that of `vector-engine`, so the runner treats all alike.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import peers
from hnswlib_native import HnswlibNative
from peers import TOP, Peer

PEERS: dict[str, type[Peer]] = {
    "hnswlib": peers.Hnswlib,
    "faiss-hnsw": peers.FaissHnsw,
    "faiss-ivfpq": peers.FaissIvfPq,
    "faiss-ivfrabitq": peers.FaissIvfRabitq,
    "usearch": peers.Usearch,
    "scann": peers.Scann,
    "vsag": peers.Vsag,
    "symqg-raw": peers.SymqgRaw,
    "symqg-8bit": peers.Symqg8Bit,
    "zvec": peers.Zvec,
    "hnswlib-native": HnswlibNative,
    "faiss-ivfflat": peers.FaissIvfFlat,
    "exact": peers.Exact,
}
WARM_UP = 20


def cpu_seconds() -> float:
    """What this process has used so far, all threads together."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> dict[str, int]:
    """Bytes in memory: anonymous, and mapped from files and touched."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in lines)}
    anonymous = kilobytes["Anonymous"] * 1024
    return {"anonymous": anonymous, "mapped": kilobytes["Rss"] * 1024 - anonymous}


def give_back() -> None:
    """Returns freed memory to the system, so that it is not taken for memory in use."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def build(peer: Peer) -> dict[str, Any]:
    """Builds the index; loading the vectors is not part of it."""
    peer.folder.mkdir(parents=True, exist_ok=True)
    base = np.load(peer.data / "base.npy")
    wall, cpu = time.monotonic(), cpu_seconds()
    peer.build(base)
    used = {"build_s": round(time.monotonic() - wall, 3), "cpu_s": round(cpu_seconds() - cpu, 3)}
    return {**used, "file_bytes": sum(file.stat().st_size for file in peer.folder.rglob("*") if file.is_file())}


class Server:
    """A peer that is open and answers."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.queries = np.load(peer.data / "queries.npy")
        self.asked = np.load(peer.data / "fval.npy")
        self.selections: dict[tuple[int, int], Any] = {}
        give_back()
        baseline = resident()
        began = time.monotonic()
        peer.open()
        opened = {"open_s": round(time.monotonic() - began, 4), "baseline": baseline}
        params = {str(k): list(settings) for k, settings in peer.params.items()}
        self.hello = {**opened, "params": params, "filter_params": list(peer.filter_params)}

    def selection(self, track: int, value: int) -> Any:
        """The filter for a value, made when first asked for."""
        if (track, value) not in self.selections:
            attributes = np.load(self.peer.data / "attrs.npy", mmap_mode="r")
            self.selections[track, value] = self.peer.select(np.asarray(attributes[:, track] == value))
        return self.selections[track, value]

    def measure(self, setting: str, count: int, k: int = TOP, track: int | None = None) -> dict[str, Any]:
        """Times the first `count` queries for `k` neighbours."""
        queries, selections = self.queries[:count], None
        if track is not None:
            selections = [self.selection(track, int(value)) for value in self.asked[:count, track]]
        self.peer.k = k
        self.peer.set(setting)
        self.peer.time(queries[:WARM_UP], selections and selections[:WARM_UP])
        gc.collect()
        began = time.process_time()
        nanoseconds, found = self.peer.time(queries, selections)
        used = time.process_time() - began
        return {"ns": nanoseconds, "cpu_s": used, "ids": [padded(rows, k) for rows in found]}

    def answer(self, line: str) -> dict[str, Any]:
        """The answer to a line of the protocol."""
        match line.split():
            case ["measure", setting, count, k]:
                return self.measure(setting, int(count), int(k))
            case ["fmeasure", setting, count, track]:
                return self.measure(setting, int(count), track=int(track))
            case ["bytes"]:
                give_back()
                return resident()
        return {"error": f"unknown command: {line.strip()}"}


def padded(rows: Any, k: int = TOP) -> list[int]:
    """So many rows, -1 where there are fewer."""
    rows = [int(row) for row in rows][:k]
    return rows + [-1] * (k - len(rows))


def serve(lines: TextIO, say: Callable[[dict[str, Any]], None], peer: Peer) -> None:
    """Answers until `quit` or the end of input. An error is an answer, too."""
    server = Server(peer)
    say(server.hello)
    for line in lines:
        if line.strip() == "quit":
            return
        try:
            say(server.answer(line))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})


def main() -> None:
    _, name, task, data, folder, *_ = sys.argv
    # Libraries print to standard output, from C++ even; the protocol must not get that.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=out, flush=True)

    peer = PEERS[name](Path(data), Path(folder))
    if task == "build":
        say(build(peer))
    else:
        serve(sys.stdin, say, peer)


if __name__ == "__main__":
    main()
