"""The hash table that kernels count in: open addressing, linear probing, keys that are hashes."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64


@njit(inline="always")
def nonzero(key):
    # 0 marks a free slot; the one key that is 0 shares the count of key 1.
    return key | uint64(key == 0)


@njit(inline="always")
def find_slot(slot_keys, key):
    """The slot that holds the key, or the free one where it belongs (linear probing).

    The high bits chose the partition, so the low ones choose the slot.
    """
    mask = uint64(len(slot_keys) - 1)
    slot = key & mask
    while slot_keys[slot] != 0 and slot_keys[slot] != key:
        slot = (slot + uint64(1)) & mask
    return slot


@njit(nogil=True, cache=True)
def grown(slot_keys, slot_entries):
    """The same table with twice the slots."""
    keys = np.zeros(2 * len(slot_keys), dtype=np.uint64)
    entries = np.empty(2 * len(slot_keys), dtype=np.uint32)
    for old in range(len(slot_keys)):
        if slot_keys[old] != 0:
            slot = find_slot(keys, slot_keys[old])
            keys[slot] = slot_keys[old]
            entries[slot] = slot_entries[old]
    return keys, entries
