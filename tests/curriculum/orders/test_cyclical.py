"""Phases of the cyclical curriculum."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from hardness.curriculum.orders.cyclical import phase_shares
from hardness.errors import HardnessError
from tests.curriculum.orders.test_orders import arrange, spread


@pytest.mark.parametrize(
    ("start", "end", "alpha", "shares"),
    [
        (0.25, 1, 0.5, [0.25, 0.5, 1, 0.5, 0.25, 0.5, 1, 0.5]),
        (0.25, 1, 0.3, [0.25, 0.25 / 0.3, 1, 0.3, 0.25, 0.25 / 0.3, 1, 0.3]),
        (0.5, 0.5, 0.5, [0.5] * 8),
    ],
)
def test_shares_grow_and_shrink_as_in_algorithm_1(
    start: float, end: float, alpha: float, shares: list[float]
) -> None:
    assert list(islice(phase_shares(start, end, alpha), 8)) == pytest.approx(shares)


def test_phases_draw_without_replacement_and_end_with_the_epochs() -> None:
    sequence = arrange("cyclical", spread(40), epochs=2)
    assert len(sequence) == 80
    phases = np.split(np.array(sequence), np.cumsum([10, 20, 40]))
    assert [len(phase) for phase in phases] == [10, 20, 40, 10]
    assert all(len(set(phase.tolist())) == len(phase) for phase in phases)


def test_easy_records_are_drawn_more_often() -> None:
    counts = np.bincount(
        arrange("cyclical:start=0.25,end=0.5", spread(50), epochs=60), minlength=50
    )
    assert counts[:25].sum() > 1.5 * counts[25:].sum()
    assert counts[-1] == 0  # of weight 0, and never is all the data drawn


def test_start_above_end_is_refused() -> None:
    with pytest.raises(HardnessError, match=r"start must be at most end, got start=0.5"):
        arrange("cyclical:start=0.5,end=0.2", spread(4))
