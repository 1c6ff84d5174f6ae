"""What the linear proxy costs: CPU time of its kernels for a record, and of compiling them.

python benchmarks/proxy.py
python benchmarks/proxy.py --data snli_train.jsonl --text premise,hypothesis --label label
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from numba import njit

from hardness.demo.sample import write_sample
from hardness.ngram.tokenize import tokenize, tokenizers
from hardness.proxy.features import extract
from hardness.proxy.softmax import bits_for, log_priors, new_weights, observe, train

RUNS = 5
EPOCHS = 5
COMPILE = """
import time
import numpy as np
from hardness.proxy.softmax import new_weights, observe, train
from hardness.proxy.features import extract
from hardness.ngram.tokenize import tokenize, tokenizers
import pyarrow as pa
texts = pa.array(["a b", "b c"])
began = time.process_time()
tokens = tokenize(texts, tokenizers.get("words"))
middle = time.process_time()
found = extract([tokens, tokens])
labels, w = np.zeros(2, np.int32), new_weights(8, 2)
p, rows, f = np.zeros(2, np.float32), np.arange(2), lambda: np.empty(2, np.float32)
train(rows, found.hashes, found.starts, labels, 8, p, w)
observe(rows, found.hashes, found.starts, labels, 8, p, w, f(), np.empty(2, bool), f(), f(),
        np.empty(2, np.int32))
print(time.process_time() - middle)
"""


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", help="JSONL; the generated sample if left out")
    parser.add_argument("--text", default="premise,hypothesis")
    parser.add_argument("--label", default="label")
    parser.add_argument("--records", type=int, default=100_000, help="the data over and over")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or write_sample(Path(folder))[0]
        records = pl.read_ndjson(data)
        compiling = [_compile_seconds(Path(folder)) for _ in range(2)]
    n = arguments.records
    records = records.gather([i % len(records) for i in range(n)])
    texts = [records[name].to_arrow().cast("string") for name in arguments.text.split(",")]
    labels = records[arguments.label].rank("dense").to_numpy().astype(np.int32) - 1
    words = tokenizers.get("words")
    tokens = [tokenize(column, words) for column in texts]
    features = extract(tokens)
    classes = int(labels.max()) + 1
    bits = bits_for(len(features.hashes), classes)
    priors, weights = log_priors(np.bincount(labels)), new_weights(bits, classes)
    order = np.random.default_rng(0).permutation(n)
    args = (features.hashes, features.starts, labels, bits, priors, weights)
    out = [np.empty(n, t) for t in (np.float32, np.bool_, np.float32, np.float32, np.int32)]
    each = len(features.hashes) / n
    print(f"{n:,} records, {each:.0f} features each, {classes} classes, 2^{bits} buckets\n")
    print("| kernel | records a CPU-second | ns a feature |\n|---|---|---|")
    kernels = {
        "tokenise": lambda: [tokenize(column, words) for column in texts],
        "extract features": lambda: extract(tokens),
        "train, one epoch": lambda: train(order, *args),
        "observe, one epoch": lambda: observe(order, *args, *out),
        "floor: look up the features": lambda: _look_up(features.hashes, bits, weights),
    }
    for name, kernel in kernels.items():
        seconds = _cpu_seconds(kernel)
        print(f"| {name} | {n / seconds:,.0f} | {seconds / n / each * 1e9:.1f} |")
    print(
        f"\nCPU seconds of the kernels' first call: {compiling[0]:.1f}, cached {compiling[1]:.2f}"
    )


@njit
def _look_up(hashes, bits, weights):
    """One weight of each feature's bucket."""
    total = 0.0
    for i in range(len(hashes)):
        total += weights[hashes[i] >> (32 - bits), 0]
    return total


def _cpu_seconds(kernel: Callable[[], object]) -> float:
    """The median of some runs after one that is not counted."""
    taken = []
    for _ in range(RUNS + 1):
        began = time.process_time()
        kernel()
        taken.append(time.process_time() - began)
    return float(np.median(taken[1:]))


def _compile_seconds(cache: Path) -> float:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", COMPILE], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


if __name__ == "__main__":
    main()
