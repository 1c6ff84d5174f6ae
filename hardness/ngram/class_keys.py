"""N-gram keys split by their high bits, each with the class of its record beside it.

Legend: n records, T predicted positions, P partitions (a power of two).
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint64

from hardness.ngram.hashing import finish
from hardness.ngram.keys import ngram_key

NO_CLASS = np.uint16(0xFFFF)
"""Of a record whose n-grams are looked up but not counted."""


def partition_class_keys(
    ids: np.ndarray,
    starts: np.ndarray,
    labels: np.ndarray,
    order: int,
    salts: np.ndarray,
    n_bits: int,
    slots: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Route the keys of one order to partitions, keeping the order of positions inside each.

    Args:
        ids: uint64 (T,), see `Tokens`.
        starts: int64 (n + 1,).
        labels: int32 (n,), the class of each record, or less than 0 for none.
        order: 1 to 5.
        salts: uint64 (n,), mixed into every key of the record, or (0,) for none.
        n_bits: log2 P, 0 to 16.
        slots: unsigned (T,), filled: where the key of each position went.

    Returns:
        keys uint64 (T,), partition after partition; classes uint16 (T,) beside them, `NO_CLASS`
        where there is none; and bounds int64 (P + 1,).
    """
    keys = np.empty(len(ids), dtype=np.uint64)
    classes = np.empty(len(ids), dtype=np.uint16)
    bounds = np.zeros((1 << n_bits) + 1, dtype=np.int64)
    cursors = np.empty_like(bounds)
    _partition_class_keys(
        ids, starts, labels, order, salts, n_bits, cursors, slots, keys, classes, bounds
    )
    return keys, classes, bounds


@njit(nogil=True, cache=True)
def _partition_class_keys(
    ids, starts, labels, order, salts, n_bits, cursors, slots, keys, classes, bounds
):
    for record in range(len(starts) - 1):
        start = starts[record]
        for t in range(start, starts[record + 1]):
            key = _salted(ngram_key(ids, start, t, order), salts, record)
            bounds[_partition(key, n_bits) + 1] += 1
    for p in range(1, len(bounds)):
        cursors[p - 1] = bounds[p - 1]
        bounds[p] += bounds[p - 1]
    for record in range(len(starts) - 1):
        start = starts[record]
        label = labels[record] if labels[record] >= 0 else NO_CLASS
        for t in range(start, starts[record + 1]):
            key = _salted(ngram_key(ids, start, t, order), salts, record)
            p = _partition(key, n_bits)
            keys[cursors[p]] = key
            classes[cursors[p]] = label
            slots[t] = cursors[p]
            cursors[p] += 1


@njit(nogil=True, cache=True)
def return_values(values, slots, out):
    """Bring what was found for each key back to its position: out uint64 (T,) is filled."""
    for t in range(len(slots)):
        out[t] = values[slots[t]]


@njit(inline="always")
def _salted(key, salts, record):
    return finish(key ^ salts[record]) if len(salts) > 0 else key


@njit(inline="always")
def _partition(key, n_bits):
    # A shift by 64 is undefined, so two shifts.
    return int64((key >> uint64(1)) >> uint64(63 - n_bits))
