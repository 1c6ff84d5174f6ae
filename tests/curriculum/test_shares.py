"""Counts of shares, and drawing in turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum import shares
from hardness.curriculum.shares import bucket_edges, count_of, in_turns


@pytest.mark.parametrize(
    ("share", "n", "count"),
    [(0.5, 10, 5), (0.5, 5, 3), (0.29, 100, 29), (0.25, 2, 1), (0.01, 3, 1), (0, 9, 0), (1, 7, 7)],
)
def test_counts_are_the_nearest_and_never_nothing_of_something(
    share: float, n: int, count: int
) -> None:
    assert count_of(share, n) == count


@given(n=st.integers(0, 300), k=st.integers(1, 40))
def test_buckets_differ_by_one_at_most(n: int, k: int) -> None:
    sizes = np.diff(bucket_edges(n, k))
    assert sizes.sum() == n
    assert len(sizes) == k
    assert sizes.max() - sizes.min() <= 1


@given(size=st.integers(1, 30), draws=st.integers(0, 200), seed=st.integers(0, 9))
def test_every_turn_holds_every_index_once(size: int, draws: int, seed: int) -> None:
    drawn = in_turns(size, draws, np.random.default_rng(seed))
    assert len(drawn) == draws
    for start in range(0, draws, size):
        turn = drawn[start : start + size].tolist()
        assert len(set(turn)) == len(turn)
        assert set(turn) <= set(range(size))


def test_turns_depend_neither_on_their_number_nor_on_the_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = in_turns(7, 100, np.random.default_rng(1))
    np.testing.assert_array_equal(in_turns(7, 40, np.random.default_rng(1)), whole[:40])
    monkeypatch.setattr(shares, "BLOCK", 20)
    np.testing.assert_array_equal(in_turns(7, 100, np.random.default_rng(1)), whole)
