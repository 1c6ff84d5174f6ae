"""The distinct tokens of one record, numbered.

Legend: n tokens of the record, without its end mark; S slots.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from hardness.ngram.slots import find_slot, nonzero

_SMALLEST_TABLE = 16


@njit(nogil=True, cache=True)
def table_size(n_tokens):
    """Slots of a table that so many tokens at most half fill: a power of two."""
    size = _SMALLEST_TABLE
    while size < 2 * n_tokens:
        size *= 2
    return size


@njit(nogil=True, cache=True)
def most_tokens(starts):
    """Tokens of the longest record; starts int64 (records + 1,), see `Tokens`."""
    most = 0
    for record in range(len(starts) - 1):
        most = max(most, starts[record + 1] - starts[record] - 1)
    return most


@njit(nogil=True, cache=True)
def number_types(tokens, slot_keys, slot_types, types):
    """Number the types of a record in the order of their first places.

    Args:
        tokens: uint64 (n,).
        slot_keys, slot_types: uint64 and int64 (S,), S = `table_size` of n or more; scratch.
        types: int64 (n,), filled with each token's type.

    Returns:
        The number of types.
    """
    size = table_size(len(tokens))
    keys = slot_keys[:size]
    keys.fill(0)
    n_types = 0
    for i in range(len(tokens)):
        key = nonzero(tokens[i])
        slot = find_slot(keys, key)
        if keys[slot] == 0:
            keys[slot] = key
            slot_types[slot] = n_types
            n_types += 1
        types[i] = slot_types[slot]
    return n_types


@njit(nogil=True, cache=True)
def scratch(starts):
    """Arrays for `number_types` that fit every record: slot_keys, slot_types, types."""
    n_tokens = most_tokens(starts)
    size = table_size(n_tokens)
    return (
        np.empty(size, dtype=np.uint64),
        np.empty(size, dtype=np.int64),
        np.empty(n_tokens, dtype=np.int64),
    )
