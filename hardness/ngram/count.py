"""Count the keys of partitions, each in a table that fits a core's cache.

Legend: B blocks of records, P partitions here, S keys here.
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit

from hardness.ngram.slots import find_slot, grown, nonzero

FIRST = 1
"""Low bit of a returned count: set at the first position that has the key."""

_SMALLEST_TABLE = 1024


@njit(nogil=True, cache=True)
def count_partitions(keys, bounds, n_fitted, counts):
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
    n_slots = _SMALLEST_TABLE
    slot_keys = np.zeros(n_slots, dtype=np.uint64)
    slot_entries = np.empty(n_slots, dtype=np.uint32)
    entry_counts = np.empty(n_slots // 2, dtype=np.uint64)
    n_distinct = 0
    for p in range(bounds.shape[1] - 1):
        slot_keys.fill(0)
        n_entries = int64(0)
        for block in range(n_fitted):
            i, stop = bounds[block, p], bounds[block, p + 1]
            while True:
                i, n_entries = _add(
                    keys, i, stop, slot_keys, slot_entries, entry_counts, n_entries, counts
                )
                if i == stop:
                    break
                slot_keys, slot_entries = grown(slot_keys, slot_entries)
                entry_counts = _extended(entry_counts)
        due = int64(0)
        for block in range(bounds.shape[0]):
            i, stop = bounds[block, p], bounds[block, p + 1]
            if block < n_fitted:
                due = _replace_entries(i, stop, entry_counts, due, counts)
            else:
                _look_up(keys, i, stop, slot_keys, slot_entries, entry_counts, counts)
        n_distinct += n_entries
    return n_distinct


@njit(nogil=True, cache=True)
def _add(keys, start, stop, slot_keys, slot_entries, entry_counts, n_entries, counts):
    """Count keys from `start` on, leaving each one's entry number in `counts`.

    Returns:
        Where it stopped, `stop` or earlier where the table is half full, and the entries in use.
    """
    for i in range(start, stop):
        key = nonzero(keys[i])
        slot = find_slot(slot_keys, key)
        if slot_keys[slot] == 0:
            if n_entries == len(entry_counts):
                return i, n_entries
            slot_keys[slot] = key
            slot_entries[slot] = n_entries
            entry_counts[n_entries] = 0
            n_entries += 1
        entry = slot_entries[slot]
        entry_counts[entry] += 1
        counts[i] = entry
    return stop, n_entries


@njit(nogil=True, cache=True)
def _replace_entries(start, stop, entry_counts, due, counts):
    """Turn entry numbers into counts.

    Entries are numbered in the order of their first places, so the first place of an entry is
    where the number that is due next turns up.
    """
    for i in range(start, stop):
        entry = counts[i]
        first = entry == due
        due += first
        counts[i] = 2 * entry_counts[entry] + first
    return due


@njit(nogil=True, cache=True)
def _look_up(keys, start, stop, slot_keys, slot_entries, entry_counts, counts):
    for i in range(start, stop):
        slot = find_slot(slot_keys, nonzero(keys[i]))
        counts[i] = 0 if slot_keys[slot] == 0 else 2 * entry_counts[slot_entries[slot]]


@njit(nogil=True, cache=True)
def _extended(values):
    longer = np.empty(2 * len(values), dtype=np.uint64)
    for i in range(len(values)):
        longer[i] = values[i]
    return longer
