"""Do the commands of the README and of "Getting started" work as written?

    python tests/acceptance/readme.py

Runs every shell block of each page in a copy of what it needs. Lines that begin with `cargo` are left out, because the built
program takes their place. The Python block of the README runs against the server that the README starts.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import ROOT, Verdict, program

PAGES = ["README.md", "docs/getting-started.md"]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def without(lines: str, *beginnings: str) -> str:
    """The lines that begin otherwise."""
    return "\n".join(line for line in lines.splitlines() if not line.startswith(beginnings))


def ask(binary: Path, tried: Path, serve: str, script: str) -> int:
    """Starts the server as a page does and runs a Python block against it. Returns how the server ended."""
    command = [str(binary), *serve.split()[1:]]
    server = subprocess.Popen(command, cwd=tried, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None and server.stderr.readline().startswith("listening on ")
        subprocess.run([str(tried / ".venv/bin/python"), "-c", script], cwd=tried, check=True)
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(timeout=60)
    return code


def run_page(binary: Path, page: str, verdict: Verdict) -> tuple[int, int]:
    """Runs a page; how many blocks of each language it has."""
    text = (ROOT / page).read_text()
    shell = blocks(text, "sh")
    assert shell, f"{page} has no shell block"
    with tempfile.TemporaryDirectory(prefix="precedent-readme-") as name:
        place = Path(name)
        (place / "target" / "release").mkdir(parents=True)
        (place / "target" / "release" / "precedent").symlink_to(binary)
        subprocess.run(["cp", "-R", str(ROOT / "tools"), str(place / "tools")], check=True)
        script = "set -e\n" + "\n".join(without(block, "cargo ", "precedent serve") for block in shell)
        subprocess.run(["bash", "-c", script], cwd=place, check=True)
        scripts = blocks(text, "python")
        for script in scripts:
            lines = (line for block in shell for line in block.splitlines())
            serve = next(line for line in lines if line.startswith("precedent serve"))
            code = ask(binary, place / "target" / "try", serve, script)
            verdict.expect(code == 0, f"{page}: the server ended with {code}")
    print(f"{page}: {len(shell)} shell blocks and {len(scripts)} Python blocks ran as written")
    return len(shell), len(scripts)


def main() -> int:
    """Runs the script."""
    verdict = Verdict("readme")
    counts = [run_page(program(), page, verdict) for page in PAGES]
    verdict.figure("shell_blocks", sum(shell for shell, _ in counts))
    verdict.figure("python_blocks", sum(scripts for _, scripts in counts))
    return verdict.close()


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(code)
