"""Fresh random fractions."""

from __future__ import annotations

from collections import Counter

from tests.curriculum.orders.test_orders import arrange, spread


def test_without_replacement_all_are_seen_before_one_returns() -> None:
    sequence = arrange("repeat-random:0.25", spread(40), epochs=8)
    assert len(sequence) == 80
    assert Counter(sequence) == dict.fromkeys(range(40), 2)
    assert sorted(sequence[:40]) == list(range(40))


def test_with_replacement_every_subset_is_of_all_records() -> None:
    sequence = arrange("repeat-random:0.25,replace=yes", spread(40), epochs=8)
    subsets = [sequence[i : i + 10] for i in range(0, 80, 10)]
    assert all(len(set(subset)) == 10 for subset in subsets)
    assert len(set(sequence[:40])) < 40
