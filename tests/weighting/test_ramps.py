"""Ramps of progress."""

from __future__ import annotations

import pytest

from hardness.weighting.ramps import RAMPS, ramped


@pytest.mark.parametrize(
    ("ramp", "quarter"),
    [
        pytest.param("linear", 0.25, id="linear"),
        pytest.param("sqrt", 0.5, id="sqrt"),
        pytest.param("square", 0.0625, id="square"),
        pytest.param("cosine", (1 - 0.5**0.5) / 2, id="cosine"),
    ],
)
def test_a_quarter_of_the_way(ramp: str, quarter: float) -> None:
    assert ramped(0.25, ramp) == pytest.approx(quarter)


@pytest.mark.parametrize("ramp", list(RAMPS))
def test_ramps_rise_from_nought_to_one(ramp: str) -> None:
    values = [ramped(i / 20, ramp) for i in range(21)]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0.0, pytest.approx(1.0))
