"""An engine of a few lines, which the tests put in the place of `vector-engine`.

It speaks the protocol and scans. Setting "all" scans all rows and "half" every second one, so that recall differs.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np


def best(base: np.ndarray, query: np.ndarray, rows: np.ndarray, k: int) -> list[int]:
    """So many rows, or those there are and -1."""
    found = rows[np.argsort(-(base[rows] @ query))][:k].tolist()
    return found + [-1] * (k - len(found))


def serve(data: Path, chosen: str) -> None:
    """Answers until `quit`. An instruction set that was chosen shows in the name of a setting."""
    arrays = {name: np.load(data / f"{name}.npy") for name in ("base", "queries", "attrs", "fval")}
    rows = np.arange(len(arrays["base"]))
    baseline = {"anonymous": 1000, "mapped": 7}
    params = {"1": ["all"], "10": [f"half-{chosen}" if chosen else "half", "all"]}
    say({"open_s": 0.5, "params": params, "filter_params": ["all"], "baseline": baseline})
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            return
        if words == ["bytes"]:
            say({"anonymous": 5000, "mapped": 7})
            continue
        kind, setting, count, last = words
        k = int(last) if kind == "measure" else 10
        nanoseconds, ids = [], []
        began = time.process_time()
        for at, query in enumerate(arrays["queries"][: int(count)]):
            start = time.perf_counter_ns()
            passing = rows
            if kind == "fmeasure":
                column = int(last)
                passing = rows[arrays["attrs"][:, column] == arrays["fval"][at, column]]
            ids.append(best(arrays["base"], query, passing[:: 2 if setting.startswith("half") else 1], k))
            nanoseconds.append(time.perf_counter_ns() - start)
        say({"ns": nanoseconds, "cpu_s": time.process_time() - began, "ids": ids})


def say(answer: dict) -> None:
    print(json.dumps(answer), flush=True)


def main() -> None:
    given, chosen = sys.argv[1:], ""
    if given[0] == "--instruction-set":
        _, chosen, *given = given
    task, data, index, *options = given
    if task == "serve":
        print("a line that is no answer", flush=True)
        return serve(Path(data), chosen)
    if options == ["--layout", "broken"]:
        sys.exit("this layout is broken")
    Path(index).mkdir()
    with (Path(index).parent / "builds").open("a") as log:
        print(*options, file=log)
    say({"build_s": 2.0, "cpu_s": 1.5, "file_bytes": 100})


if __name__ == "__main__":
    main()
