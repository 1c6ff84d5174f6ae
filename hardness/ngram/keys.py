"""N-gram keys of tokenised records, split by their high bits.

Legend: n records, T predicted positions, P partitions (a power of two).

The key of order k at a position stands for the k tokens that end there, padded on the left with
`<s>`. Two facts make three look-ups per token unnecessary. Every occurrence of a context that is
not the record's beginning ends at a predicted position and is followed by exactly one predicted
token, so the context total h(uv) at position t is the count c(uv) at position t - 1; at the first
position it is the number of records. And counts need not be looked up: keys are routed to
partitions small enough that each one's table fits a core's cache, counted there, and each count is
returned to the position its key came from, by routing in the same order again.
"""

from __future__ import annotations

import numpy as np
from numba import int64, njit, uint64

from hardness.ngram.hashing import BOS, extend, finish


@njit(inline="always")
def ngram_key(ids, start, position, order):
    """The key of the n-gram of `order` tokens that ends at `position` of the record at `start`."""
    first = position - order + 1
    key = ids[first] if first >= start else BOS
    for i in range(first + 1, position + 1):
        key = extend(key, ids[i] if i >= start else BOS)
    return key


_CHUNK = 4096
"""Keys are made this many at a time: 32 KiB, which stay in a core's first caches."""


_COUNT, _PLACE, _RETURN = range(3)
"""What `_pass_over_keys` is there for."""

_NO_KEYS = np.empty(0, dtype=np.uint64)
_NO_SLOTS = _NO_COUNTS = np.empty(0, dtype=np.uint32)


def partition_keys(
    ids: np.ndarray,
    starts: np.ndarray,
    order: int,
    salts: np.ndarray,
    n_bits: int,
    slots: np.ndarray = _NO_SLOTS,
) -> tuple[np.ndarray, np.ndarray]:
    """Route the keys of one order to partitions, keeping the order of positions inside each.

    Args:
        ids: uint64 (T,), see `Tokens`.
        starts: int64 (n + 1,).
        order: 1 to 5.
        salts: uint64 (n,), mixed into every key of the record, or (0,) for none.
        n_bits: log2 P, 0 to 16.
        slots: unsigned (T,), filled: where the key of each position went; (0,) for no need of it.

    Returns:
        keys uint64 (T,), partition after partition, and bounds int64 (P + 1,).
    """
    # Memory that NumPy gets comes in large pages, unlike that of kernels, which moreover take long
    # to compile what makes arrays.
    keys = np.empty(len(ids), dtype=np.uint64)
    bounds = np.zeros((1 << n_bits) + 1, dtype=np.int64)
    chunk = np.empty(_CHUNK, dtype=np.uint64)
    given = (ids, starts, order, salts, n_bits, chunk)
    _pass_over_keys(*given, _COUNT, bounds[1:], keys, slots, _NO_COUNTS, _NO_COUNTS)
    np.cumsum(bounds, out=bounds)
    _pass_over_keys(*given, _PLACE, bounds[:-1].copy(), keys, slots, _NO_COUNTS, _NO_COUNTS)
    return keys, bounds


def return_counts(
    ids: np.ndarray,
    starts: np.ndarray,
    order: int,
    salts: np.ndarray,
    n_bits: int,
    bounds: np.ndarray,
    counts: np.ndarray,
    out: np.ndarray,
) -> None:
    """Bring counts in the layout of `partition_keys` back to the positions of their keys.

    Args:
        ids, starts, order, salts, n_bits: as given to `partition_keys`.
        bounds: int64 (P + 1,), as it returned.
        counts: unsigned (T,), the counts, partition after partition.
        out: unsigned (T,), filled.
    """
    chunk = np.empty(_CHUNK, dtype=np.uint64)
    given = (ids, starts, order, salts, n_bits, chunk)
    _pass_over_keys(*given, _RETURN, bounds[:-1].copy(), _NO_KEYS, _NO_SLOTS, counts, out)


@njit(nogil=True, cache=True)
def _pass_over_keys(
    ids, starts, order, salts, n_bits, chunk, step, cursors, keys, slots, counts, out
):  # fmt: skip
    """Make the keys of all positions in turn and do with each what the step says.

    One kernel for all three steps, so that what makes keys is compiled once.

    Args:
        step: `_COUNT` the keys of each partition; `_PLACE` them, and their slots where there are
            any; or `_RETURN` the counts from their places.
        cursors: int64 (P,), changed: how many keys each partition has so far, or where its next
            one is.
        keys, slots, counts, out: see above; of those that a step has no need of, (0,).
    """
    record = int64(0)
    for begin in range(0, len(ids), _CHUNK):
        record, size = _fill_keys(ids, starts, record, begin, order, salts, chunk)
        if step == _RETURN:
            for i in range(size):
                p = _partition(chunk[i], n_bits)
                slot = cursors[p]
                cursors[p] = slot + 1
                out[begin + i] = counts[slot]
        elif step == _PLACE:
            for i in range(size):
                p = _partition(chunk[i], n_bits)
                slot = cursors[p]
                cursors[p] = slot + 1
                keys[slot] = chunk[i]
                if len(slots) > 0:
                    slots[begin + i] = slot
        else:
            for i in range(size):
                cursors[_partition(chunk[i], n_bits)] += 1


@njit(inline="always")
def _fill_keys(ids, starts, record, begin, order, salts, chunk):
    """Fill the chunk with the keys of the positions from `begin` on.

    Args:
        record: the record that `begin` lies in or that ends there.

    Returns:
        The record that the chunk's end lies in or that ends there, and how many keys were filled.
    """
    end = min(begin + len(chunk), len(ids))
    # Without regard to where records begin, so that the loops vectorise; the first positions of
    # each record, whose n-grams begin with `<s>`, are mended below.
    first = max(order - 1 - begin, 0)
    for i in range(first, end - begin):
        chunk[i] = ids[begin + i - order + 1]
    for back in range(order - 2, -1, -1):
        for i in range(first, end - begin):
            chunk[i] = extend(chunk[i], ids[begin + i - back])
    while True:
        start, stop = starts[record], starts[record + 1]
        for t in range(max(start, begin), min(start + order - 1, stop, end)):
            chunk[t - begin] = ngram_key(ids, start, t, order)
        if len(salts) > 0:
            for t in range(max(start, begin), min(stop, end)):
                chunk[t - begin] = finish(chunk[t - begin] ^ salts[record])
        if stop >= end:
            break
        record += 1
    return record, end - begin


@njit(inline="always")
def _partition(key, n_bits):
    # A shift by 64 is undefined, so two shifts.
    return int64((key >> uint64(1)) >> uint64(63 - n_bits))
