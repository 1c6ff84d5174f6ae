"""Folds and orders: by what records are, evenly, and never by how the data are cut."""

from __future__ import annotations

import numpy as np
import pytest

from hardness.proxy.folds import chunks_of, folds_of, order_in_chunk, order_of_chunks

ROWS = np.arange(20_000, dtype=np.uint64)


@pytest.mark.parametrize("k", [1, 2, 5, 10])
def test_folds_are_about_equal(k: int) -> None:
    sizes = np.bincount(folds_of(ROWS, k, 0), minlength=k)
    assert len(sizes) == k
    # Five standard deviations of a binomial.
    assert np.abs(sizes - len(ROWS) / k).max() <= 5 * np.sqrt(len(ROWS) / k)


def test_equal_salts_share_a_fold() -> None:
    salts = np.repeat(ROWS[:500] * np.uint64(7919), 3)
    folds = folds_of(salts, 5, 3).reshape(-1, 3)
    assert (folds == folds[:, :1]).all()


def test_fold_of_a_record_does_not_depend_on_its_neighbours() -> None:
    np.testing.assert_array_equal(folds_of(ROWS, 5, 1)[100:200], folds_of(ROWS[100:200], 5, 1))


def test_seeds_give_other_folds() -> None:
    same = np.mean(folds_of(ROWS, 5, 0) == folds_of(ROWS, 5, 1))
    assert same == pytest.approx(1 / 5, abs=0.02)


def test_chunks_say_nothing_of_folds() -> None:
    folds, chunks = folds_of(ROWS, 2, 0), chunks_of(ROWS, 2, 0)
    assert np.mean(folds == chunks) == pytest.approx(0.5, abs=0.02)


def test_orders_are_permutations_that_differ_by_epoch() -> None:
    for made in (order_of_chunks(50, 0, 0), order_in_chunk(50, 0, 0, 3)):
        assert sorted(made.tolist()) == list(range(50))
    assert (order_in_chunk(50, 0, 0, 3) != order_in_chunk(50, 0, 1, 3)).any()
    assert (order_in_chunk(50, 0, 0, 3) != order_in_chunk(50, 0, 0, 4)).any()
    np.testing.assert_array_equal(order_in_chunk(50, 0, 1, 3), order_in_chunk(50, 0, 1, 3))
