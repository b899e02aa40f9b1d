"""OpenSearch as a service: one node, laid out from published packages, its k-NN by Lucene."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import paths
from cases import Cases, Judges, Row
from dataset import blocks
from process import cpu_seconds, stop

VERSION = "2.19.6"
USER = "nobody"
BULK = 500
READY_SECONDS = 180
# A merge is one request.
ANSWER_SECONDS = 3_600
ENOUGH_RECALL = 0.985
# A merge drops the copy of each case that is kept for replicas, which holds the vector as text, once the server has noted
# that nobody needs it: it does so every 30 seconds.
NOTED_SECONDS = 35
# Inner k: how many neighbours the walk through the graph keeps.
WIDTHS = [10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000]
# Java compiles what runs often while it runs, and that costs processor time, too. Warm-up ends when so many passes in a row
# are no cheaper than the cheapest before by the share.
STEADY_PASSES, STEADY_SHARE, MOST_WARM_PASSES = 3, 0.05, 25
# As Precedent does it by default.
CANDIDATES, RANK_CONSTANT = 200, 60

SETTINGS = {
    "index": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": -1, "knn": True},
}
PIPELINE = {
    "phase_results_processors": [
        {"score-ranker-processor": {"combination": {"technique": "rrf", "rank_constant": RANK_CONSTANT}}}
    ]
}
LOGGING = """\
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


def mapping(dim: int) -> dict[str, Any]:
    """The fields. Vectors are neither in the stored source, where a hit with its report would read them, nor in doc values."""
    parameters = {"m": 16, "ef_construction": 128}
    method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil", "parameters": parameters}
    return {
        "_source": {"excludes": ["vector"]},
        "dynamic": "strict",
        "properties": {
            "case_id": {"type": "keyword"},
            "modality": {"type": "keyword"},
            "age": {"type": "integer"},
            "findings": {"type": "text"},
            "vector": {"type": "knn_vector", "dimension": dim, "method": method, "doc_values": False},
        },
    }


def short(vectors: np.ndarray) -> list[list[float]]:
    """Vectors with as many digits as a float32 has, so that the text of a request is no longer than it must be."""
    return np.round(vectors.astype(np.float64), 8).tolist()


class OpenSearch:
    """A node in a folder. A context manager: inside it, the server runs.

    What was laid out and ingested stays in the folder, and is taken up again for the same cases.
    """

    name = "OpenSearch"

    def __init__(self, folder: Path, java: str, say: Callable[[str], None]) -> None:
        self.java, self.say = shutil.which(java), say
        if self.java is None:
            sys.exit(f"there is no program {java}; OpenSearch needs Java 17, and --only precedent needs none")
        self.folder = folder.resolve()
        self.home, self.node, self.record = self.folder / "home", self.folder / "node", self.folder / "built.json"
        self.widths: dict[str, int] = {}
        self.connection: http.client.HTTPConnection | None = None

    def lay_out(self) -> None:
        """The server, and the folder of its node."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.home.is_dir():
            self.say(f"laying out OpenSearch {VERSION}")
            whole = self.folder / "home.part"
            shutil.rmtree(whole, ignore_errors=True)
            subprocess.run([paths.HERE / "lay_out.sh", VERSION, whole], check=True)
            whole.rename(self.home)
        for name in ("config", "data", "logs", "tmp"):
            (self.node / name).mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        settings = {
            "cluster.name": "precedent-bench",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": free_port(),
            "path.data": str(self.node / "data"),
            "path.logs": str(self.node / "logs"),
        }
        lines = [f"{key}: {json.dumps(value)}\n" for key, value in settings.items()]
        (self.node / "config" / "opensearch.yml").write_text("".join(lines))
        (self.node / "config" / "log4j2.properties").write_text(LOGGING)
        if os.getuid() == 0:
            for path in (self.node, *self.node.rglob("*")):
                shutil.chown(path, USER)

    def __enter__(self) -> OpenSearch:
        self.lay_out()
        # It refuses to run as root.
        other = {"user": USER, "extra_groups": []} if os.getuid() == 0 else {}
        log = self.folder / "server.log"
        with log.open("w") as out:
            self.server = subprocess.Popen(
                [paths.HERE / "start.sh", self.java, self.home, self.node],
                cwd=self.node,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                **other,
            )
        try:
            self.wait(log)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def wait(self, log: Path) -> None:
        """Until the node answers."""
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.ask("GET", "/_cluster/health?wait_for_status=yellow&timeout=30s")
                return
            except (OSError, http.client.HTTPException, RuntimeError):
                if self.server.poll() is not None or time.monotonic() > until:
                    told = log.read_text(errors="replace").strip()[-1_000:]
                    raise RuntimeError(f"OpenSearch did not start: {told}") from None
                time.sleep(0.5)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.connection:
            self.connection.close()
        stop(self.server)

    @property
    def process(self) -> int:
        return self.server.pid

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.process)

    def version(self) -> str:
        """The server's and that of its Java."""
        jvm = next(iter(self.ask("GET", "/_nodes/jvm")["nodes"].values()))
        return f"OpenSearch {jvm['version']} on Java {jvm['jvm']['version']}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request on the connection that is kept."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        sent = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        try:
            self.connection.request(method, path, sent, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path.partition('?')[0]}: {answer.status} {told.decode()[:1_000]}")
        return json.loads(told)

    def ingest(self, cases: Cases, of: dict[str, Any]) -> dict[str, Any]:
        """Puts the cases in and merges them to one segment, or takes up what did so with the same cases `of`."""
        self.asked, self.words = short(cases.asked), cases.words
        of = {**of, "version": VERSION, "settings": SETTINGS, "mapping": mapping(cases.base.shape[1])}
        self.ask("PUT", "/_search/pipeline/fused", PIPELINE)
        record = json.loads(self.record.read_text()) if self.record.is_file() else {}
        if record.get("of") == of and self.segments() == 1:
            self.say("OpenSearch holds these cases already")
        else:
            self.record.unlink(missing_ok=True)
            record = {"of": of, **self.built(cases)}
            self.record.write_text(json.dumps(record) + "\n")
        store = self.ask("GET", "/cases/_stats/store")["_all"]["primaries"]["store"]
        return {"cpu_s": record["cpu_s"], "wall_s": record["wall_s"], "bytes": store["size_in_bytes"]}

    def built(self, cases: Cases) -> dict[str, Any]:
        """A new index of the cases, and what it cost the server."""
        self.ask("DELETE", "/cases?ignore_unavailable=true")
        self.ask("PUT", "/cases", {"settings": SETTINGS, "mappings": mapping(cases.base.shape[1])})
        began, before = time.monotonic(), self.cpu_seconds()
        rows = cases.rows()
        for block in blocks(len(cases.base), BULK):
            self.bulk([{**row, "vector": vector} for vector, row in zip(short(cases.base[block]), rows)])
            if block.start == 0:
                # A segment of its own, so that there is something to merge however few the cases are.
                self.ask("POST", "/cases/_refresh")
        waiting = time.monotonic()
        time.sleep(NOTED_SECONDS)
        self.ask("POST", "/cases/_flush?force=true")
        began += time.monotonic() - waiting
        self.ask("POST", "/cases/_forcemerge?max_num_segments=1")
        self.ask("POST", "/cases/_refresh")
        spent = {"cpu_s": round(self.cpu_seconds() - before, 1), "wall_s": round(time.monotonic() - began, 1)}
        held, parts = self.ask("GET", "/cases/_count")["count"], self.segments()
        if (held, parts) != (len(cases.base), 1):
            raise RuntimeError(f"OpenSearch holds {held} cases in {parts} segments")
        # The segments before the merge go with the next commit.
        self.ask("POST", "/cases/_flush?force=true")
        return spent

    def bulk(self, rows: Sequence[dict[str, Any]]) -> None:
        lines = [line for row in rows for line in ({"index": {"_id": row["case_id"]}}, row)]
        told = self.ask("POST", "/cases/_bulk", "".join(json.dumps(line) + "\n" for line in lines).encode())
        if told["errors"]:
            raise RuntimeError(f"OpenSearch refused cases: {json.dumps(told['items'][0])[:500]}")

    def segments(self) -> int:
        """How many searchable segments there are; 0 where there is no index."""
        told = self.ask("GET", "/_cat/segments?format=json&h=index,searchable,docs.count")
        return sum(one["index"] == "cases" and one["searchable"] == "true" for one in told)

    def search(self, row: Row, question: int) -> list[int]:
        """The case numbers of the hits."""
        both = row.vector and row.words
        path = "/cases/_search?search_pipeline=fused" if both else "/cases/_search"
        hits = self.ask("POST", path, self.body(row, question))["hits"]["hits"]
        if row.reports:
            return [int(hit["_source"]["case_id"]) for hit in hits]
        return [int(hit["fields"]["case_id"][0]) for hit in hits]

    def body(self, row: Row, question: int) -> dict[str, Any]:
        """The request of a search. Without reports it reads no stored field, which is the cheapest way."""
        match = {"match": {"findings": " ".join(self.words[question])}}
        nearest: dict[str, Any] = {"vector": self.asked[question], "k": self.widths.get(row.name, row.limit)}
        if row.filter:
            nearest["filter"] = row.filter.opensearch
        knn = {"knn": {"vector": nearest}}
        both = {"hybrid": {"queries": [knn, match], "pagination_depth": CANDIDATES}}
        query = both if row.vector and row.words else knn if row.vector else match
        fields = {} if row.reports else {"_source": False, "stored_fields": "_none_", "docvalue_fields": ["case_id"]}
        return {"size": row.limit, "query": query, "track_total_hits": False, **fields}

    def choose_widths(self, rows: Sequence[Row], judges: Judges) -> dict[str, list[dict[str, float]]]:
        """Takes the smallest inner k of each row that finds enough; where none does, the largest. Returns what it saw."""
        seen: dict[str, list[dict[str, float]]] = {}
        for row in rows:
            if not row.vector or row.words:
                continue
            curve = seen[row.name] = []
            for width in (width for width in WIDTHS if width >= row.limit):
                self.widths[row.name] = width
                found = judges[row.name]([self.search(row, at) for at in range(len(self.asked))])
                curve.append({"k": width, "recall": round(found, 4)})
                if found >= ENOUGH_RECALL:
                    break
            self.say(f"OpenSearch, {row.name}: inner k {self.widths[row.name]}, recall {curve[-1]['recall']:.3f}")
        # The candidates of a search by both are as good as those of as many hits.
        alike = [row.name for row in rows if row.limit == CANDIDATES and row.name in self.widths]
        for row in rows:
            if row.vector and row.words:
                self.widths[row.name] = self.widths[alike[0]] if alike else CANDIDATES
        return seen


    def warm_up(self, rows: Sequence[Row]) -> list[float]:
        """Asks everything until the server's time stops falling. Returns the milliseconds of a search of each pass."""
        spent: list[float] = []
        while len(spent) < MOST_WARM_PASSES and not steady(spent):
            before = self.cpu_seconds()
            for row in rows:
                for at in range(len(self.asked)):
                    self.search(row, at)
            spent.append(round((self.cpu_seconds() - before) / (len(rows) * len(self.asked)) * 1e3, 3))
        self.say(f"OpenSearch is warm after {len(spent)} passes: {spent[0]:.2f} ms a search at first, {spent[-1]:.2f} at last")
        return spent


def steady(spent: Sequence[float]) -> bool:
    """Whether the last passes were no cheaper than one before them."""
    earlier, last = spent[:-STEADY_PASSES], spent[-STEADY_PASSES:]
    return bool(earlier) and min(last) > min(earlier) * (1 - STEADY_SHARE)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
