"""The types that only one record has, or one group of records."""

from __future__ import annotations

from numba import int64, njit

from hardness.ngram.class_rows import FIRST, is_pooled, large, total


@njit(inline="always")
def own_types(values, own, start, length):
    """How many types only this record has: all of their places are in it, and so in its class.

    Args:
        values: uint64 (K, T), of which the unigrams' are looked at.
        own: int64 (K, >= length), their counts in the record.
        start, length: the record's positions.
    """
    n_types = int64(0)
    for i in range(length):
        value = values[0, start + i]
        n_types += (value & FIRST) != 0 and not is_pooled(value) and large(value) == own[0, i]
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
