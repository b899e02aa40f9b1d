"""What the system tells about a process, and how to end one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 60


def cpu_seconds(process: int) -> float:
    """User and system time of all threads, those that ended included."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(process: int) -> dict[str, int]:
    """Bytes in memory: of its own, and pages of files."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[key].split()[0]) * 1024 for name, key in [("anonymous", "RssAnon"), ("mapped", "RssFile")]}


def stop(process: subprocess.Popen[str]) -> None:
    """Asks a process to end, and ends it by force when it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
