"""A stable argsort of numbers that keeps up with tens of millions of them."""

from __future__ import annotations

import numpy as np

from hardness.chunks import of_each_chunk

PACKED_LIMIT = 2**32
"""More values than this do not leave room for an index beside 32 bits of key."""
LEVEL_BITS = 52
"""Most bits of a level: doubles hold larger whole numbers no longer exactly."""


def stable_argsort(values: np.ndarray) -> np.ndarray:
    """The indices that sort `values` ascending, equal values in input order.

    The range of the values is cut into equal levels, so many that few different values share one.
    Level and index share a 64-bit word, so that sorting the words, the fastest sort there is, sorts
    by level and then by index. Levels that hold different values are sorted once more.

    Args:
        values: (n,) f64 without NaN.

    Returns:
        (n,) int64, a permutation of 0..n-1. -0.0 and 0.0 are equal.
    """
    n = len(values)
    index_bits = np.uint64(max(n - 1, 1).bit_length())
    words = _words(values, index_bits)
    if words is None:
        return _argsort_halves(values)
    words.sort()
    same = _same_level(words, index_bits)
    words &= (np.uint64(1) << index_bits) - np.uint64(1)
    order = words.view(np.int64)
    return order if _mend(order, same, values) else _argsort_halves(values)


def _words(values: np.ndarray, index_bits: np.uint64) -> np.ndarray | None:
    """Level and index of each value; None if their range is too large or too small for levels."""
    n = len(values)
    if n == 0:
        return np.empty(0, dtype=np.uint64)
    low, high = values.min(), values.max()
    top = 2.0 ** min(64 - int(index_bits), LEVEL_BITS) - 1
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        span = high - low
        scale = top / span if high > low else 0.0
    if not (np.isfinite(scale) and np.isfinite(span)):
        return None
    words = np.empty(n, dtype=np.uint64)

    def fill(part: slice) -> None:
        levels = values[part] - low
        levels *= scale
        np.minimum(levels, top, out=levels)
        words[part] = levels
        words[part] <<= index_bits
        words[part] |= np.arange(part.start, part.stop, dtype=np.uint64)

    of_each_chunk(fill, n)
    return words


def _same_level(words: np.ndarray, index_bits: np.uint64) -> np.ndarray:
    """(n - 1,) bool, whether each word has the level of the next."""
    same = np.empty(max(len(words) - 1, 0), dtype=bool)

    def compare(part: slice) -> None:
        following = words[part.start + 1 : part.stop + 1]
        np.less(words[part] ^ following, np.uint64(1) << index_bits, out=same[part])

    of_each_chunk(compare, len(same))
    return same


def _mend(order: np.ndarray, same: np.ndarray, values: np.ndarray) -> bool:
    """Sort the levels that hold values out of order, in place; False if that is too much of all."""

    def out_of_order(part: slice) -> np.ndarray:
        found = np.flatnonzero(same[part]) + part.start
        return found[values[order[found]] > values[order[found + 1]]]

    found = of_each_chunk(out_of_order, len(same))
    wrong = np.concatenate([*found, np.empty(0, dtype=np.int64)])
    if not len(wrong):
        return True
    ends = np.diff(same, prepend=False, append=False)
    starts, stops = np.flatnonzero(ends)[::2], np.flatnonzero(ends)[1::2] + 1
    levels = np.unique(np.searchsorted(starts, wrong, side="right") - 1)
    sizes = stops[levels] - starts[levels]
    if sizes.sum() > len(values) // 8:
        return False
    level = np.repeat(np.arange(len(levels)), sizes)
    within = np.arange(len(level)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    places = starts[levels][level] + within
    indices = order[places]
    order[places] = indices[np.lexsort((values[indices], level))]
    return True


def _argsort_halves(values: np.ndarray) -> np.ndarray:
    """Sort by the low half of an order-preserving integer first, then by the high half."""
    if len(values) >= PACKED_LIMIT:
        return np.argsort(values, kind="stable")
    key = ordered_bits(values)
    order = _argsort_half(key.astype(np.uint32))
    key >>= np.uint64(32)
    return order[_argsort_half(key.astype(np.uint32)[order])]


def ordered_bits(values: np.ndarray) -> np.ndarray:
    """Unsigned integers in the order of the floats: flip all bits of negatives, else the sign."""
    bits = values + 0.0  # -0.0 + 0.0 is 0.0
    flips = bits.view(np.int64) >> 63
    flips |= np.iinfo(np.int64).min
    bits = bits.view(np.uint64)
    bits ^= flips.view(np.uint64)
    return bits


def _argsort_half(key: np.ndarray) -> np.ndarray:
    words = key.astype(np.uint64)
    words <<= np.uint64(32)
    words |= np.arange(len(key), dtype=np.uint32)
    words.sort()
    words &= np.uint64(0xFFFFFFFF)
    return words.view(np.int64)
