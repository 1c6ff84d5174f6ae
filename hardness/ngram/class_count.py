"""Count how often each n-gram occurs in each class, and bring the counts to its places.

Every block has a pool of rows of its own (see `hardness.ngram.class_rows`), so that scoring it
takes no more than what occurs in it.

Legend: B blocks of records, P partitions here, S keys here, C classes, E distinct n-grams.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import int64, njit, uint64

from hardness.ngram.class_keys import NO_CLASS
from hardness.ngram.class_rows import POOLED, pack
from hardness.ngram.slots import SMALLEST_TABLE, clear, find_slot, grown, key_table, nonzero

_SMALLEST_POOL = 1024


class _RowRoom(NamedTuple):
    """Room for the rows of one partition, of which each has no more than there are keys.

    Attributes:
        bounds: int64 (E + 1,), where the pairs of each row begin.
        classes, counts: uint16 and int64, of all pairs.
        cursors: int64 (E,).
    """

    bounds: np.ndarray
    classes: np.ndarray
    counts: np.ndarray
    cursors: np.ndarray

    @staticmethod
    def of(n_keys: int) -> _RowRoom:
        return _RowRoom(
            np.empty(n_keys + 1, dtype=np.int64),
            np.empty(n_keys, dtype=np.uint16),
            np.empty(n_keys, dtype=np.int64),
            np.empty(n_keys, dtype=np.int64),
        )


def count_classes(
    keys: np.ndarray,
    classes: np.ndarray,
    bounds: np.ndarray,
    n_fitted: int,
    n_classes: int,
    span: int,
    dtype: type[np.unsignedinteger],
    values: np.ndarray,
) -> tuple[int, np.ndarray, np.ndarray]:
    """Count every key in every class and write the value to each of its places.

    Keys of the first `n_fitted` blocks that have a class are counted; others are only looked up.

    Args:
        keys: uint64 (S,), block after block, partition after partition inside a block.
        classes: uint16 (S,), below C or `NO_CLASS`.
        bounds: int64 (B, P + 1), where the keys of each block's partitions begin and end.
        n_fitted: number of blocks that are counted, 0 to B.
        n_classes: C.
        span: number of this call among those of one order, up to 65535.
        dtype: of the pools.
        values: uint64 (S,), filled.

    Returns:
        E; the pools of all blocks, one after the other; and int64 (B + 1,) where each begins.
    """
    n_blocks, n_partitions = bounds.shape[0], bounds.shape[1] - 1
    table = key_table(SMALLEST_TABLE)
    entries = np.empty(len(keys), dtype=np.uint32)
    tally = np.zeros(n_classes, dtype=np.int64)
    rows = _RowRoom.of(int(np.diff(bounds[:n_fitted]).sum(axis=0).max(initial=0)))
    seen_in, places = np.empty_like(rows.cursors), np.empty_like(rows.cursors)
    pool = np.empty(_SMALLEST_POOL, dtype=dtype)
    segments = np.zeros((n_partitions, n_blocks + 1), dtype=np.int64)
    pool_bounds = np.zeros(n_blocks + 1, dtype=np.int64)
    in_pools = np.zeros(n_blocks, dtype=np.int64)
    n_distinct = 0
    for p in range(n_partitions):
        found, first = _number(keys, classes, bounds, p, n_fitted, 0, 0, *table, entries)
        while first >= 0:
            table = grown(table)
            found, first = _number(
                keys, classes, bounds, p, n_fitted, found, first, *table, entries
            )
        _make_rows(classes, bounds, p, n_fitted, entries, found, tally, *rows)
        while not _write_values(
            keys, classes, bounds, p, n_fitted, span, *table, entries, found, *rows[:3],
            places, seen_in, pool, segments, in_pools, values,
        ):  # fmt: skip
            pool = np.concatenate([pool, np.empty_like(pool)])
        in_pools += np.diff(segments[p])
        if p + 1 < n_partitions:
            segments[p + 1, 0] = segments[p, n_blocks]
        n_distinct += found
    np.cumsum(in_pools, out=pool_bounds[1:])
    gathered = np.empty(pool_bounds[-1], dtype=dtype)
    _gather(pool, segments, pool_bounds[:-1].copy(), gathered)
    return n_distinct, gathered, pool_bounds


@njit(nogil=True, cache=True)
def _number(keys, classes, bounds, p, n_fitted, n_entries, first, slot_keys, slot_entries, entries):
    """Number the distinct keys in the order of their first places, and note each place's number.

    Args:
        n_entries, first: how many keys are numbered, and from which place on to go on.

    Returns:
        The number of entries in use, and where it stopped as the table is half full, or -1.
    """
    if n_entries == 0:
        clear(slot_keys)
    for block in range(n_fitted):
        for i in range(max(first, bounds[block, p]), bounds[block, p + 1]):
            if classes[i] == NO_CLASS:
                continue
            key = nonzero(keys[i])
            slot = find_slot(slot_keys, key)
            if slot_keys[slot] == 0:
                if 2 * n_entries >= len(slot_keys):
                    return n_entries, i
                slot_keys[slot] = key
                slot_entries[slot] = n_entries
                n_entries += 1
            entries[i] = slot_entries[slot]
    return n_entries, -1


@njit(nogil=True, cache=True)
def _make_rows(
    classes, bounds, p, n_fitted, entries, n_entries, tally,
    row_bounds, row_classes, row_counts, cursors,
):  # fmt: skip
    """Fill the rows of one partition.

    Classes are sorted by entry, then each entry's are tallied; a row's classes come in the order
    of their first places.
    """
    for entry in range(n_entries):
        cursors[entry] = 0
    for block in range(n_fitted):
        for i in range(bounds[block, p], bounds[block, p + 1]):
            if classes[i] != NO_CLASS:
                cursors[entries[i]] += 1
    n_classed = int64(0)
    for entry in range(n_entries):
        row_bounds[entry] = n_classed
        n_classed += cursors[entry]
        cursors[entry] = row_bounds[entry]
    for block in range(n_fitted):
        for i in range(bounds[block, p], bounds[block, p + 1]):
            if classes[i] != NO_CLASS:
                row_classes[cursors[entries[i]]] = classes[i]
                cursors[entries[i]] += 1
    # Pairs are written over the classes they are made of: there are never more of them.
    n_pairs = int64(0)
    for entry in range(n_entries):
        begin, end = row_bounds[entry], cursors[entry]
        row_bounds[entry] = n_pairs
        for i in range(begin, end):
            label = row_classes[i]
            if tally[label] == 0:
                row_classes[n_pairs] = label
                n_pairs += 1
            tally[label] += 1
        for i in range(row_bounds[entry], n_pairs):
            row_counts[i] = tally[row_classes[i]]
            tally[row_classes[i]] = 0
    row_bounds[n_entries] = n_pairs


@njit(nogil=True, cache=True)
def _write_values(
    keys, classes, bounds, p, n_fitted, span, slot_keys, slot_entries, entries, n_entries,
    row_bounds, row_classes, row_counts, places, seen_in, pool, segments, in_pools, values,
):  # fmt: skip
    """Write the values of one partition, and to each block's segment of the pool what it needs.

    Args:
        keys, classes, bounds, n_fitted, span, values: see `count_classes`.
        p: the partition.
        slot_keys, slot_entries, entries, n_entries: as `_number` left them.
        row_bounds, row_classes, row_counts: as `_make_rows` left them.
        places, seen_in: int64 (>= E,), scratch.
        pool: the rows written so far.
        segments: int64 (P, B + 1), where each block's rows begin in the pool; all but the first of
            the partition's are filled.
        in_pools: int64 (B,), what each block has in the pool of the partitions before.

    Returns:
        False if there is not enough room in the pool.
    """
    for entry in range(n_entries):
        seen_in[entry] = 0
    due = uint64(0)
    for block in range(bounds.shape[0]):
        used = segments[p, block]
        for i in range(bounds[block, p], bounds[block, p + 1]):
            first = uint64(0)
            if block < n_fitted and classes[i] != NO_CLASS:
                entry = entries[i]
                # Numbered in the order of first places, so the first is where the next turns up.
                first = uint64(entry == due)
                due += first
            else:
                slot = find_slot(slot_keys, nonzero(keys[i]))
                if slot_keys[slot] == 0:
                    values[i] = 0
                    continue
                entry = slot_entries[slot]
            begin, end = row_bounds[entry], row_bounds[entry + 1]
            if end - begin == 1:
                values[i] = pack(first, row_classes[begin], row_counts[begin])
                continue
            if seen_in[entry] != block + 1:
                seen_in[entry] = block + 1
                places[entry] = in_pools[block] + used - segments[p, block]
                if used + 1 + 2 * (end - begin) > len(pool):
                    return False
                used = _write_row(row_classes, row_counts, begin, end, pool, used)
            values[i] = pack(first | POOLED, span, places[entry])
        segments[p, block + 1] = used
    return True


@njit(inline="always")
def _write_row(row_classes, row_counts, begin, end, pool, used):
    """Write one row to the pool; returns where it ends."""
    pool[used] = end - begin
    used += 1
    for i in range(begin, end):
        pool[used] = row_classes[i]
        pool[used + 1] = row_counts[i]
        used += 2
    return used


@njit(nogil=True, cache=True)
def _gather(pool, segments, cursors, gathered):
    """Bring together what each block has in the pool; cursors int64 (B,) say where it begins."""
    for block in range(len(cursors)):
        to = cursors[block]
        for p in range(segments.shape[0]):
            for i in range(segments[p, block], segments[p, block + 1]):
                gathered[to] = pool[i]
                to += 1
