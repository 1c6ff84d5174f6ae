"""Count the keys of partitions, each in a table that fits a core's cache.

Legend: B blocks of records, P partitions here, S keys here.
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit

from hardness.ngram.slots import SMALLEST_TABLE, clear, find_slot, grown, key_table, nonzero

FIRST = 1
"""Low bit of a returned count: set at the first position that has the key."""


def count_partitions(
    keys: np.ndarray, bounds: np.ndarray, n_fitted: int, counts: np.ndarray
) -> int:
    """Count every key and write the count to each of its places.

    Keys of the first `n_fitted` blocks are counted; keys of the others are only looked up. What is
    written is 2·count, plus `FIRST` at the first place of each distinct counted key, in the order
    of blocks and, inside a block, of places.

    Args:
        keys: uint64 (S,), block after block, partition after partition inside a block.
        bounds: int64 (B, P + 1), where the keys of each block's partitions begin and end.
        n_fitted: number of blocks that are counted, 0 to B.
        counts: unsigned (S,), filled.

    Returns:
        The number of distinct counted keys.
    """
    table = key_table(SMALLEST_TABLE)
    entry_counts = np.empty(SMALLEST_TABLE // 2, dtype=np.uint64)
    n_distinct = 0
    for p in range(bounds.shape[1] - 1):
        n_entries, first = _count_partition(
            keys, bounds, p, n_fitted, 0, 0, *table, entry_counts, counts
        )
        while first >= 0:
            table = grown(table)
            entry_counts = np.concatenate([entry_counts, np.empty_like(entry_counts)])
            n_entries, first = _count_partition(
                keys, bounds, p, n_fitted, n_entries, first, *table, entry_counts, counts
            )
        n_distinct += n_entries
    return n_distinct


@njit(nogil=True, cache=True)
def _count_partition(
    keys, bounds, p, n_fitted, n_entries, first, slot_keys, slot_entries, entry_counts, counts
):
    """Count the keys of one partition from the place `first` on.

    Returns:
        The number of entries in use, and where it stopped as the table is half full, or -1.
    """
    if n_entries == 0:
        clear(slot_keys)
    for block in range(n_fitted):
        for i in range(max(first, bounds[block, p]), bounds[block, p + 1]):
            key = nonzero(keys[i])
            slot = find_slot(slot_keys, key)
            if slot_keys[slot] == 0:
                if n_entries == len(entry_counts):
                    return n_entries, i
                slot_keys[slot] = key
                slot_entries[slot] = n_entries
                entry_counts[n_entries] = 0
                n_entries += 1
            entry = slot_entries[slot]
            entry_counts[entry] += 1
            counts[i] = entry
    # Entries are numbered in the order of their first places, so the first place of an entry is
    # where the number that is due next turns up.
    due = int64(0)
    for block in range(n_fitted):
        for i in range(bounds[block, p], bounds[block, p + 1]):
            entry = counts[i]
            first = entry == due
            due += first
            counts[i] = 2 * entry_counts[entry] + first
    for block in range(n_fitted, bounds.shape[0]):
        for i in range(bounds[block, p], bounds[block, p + 1]):
            slot = find_slot(slot_keys, nonzero(keys[i]))
            counts[i] = 0 if slot_keys[slot] == 0 else 2 * entry_counts[slot_entries[slot]]
    return n_entries, -1
