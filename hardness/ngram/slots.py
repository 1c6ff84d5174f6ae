"""The hash table that kernels count in: open addressing, linear probing, keys that are hashes."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

SMALLEST_TABLE = 1024
"""Slots to begin with."""

FULL = -1
"""What a kernel returns that has half filled its table, to be called anew with twice the slots.

Tables stay as large for the partitions that follow, so few are counted twice; a kernel that made
tables itself would take half a second longer to compile."""


def key_table(n_slots: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys uint64 and entries uint32, (n_slots,) each, a power of two; to be cleared."""
    return np.empty(n_slots, dtype=np.uint64), np.empty(n_slots, dtype=np.uint32)


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
