"""Intervals, the permutation test and Holm's correction against values computed by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.experiments.statistics import (
    EXACT_SEEDS,
    difference,
    holm,
    least_p,
    mean_interval,
    seeds_needed,
    sign_flip_p,
)

RNG = np.random.default_rng(0)
FEW = st.lists(st.integers(-50, 50).map(lambda x: x / 8), min_size=1, max_size=8)


def test_interval_is_students() -> None:
    # Mean 3, s = sqrt(2.5), n = 5; t(4, 0.975) = 2.7764451 from a printed table.
    found = mean_interval([1, 2, 3, 4, 5])
    assert found.value == 3
    assert found.half_width == pytest.approx(2.7764451 * math.sqrt(2.5 / 5), rel=1e-7)
    assert found.n == 5


def test_single_seed_has_no_interval_and_no_test() -> None:
    assert mean_interval([2.0]).half_width is None
    assert difference([2.0], [1.0], RNG).p is None


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert mean_interval([2.0, 2.0, 2.0]).half_width == 0


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        # |sum| = 6 is reached by +++ and --- of the eight.
        ([1.0, 2.0, 3.0], 2 / 8),
        # |sum| = 4 by +-+... : 1-... of {1,2,3} with signs -++ (4), ---(6), +++ (6), +-- (4).
        ([-1.0, 2.0, 3.0], 4 / 8),
        ([0.0, 0.0], 1.0),
        ([1.0] * 5, 2 / 32),
    ],
    ids=["one sign", "one against", "none", "five seeds"],
)
def test_p_of_all_changes_of_sign(differences: list[float], p: float) -> None:
    assert sign_flip_p(differences, RNG) == p


@given(FEW)
def test_p_is_that_of_a_naive_count(differences: list[float]) -> None:
    reached = abs(sum(differences))
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    assert sign_flip_p(differences, RNG) == sum(x >= reached for x in sums) / len(sums)


def test_drawn_changes_agree_with_all_of_them() -> None:
    values = np.random.default_rng(3).normal(0.25, 1, EXACT_SEEDS + 1)
    signs = np.array(list(itertools.product((1, -1), repeat=len(values))))
    exact = np.mean(np.abs(signs @ values) >= abs(values.sum()) - 1e-9)
    assert sign_flip_p(values, np.random.default_rng(0)) == pytest.approx(exact, abs=0.006)


def test_least_p_is_reached_where_all_differences_have_one_sign() -> None:
    for n in (2, 5, 9):
        assert sign_flip_p([0.3] * n, RNG) == least_p(n) == 2 / 2**n


def test_difference_is_of_the_same_seed() -> None:
    found = difference([0.5, 0.7, 0.9], [0.4, 0.6, 0.8], RNG)
    assert found.mean.value == pytest.approx(0.1)
    assert found.mean.half_width == pytest.approx(0, abs=1e-9)
    assert found.p == 0.25


def test_holm_adjusts_as_in_its_definition() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.04 -> kept increasing.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@settings(max_examples=50)
@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=6))
def test_holm_keeps_order_and_never_lowers(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
    by_p = [a for _, a in sorted(zip(p_values, adjusted, strict=True))]
    assert by_p == sorted(by_p)


@pytest.mark.parametrize(("arms", "seeds"), [(1, 6), (2, 7), (8, 9)])
def test_seeds_needed_is_the_first_number_that_can_be_significant(arms: int, seeds: int) -> None:
    assert seeds_needed(arms) == seeds
    assert least_p(seeds) * arms <= 0.05 < least_p(seeds - 1) * arms
