"""The protocol of engines, from the side of the runner: lines of text to an engine, one line of JSON back.

    ENGINE build DATA DIR [--layout L]  {"build_s", "cpu_s", "file_bytes"}; DIR is not there yet
    ENGINE serve DATA DIR               {"open_s", "params", "filter_params"[, "baseline"]} when open; then to the line
        measure PARAM NQ K              {"ns": [per query], "cpu_s", "ids": [[K rows or -1] per query]}
        fmeasure PARAM NQ COL           the same for 10 rows, each query among those with its value in column COL
        bytes                           {"anonymous", "mapped"}: bytes in memory now
        quit                            nothing: it ends

An engine uses one thread and one call per query. Its settings are opaque texts without blanks, in rising order of
recall: `params` has a list of them for each K that the engine supports. Those that agree in what follows a colon, if
there is one, are taken for one curve. `baseline` is what `bytes`
would have said before the index was opened. `{"error": text}` may answer anything.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STOP_SECONDS = 20
THREAD_VARIABLES = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]


class EngineError(Exception):
    """An engine failed; the text says how. The others go on."""


@dataclass(frozen=True)
class Engine:
    """An engine that takes part: what starts it, and where its index lies.

    `builder` names the engine that builds that index: another one where two read the same.
    """

    name: str
    label: str
    command: Sequence[str]
    index: Path
    options: Sequence[str] = ()
    builder: str = ""
    version: str = ""
    searches: bool = True
    filters: bool = False
    ours: bool = False

    def joins(self, part: str) -> bool:
        """Whether it takes part in a part of the measurement."""
        return {"search": self.searches, "limited": self.ours, "filters": self.filters}[part]


def environment(threads: int) -> dict[str, str]:
    """The variables of a process that shall use so many threads."""
    return {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), "PYTHONDONTWRITEBYTECODE": "1"}


def pinned(cores: Sequence[int]) -> Callable[[], None]:
    """What a child does first: it takes to its cores."""
    return lambda: os.sched_setaffinity(0, cores)


def answer_in(text: str) -> dict[str, Any] | None:
    """The last line of JSON in what was printed."""
    lines = [line for line in text.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else None


def build(engine: Engine, data: Path, cores: Sequence[int]) -> dict[str, Any]:
    """Builds the index of an engine. `process_cpu_s` is the whole process, seen from outside."""
    command = [*engine.command, "build", str(data), str(engine.index), *engine.options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", env=environment(len(cores)), preexec_fn=pinned(cores)
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = answer_in(done.stdout)
    if done.returncode or answer is None or "error" in answer:
        raise EngineError(f"build ended with {done.returncode}: {last_words(done.stderr or done.stdout)}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**answer, "process_cpu_s": round(used, 2)}


def last_words(text: str) -> str:
    """The end of a log, on one line."""
    return " ".join(text.split())[-300:]


class Serving:
    """An engine that serves, pinned to a core. A context manager."""

    def __init__(self, engine: Engine, data: Path, core: int, log: Path, first: Callable[[], None] | None = None) -> None:
        """Starts it; the new process calls `first` before anything else."""
        self.engine, self.log = engine, log
        command = [*engine.command, "serve", str(data), str(engine.index)]
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment(1),
                preexec_fn=lambda: (pinned([core])(), first and first()),
            )
        try:
            self.hello = self.read()
        except EngineError:
            self.close()
            raise

    def read(self) -> dict[str, Any]:
        """The next answer. Other lines are passed over."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                answer = json.loads(line)
                if "error" in answer:
                    raise EngineError(answer["error"])
                return answer
        raise EngineError(f"ended early: {last_words(self.log.read_text(errors='replace'))}")

    def ask(self, *words: object) -> dict[str, Any]:
        """Sends a line and reads the answer to it."""
        assert self.process.stdin is not None
        try:
            print(*words, file=self.process.stdin, flush=True)
        except OSError as error:
            raise EngineError(f"ended early: {last_words(self.log.read_text(errors='replace'))}") from error
        return self.read()

    def bytes(self) -> dict[str, int]:
        """Bytes in memory beyond those before the index was opened."""
        now, before = self.ask("bytes"), self.hello.get("baseline", {})
        return {kind: max(0, now[kind] - before.get(kind, 0)) for kind in ("anonymous", "mapped")}

    def close(self) -> None:
        """Ends the engine, by force when it does not go."""
        try:
            assert self.process.stdin is not None
            print("quit", file=self.process.stdin, flush=True)
            self.process.stdin.close()
        except OSError:
            pass  # It is gone already.
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
