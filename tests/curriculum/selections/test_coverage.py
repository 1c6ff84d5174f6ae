"""Coverage-centric selection against the paper's algorithm, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum.selections.coverage import budgets
from hardness.errors import HardnessError
from tests.curriculum.selections.test_selections import select


def naive_budgets(counts: list[int], total: int) -> list[int]:
    """Algorithm 1: the smallest stratum that is left gives its part of what is left."""
    left = dict(enumerate(counts))
    given_ = [0] * len(counts)
    while left:
        index = min(left, key=lambda i: (left[i], i))
        given_[index] = min(counts[index], total // len(left))
        total -= given_[index]
        del left[index]
    return given_


@pytest.mark.parametrize(
    ("counts", "total", "expected"),
    [
        ([10, 10, 10], 6, [2, 2, 2]),
        ([1, 10, 10], 7, [1, 3, 3]),
        ([0, 2, 10], 9, [0, 2, 7]),
        ([5, 5, 5], 8, [2, 3, 3]),
    ],
)
def test_budgets_by_hand(counts: list[int], total: int, expected: list[int]) -> None:
    assert budgets(np.array(counts), total).tolist() == expected


@given(counts=st.lists(st.integers(0, 30), min_size=1, max_size=20), share=st.floats(0, 1))
def test_budgets_are_those_of_the_algorithm(counts: list[int], share: float) -> None:
    total = int(share * sum(counts))
    found = budgets(np.array(counts), total).tolist()
    assert found == naive_budgets(counts, total)
    assert sum(found) == total


def test_strata_are_ranges_of_scores_and_the_hardest_are_dropped() -> None:
    """100 records, 90 of them with scores in [0, 1), the others spread to 10; the hardest four
    are dropped. The strata are then [0, 1), [1, 2), …, [5, 6]."""
    scores = np.concatenate((np.arange(90) / 90, [1.5, 2.5, 3.5, 4.5, 5.5, 6.0, 50, 60, 70, 80]))
    hardness = np.arange(100) / 99
    kept = select(
        "coverage:0.2,prune=0.04,bins=6", hardness.tolist(), scores=scores.tolist(), seed=5
    )
    assert kept[-6:] == [90, 91, 92, 93, 94, 95]
    assert len(kept) == 20
    assert max(kept[:14]) < 90


def test_equal_scores_are_one_stratum() -> None:
    assert len(select("coverage:0.5", [0.0, 0.3, 0.6, 1.0], scores=[7.0] * 4)) == 2


def test_infinite_scores_have_no_range() -> None:
    hardness, scores = [0.0, 0.5, 1.0], [1.0, 2.0, np.inf]
    with pytest.raises(HardnessError, match="scores must be finite for select 'coverage'"):
        select("coverage:0.3", hardness, scores=scores)
    assert len(select("coverage:0.3,prune=0.34", hardness, scores=scores)) == 1
