"""The cut of positions into batches."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardness.training.batches import BatchPlan


@settings(deadline=None)
@given(
    rows=st.integers(1, 200),
    batch_size=st.integers(1, 40),
    epochs=st.integers(1, 3),
    accumulate=st.integers(1, 5),
)
def test_every_epoch_is_every_position_once_and_in_order(
    rows: int, batch_size: int, epochs: int, accumulate: int
) -> None:
    plan = BatchPlan(rows=rows, batch_size=batch_size, epochs=epochs, accumulate=accumulate)
    seen = [
        (plan.batch(step)[0], position)
        for step in range(plan.total_steps)
        for low, high in plan.micro_batches(step)
        for position in range(low, high)
    ]
    assert seen == [(epoch, position) for epoch in range(epochs) for position in range(rows)]


def test_the_last_batch_of_an_epoch_is_shorter() -> None:
    plan = BatchPlan(rows=10, batch_size=4, epochs=2)
    assert [plan.batch(step) for step in range(plan.total_steps)] == [
        (0, 0, 4),
        (0, 4, 8),
        (0, 8, 10),
        (1, 0, 4),
        (1, 4, 8),
        (1, 8, 10),
    ]


def test_micro_batches_cut_the_global_batch_and_none_is_empty() -> None:
    plan = BatchPlan(rows=10, batch_size=7, epochs=1, accumulate=3)
    assert plan.micro_batches(0) == [(0, 3), (3, 6), (6, 7)]
    assert plan.micro_batches(1) == [(7, 10)]


@settings(deadline=None)
@given(
    rows=st.integers(1, 200),
    batch_size=st.integers(1, 40),
    epochs=st.integers(1, 3),
    held=st.integers(1, 9),
)
def test_held_epochs_end_evenly_over_the_positions(
    rows: int, batch_size: int, epochs: int, held: int
) -> None:
    plan = BatchPlan(rows=rows, batch_size=batch_size, epochs=epochs, held=held)
    # The k-th ends with the first batch b whose end, (b + 1)B, is not before k·rows/held.
    in_a_pass = {-(-k * rows // (held * batch_size)) - 1 for k in range(1, held + 1)}
    expected = {
        epoch * plan.steps_per_epoch + batch for epoch in range(epochs) for batch in in_a_pass
    }
    assert {step for step in range(plan.total_steps) if plan.ends_epoch(step)} == expected


@pytest.mark.parametrize(
    ("held", "ends"),
    [(1, [4, 9]), (2, [2, 4, 7, 9]), (3, [1, 3, 4, 6, 8, 9]), (40, list(range(10)))],
)
def test_an_epoch_ends_in_the_step_that_reaches_its_last_position(
    held: int, ends: list[int]
) -> None:
    plan = BatchPlan(rows=40, batch_size=8, epochs=2, held=held)
    assert [step for step in range(plan.total_steps) if plan.ends_epoch(step)] == ends
