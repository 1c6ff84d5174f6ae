"""A stable argsort of numbers that keeps up with tens of millions of them."""

from __future__ import annotations

import numpy as np
import polars as pl

PACKED_LIMIT = 2**32
"""More values than this do not leave room for an index beside 32 bits of key."""


def stable_argsort(values: np.ndarray) -> np.ndarray:
    """The indices that sort `values` ascending, equal values in input order.

    32 bits of an order-preserving integer key and the index share a 64-bit word, so that sorting
    words, which polars does on all cores, sorts stably and carries the index along. If 32 bits do
    not tell the values apart, they are sorted by the low half of 64 first, then by the high half.

    Args:
        values: (n,) f64 without NaN.

    Returns:
        (n,) int64, a permutation of 0..n-1. -0.0 and 0.0 are equal.
    """
    n = len(values)
    if n >= PACKED_LIMIT:
        return np.argsort(values, kind="stable")
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    if np.array_equal(single, values):
        return _argsort_half(_ordered_bits(single))
    order = _argsort_half(_levels(values))
    ordered = values[order]
    if np.all(ordered[1:] >= ordered[:-1]):
        return order
    key = _ordered_bits(values)
    order = _argsort_half(key.astype(np.uint32))
    key >>= np.uint64(32)
    return order[_argsort_half(key.astype(np.uint32)[order])]


def _levels(values: np.ndarray) -> np.ndarray:
    """2^32 equal steps from the lowest value to the highest, which tell ranks apart."""
    low, high = values.min(), values.max()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        steps = (values - low) * ((2.0**32 - 1) / (high - low))
    if not np.isfinite(steps).all():
        return np.zeros(len(values), dtype=np.uint32)
    return np.minimum(steps, 2.0**32 - 1).astype(np.uint32)


def _ordered_bits(values: np.ndarray) -> np.ndarray:
    """Unsigned integers in the order of the floats: flip all bits of negatives, else the sign."""
    size = 8 * values.itemsize
    bits = values + values.dtype.type(0.0)  # -0.0 + 0.0 is 0.0
    flips = bits.view(f"i{values.itemsize}") >> (size - 1)
    flips |= np.iinfo(flips.dtype).min
    bits = bits.view(f"u{values.itemsize}")
    bits ^= flips.view(bits.dtype)
    return bits


def _argsort_half(key: np.ndarray) -> np.ndarray:
    words = key.astype(np.uint64)
    words <<= np.uint64(32)
    words |= np.arange(len(key), dtype=np.uint32)
    ordered = pl.Series(words).sort().to_numpy()
    return np.bitwise_and(ordered, np.uint64(0xFFFFFFFF), out=words).view(np.int64)
