"""Which records a model sees together, decided by rows and lengths alone.

Partitions begin anywhere, and what a model computes for a record may depend, in the last bits, on
what it is batched with. So batches are made within blocks of rows that are the same however the
data is cut: block k holds the rows [kB, (k + 1)B).

Legend: B rows of a block, n records.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_LEAST_ROWS = 128
"""Enough to find records of like length for a batch, few enough that the blocks which straddle two
partitions, and are computed for both, do not count."""
_SHORT_RECORD = 32
"""Tokens of records so short that a block should still fill a batch with them."""


def block_rows(batch_tokens: int) -> int:
    """B = max(128, batch_tokens / 32)."""
    return max(_LEAST_ROWS, batch_tokens // _SHORT_RECORD)


def blocks(start: int, stop: int, size: int) -> list[tuple[int, int]]:
    """First row and one past the last of every block of `size` rows that meets [start, stop)."""
    first = start // size * size
    return [(row, row + size) for row in range(first, stop, size)]


def batches(lengths: Sequence[int] | np.ndarray, batch_tokens: int) -> list[np.ndarray]:
    """Group records of like length, the longest first, so that memory runs out early if at all.

    Args:
        lengths: (n,) tokens of each record; those of 0 are in no batch.
        batch_tokens: of a batch at most, padding included; a longer record is a batch by itself.

    Returns:
        int64 indices of the records of each batch.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    groups = []
    start = 0
    while start < len(order):
        count = max(1, batch_tokens // int(lengths[order[start]]))
        groups.append(order[start : start + count])
        start += count
    return groups
