"""What every acceptance script needs: the program, a server, the data, a verdict.

The scripts look at the product from outside only: its command line, its service, its files.

Environment:
    PRECEDENT_BIN      the program; default target/release/precedent
    PRECEDENT_DATA     the shared data; default ../shared/data beside the repository
    PRECEDENT_WITHOUT  what is known to be missing, such as "data cases": scripts that need it skip, and fail otherwise
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "python"), str(ROOT / "tests")]

from floors import bounds  # noqa: E402
from precedent_client import Case, Hit  # noqa: E402

START_SECONDS = 30
STOP_SECONDS = 40


def program() -> Path:
    """The program under test."""
    path = Path(os.environ.get("PRECEDENT_BIN", ROOT / "target" / "release" / "precedent"))
    if not path.is_file():
        sys.exit(f"{path} is not there; build it with `cargo build --release` or set PRECEDENT_BIN")
    return path.resolve()


def data(*parts: str) -> Path:
    """A folder or file of the shared data."""
    folder = needed("data", "PRECEDENT_DATA", ROOT.parent / "shared" / "data")
    return there("data", folder.joinpath(*parts))


def needed(what: str, variable: str, default: Path) -> Path:
    """A folder that the script cannot do without. Where it is declared missing, ends the script without complaint."""
    if without(what):
        print(f"skipped: without {what}")
        sys.exit(0)
    return there(what, Path(os.environ.get(variable, default)), variable)


def there(what: str, path: Path, variable: str = "") -> Path:
    """The path, which must exist."""
    if not path.exists():
        remedy = f"set {variable}, or PRECEDENT_WITHOUT={what}" if variable else f"or set PRECEDENT_WITHOUT={what}"
        sys.exit(f"{path} is not there; {remedy} to skip what needs it")
    return path


def without(what: str) -> bool:
    """Whether this is declared to be missing."""
    return what in os.environ.get("PRECEDENT_WITHOUT", "").replace(",", " ").split()


def run(*arguments: object, code: int | None = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the program. Any other exit code than `code` ends the script; `None` takes every code."""
    command = [str(program()), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=cwd)
    if code is not None and done.returncode != code:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode} instead of {code}\n{done.stderr.strip()}")
    return done


def run_json(*arguments: object) -> Any:
    """Runs the program with `--json` and reads its answer."""
    return json.loads(run(*arguments, "--json").stdout)


def stats(index: Path) -> dict[str, Any]:
    """The figures of an index. 64-bit numbers are text in the protobuf JSON mapping."""
    answer = run_json("stats", index)
    return answer.get("stats", answer)


@contextmanager
def workplace(prefix: str) -> Iterator[Path]:
    """A temporary folder, removed at the end whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix=f"precedent-{prefix}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """`precedent serve` on a port of the system's choice. A context manager; leaving it stops the server.

    `on_line` sees every line of standard error, in a thread of its own.
    """

    def __init__(self, index: Path, *arguments: object, on_line: Callable[[str], None] | None = None) -> None:
        self.lines: list[str] = []
        self.address = ""
        self._on_line = on_line
        self._ready = threading.Event()
        command = [str(program()), "serve", str(index), "--listen", "127.0.0.1:0", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready.wait(START_SECONDS)
        if not self.address:
            self.kill()
            sys.exit("the server did not start:\n" + "\n".join(self.lines[-20:]))

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            line = re.sub(r"\x1b\[[0-9;]*m", "", line.rstrip("\n"))
            self.lines.append(line)
            found = re.search(r"listening on (\S+:\d+)", line)
            if found and not self.address:
                self.address = found.group(1)
                self._ready.set()
            if self._on_line is not None:
                self._on_line(line)
        self._ready.set()

    def kill(self) -> None:
        """Ends the server as a power cut ends a process: at once."""
        self.process.kill()
        self.process.wait()
        self._reader.join(STOP_SECONDS)

    def stop(self) -> int:
        """Asks the server to end, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            sys.exit(f"the server did not end within {STOP_SECONDS} s of SIGTERM")
        self._reader.join(STOP_SECONDS)
        return code

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()


def near(hit: Hit) -> float:
    """What the image channel says of a hit; NaN, which passes no comparison, when it says nothing."""
    return hit.image.value if hit.image else math.nan


def values(case: Case, field: str) -> list[str]:
    """The values of a field, as a server tells them."""
    told = case.fields.get(field, [])
    return [told] if isinstance(told, str) else [str(value) for value in told] if isinstance(told, list) else []


class Verdict:
    """Collects what failed, so that one run shows everything that is wrong.

    Figures are held against the bounds that floors.toml has for the program. One that never comes fails, too.
    """

    def __init__(self, program: str) -> None:
        self.checks = 0
        self.failures: list[str] = []
        self._bounds = bounds(program)
        self._waiting = set(self._bounds)

    def expect(self, holds: bool, claim: str) -> bool:
        """Notes whether `claim` holds."""
        self.checks += 1
        if not holds:
            self.failures.append(claim)
            print(f"FAILED: {claim}", flush=True)
        return holds

    def figure(self, name: str, value: float, of: str = "") -> None:
        """Holds a figure against its bound; `of` says which one it is where several have the same bound."""
        bound = self._bounds[name]
        self.expect(bound.holds(value), f"{of or name}: {value:g}, {bound} wanted")
        self._waiting.discard(name)

    def leave_out(self, *names: str) -> None:
        """Figures that this run does not give, on purpose."""
        self._waiting.difference_update(names)

    def close(self) -> int:
        """Prints the verdict; the exit code of the script."""
        if "checks" in self._waiting:
            self.figure("checks", self.checks)
        for name in sorted(self._waiting):
            self.expect(False, f"{name}: not measured, {self._bounds[name]} wanted")
        if self.failures:
            print(f"\nfailed: {len(self.failures)} of {self.checks} checks")
            return 1
        print(f"\npassed: {self.checks} checks")
        return 0


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A markdown table."""
    lines = [list(map(str, head)), ["---"] * len(head), *[list(map(str, row)) for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def heading(text: str) -> None:
    """A markdown heading on standard output."""
    print(f"\n## {text}\n", flush=True)
