"""kill -9 while cases come in: nothing acknowledged is lost, nothing is invented, nothing is half there.

    python tests/acceptance/crash.py --kills 200 [--seed 1]

A client sends, replaces and deletes small cases and writes every acknowledgement to a file of its own, synced, outside
the index. The server tells on standard error what its writer is at; in a named phase, after a random delay of 0 to
3 ms, it is killed. Then: `verify`, a new server, and every case is compared with what was sent.

A case must be in the state after one of the operations sent for it, not older than the last one acknowledged, and
whole: report, field, image name and embedding of the same version. What was sent and not acknowledged is in doubt:
wholly in or wholly out.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import grpc
import numpy as np
from harness import Server, Verdict, heading, near, run, table, values, workplace
from ledger import Ledger, Tally, compare
from precedent_client import Case, Client, Embedding, Image, PrecedentError, Query, Rejection

PHASES = ["log-append", "commit", "merge"]
DIMENSION = 32
ENCODER = "crash-encoder-1"
IDS = 240
CHUNK = 24
LONGEST_DELAY_SECONDS = 0.003
# Longer than it takes to fill the segments of one merge, a commit a second.
PHASE_SECONDS = 45.0
VISIBLE_SECONDS = 10.0

DEFINITION = f"""
name = "crash"
[[space]]
role = "image"
dimension = {DIMENSION}
metric = "cosine"
encoder_id = "{ENCODER}"
[graph]
m = 8
ef_construction = 40
ef_search = 64
min_nodes = 32
[[field]]
name = "version"
kind = "integer"
"""


def case_name(number: int) -> str:
    """The id of case `number`."""
    return f"case-{number:04}"


def word(number: int, version: int) -> str:
    """A word that only this version of this case has in its report."""
    return f"unique{number}v{version}x"


def text(number: int, version: int) -> str:
    """The report of a version: long enough to lie in several blocks of a file now and then."""
    return f"Version {version} of case {number}. {word(number, version)}. " + "No acute disease. " * (version % 37)


def embedding(number: int, version: int) -> np.ndarray:
    """The embedding of a version; no two are alike."""
    values = np.random.default_rng([number, version]).standard_normal(DIMENSION)
    return (values / np.linalg.norm(values)).astype(np.float32)


def make_case(number: int, version: int) -> Case:
    """Version `version` of case `number`, as it is sent."""
    image = Image(name=f"image-{number}-{version}", embedding=Embedding(embedding(number, version), ENCODER))
    return Case(
        case_id=case_name(number),
        fields={"version": version},
        report={"findings": text(number, version)},
        images=[image],
    )


class Sender(threading.Thread):
    """Sends until the server is gone: chunks of cases through one stream each, and deletes between them."""

    def __init__(self, address: str, ledger: Ledger, seed: int) -> None:
        super().__init__(daemon=True)
        self.ledger = ledger
        self.problem = ""
        self._address = address
        self._random = random.Random(seed)
        self._ending = threading.Event()

    def run(self) -> None:
        """The thread."""
        try:
            with Client(self._address) as client:
                while not self._ending.is_set():
                    self._send_chunk(client)
                    self._delete_some(client)
        except PrecedentError as error:
            # The server is dead: what is on its way stays in doubt.
            if not self._ending.is_set() or error.code is not grpc.StatusCode.UNAVAILABLE:
                self.problem = str(error)

    def end(self) -> None:
        """Before the kill, so that the error that follows is expected."""
        self._ending.set()

    def _send_chunk(self, client: Client) -> None:
        sent: list[tuple[int, int]] = []

        def cases() -> Iterator[Case]:
            for number in self._random.sample(range(IDS), CHUNK):
                self.ledger.versions[number] += 1
                version = self.ledger.versions[number]
                sent.append((number, self.ledger.histories[number].send(version)))
                yield make_case(number, version)

        for answer in client.ingest(cases()):
            if isinstance(answer, Rejection):
                self.problem = f"a good case was refused: {answer.violations[0].field}"
                return
            self.ledger.note(*sent[answer.position])

    def _delete_some(self, client: Client) -> None:
        numbers = self._random.sample(range(IDS), self._random.choice([0, 0, 1, 3]))
        if numbers:
            places = [self.ledger.histories[number].send(None) for number in numbers]
            client.delete([case_name(number) for number in numbers])
            for number, place in zip(numbers, places, strict=True):
                self.ledger.note(number, place)


class Watcher:
    """Reads the server's events and pulls the trigger in the phase asked for."""

    def __init__(self, phase: str, skip: int) -> None:
        self.phase = phase
        self.begun = threading.Event()
        self.open = False
        self._skip = skip
        self._event = re.compile(r"precedent::phase.*\b(begin|end)\b")

    def __call__(self, line: str) -> None:
        """Sees one line of standard error."""
        found = self._event.search(line)
        if not found or f'"{self.phase}"' not in line:
            return
        self.open = found.group(1) == "begin"
        self._skip -= self.open
        if self.open and self._skip < 0:
            self.begun.set()


def observe(client: Client, verdict: Verdict, tally: Tally) -> dict[int, int]:
    """What the index holds: version by case. Counts cases that are not whole."""
    deadline = time.monotonic() + VISIBLE_SECONDS
    while client.stats().pending_operation_count:
        if not verdict.expect(time.monotonic() < deadline, "what the log holds is visible within 10 s"):
            break
        time.sleep(0.05)
    answer = client.search(filter="case_id:*", limit=1000)
    found: dict[int, int] = {}
    for hit in answer.hits:
        case = hit.case
        number, version = int(case.case_id.split("-")[1]), int(values(case, "version")[0])
        sections = [(section.kind, section.text) for section in case.sections()]
        whole = sections == [("findings", text(number, version))]
        whole &= [image.name for image in case.images] == [f"image-{number}-{version}"]
        tally.partial += not whole
        found[number] = version
    numbers = sorted(found)
    live = client.stats().case_count
    tally.partial += len(found) != len(answer.hits) or live != len(found)
    if not numbers:
        return found
    by_vector = [
        Query(embeddings=[Embedding(embedding(number, found[number]), ENCODER)], exact=True, limit=1)
        for number in numbers
    ]
    for number, nearest in zip(numbers, client.batch_search(by_vector), strict=True):
        hit = nearest.hits[0]
        tally.partial += hit.case.case_id != case_name(number) or not near(hit) > 0.9999
    by_word = [Query(text=f"+{word(number, found[number])}", limit=2) for number in numbers]
    for number, named in zip(numbers, client.batch_search(by_word), strict=True):
        tally.partial += [hit.case.case_id for hit in named.hits] != [case_name(number)]
    return found


def one_round(index: Path, ledger: Ledger, phase: str, tally: Tally, verdict: Verdict, seed: int) -> None:
    """Serve, send, kill in `phase`, check."""
    chance = random.Random(seed)
    watcher = Watcher(phase, skip=chance.randrange(12) if phase == "log-append" else chance.randrange(2))
    server = Server(index, "--log-level", "precedent::phase=debug", on_line=watcher)
    sender = Sender(server.address, ledger, seed)
    before = ledger.acknowledged
    sender.start()
    seen = watcher.begun.wait(PHASE_SECONDS)
    # Half of them soon: an append to the log takes well under a millisecond.
    time.sleep(chance.uniform(0.0, LONGEST_DELAY_SECONDS) * chance.choice([0.1, 1.0]))
    sender.end()
    server.kill()
    sender.join(30)
    verdict.expect(seen, f"{phase} begins within {PHASE_SECONDS:.0f} s")
    verdict.expect(not sender.problem, f"the sender met only the kill: {sender.problem}")
    tally.kills += 1
    # After the kill every line has been read: the phase was open when no `end` followed the last `begin`.
    tally.in_phase += watcher.open
    tally.acknowledged += ledger.acknowledged - before

    checked = run("verify", index, code=None)
    verdict.expect(checked.returncode == 0, f"verify after a kill in {phase}: {checked.stdout + checked.stderr}")
    with Server(index) as again, Client(again.address) as client:
        compare(ledger, observe(client, verdict, tally), tally)
        verdict.expect(again.stop() == 0, "the server ends with 0 on SIGTERM")


def main() -> int:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    verdict = Verdict("crash")
    tallies = {phase: Tally() for phase in PHASES}
    began = time.monotonic()
    with workplace("crash") as place:
        index = place / "index"
        definition = place / "definition.toml"
        definition.write_text(DEFINITION)
        run("init", index, "--definition", definition)
        ledger = Ledger(place / "acknowledged.log", IDS)
        for kill in range(options.kills):
            phase = PHASES[kill % len(PHASES)]
            one_round(index, ledger, phase, tallies[phase], verdict, options.seed * 100_003 + kill)
            if (kill + 1) % 20 == 0:
                print(f"{kill + 1} kills, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        final = run("verify", index, code=None)
        verdict.expect(final.returncode == 0, "verify at the end")

    heading(f"{options.kills} kills, {time.monotonic() - began:.0f} s")
    head = ["phase", "kills", "phase still open", "acknowledged", "lost", "invented", "partial", "in doubt: in", "out"]
    rows = {phase: list(astuple(tally)) for phase, tally in tallies.items()}
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    print(table(head, [[phase, *figures] for phase, figures in rows.items()]))
    everything = Tally(*rows["all"])
    verdict.expect(
        everything.lost == everything.invented == everything.partial == 0, "nothing lost, invented or partial"
    )
    verdict.figure("acknowledged_per_kill", everything.acknowledged / max(everything.kills, 1))
    verdict.figure("phase_open", everything.in_phase / max(everything.kills, 1))
    verdict.expect(all(t.in_phase > 0 for t in tallies.values() if t.kills >= 10), "every phase was hit while open")
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
