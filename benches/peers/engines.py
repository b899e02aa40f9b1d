"""Who takes part, and the index of each, built once."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from protocol import Engine, build
from worker import PEERS

WORKER = Path(__file__).with_name("worker.py")
OURS = "precedent-"


def catalogue(
    program: Path, layouts: Sequence[str], indexes: Path, instruction_sets: Sequence[str] = ()
) -> tuple[dict[str, Engine], dict[str, str]]:
    """All engines by name, ours first, and why others are missing.

    Ours comes once as it is, which takes the widest instruction set of the machine, and once for each set named, on the
    same index.
    """
    found, missing = {}, {}
    for layout in layouts:
        name = OURS + layout
        if not program.is_file():
            missing[name] = f"{program.name} is not built"
            continue
        ours = found[name] = Engine(
            name=name,
            label=f"Precedent, {layout}",
            command=[str(program.resolve())],
            index=indexes / name,
            options=["--layout", layout],
            builder=name,
            version=hashlib.sha256(program.read_bytes()).hexdigest()[:12],
            filters=True,
            ours=True,
        )
        for chosen in instruction_sets:
            command, label = [*ours.command, "--instruction-set", chosen], f"{ours.label}, {chosen}"
            found[f"{name}@{chosen}"] = replace(ours, name=f"{name}@{chosen}", label=label, command=command, filters=False)
    for name, peer in PEERS.items():
        if peer.module and not importable(peer.module):
            missing[name] = f"{peer.package} is not installed"
            continue
        builder = peer.index_of or name
        found[name] = Engine(
            name=name,
            label=peer.label,
            command=[sys.executable, str(WORKER), name],
            index=indexes / builder,
            builder=builder,
            version=importlib.metadata.version(peer.package) if peer.package else "",
            searches=peer.searches,
            filters=peer.filters,
        )
    return found, missing


def importable(module: str) -> bool:
    """Whether there is such a module. That it loads on this machine shows when it is used."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def built(
    engine: Engine, data: Path, meta: dict[str, Any], records: Path, cores: Sequence[int], anew: bool
) -> dict[str, Any]:
    """The record of a build, which is made when it is not there or is of other data or another version of a peer.

    Our own program changes often and its builds take long, so it is built again only when asked for. The record names
    the program that built the index.
    """
    record = records / f"build-{engine.name}.json"
    if record.is_file() and engine.index.is_dir() and not anew:
        told = json.loads(record.read_text())
        if told["data"] == meta and (engine.ours or told["version"] == engine.version):
            return told
    record.unlink(missing_ok=True)
    shutil.rmtree(engine.index, ignore_errors=True)
    engine.index.parent.mkdir(parents=True, exist_ok=True)
    told = {**build(engine, data, cores), "version": engine.version, "threads": len(cores), "data": meta}
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(told) + "\n")
    return told
