"""The peers: how each builds, opens and searches, through its own Python binding.

All get unit vectors, so that inner product, cosine and L2 rank alike. Graphs have M 16 (32 links at the lowest layer)
and ef_construction 200. Settings are texts and rise in recall, with a list for each number of neighbours; a colon parts
the width of the search from how many candidates are scored again exactly.

Each peer uses the vector instructions that its own package picks for the machine.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

TOP = 10
COUNTS = [1, 10, 100]
"""The numbers of neighbours that are asked for."""
LINKS = 16
CONSTRUCTION = 200

Rows = Sequence[int] | np.ndarray

WIDTHS = {
    1: ["1", "2", "4", "8", "16", "32", "64", "128", "256", "600"],
    10: ["10", "16", "24", "32", "48", "64", "96", "128", "192", "256", "400", "600", "1000"],
    100: ["100", "128", "192", "256", "400", "600", "1000", "2000"],
}
FILTER_WIDTHS = ["10", "16", "32", "64", "128", "256", "512", "1024", "2048", "4096", "8192"]
LISTS = ["1", "2", "4", "6", "8", "12", "16", "24", "32", "48", "64", "96", "128", "192", "256", "512", "1024"]
FACTORS = {1: (10, 30, 100), 10: (3, 10, 30), 100: (1, 3, 10)}
"""How many candidates are scored again, as a multiple of the neighbours."""
LEAVES = [2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 200]
AGAIN = {1: (10, 30, 100), 10: (30, 100, 300), 100: (100, 300, 1_000)}
"""How many candidates ScaNN scores again."""


def threads() -> int:
    """As many as there are cores that this process is pinned to."""
    return len(os.sched_getaffinity(0))


def lists(count: int) -> int:
    """Lists of an inverted file: the power of two at or below 2.5 square roots of the rows."""
    return max(64, 2 ** int(math.log2(2.5 * math.sqrt(count))))


class Peer:
    """One engine with one kind of index. The class is the description, an object is the engine at work."""

    label = ""
    """What the tables call it."""
    module = ""
    """The module it lives in; empty for what is ours."""
    package = ""
    """What to install for it."""
    index_of = ""
    """The peer whose index it reads; empty for its own."""
    searches = True
    filters = False
    params: Mapping[int, Sequence[str]] = WIDTHS
    """The settings for each number of neighbours."""
    filter_params: Sequence[str] = FILTER_WIDTHS

    def __init__(self, data: Path, folder: Path) -> None:
        self.data, self.folder = data.resolve(), folder.resolve()
        meta = json.loads((data / "meta.json").read_text())
        self.count, self.dim = int(meta["n"]), int(meta["dim"])
        self.setting, self.k = "", TOP
        self.lib: Any = importlib.import_module(self.module) if self.module else None

    def file(self, name: str) -> str:
        """A path in the folder of the index, as bindings want it."""
        return str(self.folder / name)

    def build(self, base: np.ndarray) -> None:
        """Builds the index and writes it to the folder."""
        raise NotImplementedError

    def open(self) -> None:
        """Opens what `build` wrote."""
        raise NotImplementedError

    def set(self, setting: str) -> None:
        """Takes a setting for the searches that follow."""
        self.setting = setting

    def search(self, query: np.ndarray) -> Rows:
        """The rows nearest to a query."""
        raise NotImplementedError

    def select(self, matches: np.ndarray) -> Any:
        """What `filter` wants for a filter, given as a truth value per row. Made once, not timed."""
        raise NotImplementedError

    def filter(self, query: np.ndarray, selection: Any) -> Rows:
        """The rows nearest to a query among those selected."""
        raise NotImplementedError

    def time(self, queries: np.ndarray, selections: Sequence[Any] | None) -> tuple[list[int], list[Rows]]:
        """One call per query; nanoseconds and rows of each."""
        nanoseconds, found = [], []
        clock = time.perf_counter_ns
        for at, query in enumerate(queries):
            began = clock()
            rows = self.search(query) if selections is None else self.filter(query, selections[at])
            nanoseconds.append(clock() - began)
            found.append(rows)
        return nanoseconds, found


class Hnswlib(Peer):
    label, module, package = "hnswlib", "hnswlib", "hnswlib"

    def build(self, base: np.ndarray) -> None:
        index = self.lib.Index("ip", self.dim)
        index.init_index(self.count, M=LINKS, ef_construction=CONSTRUCTION, random_seed=1)
        index.add_items(base, num_threads=threads())
        index.save_index(self.file("index"))

    def open(self) -> None:
        self.index = self.lib.Index("ip", self.dim)
        self.index.load_index(self.file("index"), max_elements=self.count)
        self.index.set_num_threads(1)

    def set(self, setting: str) -> None:
        self.index.set_ef(int(setting))

    def search(self, query: np.ndarray) -> Rows:
        return self.index.knn_query(query, k=self.k, num_threads=1)[0][0]


class Faiss(Peer):
    module, package = "faiss", "faiss-cpu"

    def describe(self) -> str:
        """The index as the factory of faiss spells it."""
        raise NotImplementedError

    def build(self, base: np.ndarray) -> None:
        self.lib.omp_set_num_threads(threads())
        index = self.lib.index_factory(self.dim, self.describe(), self.lib.METRIC_L2)
        if hasattr(index, "hnsw"):
            index.hnsw.efConstruction = CONSTRUCTION
        index.train(base[:: max(1, self.count // 100_000)])
        index.add(base)
        self.lib.write_index(index, self.file("index"))

    def open(self) -> None:
        self.lib.omp_set_num_threads(1)
        self.index = self.lib.read_index(self.file("index"))

    def parameters(self, setting: str, **selector: Any) -> Any:
        """The search parameters of a setting."""
        return self.lib.SearchParametersIVF(nprobe=int(setting), **selector)

    def set(self, setting: str) -> None:
        self.setting, self.plain = setting, self.parameters(setting)

    def search(self, query: np.ndarray) -> Rows:
        return self.index.search(query[None], self.k, params=self.plain)[1][0]

    def select(self, matches: np.ndarray) -> Any:
        # The selector holds no reference to its bits, so they stay beside it.
        bits = np.packbits(matches, bitorder="little")
        return self.lib.IDSelectorBitmap(bits), bits

    def filter(self, query: np.ndarray, selection: Any) -> Rows:
        return self.index.search(query[None], TOP, params=self.parameters(self.setting, sel=selection[0]))[1][0]


class FaissHnsw(Faiss):
    label, filters = "faiss HNSW", True

    def describe(self) -> str:
        return f"HNSW{LINKS},Flat"

    def parameters(self, setting: str, **selector: Any) -> Any:
        return self.lib.SearchParametersHNSW(efSearch=int(setting), **selector)


class FaissIvfFlat(Faiss):
    label, searches, filters = "faiss IVF flat", False, True
    params, filter_params = {TOP: LISTS}, LISTS

    def describe(self) -> str:
        return f"IVF{lists(self.count)},Flat"


class FaissRefined(Faiss):
    """Codes scanned with fast-scan, and the best of them scored again with the vectors."""

    params = {k: [f"{probes}:{factor}" for probes in LISTS for factor in FACTORS[k]] for k in COUNTS}

    def parameters(self, setting: str, **selector: Any) -> Any:
        probes, factor = setting.split(":")
        # Kept, because the outer parameters hold no reference to the inner.
        self.inner = self.lib.SearchParametersIVF(nprobe=int(probes))
        return self.lib.IndexRefineSearchParameters(k_factor=float(factor), base_index_params=self.inner)


class FaissIvfPq(FaissRefined):
    label = "faiss IVF-PQ fast-scan, refined"

    def describe(self) -> str:
        return f"IVF{lists(self.count)},PQ{self.dim // 2}x4fs,RFlat"


class FaissIvfRabitq(FaissRefined):
    label = "faiss IVF-RaBitQ fast-scan, refined"

    def describe(self) -> str:
        return f"IVF{lists(self.count)},RaBitQfs,RFlat"


class Usearch(Peer):
    label, module, package = "usearch", "usearch.index", "usearch"

    def empty(self) -> Any:
        shape = {"connectivity": LINKS, "expansion_add": CONSTRUCTION, "enable_key_lookups": False}
        return self.lib.Index(ndim=self.dim, metric="ip", dtype="f32", **shape)

    def build(self, base: np.ndarray) -> None:
        index = self.empty()
        index.add(np.arange(self.count, dtype=np.uint64), base, threads=threads())
        index.save(self.file("index"))

    def open(self) -> None:
        self.index = self.empty()
        self.index.load(self.file("index"))

    def set(self, setting: str) -> None:
        self.index.expansion_search = int(setting)

    def search(self, query: np.ndarray) -> Rows:
        return self.index.search(query, self.k, threads=1).keys


class Scann(Peer):
    label, module, package = "ScaNN", "scann", "scann"
    params = {k: [f"{leaves}:{again}" for leaves in LEAVES for again in AGAIN[k]] for k in COUNTS}

    def build(self, base: np.ndarray) -> None:
        leaves = int(2 * math.sqrt(self.count))
        builder = self.lib.scann_ops_pybind.builder(base, TOP, "dot_product")
        # On unit vectors spherical partitions are more than twice as fast at recall 0.95.
        builder = builder.tree(leaves, 100, training_sample_size=min(self.count, 250_000), spherical=True)
        builder = builder.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(100)
        builder.set_n_training_threads(threads())
        builder.build().serialize(str(self.folder))

    def open(self) -> None:
        self.index = self.lib.scann_ops_pybind.load_searcher(str(self.folder))
        self.index.set_num_threads(1)

    def set(self, setting: str) -> None:
        self.leaves, self.again = map(int, setting.split(":"))

    def search(self, query: np.ndarray) -> Rows:
        again = {"leaves_to_search": self.leaves, "pre_reorder_num_neighbors": self.again}
        return self.index.search(query, final_num_neighbors=self.k, **again)[0]


class Vsag(Peer):
    label, module, package = "VSAG hgraph sq8, reordered", "pyvsag", "pyvsag"

    def empty(self) -> Any:
        graph = {"max_degree": 2 * LINKS, "ef_construction": CONSTRUCTION, "build_thread_count": threads()}
        codes = {"base_quantization_type": "sq8_uniform", "use_reorder": True, "precise_quantization_type": "fp32"}
        space = {"dtype": "float32", "metric_type": "ip", "dim": self.dim}
        return self.lib.Index("hgraph", json.dumps({**space, "index_param": {**graph, **codes}}))

    def build(self, base: np.ndarray) -> None:
        index = self.empty()
        ids = np.arange(self.count, dtype=np.int64)
        index.build(vectors=base, ids=ids, num_elements=self.count, dim=self.dim)
        index.save(self.file("index"))

    def open(self) -> None:
        self.lib.set_logger_off()
        self.index = self.empty()
        self.index.load(self.file("index"))

    def set(self, setting: str) -> None:
        self.plain = json.dumps({"hgraph": {"ef_search": int(setting)}})

    def search(self, query: np.ndarray) -> Rows:
        return self.index.knn_search(vector=query, k=self.k, parameters=self.plain)[0]


class Symqg(Peer):
    """SymphonyQG: a graph whose nodes hold 1-bit codes of their neighbours, and the vectors to score again with."""

    module, package = "rabitqlib", "rabitqlib"
    bits = 0
    """Bits of a component of the stored vectors; 0 is the vectors as they are."""

    def build(self, base: np.ndarray) -> None:
        index = self.lib.SymqgIndex(self.dim, 2 * LINKS, "l2", self.bits)
        index.build(base, CONSTRUCTION, threads(), "pipnn")
        index.save(self.file("index"))

    def open(self) -> None:
        self.index = self.lib.SymqgIndex.load(self.file("index"))

    def set(self, setting: str) -> None:
        self.width = int(setting)

    def search(self, query: np.ndarray) -> Rows:
        return self.index.search(query[None], self.k, self.width, 1)[0][0]


class SymqgRaw(Symqg):
    label = "SymphonyQG, raw vectors"


class Symqg8Bit(Symqg):
    label, bits = "SymphonyQG, 8 bits", 8


class Zvec(Peer):
    """A collection with one vector field: ids are texts, and the vectors stay in the collection for scoring again."""

    label, module, package = "zvec HNSW int8", "zvec", "zvec"
    params = {k: [f"{width}:{kind}" for width in widths for kind in ("int8", "refined")] for k, widths in WIDTHS.items()}

    def build(self, base: np.ndarray) -> None:
        self.lib.init(query_threads=1, optimize_threads=threads())
        quantised = {"metric_type": self.lib.MetricType.IP, "quantize_type": self.lib.QuantizeType.INT8}
        graph = self.lib.HnswIndexParam(m=LINKS, ef_construction=CONSTRUCTION, **quantised)
        field = self.lib.VectorSchema("v", self.lib.DataType.VECTOR_FP32, self.dim, index_param=graph)
        schema = self.lib.CollectionSchema(name="peers", vectors=[field])
        collection = self.lib.create_and_open(self.file("index"), schema)
        for start in range(0, self.count, 1_000):
            rows = range(start, min(self.count, start + 1_000))
            collection.insert([self.lib.Doc(id=str(row), vectors={"v": base[row]}) for row in rows])
        collection.optimize()
        collection.flush()

    def open(self) -> None:
        self.lib.init(query_threads=1, optimize_threads=1)
        self.index = self.lib.open(self.file("index"))

    def set(self, setting: str) -> None:
        width, kind = setting.split(":")
        self.plain = self.lib.HnswQueryParam(ef=int(width), is_using_refiner=kind == "refined")

    def search(self, query: np.ndarray) -> Rows:
        asked = self.lib.Query(field_name="v", vector=query, param=self.plain)
        return [found.id for found in self.index.query(asked, topk=self.k, output_fields=[])]


class Exact(Peer):
    """Every row that matches, with numpy."""

    label, searches, filters = "exact scan of the matches, numpy", False, True
    params, filter_params = {TOP: ["0"]}, ["0"]

    def build(self, base: np.ndarray) -> None:
        pass

    def open(self) -> None:
        self.base = np.load(self.data / "base.npy", mmap_mode="r")

    def search(self, query: np.ndarray) -> Rows:
        return self.best(self.base @ query)

    def select(self, matches: np.ndarray) -> np.ndarray:
        return np.flatnonzero(matches)

    def filter(self, query: np.ndarray, selection: np.ndarray) -> Rows:
        return selection[self.best(self.base[selection] @ query)]

    @staticmethod
    def best(scores: np.ndarray) -> np.ndarray:
        """The places of the largest scores, best first."""
        top = min(TOP, len(scores))
        places = np.argpartition(scores, len(scores) - top)[len(scores) - top :]
        return places[np.argsort(-scores[places])]
