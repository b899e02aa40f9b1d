"""Does every DICOM file give a picture or a named rejection, and nothing worse?

    python tests/acceptance/dicom.py

Gives each file of the shared `dicom` set to a process of its own, as a clinical archive would meet it. A process that ends by
a panic or a signal, or is refused without a word, fails; so does a picture of a file that the reference reader refuses, that is
in colour, or that has several frames, and so does a refusal of any other file. floors.toml says how many of each there are, and
how much memory one may take. That the pixels are right is for `cargo test -p precedent-imaging`.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from harness import Verdict, data, program

# JPEG of 12 bits whose scan header the reference cannot read; `cargo test` compares them with their lossless siblings.
READ_HERE_ALONE = {"robyoung/WG04_MR2_JPLY", "robyoung/WG04_RG2_JPLY", "robyoung/WG04_XA1_JPLY"}


def encode(binary: Path, file: Path) -> tuple[int, str, float]:
    """Exit code, what was said on standard error, and the most memory in MiB."""
    command = [str(binary), "encode", "--image", str(file), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, said, usage.ru_maxrss / 1024


def main() -> int:
    """Runs the script."""
    folder = data("dicom")
    binary, verdict, outcomes, most = program(), Verdict("dicom"), Counter[str](), 0.0
    with (folder / "manifest.csv").open(newline="") as manifest:
        rows = list(csv.DictReader(manifest))
    for row in rows:
        name = row["file"]
        code, said, mebibytes = encode(binary, folder / "files" / name)
        most = max(most, mebibytes)
        outcomes["picture" if code == 0 else "refused"] += 1
        verdict.expect(code in (0, 2) and "panicked" not in said, f"{name}: exit code {code}: {said.strip()[-200:]}")
        verdict.expect(code != 2 or "precedent: " in said, f"{name}: refused without a word")
        grey = row["ref_decode"].startswith("ok") and row["samples_per_pixel"] == "1" and row["frames"] in ("", "1")
        wanted = grey and row["photometric"] != "PALETTE COLOR" or name in READ_HERE_ALONE
        verdict.expect(
            code != 0 or grey or name in READ_HERE_ALONE,
            f"{name}: gives a picture, and the reference has none of one grey frame",
        )
        verdict.expect(code == 0 or not wanted, f"{name}: is refused, and the reference reads it: {said.strip()[-200:]}")
    print(f"{outcomes['picture']} pictures, {outcomes['refused']} named rejections, at most {most:.0f} MiB")
    verdict.figure("pictures", outcomes["picture"])
    verdict.figure("refused", outcomes["refused"])
    verdict.figure("mebibytes", most)
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
