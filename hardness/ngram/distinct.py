"""Lists of distinct n-grams, and how the n-grams of one order hang on those one shorter.

Legend: T predicted positions of a block of records, D distinct n-grams whose first position is in
the block, P partitions of the key space.

A distinct k-gram is represented by its first position. The first position of a k-gram is the first
position of the (k + 1)-gram that ends there too, so every order's list is part of the list of the
next order, and going down from the highest order the lists shrink.

The depth of a position is the number of tokens before it in its record (at most `DEEPEST`). A
k-gram begins with `<s>` where the depth is k - 2, and is padded with several where it is less;
padded ones are needed for counting and are never part of a model.
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint32, uint64

from hardness.ngram.count import FIRST
from hardness.ngram.keys import ngram_key

DEEPEST = 15
"""Depths above it are all the same to n-grams of up to that many tokens."""

NOWHERE = np.uint32(0xFFFFFFFF)
"""The place of an n-gram that was not routed."""


def list_distinct(
    starts: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct n-grams whose first position is in the block.

    Args:
        starts: int64 (n + 1,), see `Tokens`.
        counts: unsigned (T,), 2·count + `FIRST` of the n-gram that ends at each position.

    Returns:
        positions uint32 (D,), increasing, depths uint8 (D,) and counts unsigned (D,).
    """
    n_distinct = np.count_nonzero(counts & FIRST)
    positions = np.empty(n_distinct, dtype=np.uint32)
    depths = np.empty(n_distinct, dtype=np.uint8)
    raw = np.empty(n_distinct, dtype=counts.dtype)
    _list_distinct(starts, counts, positions, depths, raw)
    return positions, depths, raw


@njit(nogil=True, cache=True)
def _list_distinct(starts, counts, positions, depths, raw):
    j = 0
    for record in range(len(starts) - 1):
        start = starts[record]
        for t in range(start, starts[record + 1]):
            if counts[t] & FIRST:
                positions[j] = t
                depths[j] = min(t - start, DEEPEST)
                raw[j] = counts[t] >> 1
                j += 1


def route(
    ids: np.ndarray,
    positions: np.ndarray,
    depths: np.ndarray,
    order: int,
    back: int,
    least_depth: int,
    n_bits: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Route keys of listed n-grams to partitions.

    Args:
        ids: uint64 (T,), see `Tokens`.
        positions, depths: (D,), a list.
        order: of the keys, 1 to 5.
        back: the key is that of the n-gram which ends this many tokens before the position: 0 for
            suffixes, 1 for contexts.
        least_depth: n-grams at a lower depth are left out.
        n_bits: log2 P.

    Returns:
        keys uint64 (routed,), partition after partition and in the list's order in each; bounds
        int64 (P + 1,) of the partitions; places uint32 (D,) of each listed n-gram, `NOWHERE` for
        those left out.
    """
    keys = np.empty(len(positions), dtype=np.uint64)
    bounds = np.zeros((1 << n_bits) + 1, dtype=np.int64)
    cursors = np.empty(1 << n_bits, dtype=np.int64)
    routed = np.empty(np.count_nonzero(depths >= least_depth), dtype=np.uint64)
    places = np.empty(len(positions), dtype=np.uint32)
    given = (ids, positions, depths, order, back, least_depth, n_bits)
    _route(*given, keys, bounds, cursors, routed, places)
    return routed, bounds, places


@njit(nogil=True, cache=True)
def _route(
    ids, positions, depths, order, back, least_depth, n_bits, keys, bounds, cursors, routed, places
):
    for j in range(len(positions)):
        if depths[j] < least_depth:
            continue
        t = int64(positions[j])
        keys[j] = ngram_key(ids, t - int64(depths[j]), t - back, order)
        bounds[_partition(keys[j], n_bits) + 1] += 1
    for p in range(len(cursors)):
        cursors[p] = bounds[p]
        bounds[p + 1] += bounds[p]
    for j in range(len(positions)):
        if depths[j] < least_depth:
            places[j] = NOWHERE
            continue
        p = _partition(keys[j], n_bits)
        places[j] = cursors[p]
        routed[cursors[p]] = keys[j]
        cursors[p] += 1


def scatter(places: np.ndarray, values: np.ndarray, flags: np.ndarray, size: int) -> np.ndarray:
    """Bring 2·value + flag to the places of routed keys.

    Args:
        places: uint32 (D,), from `route`.
        values: unsigned (D,).
        flags: bool (D,).
        size: number of routed keys.
    """
    out = np.empty(size, dtype=values.dtype)
    _scatter(places, values, flags, out)
    return out


@njit(nogil=True, cache=True)
def _scatter(places, values, flags, out):
    for j in range(len(places)):
        if places[j] != NOWHERE:
            out[places[j]] = 2 * values[j] + flags[j]


def gather(places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Bring values at the places of routed keys back to the list; 0 where nothing was routed."""
    out = np.zeros(len(places), dtype=values.dtype)
    _gather(places, values, out)
    return out


@njit(nogil=True, cache=True)
def _gather(places, values, out):
    for j in range(len(places)):
        if places[j] != NOWHERE:
            out[j] = values[places[j]]


def scatter_sublist(
    positions: np.ndarray, places: np.ndarray, sub_positions: np.ndarray, sub_values: np.ndarray
) -> np.ndarray:
    """Bring values of the list one order lower, which is part of this one, to its suffixes' places.

    Args:
        positions, places: uint32 (D,), a list and where its suffixes were routed; all were.
        sub_positions: uint32 (d,), the list one order lower.
        sub_values: float32 (d,).

    Returns:
        float32 (D,), 0 at the places of n-grams whose suffix is not first there.
    """
    out = np.zeros(len(positions), dtype=sub_values.dtype)
    _scatter_sublist(positions, places, sub_positions, sub_values, out)
    return out


@njit(nogil=True, cache=True)
def _scatter_sublist(positions, places, sub_positions, sub_values, out):
    i = 0
    for j in range(len(positions)):
        if i < len(sub_positions) and sub_positions[i] == positions[j]:
            out[places[j]] = sub_values[i]
            i += 1


def share_first(entries: np.ndarray, bounds: np.ndarray, values: np.ndarray) -> None:
    """Give every suffix the value that stands at the first place of its kind.

    Args:
        entries: uint32 (S,), from `hardness.ngram.kneser_ney.tabulate`, block after block.
        bounds: int64 (B, P + 1), where each block's partitions begin and end.
        values: float32 (S,), changed.
    """
    # No partition has more entries than suffixes.
    most = int(np.diff(bounds).sum(axis=0).max(initial=0))
    _share_first(entries, bounds, values, np.empty(most, dtype=values.dtype))


@njit(nogil=True, cache=True)
def _share_first(entries, bounds, values, table):
    for p in range(bounds.shape[1] - 1):
        due = int64(0)
        for block in range(bounds.shape[0]):
            for i in range(bounds[block, p], bounds[block, p + 1]):
                entry = entries[i]
                if entry == due:
                    table[entry] = values[i]
                    due += 1
                else:
                    values[i] = table[entry]


@njit(inline="always")
def _partition(key, n_bits):
    # A shift by 64 is undefined, so two shifts.
    return uint32((key >> uint64(1)) >> uint64(63 - n_bits))
