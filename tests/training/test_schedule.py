"""Learning rates over the steps."""

from __future__ import annotations

import pytest

from hardness.training.schedule import lr_factor


def test_the_warm_up_rises_in_equal_steps_and_ends_before_the_peak() -> None:
    factors = [lr_factor(s, 100, warmup=0.03, schedule="constant") for s in range(5)]
    assert factors == [0.25, 0.5, 0.75, 1.0, 1.0]


# With 4 steps and no warm-up t is 0, 1/4, 1/2, 3/4.
@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        pytest.param("linear", [1, 0.75, 0.5, 0.25], id="linear"),
        pytest.param("cosine", [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2], id="cosine"),
        pytest.param("constant", [1, 1, 1, 1], id="constant"),
    ],
)
def test_the_rate_falls_as_its_name_says(schedule: str, expected: list[float]) -> None:
    factors = [lr_factor(step, 4, warmup=0.0, schedule=schedule) for step in range(4)]
    assert factors == pytest.approx(expected)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
@pytest.mark.parametrize("warmup", [0.0, 0.06, 0.99])
def test_no_step_has_a_rate_of_nought(schedule: str, warmup: float) -> None:
    for total in (1, 2, 17):
        factors = [lr_factor(s, total, warmup=warmup, schedule=schedule) for s in range(total)]
        assert min(factors) > 0
        assert max(factors) <= 1
