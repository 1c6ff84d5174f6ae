"""How often the n-grams of a record occur in the record itself."""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint64

from hardness.ngram.class_rows import FIRST, is_pooled, large, occurs_once, total
from hardness.ngram.keys import ngram_key

_SMALLEST_TABLE = 16


@njit(nogil=True, cache=True)
def own_table(longest):
    """Keys, stamps and counts of a hash table with room for a record of `longest` positions."""
    capacity = _capacity(longest)
    return (
        np.empty(capacity, dtype=np.uint64),
        np.zeros(capacity, dtype=np.int64),
        np.empty(capacity, dtype=np.int64),
    )


@njit(inline="always")
def _capacity(length):
    capacity = _SMALLEST_TABLE
    while capacity < 2 * length:
        capacity *= 2
    return capacity


@njit(nogil=True, cache=True)
def count_own_ngrams(ids, start, length, values, table, stamp, own):
    """Count each position's k-grams within its record.

    Args:
        ids: uint64 (T,), see `Tokens`.
        start, length: the record's positions.
        values: uint64 (K, T), of `Rows`; what occurs once in all is not looked at.
        table: from `own_table`; an entry is in use where its stamp is the stamp of the moment, so
            that nothing has to be cleared.
        stamp: the last stamp used.
        own: int64 (K, >= length), filled.

    Returns:
        The last stamp used.
    """
    slot_keys, slot_stamps, slot_counts = table
    mask = uint64(_capacity(length) - 1)
    for k in range(values.shape[0]):
        stamp += 1
        for i in range(length):
            # A k-gram occurs no more often than what it ends with.
            if occurs_once(values[k, start + i]) or (k > 0 and own[k - 1, i] == 1):
                own[k, i] = -1
                continue
            key = ngram_key(ids, start, start + i, k + 1)
            slot = key & mask
            while slot_stamps[slot] == stamp and slot_keys[slot] != key:
                slot = (slot + uint64(1)) & mask
            if slot_stamps[slot] != stamp:
                slot_stamps[slot] = stamp
                slot_keys[slot] = key
                slot_counts[slot] = 0
            slot_counts[slot] += 1
            own[k, i] = slot
        for i in range(length):
            own[k, i] = 1 if own[k, i] < 0 else slot_counts[own[k, i]]
    return stamp


@njit(nogil=True, cache=True)
def own_types(values, own, start, length):
    """How many types only this record has: all of their places are in it, and so in its class.

    Args:
        values: uint64 (T,), of the unigrams.
        own: int64 (>= length,), their counts in the record.
        start, length: the record's positions.
    """
    n_types = int64(0)
    for i in range(length):
        value = values[start + i]
        n_types += (value & FIRST) != 0 and not is_pooled(value) and large(value) == own[i]
    return n_types


@njit(nogil=True, cache=True)
def count_exclusive_class_types(starts, rows, own_rows, out):
    """For each record, the types whose first counted place is there and that nothing held in has.

    Summed over what is held out together, this is by how much V falls.

    Args:
        starts: int64 (n + 1,).
        rows, own_rows: counts of the unigrams, and those within what is held out.
        out: int64 (n,), filled.
    """
    for record in range(len(starts) - 1):
        out[record] = 0
        for t in range(starts[record], starts[record + 1]):
            if rows.values[0, t] & FIRST:
                out[record] += total(rows, t) == total(own_rows, t)
