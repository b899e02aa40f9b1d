"""The package as others meet it: types, signatures, what a build leaves behind."""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
import zipfile
from dataclasses import fields
from pathlib import Path

import precedent_client
import pytest
from conftest import ROOT
from precedent_client import AsyncClient, Client, Query, QueryOptions

PACKAGE = ROOT / "tools" / "python"


def public(kind: type) -> dict[str, object]:
    return {name: member for name, member in vars(kind).items() if not name.startswith("_")}


def test_both_clients_take_the_same_and_answer_the_same() -> None:
    assert public(Client).keys() == public(AsyncClient).keys()
    for name in [*public(Client), "__init__"]:
        one, other = (inspect.signature(vars(kind)[name]) for kind in (Client, AsyncClient))
        assert list(one.parameters) == list(other.parameters), name
        for parameter, twin in zip(one.parameters.values(), other.parameters.values(), strict=True):
            assert (parameter.kind, parameter.default) == (twin.kind, twin.default), (name, parameter)
            if parameter.name not in ("cases", "channel"):
                assert parameter.annotation == twin.annotation, (name, parameter)
        assert str(other.return_annotation).removeprefix("Async") == str(one.return_annotation), name


def test_everything_public_is_described() -> None:
    for name in precedent_client.__all__:
        described = getattr(precedent_client, name)
        if inspect.isclass(described):
            assert described.__doc__, name
            methods = [part for part, member in public(described).items() if inspect.isfunction(member)]
            assert all(inspect.getdoc(getattr(described, method)) for method in methods), name


def test_the_options_of_a_search_are_the_parts_of_a_query() -> None:
    assert QueryOptions.__annotations__.keys() - {"encoder_id"} == {part.name for part in fields(Query)}
    listed = inspect.signature(Client.search).parameters
    assert listed.keys() >= QueryOptions.__annotations__.keys() and "options" not in listed


def test_every_type_is_complete() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", "/dev/null"], cwd=PACKAGE, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_build_leaves_nothing_beside_the_sources(tmp_path: Path) -> None:
    copy = tmp_path / "repository" / "tools" / "python"
    ignored = shutil.ignore_patterns("__pycache__", "build", "dist", "*.egg-info", ".*_cache")
    shutil.copytree(PACKAGE, copy, ignore=ignored)
    before = sorted(copy.rglob("*"))
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*build, "--wheel-dir", tmp_path / "wheels", copy], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(copy.rglob("*")) == before
    (wheel,) = (tmp_path / "wheels").iterdir()
    names = set(zipfile.ZipFile(wheel).namelist())
    own = {str(path.relative_to(PACKAGE)) for path in (PACKAGE / "precedent_client").rglob("*.py*") if path.is_file()}
    assert names >= {path for path in own if "__pycache__" not in path} | {"precedent_client/py.typed"}


@pytest.mark.parametrize("name", ["pandas", "numpy"])
def test_the_client_loads_without_what_only_some_need(name: str) -> None:
    code = f"import sys; sys.modules[{name!r}] = None; import precedent_client"
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
