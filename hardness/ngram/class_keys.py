"""N-gram keys split by their high bits, each with the class of its record beside it.

Legend: n records, T predicted positions, P partitions (a power of two).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from hardness.ngram.keys import partition_keys

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
    keys, bounds = partition_keys(ids, starts, order, salts, n_bits, slots)
    classes = np.empty(len(ids), dtype=np.uint16)
    _route_classes(starts, labels, slots, classes)
    return keys, classes, bounds


@njit(nogil=True, cache=True)
def _route_classes(starts, labels, slots, classes):
    for record in range(len(starts) - 1):
        label = labels[record] if labels[record] >= 0 else NO_CLASS
        for t in range(starts[record], starts[record + 1]):
            classes[slots[t]] = label


@njit(nogil=True, cache=True)
def return_values(values, slots, out):
    """Bring what was found for each key back to its position: out uint64 (T,) is filled."""
    for t in range(len(slots)):
        out[t] = values[slots[t]]
