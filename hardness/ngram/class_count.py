"""Count how often each n-gram occurs in each class, and bring the counts to its places.

Every block has a pool of rows of its own (see `hardness.ngram.class_rows`), so that scoring it
takes no more than what occurs in it.

Legend: B blocks of records, P partitions here, S keys here, C classes, E distinct n-grams.
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint64

from hardness.ngram.class_keys import NO_CLASS
from hardness.ngram.class_rows import POOLED, pack
from hardness.ngram.slots import find_slot, grown, nonzero

_SMALLEST_TABLE = 1024


@njit(nogil=True, cache=True)
def count_classes(keys, classes, bounds, n_fitted, n_classes, span, empty_pool, values):
    """Count every key in every class and write the value to each of its places.

    Keys of the first `n_fitted` blocks that have a class are counted; others are only looked up.

    Args:
        keys: uint64 (S,), block after block, partition after partition inside a block.
        classes: uint16 (S,), below C or `NO_CLASS`.
        bounds: int64 (B, P + 1), where the keys of each block's partitions begin and end.
        n_fitted: number of blocks that are counted, 0 to B.
        n_classes: C.
        span: number of this call among those of one order, up to 65535.
        empty_pool: an array of the pools' type.
        values: uint64 (S,), filled.

    Returns:
        E; the pools of all blocks, one after the other; and int64 (B + 1,) where each begins.
    """
    n_blocks = bounds.shape[0]
    n_partitions = bounds.shape[1] - 1
    slot_keys = np.zeros(_SMALLEST_TABLE, dtype=np.uint64)
    slot_entries = np.empty(_SMALLEST_TABLE, dtype=np.uint32)
    entries = np.empty(len(keys), dtype=np.uint32)
    tally = np.zeros(n_classes, dtype=np.int64)
    pool = np.empty(_SMALLEST_TABLE, dtype=empty_pool.dtype)
    segments = np.zeros((n_partitions, n_blocks + 1), dtype=np.int64)
    in_pools = np.zeros(n_blocks, dtype=np.int64)
    n_distinct = 0
    for p in range(n_partitions):
        slot_keys.fill(0)
        slot_keys, slot_entries, n_entries = _number(
            keys, classes, bounds[:n_fitted, p : p + 2], slot_keys, slot_entries, entries
        )
        row_bounds, row_classes, row_counts = _make_rows(
            classes, bounds[:n_fitted, p : p + 2], entries, n_entries, tally
        )
        pool = _write_values(
            keys, classes, bounds[:, p : p + 2], n_fitted, span, (slot_keys, slot_entries), entries,
            (row_bounds, row_classes, row_counts), pool, segments[p], in_pools, values,
        )  # fmt: skip
        if p + 1 < n_partitions:
            segments[p + 1, 0] = segments[p, n_blocks]
        n_distinct += n_entries
    gathered, pool_bounds = _gather(pool, segments, in_pools)
    return n_distinct, gathered, pool_bounds


@njit(nogil=True, cache=True)
def _number(keys, classes, bounds, slot_keys, slot_entries, entries):
    """Number the distinct keys in the order of their first places, and note each place's number."""
    n_entries = int64(0)
    for block in range(bounds.shape[0]):
        for i in range(bounds[block, 0], bounds[block, 1]):
            if classes[i] == NO_CLASS:
                continue
            key = nonzero(keys[i])
            slot = find_slot(slot_keys, key)
            if slot_keys[slot] == 0:
                if 2 * n_entries >= len(slot_keys):
                    slot_keys, slot_entries = grown(slot_keys, slot_entries)
                    slot = find_slot(slot_keys, key)
                slot_keys[slot] = key
                slot_entries[slot] = n_entries
                n_entries += 1
            entries[i] = slot_entries[slot]
    return slot_keys, slot_entries, n_entries


@njit(nogil=True, cache=True)
def _make_rows(classes, bounds, entries, n_entries, tally):
    """The rows of one partition: bounds int64 (E + 1,), classes and counts of all pairs.

    Classes are sorted by entry, then each entry's are tallied; a row's classes come in the order
    of their first places.
    """
    starts = np.zeros(n_entries + 1, dtype=np.int64)
    for block in range(bounds.shape[0]):
        for i in range(bounds[block, 0], bounds[block, 1]):
            if classes[i] != NO_CLASS:
                starts[entries[i] + 1] += 1
    for entry in range(n_entries):
        starts[entry + 1] += starts[entry]
    row_classes = np.empty(starts[n_entries], dtype=np.uint16)
    cursors = starts[:-1].copy()
    for block in range(bounds.shape[0]):
        for i in range(bounds[block, 0], bounds[block, 1]):
            if classes[i] != NO_CLASS:
                row_classes[cursors[entries[i]]] = classes[i]
                cursors[entries[i]] += 1
    row_counts = np.empty(len(row_classes), dtype=np.int64)
    # Pairs are written over the classes they are made of: there are never more of them.
    n_pairs = int64(0)
    for entry in range(n_entries):
        begin, end = starts[entry], starts[entry + 1]
        starts[entry] = n_pairs
        for i in range(begin, end):
            label = row_classes[i]
            if tally[label] == 0:
                row_classes[n_pairs] = label
                n_pairs += 1
            tally[label] += 1
        for i in range(starts[entry], n_pairs):
            row_counts[i] = tally[row_classes[i]]
            tally[row_classes[i]] = 0
    starts[n_entries] = n_pairs
    return starts, row_classes, row_counts


@njit(nogil=True, cache=True)
def _write_values(
    keys, classes, bounds, n_fitted, span, table, entries, rows, pool, segments, in_pools, values
):
    """Write the values of one partition, and to each block's segment of the pool what it needs.

    Args:
        keys, classes, n_fitted, span, values: see `count_classes`.
        bounds: int64 (B, 2), the partition's keys of each block.
        table: slots and entries of `_number`.
        entries: uint32 (S,), as `_number` left it.
        rows: as `_make_rows` returned them.
        pool: the rows written so far.
        segments: int64 (B + 1,), where each block's rows begin in the pool; all but the first are
            filled.
        in_pools: int64 (B,), what each block has in the pool, kept up.

    Returns:
        The pool, or a longer one.
    """
    slot_keys, slot_entries = table
    row_bounds, row_classes, row_counts = rows
    places = np.empty(len(row_bounds) - 1, dtype=np.int64)
    seen_in = np.zeros(len(row_bounds) - 1, dtype=np.int64)
    due = uint64(0)
    for block in range(bounds.shape[0]):
        used = segments[block]
        for i in range(bounds[block, 0], bounds[block, 1]):
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
                places[entry] = in_pools[block] + used - segments[block]
                pool = _with_room(pool, used, 1 + 2 * (end - begin))
                used = _write_row(row_classes, row_counts, begin, end, pool, used)
            values[i] = pack(first | POOLED, span, places[entry])
        in_pools[block] += used - segments[block]
        segments[block + 1] = used
    return pool


@njit(nogil=True, cache=True)
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
def _with_room(pool, used, needed):
    if used + needed <= len(pool):
        return pool
    longer = np.empty(2 * len(pool) + needed, dtype=pool.dtype)
    # Numba compiles an assignment of slices for a second, for the sake of its error message.
    for i in range(used):
        longer[i] = pool[i]
    return longer


@njit(nogil=True, cache=True)
def _gather(pool, segments, in_pools):
    """Bring together what each block has in the pool: all, and int64 (B + 1,) bounds."""
    bounds = np.zeros(len(in_pools) + 1, dtype=np.int64)
    for block in range(len(in_pools)):
        bounds[block + 1] = bounds[block] + in_pools[block]
    gathered = np.empty(bounds[-1], dtype=pool.dtype)
    for block in range(len(in_pools)):
        to = bounds[block]
        for p in range(segments.shape[0]):
            begin, end = segments[p, block], segments[p, block + 1]
            for i in range(begin, end):
                gathered[to] = pool[i]
                to += 1
    return gathered, bounds
