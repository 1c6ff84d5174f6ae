"""Suspicion against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.metrics.suspicion import suspicion


def test_suspicion_is_the_mean_of_the_ranks() -> None:
    confidence = np.array([0.9, 0.1, 0.5, 0.5])
    aum = np.array([3.0, 2.0, -1.0, 1.0])
    # From the easiest: 0, 3 and 1.5 twice by confidence; 0, 1, 3, 2 by aum; each divided by 3.
    assert suspicion([confidence, aum], ["lower", "lower"]) == pytest.approx(
        [0, 4 / 6, 4.5 / 6, 3.5 / 6]
    )


def test_direction_says_which_end_is_suspicious() -> None:
    values = np.array([1.0, 2.0, 3.0])
    assert suspicion([values], ["higher"]).tolist() == [0, 0.5, 1]
    assert suspicion([values], ["lower"]).tolist() == [1, 0.5, 0]


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30))
def test_scale_does_not_matter(values: list[float]) -> None:
    scores = np.array(values)
    assert suspicion([scores], ["lower"]).tolist() == suspicion([4 * scores], ["lower"]).tolist()
    assert suspicion([scores, scores], ["lower", "lower"]).mean() == pytest.approx(0.5)
