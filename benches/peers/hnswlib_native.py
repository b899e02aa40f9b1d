"""hnswlib from C++, as a peer for filters.

The headers come from the source package of the same release, fetched with pip when first needed, and the driver is
compiled with g++ for this machine. Both are kept in a cache folder. HNSWLIB_INCLUDE may name unpacked headers instead.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from peers import TOP, Hnswlib, Rows

SOURCE = Path(__file__).with_name("hnswlib_driver.cpp")
FLAGS = ["-O3", "-march=native", "-std=c++17", "-fPIC", "-shared"]


def headers(cache: Path) -> Path:
    """The folder that has `hnswlib/hnswlib.h`."""
    given = os.environ.get("HNSWLIB_INCLUDE")
    if given:
        return Path(given)
    version = importlib.metadata.version("hnswlib")
    folder = cache / f"hnswlib-{version}"
    if not (folder / "hnswlib" / "hnswlib.h").is_file():
        wanted = ["--no-deps", "--no-binary", "hnswlib", f"hnswlib=={version}"]
        call([sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(cache), *wanted])
        with tarfile.open(cache / f"hnswlib-{version}.tar.gz") as package:
            package.extractall(cache, filter="data")
    return folder


def call(command: list[str]) -> None:
    """Runs a command; what it said becomes the error when it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()[-300:]}")


def compiled(cache: Path) -> Path:
    """The driver as a library. The name says what it was compiled from, so that a change compiles it anew."""
    cache.mkdir(parents=True, exist_ok=True)
    version = importlib.metadata.version("hnswlib")
    mark = hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:12]
    library = cache / f"hnswlib-driver-{version}-{mark}.so"
    if not library.is_file():
        part = library.with_suffix(".part")
        call(["g++", *FLAGS, f"-I{headers(cache)}", str(SOURCE), "-o", str(part)])
        part.rename(library)
    return library


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


class HnswlibNative(Hnswlib):
    label, index_of = "hnswlib, bitmap functor in C++", "hnswlib"
    searches, filters = False, True

    def __init__(self, data: Path, folder: Path) -> None:
        super().__init__(data, folder)
        self.driver = ctypes.CDLL(str(compiled(folder.parent / "cache")))
        self.driver.driver_open.restype = ctypes.c_void_p

    def open(self) -> None:
        path = self.file("index").encode()
        opened = self.driver.driver_open(path, ctypes.c_uint64(self.dim), ctypes.c_uint64(self.count))
        if not opened:
            raise RuntimeError(f"hnswlib could not open {path.decode()}")
        self.graph = ctypes.c_void_p(opened)

    def set(self, setting: str) -> None:
        self.setting = setting

    def select(self, matches: np.ndarray) -> np.ndarray:
        return np.packbits(matches, bitorder="little")

    def time(self, queries: np.ndarray, selections: Sequence[Any] | None) -> tuple[list[int], list[Rows]]:
        count = len(queries)
        queries = np.ascontiguousarray(queries, np.float32)
        found, nanoseconds = np.empty((count, TOP), np.int64), np.empty(count, np.int64)
        bitmaps = None if selections is None else (ctypes.c_void_p * count)(*(bits.ctypes.data for bits in selections))
        sizes = [ctypes.c_uint64(size) for size in (count, self.dim, TOP, int(self.setting))]
        self.driver.driver_search(self.graph, pointer(queries), *sizes, bitmaps, pointer(found), pointer(nanoseconds))
        return nanoseconds.tolist(), list(found)
