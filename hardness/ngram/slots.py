"""The hash table that kernels count in: open addressing, linear probing, keys that are hashes.

Tables are made outside of kernels, which take half a second longer to compile if they make arrays.
So a kernel that has half filled its table stops, and goes on in one twice as large.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

SMALLEST_TABLE = 1024
"""Slots to begin with."""

Table = tuple[np.ndarray, np.ndarray]
"""Keys uint64 and entries uint32, (slots,) each; the number of slots is a power of two."""


def key_table(n_slots: int) -> Table:
    """A table that is still to be cleared."""
    return np.empty(n_slots, dtype=np.uint64), np.empty(n_slots, dtype=np.uint32)


def grown(table: Table) -> Table:
    """The same table with twice the slots."""
    larger = key_table(2 * len(table[0]))
    _move(*table, *larger)
    return larger


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


@njit(inline="always")
def clear(slot_keys):
    """Free all slots."""
    for slot in range(len(slot_keys)):
        slot_keys[slot] = 0


@njit(nogil=True, cache=True)
def _move(old_keys, old_entries, slot_keys, slot_entries):
    clear(slot_keys)
    for old in range(len(old_keys)):
        if old_keys[old] != 0:
            slot = find_slot(slot_keys, old_keys[old])
            slot_keys[slot] = old_keys[old]
            slot_entries[slot] = old_entries[old]
