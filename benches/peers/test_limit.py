"""Limits on memory, in folders that stand for those of the system."""

from __future__ import annotations

from pathlib import Path

import pytest
from limit import MemoryGroup, NoLimit, forget


@pytest.mark.parametrize(("version", "file"), [(1, "memory.limit_in_bytes"), (2, "memory.max")])
def test_a_group_is_made_and_goes(tmp_path: Path, version: int, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = tmp_path / "memory" if version == 1 else tmp_path
    parent.mkdir(exist_ok=True)
    (tmp_path / "cgroup.controllers").touch()
    made = Path.mkdir

    def mkdir(folder: Path) -> None:
        """As the system does: a new group has its files at once."""
        made(folder)
        (folder / file).touch()

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(Path, "rmdir", lambda folder: [one.unlink() for one in folder.iterdir()] and None)
    with MemoryGroup(tmp_path) as group:
        group.take(17)
        group.limit(1_000)
        assert group.folder.parent == parent
        assert (group.folder / "cgroup.procs").read_text() == "17"
        assert (group.folder / file).read_text() == "1000"
    assert not list(group.folder.iterdir())


def test_a_machine_without_groups_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(NoLimit, match="has no control groups"):
        MemoryGroup(tmp_path)
    (tmp_path / "cgroup.controllers").touch()
    with pytest.raises(NoLimit, match="do not count memory"):
        MemoryGroup(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["cgroup.controllers"]


def test_who_may_make_no_group_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup.controllers").touch()

    def mkdir(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(NoLimit, match="Permission denied; run as root"):
        MemoryGroup(tmp_path)


def test_what_is_forgotten_is_still_there(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(b"bytes")
    forget(tmp_path)
    assert (tmp_path / "inner" / "file").read_bytes() == b"bytes"
