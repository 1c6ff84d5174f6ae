"""Find strings among others by a hash table, compared byte by byte where hashes agree.

Legend: n strings to look among, m strings to look for, S slots.
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint64

NOWHERE = -1


@njit(nogil=True, cache=True)
def match_strings(data, offsets, hashes, other_data, other_offsets, other_hashes):
    """The place of each of some strings among others, all of which differ.

    Args:
        data, offsets: uint8 bytes and int64 (n + 1,) bounds of what is looked among.
        hashes: uint64 (n,), of `hardness.ngram.hashing.hash_strings`.
        other_data, other_offsets, other_hashes: the same of what is looked for, (m,).

    Returns:
        int64 (m,) places, `NOWHERE` for strings that are not there; and the place of the first
        string that is there twice, `NOWHERE` where all differ.
    """
    n_slots = 16
    while n_slots < 2 * len(hashes):
        n_slots *= 2
    slots = np.full(n_slots, NOWHERE, dtype=np.int64)
    repeated = int64(NOWHERE)
    for i in range(len(hashes)):
        slot = _find(slots, data, offsets, hashes, data[offsets[i] : offsets[i + 1]], hashes[i])
        if slots[slot] == NOWHERE:
            slots[slot] = i
        elif repeated == NOWHERE:
            repeated = i
    places = np.empty(len(other_hashes), dtype=np.int64)
    for i in range(len(other_hashes)):
        string = other_data[other_offsets[i] : other_offsets[i + 1]]
        places[i] = slots[_find(slots, data, offsets, hashes, string, other_hashes[i])]
    return places, repeated


@njit(nogil=True, cache=True)
def _find(slots, data, offsets, hashes, string, key):
    """The slot of a string, or the free one where it belongs (linear probing)."""
    mask = uint64(len(slots) - 1)
    slot = key & mask
    while slots[slot] != NOWHERE:
        place = slots[slot]
        if hashes[place] == key and _equal(data[offsets[place] : offsets[place + 1]], string):
            break
        slot = (slot + uint64(1)) & mask
    return slot


@njit(nogil=True, cache=True)
def _equal(a, b):
    same = len(a) == len(b)
    i = 0
    while same and i < len(a):
        same = a[i] == b[i]
        i += 1
    return same
