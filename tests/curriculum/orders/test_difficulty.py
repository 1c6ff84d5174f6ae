"""Difficulty schedules over one hardness."""

from __future__ import annotations

import numpy as np
import pytest

from hardness.errors import HardnessError
from tests.curriculum.orders.test_orders import arrange, spread


def hardest_so_far(text: str, n: int = 100, epochs: int = 20) -> np.ndarray:
    """The share of the records up to the hardest that has come, at every hundredth of the way."""
    sequence = np.array(arrange(text, spread(n), epochs=epochs))
    return ((np.maximum.accumulate(sequence) + 1) / n)[:: n * epochs // 100]


@pytest.mark.parametrize(
    ("text", "at", "difficulty"),
    [
        ("linear:from=0.2", 50, 0.6),
        ("linear:from=0.2,until=0.5", 25, 0.6),
        ("linear:from=0.2,to=0.5", 99, 0.5),
        ("root:from=0.1", 25, 0.1 + 0.9 * 0.5),
        ("root:from=0.1,p=3", 12.5, 0.1 + 0.9 * 0.5),
        ("discrete:0.3/0.7/1,until=0.4/0.8", 39, 0.3),
        ("discrete:0.3/0.7/1,until=0.4/0.8", 79, 0.7),
        ("discrete:0.3/0.7/1,until=0.4/0.8", 99, 1.0),
    ],
)
def test_difficulty_is_what_the_formula_says(text: str, at: float, difficulty: float) -> None:
    reached = hardest_so_far(text)[int(at)]
    assert difficulty - 0.06 <= reached <= difficulty + 0.01


def test_value_admits_by_hardness_and_percentile_by_count() -> None:
    hardness = [0.0, 0.1, 0.2, 0.3, 0.9, 1.0]
    by_value = arrange("discrete:0.5/1,until=0.5,by=value", hardness, epochs=10)
    by_count = arrange("discrete:0.5/1,until=0.5", hardness, epochs=10)
    assert set(by_value[:30]) == {0, 1, 2, 3}
    assert set(by_count[:30]) == {0, 1, 2}
    assert set(by_value) == set(by_count) == set(range(6))


def test_steps_are_taken_at_once() -> None:
    reached = hardest_so_far("linear:from=0.1,step=0.25")
    assert set(np.round(reached[1:], 2).tolist()) >= {0.1, 0.25, 0.5, 0.75}
    assert len(set(np.round(reached[2:], 1).tolist())) <= 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("linear:from=0.9,to=0.5", "from must be at most to, got from=0.9 and to=0.5"),
        ("linear:from=0.1,by=value", "from must admit a record at the start, got a difficulty of"),
        ("root:step=0.00001", "step must be at least 9e-05 to get from 0.1 to 1"),
        (
            "discrete:0.5/1,until=0.2/0.3",
            "until must have one number less than levels, got 2 and",
        ),
        ("discrete:0.5/0.4,until=0.2", "levels must increase, got 0.5/0.4"),
    ],
)
def test_schedules_that_cannot_be_are_refused(text: str, message: str) -> None:
    with pytest.raises(HardnessError, match=message):
        arrange(text, [0.4, 0.5, 0.6])
