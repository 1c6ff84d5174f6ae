"""How often the n-grams of a record occur in the record itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, uint64

from hardness.ngram.keys import ngram_key

_SMALLEST_TABLE = 64
_PLACES, _KEYS, _BEFORE, _FIRST = range(4)
"""Rows of the scratch memory."""


class OwnRoom(NamedTuple):
    """Made outside of kernels, which take long to compile what makes arrays.

    Attributes:
        own, often: int64 and bool (K, longest).
        last: int64, a power of two.
        scratch: int64 (4, longest).
    """

    own: np.ndarray
    often: np.ndarray
    last: np.ndarray
    scratch: np.ndarray


@njit(inline="always")
def _capacity(length):
    capacity = _SMALLEST_TABLE
    while capacity < 2 * length:
        capacity *= 2
    return capacity


def own_room(n_orders: int, longest: int) -> OwnRoom:
    """Memory to count the n-grams of records of up to `longest` positions."""
    longest = max(longest, n_orders)  # `count_own` looks up place k - 1 in shorter records, too
    return OwnRoom(
        own=np.zeros((n_orders, longest), dtype=np.int64),
        often=np.empty((n_orders, longest), dtype=np.bool_),
        last=np.zeros(_capacity.py_func(longest), dtype=np.int64),
        scratch=np.empty((4, longest), dtype=np.int64),
    )


@njit(nogil=True, cache=True)
def count_own(ids, start, length, own, often, last, scratch, stamp):
    """Count the k-grams of one record that occur in that record.

    An n-gram is at most as frequent as the n-grams of one token less that it contains, and as it
    is over all records, so most of the long ones are known to occur once without being looked at.
    The others are found in a hash table whose slots hold the last place that came there, from
    which a chain leads to those before it: linear in the record's length.

    Args:
        ids: uint64 (T,), see `Tokens`.
        start, length: the record's positions.
        own: int64 (K, >= max(length, K)), filled.
        often: bool (K, >= length), whether the k-gram at each position may occur more than once.
        last: int64 (>= 2·length, a power of two), a stamp and a place; below the stamp of the
            moment it is of another record or order, so that nothing has to be cleared.
        scratch: int64 (4, >= length).
        stamp: above every entry of `last`; 1 at first.

    Returns:
        The next stamp.
    """
    mask = uint64(_capacity(length) - 1)
    for k in range(own.shape[0]):
        # No branch: which n-grams may occur again is a matter of chance.
        n_open = 0
        for i in range(length):
            own[k, i] = 1
            scratch[_PLACES, n_open] = i
            open_ = often[k, i]
            if k > 0:
                # The first k positions have `<s>` in their n-gram and so occur once.
                open_ &= (i >= k) & (own[k - 1, i] > 1) & (own[k - 1, max(i, k) - 1] > 1)
            n_open += open_
        for a in range(n_open):
            i = scratch[_PLACES, a]
            key = ngram_key(ids, start, start + i, k + 1)
            slot = key & mask
            b = last[slot] - stamp
            last[slot] = stamp + a
            scratch[_KEYS, a] = key
            scratch[_BEFORE, a] = b
            while b >= 0 and uint64(scratch[_KEYS, b]) != key:
                b = scratch[_BEFORE, b]
            scratch[_FIRST, a] = i
            if b >= 0:
                scratch[_FIRST, a] = scratch[_FIRST, b]
                own[k, scratch[_FIRST, b]] += 1
        for a in range(n_open):
            own[k, scratch[_PLACES, a]] = own[k, scratch[_FIRST, a]]
        stamp += n_open
    return stamp
