"""Rows of (class, count) pairs, one for each n-gram, and how a position finds its own.

Most n-grams occur in few classes, so what is known of an n-gram is a row of pairs. A position has
its row as one uint64, its value, from the low bit up:

    1 bit    FIRST   set at the first place of each distinct counted n-gram
    1 bit    POOLED  whether the row lies in the pool
    16 bits          the class of a row of one pair; the span whose pool the row is in
    46 bits          the count of a row of one pair, 0 for an empty row; where the row begins

A row in a pool is its number of pairs, then class and count of each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import int64, njit, uint64

FIRST = np.uint64(1)
POOLED = np.uint64(2)
_SMALL_SHIFT = np.uint64(2)
_SMALL_MASK = np.uint64(0xFFFF)
_LARGE_SHIFT = np.uint64(18)

MOST_CLASSES = 0xFFFF


class Rows(NamedTuple):
    """The rows at the positions of some records, one n-gram order after the other.

    Attributes:
        values: uint64 (K, T), see above.
        pool: unsigned, the pools of all orders and spans.
        bases: int64 (K, number of spans), where each one begins.
    """

    values: np.ndarray
    pool: np.ndarray
    bases: np.ndarray


def no_rows(n_orders: int, pool: np.ndarray) -> Rows:
    """Rows of no position, with a pool of the type of another."""
    return Rows(
        values=np.empty((n_orders, 0), dtype=np.uint64),
        pool=pool[:0],
        bases=np.zeros((n_orders, 0), dtype=np.int64),
    )


@njit(inline="always")
def is_pooled(value):
    """Whether the row lies in a pool."""
    return (value & POOLED) != 0


@njit(inline="always")
def small(value):
    """The class of a row of one pair; the span of a pooled row."""
    return int64((value >> _SMALL_SHIFT) & _SMALL_MASK)


@njit(inline="always")
def large(value):
    """The count of a row of one pair; where a pooled row begins."""
    return int64(value >> _LARGE_SHIFT)


@njit(inline="always")
def pack(low, small_part, large_part):
    """The value of these parts; low is `FIRST` and `POOLED`, where they are set."""
    return low | (uint64(small_part) << _SMALL_SHIFT) | (uint64(large_part) << _LARGE_SHIFT)


@njit(inline="always")
def occurs_once(value):
    """Whether the n-gram occurs once in all."""
    return not is_pooled(value) and large(value) == 1


@njit(nogil=True, cache=True)
def total(rows, t):
    """How often the unigram at position t occurs in all classes."""
    value = rows.values[0, t]
    if not is_pooled(value):
        return large(value)
    at = rows.bases[0, small(value)] + large(value)
    n = int64(0)
    for pair in range(int64(rows.pool[at])):
        n += int64(rows.pool[at + 2 + 2 * pair])
    return n
