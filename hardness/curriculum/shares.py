"""What orders and selections share: counts of shares, and drawing in turns."""

from __future__ import annotations

import numpy as np

BLOCK = 2**20
"""Indices shuffled at a time where many short passes are."""

SLACK = 1e-9
"""What a product of a share and a count may miss a whole number by and still be that number:
0.29 · 100 is 28.999999999999996 in binary."""


def index_dtype(n: int) -> type[np.signedinteger]:
    """int32 where it holds n, which halves the memory of sequences, and else int64."""
    return np.int32 if n < 2**31 else np.int64


def count_of(share: float, n: int) -> int:
    """share · n to the nearest whole number, halves up; at least 1 of what is not nothing.

    Args:
        share: in [0, 1].
        n: number of records.
    """
    if share <= 0 or n == 0:
        return 0
    return min(max(int(share * n + 0.5 + SLACK), 1), n)


def bucket_edges(n: int, k: int) -> np.ndarray:
    """(k + 1,) int64: where n records are cut into k buckets whose sizes differ by at most one."""
    return np.arange(k + 1, dtype=np.int64) * n // k


def in_turns(size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `size` records drawn without replacement, anew whenever all have been drawn.

    Args:
        size: number of records, at least 1 unless `draws` is 0.
        draws: how many are drawn.
        rng: of the shuffles, one a pass; the first passes do not depend on how many follow.

    Returns:
        (draws,) int32 or int64 in [0, size): passes in random order, the last one perhaps cut off.
    """
    dtype = index_dtype(size)
    drawn = np.empty(draws, dtype=dtype)
    rows = max(BLOCK // max(size, 1), 1)
    for start in range(0, draws, max(rows * size, 1)):
        block = drawn[start : start + rows * size]
        passes = np.tile(np.arange(size, dtype=dtype), (-(-len(block) // size), 1))
        block[:] = rng.permuted(passes, axis=1, out=passes).ravel()[: len(block)]
    return drawn
