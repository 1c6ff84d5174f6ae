"""The competence and its draws."""

from __future__ import annotations

from math import sqrt
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum.orders.competence import Shape, competence, share_at
from tests.curriculum.orders.test_orders import arrange, spread


@pytest.mark.parametrize(
    ("shape", "p", "middle"),
    [
        ("linear", 2, 0.5 * 0.9 + 0.1),
        ("root", 2, sqrt(0.5 * 0.99 + 0.01)),
        ("root", 1, 0.55),
        ("root", 3, (0.5 * 0.999 + 0.001) ** (1 / 3)),
        ("quadratic", 2, 0.25 * 0.9 + 0.1),
        ("inverse", 2, 1 - 0.25 * 0.9),
    ],
)
def test_share_at_points_worked_out_by_hand(shape: Shape, p: float, middle: float) -> None:
    found = share_at(np.array([0, 0.5, 1, 2]), shape=shape, c0=0.1, p=p)
    assert found == pytest.approx([0.1, middle, 1, 1])


@given(shape=st.sampled_from(get_args(Shape)), c0=st.floats(0.001, 1), p=st.floats(0.2, 10))
def test_share_never_falls_and_stays_within_c0_and_1(shape: Shape, c0: float, p: float) -> None:
    found = share_at(np.linspace(0, 1, 101), shape=shape, c0=c0, p=p)
    assert np.all(np.diff(found) >= -1e-12)
    assert found[0] == pytest.approx(c0)
    assert found[-1] == pytest.approx(1)
    assert found.max() <= 1


@pytest.mark.parametrize("until", [1.0, 0.5])
def test_no_record_comes_before_it_is_admitted(until: float) -> None:
    n, epochs = 200, 4
    sequence = np.array(
        arrange(f"competence:linear,c0=0.1,until={until}", spread(n), epochs=epochs)
    )
    t = np.arange(n * epochs) / (n * epochs) / until
    admitted = np.floor(np.minimum(t * 0.9 + 0.1, 1) * n + 1e-9)
    assert np.all(sequence < admitted)
    # And what is admitted is drawn: the hardest so far is never far behind.
    assert np.mean(np.maximum.accumulate(sequence) > 0.8 * admitted) > 0.95


def test_draws_are_uniform_over_what_is_admitted() -> None:
    """All records are admitted: 3,000 draws of 10 records, chi-square with 9 degrees of freedom."""
    counts = np.bincount(arrange("competence:c0=1", spread(10), epochs=300), minlength=10)
    assert ((counts - 300) ** 2 / 300).sum() < 27.9  # 0.1%


def test_at_least_one_record_is_admitted() -> None:
    assert arrange("competence:c0=0.0001,p=1", spread(3))[0] == 0


def test_draws_do_not_depend_on_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = arrange("competence", spread(50), epochs=3)
    # The function of that name hides the module from `import`.
    monkeypatch.setitem(competence.__globals__, "CHUNK", 7)
    assert arrange("competence", spread(50), epochs=3) == whole
