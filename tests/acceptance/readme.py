"""Do the commands of the README work as written?

    python tests/acceptance/readme.py

Runs every shell block of the README in a copy of what it needs, but for `cargo`, whose part the built program takes, and the
Python block against the server that the README starts.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import ROOT, program



def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def without(lines: str, *beginnings: str) -> str:
    """The lines that begin otherwise."""
    return "\n".join(line for line in lines.splitlines() if not line.startswith(beginnings))


def main() -> int:
    binary = program()
    readme = (ROOT / "README.md").read_text()
    shell = blocks(readme, "sh")
    serve = next(line for block in shell for line in block.splitlines() if line.startswith("precedent serve"))
    ask = blocks(readme, "python")[0]
    with tempfile.TemporaryDirectory(prefix="precedent-readme-") as name:
        place = Path(name)
        (place / "target" / "release").mkdir(parents=True)
        (place / "target" / "release" / "precedent").symlink_to(binary)
        subprocess.run(["cp", "-R", str(ROOT / "tools"), str(place / "tools")], check=True)
        script = "set -e\n" + "\n".join(without(block, "cargo ", "precedent serve") for block in shell)
        subprocess.run(["bash", "-c", script], cwd=place, check=True)
        tried = place / "target" / "try"
        command = [str(binary), *serve.split()[1:]]
        server = subprocess.Popen(command, cwd=tried, stderr=subprocess.PIPE, text=True)
        try:
            assert server.stderr is not None and server.stderr.readline().startswith("listening on ")
            subprocess.run([str(tried / ".venv/bin/python"), "-c", ask], cwd=tried, check=True)
        finally:
            server.send_signal(signal.SIGTERM)
            code = server.wait(timeout=60)
    print(f"passed: {len(shell)} shell blocks and the Python block ran as written; serve ended with {code}")
    return code


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(code)
