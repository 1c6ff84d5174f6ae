"""A Zipfian corpus, the same for the same seed: JSONL with an `id` and a `text`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from hardness.io.arrow import pc

N_TYPES = 200_000
EXPONENT = 1.25
_LETTERS = np.array(list("etaoinshrdlucmfwypvbgk"))
_CHUNK_RECORDS = 50_000


def make_corpus(path: Path, n_tokens: int, *, seed: int = 0) -> None:
    """Write about `n_tokens` tokens in records of 5 to 39 words, 22 on average.

    Words are drawn from 200,000 types with probability proportional to rank**-1.25.
    """
    rng = np.random.default_rng(seed)
    lengths = np.maximum(1, rng.gamma(4, 1.3, N_TYPES).astype(int))
    words = pa.array(["".join(rng.choice(_LETTERS, size=n)) for n in lengths])
    cumulative = np.cumsum(np.arange(1, N_TYPES + 1) ** -EXPONENT)
    written = 0
    record = 0
    with open(path, "wb") as out:
        while written < n_tokens:
            sizes = rng.integers(5, 40, size=_CHUNK_RECORDS)
            cut = int(np.searchsorted(np.cumsum(sizes), n_tokens - written)) + 1
            sizes = sizes[:cut]
            drawn = np.searchsorted(cumulative, rng.random(sizes.sum()) * cumulative[-1])
            offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
            texts = pc.binary_join(
                pa.ListArray.from_arrays(offsets, words.take(pa.array(drawn))), " "
            )
            lines = (
                f'{{"id": "r{record + i}", "text": "{text}"}}\n'
                for i, text in enumerate(texts.to_pylist())
            )
            out.write("".join(lines).encode())
            written += int(sizes.sum())
            record += len(sizes)
