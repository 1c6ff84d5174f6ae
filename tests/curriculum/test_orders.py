"""Orders: stable, seeded permutations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum.orders import orders

HARDNESS = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1), max_size=50)


def arrange(name: str, hardness: list[float], seed: int = 0) -> list[int]:
    return orders.get(name)(np.array(hardness), np.random.default_rng(seed)).tolist()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ascending", [1, 4, 0, 2, 3]), ("descending", [3, 0, 2, 1, 4])],
)
def test_equal_hardness_keeps_input_order(name: str, expected: list[int]) -> None:
    assert arrange(name, [0.5, 0.1, 0.5, 0.9, 0.1]) == expected


@given(hardness=HARDNESS)
def test_ascending_and_descending_are_the_stable_sorts(hardness: list[float]) -> None:
    rows = range(len(hardness))
    assert arrange("ascending", hardness) == sorted(rows, key=lambda i: hardness[i])
    assert arrange("descending", hardness) == sorted(rows, key=lambda i: -hardness[i])


@pytest.mark.parametrize("name", orders.names())
@given(hardness=HARDNESS, seed=st.integers(0, 2**63))
def test_every_order_is_a_permutation_that_its_seed_repeats(
    name: str, hardness: list[float], seed: int
) -> None:
    order = arrange(name, hardness, seed)
    assert sorted(order) == list(range(len(hardness)))
    assert arrange(name, hardness, seed) == order


def test_random_depends_on_the_seed_and_not_on_hardness() -> None:
    hardness = np.linspace(0, 1, 100).tolist()
    assert arrange("random", hardness, 1) != arrange("random", hardness, 2)
    assert arrange("random", hardness, 1) == arrange("random", hardness[::-1], 1)
    correlation = np.corrcoef(arrange("random", hardness, 1), np.arange(100))[0, 1]
    assert abs(correlation) < 0.4
