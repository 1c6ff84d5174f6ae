"""Stages over buckets: who comes in which stage, and how often."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.curriculum.orders.test_orders import arrange, spread


def test_baby_steps_add_a_bucket_a_stage() -> None:
    sequence = arrange("babysteps:3", spread(6))
    assert [sorted(part) for part in (sequence[:2], sequence[2:6], sequence[6:])] == [
        [0, 1],
        [0, 1, 2, 3],
        [0, 1, 2, 3, 4, 5],
    ]


@pytest.mark.parametrize("epochs", [1, 2])
def test_baby_steps_repeat_easy_records_by_the_stages_that_have_them(epochs: int) -> None:
    counted = Counter(arrange("babysteps:4", spread(8), epochs=epochs))
    assert counted == {i: epochs * (4 - i // 2) for i in range(8)}


def test_annealed_spreads_a_bucket_over_the_stages_from_its_own_on() -> None:
    """Of 6 in each of 3 buckets, by hand: stage 1 has 2 of the first; stage 2 has 2 and 3; stage 3
    has 2, 3 and all 6 of the last."""
    sequence = arrange("annealed:3", spread(18))
    stages = [sequence[:2], sequence[2:7], sequence[7:]]
    buckets = [Counter(i // 6 for i in stage) for stage in stages]
    assert buckets == [{0: 2}, {0: 2, 1: 3}, {0: 2, 1: 3, 2: 6}]


def test_annealed_goes_on_at_random() -> None:
    sequence = arrange("annealed:3", spread(30), epochs=3)
    assert sorted(sequence[30:60]) == sorted(sequence[60:]) == list(range(30))
    assert sequence[30:60] != sequence[60:]


def test_annealed_takes_as_many_stages_as_may_be_asked_for() -> None:
    """A list of the k² parts of buckets would take gigabytes and minutes."""
    assert sorted(arrange("annealed:10000", spread(20))) == list(range(20))
