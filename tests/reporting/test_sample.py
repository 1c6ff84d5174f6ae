"""Samples that depend on each record's row and nothing else."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.reporting.sample import STRATUM, key_of, quotas, stratified_sample, thinned

MASK = 2**64 - 1


def mixed(row: int) -> int:
    """The key by its definition, in whole numbers without end."""
    z = (row + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def frame_of(strata: np.ndarray) -> pl.DataFrame:
    rows = pl.Series("row", np.arange(len(strata)), dtype=pl.UInt64)
    return pl.DataFrame({"row": rows, STRATUM: strata.astype(np.uint32)})


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_keys_are_those_of_the_definition(engine: str) -> None:
    rows = [0, 1, 2, 1_000_003, 2**63, MASK]
    frame = pl.LazyFrame({"row": pl.Series(rows, dtype=pl.UInt64)}).select(key_of())
    assert frame.collect(engine=engine).to_series().to_list() == [mixed(row) for row in rows]  # type: ignore[arg-type]


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=40).map(np.array),
    st.integers(40, 5_000),
)
def test_quotas_take_of_every_stratum_and_no_more_than_there_is(
    counts: np.ndarray, size: int
) -> None:
    taken = quotas(counts, size)
    assert np.all(taken >= 1)
    assert np.all(taken <= counts)
    assert taken.sum() <= size + len(counts)
    if counts.sum() <= size:
        assert np.array_equal(taken, counts)
    else:
        assert taken.sum() >= min(size, counts.sum()) - len(counts)
        assert np.all(np.diff(taken[np.argsort(counts)]) >= 0)


def test_a_sample_has_the_least_keys_of_every_stratum() -> None:
    strata = np.repeat([3, 1, 2], [5_000, 40, 1])
    counts = np.array([40, 1, 5_000])  # of 1, 2, 3
    expected = []
    for stratum, quota in zip((1, 2, 3), quotas(counts, 100), strict=True):
        rows = np.flatnonzero(strata == stratum).tolist()
        expected += sorted(rows, key=mixed)[:quota]
    found = stratified_sample(frame_of(strata).lazy(), 100)
    assert found.dtype == np.uint64
    assert found.tolist() == sorted(expected)


def test_a_sample_does_not_depend_on_the_order_of_the_records() -> None:
    frame = frame_of(np.random.default_rng(0).integers(0, 9, 3_000))
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    first, second = (stratified_sample(one.lazy(), 200) for one in (frame, shuffled))
    assert np.array_equal(first, second)


def test_a_small_table_is_shown_whole() -> None:
    assert stratified_sample(frame_of(np.zeros(7)).lazy(), 7).tolist() == list(range(7))


def test_thinning_keeps_the_same_rows_of_every_frame() -> None:
    frame = frame_of(np.zeros(50_000))
    kept = thinned(frame.lazy(), 50_000, 5_000).collect()["row"].to_list()
    half = thinned(frame.lazy().filter(pl.col("row") % 2 == 0), 50_000, 5_000).collect()["row"]
    assert 4_500 < len(kept) < 5_500
    assert half.to_list() == [row for row in kept if row % 2 == 0]
    assert thinned(frame.lazy(), 50_000, 50_000).collect().height == 50_000
