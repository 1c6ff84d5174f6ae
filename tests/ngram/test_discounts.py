"""Discounts by hand, and the range in which the closed form holds."""

from __future__ import annotations

from collections import Counter

import pytest

from hardness.ngram.discounts import FALLBACK, discounts
from tests.ngram.kneser_ney_oracle import closed_form


def test_closed_form_by_hand() -> None:
    # n1 to n4 = 10, 5, 2, 1. Y = 10 / (10 + 2·5) = 1/2.
    # D1 = 1 - 2·(1/2)·5/10 = 1/2, D2 = 2 - 3·(1/2)·2/5 = 7/5, D3+ = 3 - 4·(1/2)·1/2 = 2
    found = discounts([10, 5, 2, 1])
    assert found.amounts == pytest.approx((0.5, 1.4, 2.0))
    assert not found.fallback


@pytest.mark.parametrize(
    "counts",
    [(0, 5, 2, 1), (10, 0, 2, 1), (10, 5, 0, 1), (10, 1, 9, 1), (10, 5, 1, 9)],
    ids=["no n1", "no n2", "no n3", "D2 below 0", "D3 below 0"],
)
def test_fallback_where_the_closed_form_is_out_of_range(counts: tuple[int, ...]) -> None:
    found = discounts(counts)
    assert found.amounts == FALLBACK == (0.5, 1.0, 1.5)
    assert found.fallback


def test_no_four_times_seen_ngrams_are_no_reason_to_fall_back() -> None:
    # D3+ = 3 - 0 = 3, the end of its range.
    found = discounts([10, 5, 2, 0])
    assert found.amounts[2] == 3.0
    assert not found.fallback


@pytest.mark.parametrize("counts", [(7, 3, 2, 1), (4, 4, 4, 4), (1, 9, 1, 1), (9, 1, 1, 0)])
def test_discounts_equal_the_oracles(counts: tuple[int, int, int, int]) -> None:
    ngrams = [(j, i) for j, n in enumerate(counts, 1) for i in range(n)]
    expected = closed_form(Counter({ngram: ngram[0] for ngram in ngrams}))
    found = discounts(counts)
    assert found.fallback == (expected is None)
    assert found.amounts == pytest.approx(expected or FALLBACK)
