"""Strata and buckets, compared with loops over sorted lists."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.curriculum.orders.test_orders import arrange, spread


def test_interleaved_strata_take_every_kth_record() -> None:
    assert arrange("interleaved:3", spread(8)) == [0, 3, 6, 1, 4, 7, 2, 5]


def test_each_interleaved_pass_rises_through_the_whole_range() -> None:
    hardness = [((7 * i) % 30) / 29 for i in range(30)]
    sequence = arrange("interleaved:3", hardness)
    for start in (0, 10, 20):
        values = [hardness[i] for i in sequence[start : start + 10]]
        assert values == sorted(values)
        assert values[0] < 0.1
        assert values[-1] > 0.9


@pytest.mark.parametrize("k", [1, 3, 7, 20])
def test_buckets_hold_neighbours_in_hardness(k: int) -> None:
    sequence = arrange(f"buckets:{k}", spread(20), epochs=2)
    for epoch in (sequence[:20], sequence[20:]):
        for i in range(k):
            start, stop = i * 20 // k, (i + 1) * 20 // k
            assert sorted(epoch[start:stop]) == list(range(start, stop))


def test_buckets_are_shuffled_anew_in_every_epoch() -> None:
    sequence = arrange("buckets:2", spread(40), epochs=2)
    assert sequence[:40] != sequence[40:]
    assert sequence[:20] != sorted(sequence[:20])


def test_onepass_finishes_a_bucket_before_the_next() -> None:
    sequence = arrange("onepass:2", spread(6), epochs=3)
    assert Counter(sequence[:9]) == {0: 3, 1: 3, 2: 3}
    assert Counter(sequence[9:]) == {3: 3, 4: 3, 5: 3}
    assert [sorted(sequence[i : i + 3]) for i in (0, 3, 6)] == [[0, 1, 2]] * 3
