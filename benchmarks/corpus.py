"""A Zipfian corpus, the same for the same seed: JSONL with an `id` and a `text`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from hardness.io.arrow import pc

N_TYPES = 200_000
EXPONENT = 1.25
_LETTERS = np.array(list("etaoinshrdlucmfwypvbgk"))
_CHUNK_RECORDS = 50_000


def zipf_texts(
    rng: np.random.Generator, *, shortest: int, longest: int, records: int
) -> Iterator[pa.Array]:
    """Texts without end, `records` of them at a time.

    Words are drawn from 200,000 types with probability proportional to rank**-1.25; the number of
    words is uniform from `shortest` to `longest`.
    """
    lengths = np.maximum(1, rng.gamma(4, 1.3, N_TYPES).astype(int))
    words = pa.array(["".join(rng.choice(_LETTERS, size=n)) for n in lengths])
    cumulative = np.cumsum(np.arange(1, N_TYPES + 1) ** -EXPONENT)
    while True:
        sizes = rng.integers(shortest, longest + 1, size=records)
        drawn = np.searchsorted(cumulative, rng.random(sizes.sum()) * cumulative[-1])
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        lists = pa.ListArray.from_arrays(offsets, words.take(pa.array(drawn)))
        yield pc.binary_join(lists, " ")


def make_corpus(path: Path, n_tokens: int, *, seed: int = 0) -> None:
    """Write about `n_tokens` tokens in records of 5 to 39 words, 22 on average."""
    rng = np.random.default_rng(seed)
    written = 0
    record = 0
    texts = zipf_texts(rng, shortest=5, longest=39, records=_CHUNK_RECORDS)
    with open(path, "wb") as out:
        while written < n_tokens:
            chunk = next(texts)
            sizes = np.cumsum(pc.count_substring(chunk, " ").to_numpy() + 1)
            chunk = chunk.slice(0, int(np.searchsorted(sizes, n_tokens - written)) + 1)
            lines = (
                f'{{"id": "r{record + i}", "text": "{text}"}}\n'
                for i, text in enumerate(chunk.to_pylist())
            )
            out.write("".join(lines).encode())
            written += int(sizes[len(chunk) - 1])
            record += len(chunk)
