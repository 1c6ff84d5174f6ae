"""Ascending, descending and random: stable, seeded permutations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.curriculum.orders.test_orders import HARDNESS, arrange


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ascending", [1, 4, 0, 2, 3]), ("descending", [3, 0, 2, 1, 4])],
)
def test_equal_hardness_keeps_input_order(name: str, expected: list[int]) -> None:
    hardness = [0.5, 0.1, 0.5, 0.9, 0.1]
    assert arrange(name, hardness) == expected
    assert arrange(name, hardness, epochs=2) == expected * 2


@given(hardness=HARDNESS)
def test_ascending_and_descending_are_the_stable_sorts(hardness: list[float]) -> None:
    rows = range(len(hardness))
    assert arrange("ascending", hardness) == sorted(rows, key=lambda i: hardness[i])
    assert arrange("descending", hardness) == sorted(rows, key=lambda i: -hardness[i])


def test_random_depends_on_the_seed_and_not_on_hardness() -> None:
    hardness = np.linspace(0, 1, 100).tolist()
    assert arrange("random", hardness, 1) != arrange("random", hardness, 2)
    assert arrange("random", hardness, 1) == arrange("random", hardness[::-1], 1)
    correlation = np.corrcoef(arrange("random", hardness, 1), np.arange(100))[0, 1]
    assert abs(correlation) < 0.4


def test_random_epochs_differ_and_do_not_depend_on_their_number() -> None:
    hardness = [0.0] * 30
    three = arrange("random", hardness, epochs=3)
    assert arrange("random", hardness, epochs=2) == three[:60]
    assert three[:30] != three[30:60]
