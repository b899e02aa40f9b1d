"""The machine that figures are of, named so that a reader can tell whether his is like it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np
from protocol import environment, pinned

VECTOR_UNITS = ["avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimd", "sve"]
# The instruction sets of our engine, widest first, with what the system calls the units that each needs.
INSTRUCTION_SETS = {
    "avx512vnni": ["avx512f", "avx512bw", "avx512vl", "avx512_vnni"],
    "avxvnni": ["avx2", "fma", "avx_vnni"],
    "avx2": ["avx2", "fma"],
    "portable": [],
}


def described(core: int) -> dict[str, Any]:
    """Processor, cores, cache, memory, load, and how fast the core that searches reads."""
    told = subprocess.run(["lscpu", "--json"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    fields = processor_fields(told.stdout) if told.returncode == 0 else {}
    return {
        "processor": fields.get("Model name", "unknown processor"),
        "model": " ".join(fields[key] for key in ("CPU family", "Model", "Stepping") if key in fields),
        "cores": os.cpu_count(),
        "l3": fields.get("L3 cache", "unknown"),
        "instruction_sets": instruction_sets(),
        "vector_units": [unit for unit in VECTOR_UNITS if unit in fields.get("Flags", "").split()],
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_average": round(os.getloadavg()[0], 2),
        "read_gb_s": read_speed_of(core),
    }


def processor_fields(text: str) -> dict[str, str]:
    """The fields of `lscpu --json`, whose newer releases nest them."""
    found: dict[str, str] = {}

    def walk(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            found[entry["field"].rstrip(":")] = entry.get("data") or ""
            walk(entry.get("children", []))

    walk(json.loads(text)["lscpu"])
    return found


def instruction_sets() -> list[str]:
    """Those that this machine has, widest first."""
    with open("/proc/cpuinfo") as lines:
        flags = next((line.split(":")[1].split() for line in lines if line.startswith("flags")), [])
    return [name for name, units in INSTRUCTION_SETS.items() if set(units) <= set(flags)]


def read_speed_of(core: int) -> float:
    """The read speed of a core, from a process with one thread: here numpy may have more."""
    command = [sys.executable, __file__]
    return float(subprocess.check_output(command, text=True, env=environment(1), preexec_fn=pinned([core])))


def read_speed() -> float:
    """Gigabytes a second that one core reads in order: the best of a few passes over 240 MB."""
    block = np.ones((120_000, 512), np.float32)
    vector, best = np.ones(512, np.float32), float("inf")
    for _ in range(5):
        began = time.perf_counter()
        np.dot(block, vector)
        best = min(best, time.perf_counter() - began)
    return round(block.nbytes / best / 1e9, 1)


def available_bytes() -> int:
    """Memory that can be had without swapping."""
    with open("/proc/meminfo") as lines:
        fields = dict(line.split(":") for line in lines)
    return int(fields["MemAvailable"].split()[0]) * 1024


if __name__ == "__main__":
    print(read_speed())
