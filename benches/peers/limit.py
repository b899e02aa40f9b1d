"""A limit on the memory of a process, page cache included: a control group of Linux, of either version."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

ROOT = Path("/sys/fs/cgroup")


class NoLimit(Exception):
    """This machine lets us set no limit; the text says why."""


class MemoryGroup:
    """A control group of its own. A context manager; processes must have ended before it does."""

    def __init__(self, root: Path = ROOT) -> None:
        name = f"precedent-peers-{os.getpid()}"
        if (root / "memory").is_dir():
            self.folder, self.file = root / "memory" / name, "memory.limit_in_bytes"
        elif (root / "cgroup.controllers").is_file():
            self.folder, self.file = root / name, "memory.max"
        else:
            raise NoLimit(f"{root} has no control groups for memory")
        try:
            self.folder.mkdir()
        except OSError as error:
            raise NoLimit(f"no control group can be made: {error.strerror}; run as root") from error
        if not (self.folder / self.file).is_file():
            self.folder.rmdir()
            raise NoLimit(f"control groups below {root} do not count memory")

    def take(self, process: int) -> None:
        """Puts a process into the group. What it reads from now on counts."""
        (self.folder / "cgroup.procs").write_text(str(process))

    def limit(self, count: int) -> None:
        """Sets the limit, in bytes."""
        (self.folder / self.file).write_text(str(count))

    def __enter__(self) -> MemoryGroup:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.folder.rmdir()


def forget(folder: Path) -> None:
    """Lets the system drop the files of a folder from its page cache, so that who reads them next is charged for them."""
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            try:
                os.fsync(file)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(file)
