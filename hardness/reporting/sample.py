"""Which records the page shows by themselves: a sample that is the same for the same table.

What is chosen depends on each record's row and nothing else: not on a random state, the order in
which records are read, or the number of threads.
"""

from __future__ import annotations

import numpy as np
import polars as pl

KEY = "key"
STRATUM = "stratum"


def key_of(row: str = "row") -> pl.Expr:
    """A number of each row, as if drawn uniformly from [0, 2^64); distinct for distinct rows.

    Args:
        row: name of a column of u64.

    Source: Steele et al. 2014, "Fast Splittable Pseudorandom Number Generators", mix64variant13.
    Sums and products are those modulo 2^64, and a shift is a division by a power of two.
    """
    mixed = pl.col(row) + _u64(0x9E3779B97F4A7C15)
    mixed = mixed.xor(mixed // _u64(1 << 30)) * _u64(0xBF58476D1CE4E5B9)
    mixed = mixed.xor(mixed // _u64(1 << 27)) * _u64(0x94D049BB133111EB)
    return mixed.xor(mixed // _u64(1 << 31))


def _u64(value: int) -> pl.Expr:
    return pl.lit(value, pl.UInt64)


def thinned(frame: pl.LazyFrame, rows: int, size: int) -> pl.LazyFrame:
    """About `size` of the `rows` records of a frame, the same rows in every frame of a table."""
    if rows <= size:
        return frame
    return frame.filter(key_of() < _u64(_share_of_keys(size / rows)))


def quotas(counts: np.ndarray, size: int) -> np.ndarray:
    """How many records to take of each stratum.

    In proportion to the square root of its count, so that sparse strata are seen and dense ones
    still look denser; at least one of each and no more than there are.

    Args:
        counts: (k,) int, each at least 1.
        size: wanted in all, about; at least k.

    Returns:
        (k,) int64 in [1, counts]; all of them where there are no more than `size`.
    """
    counts = counts.astype(np.int64)
    if counts.sum() <= size:
        return counts
    low, high = 0.0, float(size)
    for _ in range(60):
        middle = (low + high) / 2
        taken = np.minimum(counts, np.maximum(1, middle * np.sqrt(counts)))
        low, high = (middle, high) if taken.sum() < size else (low, middle)
    return np.minimum(counts, np.maximum(1, low * np.sqrt(counts))).astype(np.int64)


def stratified_sample(frame: pl.LazyFrame, size: int) -> np.ndarray:
    """Rows of a sample in which every stratum is seen.

    Reads the frame twice and holds about `size` rows of it at a time.

    Args:
        frame: `row` (u64) and `stratum`, without nulls.
        size: about how many rows; at least the number of strata.

    Returns:
        (about size,) u64, increasing.
    """
    counted = frame.group_by(STRATUM).len("count").collect(engine="streaming").sort(STRATUM)
    quota = quotas(counted["count"].to_numpy(), size)
    wanted = counted.with_columns(pl.Series("quota", quota))
    # Of each stratum those with the least keys; most of the others are passed over by a threshold
    # that all but surely leaves enough.
    share = (quota + 4 * np.sqrt(quota) + 8) / counted["count"].to_numpy()
    limits = wanted.with_columns(
        pl.Series("limit", [_share_of_keys(value) for value in share], dtype=pl.UInt64)
    )
    kept = (
        frame.with_columns(key_of().alias(KEY))
        .join(limits.lazy().select(STRATUM, "quota", "limit"), on=STRATUM)
        .filter(pl.col(KEY) <= pl.col("limit"))
        .select("row", STRATUM, KEY, "quota")
        .collect(engine="streaming")
    )
    rank = pl.col(KEY).rank("ordinal").over(STRATUM)
    return kept.filter(rank <= pl.col("quota"))["row"].sort().to_numpy()


def _share_of_keys(share: float) -> int:
    """The key below which that share of all keys lies."""
    return min(int(share * 2.0**64), 2**64 - 1)
