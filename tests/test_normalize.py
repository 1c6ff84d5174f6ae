"""Normalisations: values worked by hand, naive oracles, and what is refused."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.direction import Direction
from hardness.errors import HardnessError
from hardness.normalize import normalizers, to_hardness

FINITE = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=40)
TIED = st.lists(st.sampled_from([-2.0, -0.0, 0.0, 0.5, 3.0]), max_size=40)


def harden(scores: list[float], method: str, direction: Direction = "higher") -> list[float]:
    return to_hardness(np.array(scores), direction=direction, method=method).tolist()


@pytest.mark.parametrize(
    ("method", "scores", "expected"),
    [
        # Sorted 10, 20, 20, 40: ranks 0, 1.5, 1.5, 3, divided by 3.
        pytest.param("rank", [20, 10, 40, 20], [0.5, 0, 1, 0.5], id="rank-ties-share-the-mean"),
        pytest.param("rank", [5, math.inf, -math.inf], [0.5, 1, 0], id="rank-infinities"),
        pytest.param("rank", [7], [0.5], id="rank-of-one"),
        pytest.param("rank", [], [], id="rank-of-none"),
        pytest.param("rank", [4, 4, 4], [0.5, 0.5, 0.5], id="rank-constant"),
        pytest.param("rank", [0.0, -0.0, 1], [0.25, 0.25, 1], id="rank-signed-zeros-tie"),
        # (x - 10) / 40.
        pytest.param("minmax", [10, 20, 50], [0, 0.25, 1], id="minmax"),
        pytest.param("minmax", [3, 3], [0.5, 0.5], id="minmax-constant"),
        pytest.param("minmax", [], [], id="minmax-of-none"),
        pytest.param("minmax", [-1.7e308, 0, 1.7e308], [0, 0.5, 1], id="minmax-no-overflow"),
        # Mean 2, deviation 1: z = -1, 1.
        pytest.param(
            "zscore", [1, 3], [1 / (1 + math.e), 1 / (1 + 1 / math.e)], id="zscore-of-two"
        ),
        pytest.param("zscore", [3, 3], [0.5, 0.5], id="zscore-constant"),
        pytest.param("zscore", [], [], id="zscore-of-none"),
        pytest.param("none", [0, 0.25, 1], [0, 0.25, 1], id="none"),
    ],
)
def test_values_worked_by_hand(method: str, scores: list[float], expected: list[float]) -> None:
    assert harden(scores, method) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("method", "expected"),
    [("rank", [1, 0.5, 0]), ("minmax", [1, 0.75, 0]), ("none", [1, 0.875, 0.5])],
)
def test_lower_is_harder_turns_the_scale_round(method: str, expected: list[float]) -> None:
    assert harden([0, 0.125, 0.5], method, "lower") == expected


@given(scores=FINITE | TIED)
def test_rank_is_the_naive_average_rank(scores: list[float]) -> None:
    n = len(scores)
    naive = [
        (sum(o < x for o in scores) + (sum(o == x for o in scores) - 1) / 2) / (n - 1)
        if n > 1
        else 0.5
        for x in scores
    ]
    assert harden(scores, "rank") == pytest.approx(naive, abs=1e-12)
    if n:
        assert statistics.fmean(harden(scores, "rank")) == pytest.approx(0.5)


@given(scores=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_minmax_and_zscore_agree_with_their_formulas(scores: list[float]) -> None:
    low, high = min(scores), max(scores)
    if high - low < 1e-3:
        return
    naive = [(x - low) / (high - low) for x in scores]
    assert harden(scores, "minmax") == pytest.approx(naive, abs=1e-9)
    mean, deviation = statistics.fmean(scores), statistics.pstdev(scores)
    naive = [1 / (1 + math.exp(-(x - mean) / deviation)) for x in scores]
    assert harden(scores, "zscore") == pytest.approx(naive, abs=1e-6)


@pytest.mark.parametrize("method", ["rank", "minmax", "zscore"])
@pytest.mark.parametrize("direction", ["higher", "lower"])
@given(scores=FINITE | TIED)
def test_hardness_is_within_0_and_1_and_follows_the_direction(
    method: str, direction: Direction, scores: list[float]
) -> None:
    hardness = harden(scores, method, direction)
    assert all(0 <= h <= 1 for h in hardness)
    pairs = sorted(zip(scores, hardness, strict=True), reverse=direction == "lower")
    assert [h for _, h in pairs] == sorted(hardness)


def test_every_normalisation_is_registered() -> None:
    assert normalizers.names() == ["minmax", "none", "rank", "zscore"]


@pytest.mark.parametrize("method", ["rank", "minmax", "zscore", "none"])
def test_nan_is_refused(method: str) -> None:
    with pytest.raises(HardnessError, match="must be numbers or null, got NaN at index 1 and 1 mo"):
        harden([0.5, math.nan, math.nan], method)


@pytest.mark.parametrize("method", ["minmax", "zscore"])
def test_infinities_are_refused_where_they_have_no_place(method: str) -> None:
    with pytest.raises(HardnessError, match=f"finite for normalize '{method}', got -?inf and 0 mo"):
        harden([0.5, -math.inf], method)


@pytest.mark.parametrize("value", [1.5, -0.25, math.inf])
def test_none_names_the_value_outside_its_range(value: float) -> None:
    with pytest.raises(HardnessError, match=rf"within \[0, 1\] .* got {value} and 0 more"):
        harden([0.5, value], "none")


def test_unknown_method_and_direction_are_refused() -> None:
    with pytest.raises(HardnessError, match=r"normalize must be one of .* did you mean 'rank'"):
        harden([1], "rnk")
    with pytest.raises(HardnessError, match="direction must be 'higher' or 'lower', got 'up'"):
        to_hardness(np.ones(1), direction="up", method="rank")  # pyright: ignore[reportArgumentType]
