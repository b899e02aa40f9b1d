"""Vectors: recall of the graph, filters of every selectivity, and exactness, through the service.

    python tests/acceptance/vectors.py [--n 100000] [--work DIR] [--bench DIR]

1. Synthetic embeddings with known nearest neighbours (the generator of the shared benchmarks): recall@10 of the graph
   against the exact search and against the ground truth; then five filters (50, 10, 1, 0.1 % and one that goes with
   the clusters): hits = min(limit, matches), always, and recall@10.
2. The SIFT subset with its published neighbours: the exact search agrees wholly, ties aside.

The vectors made are kept in --work for the next run.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from harness import ROOT, Server, Verdict, data, heading, near, needed, run, stats, table, workplace
from precedent_client import Client, Embedding, Query, SearchResult, VectorPath

TOP = 10
BATCH = 100
FILTERS = ["50 %", "10 %", "1 %", "0.1 %", "about 10 %, goes with the clusters"]
ENCODER = "synthetic-1"


def bench_folder(given: str | None) -> Path:
    """Where the generator lies."""
    return Path(given) if given else needed("bench", "PRECEDENT_BENCH", ROOT.parent / "shared" / "bench")


def dataset(bench: Path, work: Path, n: int, queries: int) -> dict[str, np.ndarray]:
    """The arrays, made when they are not there."""
    if not (work / "meta.json").is_file():
        work.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, bench / "dataset.py", "--out", work, "--n", n, "--dim", 512, "--nq", queries]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    names = ["queries", "gt", "attrs", "fval", *(f"gt_f{column}" for column in range(5))]
    arrays = {name: np.load(work / f"{name}.npy") for name in names}
    arrays["base"] = np.load(work / "base.npy", mmap_mode="r")
    return arrays


def load(index: Path, place: Path, arrays: dict[str, np.ndarray], embeddings: Path) -> None:
    """Makes the index and puts everything in with one command."""
    n, dimension = arrays["base"].shape
    source = place / "manifest.csv"
    with source.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case_id", *(f"f{column}" for column in range(5))])
        writer.writerows([row, *values] for row, values in enumerate(arrays["attrs"].tolist()))
    fields = [part for column in range(5) for part in ("--field", f"f{column}=integer")]
    space = ["--dimension", dimension, "--metric", "cosine", "--encoder-id", ENCODER]
    run("init", index, "--name", "vectors", *space, *fields)
    began = time.monotonic()
    run("ingest", index, source, "--embeddings", embeddings, "--encoder-id", ENCODER, "--no-merge", cwd=place)
    ingested = time.monotonic()
    run("merge", index)
    merged = time.monotonic()
    now = stats(index)
    segments = now["segments"]
    print(
        f"{n} x {dimension}: ingest {ingested - began:.1f} s, merge {merged - ingested:.1f} s, "
        f"{len(segments)} segments, {sum(bool(s.get('hasGraph')) for s in segments)} with a graph, "
        f"{sum(map(int, now['fileBytes'].values())) / 2**20:.0f} MiB on disk"
    )


def ask(
    client: Client,
    queries: np.ndarray,
    filters: Sequence[str] | None = None,
    *,
    path: VectorPath,
    limit: int = TOP,
    ef_search: int | None = None,
    encoder_id: str = ENCODER,
) -> list[SearchResult]:
    """The answers to every query, in batches."""
    asked = [
        Query(
            embeddings=[Embedding(query, encoder_id)],
            filter=filters[at] if filters else "",
            limit=limit,
            vector_path=path,
            ef_search=ef_search,
        )
        for at, query in enumerate(queries)
    ]
    batches = (asked[start : start + BATCH] for start in range(0, len(asked), BATCH))
    return [answer for batch in batches for answer in client.batch_search(batch)]


def rows_of(answers: list[SearchResult]) -> list[list[int]]:
    """Which rows were found; a case's id is its row."""
    return [[int(hit.case.case_id) for hit in answer.hits] for answer in answers]


def recall(found: list[list[int]], truth: np.ndarray) -> float:
    """Mean share of the true neighbours that were found; rows of the truth end with -1 where fewer match."""
    shares = []
    for mine, row in zip(found, truth, strict=True):
        wanted = {int(value) for value in row[:TOP] if value >= 0}
        if wanted:
            shares.append(len(wanted.intersection(mine)) / len(wanted))
    return float(np.mean(shares))


def visited(answers: list[SearchResult]) -> int:
    """Median number of distances per query."""
    return int(np.median([answer.plan.channels[0].visited_count for answer in answers]))


def graph_recall(client: Client, arrays: dict[str, np.ndarray], verdict: Verdict, efs: Sequence[int]) -> None:
    """The unfiltered part."""
    queries, truth = arrays["queries"], arrays["gt"]
    exact = ask(client, queries, path=VectorPath.EXACT)
    found = rows_of(exact)
    base = arrays["base"]
    expected = recall(found, truth)
    # Another neighbour than the ground truth's is right when it is as near.
    wrong = sum(
        1
        for at, mine in enumerate(found)
        if not np.allclose(
            np.sort(base[mine] @ queries[at])[::-1], np.sort(base[truth[at, :TOP]] @ queries[at])[::-1], atol=1e-6
        )
    )
    verdict.expect(wrong == 0, f"exact search differs from the ground truth in {wrong} queries")
    verdict.expect(all(answer.plan.exact for answer in exact), "the plan of an exact search says exact")
    lines: list[list[object]] = [["exact", "-", f"{expected:.4f}", "1.0000", visited(exact), "-", "-"]]
    against = np.array(found)
    for ef in [None, *efs]:
        began = time.monotonic()
        answers = ask(client, queries, path=VectorPath.GRAPH, ef_search=ef)
        batch = len(queries) / (time.monotonic() - began)
        few = queries[:200]
        began = time.monotonic()
        for query in few:
            client.search([query], encoder_id=ENCODER, limit=TOP, vector_path=VectorPath.GRAPH, ef_search=ef)
        single = len(few) / (time.monotonic() - began)
        mine = rows_of(answers)
        value = recall(mine, truth)
        lines.append(
            [
                "graph",
                ef or "the index's own",
                f"{value:.4f}",
                f"{recall(mine, against):.4f}",
                visited(answers),
                f"{single:.0f}",
                f"{batch:.0f}",
            ]
        )
        verdict.expect(all(len(row) == TOP for row in mine), f"{TOP} hits at ef {ef}")
        paths = {channel.path for answer in answers for channel in answer.plan.channels}
        verdict.expect(paths == {"graph"}, f"the plan says graph: {paths}")
        if ef is None:
            verdict.figure("graph_recall", value)
            verdict.figure("graph_distances_share", visited(answers) / len(base))
    heading(f"Recall@{TOP}, {len(queries)} queries")
    print("Queries a second are of one Python caller, client and server on the same cores: an indication only.\n")
    head = [
        "path",
        "ef_search",
        "against ground truth",
        "against exact",
        "distances (median)",
        "single/s",
        "in batches/s",
    ]
    print(table(head, lines))


def filtered_recall(client: Client, arrays: dict[str, np.ndarray], verdict: Verdict) -> None:
    """The five filters, by the graph and by the path of the server's choice."""
    heading(f"Filters, recall@{TOP}")
    lines: list[list[object]] = []
    recalls: list[float] = []
    for column, label in enumerate(FILTERS):
        values = arrays["fval"][:, column]
        counts = np.bincount(arrays["attrs"][:, column])
        filters = [f"f{column} = {value}" for value in values]
        for path in [VectorPath.GRAPH, VectorPath.AUTO]:
            answers = ask(client, arrays["queries"], filters, path=path)
            mine = rows_of(answers)
            value = recall(mine, arrays[f"gt_f{column}"])
            right = sum(
                len(row) == min(TOP, counts[wanted]) and answer.plan.match_count == counts[wanted]
                for row, answer, wanted in zip(mine, answers, values, strict=True)
            )
            passed = all(
                (arrays["attrs"][row, column] == wanted).all() for row, wanted in zip(mine, values, strict=True)
            )
            taken = sorted({channel.path for answer in answers for channel in answer.plan.channels})
            lines.append(
                [label, path.name.lower(), ", ".join(taken), f"{value:.4f}", f"{right}/{len(mine)}", visited(answers)]
            )
            verdict.expect(
                right == len(mine), f"{label}, {path.name}: hits = min({TOP}, matches) in {right} of {len(mine)}"
            )
            verdict.expect(passed, f"{label}, {path.name}: every hit passes the filter")
            recalls.append(value)
    head = ["filter passes", "asked", "path taken", "recall", "hits = min(limit, matches)", "distances (median)"]
    print(table(head, lines))
    verdict.figure("filtered_recall", min(recalls))


def vecs(path: Path, kind: str) -> np.ndarray:
    """A TEXMEX file: every vector behind its dimension."""
    dimension = int(np.fromfile(path, dtype="<i4", count=1)[0])
    return np.fromfile(path, dtype=kind).reshape(-1, dimension + 1)[:, 1:]


def sift(folder: Path, verdict: Verdict) -> None:
    """Exact search against the published neighbours."""
    base, queries = vecs(folder / "base.fvecs", "<f4"), vecs(folder / "query.fvecs", "<f4")
    truth = vecs(folder / "groundtruth_l2_top100.ivecs", "<i4")
    top = truth.shape[1]
    with workplace("sift") as place:
        index = place / "index"
        np.save(place / "base.npy", np.ascontiguousarray(base))
        source = place / "manifest.csv"
        source.write_text("case_id\n" + "".join(f"{row}\n" for row in range(len(base))))
        definition = place / "sift.toml"
        # A graph even for so few, so that it is measured, too.
        definition.write_text(
            f'name = "sift"\ngraph.min_nodes = 1000\n'
            f'[[space]]\nrole = "image"\ndimension = {base.shape[1]}\nmetric = "l2"\nencoder_id = "sift"\n'
        )
        run("init", index, "--definition", definition)
        run("ingest", index, source, "--embeddings", place / "base.npy", "--encoder-id", "sift", "--merge", cwd=place)
        lines: list[list[object]] = []
        with Server(index) as server, Client(server.address) as client:
            for path in [VectorPath.EXACT, VectorPath.GRAPH]:
                answers = ask(client, queries, path=path, limit=top, encoder_id="sift", ef_search=200)
                same, tied, worst, within = 0, 0, 0.0, 0
                for at, answer in enumerate(answers):
                    rows = [int(hit.case.case_id) for hit in answer.hits]
                    true = np.linalg.norm(base[truth[at]].astype(np.float64) - queries[at], axis=1)
                    mine = np.linalg.norm(base[rows].astype(np.float64) - queries[at], axis=1)
                    told = np.array([near(hit) for hit in answer.hits])
                    worst = max(worst, float(np.abs(told - mine).max()))
                    same += rows == truth[at].tolist()
                    within += int((mine <= true[-1] * (1 + 1e-6)).sum())
                    tied += len(mine) == top and bool(np.allclose(mine, true, rtol=1e-6))
                taken = ", ".join(sorted({channel.path for answer in answers for channel in answer.plan.channels}))
                lines.append(
                    [path.name.lower(), taken, len(queries), same, tied, f"{within / truth.size:.4f}", f"{worst:.1e}"]
                )
                if path is VectorPath.GRAPH:
                    verdict.figure("sift_graph_recall", within / truth.size)
                else:
                    verdict.expect(tied == len(queries), f"SIFT: {tied} of {len(queries)} agree, ties aside")
                    verdict.expect(worst < 1e-2, f"SIFT: told distances differ by {worst}")
    heading(f"SIFT, {len(base)} x {base.shape[1]}, Euclidean, top {top}")
    head = [
        "asked",
        "path taken",
        "queries",
        "same list",
        "same but for ties",
        f"recall@{top}",
        "largest error of a distance",
    ]
    print(table(head, lines))


def main() -> int:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100_000, help="vectors")
    parser.add_argument("--queries", type=int, default=1000, help="queries, when the vectors are made anew")
    parser.add_argument("--bench", help="folder of the shared benchmarks, with dataset.py")
    parser.add_argument("--work", type=Path, help="where made vectors are kept for the next run")
    parser.add_argument("--ef", type=int, nargs="*", default=[50, 100, 400], help="further widths of the walk")
    options = parser.parse_args()

    bench = bench_folder(options.bench)
    work = options.work or Path(tempfile.gettempdir()) / f"precedent-vectors-{options.n}"
    verdict = Verdict("vectors")
    arrays = dataset(bench, work, options.n, options.queries)
    with workplace("vectors") as place:
        index = place / "index"
        load(index, place, arrays, work / "base.npy")
        with Server(index, "--read-only") as server, Client(server.address) as client:
            graph_recall(client, arrays, verdict, options.ef)
            filtered_recall(client, arrays, verdict)
    sift(data("vectors", "sift5k"), verdict)
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
