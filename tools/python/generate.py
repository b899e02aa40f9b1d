"""Writes the stubs in precedent_client/_generated from proto.

Run it with the pinned generator: pip install grpcio-tools==1.74.0 setuptools && python generate.py
Stubs work with their own major version of protobuf and the next, so the oldest that serves is the one that fits most.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

HERE = Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"
# Where the generator has the messages that every language knows, such as google.protobuf.Timestamp.
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
OUT = HERE / "precedent_client" / "_generated"
PACKAGE = "precedent_client._generated"


def main() -> int:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    includes = [f"-I{PROTO}", f"-I{WELL_KNOWN}"]
    arguments = ["protoc", *includes, f"--python_out={OUT}", f"--pyi_out={OUT}", f"--grpc_python_out={OUT}"]
    status = protoc.main([*arguments, *sources])
    if status != 0:
        return status
    for path in OUT.rglob("*.py*"):
        text = path.read_text()
        if path.name.endswith("_pb2_grpc.py") and not re.search(r"^class \w+Stub\b", text, re.MULTILINE):
            path.unlink()  # a file of messages only has no stubs
            continue
        path.write_text(inside_package(text))
    for folder in [OUT, *(path for path in OUT.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").write_text("")
    return 0


def inside_package(text: str) -> str:
    """protoc writes imports as if the output were on sys.path; ours is inside a package."""
    return re.sub(r"^from precedent\.v1 import", f"from {PACKAGE}.precedent.v1 import", text, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
