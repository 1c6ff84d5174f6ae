"""What all orders have in common: indices, seeds, ties, and the order of their names."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardness.curriculum.grammar import resolve
from hardness.curriculum.orders import orders

HARDNESS = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1), max_size=50)
EXAMPLES = (
    "ascending", "descending", "random", "interleaved:3", "buckets:4", "onepass:3", "babysteps:3",
    "annealed:3", "competence", "competence:linear,c0=0.2", "linear", "root:to=0.5",
    "discrete:0.3/1,0.5", "cyclical", "warmup:0.4", "repeat-random:0.3",
    "repeat-random:0.3,replace=yes",
)  # fmt: skip
"""One text for every order at least."""
ONCE_AN_EPOCH = (
    "ascending", "descending", "random", "interleaved:3", "interleaved:70", "buckets:4",
    "buckets:70", "onepass:3", "annealed:3", "annealed:70", "warmup:0.4", "warmup:1",
    "repeat-random:1", "competence:c0=1,p=3",
)  # fmt: skip


def arrange(text: str, hardness: list[float], seed: int = 0, epochs: int = 1) -> list[int]:
    """The sequence of an order."""
    order = resolve(text, orders)
    return order(np.array(hardness), np.random.default_rng(seed), epochs=epochs).tolist()


def spread(n: int) -> list[float]:
    """n records whose hardness is their index, from 0 to 1."""
    return np.linspace(0, 1, n).tolist()


def test_every_order_is_an_example() -> None:
    assert {text.partition(":")[0] for text in EXAMPLES} == set(orders.names())


@pytest.mark.parametrize("text", EXAMPLES)
@given(hardness=HARDNESS, seed=st.integers(0, 2**63), epochs=st.integers(1, 3))
def test_sequences_are_indices_that_the_seed_repeats(
    text: str, hardness: list[float], seed: int, epochs: int
) -> None:
    sequence = arrange(text, hardness, seed, epochs)
    assert set(sequence) <= set(range(len(hardness)))
    assert arrange(text, hardness, seed, epochs) == sequence


@pytest.mark.parametrize("text", [t for t in ONCE_AN_EPOCH if not t.startswith("competence")])
@given(hardness=HARDNESS, seed=st.integers(0, 2**63), epochs=st.integers(1, 3))
def test_every_record_comes_once_an_epoch(
    text: str, hardness: list[float], seed: int, epochs: int
) -> None:
    counted = Counter(arrange(text, hardness, seed, epochs))
    assert counted == dict.fromkeys(range(len(hardness)), epochs)


@pytest.mark.parametrize("text", [t for t in EXAMPLES if t != "cyclical"])  # which draws by value
def test_equal_records_are_ranked_in_the_order_of_the_input(text: str) -> None:
    rising = "ascending" if text == "descending" else text
    assert arrange(text, [0.5] * 20) == arrange(rising, spread(20))


@pytest.mark.parametrize("text", EXAMPLES)
def test_other_seeds_give_other_draws(text: str) -> None:
    fixed = text.startswith(("ascending", "descending", "interleaved"))
    assert (arrange(text, spread(40), 1) == arrange(text, spread(40), 2)) is fixed


@pytest.mark.parametrize("text", ["competence", "linear", "root", "discrete:0.3/1,0.5"])
def test_what_is_admitted_grows_from_easy_to_hard(text: str) -> None:
    sequence = np.array(arrange(text, spread(400), epochs=5))
    hardest = np.maximum.accumulate(sequence)
    first, second = sequence.reshape(2, -1).mean(axis=1)
    assert hardest[10] < 400 * 0.4
    assert first < second
